"""The plan of many units: the relaxation by the interior point, then the repair."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .direct import Solution
from .evaluate import Evaluation, follow, grid_price
from .interior import TOLERANCE as FINE, relax
from .problem import Floats, InteriorState, PlanProblem
from .repair import repair

TOLERANCE = 1e-5
"""Differences of prices below it are none to the interior point, relative to the highest price."""

MANY = 3_000
COARSE = 2e-5
"""With more units than MANY the relaxation counts as solved at this gap: further digits took 9 of 69 steps."""

AT_LIMIT_KW = 1e-3
"""The interior point ends this close to a limit that binds."""


def solve_fleet(problem: PlanProblem, state: InteriorState | None) -> tuple[Solution, InteriorState, int, float]:
    """Return the plan, the state for the next, the steps it took, and differences of prices that mean nothing."""
    tolerance = FINE if problem.circuit.size <= MANY else COARSE
    relaxation = relax(_without_powers_below_minimum(problem), previous=state, tolerance=tolerance)
    power_kw = relaxation.power_kw
    units = relaxation.at_once | (problem.minimum_kw > 0.0)
    if (problem.export_price_per_kwh > grid_price(problem)).any():
        units[:] = True
    if units.any():
        scarcity = _scarcity(problem, power_kw, relaxation.price_per_kwh)
        repaired = repair(problem, power_kw, units, scarcity, relaxation.bound)
        power_kw, outcome = repaired.power_kw, repaired.outcome
    else:
        outcome = follow(problem, power_kw)
    solution = Solution(
        power_kw=power_kw,
        outcome=outcome,
        price_per_kwh=_settle(problem, outcome, relaxation.price_per_kwh),
        energy_price_per_kwh=relaxation.energy_price_per_kwh,
        bound=relaxation.bound,
    )
    highest = float(np.abs(grid_price(problem)).max())
    return solution, relaxation.state, relaxation.iterations, TOLERANCE * (1.0 + highest)


def _grid_range(problem: PlanProblem, net_kw: Floats) -> tuple[Floats, Floats]:
    """Return float64[T] twice, between what the grid alone makes a kWh cost."""
    buy, sell = grid_price(problem), problem.export_price_per_kwh
    low = np.where(net_kw > AT_LIMIT_KW, buy, np.minimum(buy, sell))
    return low, np.where(net_kw < -AT_LIMIT_KW, sell, np.maximum(buy, sell))


def _settle(problem: PlanProblem, outcome: Evaluation, price_per_kwh: Floats) -> Floats:
    """Return the prices with those of limits at circuits that are at a limit, not at others on the same way."""
    flow, base = outcome.flow_kw, problem.base_kw
    tight = flow >= np.maximum(problem.import_limit_kw, base) - AT_LIMIT_KW
    tight |= -flow >= np.maximum(problem.export_limit_kw, -base) - AT_LIMIT_KW
    tight |= (base > problem.import_limit_kw) | (-base > problem.export_limit_kw)
    if problem.peak_price_per_kw.size:
        tight[0] |= flow[0] >= np.append(outcome.peak_kw, np.inf)[problem.peak] - AT_LIMIT_KW
    settled: Floats = price_per_kwh.copy()
    low, high = _grid_range(problem, flow[0])
    settled[0] = np.where(tight[0], settled[0], np.clip(settled[0], low, high))
    for v in range(1, settled.shape[0]):
        settled[v] = np.where(tight[v], settled[v], settled[problem.parent[v]])
    return settled


def _scarcity(problem: PlanProblem, power_kw: Floats, price_per_kwh: Floats) -> Floats:
    """Return float64[V, T], the prices at the circuits less that of the grid: what the limits on the way are worth."""
    low, high = _grid_range(problem, problem.base_kw[0] + power_kw.sum(axis=0))
    scarcity: Floats = price_per_kwh - np.clip(price_per_kwh[0], low, high)
    scarcity[np.abs(scarcity) < TOLERANCE * (1.0 + np.abs(high).max())] = 0.0
    return scarcity


def _without_powers_below_minimum(problem: PlanProblem) -> PlanProblem:
    """Return the problem without directions in which a unit cannot reach its minimum; its floors ask for less then."""
    least = problem.minimum_kw
    if not least.any():
        return problem
    return replace(
        problem,
        charge_limit_kw=np.where(problem.charge_limit_kw < least, 0.0, problem.charge_limit_kw),
        discharge_limit_kw=np.where(problem.discharge_limit_kw < least, 0.0, problem.discharge_limit_kw),
    )
