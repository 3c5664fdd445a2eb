"""Token buckets: how often something may happen."""

from __future__ import annotations

from tidewatt.site import Clock


class TokenBucket:
    """Holds up to `burst` tokens and gains `per_second` of them; every event takes one."""

    def __init__(self, burst: float, per_second: float, clock: Clock) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._tokens = burst
        self._at_s = clock()

    @property
    def tokens(self) -> float:
        """Tokens there are now; below zero when events were forced."""
        now_s = self._clock()
        self._tokens = min(self._burst, self._tokens + (now_s - self._at_s) * self._per_second)
        self._at_s = now_s
        return self._tokens

    def take(self) -> bool:
        """Take a token if there is one; False when there is none."""
        if self.tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True

    def force(self) -> None:
        """Take a token for an event that cannot wait. The debt is at most one burst."""
        self._tokens = max(self.tokens - 1.0, -self._burst)

    def wait_s(self) -> float:
        """Return the time in seconds until there is a token, 0 when there is one."""
        return max(0.0, (1.0 - self.tokens) / self._per_second)
