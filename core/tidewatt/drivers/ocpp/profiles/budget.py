"""How often a station may be given a new profile: its flash memory wears with every one."""

from __future__ import annotations

from collections.abc import Callable

from tidewatt.drivers.ocpp.settings import OcppSettings
from tidewatt.ocpp.budget import TokenBucket
from tidewatt.site import Clock


class WriteBudget:
    """Holds back the profiles of one station that can wait.

    The station has the budget of the settings: for minutes, and for a day, a quarter of which may be used up at once.
    Where it has several EVSEs, one alone may use up half of that for minutes. `evse_count` tells how many there are.
    """

    def __init__(self, settings: OcppSettings, clock: Clock, evse_count: Callable[[], int]) -> None:
        self._burst, self._per_s = float(settings.increases_burst), settings.increases_per_minute / 60.0
        self._clock = clock
        self._evse_count = evse_count
        self._station = TokenBucket(self._burst, self._per_s, clock)
        self._day = TokenBucket(max(1.0, settings.writes_per_day / 4), settings.writes_per_day / 86_400, clock)
        self._evses: dict[int, TokenBucket] = {}

    @property
    def tokens(self) -> float:
        """Writes that are left to the station now; below zero when some could not wait."""
        return min(self._station.tokens, self._day.tokens)

    def take(self, evse_id: int, cost: float) -> bool:
        """Take what a write costs if station and EVSE have a token; False when the write has to wait."""
        if cost and self.wait_s(evse_id) > 0:
            return False
        self.force(evse_id, cost)
        return True

    def force(self, evse_id: int, cost: float) -> None:
        """Take what a write costs that cannot wait."""
        if cost:
            self._station.force(cost)
            self._day.force(cost)
            self._evse(evse_id).force(cost)

    def wait_s(self, evse_id: int) -> float:
        """Return the time in seconds until a write of an EVSE may be sent, 0 when it may be now."""
        buckets = [self._station, self._day]
        if self._evse_count() > 1:
            buckets.append(self._evse(evse_id))
        return max(bucket.wait_s() for bucket in buckets)

    def _evse(self, evse_id: int) -> TokenBucket:
        if evse_id not in self._evses:
            self._evses[evse_id] = TokenBucket(max(1.0, self._burst / 2), self._per_s / 2, self._clock)
        return self._evses[evse_id]
