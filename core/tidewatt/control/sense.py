"""Stage one: what each charger's state means."""

from __future__ import annotations

import math
from typing import Final

from tidewatt.site import (
    ChargerState,
    ChargerStatus,
    PerPhase,
    Reason,
    ReasonCode,
    Wish,
)

from .cycle import Cycle
from .layout import Layout, Place
from .memory import ChargerMemory, Told
from .meters import MeterSense
from .model import Snapshot
from .point import Point, plausible

_PLUGGED: Final = frozenset(
    {
        ChargerStatus.PREPARING,
        ChargerStatus.CHARGING,
        ChargerStatus.SUSPENDED_EV,
        ChargerStatus.SUSPENDED_EVSE,
    }
)
_BROKEN: Final = frozenset({ChargerStatus.FAULTED, ChargerStatus.UNAVAILABLE})
SUSPENDED: Final = frozenset({ChargerStatus.SUSPENDED_EV, ChargerStatus.FINISHING})
"""The vehicle is plugged and asks for nothing."""

_NEW: Final = ChargerMemory()
_FOLLOWED_A: Final = 0.5
"""A measured current this close to a new setpoint shows that it is being followed."""


def sense_chargers(cycle: Cycle) -> list[Point]:
    """Start a point for every charger, in the site's order."""
    layout = cycle.layout
    fail_safe = _fail_safe(layout, cycle.meters)
    points = []
    for place in layout.places:
        point = _point(cycle.snapshot, layout, place, cycle.memory.chargers.get(place.charger.charger_id, _NEW))
        point.fail_safe = fail_safe[place.circuit]
        points.append(point)
    return points


def _fail_safe(layout: Layout, meters: MeterSense) -> list[Reason | None]:
    """For each circuit, the nearest lost meter on the way to the root."""
    reasons: list[Reason | None] = []
    for node, lost in zip(layout.nodes, meters.lost, strict=True):
        if lost:
            reasons.append(Reason(code=ReasonCode.FAIL_SAFE, circuit_id=node.circuit.circuit_id))
        else:
            reasons.append(reasons[node.parent] if node.parent >= 0 else None)
    return reasons


def _point(snapshot: Snapshot, layout: Layout, place: Place, memory: ChargerMemory) -> Point:
    charger = place.charger
    state = snapshot.chargers.get(charger.charger_id)
    online = state is not None and state.online
    back_since_s = snapshot.now_s if online and memory.offline_since_s is not None else memory.online_since_s
    measured_a, measured_at_s = _measured(snapshot, place, state, back_since_s)
    told = _told(snapshot.now_s - layout.longest_tolerance_s, memory.told, measured_a, measured_at_s)
    return Point(
        place=place,
        charger=charger,
        memory=memory,
        state=state,
        wish=snapshot.wishes.get(charger.charger_id) or Wish(mode=charger.mode),
        online=online,
        connected=_connected(state, online, memory),
        available=state is not None and online and state.status not in _BROKEN,
        idle=state is not None and _idle(state),
        measured_a=measured_a,
        measured_at_s=measured_at_s,
        told=told,
        settled=measured_a is not None
        and bool(told)
        and measured_at_s >= max(told[-1].settled_s, _trusted_from_s(back_since_s, snapshot.settings.settle_s)),
        back_since_s=back_since_s,
    )


def _trusted_from_s(back_since_s: float | None, settle_s: float) -> float:
    """A charger that was away follows whatever it last heard until it has been told again."""
    return -math.inf if back_since_s is None else back_since_s + settle_s


def _connected(state: ChargerState | None, online: bool, memory: ChargerMemory) -> bool:
    if state is None:
        return memory.connected
    if state.plugged or state.session is not None or state.status in _PLUGGED:
        return True
    return not online and state.plugged is None and memory.connected


def _idle(state: ChargerState) -> bool:
    return state.status in SUSPENDED or (state.status is ChargerStatus.PREPARING and state.session is None)


def _measured(
    snapshot: Snapshot, place: Place, state: ChargerState | None, back_since_s: float | None
) -> tuple[PerPhase | None, float]:
    """Return the charger's measured currents on the site's phases, and when.

    None when they are too old, broken, or from before the charger was away.
    """
    if state is None or state.current_a is None or state.measured_at_s is None:
        return None, 0.0
    if back_since_s is not None and state.measured_at_s < back_since_s:
        return None, 0.0
    age_s = snapshot.now_s - state.measured_at_s
    # Written so that an age that is not a number counts as too old.
    if not age_s <= snapshot.settings.charger_tolerance_s or not plausible(state.current_a):
        return None, 0.0
    on_site = [0.0, 0.0, 0.0]
    for terminal, phase in enumerate(place.charger.phases):
        on_site[phase] = state.current_a[terminal]
    return (on_site[0], on_site[1], on_site[2]), state.measured_at_s


def _told(
    oldest_reading_s: float, told: tuple[Told, ...], measured_a: PerPhase | None, measured_at_s: float
) -> tuple[Told, ...]:
    """Drop currents that no usable reading can show any more, and notice early that the last one is followed."""
    while len(told) > 1 and told[1].settled_s < oldest_reading_s:
        told = told[1:]
    if len(told) > 1 and measured_a is not None:
        last = told[-1]
        flow_a = min(measured_a) if _turns_or_gives(told) else max(measured_a)
        followed = abs(flow_a - last.current_a) <= _FOLLOWED_A
        if followed and last.at_s < measured_at_s < last.settled_s:
            told = (*told[:-1], last._replace(settled_s=measured_at_s))
    return told


def _turns_or_gives(told: tuple[Told, ...]) -> bool:
    """Say whether a discharge is among what it was told: then what is still given back tells what it follows."""
    return any(one.current_a < 0 for one in told)
