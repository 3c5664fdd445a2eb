"""Stage five: how much sun there is for the chargers that wait for it.

The surplus of the whole site is shared among them by weight with the allocation kernel, as one circuit with nothing
but a limit in W.
"""

from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Final

import numpy as np

from tidewatt.kernels.allocation import AllocationProblem, allocate
from tidewatt.site import MeterReading, Mode, PerPhase, Reason, ReasonCode

from .cycle import Cycle
from .estimate import CircuitEstimate
from .model import ControlSettings, Snapshot
from .point import Point, down_to_step

_SOLAR: Final = Reason(code=ReasonCode.SOLAR)
_NO_SOLAR: Final = Reason(code=ReasonCode.NO_SOLAR)
_DOWN_STEPS: Final = 0.5
"""A solar charger keeps its current while the sun is short of it by less than this part of a step."""


def shine(cycle: Cycle, points: list[Point], main: CircuitEstimate) -> None:
    """Bound the solar chargers by the surplus, and pause those that it does not suffice for."""
    reading, voltage_v, snapshot = cycle.meters.readings[0], cycle.voltage_v, cycle.snapshot
    solar = [point for point in points if _waits_for_sun(point)]
    if not solar or reading is None:
        return
    surplus_w = _surplus_w(points, main, reading, voltage_v)
    running = [point for point in solar if _runs(point)]
    waiting = [point for point in solar if not _runs(point)]
    if waiting:
        enough = _share([*running, *waiting], surplus_w, voltage_v)[len(running) :]
        running += [point for point, share_a in zip(waiting, enough, strict=True) if _starts(point, share_a, snapshot)]
    for point, share_a in zip(running, _share(running, surplus_w, voltage_v), strict=True):
        _follow(point, share_a, snapshot.now_s, snapshot.settings)


def _waits_for_sun(point: Point) -> bool:
    if not point.solar or point.pause is not None or point.deviating or point.giving:
        return False
    return not point.held_off or point.wish.mode is Mode.SOLAR


def _runs(point: Point) -> bool:
    return point.wish.mode is Mode.MIN_SOLAR or point.current_a > 0


def _surplus_w(points: list[Point], main: CircuitEstimate, reading: MeterReading, voltage_v: PerPhase) -> float:
    """Return what is exported now plus what the solar chargers take, less what is discharged, in W."""
    if reading.power_w is not None and all(math.isfinite(power_w) for power_w in reading.power_w):
        grid_w = sum(reading.power_w)
    else:
        grid_w = sum(current_a * volt_v for current_a, volt_v in zip(reading.current_a, voltage_v, strict=True))
    own_w = 0.0
    for phase in range(3):
        own_w += voltage_v[phase] * _solar_current_a(points, main, phase)
    return own_w - grid_w


def _solar_current_a(points: list[Point], main: CircuitEstimate, phase: int) -> float:
    """Return what solar chargers draw on a phase, less what is discharged, in keeping with the main estimate."""
    draws, current_a, base_a = main.draws, main.current_a, main.base_a
    if draws is None or current_a is None or base_a is None:
        return 0.0
    low_a = sum(draw.low_a[phase] for draw in draws.values())
    width_a = sum(draw.high_a[phase] - draw.low_a[phase] for draw in draws.values())
    part = 0.0 if width_a <= 0 else (current_a[phase] - base_a[phase] - low_a) / width_a
    return sum(
        draw.low_a[phase] + part * (draw.high_a[phase] - draw.low_a[phase])
        for index, draw in draws.items()
        if points[index].solar or draw.low_a[phase] < 0
    )


def _share(points: Sequence[Point], surplus_w: float, voltage_v: PerPhase) -> list[float]:
    count = len(points)
    if not count:
        return []
    unlimited = np.full((1, 3), np.inf)
    running = np.array([_runs(point) for point in points])
    problem = AllocationProblem(
        parent=np.array([-1], dtype=np.int32),
        import_limit_a=unlimited,
        export_limit_a=unlimited,
        base_a=np.zeros((1, 3)),
        total_import_limit_w=np.array([max(0.0, surplus_w)], dtype=np.float64),
        total_export_limit_w=np.array([np.inf]),
        imbalance_limit_a=np.array([np.inf]),
        voltage_v=np.array(voltage_v, dtype=np.float64),
        circuit=np.zeros(count, dtype=np.int32),
        phases=np.array([point.phases for point in points], dtype=np.uint8),
        minimum_a=np.array([point.minimum_a for point in points], dtype=np.float64),
        maximum_a=np.array([point.maximum_a for point in points], dtype=np.float64),
        direction=np.ones(count, dtype=np.int8),
        step_a=np.zeros(count),
        weight=np.array([point.weight for point in points], dtype=np.float64),
        locked_on=running,
        incumbent=running,
        deficit=np.zeros(count),
        tier=np.zeros(count, dtype=np.uint8),
        relied_a=np.zeros(count),
    )
    shares_a: list[float] = allocate(problem).current_a.tolist()
    return shares_a


def _starts(point: Point, share_a: float, snapshot: Snapshot) -> bool:
    """Say whether there has been enough sun for long enough; pause the charger while not."""
    if share_a >= point.minimum_a:
        point.sun_since_s = snapshot.now_s if point.memory.sun_since_s is None else point.memory.sun_since_s
        if snapshot.now_s - point.sun_since_s >= snapshot.settings.solar_start_s:
            return not point.held_off
    point.pause, point.taking_part = _NO_SOLAR, False
    return False


def _follow(point: Point, share_a: float, now_s: float, settings: ControlSettings) -> None:
    """Follow the sun; when it fails go on at the minimum for a while before pausing."""
    if share_a < point.minimum_a and point.wish.mode is Mode.SOLAR:
        point.shade_since_s = now_s if point.memory.shade_since_s is None else point.memory.shade_since_s
        if now_s - point.shade_since_s >= settings.solar_stop_s and not _just_started(point, now_s, settings):
            point.pause, point.taking_part = _NO_SOLAR, False
            return
    point.lower(max(point.minimum_a, _steady(point, share_a)), _SOLAR)


def _steady(point: Point, share_a: float) -> float:
    """Keep the present current unless the sun suffices for a whole step more, or lacks a good part of one."""
    told_a, step_a = point.current_a, point.charger.step_a
    if told_a - _DOWN_STEPS * step_a <= share_a < told_a + step_a and told_a > 0:
        return told_a
    return down_to_step(share_a, step_a)


def _just_started(point: Point, now_s: float, settings: ControlSettings) -> bool:
    since_s = point.memory.on_since_s
    return since_s is not None and now_s - since_s < settings.minimum_on_s
