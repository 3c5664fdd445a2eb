"""Whole steps: what is left over when currents are rounded down goes step by step to whoever lacks most.

Where many fine steps are handed out before anybody is refused one (a step of 1 mA beside steps of 16 A), they are
handed out together: all those that would be handed out one by one before the first refusal. So the time depends on how
many chargers there are, not on how fine their steps are.

The unchecked indexing is sound because slots, groups and entries come from `_order` and `_rows`.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import ceil, floor
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
# A current that is off the step grid by less than this many steps is on it.
ROUNDING = cython.declare(cython.double, 1e-9)
# Steps in a row without a refusal, for each charger that can take one, from which on many are handed out at once; and
# how often an interval of keys is halved: from 1e13 for the least weight to less than a step for the greatest.
PATIENCE = cython.declare(cython.Py_ssize_t, 32)
HALVINGS = cython.declare(cython.Py_ssize_t, 100)


@cython.final
@cython.cclass
class Steps:
    """Currents on step grids, and a heap of the chargers that can take another step."""

    left: cython.double[::1]
    need: cython.double[::1]
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
        self.left, self.need = space.left, space.need
        self.slot_at, self.group_of = space.slot_at, space.group_of
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
                self.key[self.size] = self._key(s, self.steps[s])
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
        given: cython.Py_ssize_t = 0
        for k in range(self.size // 2 - 1, -1, -1):
            self._sink(k)
        while self.size > 0:
            if given > PATIENCE * self.size:
                self._hand_out_many()
                given = 0
            s = self.item[0]
            g = self.group_of[s]
            if self.current_a[s] < self.high_a[s] and self._fits(s, g):
                for e in range(self.entry_at[g], self.entry_at[g + 1]):
                    self.left[self.entry_row[e]] -= self.entry_per_a[e] * self.step_a[s]
                self.steps[s] += 1.0
                self.current_a[s] = self.steps[s] * self.step_a[s]
                self.key[0] = self._key(s, self.steps[s])
                given += 1
            else:
                given = 0
                self.size -= 1
                self.item[0] = self.item[self.size]
                self.key[0] = self.key[self.size]
            self._sink(0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _hand_out_many(self) -> cython.void:
        """Hand out every step below the highest key up to which nobody is refused one."""
        k: cython.Py_ssize_t
        s: cython.Py_ssize_t
        g: cython.Py_ssize_t
        e: cython.Py_ssize_t
        _: cython.Py_ssize_t
        middle: cython.double
        steps: cython.double
        low: cython.double = self.key[0]
        high: cython.double = low
        for k in range(self.size):
            s = self.item[k]
            high = max(high, (self.high_a[s] - self.fair_a[s]) / self.weight[s])
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            if self._all_fit(middle):
                low = middle
            else:
                high = middle
        for k in range(self.size):
            s = self.item[k]
            g = self.group_of[s]
            steps = self._steps_to(s, low)
            for e in range(self.entry_at[g], self.entry_at[g + 1]):
                self.left[self.entry_row[e]] -= self.entry_per_a[e] * ((steps - self.steps[s]) * self.step_a[s])
            self.steps[s] = steps
            self.current_a[s] = steps * self.step_a[s]
            self.key[k] = self._key(s, steps)
        for k in range(self.size // 2 - 1, -1, -1):
            self._sink(k)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _all_fit(self, key: cython.double) -> cython.bint:
        """Return whether every row has room for all steps that are handed out below a key."""
        k: cython.Py_ssize_t
        s: cython.Py_ssize_t
        g: cython.Py_ssize_t
        e: cython.Py_ssize_t
        more_a: cython.double
        for k in range(self.size):
            g = self.group_of[self.item[k]]
            for e in range(self.entry_at[g], self.entry_at[g + 1]):
                self.need[self.entry_row[e]] = 0.0
        for k in range(self.size):
            s = self.item[k]
            g = self.group_of[s]
            more_a = (self._steps_to(s, key) - self.steps[s]) * self.step_a[s]
            if more_a <= 0.0:
                continue
            for e in range(self.entry_at[g], self.entry_at[g + 1]):
                self.need[self.entry_row[e]] += self.entry_per_a[e] * more_a
                if self.need[self.entry_row[e]] > self.left[self.entry_row[e]]:
                    return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _steps_to(self, s: cython.Py_ssize_t, key: cython.double) -> cython.double:
        """Return how many steps a charger has once it has none to take from below a key."""
        most: cython.double = floor(self.high_a[s] / self.step_a[s] + 0.5)
        steps: cython.double = ceil((self.fair_a[s] + key * self.weight[s]) / self.step_a[s])
        steps = max(min(steps, most), self.steps[s])
        # Rounding may have put the quotient one step off.
        if steps > self.steps[s] and self._key(s, steps - 1.0) >= key:
            steps -= 1.0
        elif steps < most and self._key(s, steps) < key:
            steps += 1.0
        return steps

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _key(self, s: cython.Py_ssize_t, steps: cython.double) -> cython.double:
        """Return by how much so many steps are more than a charger's fair current, for its weight."""
        return (steps * self.step_a[s] - self.fair_a[s]) / self.weight[s]

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
