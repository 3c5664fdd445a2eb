"""The equations of the interior point for one unit on one circuit, solved slot after slot.

The row of the circuit is taken out of each slot; what remains is a chain of conductances, see `_schur`, so nothing is
lost by cancellation and the time is linear in slots. For several units that order loses what one gives to another.
"""

import cython
import numpy as np

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""


@cython.cclass
class OneEquations:
    """Factors of the equations of a unit, its circuit and the peaks."""

    arrival: cython.Py_ssize_t
    own: cython.double[::1]
    cross: cython.double[::1]
    link: cython.double[::1]
    coupling: cython.double[::1]
    through: cython.double[::1]
    unit_change: cython.double[::1]
    ratio: cython.double[::1]
    inverse: cython.double[::1]
    site_own: cython.double[::1]
    site_change: cython.double[::1]
    row_slot: cython.Py_ssize_t[::1]
    row_peak: cython.Py_ssize_t[::1]
    share: cython.double[::1]
    peak_diagonal: cython.double[::1]
    peak_change: cython.double[::1]
    inner: cython.double[:, ::1]
    by_site: cython.double[::1]
    solved_unit: cython.double[:, ::1]
    solved_site: cython.double[:, ::1]

    def __init__(
        self,
        *,
        arrival: cython.Py_ssize_t,
        own: cython.double[::1],
        cross: cython.double[::1],
        link: cython.double[::1],
        coupling: cython.double[::1],
        through: cython.double[::1],
        unit_change: cython.double[::1],
        ratio: cython.double[::1],
        inverse: cython.double[::1],
        site_own: cython.double[::1],
        site_change: cython.double[::1],
        row_slot: cython.Py_ssize_t[::1],
        row_peak: cython.Py_ssize_t[::1],
        share: cython.double[::1],
        peak_diagonal: cython.double[::1],
        peak_change: cython.double[::1],
        inner: cython.double[:, ::1],
    ) -> None:
        """Take the arrays.

        Args:
            arrival: the unit's first slot.
            own: see `_interior_units.UnitRows`, as well as cross to unit_change.
            cross: see own.
            link: see own.
            coupling: see own.
            through: see own.
            unit_change: see own.
            ratio: scratch, float64[slots of the unit].
            inverse: see ratio.
            site_own: `own` of `_interior_circuits.SiteRows`, as well as the others.
            site_change: see site_own.
            row_slot: see site_own.
            row_peak: see site_own.
            share: see site_own.
            peak_diagonal: see site_own.
            peak_change: see site_own.
            inner: float64[peaks, peaks], filled with the equations of the peaks alone.
        """
        self.arrival = arrival
        self.own = own
        self.cross = cross
        self.link = link
        self.coupling = coupling
        self.through = through
        self.unit_change = unit_change
        self.ratio = ratio
        self.inverse = inverse
        self.site_own = site_own
        self.site_change = site_change
        self.row_slot = row_slot
        self.row_peak = row_peak
        self.share = share
        self.peak_diagonal = peak_diagonal
        self.peak_change = peak_change
        self.inner = inner
        self.by_site = np.zeros(site_own.shape[0])
        self.solved_unit = np.zeros((inner.shape[0], own.shape[0]))
        self.solved_site = np.zeros((inner.shape[0], site_own.shape[0]))

    def factor(self) -> None:
        """Factor the equations of all slots, and fill those of the peaks."""
        p: cython.Py_ssize_t
        q: cython.Py_ssize_t
        r: cython.Py_ssize_t
        with cython.nogil:
            self._sweep()
            for p in range(self.inner.shape[0]):
                self._border(p)
                for q in range(self.inner.shape[0]):
                    self.inner[p, q] = self.peak_diagonal[p] if p == q else 0.0
            for p in range(self.inner.shape[0]):
                for r in range(self.row_slot.shape[0]):
                    q = self.row_peak[r]
                    self.inner[q, p] += self.share[r] * self.solved_site[p, self.row_slot[r]]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sweep(self) -> cython.void:
        """Take the circuit out of every slot, and compute the ratios and the pivots of the unit."""
        t: cython.Py_ssize_t
        k: cython.Py_ssize_t
        seen: cython.double = 0.0
        by_site: cython.double[::1] = self.by_site
        site_own: cython.double[::1] = self.site_own
        ratio: cython.double[::1] = self.ratio
        inverse: cython.double[::1] = self.inverse
        for t in range(by_site.shape[0]):
            by_site[t] = 1.0 / site_own[t] if site_own[t] > 0.0 else 0.0
        for k in range(self.own.shape[0]):
            t = self.arrival + k
            if site_own[t] + self.through[k] > 0.0:
                by_site[t] = 1.0 / (site_own[t] + self.through[k])
            seen += (self.own[k] * site_own[t] + self.cross[k]) * by_site[t]
            inverse[k] = 1.0 / (seen + self.link[k])
            ratio[k] = self.link[k] * inverse[k]
            seen = ratio[k] * seen

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _border(self, p: cython.Py_ssize_t) -> cython.void:
        """Solve for what a peak changes."""
        j: cython.Py_ssize_t
        for j in range(self.solved_unit.shape[1]):
            self.solved_unit[p, j] = 0.0
        for j in range(self.solved_site.shape[1]):
            self.solved_site[p, j] = 0.0
        for j in range(self.row_slot.shape[0]):
            if self.row_peak[j] == p:
                self.solved_site[p, self.row_slot[j]] = self.share[j]
        self._solve(self.solved_unit[p], self.solved_site[p])

    def solve(self) -> None:
        """Replace the right-hand sides of unit and circuit by the changes of their prices, peaks not considered."""
        with cython.nogil:
            self._solve(self.unit_change, self.site_change)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _solve(self, unit: cython.double[::1], site: cython.double[::1]) -> cython.void:
        """Solve, from the first slot to the last and back."""
        t: cython.Py_ssize_t
        k: cython.Py_ssize_t
        value: cython.double = 0.0
        by_site: cython.double[::1] = self.by_site
        ratio: cython.double[::1] = self.ratio
        coupling: cython.double[::1] = self.coupling
        for t in range(site.shape[0]):
            site[t] *= by_site[t]
        for k in range(unit.shape[0]):
            value = unit[k] + coupling[k] * site[self.arrival + k] + (ratio[k - 1] * value if k > 0 else 0.0)
            unit[k] = value
        value = 0.0
        for k in range(unit.shape[0] - 1, -1, -1):
            value = unit[k] * self.inverse[k] + ratio[k] * value
            unit[k] = value
            site[self.arrival + k] += by_site[self.arrival + k] * coupling[k] * value

    def meet(self) -> None:
        """Set the right-hand sides of the equations of the peaks alone, `inner`."""
        r: cython.Py_ssize_t
        with cython.nogil:
            for r in range(self.peak_change.shape[0]):
                self.peak_change[r] = -self.peak_change[r]
            for r in range(self.row_slot.shape[0]):
                self.peak_change[self.row_peak[r]] += self.share[r] * self.site_change[self.row_slot[r]]

    def part(self) -> None:
        """Take what the peaks change from the changes of the prices."""
        p: cython.Py_ssize_t
        j: cython.Py_ssize_t
        with cython.nogil:
            for p in range(self.peak_change.shape[0]):
                for j in range(self.unit_change.shape[0]):
                    self.unit_change[j] -= self.peak_change[p] * self.solved_unit[p, j]
                for j in range(self.site_change.shape[0]):
                    self.site_change[j] -= self.peak_change[p] * self.solved_site[p, j]
