"""How much each charger gets: weighted max-min filling over the constraint rows, and whole steps of it.

The fairness is this. A common level rises from zero, and a charger stands at `clip(weight x level, floor, ceiling)`:
nobody below its floor, shares proportional to the weights wherever floors and ceilings allow. When a row is used up,
every charger that counts in it stays where it is; the others rise on. The result maximises the ascending vector of
`current / weight` lexicographically among all currents within floors, ceilings and rows: nobody could get more without
somebody who has as little, or less, for its weight getting less.

The filling is event driven: a charger starts to rise at floor / weight, ends at ceiling / weight, a row fills up in
between. Rows are kept in a heap by the level at which they would fill up at their present rate; when a charger stops,
that level only rises and the row is corrected once it is on top; when a charger starts, it falls and the row moves up
at once. Every charger touches its rows twice and every row is emptied once, which makes
O(N depth + (N + V) log(N + V)).

The unchecked indexing is sound because the rows come from `_incidence` and heap positions stay below the heap's size.
"""

from __future__ import annotations

import cython
import numpy as np

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
# Subtracting weights leaves rounding of the largest behind; below this part of it a rate is summed up afresh.
FADED = cython.declare(cython.double, 1e-6)

WAITING = cython.declare(cython.uchar, 0)
RISING = cython.declare(cython.uchar, 1)
DONE = cython.declare(cython.uchar, 2)


@cython.cclass
class Heap:
    """The items 0 to n - 1, or some of them, by ascending key; equal keys by ascending item."""

    key: cython.double[::1]
    item: cython.Py_ssize_t[::1]
    position: cython.Py_ssize_t[::1]
    size: cython.Py_ssize_t

    def __init__(self, items: cython.Py_ssize_t) -> None:
        """Start empty, with room for the given number of items."""
        self.key = np.zeros(items)
        self.item = np.zeros(items, dtype=np.intp)
        self.position = np.full(items, -1, dtype=np.intp)
        self.size = 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put(self, item: cython.Py_ssize_t, key: cython.double) -> cython.void:
        """Insert an item, or move it to a new key."""
        self.key[item] = key
        if self.position[item] < 0:
            self.position[item] = self.size
            self.item[self.size] = item
            self.size += 1
        self._rise(self.position[item])
        self._sink(self.position[item])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def drop(self) -> cython.void:
        """Remove the first item."""
        first: cython.Py_ssize_t = self.item[0]
        self.size -= 1
        self._swap(0, self.size)
        self.position[first] = -1
        if self.size > 0:
            self._sink(0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _before(self, a: cython.Py_ssize_t, b: cython.Py_ssize_t) -> cython.bint:
        x: cython.Py_ssize_t = self.item[a]
        y: cython.Py_ssize_t = self.item[b]
        return self.key[x] < self.key[y] or (self.key[x] == self.key[y] and x < y)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _swap(self, a: cython.Py_ssize_t, b: cython.Py_ssize_t) -> cython.void:
        x: cython.Py_ssize_t = self.item[a]
        y: cython.Py_ssize_t = self.item[b]
        self.item[a] = y
        self.item[b] = x
        self.position[x] = b
        self.position[y] = a

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rise(self, place: cython.Py_ssize_t) -> cython.void:
        while place > 0 and self._before(place, (place - 1) // 2):
            self._swap(place, (place - 1) // 2)
            place = (place - 1) // 2

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sink(self, place: cython.Py_ssize_t) -> cython.void:
        child: cython.Py_ssize_t = 2 * place + 1
        while child < self.size:
            if child + 1 < self.size and self._before(child + 1, child):
                child += 1
            if not self._before(child, place):
                return
            self._swap(child, place)
            place = child
            child = 2 * place + 1


@cython.cclass
class Filling:
    """Currents that rise from `current_a` until rows or ceilings stop them.

    `left` is the room of each row at the last change of its rate, `since` the level at that change.
    """

    start: cython.Py_ssize_t[::1]
    row: cython.Py_ssize_t[::1]
    per_a: cython.double[::1]
    first: cython.Py_ssize_t[::1]
    member: cython.Py_ssize_t[::1]
    weight: cython.double[::1]
    ceiling_a: cython.double[::1]
    current_a: cython.double[::1]
    state: cython.uchar[::1]
    left: cython.double[::1]
    since: cython.double[::1]
    rate: cython.double[::1]
    peak_rate: cython.double[::1]
    rising: cython.Py_ssize_t[::1]
    full_at: Heap

    def __init__(
        self,
        *,
        start: cython.Py_ssize_t[::1],
        row: cython.Py_ssize_t[::1],
        per_a: cython.double[::1],
        first: cython.Py_ssize_t[::1],
        member: cython.Py_ssize_t[::1],
        weight: cython.double[::1],
        ceiling_a: cython.double[::1],
        current_a: cython.double[::1],
        left: cython.double[::1],
    ) -> None:
        """Take the arrays; nothing moves yet.

        Args:
            start: intp[N + 1], row intp[E], per_a float64[E]: rows of each charger.
            row: see start.
            per_a: see start.
            first: intp[R + 1], member intp[E]: chargers of each row.
            member: see first.
            weight: float64[N].
            ceiling_a: float64[N], the charger's own highest current; what is at it already does not move.
            current_a: float64[N], the floor of each charger; raised in place.
            left: float64[R], room of each row less what the floors take.
        """
        rows: cython.Py_ssize_t = left.shape[0]
        self.start = start
        self.row = row
        self.per_a = per_a
        self.first = first
        self.member = member
        self.weight = weight
        self.ceiling_a = ceiling_a
        self.current_a = current_a
        self.state = (np.asarray(current_a) >= np.asarray(ceiling_a)).astype(np.uint8) * DONE
        self.left = np.array(left)
        self.since = np.zeros(rows)
        self.rate = np.zeros(rows)
        self.peak_rate = np.zeros(rows)
        self.rising = np.zeros(rows, dtype=np.intp)
        self.full_at = Heap(rows)

    def run(self) -> None:
        """Let the level rise until nobody does any more."""
        weight = np.asarray(self.weight)
        starts_at_array = np.asarray(self.current_a) / weight
        ends_at_array = np.asarray(self.ceiling_a) / weight
        starts_at: cython.double[::1] = starts_at_array
        ends_at: cython.double[::1] = ends_at_array
        by_start: cython.Py_ssize_t[::1] = np.argsort(starts_at_array, kind="stable")
        by_end: cython.Py_ssize_t[::1] = np.argsort(ends_at_array, kind="stable")
        chargers: cython.Py_ssize_t = by_end.shape[0]
        started: cython.Py_ssize_t = 0
        ended: cython.Py_ssize_t = 0
        next_end: cython.double
        next_level: cython.double
        starts: cython.bint
        with cython.nogil:
            while True:
                while ended < chargers and self.state[by_end[ended]] == DONE:
                    ended += 1
                if ended == chargers:
                    break
                next_end = ends_at[by_end[ended]]
                while started < chargers and self.state[by_start[started]] != WAITING:
                    started += 1
                starts = started < chargers and starts_at[by_start[started]] <= next_end
                next_level = starts_at[by_start[started]] if starts else next_end
                if self._fills_up(next_level):
                    continue
                if starts:
                    self._begin(by_start[started], next_level)
                else:
                    self._finish(by_end[ended], next_end, self.ceiling_a[by_end[ended]])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fills_up(self, level: cython.double) -> cython.bint:
        """Stop the chargers of the first row that is full below the given level; return whether there was one."""
        r: cython.Py_ssize_t
        at: cython.double
        while self.full_at.size > 0:
            r = self.full_at.item[0]
            if self.full_at.key[r] >= level:
                return False
            if self.rising[r] == 0:
                self.full_at.drop()
                continue
            at = self._full_level(r)
            if at > self.full_at.key[r]:
                self.full_at.put(r, at)
                continue
            self._stop_all(r, at)
            return True
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _full_level(self, r: cython.Py_ssize_t) -> cython.double:
        """Return the level at which row r will be full at its present rate."""
        return self.since[r] + max(self.left[r], 0.0) / self.rate[r]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stop_all(self, r: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """Row r is full: what counts in it stays where it is, and what has not begun to rise never does."""
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        for k in range(self.first[r], self.first[r + 1]):
            i = self.member[k]
            if self.state[i] == RISING:
                self._finish(i, level, self.weight[i] * level)
            self.state[i] = DONE

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin(self, i: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """Charger i starts to rise."""
        e: cython.Py_ssize_t
        r: cython.Py_ssize_t
        self.state[i] = RISING
        for e in range(self.start[i], self.start[i + 1]):
            r = self.row[e]
            self._advance(r, level)
            self.rising[r] += 1
            self.rate[r] += self.weight[i] * self.per_a[e]
            self.peak_rate[r] = max(self.peak_rate[r], self.rate[r])
            self.full_at.put(r, self._full_level(r))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _finish(self, i: cython.Py_ssize_t, level: cython.double, current_a: cython.double) -> cython.void:
        """Charger i stays at a current from this level on."""
        e: cython.Py_ssize_t
        r: cython.Py_ssize_t
        self.state[i] = DONE
        self.current_a[i] = max(self.current_a[i], current_a)
        if self.current_a[i] > self.ceiling_a[i] - TOLERANCE_A:
            self.current_a[i] = self.ceiling_a[i]
        for e in range(self.start[i], self.start[i + 1]):
            r = self.row[e]
            self._advance(r, level)
            self.rising[r] -= 1
            self.rate[r] -= self.weight[i] * self.per_a[e]
            if self.rising[r] > 0 and self.rate[r] < FADED * self.peak_rate[r]:
                self._sum_up(r)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _advance(self, r: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """Account for what the rising chargers of row r took since its rate last changed."""
        if self.rising[r] > 0:
            self.left[r] -= self.rate[r] * (level - self.since[r])
        else:
            self.rate[r] = 0.0
        self.since[r] = level

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sum_up(self, r: cython.Py_ssize_t) -> cython.void:
        """Compute the rate of row r afresh from the chargers that rise."""
        k: cython.Py_ssize_t
        e: cython.Py_ssize_t
        i: cython.Py_ssize_t
        self.rate[r] = 0.0
        for k in range(self.first[r], self.first[r + 1]):
            i = self.member[k]
            if self.state[i] == RISING:
                for e in range(self.start[i], self.start[i + 1]):
                    if self.row[e] == r:
                        self.rate[r] += self.weight[i] * self.per_a[e]
        self.peak_rate[r] = self.rate[r]
        self.full_at.put(r, self._full_level(r))


def hand_out(
    *,
    start: cython.Py_ssize_t[::1],
    row: cython.Py_ssize_t[::1],
    per_a: cython.double[::1],
    weight: cython.double[::1],
    step_a: cython.double[::1],
    ceiling_a: cython.double[::1],
    fair_a: cython.double[::1],
    current_a: cython.double[::1],
    left: cython.double[::1],
) -> None:
    """Hand out whole steps, each to the charger that lacks most of its fair current for its weight and still fits.

    Args:
        start: intp[N + 1], row intp[E], per_a float64[E]: rows of each charger.
        row: see start.
        per_a: see start.
        weight: float64[N].
        step_a: float64[N]; chargers with step 0 are left as they are.
        ceiling_a: float64[N], whole steps.
        fair_a: float64[N], what a charger would have without steps.
        current_a: float64[N], whole steps; raised in place.
        left: float64[R], room of each row less the currents; lowered in place.
    """
    chargers: cython.Py_ssize_t = current_a.shape[0]
    steps: cython.double[::1] = np.zeros(chargers)
    most_lacking: Heap = Heap(chargers)
    i: cython.Py_ssize_t
    e: cython.Py_ssize_t
    fits: cython.bint
    with cython.nogil:
        for i in range(chargers):
            if step_a[i] > 0.0 and current_a[i] < ceiling_a[i]:
                steps[i] = _whole(current_a[i] / step_a[i])
                most_lacking.put(i, (current_a[i] - fair_a[i]) / weight[i])
        while most_lacking.size > 0:
            i = most_lacking.item[0]
            fits = True
            for e in range(start[i], start[i + 1]):
                fits = fits and per_a[e] * (step_a[i] - TOLERANCE_A) <= left[row[e]]
            if not fits:
                most_lacking.drop()
                continue
            for e in range(start[i], start[i + 1]):
                left[row[e]] -= per_a[e] * step_a[i]
            steps[i] += 1.0
            current_a[i] = steps[i] * step_a[i]
            if current_a[i] < ceiling_a[i]:
                most_lacking.put(i, (current_a[i] - fair_a[i]) / weight[i])
            else:
                most_lacking.drop()


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _whole(steps: cython.double) -> cython.double:
    """Return the whole number that rounding has left a little off."""
    return cython.cast(cython.longlong, steps + 0.5)
