"""How much each charger gets: weighted max-min filling over the constraint rows.

The fairness is this. A common level rises from zero, and a charger stands at `clip(weight x level, floor, ceiling)`:
nobody below its floor, shares proportional to the weights wherever floors and ceilings allow. When a row is used up,
every charger that counts in it stays where it is; the others rise on. The result maximises the ascending vector of
`current / weight` lexicographically among all currents within floors, ceilings and rows: nobody could get more without
somebody who has as little, or less, for its weight getting less.

The filling is event driven: a charger starts to rise at floor / weight, ends at ceiling / weight, a row fills up in
between. Rows wait in a heap by a lower bound of the level at which they fill up, as if everybody who is still to start
rose already. Starting leaves that bound as it is, stopping only raises it: the heap is corrected at its top alone. A
row that seems to fill up next is summed up afresh first, so that its limit is met to the last bit. Every charger
touches its rows twice and every row is emptied once, which makes O(N depth + (N + V) log(N + V)).

The unchecked indexing is sound because slots, groups and entries come from `_order` and `_rows`.
"""

from __future__ import annotations

import cython
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled

# A charger this near to its ceiling is at it: 32.3 less 0.3 is a little under 32 in binary.
SNAP_A = cython.declare(cython.double, 1e-11)
# Subtracting weights leaves rounding of the largest behind; below this part of it a row is summed up afresh.
FADED = cython.declare(cython.double, 0.0625)
# Rounding of currents and weights in a row grows with its room and its members; from this product of the two on, a row
# is summed up afresh before it counts as full, which keeps its limit to 1e-9 A.
LARGE = cython.declare(cython.double, 1e5)

DONE = cython.declare(cython.uchar, 0)
WAITING = cython.declare(cython.uchar, 1)
RISING = cython.declare(cython.uchar, 2)

# The numbers kept of a row: room left when its rate last changed, the level of that, the weights that rise, those and
# the weights that wait, the rate below which it is to be summed up afresh, how many rise or wait, how many did when it
# was last summed up, and the sum of all weights below which it is to be summed up afresh.
STATE = cython.declare(cython.Py_ssize_t, 8)
LEFT = cython.declare(cython.Py_ssize_t, 0)
SINCE = cython.declare(cython.Py_ssize_t, 1)
RATE = cython.declare(cython.Py_ssize_t, 2)
TOTAL = cython.declare(cython.Py_ssize_t, 3)
FAINT = cython.declare(cython.Py_ssize_t, 4)
COUNT = cython.declare(cython.Py_ssize_t, 5)
SUMMED = cython.declare(cython.Py_ssize_t, 6)
DIM = cython.declare(cython.Py_ssize_t, 7)


@cython.final
@cython.cclass
class Filling:
    """Currents that rise from `current_a` until rows or ceilings stop them."""

    last: cython.int[::1]
    group_at: cython.int[::1]
    per_a: cython.double[::1]
    left: cython.double[::1]
    room: cython.double[::1]
    live_row: cython.int[::1]
    slot_at: cython.int[::1]
    group_of: cython.int[::1]
    group_class: cython.int[::1]
    entry_at: cython.int[::1]
    entry_row: cython.int[::1]
    entry_per_a: cython.double[::1]
    weight: cython.double[::1]
    high_a: cython.double[::1]
    level: cython.double[::1]
    start: cython.double[::1]
    current_a: cython.double[::1]
    by_level: cython.int[::1]
    by_start: cython.int[::1]
    state: cython.double[::1]
    phase: cython.uchar[::1]
    unfinished: cython.int[::1]
    key: cython.double[::1]
    item: cython.int[::1]
    size: cython.Py_ssize_t
    kinds: cython.Py_ssize_t

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        self.last, self.group_at = space.last, space.group_at
        self.per_a, self.left, self.room, self.live_row = space.per_a, space.left, space.room, space.live_row
        self.slot_at, self.group_of = space.slot_at, space.group_of
        self.group_class, self.entry_at = space.group_class, space.entry_at
        self.weight, self.high_a = space.slot_weight, space.high_a
        self.level, self.start = space.level, space.start
        self.current_a = space.current_a
        self.by_level, self.by_start = space.by_level, space.by_start
        self.state, self.phase, self.unfinished = space.state, space.phase, space.unfinished
        self.take_entries(space)
        self.key = memoryview(np.zeros(len(space.live_row)))
        self.item = memoryview(np.zeros(len(space.live_row), np.int32))
        self.size = 0
        self.kinds = 3

    def take_entries(self, space: Workspace) -> None:
        """Take the entries of a workspace, which may have been allocated anew."""
        self.entry_row, self.entry_per_a = space.entry_row, space.entry_per_a

    def run(self, live_rows: cython.Py_ssize_t, kinds: cython.Py_ssize_t, later: cython.bint) -> None:
        """Let the level rise until nobody does any more; `later` if anybody starts above level zero."""
        self.kinds = kinds
        with cython.nogil:
            self._heap_up(live_rows)
            self._rise(later)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _heap_up(self, live_rows: cython.Py_ssize_t) -> cython.void:
        """Put the rows that anybody rises in into the heap."""
        k: cython.Py_ssize_t
        r: cython.Py_ssize_t
        self.size = 0
        for k in range(live_rows):
            r = self.live_row[k]
            if self.state[STATE * r + COUNT] > 0.0:
                self.item[self.size] = r
                self.key[self.size] = max(self.left[r], 0.0) / self.state[STATE * r + TOTAL]
                self.size += 1
        for k in range(self.size // 2 - 1, -1, -1):
            self._sink(k)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rise(self, later: cython.bint) -> cython.void:
        chargers: cython.Py_ssize_t = self.by_level.shape[0]
        started: cython.Py_ssize_t = 0 if later else chargers
        ended: cython.Py_ssize_t = 0
        now: cython.double = 0.0
        following: cython.double
        s: cython.Py_ssize_t
        starts: cython.bint
        while True:
            while ended < chargers and self.phase[self.by_level[ended]] == DONE:
                ended += 1
            if ended == chargers:
                break
            s = self.by_level[ended]
            following = self.level[s]
            while started < chargers and self.phase[self.by_start[started]] != WAITING:
                started += 1
            starts = started < chargers and self.start[self.by_start[started]] <= following
            if starts:
                s = self.by_start[started]
                following = self.start[s]
            if self.size > 0 and self.key[0] < following and self._fills_up(now, following):
                continue
            now = max(now, following)
            if starts:
                self._start(s, now)
            else:
                self._end(s, now)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fills_up(self, now: cython.double, following: cython.double) -> cython.bint:
        """Stop whoever counts in the first row that is full before the following level; return whether there is one."""
        r: cython.Py_ssize_t
        at: cython.double
        while self.size > 0 and self.key[0] < following:
            r = self.item[0]
            if self.state[STATE * r + COUNT] <= 0.0:
                self._drop()
                continue
            if (
                self.state[STATE * r + RATE] < self.state[STATE * r + FAINT]
                or self.state[STATE * r + TOTAL] < self.state[STATE * r + DIM]
            ):
                self._sum_up(r)
            at = self._full_at(r)
            if at >= following:
                # Nobody starts before the following level, so the row cannot fill up before it.
                self.key[0] = max(following, self._bound(r, now))
                self._sink(0)
            elif at > self.key[0]:
                self.key[0] = at
                self._sink(0)
            elif self._is_uncertain(r):
                self._sum_up(r)
            else:
                self._drop()
                self._stop_all(r, max(at, now))
                return True
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_uncertain(self, r: cython.Py_ssize_t) -> cython.bint:
        """Return whether rounding since the row was last summed up may matter."""
        row: cython.Py_ssize_t = STATE * r
        p: cython.Py_ssize_t = r // self.kinds
        members: cython.Py_ssize_t = self.slot_at[self.group_at[self.last[p] + 1]] - self.slot_at[self.group_at[p]]
        return self.state[row + SUMMED] != self.state[row + COUNT] and members * self.room[r] > LARGE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _full_at(self, r: cython.Py_ssize_t) -> cython.double:
        """Return the level at which a row is full at its present rate."""
        row: cython.Py_ssize_t = STATE * r
        if self.state[row + RATE] <= 0.0:
            return 1e300
        return self.state[row + SINCE] + max(self.state[row + LEFT], 0.0) / self.state[row + RATE]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _bound(self, r: cython.Py_ssize_t, now: cython.double) -> cython.double:
        """Return a level before which a row cannot be full, whoever starts."""
        row: cython.Py_ssize_t = STATE * r
        left: cython.double = self.state[row + LEFT] - self.state[row + RATE] * (now - self.state[row + SINCE])
        return now + max(left, 0.0) / self.state[row + TOTAL]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stop_all(self, r: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """Row r is full: what counts in it stays where it is, and what has not begun to rise never does."""
        p: cython.Py_ssize_t = r // self.kinds
        j: cython.Py_ssize_t = r % self.kinds
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        rate: cython.double
        total: cython.double
        for g in range(self.group_at[p], self.group_at[self.last[p] + 1]):
            if self.unfinished[g] == 0 or self.per_a[14 * j + self.group_class[g]] <= 0.0:
                continue
            rate = 0.0
            total = 0.0
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                if self.phase[s] == DONE:
                    continue
                total += self.weight[s]
                if self.phase[s] == RISING:
                    rate += self.weight[s]
                    self._settle(s, self.weight[s] * level)
                self.phase[s] = DONE
            self._take_off(g, level, self.unfinished[g], rate, total)
            self.unfinished[g] = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _settle(self, s: cython.Py_ssize_t, current_a: cython.double) -> cython.void:
        """A charger stays at a current, which is never below what it has."""
        if current_a > self.high_a[s] - SNAP_A:
            current_a = self.high_a[s]
        self.current_a[s] = max(self.current_a[s], current_a)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _start(self, s: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """A charger starts to rise."""
        g: cython.Py_ssize_t = self.group_of[s]
        e: cython.Py_ssize_t
        row: cython.Py_ssize_t
        self.phase[s] = RISING
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            row = STATE * self.entry_row[e]
            self.state[row + LEFT] -= self.state[row + RATE] * (level - self.state[row + SINCE])
            self.state[row + SINCE] = level
            self.state[row + RATE] += self.weight[s] * self.entry_per_a[e]
            self.state[row + FAINT] = max(self.state[row + FAINT], FADED * self.state[row + RATE])
            self.state[row + SUMMED] = -1.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _end(self, s: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """A charger has all that it can take."""
        g: cython.Py_ssize_t = self.group_of[s]
        self.phase[s] = DONE
        self.current_a[s] = self.high_a[s]
        self.unfinished[g] -= 1
        self._take_off(g, level, 1, self.weight[s], self.weight[s])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _take_off(
        self,
        g: cython.Py_ssize_t,
        level: cython.double,
        count: cython.Py_ssize_t,
        rate: cython.double,
        total: cython.double,
    ) -> cython.void:
        """Slow down the rows of a group: so many chargers and so much weight rise, or wait, no more."""
        e: cython.Py_ssize_t
        row: cython.Py_ssize_t
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            row = STATE * self.entry_row[e]
            self.state[row + LEFT] -= self.state[row + RATE] * (level - self.state[row + SINCE])
            self.state[row + SINCE] = level
            self.state[row + RATE] -= rate * self.entry_per_a[e]
            self.state[row + TOTAL] -= total * self.entry_per_a[e]
            self.state[row + COUNT] -= count

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sum_up(self, r: cython.Py_ssize_t) -> cython.void:
        """Compute afresh what a row has left at level zero and how fast it fills, from the chargers below it."""
        p: cython.Py_ssize_t = r // self.kinds
        j: cython.Py_ssize_t = r % self.kinds
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        per_a: cython.double
        count: cython.Py_ssize_t = 0
        total: cython.double = 0.0
        rate: cython.double = 0.0
        rate_low: cython.double = 0.0
        taken: cython.double = 0.0
        taken_low: cython.double = 0.0
        for g in range(self.group_at[p], self.group_at[self.last[p] + 1]):
            per_a = self.per_a[14 * j + self.group_class[g]]
            if per_a <= 0.0:
                continue
            count += self.unfinished[g]
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                if self.phase[s] == RISING:
                    rate_low += _lost(rate, per_a * self.weight[s])
                    rate += per_a * self.weight[s]
                    continue
                if self.phase[s] == WAITING:
                    total += per_a * self.weight[s]
                taken_low += _lost(taken, per_a * self.current_a[s])
                taken += per_a * self.current_a[s]
        self.state[STATE * r + LEFT] = self.room[r] - taken - taken_low
        self.state[STATE * r + SINCE] = 0.0
        self.state[STATE * r + RATE] = rate + rate_low
        self.state[STATE * r + TOTAL] = total + rate + rate_low
        self.state[STATE * r + FAINT] = FADED * self.state[STATE * r + RATE]
        self.state[STATE * r + DIM] = FADED * self.state[STATE * r + TOTAL]
        self.state[STATE * r + SUMMED] = count

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _drop(self) -> cython.void:
        """Take the first row off the heap."""
        self.size -= 1
        self.key[0] = self.key[self.size]
        self.item[0] = self.item[self.size]
        self._sink(0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sink(self, place: cython.Py_ssize_t) -> cython.void:
        """Move a row of the heap down to where its key belongs."""
        key: cython.double
        item: cython.int
        child: cython.Py_ssize_t = 2 * place + 1
        if place >= self.size:
            return
        key = self.key[place]
        item = self.item[place]
        while child < self.size:
            if child + 1 < self.size and self.key[child + 1] < self.key[child]:
                child += 1
            if not self.key[child] < key:
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
def _lost(sum_: cython.double, value: cython.double) -> cython.double:
    """Return what rounding loses when a value is added to a sum; both are zero or more."""
    total: cython.double = sum_ + value
    return (sum_ - total) + value if sum_ >= value else (value - total) + sum_
