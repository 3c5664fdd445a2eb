"""Whole steps: what is left over when currents are rounded down goes step by step to whoever lacks most.

The unchecked indexing is sound because slots, groups and entries come from `_order` and `_rows`.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import floor
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
# A current that is off the step grid by less than this many steps is on it.
ROUNDING = cython.declare(cython.double, 1e-9)


@cython.final
@cython.cclass
class Steps:
    """Currents on step grids, and a heap of the chargers that can take another step."""

    left: cython.double[::1]
    slot_at: cython.int[::1]
    group_of: cython.int[::1]
    group_tier: cython.int[::1]
    entry_at: cython.int[::1]
    entry_row: cython.int[::1]
    entry_per_a: cython.double[::1]
    weight: cython.double[::1]
    high_a: cython.double[::1]
    step_a: cython.double[::1]
    current_a: cython.double[::1]
    on: cython.uchar[::1]
    fair_a: cython.double[::1]
    steps: cython.double[::1]
    key: cython.double[::1]
    item: cython.int[::1]
    size: cython.Py_ssize_t

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        chargers: cython.Py_ssize_t = space.chargers
        self.left, self.slot_at, self.group_of = space.left, space.slot_at, space.group_of
        self.group_tier, self.entry_at = space.group_tier, space.entry_at
        self.weight, self.high_a, self.step_a = space.slot_weight, space.high_a, space.slot_step_a
        self.current_a, self.on = space.current_a, space.on
        self.take_entries(space)
        self.fair_a = memoryview(np.zeros(chargers))
        self.steps = memoryview(np.zeros(chargers))
        self.key = memoryview(np.zeros(chargers))
        self.item = memoryview(np.zeros(chargers, np.int32))
        self.size = 0

    def take_entries(self, space: Workspace) -> None:
        """Take the entries of a workspace, which may have been allocated anew."""
        self.entry_row, self.entry_per_a = space.entry_row, space.entry_per_a

    def round_down(self, tier: cython.int) -> cython.bint:
        """Bring the stepped chargers of a tier onto their grids; return whether it has others that are on."""
        smooth: cython.bint
        with cython.nogil:
            smooth = self._round_down(tier)
        return smooth

    def hand_out(self) -> None:
        """Hand out whole steps, each to the charger that lacks most of its fair current for its weight and fits."""
        with cython.nogil:
            self._hand_out()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _round_down(self, tier: cython.int) -> cython.bint:
        s: cython.Py_ssize_t
        smooth: cython.bint = False
        self.size = 0
        for s in range(self.on.shape[0]):
            if not self.on[s] or self.group_tier[self.group_of[s]] != tier:
                continue
            if self.step_a[s] <= 0.0:
                smooth = True
                continue
            self.fair_a[s] = self.current_a[s]
            self.steps[s] = floor(self.current_a[s] / self.step_a[s] + ROUNDING)
            self.current_a[s] = self.steps[s] * self.step_a[s]
            if self.current_a[s] < self.high_a[s]:
                self.item[self.size] = s
                self.key[self.size] = (self.current_a[s] - self.fair_a[s]) / self.weight[s]
                self.size += 1
        return smooth

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _hand_out(self) -> cython.void:
        k: cython.Py_ssize_t
        s: cython.Py_ssize_t
        g: cython.Py_ssize_t
        e: cython.Py_ssize_t
        for k in range(self.size // 2 - 1, -1, -1):
            self._sink(k)
        while self.size > 0:
            s = self.item[0]
            g = self.group_of[s]
            if self.current_a[s] < self.high_a[s] and self._fits(s, g):
                for e in range(self.entry_at[g], self.entry_at[g + 1]):
                    self.left[self.entry_row[e]] -= self.entry_per_a[e] * self.step_a[s]
                self.steps[s] += 1.0
                self.current_a[s] = self.steps[s] * self.step_a[s]
                self.key[0] = (self.current_a[s] - self.fair_a[s]) / self.weight[s]
            else:
                self.size -= 1
                self.item[0] = self.item[self.size]
                self.key[0] = self.key[self.size]
            self._sink(0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fits(self, s: cython.Py_ssize_t, g: cython.Py_ssize_t) -> cython.bint:
        e: cython.Py_ssize_t
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            if self.entry_per_a[e] * (self.step_a[s] - TOLERANCE_A) > self.left[self.entry_row[e]]:
                return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sink(self, place: cython.Py_ssize_t) -> cython.void:
        """Move a charger of the heap down to where its key belongs; of equal keys the first slot is on top."""
        key: cython.double
        item: cython.int
        child: cython.Py_ssize_t = 2 * place + 1
        if place >= self.size:
            return
        key = self.key[place]
        item = self.item[place]
        while child < self.size:
            if child + 1 < self.size and self._before(child + 1, self.key[child], self.item[child]):
                child += 1
            if not self._before(child, key, item):
                break
            self.key[place] = self.key[child]
            self.item[place] = self.item[child]
            place = child
            child = 2 * place + 1
        self.key[place] = key
        self.item[place] = item

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _before(self, place: cython.Py_ssize_t, key: cython.double, item: cython.int) -> cython.bint:
        return self.key[place] < key or (self.key[place] == key and self.item[place] < item)
