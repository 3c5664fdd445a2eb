"""Whether rows hold, who is let in at the minimum, and who gets the next whole step.

A row holds when none of its vectors is longer than its limit: the base alone, or with what flows in one of its windows.
How rows, slots and windows are meant is said in `_filling`, which shares all arrays of the cycle with this.

The unchecked indexing is sound because the structure is built from a site that `checks` accepted.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import ceil, floor, sqrt

from .cycle import Cycle
from .structure import Structure

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
# A current that is off the step grid by less than this many steps is on it.
ROUNDING = cython.declare(cython.double, 1e-9)
UNLIMITED = cython.declare(cython.double, float("inf"))


@cython.cclass
class Admission:
    """Lets chargers in and hands out steps, as long as the rows hold; no allocation from cycle to cycle."""

    row_slot: cython.Py_ssize_t[::1]
    slot_re: cython.double[::1]
    slot_im: cython.double[::1]
    row_window: cython.Py_ssize_t[::1]
    window_slot: cython.Py_ssize_t[::1]
    window_slots: cython.Py_ssize_t[::1]
    wiring_entry: cython.Py_ssize_t[::1]
    entry_row: cython.Py_ssize_t[::1]
    entry_slot: cython.Py_ssize_t[::1]
    entry_gain: cython.double[::1]
    wiring: cython.Py_ssize_t[::1]
    narrow: cython.uchar[::1]
    base_re: cython.double[::1]
    base_im: cython.double[::1]
    limit_a: cython.double[::1]
    minimum_a: cython.double[::1]
    maximum_a: cython.double[::1]
    step_a: cython.double[::1]
    ceiling_a: cython.double[::1]
    current_a: cython.double[::1]
    bound_by: cython.Py_ssize_t[::1]
    paused: cython.uchar[::1]
    amount: cython.double[::1]
    window_end: cython.Py_ssize_t[::1]

    def __init__(self, structure: Structure, cycle: Cycle) -> None:
        """Take the arrays of both."""
        self.row_slot = structure.row_slot
        self.slot_re = structure.slot_re
        self.slot_im = structure.slot_im
        self.row_window = structure.row_window
        self.window_slot = structure.window_slot
        self.window_slots = structure.window_slots
        self.wiring_entry = structure.wiring_entry
        self.entry_row = structure.entry_row
        self.entry_slot = structure.entry_slot
        self.entry_gain = structure.entry_gain
        self.wiring = structure.wiring
        self.narrow = structure.narrow
        self.base_re = cycle.base_re
        self.base_im = cycle.base_im
        self.limit_a = cycle.limit_a
        self.minimum_a = cycle.minimum_a
        self.maximum_a = cycle.maximum_a
        self.step_a = cycle.step_a
        self.ceiling_a = cycle.ceiling_a
        self.current_a = cycle.current_a
        self.bound_by = cycle.bound_by
        self.paused = cycle.paused
        self.amount = cycle.amount
        self.window_end = cycle.window_end

    def choose(self) -> None:
        """Find the windows that can be the longest with these bases: only the widest where nothing points back."""
        r: cython.Py_ssize_t
        s: cython.Py_ssize_t
        one: cython.bint
        with cython.nogil:
            for r in range(self.window_end.shape[0]):
                one = self.narrow[r] and self.row_window[r] < self.row_window[r + 1]
                for s in range(self.row_slot[r], self.row_slot[r + 1]):
                    if self.base_re[r] * self.slot_re[s] + self.base_im[r] * self.slot_im[s] < 0.0:
                        one = False
                self.window_end[r] = self.row_window[r] + 1 if one else self.row_window[r + 1]

    def load(self) -> None:
        """Let the present currents flow: `amount` follows from `current_a`."""
        i: cython.Py_ssize_t
        with cython.nogil:
            for i in range(self.amount.shape[0]):
                self.amount[i] = 0.0
            for i in range(self.current_a.shape[0]):
                self._add(i, self.current_a[i])

    def longest_a(self, longest: cython.double[::1]) -> None:
        """Write the length of the longest vector of every row, with what flows.

        Args:
            longest: float64[R], written.
        """
        r: cython.Py_ssize_t
        with cython.nogil:
            for r in range(longest.shape[0]):
                longest[r] = sqrt(self._longest(r))

    def admit(self, order: cython.Py_ssize_t[::1]) -> None:
        """Let in at their minimum, in the given order, all that fit. Minima and maxima become whole steps.

        Args:
            order: intp[N], all chargers; nothing flows yet.
        """
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        with cython.nogil:
            for k in range(order.shape[0]):
                i = order[k]
                self.ceiling_a[i] = 0.0
                self.bound_by[i] = -1
                self.paused[i] = 0
                if self.step_a[i] > 0.0:
                    self.minimum_a[i] = ceil(self.minimum_a[i] / self.step_a[i] - ROUNDING) * self.step_a[i]
                    self.maximum_a[i] = floor(self.maximum_a[i] / self.step_a[i] + ROUNDING) * self.step_a[i]
                if self.maximum_a[i] < self.minimum_a[i]:
                    continue
                self.bound_by[i] = self._fit(i, self.minimum_a[i])
                if self.bound_by[i] < 0:
                    self.current_a[i] = self.minimum_a[i]
                    self.ceiling_a[i] = self.maximum_a[i]
                else:
                    self.paused[i] = 1

    def round_down(self) -> None:
        """Bring the chargers that have steps onto them."""
        i: cython.Py_ssize_t
        with cython.nogil:
            for i in range(self.current_a.shape[0]):
                if self.step_a[i] > 0.0:
                    self.current_a[i] = floor(self.current_a[i] / self.step_a[i] + ROUNDING) * self.step_a[i]

    def hand_out(self, order: cython.Py_ssize_t[::1]) -> None:
        """Give, in the given order, one more step to each that fits; then nobody with steps may rise any more.

        Args:
            order: intp[N], all chargers; those without steps are passed over.
        """
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        obstacle: cython.Py_ssize_t
        with cython.nogil:
            for k in range(order.shape[0]):
                i = order[k]
                if self.step_a[i] <= 0.0:
                    continue
                if self.current_a[i] < self.ceiling_a[i]:
                    obstacle = self._fit(i, self.step_a[i])
                    if obstacle < 0:
                        self.current_a[i] = floor(self.current_a[i] / self.step_a[i] + 1.5) * self.step_a[i]
                    if obstacle >= 0 or self.current_a[i] >= self.ceiling_a[i]:
                        self.bound_by[i] = obstacle
                self.ceiling_a[i] = self.current_a[i]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fit(self, i: cython.Py_ssize_t, more_a: cython.double) -> cython.Py_ssize_t:
        """Let charger i take more if its rows hold then, or return the first on its way to the root that does not."""
        e: cython.Py_ssize_t
        r: cython.Py_ssize_t
        most_a: cython.double
        g: cython.Py_ssize_t = self.wiring[i]
        self._add(i, more_a)
        for e in range(self.wiring_entry[g], self.wiring_entry[g + 1]):
            r = self.entry_row[e]
            most_a = self.limit_a[r] + TOLERANCE_A
            if most_a < UNLIMITED and (most_a < 0.0 or self._longest(r) > most_a * most_a):
                self._add(i, -more_a)
                return r
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add(self, i: cython.Py_ssize_t, more_a: cython.double) -> cython.void:
        e: cython.Py_ssize_t
        g: cython.Py_ssize_t = self.wiring[i]
        for e in range(self.wiring_entry[g], self.wiring_entry[g + 1]):
            self.amount[self.entry_slot[e]] += self.entry_gain[e] * more_a

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _longest(self, r: cython.Py_ssize_t) -> cython.double:
        """Return the square of the length of the longest vector of row r."""
        longest: cython.double = self.base_re[r] * self.base_re[r] + self.base_im[r] * self.base_im[r]
        w: cython.Py_ssize_t
        s: cython.Py_ssize_t
        _: cython.Py_ssize_t
        re: cython.double
        im: cython.double
        for w in range(self.row_window[r], self.window_end[r]):
            re = self.base_re[r]
            im = self.base_im[r]
            s = self.window_slot[w]
            for _ in range(self.window_slots[w]):
                re += self.amount[s] * self.slot_re[s]
                im += self.amount[s] * self.slot_im[s]
                s += 1
                if s == self.row_slot[r + 1]:
                    s = self.row_slot[r]
            longest = max(longest, re * re + im * im)
        return longest
