"""Why every unit has the power it has in every slot: from the arrays of a plan to `_reasons`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._reasons import Reasons
from .evaluate import Evaluation, grid_price
from .problem import Floats, Integers, PlanProblem, Signs

AT_LIMIT_KW = 1e-4
"""An import this close to the peak is the peak."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Explanation:
    """`reason` int8[N, T] and `binding_circuit` int32[N, T] of a plan."""

    reason: Signs
    binding_circuit: Integers


def explain(
    problem: PlanProblem,
    *,
    power_kw: Floats,
    outcome: Evaluation,
    price_per_kwh: Floats,
    energy_price_per_kwh: Floats,
    tolerance: float,
) -> Explanation:
    """Return the reasons.

    Args:
        problem: has passed the checks.
        power_kw: float64[N, T], the plan.
        outcome: what it leads to.
        price_per_kwh: float64[V, T], what one more kWh at each circuit costs.
        energy_price_per_kwh: float64[N, T], what one more stored kWh is worth.
        tolerance: differences of prices below it are none.
    """
    units, slots = power_kw.shape
    buy, sell, net = grid_price(problem), problem.export_price_per_kwh, outcome.flow_kw[0]
    grid_low = np.where(net > AT_LIMIT_KW, buy, np.minimum(buy, sell))
    grid_high = np.where(net < -AT_LIMIT_KW, sell, np.maximum(buy, sell))
    at_peak = np.zeros(slots, np.uint8)
    if problem.peak_price_per_kw.size:
        highest = np.append(outcome.peak_kw, np.inf)[problem.peak]
        room = np.maximum(problem.import_limit_kw[0], problem.base_kw[0]) - net
        at_peak[(net >= highest - AT_LIMIT_KW) & (room > AT_LIMIT_KW)] = 1
    shape = price_per_kwh.shape
    reasons = Reasons(
        parent=problem.parent,
        price=price_per_kwh,
        grid_low=grid_low,
        grid_high=grid_high,
        at_peak=at_peak,
        tolerance=tolerance,
        up=np.empty(shape),
        down=np.empty(shape),
        up_at=np.empty(shape, np.int32),
        down_at=np.empty(shape, np.int32),
    )
    reason, binding = np.empty((units, slots), np.int8), np.empty((units, slots), np.int32)
    reasons.explain(
        circuit=problem.circuit,
        arrival=problem.arrival_slot,
        departure=problem.departure_slot,
        charge_limit_kw=problem.charge_limit_kw,
        discharge_limit_kw=problem.discharge_limit_kw,
        charge_efficiency=problem.charge_efficiency,
        discharge_efficiency=problem.discharge_efficiency,
        wear_per_kwh=problem.wear_per_kwh,
        end_value=problem.end_value_per_kwh,
        worth=energy_price_per_kwh,
        power_kw=power_kw,
        reason=reason,
        binding=binding,
    )
    return Explanation(reason=reason, binding_circuit=binding)
