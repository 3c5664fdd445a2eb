"""How well a station is reached: the time to it and back, what is lost on the way, its radio (requirement V8)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from tidewatt.site import Clock, FaultCode, LinkQuality

_WINDOW = 20
"""Questions that count for the loss: with a ping every 15 s the last five minutes, with calls less."""
_ENOUGH = 5
"""Fewer questions say nothing about losses."""
_SMOOTHING = 0.25
"""Weight of the newest time; RFC 6298 takes an eighth for packets that are many, pings are few."""

SLOW_S, FAST_AGAIN_S = 1.0, 0.8
LOSSY, SOUND_AGAIN = 0.2, 0.1
"""Where a link counts as bad, and where as good again."""

_REPEAT_S = 30.0
"""A link that stays bad is told of again: faults are shown for a minute."""


class LinkWatch:
    """Follows the link of one station over its connections.

    WebSocket pings measure the link: the station's network code answers them while its firmware thinks. Answers to
    calls take both, so they tell of the link only where no pong ever comes, by the quickest of the last few. Whatever
    stays unanswered counts as lost. `report(code, detail)` names a fault, `changed` hears when the verdict changes.
    """

    def __init__(self, report: Callable[[FaultCode, str], None], changed: Callable[[], None], clock: Clock) -> None:
        self._report = report
        self._changed = changed
        self._clock = clock
        self._answered: deque[bool] = deque(maxlen=_WINDOW)
        self._ping_s: float | None = None
        self._call_s: float | None = None
        self._calls_s: deque[float] = deque(maxlen=5)
        self._reported_s = float("-inf")
        self.signal_dbm: float | None = None
        self.is_bad = False

    def ponged(self, round_trip_s: float | None) -> None:
        """Take the time to a ping's pong, None when none came."""
        if round_trip_s is not None:
            self._ping_s = _smoothed(self._ping_s, round_trip_s)
        self._count(answered=round_trip_s is not None)

    def answered(self, took_s: float | None) -> None:
        """Take the time to a call's answer, None when none came in time."""
        if took_s is not None:
            self._call_s = _smoothed(self._call_s, took_s)
            self._calls_s.append(took_s)
        self._count(answered=took_s is not None)

    def connected(self) -> None:
        """Measure times anew: the station may have come another way. What was lost is not forgotten."""
        self._ping_s = self._call_s = self.signal_dbm = None
        self._calls_s.clear()

    @property
    def quality(self) -> LinkQuality | None:
        """How good the link is; None as long as nothing was measured."""
        if not self._answered:
            return None
        return LinkQuality(round_trip_s=self._round_trip_s, loss=self._loss, signal_dbm=self.signal_dbm)

    def diagnostics(self) -> dict[str, Any]:
        """Return the figures and how they came about."""
        return {
            "ping_s": self._ping_s,
            "call_s": self._call_s,
            "loss": round(self._loss, 3),
            "questions": len(self._answered),
            "signal_dbm": self.signal_dbm,
            "is_bad": self.is_bad,
        }

    @property
    def _round_trip_s(self) -> float | None:
        if self._ping_s is not None:
            return self._ping_s
        return min(self._calls_s, default=None)

    @property
    def _loss(self) -> float:
        return self._answered.count(False) / max(len(self._answered), 1)

    def _count(self, *, answered: bool) -> None:
        self._answered.append(answered)
        was_bad, self.is_bad = self.is_bad, self._judge()
        now_s = self._clock()
        if self.is_bad and (not was_bad or now_s - self._reported_s >= _REPEAT_S):
            self._reported_s = now_s
            self._report(FaultCode.LATENCY_OVER_BUDGET, self._in_words())
        if self.is_bad is not was_bad:
            self._changed()

    def _judge(self) -> bool:
        slow_s, lossy = (FAST_AGAIN_S, SOUND_AGAIN) if self.is_bad else (SLOW_S, LOSSY)
        is_lossy = len(self._answered) >= _ENOUGH and self._loss > lossy
        return is_lossy or (self._round_trip_s is not None and self._round_trip_s > slow_s)

    def _in_words(self) -> str:
        trip = "unknown" if self._round_trip_s is None else f"{self._round_trip_s * 1000:.0f} ms"
        return (
            f"Its link is too slow or loses too much: {trip} there and back (at most {SLOW_S * 1000:.0f} ms), "
            f"{self._loss:.0%} of what was asked stays unanswered (at most {LOSSY:.0%}). "
            "It takes no part in discharging meanwhile."
        )


def _smoothed(before: float | None, newest: float) -> float:
    return newest if before is None else before + _SMOOTHING * (newest - before)
