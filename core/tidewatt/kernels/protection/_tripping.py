"""How much of the way to opening a device has gone, on the early edge of its band.

Between two gates the early edge is not their connecting line: the curve of a real device is hollow and lies below it.
What is sure is that the energy it takes to open it falls with rising current, because less heat is lost, so that
`t I^2 >= t_gate I_gate^2` at any current below a gate; in the usual logarithmic picture this is a line of slope -2
through the gate. The early edge is the highest of these lines.

The unchecked indexing is sound because both gate arrays have the length of the curve.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import exp, fabs, sqrt

from .curves import Floats

COMPILED: bool = cython.compiled

LARGEST_A = cython.declare(cython.double, 1e6)
FOREVER_S = cython.declare(cython.double, float("inf"))
# Taken off an inverse, so that rounding cannot carry it over the edge.
ROUNDING = cython.declare(cython.double, 1e-12)


@cython.cclass
class Tripping:
    """The early edge of one curve, and the fraction of the way that a current goes along it."""

    rated_a: cython.double
    warm: cython.double
    cooling_s: cython.double
    gate_a: cython.double[::1]
    gate_s: cython.double[::1]

    def __init__(
        self,
        *,
        rated_a: cython.double,
        warm: cython.double,
        cooling_s: cython.double,
        gate_a: cython.double[::1],
        gate_s: cython.double[::1],
    ) -> None:
        """Take over a curve.

        Args:
            rated_a: carried for ever.
            warm: fraction after rated current for ever.
            cooling_s: time constant of cooling.
            gate_a: float64[G], rising, gate_s float64[G], falling: carried for at least so long.
            gate_s: see gate_a.
        """
        self.rated_a = rated_a
        self.warm = warm
        self.cooling_s = cooling_s
        self.gate_a = gate_a
        self.gate_s = gate_s

    def earliest_s(self, current_a: cython.double) -> cython.double:
        """Return the time that a current is carried for at least, from cold; infinite up to the rating."""
        return self._earliest_s(fabs(current_a))

    def step(self, fraction: cython.double, current_a: cython.double, duration_s: cython.double) -> cython.double:
        """Return the fraction after a while of constant current."""
        return self._step(fraction, fabs(current_a), duration_s, exp(-duration_s / self.cooling_s))

    @cython.locals(current_a="const double[::1]")
    def run(
        self, fraction: cython.double, current_a: Floats, step_s: cython.double, fractions: cython.double[::1]
    ) -> cython.bint:
        """Fill the fractions at the ends of the steps; False, and spoiled, if a current cannot be.

        Args:
            fraction: at the start.
            current_a: float64[T], constant within each step.
            step_s: length of a step.
            fractions: float64[T], filled.
        """
        index: cython.Py_ssize_t
        usable: cython.bint = True
        decay: cython.double = exp(-step_s / self.cooling_s)
        with cython.nogil:
            for index in range(fractions.shape[0]):
                if not fabs(current_a[index]) <= LARGEST_A:
                    usable = False
                    break
                fraction = self._step(fraction, fabs(current_a[index]), step_s, decay)
                fractions[index] = fraction
        return usable

    def largest_a(self, duration_s: cython.double) -> cython.double:
        """Return the largest current that is carried for a time, from cold; the rating at least."""
        largest: cython.double = self.rated_a
        gate: cython.Py_ssize_t
        shrunk: cython.double
        for gate in range(self.gate_a.shape[0]):
            shrunk = self.gate_a[gate]
            if duration_s > self.gate_s[gate]:
                shrunk *= sqrt(self.gate_s[gate] / duration_s) * (1.0 - ROUNDING)
            largest = max(largest, shrunk)
        return largest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _earliest_s(self, current: cython.double) -> cython.double:
        earliest: cython.double = 0.0
        gate: cython.Py_ssize_t
        ratio: cython.double
        if current <= self.rated_a:
            return FOREVER_S
        for gate in range(self.gate_a.shape[0]):
            if current <= self.gate_a[gate]:
                ratio = self.gate_a[gate] / current
                earliest = max(earliest, self.gate_s[gate] * ratio * ratio)
        return earliest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _step(
        self, fraction: cython.double, current: cython.double, duration_s: cython.double, decay: cython.double
    ) -> cython.double:
        """Return the fraction after a while; `decay` is what cooling leaves of a difference in this time."""
        settled: cython.double
        earliest_s: cython.double
        if duration_s <= 0.0:
            return fraction
        if current <= self.rated_a:
            settled = self.warm * (current / self.rated_a) * (current / self.rated_a)
            if fraction <= settled:
                return settled
            return settled + (fraction - settled) * decay
        earliest_s = self._earliest_s(current)
        if duration_s >= earliest_s * (1.0 - fraction):
            return 1.0
        return fraction + duration_s / earliest_s
