"""What a charger may have been drawing when a meter was read: an interval per phase, in A."""

from __future__ import annotations

from typing import Final, NamedTuple

from tidewatt.site import PerPhase

from .point import NO_CURRENT, Point, on_phases

_IDLE_A: Final = 1.0


class Draw(NamedTuple):
    """`low_a` to `high_a` per phase; a raise in flight or a waking vehicle explains the upper `rising_a` of it."""

    low_a: PerPhase
    high_a: PerPhase
    rising_a: PerPhase = NO_CURRENT


_NOTHING: Final = Draw(NO_CURRENT, NO_CURRENT)


def draw_at(point: Point, at_s: float, safe_for_s: float) -> Draw:
    """Return what `point` may have been drawing at the time `at_s` of a meter reading.

    `safe_for_s` is how long a charger that came back may still follow its safe current.
    """
    if not point.told:
        return _never_told(point)
    if not point.online or _just_back(point, at_s, safe_for_s):
        return _unreachable(point)
    if len(point.told) == 1 or point.told[-1].settled_s <= at_s:
        return _following(point, point.told[-1].current_a)
    return _in_flight(point, at_s)


def may_draw_a(point: Point, now_s: float) -> float:
    """Return the current per used phase that `point` may be drawing right now, at most."""
    told = point.told
    highest_a = point.current_a
    for position in range(len(told) - 1):
        if told[position + 1].settled_s > now_s:
            highest_a = max(highest_a, told[position].current_a)
    return highest_a


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
    return Draw(NO_CURRENT, on_phases(point.phases, point.charger.maximum_a))


def _following(point: Point, told_a: float) -> Draw:
    """It follows its last setpoint; how far it makes use of it only a measurement can tell."""
    measured_a, drawn_a = point.measured_a, point.drawn_a
    if measured_a is None or drawn_a is None:
        return Draw(NO_CURRENT, on_phases(point.phases, told_a))
    if not point.settled:
        return _between(point, measured_a, told_a, told_a, believed=False)
    if drawn_a > _IDLE_A or told_a <= _IDLE_A:
        return Draw(measured_a, measured_a)
    return _waking(point, measured_a, told_a)


def _unreachable(point: Point) -> Draw:
    """It follows its last setpoint until that expires, and its safe current then."""
    if not point.connected:
        return _NOTHING
    highest_a = max(point.current_a, point.charger.safe_a)
    return Draw(NO_CURRENT, on_phases(point.phases, highest_a))


def _just_back(point: Point, at_s: float, safe_for_s: float) -> bool:
    since_s = point.back_since_s
    return since_s is not None and at_s < since_s + safe_for_s and not point.settled


def _waking(point: Point, measured_a: PerPhase, told_a: float) -> Draw:
    high_a = on_phases(point.phases, told_a)
    rising_a = (high_a[0] - measured_a[0], high_a[1] - measured_a[1], high_a[2] - measured_a[2])
    return Draw(
        measured_a,
        (max(high_a[0], measured_a[0]), max(high_a[1], measured_a[1]), max(high_a[2], measured_a[2])),
        (max(rising_a[0], 0.0), max(rising_a[1], 0.0), max(rising_a[2], 0.0)),
    )


def _in_flight(point: Point, at_s: float) -> Draw:
    """Some setpoints overlap: anything between the lowest and the highest of them, and what was measured before."""
    told = point.told
    lowest_a, highest_a = float("inf"), 0.0
    for position, one in enumerate(told):
        if position and one.at_s >= at_s:
            break
        if position + 1 == len(told) or told[position + 1].settled_s > at_s:
            lowest_a = min(lowest_a, one.current_a)
            highest_a = max(highest_a, one.current_a)
    if point.measured_a is None:
        return Draw(NO_CURRENT, on_phases(point.phases, highest_a))
    return _between(point, point.measured_a, lowest_a, highest_a, believed=True)


def _between(point: Point, measured_a: PerPhase, lowest_a: float, highest_a: float, *, believed: bool) -> Draw:
    """Widen `[lowest_a, highest_a]` by what was measured; upwards only if the measurement may still hold."""
    low, high = [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]
    rising = [0.0, 0.0, 0.0]
    for phase in range(3):
        drawn_a = measured_a[phase]
        if point.phases >> phase & 1:
            low[phase] = min(drawn_a, lowest_a)
            high[phase] = max(drawn_a, highest_a) if believed else max(highest_a, low[phase])
            rising[phase] = max(highest_a - max(drawn_a, lowest_a), 0.0)
        else:
            low[phase] = high[phase] = drawn_a
    return Draw((low[0], low[1], low[2]), (high[0], high[1], high[2]), (rising[0], rising[1], rising[2]))
