"""How long a function takes: many runs, the garbage collector held still."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import gc
import statistics
import time


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one call, over so many runs."""

    median_s: float
    least_s: float
    runs: int


def best_of(
    function: Callable[[], object],
    *,
    budget_s: float = 1.0,
    least: int = 5,
    before: Callable[[], object] | None = None,
) -> Timing:
    """Call a function at least so often and until the budget is used up, and return how long one call took.

    The first call warms caches up: it counts only where there is no time for more than `least`. What is to be done
    before every call takes none of its time.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        seconds = [_once(function, before)]
        spent_s = seconds[0]
        while len(seconds) < least or spent_s < budget_s:
            seconds.append(_once(function, before))
            spent_s += seconds[-1]
    finally:
        if collecting:
            gc.enable()
    counted = seconds[1:] if len(seconds) > max(least, 1) else seconds
    return Timing(statistics.median(counted), min(counted), len(counted))


def _once(function: Callable[[], object], before: Callable[[], object] | None) -> float:
    if before is not None:
        before()
    started = time.perf_counter()
    function()
    return time.perf_counter() - started
