"""Stage seven: from shares to setpoints. Down at once; up in steps, and only into room that is known to be free."""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Final

from tidewatt.site import PerPhase, Reason, ReasonCode

from .cycle import Cycle
from .draw import may_draw_a, raising_from_a
from .estimate import CircuitEstimate
from .layout import Layout
from .model import ControlSettings
from .point import PHASES_OF, Point, down_to_step, up_to_step
from .share import Rooms, Rows, as_circuit, circuit_reason, room_for

_RAMP: Final = Reason(code=ReasonCode.RAMP)
_MINIMUM_TIME: Final = Reason(code=ReasonCode.MINIMUM_TIME)
_VEHICLE: Final = Reason(code=ReasonCode.VEHICLE)
_ROUNDING_A: Final = 1e-9


@dataclass(frozen=True, slots=True)
class FreeRoom:
    """What is free for raises: per circuit and phase in A, and per circuit in W, counting what may still be drawn."""

    free_a: Rows
    free_w: list[float]
    voltage_v: PerPhase

    def for_point(self, point: Point) -> float:
        """Return by how much a charger may be raised, in A."""
        phases = PHASES_OF[point.phases]
        volts = sum(self.voltage_v[phase] for phase in phases)
        free_a = math.inf
        for circuit in point.place.path:
            for phase in phases:
                free_a = min(free_a, self.free_a[circuit][phase])
            if volts > 0:
                free_a = min(free_a, self.free_w[circuit] / volts)
        return free_a

    def take(self, point: Point, current_a: float) -> None:
        """Count a current that a charger may draw."""
        phases = PHASES_OF[point.phases]
        for circuit in point.place.path:
            for phase in phases:
                self.free_a[circuit][phase] -= current_a
                self.free_w[circuit] -= current_a * self.voltage_v[phase]


def smooth(cycle: Cycle, points: list[Point], estimates: list[CircuitEstimate], rooms: Rooms) -> None:
    """Fill in every setpoint and its reason."""
    raises = []
    for point in points:
        if point.giving:
            continue
        if not point.taking_part:
            _left_out(cycle, point, rooms.headroom_a)
            continue
        _roll_back(cycle.layout, point, estimates)
        if point.share_a <= point.current_a:
            _lower(point)
        else:
            raises.append(point)
    if raises:
        room = _free_room(cycle, points, estimates, rooms.taken_a)
        for point in sorted(raises, key=_longest_waiting):
            _raise(point, room, cycle.settings, cycle.now_s)


def _longest_waiting(point: Point) -> float:
    return -point.memory.deficit


def _left_out(cycle: Cycle, point: Point, headroom: Rows) -> None:
    """Set what is decided without the allocation: a pause, a hold, or a charger that does not follow."""
    point.setpoint_a = 0.0
    if point.pause is not None:
        point.reason = point.pause
    elif point.deviating:
        _hold_disobedient(cycle, point, headroom)
    else:
        point.reason = _why_held(cycle, point, headroom)


def _why_held(cycle: Cycle, point: Point, headroom: Rows) -> Reason:
    """A pause is for its cause while that lasts, and a little while longer; then only for the minimum time."""
    paused_by, since_s = point.memory.paused_by, point.memory.off_since_s
    if paused_by is None or since_s is None or paused_by.code is ReasonCode.USER_LIMIT:
        # A person's limit that still held would be a pause of its own.
        return _MINIMUM_TIME
    settling = cycle.now_s - since_s < cycle.settings.settle_s
    return paused_by if settling or room_for(cycle, point, headroom)[0] < point.minimum_a else _MINIMUM_TIME


def _hold_disobedient(cycle: Cycle, point: Point, headroom: Rows) -> None:
    """A charger that draws too much is told no more than before, and less if what it draws does not fit.

    When it goes on without heed of that and the overload with it, only a pause can help: it opens the contactor.
    """
    free_a, circuit, phase = room_for(cycle, point, headroom)
    fits_a = (point.drawn_a or 0.0) + free_a
    point.setpoint_a, point.reason = point.current_a, _VEHICLE
    if point.maximum_a < point.setpoint_a:
        point.setpoint_a, point.reason = down_to_step(point.maximum_a, point.charger.step_a), point.bound
    if fits_a < point.setpoint_a:
        point.setpoint_a = down_to_step(fits_a, point.charger.step_a)
        point.reason = circuit_reason(cycle.layout, ReasonCode.CIRCUIT, circuit, phase)
    if free_a < 0 and _overloaded_long(cycle, point):
        point.setpoint_a = 0.0
        point.reason = circuit_reason(cycle.layout, ReasonCode.CIRCUIT, circuit, phase)
    if point.setpoint_a < point.minimum_a:
        point.setpoint_a = 0.0


def _overloaded_long(cycle: Cycle, point: Point) -> bool:
    """Say whether a circuit on a charger's way to the root has been overloaded longer than others need to make room."""
    for circuit in point.place.path:
        memory = cycle.memory.circuits.get(cycle.layout.nodes[circuit].circuit.circuit_id)
        since_s = None if memory is None else memory.overloaded_since_s
        if since_s is not None and cycle.now_s - since_s >= cycle.settings.settle_s:
            return True
    return False


def _roll_back(layout: Layout, point: Point, estimates: list[CircuitEstimate]) -> None:
    """Take back a raise in flight below an overloaded phase."""
    for circuit in point.place.path:
        if not any(estimates[circuit].overloaded):
            continue
        before_a = raising_from_a(point, estimates[circuit].at_s)
        if before_a is None or point.share_a <= before_a:
            continue
        for phase in PHASES_OF[point.phases]:
            if estimates[circuit].overloaded[phase]:
                point.share_a = before_a
                point.share_reason = circuit_reason(layout, ReasonCode.CIRCUIT, circuit, phase)
                return


def _lower(point: Point) -> None:
    point.setpoint_a, point.reason = point.share_a, point.share_reason
    if point.share_a <= 0 < point.current_a:
        point.reason = as_circuit(point.reason)


def _free_room(cycle: Cycle, points: list[Point], estimates: list[CircuitEstimate], taken_a: Rows) -> FreeRoom:
    """Return what is free now, reckoning with loads that have only just gone and currents that may still flow."""
    room = FreeRoom(free_a=[], free_w=[], voltage_v=cycle.voltage_v)
    for node, one, row in zip(cycle.layout.nodes, estimates, taken_a, strict=True):
        used_a = [taken + held - load for taken, held, load in zip(row, one.held_a, one.load_a, strict=True)]
        used_w = sum(used * volt_v for used, volt_v in zip(used_a, cycle.voltage_v, strict=True))
        limit_w = node.circuit.total_import_limit_w
        room.free_a.append([limit - used for limit, used in zip(node.circuit.import_limit_a, used_a, strict=True)])
        room.free_w.append(math.inf if limit_w is None else limit_w - used_w)
    for point in points:
        if point.available and not point.deviating:
            highest_a = may_draw_a(point, cycle.now_s)
            if highest_a > 0:
                room.take(point, highest_a)
    return room


def _raise(point: Point, room: FreeRoom, settings: ControlSettings, now_s: float) -> None:
    """Raise a charger by what ramp, dead band and known free room allow."""
    told_a, step_a = point.current_a, point.charger.step_a
    point.setpoint_a, point.reason = told_a, _RAMP
    raised_at_s = point.memory.raised_at_s
    wanted_a = point.share_a - told_a
    if told_a > 0:
        if wanted_a < settings.dead_band_a and point.share_a + _ROUNDING_A < down_to_step(point.maximum_a, step_a):
            point.reason = point.share_reason
            return
        if raised_at_s is not None and now_s - raised_at_s < settings.increase_interval_s:
            return
        wanted_a = min(wanted_a, max(settings.increase_step_a, step_a))
    else:
        wanted_a = min(wanted_a, up_to_step(point.minimum_a, step_a))
    # What it may still be drawing from an earlier, higher setpoint is counted already.
    free_a = room.for_point(point) + may_draw_a(point, now_s) - told_a
    target_a = down_to_step(told_a + min(wanted_a, free_a), step_a)
    if target_a <= told_a or target_a < point.minimum_a - _ROUNDING_A:
        return
    room.take(point, target_a - max(told_a, may_draw_a(point, now_s)))
    point.setpoint_a = target_a
    if target_a >= point.share_a - _ROUNDING_A:
        point.reason = point.share_reason
