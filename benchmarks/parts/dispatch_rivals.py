"""What else one would dispatch a fleet with: NumPy, sorting by merit or bisecting for a common level."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.dispatch import Fleet

type Doubles = npt.NDArray[np.float64]

PERIOD_H = 10.0 / 3600.0
STEPS_PER_KW = 10.0


def fleet(units: int, seed: int = 1) -> Fleet:
    """Return a mixed fleet: half of it bidirectional, some full, worn, hot, unreachable or in a hurry."""
    random = np.random.default_rng(seed)

    def single(values: object) -> npt.NDArray[np.float32]:
        return np.ascontiguousarray(np.broadcast_to(np.asarray(values), units), np.float32).copy()

    limit_kw = random.choice([7.4, 11.0, 22.0], units)
    both_ways = random.random(units) < 0.5
    return Fleet(
        soc_pct=single(random.uniform(10, 98, units)),
        soc_floor_pct=single(15.0),
        soc_ceiling_pct=single(95.0),
        target_soc_pct=single(random.uniform(50, 90, units)),
        departure_h=single(random.exponential(5, units) + 0.3),
        capacity_kwh=single(random.choice([40, 58, 64, 77, 100], units)),
        charge_limit_kw=single(limit_kw),
        discharge_limit_kw=single(limit_kw * both_ways),
        ramp_kw_per_s=single(limit_kw * 0.05),
        previous_kw=np.round(np.where(both_ways, random.uniform(-0.5, 0.5, units), 0.0) * limit_kw, 1),
        cycles=single(random.uniform(0, 2000, units)),
        soh_pct=single(random.uniform(68, 100, units)),
        temperature_c=single(random.normal(25, 8, units)),
        weight=single(random.choice([0.5, 1.0, 2.0], units)),
        reachable=random.random(units) < 0.97,
    )


def bounds(some: Fleet) -> tuple[Doubles, Doubles]:
    """Return the lowest and the highest power of each unit in whole steps, without reasons or checks."""
    high = np.minimum(some.charge_limit_kw, (some.soc_ceiling_pct - some.soc_pct) * some.capacity_kwh / 100 / PERIOD_H)
    low = np.maximum(-some.discharge_limit_kw, (some.soc_floor_pct - some.soc_pct) * some.capacity_kwh / 100 / PERIOD_H)
    high, low = np.maximum(high, 0), np.minimum(low, 0)
    later_kwh = some.charge_limit_kw * np.maximum(some.departure_h - PERIOD_H, 0)
    must = np.clip(((some.target_soc_pct - some.soc_pct) * some.capacity_kwh / 100 - later_kwh) / PERIOD_H, 0, high)
    reach = some.ramp_kw_per_s * PERIOD_H * 3600
    low, high = np.clip(some.previous_kw - reach, low, high), np.clip(some.previous_kw + reach, low, high)
    low = np.where(must > 0, np.maximum(low, np.minimum(must, high)), low)
    out = ~some.reachable | (some.soh_pct < 70) | (some.temperature_c > 50)
    low, high = np.where(out, must, low), np.where(out, must, high)
    low, high = np.ceil(low * STEPS_PER_KW - 1e-3), np.floor(high * STEPS_PER_KW + 1e-3)
    return np.minimum(low, high), high


def _lateness(some: Fleet, *, charge: bool) -> Doubles:
    soc, departure = some.soc_pct / 100, np.minimum(some.departure_h, 24) / 24
    if not charge:
        soc, departure = 1 - soc, 1 - departure
    late: Doubles = 0.6 * soc + 0.2 * np.minimum(some.cycles, 3000) / 3000 + 0.2 * departure
    return late


def _task(some: Fleet, setpoint_kw: float) -> tuple[Doubles, Doubles, float, bool]:
    """Return where the units rest, how far they can go, how many steps are wanted, and which way."""
    low, high = bounds(some)
    rest = np.clip(0, low, high)
    wanted = float(np.rint(setpoint_kw * STEPS_PER_KW) - rest.sum())
    charge = wanted >= 0
    return rest, (high - rest if charge else rest - low), abs(wanted), charge


def sorted_merit(some: Fleet, setpoint_kw: float) -> Doubles:
    """Serve the units one after the other in the order of merit, by argsort and cumsum."""
    rest, room, wanted, charge = _task(some, setpoint_kw)
    order = np.argsort(_lateness(some, charge=charge) / some.weight)
    before = np.cumsum(room[order]) - room[order]
    taken = np.empty_like(room)
    taken[order] = np.clip(wanted - before, 0, room[order])
    return _powers(rest, taken, charge=charge)


def bisected(some: Fleet, setpoint_kw: float) -> Doubles:
    """Find the common level by bisection, and round by handing out the largest remainders."""
    rest, room, wanted, charge = _task(some, setpoint_kw)
    late = _lateness(some, charge=charge)
    slope = some.weight * (some.charge_limit_kw if charge else some.discharge_limit_kw) * STEPS_PER_KW
    low, high = 0.0, 10.0
    for _ in range(50):
        level = (low + high) / 2
        if np.clip(slope * (level - late), 0, room).sum() < wanted:
            low = level
        else:
            high = level
    share = np.clip(slope * (high - late), 0, room)
    taken = np.floor(share)
    more = max(0, int(wanted - taken.sum()))
    taken[np.argpartition(taken - share, more)[:more]] += 1
    return _powers(rest, taken, charge=charge)


def _powers(rest: Doubles, taken: Doubles, *, charge: bool) -> Doubles:
    steps: Doubles = rest + taken if charge else rest - taken
    return steps / STEPS_PER_KW


def copied(some: Fleet) -> Callable[[], None]:
    """Return what copies every column once: what reading and writing as much memory takes at least."""
    columns = [getattr(some, field.name) for field in fields(some)]
    targets = [np.empty_like(column) for column in columns]

    def copy() -> None:
        for target, column in zip(targets, columns, strict=True):
            np.copyto(target, column)

    return copy
