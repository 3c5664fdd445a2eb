"""The equations of the interior point for many units: units first, then circuits from the leaves to the root.

The equations of a unit are tridiagonal, B = L D L'. What it takes from the equations of its circuit is W B^-1 W, and
B^-1 is semiseparable: element (j, k), j <= k, is the product of the ratios -L between j and k times element (k, k). So
a unit with K slots costs K^2 / 2 multiplications and no solution of equations. B is that of a chain of conductances:
`own` of each slot to the ground, `link` between slots and from the last to the ground. What is seen to the left and to
the right of a slot follows from sums and quotients of positive numbers alone, so nothing is ever lost by cancellation.
A circuit couples to the one above it by a diagonal, see `_cholesky.subtract_inverse`.
"""

import cython
import numpy as np

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

NEGLIGIBLE = cython.declare(cython.double, 1e-40)
"""A product of ratios below this changes nothing any more (and soon would be too small for fast arithmetic)."""


@cython.cclass
class UnitEquations:
    """Factors of the tridiagonal equations of all units. Arrays are float64[slots of all units].

    `ratio` is -L, `inverse` 1 / D, `left` the conductance each slot sees towards the slots before.
    """

    slot_start: cython.Py_ssize_t[::1]
    first_row: cython.Py_ssize_t[::1]
    own: cython.double[::1]
    cross: cython.double[::1]
    link: cython.double[::1]
    coupling: cython.double[::1]
    through: cython.double[::1]
    unit_change: cython.double[::1]
    site_change: cython.double[::1]
    ratio: cython.double[::1]
    inverse: cython.double[::1]
    left: cython.double[::1]
    decayed: cython.double[::1]
    matrix: cython.double[:, :, ::1]

    def __init__(
        self,
        *,
        slot_start: cython.Py_ssize_t[::1],
        first_row: cython.Py_ssize_t[::1],
        own: cython.double[::1],
        cross: cython.double[::1],
        link: cython.double[::1],
        coupling: cython.double[::1],
        through: cython.double[::1],
        unit_change: cython.double[::1],
        site_change: cython.double[::1],
        ratio: cython.double[::1],
        inverse: cython.double[::1],
        left: cython.double[::1],
        matrix: cython.double[:, :, ::1],
    ) -> None:
        """Take the arrays.

        Args:
            slot_start: see `_interior_units.UnitRows`, as well as first_row to site_change.
            first_row: see slot_start.
            own: see slot_start.
            cross: see slot_start.
            link: see slot_start.
            coupling: see slot_start.
            through: see slot_start.
            unit_change: see slot_start.
            site_change: see slot_start.
            ratio: scratch.
            inverse: scratch.
            left: scratch.
            matrix: float64[nodes, T, T], the equations of the circuits, upper triangles.
        """
        self.slot_start = slot_start
        self.first_row = first_row
        self.own = own
        self.cross = cross
        self.link = link
        self.coupling = coupling
        self.through = through
        self.unit_change = unit_change
        self.site_change = site_change
        self.ratio = ratio
        self.inverse = inverse
        self.matrix = matrix
        self.left = left
        self.decayed = np.zeros(matrix.shape[1])

    def factor(self) -> None:
        """Factor the equations of every unit and add what it leaves to those of its circuit."""
        self._sweep()
        self._add()

    @cython.cfunc
    def _sweep(self) -> cython.void:
        """Compute what each slot sees to its left, the ratios and the pivots."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        before: cython.double
        ratio: cython.double[::1] = self.ratio
        inverse: cython.double[::1] = self.inverse
        own: cython.double[::1] = self.own
        link: cython.double[::1] = self.link
        left: cython.double[::1] = self.left
        with cython.nogil:
            for i in range(self.first_row.shape[0]):
                before = 0.0
                for k in range(self.slot_start[i], self.slot_start[i + 1]):
                    left[k] = before
                    inverse[k] = 1.0 / (before + own[k] + link[k])
                    ratio[k] = link[k] * inverse[k]
                    before = ratio[k] * (before + own[k])

    @cython.cfunc
    def _add(self) -> cython.void:
        """Add the units to the equations of their circuits."""
        i: cython.Py_ssize_t
        j: cython.Py_ssize_t
        k: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        end: cython.Py_ssize_t
        last: cython.Py_ssize_t
        node: cython.Py_ssize_t
        start: cython.Py_ssize_t
        horizon: cython.Py_ssize_t = self.matrix.shape[1]
        right: cython.double
        element: cython.double
        mine: cython.double
        ratio: cython.double
        ratios: cython.double[::1] = self.ratio
        own: cython.double[::1] = self.own
        cross: cython.double[::1] = self.cross
        link: cython.double[::1] = self.link
        coupling: cython.double[::1] = self.coupling
        through: cython.double[::1] = self.through
        left: cython.double[::1] = self.left
        decayed: cython.double[::1] = self.decayed
        matrix: cython.double[:, :, ::1] = self.matrix
        with cython.nogil:
            for i in range(self.first_row.shape[0]):
                rows = self.slot_start[i]
                end = self.slot_start[i + 1] - rows
                last = end - 1
                node = self.first_row[i] // horizon
                start = self.first_row[i] % horizon
                right = 0.0
                for j in range(end - 1, -1, -1):
                    k = rows + j
                    right = link[k] * right / (link[k] + right) if j < last else link[k]
                    element = 1.0 / (left[k] + own[k] + right)
                    matrix[node, start + j, start + j] += (through[k] * (left[k] + right) + cross[k]) * element
                    right += own[k]
                    mine = coupling[k]
                    ratio = ratios[k]
                    for k in range(j + 1, end):
                        decayed[k] *= ratio
                    decayed[j] = mine * element
                    while end > j + 1 and decayed[end - 1] < NEGLIGIBLE:
                        end -= 1
                    for k in range(j + 1, end):
                        matrix[node, start + j, start + k] -= mine * decayed[k]

    def forward(self) -> None:
        """Solve the equations of the units, and add what that gives to the right-hand sides of their circuits."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        circuit: cython.Py_ssize_t
        value: cython.double
        ratio: cython.double[::1] = self.ratio
        inverse: cython.double[::1] = self.inverse
        coupling: cython.double[::1] = self.coupling
        unit_change: cython.double[::1] = self.unit_change
        site_change: cython.double[::1] = self.site_change
        with cython.nogil:
            for i in range(self.first_row.shape[0]):
                rows = self.slot_start[i]
                slots = self.slot_start[i + 1] - rows
                if slots == 0:
                    continue
                circuit = self.first_row[i] - rows
                for k in range(rows, rows + slots - 1):
                    unit_change[k + 1] += ratio[k] * unit_change[k]
                value = 0.0
                for k in range(rows + slots - 1, rows - 1, -1):
                    value = unit_change[k] * inverse[k] + (ratio[k] * value if k < rows + slots - 1 else 0.0)
                    unit_change[k] = value
                    site_change[circuit + k] += coupling[k] * value

    def backward(self) -> None:
        """Add what the changes of the circuits' prices change in the prices of the units."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        circuit: cython.Py_ssize_t
        value: cython.double
        ratio: cython.double[::1] = self.ratio
        inverse: cython.double[::1] = self.inverse
        coupling: cython.double[::1] = self.coupling
        unit_change: cython.double[::1] = self.unit_change
        site_change: cython.double[::1] = self.site_change
        solved: cython.double[::1] = self.decayed
        with cython.nogil:
            for i in range(self.first_row.shape[0]):
                rows = self.slot_start[i]
                slots = self.slot_start[i + 1] - rows
                if slots == 0:
                    continue
                circuit = self.first_row[i] - rows
                value = 0.0
                for k in range(rows, rows + slots):
                    value = coupling[k] * site_change[circuit + k] + (ratio[k - 1] * value if k > rows else 0.0)
                    solved[k - rows] = value
                value = 0.0
                for k in range(rows + slots - 1, rows - 1, -1):
                    value = solved[k - rows] * inverse[k] + (ratio[k] * value if k < rows + slots - 1 else 0.0)
                    unit_change[k] += value
