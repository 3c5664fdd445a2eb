"""Finds the first value of a problem that cannot be meant, in one pass over all arrays.

Everything behind it indexes unchecked: this pass bounds parents, circuits and phases, and keeps every magnitude so far
from the ends of the number range that no quotient or sum of the kernel overflows.
"""

from __future__ import annotations

import cython
import numpy as np

from tidewatt.kernels.validation import MOST_LEVELS

from .workspace import Workspace

COMPILED: bool = cython.compiled

LARGEST_A = 1e4
LARGEST_BASE_A = 1e6
LARGEST_V = 1e5
SMALLEST_V = 1.0
LEAST_WEIGHT = 1e-9
LARGEST_WEIGHT = 1e9
LARGEST_DEFICIT = 1e12
SMALLEST_STEP_A = 1e-3

SOUND = 0
FIELDS = (
    "",
    "parent",
    "import_limit_a",
    "export_limit_a",
    "base_a",
    "total_import_limit_w",
    "total_export_limit_w",
    "imbalance_limit_a",
    "voltage_v",
    "circuit",
    "phases",
    "direction",
    "minimum_a",
    "maximum_a",
    "step_a",
    "weight",
    "deficit",
    "relied_a",
)
"""By the number that `Checks.fault` returns."""

_LARGEST_A = cython.declare(cython.double, LARGEST_A)
_LARGEST_BASE_A = cython.declare(cython.double, LARGEST_BASE_A)
_LARGEST_V = cython.declare(cython.double, LARGEST_V)
_SMALLEST_V = cython.declare(cython.double, SMALLEST_V)
_MOST_LEVELS = cython.declare(cython.int, MOST_LEVELS)
_LEAST_WEIGHT = cython.declare(cython.double, LEAST_WEIGHT)
_LARGEST_WEIGHT = cython.declare(cython.double, LARGEST_WEIGHT)
_LARGEST_DEFICIT = cython.declare(cython.double, LARGEST_DEFICIT)
_SMALLEST_STEP_A = cython.declare(cython.double, SMALLEST_STEP_A)


@cython.final
@cython.cclass
class Checks:
    """Views of a problem's arrays, and the place of the first fault that the last pass found."""

    parent: cython.const_int[::1]
    import_limit_a: cython.const_double[::1]
    export_limit_a: cython.const_double[::1]
    base_a: cython.const_double[::1]
    total_import_limit_w: cython.const_double[::1]
    total_export_limit_w: cython.const_double[::1]
    imbalance_limit_a: cython.const_double[::1]
    voltage_v: cython.const_double[::1]
    circuit: cython.const_int[::1]
    phases: cython.const_uchar[::1]
    direction: cython.const_schar[::1]
    minimum_a: cython.const_double[::1]
    maximum_a: cython.const_double[::1]
    step_a: cython.const_double[::1]
    weight: cython.const_double[::1]
    deficit: cython.const_double[::1]
    relied_a: cython.const_double[::1]
    level: cython.int[::1]
    place: cython.Py_ssize_t

    def __init__(self, views: Workspace) -> None:
        """Take the views of a workspace."""
        self.parent = views.parent
        self.import_limit_a = views.import_limit_a
        self.export_limit_a = views.export_limit_a
        self.base_a = views.base_a
        self.total_import_limit_w = views.total_import_limit_w
        self.total_export_limit_w = views.total_export_limit_w
        self.imbalance_limit_a = views.imbalance_limit_a
        self.voltage_v = views.voltage_v
        self.circuit = views.circuit
        self.phases = views.phases
        self.direction = views.direction
        self.minimum_a = views.minimum_a
        self.maximum_a = views.maximum_a
        self.step_a = views.step_a
        self.weight = views.weight
        self.deficit = views.deficit
        self.relied_a = views.relied_a
        self.level = memoryview(np.zeros(len(views.parent), np.int32))
        self.place = 0

    def fault(self) -> cython.int:
        """Return the number of the field of the first fault, `SOUND` without one; `where` has its place."""
        found: cython.int
        with cython.nogil:
            found = self._in_circuits()
            if found == 0:
                found = self._in_chargers()
        return found

    def where(self) -> cython.Py_ssize_t:
        """Return the place of the fault in the flat array."""
        return self.place

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _in_circuits(self) -> cython.int:
        v: cython.Py_ssize_t
        p: cython.Py_ssize_t
        found: cython.int
        for v in range(self.parent.shape[0]):
            self.place = v
            found = self._circuit_fault(v)
            if found != 0:
                return found
        for p in range(3 * self.parent.shape[0]):
            self.place = p
            found = self._phase_fault(p)
            if found != 0:
                return found
        for p in range(3):
            self.place = p
            if not (self.voltage_v[p] == 0.0 or _SMALLEST_V <= self.voltage_v[p] <= _LARGEST_V):
                return 8
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _circuit_fault(self, v: cython.Py_ssize_t) -> cython.int:
        if not (self.parent[v] == -1 if v == 0 else 0 <= self.parent[v] < v):
            return 1
        self.level[v] = self.level[self.parent[v]] + 1 if v > 0 else 1
        if self.level[v] > _MOST_LEVELS:
            return 1
        if not self.total_import_limit_w[v] >= 0.0:
            return 5
        if not self.total_export_limit_w[v] >= 0.0:
            return 6
        return 0 if self.imbalance_limit_a[v] >= 0.0 else 7

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _phase_fault(self, p: cython.Py_ssize_t) -> cython.int:
        if not self.import_limit_a[p] >= 0.0:
            return 2
        if not self.export_limit_a[p] >= 0.0:
            return 3
        return 0 if -_LARGEST_BASE_A <= self.base_a[p] <= _LARGEST_BASE_A else 4

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _in_chargers(self) -> cython.int:
        i: cython.Py_ssize_t
        found: cython.int
        for i in range(self.circuit.shape[0]):
            found = self._wiring_fault(i)
            if found == 0:
                found = self._range_fault(i)
            if found == 0:
                found = self._share_fault(i)
            if found != 0:
                self.place = i
                return found
        return 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _wiring_fault(self, i: cython.Py_ssize_t) -> cython.int:
        if not 0 <= self.circuit[i] < self.parent.shape[0]:
            return 9
        if not 1 <= self.phases[i] <= 7:
            return 10
        return 0 if self.direction[i] == 1 or self.direction[i] == -1 else 11

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _range_fault(self, i: cython.Py_ssize_t) -> cython.int:
        if not 0.0 <= self.minimum_a[i] <= _LARGEST_A:
            return 12
        if not self.minimum_a[i] <= self.maximum_a[i] <= _LARGEST_A:
            return 13
        return 0 if self.step_a[i] == 0.0 or _SMALLEST_STEP_A <= self.step_a[i] <= _LARGEST_A else 14

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _share_fault(self, i: cython.Py_ssize_t) -> cython.int:
        if not _LEAST_WEIGHT <= self.weight[i] <= _LARGEST_WEIGHT:
            return 15
        if not 0.0 <= self.deficit[i] <= _LARGEST_DEFICIT:
            return 16
        return 0 if 0.0 <= self.relied_a[i] <= _LARGEST_A else 17
