"""Stage eight: what the next cycle must know."""

from __future__ import annotations

from typing import Final

from tidewatt.site import Reason, ReasonCode

from .cycle import Cycle
from .estimate import CircuitEstimate
from .memory import ChargerMemory, CircuitMemory, Memory, Told
from .point import Point
from .share import TURN_S

_AT_WILL: Final = frozenset(
    {
        ReasonCode.MODE_OFF,
        ReasonCode.NOT_CONNECTED,
        ReasonCode.UNAVAILABLE,
        ReasonCode.VEHICLE,
        ReasonCode.REVERSAL,
    }
)
"""Pauses that a person or the world decided on: nothing holds the charger back afterwards."""

_LONGEST_WAIT_S: Final = 4 * TURN_S
_NEVER_S: Final = float(-(10**9))
_NEW: Final = CircuitMemory()


def remember(cycle: Cycle, points: list[Point], estimates: list[CircuitEstimate]) -> Memory:
    """Return the memory after this cycle."""
    layout, memory, now_s = cycle.layout, cycle.memory, cycle.now_s
    return Memory(
        at_s=now_s,
        chargers={point.charger.charger_id: _charger(point, cycle) for point in points},
        circuits={
            node.circuit.circuit_id: _circuit(one, memory.circuits.get(node.circuit.circuit_id, _NEW), now_s)
            for node, one in zip(layout.nodes, estimates, strict=True)
        },
    )


def _charger(point: Point, cycle: Cycle) -> ChargerMemory:
    before, now_s = point.memory, cycle.now_s
    on = point.setpoint_a > 0
    off_since_s, paused_by = _pause(point, now_s)
    return ChargerMemory(
        told=_told(point, cycle.settings.settle_s, now_s),
        connected=point.connected,
        offline_since_s=None if point.online else _since(before.offline_since_s, now_s),
        online_since_s=point.back_since_s,
        on_since_s=_since(before.on_since_s, now_s) if on else None,
        off_since_s=off_since_s,
        paused_by=paused_by,
        raised_at_s=now_s if _is_raised(point) else before.raised_at_s,
        phases=point.phases_learned,
        phases_seen=point.phases_seen,
        phases_since_s=point.phases_since_s,
        vehicle_limit_a=point.vehicle_limit_a,
        deviating=point.deviating,
        quiet_since_s=_quiet_since(point, now_s),
        sun_since_s=point.sun_since_s,
        shade_since_s=point.shade_since_s,
        deficit=_deficit(point, cycle.elapsed_s),
        gave_last=point.setpoint_a < 0 or (point.setpoint_a == 0 and before.gave_last),
        floor_reached=point.floor_reached,
        link_poor=point.link_poor,
        blind_at_s=point.blind_at_s,
    )


def _since(before_s: float | None, now_s: float) -> float:
    return now_s if before_s is None else before_s


def _is_raised(point: Point) -> bool:
    """Say whether it is told to draw more than before, or to give back more."""
    return point.setpoint_a > point.current_a or point.setpoint_a < min(point.current_a, 0.0)


def _told(point: Point, settle_s: float, now_s: float) -> tuple[Told, ...]:
    """Append a new setpoint; one that cannot be sent was not told."""
    if point.reason.code is ReasonCode.UNAVAILABLE or (point.told and point.setpoint_a == point.current_a):
        return point.told
    told = point.told
    if not told and (point.connected or point.drawn_a is not None):
        # Nobody knows what it followed so far: at most what it draws, or could draw.
        unknown_a = point.charger.maximum_a if point.drawn_a is None else point.drawn_a
        told = (Told(_NEVER_S, unknown_a, _NEVER_S),)
    return (*told, Told(now_s, point.setpoint_a, now_s + settle_s))


def _pause(point: Point, now_s: float) -> tuple[float | None, Reason | None]:
    """Return since when the charger is paused by control, and the constraint that paused it."""
    if point.setpoint_a > 0 or point.wish.discharge is not None:
        return None, None
    if point.pause is not None and point.pause.code in _AT_WILL:
        return None, None
    if point.current_a > 0:
        return now_s, point.reason
    return point.memory.off_since_s, point.memory.paused_by


def _quiet_since(point: Point, now_s: float) -> float | None:
    """A vehicle that begins to be offered current has all the time to wake; after a pause of its own it starts anew."""
    if point.quiet_since_s is None or point.pause is not None:
        return None
    if point.setpoint_a > 0:
        return point.quiet_since_s if point.current_a > 0 else now_s
    return point.quiet_since_s if point.yields else None


def _deficit(point: Point, elapsed_s: float) -> float:
    """Waiting seconds grow while a charger is left out for want of current and shrink while it charges.

    A vehicle that is offered current and wants none has waited for nothing: what it is owed begins with its next pause.
    """
    if point.pause is not None or (point.setpoint_a > 0 and point.quiet_since_s is not None):
        return 0.0
    if point.setpoint_a > 0:
        return max(0.0, point.memory.deficit - elapsed_s)
    if point.taking_part and point.share_a <= 0:
        return min(_LONGEST_WAIT_S, point.memory.deficit + elapsed_s)
    return point.memory.deficit


def _circuit(one: CircuitEstimate, before: CircuitMemory, now_s: float) -> CircuitMemory:
    if one.current_a is None or one.base_a is None:
        # The last estimate is still the best guess for when the meter is back; what chargers drew then is not.
        return CircuitMemory(base_a=before.base_a, held_a=before.held_a, cover_a=one.cover_a)
    l1_a, l2_a, l3_a = (current_a - base_a for current_a, base_a in zip(one.current_a, one.base_a, strict=True))
    return CircuitMemory(
        base_a=one.base_a,
        drawn_a=(l1_a, l2_a, l3_a),
        held_a=one.held_a,
        overloaded_since_s=_since(before.overloaded_since_s, now_s) if any(one.overloaded) else None,
        cover_a=one.cover_a,
        excess_since_s=_since(before.excess_since_s, now_s) if any(one.exceeded) else None,
    )
