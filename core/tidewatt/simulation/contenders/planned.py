"""Tidewatt with a plan: the planning kernel says when and how much, `decide` keeps the limits and the timers.

A plan is made when a vehicle comes, goes or has enough, and in every quarter hour that finds a vehicle elsewhere than
planned. Its present quarter hour becomes the limits that an automation would set: the planned current, or a pause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math

from tidewatt.kernels.planning import Plan, plan
from tidewatt.simulation.plant import Plant, Plugged
from tidewatt.simulation.scenario import SLOT_S
from tidewatt.site import Charger, Mode, Wish

from .plan_problem import problem_of
from .tidewatt import TidewattFair

_ASTRAY_WH = 10.0
"""A vehicle that has so much more or less than planned calls for a new plan."""

_HALF = 0.5
_ROUNDING_A = 0.01
_FAST = Wish(mode=Mode.FAST)


@dataclass(frozen=True, slots=True)
class _Made:
    """A plan, when and for whom it was made, and what each of them lacked then."""

    slot: int
    cars: list[tuple[int, Plugged]]
    lacks_wh: list[float]
    departure_slot: list[int]
    plan: Plan

    def holds(self, slot: int, cars: list[tuple[int, Plugged]]) -> bool:
        """Say whether everything went as planned until a later quarter hour: then a new plan would say the same."""
        gone = slot - self.slot
        if cars != self.cars or gone >= min(self.departure_slot):
            return False
        planned_kwh = self.plan.energy_kwh[:, gone].tolist()
        return all(
            abs(lacked_wh - car.lacks_wh - 1000 * energy_kwh) <= _ASTRAY_WH
            for (_, car), lacked_wh, energy_kwh in zip(cars, self.lacks_wh, planned_kwh, strict=True)
        )


class TidewattPlan(TidewattFair):
    """Least cost with every departure met where that is possible, re-planned as time goes by."""

    name = "tidewatt plan"

    def __init__(self) -> None:
        super().__init__()
        self.plans = 0
        self._asked_for: object = None
        self._wishes: dict[str, Wish] = {}
        self._made: _Made | None = None
        self._peak_kw = 0.0
        self._peak_until = 0

    def wishes(self, plant: Plant) -> Mapping[str, Wish]:
        """See `TidewattFair`."""
        present = [None if car is None else (car.session.session_id, car.wants) for car in plant.plugged]
        if (plant.slot, present) != self._asked_for:
            self._asked_for = (plant.slot, present)
            self._wishes = self._wish(plant)
        return self._wishes

    def _wish(self, plant: Plant) -> dict[str, Wish]:
        chargers = plant.scenario.site.chargers
        wishes = dict.fromkeys((charger.charger_id for charger in chargers), _FAST)
        cars = [(index, car) for index, car in enumerate(plant.plugged) if car is not None]
        wanting = [(index, car) for index, car in cars if car.wants]
        for index, _ in cars:
            wishes[chargers[index].charger_id] = Wish(mode=Mode.FAST, limit_a=0.0)
        if wanting:
            made = self._made
            if made is None or not made.holds(plant.slot, wanting):
                made = self._made = self._plan(plant, wanting)
            powers_kw = made.plan.power_kw[:, plant.slot - made.slot].tolist()
            for (index, car), power_kw in zip(wanting, powers_kw, strict=True):
                limit_a = _limit_a(chargers[index], car, power_kw)
                wishes[chargers[index].charger_id] = Wish(mode=Mode.FAST, limit_a=limit_a)
        return wishes

    def _plan(self, plant: Plant, cars: list[tuple[int, Plugged]]) -> _Made:
        self.plans += 1
        problem = problem_of(plant, cars, self._peak_so_far_kw(plant))
        return _Made(
            slot=plant.slot,
            cars=cars,
            lacks_wh=[car.lacks_wh for _, car in cars],
            departure_slot=problem.departure_slot.tolist(),
            plan=plan(problem),
        )

    def _peak_so_far_kw(self, plant: Plant) -> float:
        """Return the highest mean import of a quarter hour of this month that is over."""
        scenario, slot = plant.scenario, plant.slot
        first = max(self._peak_until, int(scenario.month.searchsorted(scenario.month[slot])))
        if first > self._peak_until or self._peak_until == 0:
            self._peak_kw = 0.0
        if slot > first:
            charged_kw = plant.ledger.energy_wh[first:slot].sum(axis=1) * (3.6 / SLOT_S)
            self._peak_kw = max(self._peak_kw, float((scenario.base_kw[first:slot, 0] + charged_kw).max()))
        self._peak_until = slot
        return self._peak_kw


def _limit_a(charger: Charger, car: Plugged, power_kw: float) -> float:
    """Return the current of a planned power in whole steps, rounded up; the numerical dust of a plan is a pause."""
    current_a = 1000 * power_kw / car.voltage_v
    if current_a < _HALF * charger.minimum_a:
        return 0.0
    stepped_a = math.ceil((current_a - _ROUNDING_A) / charger.step_a) * charger.step_a
    return min(max(stepped_a, charger.minimum_a), charger.maximum_a)
