"""What the chargers that discharge are told: shared by the kernel, down at once, up in steps.

Discharging and charging are shared apart: neither makes room for the other, as either may end at any time. So one
vehicle never empties itself into another, and no charging relies on a discharge.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tidewatt.kernels.allocation import AllocationProblem, BindingCode, allocate
from tidewatt.site import Reason, ReasonCode

from .cover import without_margin
from .cycle import Cycle
from .draw import may_give_a
from .estimate import CircuitEstimate
from .model import ControlSettings
from .point import NO_CURRENT, Point, down_to_step, round_current
from .share import Rows, allotted, circuit_reason
from .smooth import FreeRoom

_RAMP: Final = Reason(code=ReasonCode.RAMP)
_SMALLEST_STEP_A: Final = 1e-3
_LARGEST_A: Final = 1e6
_ROUNDING_A: Final = 1e-9


def give(cycle: Cycle, points: list[Point], estimates: list[CircuitEstimate]) -> None:
    """Fill in the setpoint and the reason of every charger that takes part in discharging."""
    giving = [point for point in points if point.giving]
    if not giving:
        return
    rows = _rows(points, estimates)
    _share(cycle, giving, rows)
    raises = []
    for point in giving:
        if point.share_a <= -point.current_a:
            point.setpoint_a, point.reason = -point.share_a, point.share_reason
        else:
            raises.append(point)
    if raises:
        room = _free_room(cycle, points, rows)
        for point in raises:
            _raise(point, room, cycle.settings, cycle.now_s)


def _rows(points: list[Point], estimates: list[CircuitEstimate]) -> Rows:
    """Return per circuit and phase the load that may be covered, less what others may go on giving back, in A."""
    rows = [list(without_margin(one.cover_a or NO_CURRENT)) for one in estimates]
    for point in points:
        if not point.giving and any(point.give_reserve_a):
            for circuit in point.place.path:
                for phase in range(3):
                    rows[circuit][phase] -= point.give_reserve_a[phase]
    return rows


def _share(cycle: Cycle, giving: list[Point], rows: Rows) -> None:
    layout, count = cycle.layout, len(giving)
    allocation = allocate(
        AllocationProblem(
            parent=layout.parent,
            import_limit_a=np.full((len(rows), 3), np.inf),
            export_limit_a=layout.export_limit_a,
            base_a=np.array(rows, dtype=np.float64).clip(-_LARGEST_A, _LARGEST_A),
            total_import_limit_w=layout.no_limit,
            total_export_limit_w=layout.no_limit,
            imbalance_limit_a=layout.no_limit,
            voltage_v=np.array(cycle.voltage_v, dtype=np.float64),
            circuit=np.array([point.place.circuit for point in giving], dtype=np.int32),
            phases=np.array([point.phases for point in giving], dtype=np.uint8),
            minimum_a=np.array([point.give_minimum_a for point in giving], dtype=np.float64),
            maximum_a=np.array([point.give_maximum_a for point in giving], dtype=np.float64),
            direction=np.full(count, -1, dtype=np.int8),
            step_a=np.array([max(point.charger.step_a, _SMALLEST_STEP_A) for point in giving], dtype=np.float64),
            weight=np.array([point.weight for point in giving], dtype=np.float64),
            locked_on=np.zeros(count, dtype=np.bool_),
            incumbent=np.array([point.current_a < 0 for point in giving], dtype=np.bool_),
            deficit=np.zeros(count),
            tier=np.zeros(count, dtype=np.uint8),
            relied_a=np.zeros(count),
        )
    )
    for point, current_a, binding, circuit, phase in allotted(giving, allocation):
        point.share_a = round_current(-current_a)
        if binding == BindingCode.MAXIMUM:
            point.share_reason = point.give_bound
        else:
            point.share_reason = circuit_reason(layout, ReasonCode.EXPORT_LIMIT, circuit, phase)


def _free_room(cycle: Cycle, points: list[Point], rows: Rows) -> FreeRoom:
    """Return what is free now, reckoning with discharges that may still flow."""
    room = FreeRoom(
        free_a=[
            [load_a + limit_a for load_a, limit_a in zip(row, node.circuit.export_limit_a, strict=True)]
            for row, node in zip(rows, cycle.layout.nodes, strict=True)
        ],
        free_w=[math.inf] * len(rows),
        voltage_v=cycle.voltage_v,
    )
    for point in points:
        if point.available and not point.deviating:
            highest_a = may_give_a(point, cycle.now_s)
            if highest_a > 0:
                room.take(point, highest_a)
    return room


def _raise(point: Point, room: FreeRoom, settings: ControlSettings, now_s: float) -> None:
    """Have a charger give back more, as far as ramp, dead band and known free room allow."""
    told_a, step_a = -point.current_a, point.charger.step_a
    point.setpoint_a, point.reason = point.current_a, _RAMP
    raised_at_s = point.memory.raised_at_s
    wanted_a = point.share_a - told_a
    highest_a = down_to_step(point.give_maximum_a, step_a)
    if told_a > 0 and wanted_a < settings.dead_band_a and point.share_a + _ROUNDING_A < highest_a:
        point.reason = point.share_reason
        return
    if raised_at_s is not None and now_s - raised_at_s < settings.increase_interval_s:
        return
    may_give = may_give_a(point, now_s)
    free_a = room.for_point(point) + may_give - told_a
    wanted_a = min(wanted_a, max(settings.increase_step_a, step_a), free_a)
    target_a = down_to_step(told_a + wanted_a, step_a)
    if target_a <= told_a or target_a < point.give_minimum_a:
        return
    room.take(point, target_a - max(told_a, may_give))
    point.setpoint_a = -target_a
    if target_a >= point.share_a - _ROUNDING_A:
        point.reason = point.share_reason
