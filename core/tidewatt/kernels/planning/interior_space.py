"""Room for the arrays of the interior point that is used again by the next plan."""

from __future__ import annotations

from math import prod
from typing import Final

import numpy as np

from .problem import Floats

KEPT: Final = 1 << 22
"""How many numbers are kept for later at most, 32 MiB; a larger problem gets more, but only for itself."""


class Space:
    """Hands out arrays one after the other; problems of the same size get the same ones, and nothing is allocated."""

    def __init__(self) -> None:
        """Begin without any room."""
        self._room: Floats = np.empty(0)
        self._used = 0

    def begin(self) -> None:
        """Take all arrays back; make as much room as the last problem needed."""
        needed = min(self._used, KEPT)
        if needed > self._room.size:
            self._room = np.empty(needed)
        self._used = 0

    def zeros(self, *shape: int) -> Floats:
        """Return an array of zeros that is good until the next `begin`."""
        size = prod(shape)
        first, self._used = self._used, self._used + size
        if self._used > self._room.size:
            return np.zeros(shape)
        values: Floats = self._room[first : self._used].reshape(shape)
        values[:] = 0.0
        return values
