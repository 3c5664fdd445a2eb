"""How far a station's clock is from ours, told by the timestamps of what it says."""

from __future__ import annotations

from collections import deque
from datetime import datetime

_SAMPLES = 8
"""Messages that count. A clock that was set is seen after as many, a kept message is outweighed by any newer one."""
_ENOUGH = 3
_SPREAD_S = 20.0
"""Messages kept while the station was offline come in a burst; live ones have some time between them."""

SKEW_S = 20.0
"""A clock that is further off is told of; sampling and sending take some seconds too."""

_ZONE_STEP_S, _ZONE_TOLERANCE_S, _MOST_ZONE_S = 1800.0, 60.0, 14 * 3600.0


class ClockWatch:
    """Judges one connection's timestamps.

    No message is written after it was sent, so each shows that the clock is at least as far ahead as its timestamp,
    and of several the newest by its own clock is nearest to the truth.
    """

    def __init__(self) -> None:
        self._ahead: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)

    def take(self, stamped_at: datetime, received_at: datetime) -> None:
        """Take the timestamp of a message and when it came."""
        self._ahead.append((received_at.timestamp(), stamped_at.timestamp() - received_at.timestamp()))

    @property
    def skew_s(self) -> float | None:
        """How far the clock is ahead of ours, negative behind; None as long as too little was heard to say so."""
        if len(self._ahead) < _ENOUGH or self._ahead[-1][0] - self._ahead[0][0] < _SPREAD_S:
            return None
        return max(ahead_s for _, ahead_s in self._ahead)


def looks_like_a_zone(skew_s: float) -> bool:
    """Tell whether a clock seems to be right and only told in the wrong time zone.

    Then nobody knows what the station makes of the times that it is told.
    """
    steps = round(skew_s / _ZONE_STEP_S)
    is_near = abs(skew_s - steps * _ZONE_STEP_S) <= _ZONE_TOLERANCE_S
    return steps != 0 and is_near and abs(skew_s) <= _MOST_ZONE_S
