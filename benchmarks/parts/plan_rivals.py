"""What else plans charging: a modelling language with a conic solver, and the cheapest slots first."""

from __future__ import annotations

from typing import Any

import cvxpy
import numpy as np

from tidewatt.kernels.planning import PlanProblem
from tidewatt.kernels.planning.problem import Floats

cp: Any = cvxpy  # it has no types that hold


def conic(problem: PlanProblem) -> float:
    """Return the objective that cvxpy and CLARABEL find.

    As a user would write it: no unit below its floor or above its ceiling at arrival, no limit broken by the base,
    exports never worth more than imports.
    """
    units, slots = len(problem.circuit), len(problem.import_price_per_kwh)
    h, column = problem.slot_h, np.ones((1, slots))
    slot = np.arange(slots)
    here = (slot >= problem.arrival_slot[:, None]) & (slot < problem.departure_slot[:, None])
    charge, discharge = cp.Variable((units, slots), nonneg=True), cp.Variable((units, slots), nonneg=True)
    energy, unmet = cp.Variable((units, slots + 1)), cp.Variable(units, nonneg=True)
    bought, sold = cp.Variable(slots, nonneg=True), cp.Variable(slots, nonneg=True)
    peak = cp.Variable(max(len(problem.peak_price_per_kw), 1), nonneg=True)
    gain, loss = h * problem.charge_efficiency[:, None] * column, h / problem.discharge_efficiency[:, None] * column
    rules = [
        charge <= problem.charge_limit_kw[:, None] * here,
        discharge <= problem.discharge_limit_kw[:, None] * here,
        energy[:, 0] == problem.energy_kwh,
        energy[:, 1:] == energy[:, :-1] + cp.multiply(gain, charge) - cp.multiply(loss, discharge),
        energy >= problem.floor_kwh[:, None] * np.ones((1, slots + 1)),
        energy <= problem.ceiling_kwh[:, None] * np.ones((1, slots + 1)),
        energy[:, slots] + unmet >= problem.target_kwh,
    ]
    below = _below(problem)
    flow = problem.base_kw + below @ (charge - discharge)
    rules += [flow <= problem.import_limit_kw, flow >= -problem.export_limit_kw, bought - sold == flow[0]]
    buy = problem.import_price_per_kwh + problem.co2_price_per_kg * problem.co2_kg_per_kwh
    cost = h * (buy @ bought - problem.export_price_per_kwh @ sold) + problem.unmet_price_per_kwh @ unmet
    cost += h * cp.sum(problem.wear_per_kwh @ discharge)
    if len(problem.peak_price_per_kw):
        counted = np.flatnonzero(problem.peak >= 0)
        rules += [peak >= problem.peak_so_far_kw, peak[problem.peak[counted]] >= flow[0][counted]]
        cost += problem.peak_price_per_kw @ (peak - problem.peak_so_far_kw)
    return float(cp.Problem(cp.Minimize(cost), rules).solve(solver=cp.CLARABEL, max_threads=1))


def _below(problem: PlanProblem) -> Floats:
    """Return float64[V, N], 1 where a unit is below a circuit."""
    below = np.zeros((len(problem.parent), len(problem.circuit)))
    for unit, circuit in enumerate(problem.circuit.tolist()):
        v = circuit
        while v >= 0:
            below[v, unit] = 1.0
            v = int(problem.parent[v])
    return below


def cheapest_slots(problem: PlanProblem) -> Floats:
    """Return float64[N, T]: each unit, the first to leave first, charges in the cheapest slots that have room left."""
    units, slots = len(problem.circuit), len(problem.import_price_per_kwh)
    room_kw = problem.import_limit_kw - problem.base_kw
    below = _below(problem).astype(bool)
    power_kw = np.zeros((units, slots))
    for unit in np.argsort(problem.departure_slot, kind="stable").tolist():
        gain = problem.slot_h * problem.charge_efficiency[unit]
        missing_kwh = float(problem.target_kwh[unit] - problem.energy_kwh[unit])
        stay = np.arange(problem.arrival_slot[unit], problem.departure_slot[unit])
        for slot in stay[np.argsort(problem.import_price_per_kwh[stay], kind="stable")].tolist():
            if missing_kwh <= 0.0:
                break
            room = float(room_kw[below[:, unit], slot].min())
            power = max(min(float(problem.charge_limit_kw[unit]), room, missing_kwh / gain), 0.0)
            power_kw[unit, slot] = power
            room_kw[below[:, unit], slot] -= power
            missing_kwh -= gain * power
    return power_kw
