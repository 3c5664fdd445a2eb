"""Token buckets: how often something may happen."""

from __future__ import annotations

from tidewatt.site import Clock


class TokenBucket:
    """Holds up to `burst` tokens and gains `per_second` of them; an event takes one, or what it costs."""

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

    def take(self, cost: float = 1.0) -> bool:
        """Take what an event costs if there is a token; False when there is none. What is missing is owed."""
        if self.tokens < 1.0:
            return False
        self.force(cost)
        return True

    def force(self, cost: float = 1.0) -> None:
        """Take what an event costs that cannot wait. The debt is at most one burst."""
        self._tokens = max(self.tokens - cost, -self._burst)

    def wait_s(self) -> float:
        """Return the time in seconds until there is a token, 0 when there is one."""
        return max(0.0, (1.0 - self.tokens) / self._per_second)
