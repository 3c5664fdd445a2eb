"""What a charger may have been drawing when a meter was read: an interval per phase, in A."""

from __future__ import annotations

from typing import Final, NamedTuple

from tidewatt.site import PerPhase

from .memory import Told
from .point import NO_CURRENT, Point, on_phases

_IDLE_A: Final = 1.0


class Draw(NamedTuple):
    """`low_a` to `high_a` per phase.

    Of its upper part, a setpoint in flight explains `in_flight_a`, and a vehicle that may just be waking `waking_a`.
    `loose_a` is the part that no measurement bounds: the draw may have risen there at any time. What is left of the
    upper part is only not known to have fallen yet. `unseen_a` is the part that a charger which is away, or only just
    back, was drawing when it was last seen. `raising` says that the last setpoint in flight was a raise.

    Of the lower part, a setpoint in flight that draws less or gives back more explains `sinking_a`. `given_a` is a
    discharge that no measurement shows: it may flow or not.
    """

    low_a: PerPhase
    high_a: PerPhase
    in_flight_a: PerPhase = NO_CURRENT
    waking_a: PerPhase = NO_CURRENT
    loose_a: PerPhase = NO_CURRENT
    unseen_a: PerPhase = NO_CURRENT
    raising: bool = False
    sinking_a: PerPhase = NO_CURRENT
    given_a: PerPhase = NO_CURRENT


_NOTHING: Final = Draw(NO_CURRENT, NO_CURRENT)


def draw_at(point: Point, at_s: float, safe_for_s: float) -> Draw:
    """Return what `point` may have been drawing at the time `at_s` of a meter reading.

    `safe_for_s` is how long a charger that came back may still follow its safe current.
    """
    if not point.online or _just_back(point, at_s, safe_for_s):
        return _unreachable(point)
    if not point.told:
        return _never_told(point)
    first, last = _followed(point.told, at_s)
    if first == last:
        return _following(point, point.told[last], point.told[last + 1 :])
    return _in_flight(point, point.told[first : last + 1])


def may_draw_a(point: Point, now_s: float) -> float:
    """Return the current per used phase that `point` may be drawing right now, at most."""
    told = point.told
    highest_a = point.current_a
    for position in range(len(told) - 1):
        if told[position + 1].settled_s > now_s:
            highest_a = max(highest_a, told[position].current_a)
    if told and told[-1].settled_s > now_s and point.drawn_a is not None:
        highest_a = max(highest_a, point.drawn_a)
    return highest_a


def may_give_a(point: Point, now_s: float) -> float:
    """Return the current per used phase that `point` may be giving back right now, at most, as a magnitude."""
    told = point.told
    lowest_a = min(point.current_a, 0.0)
    for position in range(len(told) - 1):
        if told[position + 1].settled_s > now_s:
            lowest_a = min(lowest_a, told[position].current_a)
    if told and told[-1].settled_s > now_s and point.given_a is not None:
        lowest_a = min(lowest_a, -point.given_a)
    return -lowest_a


def raising_from_a(point: Point, at_s: float) -> float | None:
    """Return the current before a raise in flight at the time of a meter reading, None without. A start is no raise."""
    if len(point.told) < 2 or not point.told[-1].at_s < at_s < point.told[-1].settled_s:
        return None
    before_a, last_a = point.told[-2].current_a, point.told[-1].current_a
    return before_a if 0 < before_a < last_a else None


def _never_told(point: Point) -> Draw:
    if point.measured_a is not None:
        return Draw(point.measured_a, point.measured_a)
    if not point.connected:
        return _NOTHING
    return _unmeasured(point, -point.charger.discharge_maximum_a, point.charger.maximum_a)


def _unmeasured(point: Point, lowest_a: float, highest_a: float) -> Draw:
    """Anything from the lowest to the highest of some setpoints, or nothing at all."""
    high_a = on_phases(point.phases, max(highest_a, 0.0))
    if lowest_a >= 0:
        return Draw(NO_CURRENT, high_a, loose_a=high_a)
    given_a = on_phases(point.phases, -lowest_a)
    return Draw(
        on_phases(point.phases, lowest_a),
        high_a,
        loose_a=on_phases(point.phases, max(highest_a, 0.0) - lowest_a),
        given_a=given_a,
    )


def _followed(told: tuple[Told, ...], at_s: float) -> tuple[int, int]:
    """Return the positions of the first and the last setpoint that could be in effect at a time."""
    last = len(told) - 1
    while last > 0 and told[last].at_s >= at_s:
        last -= 1
    first = last
    while first > 0 and told[first].settled_s > at_s:
        first -= 1
    return first, last


def _following(point: Point, one: Told, later: tuple[Told, ...]) -> Draw:
    """It followed one setpoint; how far it made use of it only a measurement from that time can tell."""
    measured_a, drawn_a, told_a = point.measured_a, point.drawn_a, one.current_a
    if measured_a is None or drawn_a is None:
        return _unmeasured(point, told_a, told_a)
    if point.measured_at_s < one.settled_s or (later and point.measured_at_s > later[0].at_s):
        return _between(point, measured_a, told_a, told_a, believed=False)
    if told_a < -_IDLE_A <= drawn_a:
        return _beginning_to_give(point, measured_a, told_a)
    if drawn_a > _IDLE_A or told_a <= _IDLE_A:
        return Draw(measured_a, measured_a)
    return _waking(point, measured_a, told_a)


def _unreachable(point: Point) -> Draw:
    """It follows its last setpoint until that expires, and its safe current then."""
    if not point.connected:
        return _NOTHING
    told_a = max((one.current_a for one in point.told), default=point.charger.maximum_a)
    highest_a = max(told_a, point.charger.safe_a)
    draw = _unmeasured(point, -max(point.give_reserve_a), highest_a)
    return draw._replace(unseen_a=draw.high_a)


def _just_back(point: Point, at_s: float, safe_for_s: float) -> bool:
    since_s = point.back_since_s
    return since_s is not None and at_s < since_s + safe_for_s and point.measured_a is None


def _waking(point: Point, measured_a: PerPhase, told_a: float) -> Draw:
    high_a = on_phases(point.phases, told_a)
    high_a = (max(high_a[0], measured_a[0]), max(high_a[1], measured_a[1]), max(high_a[2], measured_a[2]))
    waking_a = (high_a[0] - measured_a[0], high_a[1] - measured_a[1], high_a[2] - measured_a[2])
    return Draw(measured_a, high_a, waking_a=waking_a)


def _beginning_to_give(point: Point, measured_a: PerPhase, told_a: float) -> Draw:
    """It gives nothing back although it was told to: it may just be beginning."""
    low_a = on_phases(point.phases, told_a)
    low_a = (min(low_a[0], measured_a[0]), min(low_a[1], measured_a[1]), min(low_a[2], measured_a[2]))
    begun_a = (measured_a[0] - low_a[0], measured_a[1] - low_a[1], measured_a[2] - low_a[2])
    return Draw(low_a, measured_a, loose_a=begun_a, sinking_a=begun_a)


def _in_flight(point: Point, told: tuple[Told, ...]) -> Draw:
    """Some setpoints overlap: anything between the lowest and the highest of them, and what was measured before."""
    lowest_a = min(one.current_a for one in told)
    highest_a = max(one.current_a for one in told)
    if point.measured_a is None:
        return _unmeasured(point, lowest_a, highest_a)
    draw = _between(point, point.measured_a, lowest_a, highest_a, believed=True)
    return draw._replace(raising=told[-1].current_a > told[-2].current_a)


def _between(point: Point, measured_a: PerPhase, lowest_a: float, highest_a: float, *, believed: bool) -> Draw:
    """Widen `[lowest_a, highest_a]` by what was measured; upwards only if the measurement may still hold."""
    low, high = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    flight, loose, sinking = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    for phase in range(3):
        drawn_a = measured_a[phase]
        if point.phases >> phase & 1:
            if highest_a < 0 and not believed:
                low[phase], high[phase] = highest_a, max(min(drawn_a, 0.0), highest_a)
            else:
                low[phase] = min(drawn_a, lowest_a)
                high[phase] = max(drawn_a, highest_a) if believed else max(highest_a, low[phase])
            flight[phase] = max(highest_a - max(drawn_a, lowest_a), 0.0)
            loose[phase] = 0.0 if believed else high[phase] - low[phase]
            sinking[phase] = max(min(drawn_a, high[phase]) - low[phase], 0.0)
        else:
            low[phase] = high[phase] = drawn_a
    return Draw(
        (low[0], low[1], low[2]),
        (high[0], high[1], high[2]),
        in_flight_a=(flight[0], flight[1], flight[2]),
        loose_a=(loose[0], loose[1], loose[2]),
        sinking_a=(sinking[0], sinking[1], sinking[2]),
    )
