"""The equations of the interior point for many units, solved from the units through the circuits to the root."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from . import _cholesky
from ._schur import UnitEquations
from .interior_space import Space
from .problem import Floats

type Indices = npt.NDArray[np.intp]


class TreeEquations:
    """The equations of units, circuits and peaks, solved from the units to the root and back."""

    def __init__(
        self,
        units: UnitEquations,
        *,
        parent: Indices,
        matrix: Floats,
        own: Floats,
        link: Floats,
        site_change: Floats,
        row_slot: Indices,
        row_peak: Indices,
        share: Floats,
        peak_diagonal: Floats,
        peak_change: Floats,
        space: Space,
    ) -> None:
        """Take the arrays, see `_interior_circuits.SiteRows`; matrix is that of the units, float64[nodes, T, T].

        What else is needed is taken from `space`.
        """
        self._units = units
        self._parent = parent
        self._above = parent.tolist()
        nodes, slots, _ = matrix.shape
        self._matrix = list(matrix)
        self._all = matrix
        self._own = own.reshape(nodes, slots)
        self._links, self._changes = link.reshape(nodes, slots), site_change.reshape(nodes, slots)
        self._link = list(self._links)
        self._root_change = self._changes[0]
        self._diagonals = np.einsum("vtt->vt", matrix)
        self._diagonal = np.zeros(slots)
        self._work = space.zeros(slots, slots) if nodes > 1 else np.zeros((0, 0))
        self._row = (row_slot, row_peak)
        self._share = share
        self._peak_diagonal = peak_diagonal
        self._peak_change = peak_change
        self._border = np.zeros((peak_change.size, slots))
        self._solved = np.zeros((peak_change.size, slots))
        self._inner = np.zeros((peak_change.size, peak_change.size))
        self._inner_diagonals = np.einsum("pp->p", self._inner)
        self._inner_diagonal = np.zeros(peak_change.size)

    def factor(self) -> None:
        """Factor all equations."""
        self._all[:] = 0.0
        self._diagonals += self._own
        self._units.factor()
        for v, above in zip(range(len(self._matrix) - 1, 0, -1), self._above[:0:-1], strict=True):
            _cholesky.factor(self._matrix[v], self._diagonal)
            _cholesky.subtract_inverse(self._matrix[v], self._link[v], self._work, self._matrix[above])
        _cholesky.factor(self._matrix[0], self._diagonal)
        if self._peak_change.size:
            slot, peak = self._row
            self._border[peak, slot] = self._share
            self._solved[:] = self._border
            _cholesky.solve_rows(self._matrix[0], self._solved)
            np.matmul(self._border, self._solved.T, out=self._inner)
            self._inner_diagonals += self._peak_diagonal
            _cholesky.factor(self._inner, self._inner_diagonal)

    def solve(self) -> None:
        """Replace the right-hand sides by the changes of the prices (and of the peaks)."""
        self._units.forward()
        change = self._root_change
        if len(self._matrix) > 1:
            _cholesky.climb(self._all, self._parent, self._links, self._changes)
        _cholesky.solve(self._matrix[0], change)
        if self._peak_change.size:
            self._peak_change *= -1.0
            self._peak_change += self._border @ change
            _cholesky.solve(self._inner, self._peak_change)
            change -= self._peak_change @ self._solved
        if len(self._matrix) > 1:
            _cholesky.descend(self._all, self._parent, self._links, self._changes, self._diagonal)
        self._units.backward()
