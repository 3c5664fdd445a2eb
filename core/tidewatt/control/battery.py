"""How full the battery at a charger is: the lowest that is known, less what may have been taken out since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tidewatt.site import DEFAULT_MINIMUM_SOC_PCT

from .cycle import Cycle
from .point import PHASES_OF, Point

SOC_HYSTERESIS_PCT: Final = 2.0
"""A battery that reached its floor is taken from again when it has this much more."""

SMALLEST_BATTERY_WH: Final = 20_000.0
"""Capacity that a vehicle is taken to have at least, where nobody told: what is taken out counts for more then."""


def soc_pct(point: Point, cycle: Cycle) -> float | None:
    """Return the lowest state of charge that is known, less what may have been taken out since; None for unknown."""
    return min((_by_now_pct(point, cycle, *told) for told in _told(point, cycle)), default=None)


def floor_pct(point: Point) -> float:
    """Return the state of charge below which nothing is taken out (requirement V1)."""
    vehicle = point.place.vehicle
    return DEFAULT_MINIMUM_SOC_PCT if vehicle is None else vehicle.minimum_soc_pct


def is_at_floor(now_pct: float | None, until_pct: float, *, reached: bool) -> bool:
    """Say whether a battery is at its floor, or was and has not recovered. `reached` is what was said last."""
    if now_pct is None:
        return reached
    return now_pct <= until_pct or (reached and now_pct < until_pct + SOC_HYSTERESIS_PCT)


def volts(point: Point, cycle: Cycle) -> float:
    """Return the sum of the voltages of the phases that a charger uses: power in W for each A."""
    return sum(cycle.voltage_v[phase] for phase in PHASES_OF[point.phases])


def _told(point: Point, cycle: Cycle) -> Iterator[tuple[float, float]]:
    """Yield every usable state of charge with its age in s."""
    vehicle, state = point.place.vehicle, point.state
    told = [] if state is None else [(state.soc_pct, state.soc_at_s)]
    said = None if vehicle is None else cycle.snapshot.vehicles.get(vehicle.vehicle_id)
    if said is not None:
        told.append((said.soc_pct, said.at_s))
    for told_pct, at_s in told:
        # What is not a number is within no bounds.
        if told_pct is None or at_s is None or not 0 <= told_pct <= 100:
            continue
        age_s = cycle.now_s - at_s
        if age_s <= cycle.settings.soc_tolerance_s:
            yield told_pct, max(age_s, 0.0)


def _by_now_pct(point: Point, cycle: Cycle, told_pct: float, age_s: float) -> float:
    """Reckon with the strongest discharge of late, until one that is ended now has ended."""
    given_a = max((-one.current_a for one in point.told), default=0.0)
    if given_a <= 0:
        return told_pct
    vehicle = point.place.vehicle
    capacity_wh = None if vehicle is None else vehicle.battery_capacity_wh
    taken_wh = given_a * volts(point, cycle) * (age_s + cycle.settings.settle_s) / 3600
    return told_pct - 100 * taken_wh / (capacity_wh or SMALLEST_BATTERY_WH)
