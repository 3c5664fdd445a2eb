"""A ring of what the main circuit carried in the last minutes."""

from __future__ import annotations

from collections import deque

from tidewatt.site import PerPhase

type Sample = tuple[float, PerPhase]
"""Emulated seconds at the end of a step, and the signed current of each phase during it."""


class History:
    """The last `span_s` seconds, and the highest current each phase ever had."""

    def __init__(self, span_s: float = 600.0) -> None:
        self.maximum_a: PerPhase = (0.0, 0.0, 0.0)
        self._span_s = span_s
        self._samples: deque[Sample] = deque()

    def add(self, at_s: float, current_a: PerPhase) -> None:
        """Append a sample and forget those older than the span."""
        self._samples.append((at_s, current_a))
        self.maximum_a = _higher(self.maximum_a, current_a)
        while self._samples[0][0] < at_s - self._span_s:
            self._samples.popleft()

    def since(self, at_s: float) -> list[Sample]:
        """Return the samples after `at_s`, oldest first."""
        return [sample for sample in self._samples if sample[0] > at_s]

    @staticmethod
    def maximum_of(samples: list[Sample]) -> PerPhase:
        """Return the highest current of each phase in some samples, zero without any."""
        highest: PerPhase = (0.0, 0.0, 0.0)
        for _, current_a in samples:
            highest = _higher(highest, current_a)
        return highest


def _higher(left: PerPhase, right: PerPhase) -> PerPhase:
    return (max(left[0], right[0]), max(left[1], right[1]), max(left[2], right[2]))
