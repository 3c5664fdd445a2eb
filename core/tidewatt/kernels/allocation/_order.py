"""Puts the chargers into slots: by circuit, class and tier, within these by the level at which they have all they can.

A class is a phase mask and a direction; the slots of one circuit, class and tier are a group, and everything that
depends on circuit and phases only is worked out once for each group. All sums run over slots, so how the chargers are
listed changes no bit of the answer: ties are broken by every value that tells two chargers apart, and only chargers
with all values equal stand in the order of the list.
"""

from __future__ import annotations

from typing import Any

import cython
from cython.cimports.libc.math import ceil, floor
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled

CLASSES = cython.declare(cython.Py_ssize_t, 14)
TIERS = cython.declare(cython.Py_ssize_t, 256)
# A current that is off the step grid by less than this many steps is on it.
ROUNDING = cython.declare(cython.double, 1e-9)

MINIMA = 1
STEPS = 2
LOCKED = 4
TIERED = 8
RELIED = 16
"""What there is among the chargers: flags of `Order.gather`."""

_MINIMA = cython.declare(cython.int, MINIMA)
_STEPS = cython.declare(cython.int, STEPS)
_LOCKED = cython.declare(cython.int, LOCKED)
_TIERED = cython.declare(cython.int, TIERED)
_RELIED = cython.declare(cython.int, RELIED)


@cython.final
@cython.cclass
class Order:
    """Slots and groups, kept from one cycle to the next while they are right."""

    position: cython.int[::1]
    circuit: cython.const_int[::1]
    phases: cython.const_uchar[::1]
    direction: cython.const_schar[::1]
    minimum_a: cython.const_double[::1]
    maximum_a: cython.const_double[::1]
    step_a: cython.const_double[::1]
    weight: cython.const_double[::1]
    locked_on: cython.const_uchar[::1]
    incumbent: cython.const_uchar[::1]
    deficit: cython.const_double[::1]
    tier: cython.const_uchar[::1]
    relied_a: cython.const_double[::1]
    charger: cython.int[::1]
    group_of: cython.int[::1]
    slot_weight: cython.double[::1]
    low_a: cython.double[::1]
    high_a: cython.double[::1]
    slot_step_a: cython.double[::1]
    level: cython.double[::1]
    score: cython.double[::1]
    score_rank: cython.double[::1]
    able: cython.uchar[::1]
    locked: cython.uchar[::1]
    by_level: cython.int[::1]
    slot_at: cython.int[::1]
    group_at: cython.int[::1]
    group_position: cython.int[::1]
    group_class: cython.int[::1]
    group_tier: cython.int[::1]
    known_key: cython.int[::1]
    known_tier: cython.int[::1]
    listed: cython.int[::1]
    following: cython.int[::1]
    bucket: cython.int[::1]
    share: cython.double[::1]
    incumbent_bonus: cython.double
    groups: cython.Py_ssize_t

    def __init__(self, space: Workspace, *, incumbent_bonus: float, share: memoryview[Any]) -> None:
        """Take the views of a workspace.

        Args:
            space: the workspace.
            incumbent_bonus: what being on adds to a weight when it is decided who is on, as a part of it.
            share: float64[8], factor on the weight in the filling, by phase mask.
        """
        circuits: cython.Py_ssize_t = space.circuits
        chargers: cython.Py_ssize_t = space.chargers
        self.position = space.position
        self.circuit, self.phases, self.direction = space.circuit, space.phases, space.direction
        self.minimum_a, self.maximum_a, self.step_a = space.minimum_a, space.maximum_a, space.step_a
        self.weight, self.deficit, self.tier = space.weight, space.deficit, space.tier
        self.locked_on, self.incumbent, self.relied_a = space.locked_on, space.incumbent, space.relied_a
        self.charger, self.group_of = space.charger, space.group_of
        self.slot_weight, self.slot_step_a = space.slot_weight, space.slot_step_a
        self.low_a, self.high_a = space.low_a, space.high_a
        self.level, self.by_level, self.score = space.level, space.by_level, space.score
        self.score_rank = space.score_rank
        self.able, self.locked = space.able, space.locked
        self.slot_at, self.group_at = space.slot_at, space.group_at
        self.group_position, self.group_class, self.group_tier = (
            space.group_position,
            space.group_class,
            space.group_tier,
        )
        self.known_key = memoryview(np.full(chargers, -1, np.int32))
        self.known_tier = memoryview(np.full(chargers, -1, np.int32))
        self.listed = memoryview(np.zeros(chargers, np.int32))
        self.following = memoryview(np.zeros(chargers, np.int32))
        self.bucket = memoryview(np.zeros(max(circuits * CLASSES, TIERS) + 1, np.int32))
        self.incumbent_bonus = incumbent_bonus
        self.share = share
        self.groups = 0

    def regroup(self) -> cython.bint:
        """Group the chargers again if circuit, phases, direction or tier of any has changed; return whether."""
        changed: cython.bint
        with cython.nogil:
            changed = self._note_changes()
            if changed:
                self._group()
        return changed

    def gather(self) -> cython.int:
        """Fetch the values of every slot; return what there is among them, as a sum of the flags above."""
        flags: cython.int
        with cython.nogil:
            flags = self._gather()
        return flags

    def still_right(self) -> cython.bint:
        """Return whether slots and levels still ascend as they were put."""
        right: cython.bint
        with cython.nogil:
            right = self._still_right()
        return right

    def place(self) -> None:
        """Put the chargers of each group into the order that was found of the levels, and break ties."""
        with cython.nogil:
            self._place()
            self._gather()
            if self._break_ties():
                self._gather()

    def group_count(self) -> cython.Py_ssize_t:
        """Return how many groups there are."""
        return self.groups

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _note_changes(self) -> cython.bint:
        i: cython.Py_ssize_t
        key: cython.int
        changed: cython.bint = False
        for i in range(self.circuit.shape[0]):
            key = CLASSES * self.position[self.circuit[i]] + self.phases[i] - 1
            if self.direction[i] < 0:
                key += 7
            if key != self.known_key[i] or self.tier[i] != self.known_tier[i]:
                self.known_key[i] = key
                self.known_tier[i] = self.tier[i]
                changed = True
        return changed

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _group(self) -> cython.void:
        """Distribute the chargers by tier, then by circuit and class; each distribution keeps the order before it."""
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        g: cython.Py_ssize_t = -1
        p: cython.Py_ssize_t = 0
        key: cython.int
        before_key: cython.int = -1
        before_tier: cython.int = -1
        count: cython.Py_ssize_t = self.circuit.shape[0]
        for s in range(count):
            self.charger[s] = s
        self._distribute(self.known_tier, TIERS)
        self._distribute(self.known_key, self.bucket.shape[0] - 1)
        for s in range(count):
            i = self.charger[s]
            key = self.known_key[i]
            if key != before_key or self.known_tier[i] != before_tier:
                g += 1
                self.slot_at[g] = s
                self.group_position[g] = key // CLASSES
                self.group_class[g] = key % CLASSES
                self.group_tier[g] = self.known_tier[i]
                while p <= self.group_position[g]:
                    self.group_at[p] = g
                    p += 1
                before_key = key
                before_tier = self.known_tier[i]
            self.group_of[s] = g
        self.groups = g + 1
        self.slot_at[self.groups] = count
        while p < self.group_at.shape[0]:
            self.group_at[p] = self.groups
            p += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _distribute(self, key: cython.int[::1], keys: cython.Py_ssize_t) -> cython.void:
        s: cython.Py_ssize_t
        i: cython.int
        total: cython.int = 0
        held: cython.int
        count: cython.Py_ssize_t = self.circuit.shape[0]
        for s in range(keys):
            self.bucket[s] = 0
        for s in range(count):
            self.bucket[key[s]] += 1
        for s in range(keys):
            held = self.bucket[s]
            self.bucket[s] = total
            total += held
        for s in range(count):
            i = self.charger[s]
            self.listed[self.bucket[key[i]]] = i
            self.bucket[key[i]] += 1
        for s in range(count):
            self.charger[s] = self.listed[s]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _gather(self) -> cython.int:
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        flags: cython.int = 0
        low_a: cython.double
        high_a: cython.double
        step_a: cython.double
        weight: cython.double
        for s in range(self.circuit.shape[0]):
            i = self.charger[s]
            low_a = self.minimum_a[i]
            high_a = self.maximum_a[i]
            step_a = self.step_a[i]
            weight = self.weight[i] * self.share[self.phases[i]]
            if step_a > 0.0:
                flags |= _STEPS
                low_a = ceil(low_a / step_a - ROUNDING) * step_a + 0.0
                high_a = floor(high_a / step_a + ROUNDING) * step_a
            self.able[s] = high_a >= low_a
            if high_a < low_a:
                low_a = 0.0
                high_a = 0.0
            if low_a > 0.0:
                flags |= _MINIMA
                self.locked[s] = self.locked_on[i]
                if self.locked_on[i]:
                    flags |= _LOCKED
            if self.tier[i] != self.tier[0]:
                flags |= _TIERED
            if self.relied_a[i] > 0.0 and self.direction[i] < 0:
                flags |= _RELIED
            self.score[s] = self.weight[i] * (1.0 + self.incumbent_bonus * self.incumbent[i]) + self.deficit[i]
            self.score_rank[s] = self.score[s]
            self.slot_weight[s] = weight
            self.low_a[s] = low_a
            self.high_a[s] = high_a
            self.slot_step_a[s] = step_a
            self.level[s] = high_a / weight
        return flags

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _still_right(self) -> cython.bint:
        k: cython.Py_ssize_t
        a: cython.Py_ssize_t
        b: cython.Py_ssize_t
        for k in range(1, self.circuit.shape[0]):
            a = self.by_level[k - 1]
            b = self.by_level[k]
            if self.level[a] > self.level[b] or (self.level[a] == self.level[b] and a > b):
                return False
            if (
                self.level[k - 1] == self.level[k]
                and self.group_of[k - 1] == self.group_of[k]
                and self._before(self.charger[k], self.charger[k - 1])
            ):
                return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _place(self) -> cython.void:
        """Give each group's slots out in the order of the levels; `by_level` becomes all slots in that order."""
        k: cython.Py_ssize_t
        g: cython.Py_ssize_t
        before: cython.Py_ssize_t
        slot: cython.int
        count: cython.Py_ssize_t = self.circuit.shape[0]
        for g in range(self.groups):
            self.following[g] = self.slot_at[g]
        for k in range(count):
            before = self.by_level[k]
            g = self.group_of[before]
            slot = self.following[g]
            self.following[g] += 1
            self.listed[slot] = self.charger[before]
            self.by_level[k] = slot
        for k in range(count):
            self.charger[k] = self.listed[k]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _break_ties(self) -> cython.bint:
        """Order the chargers of equal level in each group by their other values; return whether there were any."""
        first: cython.Py_ssize_t = 0
        end: cython.Py_ssize_t
        count: cython.Py_ssize_t = self.circuit.shape[0]
        any_tie: cython.bint = False
        while first < count:
            end = first + 1
            while end < count and self.group_of[end] == self.group_of[first] and self.level[end] == self.level[first]:
                end += 1
            if end > first + 1:
                any_tie = True
                self._sort_tie(first, end)
            first = end
        return any_tie

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sort_tie(self, first: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.void:
        """Merge runs of one, two, four ... slots."""
        width: cython.Py_ssize_t = 1
        run: cython.Py_ssize_t
        a: cython.Py_ssize_t
        b: cython.Py_ssize_t
        k: cython.Py_ssize_t
        while width < end - first:
            run = first
            while run < end:
                a = run
                b = run + width
                for k in range(run, min(run + 2 * width, end)):
                    if b >= min(run + 2 * width, end) or (
                        a < run + width and self._before(self.charger[a], self.charger[b])
                    ):
                        self.listed[k] = self.charger[a]
                        a += 1
                    else:
                        self.listed[k] = self.charger[b]
                        b += 1
                run += 2 * width
            for k in range(first, end):
                self.charger[k] = self.listed[k]
            width *= 2

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _before(self, i: cython.Py_ssize_t, j: cython.Py_ssize_t) -> cython.bint:
        """Return whether charger i comes before charger j, which is of the same group and level."""
        found: cython.int = _compare(self.weight[i], self.weight[j])
        if found == 0:
            found = _compare(self.minimum_a[i], self.minimum_a[j])
        if found == 0:
            found = _compare(self.maximum_a[i], self.maximum_a[j])
        if found == 0:
            found = _compare(self.step_a[i], self.step_a[j])
        if found == 0:
            found = _compare(self.deficit[i], self.deficit[j])
        if found == 0:
            found = _compare(self.relied_a[i], self.relied_a[j])
        if found == 0:
            found = (self.incumbent[i] - self.incumbent[j]) * 2 + self.locked_on[i] - self.locked_on[j]
        return found < 0 or (found == 0 and i < j)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _compare(a: cython.double, b: cython.double) -> cython.int:
    """Return -1 if a is less than b, 1 if it is more, 0 if they are equal."""
    return -1 if a < b else 1 if a > b else 0
