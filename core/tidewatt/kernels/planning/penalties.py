"""What breaches count in a plan's objective, and which breaches there are.

The objective of a plan is its cost plus

- `limit_price` x slot_h for each kW that a circuit is over a limit in a slot, which only the base alone can cause;
- `floor_price` for each kWh that a unit is below its `floor_path` at the end of a slot, summed over the slots, which
  only a unit that arrives below its floor can be;
- the unit's own `unmet_price_per_kwh` for each kWh short of its target.

Everything else is hard: powers within the unit's limits; the energy of a unit at or above `lowest`, at or below
`highest`; the power of a circuit at most the larger of its limit and its base, so that units never add to a breach.
Doing nothing keeps all of that, so there always is a plan.
"""

from __future__ import annotations

import numpy as np

from .problem import Floats, PlanProblem

RANK = 10.0
"""How many times more a breach counts than everything ranked below it: few enough for well-conditioned equations."""


def floor_price(problem: PlanProblem) -> float:
    """Return what each kWh below a unit's `floor_path` counts at the end of every slot: above targets and prices."""
    prices = (
        problem.unmet_price_per_kwh,
        problem.end_value_per_kwh,
        problem.wear_per_kwh,
        problem.import_price_per_kwh + problem.co2_price_per_kg * problem.co2_kg_per_kwh,
        problem.export_price_per_kwh,
        problem.peak_price_per_kw / problem.slot_h,
    )
    highest = max(float(np.abs(price).max(initial=0.0)) for price in prices)
    return RANK * (highest if highest > 0.0 else 1.0)


def limit_price(problem: PlanProblem) -> float:
    """Return what each kWh over a circuit's limit counts: above floors."""
    return RANK * floor_price(problem)


def lowest(problem: PlanProblem) -> Floats:
    """Return float64[N], the energy a unit is never below: its floor, or what it arrives with if that is less."""
    return np.minimum(problem.floor_kwh, problem.energy_kwh)


def highest(problem: PlanProblem) -> Floats:
    """Return float64[N], the energy a unit is never above: its ceiling, or what it arrives with if that is more."""
    return np.maximum(problem.ceiling_kwh, problem.energy_kwh)


def floor_path(problem: PlanProblem) -> Floats:
    """Return float64[N, T], the floor of each unit at the end of each slot.

    It is `floor_kwh`, but for a unit that arrives below that no more than charging at full power since arrival gives.
    Values of slots in which a unit is absent mean nothing.
    """
    slots = np.arange(problem.import_price_per_kwh.size)[None, :] - problem.arrival_slot[:, None] + 1.0
    per_slot = problem.slot_h * problem.charge_efficiency * problem.charge_limit_kw
    reachable = problem.energy_kwh[:, None] + per_slot[:, None] * np.maximum(slots, 0.0)
    path: Floats = np.minimum(problem.floor_kwh[:, None], np.maximum(reachable, lowest(problem)[:, None]))
    return path
