"""Telling messages that a station kept while it was offline from messages of a station whose clock is wrong."""

from __future__ import annotations

from datetime import datetime

_FRESH_S = 60.0
"""A message younger than this is fresh: sampling, sending and clock errors together stay below it."""

_SHORTEST_STEP_S = 2.0
"""Two messages closer together than this say nothing about the speed of the station's clock."""


_CLOCK_IS_SET_FROM = 2020
"""A year before this comes from a clock that was never set."""


class LatenessJudge:
    """Judges the age of messages by the station's own timestamps.

    A kept message is old by the wall clock; so is a fresh one from a clock that is behind. They differ in pace: kept
    messages arrive much faster than their timestamps advance, a wrong clock advances like ours.
    """

    def __init__(self) -> None:
        self._offset_s = 0.0
        self._last: tuple[datetime, datetime] | None = None

    def is_late(self, stamped_at: datetime | None, received_at: datetime) -> bool:
        """Tell whether a message with this timestamp describes the past; without a usable timestamp it is fresh."""
        if stamped_at is None or stamped_at.year < _CLOCK_IS_SET_FROM:
            return False
        age_s = (received_at - stamped_at).total_seconds()
        if age_s - self._offset_s < -_FRESH_S or self._runs_like_ours(stamped_at, received_at):
            self._offset_s = age_s
        self._last = (stamped_at, received_at)
        return age_s - self._offset_s > _FRESH_S

    def _runs_like_ours(self, stamped_at: datetime, received_at: datetime) -> bool:
        if self._last is None:
            return False
        step_s = (stamped_at - self._last[0]).total_seconds()
        elapsed_s = (received_at - self._last[1]).total_seconds()
        return elapsed_s >= _SHORTEST_STEP_S and abs(step_s - elapsed_s) <= 1.0 + 0.2 * elapsed_s
