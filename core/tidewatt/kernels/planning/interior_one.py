"""The equations of the interior point for one unit on one circuit, and the peaks around them."""

from __future__ import annotations

import numpy as np

from . import _cholesky
from ._interior_one import OneEquations
from .problem import Floats


class PeakedOne:
    """`OneEquations` with the peaks that border them."""

    def __init__(self, one: OneEquations, *, inner: Floats, peak_change: Floats) -> None:
        """Take the arrays, see `OneEquations`."""
        self._one = one
        self._inner = inner
        self._peak_change = peak_change
        self._diagonal = np.zeros(peak_change.size)
        self.factor = self._factor if peak_change.size else one.factor
        self.solve = self._solve if peak_change.size else one.solve

    def _factor(self) -> None:
        """Factor all equations."""
        self._one.factor()
        _cholesky.factor(self._inner, self._diagonal)

    def _solve(self) -> None:
        """Replace the right-hand sides by the changes of the prices and of the peaks."""
        self._one.solve()
        self._one.meet()
        _cholesky.solve(self._inner, self._peak_change)
        self._one.part()
