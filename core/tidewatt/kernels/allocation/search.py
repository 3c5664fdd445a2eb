"""Looks for a choice of who is on that is worth more, by trying it out."""

from __future__ import annotations

from collections.abc import Callable

from ._admission import Admission
from ._utility import Utility

LOOKS = 200_000
"""Slots looked at while searching, about 10 ms compiled: a bound that is the same on every machine."""

MANY = 64
"""From here on whole batches of chargers are tried first."""

GAIN = 1.0 + 1e-9


class Search:
    """Drops and adds chargers of a tier as long as that raises the utility of the fair shares.

    The lightest are tried first: dropped if they are on, else put on in place of the cheapest in their way; in both
    cases as such, and with whoever then fits.
    """

    def __init__(self, admission: Admission, utility: Utility, raise_currents: Callable[[int], None]) -> None:
        """Take the stages: `raise_currents` fills a tier from the minima."""
        self._admission = admission
        self._utility = utility
        self._raise_currents = raise_currents
        self._tier = 0
        self._left = 0
        self._best = 0.0

    def run(self, tier: int, candidates: int, chargers: int) -> None:
        """Search among the candidates that were chosen, who are at their minima or off."""
        self._tier = tier
        self._left = LOOKS // max(chargers, 1)
        self._best = self._worth()
        size = candidates // 4
        while candidates > MANY and size > 1:
            for end in range(candidates, 0, -size):
                self._try(max(end - size, 0), end, complete=False)
            size //= 2
        improved = True
        while improved:
            improved = self._try_each(candidates)
        self._admission.outweigh()

    def _try_each(self, candidates: int) -> bool:
        improved = False
        for place in range(candidates - 1, -1, -1):
            for complete in (False, True):
                improved = self._try(place, place + 1, complete=complete) or improved
        return improved

    def _try(self, first: int, end: int, *, complete: bool) -> bool:
        """Drop a batch, or for one charger toggle it; return whether that is worth more, undo it if not."""
        if self._left <= 0:
            return False
        self._left -= 1
        if self._admission.toggle(first, end, complete):
            worth = self._worth()
            if worth > self._best * GAIN:
                self._best = worth
                return True
        self._admission.undo()
        return False

    def _worth(self) -> float:
        self._raise_currents(self._tier)
        worth: float = self._utility.worth(self._tier)
        return worth
