"""Stage two: what status and currents tell about the vehicle: its phases, its limit, its obedience, its appetite."""

from __future__ import annotations

from typing import Final

from tidewatt.site import Fault, FaultCode, PerPhase

from .model import ControlSettings, Snapshot
from .point import PHASES_OF, Point, up_to_step
from .sense import SUSPENDED

DEVIATION_A: Final = 1.0
"""A charger that draws this much more than it was told does not follow."""

QUIET_S: Final = 180.0
"""A vehicle that wanted nothing of what it was offered for this long gives way to those that lack current."""

_WANTING_A: Final = 1.0
_DRAWING_A: Final = 2.0
_QUIET_A: Final = 0.5
_MARGIN_STEPS: Final = 2.0
_MARGIN_A: Final = 1.0


def learn(point: Point, snapshot: Snapshot) -> None:
    """Fill in what is known of the vehicle at a charger."""
    settings = snapshot.settings
    _learn_phases(point, settings)
    if point.measured_a is not None:
        point.drawn_a = max([point.measured_a[phase] for phase in PHASES_OF[point.phases]])
    point.deviating = _deviates(point)
    point.vehicle_limit_a = _vehicle_limit(point, settings)
    point.quiet_since_s = _quiet_since(point, snapshot.now_s)
    point.yields = point.quiet_since_s is not None and snapshot.now_s - point.quiet_since_s >= QUIET_S


def deviation_fault(point: Point) -> Fault:
    """Return the fault of a charger that draws or gives back more than it was told."""
    if gives_too_much(point):
        detail = (
            f"{point.charger.name} gives back {point.given_a:.1f} A although it was told {point.current_a:g} A; it is "
            "told to stop, and nobody else discharges into what it gives."
        )
        return Fault(code=FaultCode.CURRENT_DEVIATION, subject_id=point.charger.charger_id, detail=detail)
    detail = (
        f"{point.charger.name} draws {point.drawn_a or 0.0:.1f} A although it was told {point.current_a:g} A; "
        "its current is set aside and the others make room."
    )
    return Fault(code=FaultCode.CURRENT_DEVIATION, subject_id=point.charger.charger_id, detail=detail)


def _learn_phases(point: Point, settings: ControlSettings) -> None:
    """A vehicle uses every wired phase until it has been seen drawing on some only, for long enough."""
    memory, place = point.memory, point.place
    if not point.connected:
        point.phases = place.phases
        return
    point.phases_learned, point.phases_seen, point.phases_since_s = (
        memory.phases,
        memory.phases_seen,
        memory.phases_since_s,
    )
    if point.measured_a is not None:
        _watch_phases(point, point.measured_a, settings.settle_s)
    point.phases = point.phases_learned or place.vehicle_phases


def _watch_phases(point: Point, measured_a: PerPhase, settle_s: float) -> None:
    drawing = quiet = 0
    for phase in PHASES_OF[point.place.phases]:
        flow_a = abs(measured_a[phase]) if point.bidirectional else measured_a[phase]
        if flow_a > _DRAWING_A:
            drawing |= 1 << phase
        elif flow_a < _QUIET_A:
            quiet |= 1 << phase
    if drawing & ~(point.phases_learned or point.place.vehicle_phases):
        # It draws where nobody expected it to: expect everything again.
        point.phases_learned = point.place.phases
    if not drawing or drawing | quiet != point.place.phases:
        return
    if point.phases_seen != drawing or point.phases_since_s is None:
        point.phases_seen, point.phases_since_s = drawing, point.measured_at_s
    elif point.measured_at_s - point.phases_since_s >= settle_s:
        point.phases_learned = drawing


def _deviates(point: Point) -> bool:
    """Once seen not to follow, a charger does not follow until a measurement shows otherwise."""
    if not point.online or point.drawn_a is None or not point.told:
        return False
    if not (point.settled or point.memory.deviating):
        return False
    return point.drawn_a > max(point.current_a, 0.0) + DEVIATION_A or gives_too_much(point)


def gives_too_much(point: Point) -> bool:
    """Say whether a charger gives back more than it was told; giving less is the vehicle's right."""
    given_a = point.given_a if point.bidirectional else None
    return given_a is not None and given_a > max(-point.current_a, 0.0) + DEVIATION_A


def _vehicle_limit(point: Point, settings: ControlSettings) -> float | None:
    """The current the vehicle seems to limit itself to, with room to show that it would take more.

    None while it follows what it is told. The limit changes only on a measurement taken after the last setpoint
    settled.
    """
    if not point.connected or point.idle:
        return None
    limit_a = point.memory.vehicle_limit_a
    drawn_a, told_a = point.drawn_a, point.current_a
    if not point.settled or drawn_a is None or told_a <= 0:
        return limit_a
    step_a = point.charger.step_a
    margin_a = max(_MARGIN_STEPS * step_a, _MARGIN_A)
    if drawn_a + margin_a < told_a:
        return up_to_step(drawn_a + margin_a, step_a)
    if limit_a is not None and drawn_a > told_a - margin_a / 2:
        risen_a = told_a + max(settings.increase_step_a, margin_a)
        return None if risen_a >= point.charger.maximum_a else risen_a
    return limit_a


def _quiet_since(point: Point, now_s: float) -> float | None:
    """Since when a vehicle has wanted none of what it is offered; None for one that wants, or of which nobody knows.

    What it draws tells more than its status, which some stations change before the vehicle has made up its mind.
    """
    state, since_s = point.state, point.memory.quiet_since_s
    if state is None or state.session is None or not point.connected:
        return None
    if point.drawn_a is not None and point.drawn_a > _WANTING_A:
        return None
    if point.current_a <= 0:
        # Who is offered nothing cannot show what it wants.
        return since_s
    if state.status in SUSPENDED:
        return now_s if since_s is None else since_s
    return None if point.drawn_a is None else since_s
