"""Things that take effect later than they are decided."""

from __future__ import annotations

from collections import deque


class DelayLine[T]:
    """A value that is seen `delay_s` seconds after it was set. `newest` is what it was set to last."""

    def __init__(self, delay_s: float, initial: T) -> None:
        self._delay_s = delay_s
        self._seen = initial
        self.newest = initial
        self._coming: deque[tuple[float, T]] = deque()

    def put(self, at_s: float, value: T) -> None:
        """Set the value at time `at_s`; setting it again to what it is changes nothing."""
        if value != self.newest:
            self.newest = value
            self._coming.append((at_s + self._delay_s, value))

    def seen(self, at_s: float) -> T:
        """Return the value as seen at time `at_s`. Times must not go back."""
        while self._coming and self._coming[0][0] <= at_s:
            self._seen = self._coming.popleft()[1]
        return self._seen
