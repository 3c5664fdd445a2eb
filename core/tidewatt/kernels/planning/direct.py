"""The plan of a site with one unit and no price on peaks: no interior point, the optimum itself and its dual."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._prices import CircuitPrices
from .evaluate import Evaluation, follow, grid_price
from .penalties import limit_price
from .problem import Floats, PlanProblem
from .single import Stay, Units

NODES = 400
"""How many ways the search for the best allowed powers looks into; most need a few."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Powers and prices of a plan, however they were found.

    Attributes:
        power_kw: float64[N, T], allowed in every slot.
        outcome: what they lead to.
        price_per_kwh: float64[V, T], at each circuit.
        energy_price_per_kwh: float64[N, T], of stored energy.
        bound: no plan has a lower objective.
    """

    power_kw: Floats
    outcome: Evaluation
    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    bound: float


def is_direct(problem: PlanProblem) -> bool:
    """Return whether `solve_direct` can."""
    return problem.circuit.shape[0] == 1 and not problem.peak_price_per_kw.any()


def solve_direct(problem: PlanProblem) -> Solution:
    """Return the best plan for the only unit."""
    slots = problem.import_price_per_kwh.shape[0]
    power_kw = np.zeros((1, slots))
    idle = follow(problem, power_kw)
    units = Units(problem, power_kw, idle.flow_kw, idle.peak_kw)
    stay = units.solve(0, NODES, keep=True)
    arrival, departure = int(problem.arrival_slot[0]), int(problem.departure_slot[0])
    worth_per_kwh = np.zeros((1, slots))
    if stay is None:
        raise AssertionError("doing nothing is always allowed")
    worth_per_kwh[0, arrival:departure] = stay.worth_per_kwh
    if stay.power_kw is not None:
        power_kw[0, arrival:departure] = stay.power_kw
    return Solution(
        power_kw=power_kw,
        outcome=idle if stay.power_kw is None else follow(problem, power_kw),
        price_per_kwh=_prices(problem, stay),
        energy_price_per_kwh=worth_per_kwh,
        bound=_idle_cost(problem, idle) + stay.bound,
    )


def _idle_cost(problem: PlanProblem, idle: Evaluation) -> float:
    """Return what the site costs without the unit, its own departure not counted."""
    farewell = problem.end_value_per_kwh[0] * max(problem.energy_kwh[0] - problem.target_kwh[0], 0.0)
    return float(idle.cost + farewell + limit_price(problem) * problem.slot_h * idle.limit_breach_kw.sum())


def _prices(problem: PlanProblem, stay: Stay) -> Floats:
    """Return the prices at all circuits."""
    slots = problem.import_price_per_kwh.shape[0]
    here = slice(int(problem.arrival_slot[0]), int(problem.departure_slot[0]))
    power_kw, charge_worth, discharge_cost = np.zeros(slots), np.full(slots, -np.inf), np.full(slots, np.inf)
    power_kw[here] = stay.relaxed_kw
    charge_worth[here] = stay.worth_per_kwh * problem.charge_efficiency[0]
    discharge_cost[here] = stay.worth_per_kwh / problem.discharge_efficiency[0] + problem.wear_per_kwh[0]
    price_per_kwh = np.empty((problem.parent.shape[0], slots))
    prices = CircuitPrices(
        parent=problem.parent,
        import_limit_kw=problem.import_limit_kw,
        export_limit_kw=problem.export_limit_kw,
        base_kw=problem.base_kw,
        limit_price=limit_price(problem),
        circuit=int(problem.circuit[0]),
        price=price_per_kwh,
    )
    prices.fill(
        buy=grid_price(problem),
        sell=problem.export_price_per_kwh,
        power_kw=power_kw,
        charge_worth=charge_worth,
        discharge_cost=discharge_cost,
        charge_limit_kw=float(problem.charge_limit_kw[0]),
        discharge_limit_kw=float(problem.discharge_limit_kw[0]),
    )
    return price_per_kwh
