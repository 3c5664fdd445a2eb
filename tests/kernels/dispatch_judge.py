"""What a dispatch ought to be, said slowly: one unit at a time, levels by bisection, order by sorting."""

from dataclasses import dataclass
import math

import numpy as np
import numpy.typing as npt

from tests.kernels.dispatch_fleets import STEP_KW
from tidewatt.kernels.dispatch import DispatchReason, DispatchSettings, Fleet

type Doubles = npt.NDArray[np.float64]

NEARLY = 1e-3
"""A power that is off a step by less than this part of a step is on it."""


@dataclass(frozen=True)
class Range:
    """What one unit may do, in steps, and whether it is excluded."""

    low: int
    high: int
    excluded: bool


def unit_range(fleet: Fleet, unit: int, settings: DispatchSettings) -> Range:
    """Return what a unit may do by the rules of `Fleet`, in the order in which they take precedence."""
    soc_pct = float(fleet.soc_pct[unit])
    known = not any(math.isnan(column[unit]) for column in (fleet.soc_pct, fleet.soh_pct, fleet.temperature_c))
    hours = settings.period_s / 3600
    kwh_per_pct = float(fleet.capacity_kwh[unit]) / 100
    charge_kw, discharge_kw = float(fleet.charge_limit_kw[unit]), float(fleet.discharge_limit_kw[unit])
    must_kw = 0.0
    if math.isnan(soc_pct):
        high_kw = low_kw = 0.0
    else:
        high_kw = min(charge_kw, max(0.0, (float(fleet.soc_ceiling_pct[unit]) - soc_pct) * kwh_per_pct / hours))
        low_kw = -min(discharge_kw, max(0.0, (soc_pct - float(fleet.soc_floor_pct[unit])) * kwh_per_pct / hours))
        later_h = max(0.0, float(fleet.departure_h[unit]) - hours)
        later_kwh = charge_kw * later_h if charge_kw else 0.0
        must_kw = max(0.0, (float(fleet.target_soc_pct[unit]) - soc_pct) * kwh_per_pct - later_kwh) / hours
    must = min(_up(min(must_kw, high_kw)), _down(high_kw))
    hot = fleet.temperature_c[unit] > settings.highest_temperature_c
    if not known or hot:
        return Range(0, 0, excluded=True)
    if not fleet.reachable[unit] or fleet.soh_pct[unit] < settings.lowest_soh_pct:
        return Range(must, must, excluded=True)
    reach_kw = float(fleet.ramp_kw_per_s[unit]) * settings.period_s
    slowest_kw = min(max(float(fleet.previous_kw[unit]) - reach_kw, low_kw), high_kw)
    fastest_kw = min(max(float(fleet.previous_kw[unit]) + reach_kw, low_kw), high_kw)
    low, high = _up(slowest_kw), _down(fastest_kw)
    if low > high:
        low = high = high if slowest_kw > 0 else low
    return Range(max(low, min(must, high)) if must else low, high, excluded=False)


def _up(power_kw: float) -> int:
    return math.ceil(round(power_kw / STEP_KW, 9) - NEARLY)


def _down(power_kw: float) -> int:
    return math.floor(round(power_kw / STEP_KW, 9) + NEARLY)


def rests(ranges: list[Range]) -> list[int]:
    """Return where each unit is nearest to zero."""
    return [max(one.low, min(one.high, 0)) for one in ranges]


def lateness(fleet: Fleet, settings: DispatchSettings, *, charge: bool) -> Doubles:
    """Return how late each unit comes, 0 to 1: a weighted mean of charge, cycles and departure."""
    soc = np.nan_to_num(fleet.soc_pct.astype(np.float64)) / 100
    departure = np.minimum(fleet.departure_h.astype(np.float64), settings.horizon_h) / settings.horizon_h
    cycles = np.minimum(fleet.cycles.astype(np.float64), settings.rated_cycles) / settings.rated_cycles
    if not charge:
        soc, departure = 1 - soc, 1 - departure
    shares = settings.soc_share, settings.cycle_share, settings.departure_share
    mean = (shares[0] * soc + shares[1] * cycles + shares[2] * departure) / sum(shares)
    return np.asarray(mean, np.float64)


def proportional(fleet: Fleet, settings: DispatchSettings, rooms: Doubles, wanted: float, *, charge: bool) -> Doubles:
    """Return what each unit takes at the common level, in steps with fractions, by bisection."""
    late = lateness(fleet, settings, charge=charge)
    limit_kw = fleet.charge_limit_kw if charge else fleet.discharge_limit_kw
    slope = fleet.weight.astype(np.float64) * limit_kw / STEP_KW
    low, high = 0.0, 1e4
    for _ in range(200):
        middle = (low + high) / 2
        if np.clip(slope * (middle - late), 0, rooms).sum() < wanted:
            low = middle
        else:
            high = middle
    return np.clip(slope * (high - late), 0, rooms)


def strict(fleet: Fleet, settings: DispatchSettings, rooms: Doubles, wanted: float, *, charge: bool) -> Doubles:
    """Return what each unit takes when the earliest are served first, in steps, by sorting."""
    late = lateness(fleet, settings, charge=charge).astype(np.float32).astype(np.float64)
    place = np.floor(65535 * (late / (late + fleet.weight)))
    order = np.argsort(place, kind="stable")
    before = np.cumsum(rooms[order]) - rooms[order]
    taken = np.zeros(rooms.size)
    taken[order] = np.clip(wanted - before, 0, rooms[order])
    return taken


EXCLUSIONS = {
    DispatchReason.UNREACHABLE,
    DispatchReason.UNKNOWN_STATE,
    DispatchReason.OVER_TEMPERATURE,
    DispatchReason.LOW_HEALTH,
}
