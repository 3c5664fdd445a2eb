"""Weighted max-min filling where the load of a row is the length of a vector.

A row is one line of one circuit. What a charger adds to it points in one of a few directions, its slot; the currents of
all chargers in a slot add up as plain numbers. A row holds when no part of its chargers, each at anything from nothing
to its current, makes a vector longer than its limit. The longest is one of the corners of the sum of the slots, and
those belong to the slots within a half plane: the windows of a row, at most two for each slot (`structure`). Where
neither slots nor the base are more than 90 degrees apart, everybody makes the vector longer and one window says it all.

While a common level rises, each window's vector moves along a straight line, and the level where it reaches the limit
is the root of a quadratic. Every window that can be the longest then grows with each of its chargers, so who stops
makes the row fill up later, never earlier: the level known for a row may be too low, never too high, and is corrected
when its turn comes. The result is the weighted max-min fair one for these rows, which are convex and allow less
whenever they allow more.

The unchecked indexing is sound because the structure is built from a site that `checks` accepted.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import sqrt
import numpy as np

from .cycle import Cycle
from .structure import Structure

COMPILED: bool = cython.compiled

# Subtracting weights leaves rounding of the largest behind; below this part of it a rate is summed up afresh.
FADED = cython.declare(cython.double, 1e-6)
NEVER = cython.declare(cython.double, float("inf"))

WAITING = cython.declare(cython.uchar, 0)
RISING = cython.declare(cython.uchar, 1)
DONE = cython.declare(cython.uchar, 2)


@cython.cclass
class Queue:
    """The items 0 to n - 1 by ascending key, as a tree of pairwise winners; of equal keys the lower item is first."""

    key: cython.double[::1]
    winner: cython.Py_ssize_t[::1]
    leaves: cython.Py_ssize_t

    def __init__(self, items: cython.Py_ssize_t) -> None:
        """Start with every key infinite."""
        self.leaves = 1
        while self.leaves < items:
            self.leaves *= 2
        self.key = np.full(self.leaves, np.inf)
        self.winner = np.zeros(2 * self.leaves, dtype=np.intp)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def settle(self) -> cython.void:
        """Find the winners anew after `key` was written directly."""
        k: cython.Py_ssize_t
        for k in range(self.leaves):
            self.winner[self.leaves + k] = k
        for k in range(self.leaves - 1, 0, -1):
            self.winner[k] = self._better(self.winner[2 * k], self.winner[2 * k + 1])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def put(self, item: cython.Py_ssize_t, key: cython.double) -> cython.void:
        """Give an item another key; nothing changes above a node that another item won and wins."""
        before: cython.Py_ssize_t
        k: cython.Py_ssize_t = (self.leaves + item) // 2
        self.key[item] = key
        while k > 0:
            before = self.winner[k]
            self.winner[k] = self._better(self.winner[2 * k], self.winner[2 * k + 1])
            if before == self.winner[k] and before != item:
                return
            k = k // 2

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _better(self, a: cython.Py_ssize_t, b: cython.Py_ssize_t) -> cython.Py_ssize_t:
        return a if self.key[a] <= self.key[b] else b

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def first(self) -> cython.Py_ssize_t:
        """Return the item with the lowest key."""
        return self.winner[1]


@cython.cclass
class Filling:
    """Currents that rise from where they are until rows or ceilings stop them; no allocation from cycle to cycle.

    `amount` is what flows in a slot at the level `since` of its row, `rate` what it gains with the level.
    """

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
    slot_wiring: cython.Py_ssize_t[::1]
    wiring_of_slot: cython.Py_ssize_t[::1]
    wiring_charger: cython.Py_ssize_t[::1]
    charger_of_wiring: cython.Py_ssize_t[::1]
    wiring: cython.Py_ssize_t[::1]
    base_re: cython.double[::1]
    base_im: cython.double[::1]
    limit_a: cython.double[::1]
    weight: cython.double[::1]
    ceiling_a: cython.double[::1]
    current_a: cython.double[::1]
    amount: cython.double[::1]
    window_end: cython.Py_ssize_t[::1]
    bound_by: cython.Py_ssize_t[::1]
    rate: cython.double[::1]
    peak_rate: cython.double[::1]
    rising: cython.Py_ssize_t[::1]
    since: cython.double[::1]
    state: cython.uchar[::1]
    full_at: Queue
    event: Queue
    full_window: cython.Py_ssize_t

    def __init__(self, structure: Structure, cycle: Cycle) -> None:
        """Take the arrays of both, and make those that are nobody else's."""
        rows: cython.Py_ssize_t = structure.row_slot.shape[0] - 1
        slots: cython.Py_ssize_t = structure.slot_re.shape[0]
        chargers: cython.Py_ssize_t = structure.wiring.shape[0]
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
        self.slot_wiring = structure.slot_wiring
        self.wiring_of_slot = structure.wiring_of_slot
        self.wiring_charger = structure.wiring_charger
        self.charger_of_wiring = structure.charger_of_wiring
        self.wiring = structure.wiring
        self.base_re = cycle.base_re
        self.base_im = cycle.base_im
        self.limit_a = cycle.limit_a
        self.weight = cycle.weight
        self.ceiling_a = cycle.ceiling_a
        self.current_a = cycle.current_a
        self.amount = cycle.amount
        self.window_end = cycle.window_end
        self.bound_by = cycle.bound_by
        self.rate = np.zeros(slots)
        self.peak_rate = np.zeros(slots)
        self.rising = np.zeros(slots, dtype=np.intp)
        self.since = np.zeros(rows)
        self.state = np.zeros(chargers, dtype=np.uint8)
        self.full_at = Queue(rows)
        self.event = Queue(chargers)
        self.full_window = 0

    def run(self) -> None:
        """Let the level rise until nobody can take more; `amount` has to be what flows at the present currents."""
        i: cython.Py_ssize_t
        level: cython.double
        with cython.nogil:
            self._reset()
            i = self.event.first()
            while self.event.key[i] < NEVER:
                level = self.event.key[i]
                if not self._fills_up(level):
                    if self.state[i] == WAITING:
                        self._begin(i, level)
                    else:
                        self._finish(i, level, self.ceiling_a[i])
                i = self.event.first()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _reset(self) -> cython.void:
        """Nothing rises yet; who is below the ceiling waits for the level of its current."""
        k: cython.Py_ssize_t
        for k in range(self.rate.shape[0]):
            self.rate[k] = 0.0
            self.peak_rate[k] = 0.0
            self.rising[k] = 0
        for k in range(self.since.shape[0]):
            self.since[k] = 0.0
            self.full_at.key[k] = NEVER
        for k in range(self.current_a.shape[0]):
            self.state[k] = DONE
            self.event.key[k] = NEVER
            if self.current_a[k] < self.ceiling_a[k]:
                self.state[k] = WAITING
                self.event.key[k] = self.current_a[k] / self.weight[k]
        self.full_at.settle()
        self.event.settle()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fills_up(self, level: cython.double) -> cython.bint:
        """Stop the chargers of the first row that is full below the given level; return whether there was one."""
        r: cython.Py_ssize_t = self.full_at.first()
        at: cython.double
        while self.full_at.key[r] < level:
            at = self._full_level(r)
            if at <= self.full_at.key[r]:
                self._stop_all(r, self.full_window, at)
                self.full_at.put(r, self._full_level(r))
                return True
            self.full_at.put(r, at)
            r = self.full_at.first()
        return False

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _full_level(self, r: cython.Py_ssize_t) -> cython.double:
        """Return the level at which row r will be full at its present rates; `full_window` is what fills it."""
        lowest: cython.double = NEVER
        at: cython.double
        w: cython.Py_ssize_t
        for w in range(self.row_window[r], self.window_end[r]):
            at = self._full_after(r, w)
            if at < lowest:
                lowest = at
                self.full_window = w
        return self.since[r] + lowest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _full_after(self, r: cython.Py_ssize_t, w: cython.Py_ssize_t) -> cython.double:
        """Return by how much the level may rise until a window's vector z + t d is as long as the limit of row r."""
        rising: cython.Py_ssize_t = 0
        z_re: cython.double = self.base_re[r]
        z_im: cython.double = self.base_im[r]
        d_re: cython.double = 0.0
        d_im: cython.double = 0.0
        s: cython.Py_ssize_t = self.window_slot[w]
        _: cython.Py_ssize_t
        for _ in range(self.window_slots[w]):
            rising += self.rising[s]
            z_re += self.amount[s] * self.slot_re[s]
            z_im += self.amount[s] * self.slot_im[s]
            d_re += self.rate[s] * self.slot_re[s]
            d_im += self.rate[s] * self.slot_im[s]
            s += 1
            if s == self.row_slot[r + 1]:
                s = self.row_slot[r]
        if rising == 0:
            return NEVER
        return _root(
            d_re * d_re + d_im * d_im,
            z_re * d_re + z_im * d_im,
            z_re * z_re + z_im * z_im - self.limit_a[r] * self.limit_a[r],
        )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stop_all(self, r: cython.Py_ssize_t, w: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """A window of row r is full: its chargers stay where they are, and who has not begun to rise never does."""
        s: cython.Py_ssize_t = self.window_slot[w]
        _: cython.Py_ssize_t
        g: cython.Py_ssize_t
        m: cython.Py_ssize_t
        i: cython.Py_ssize_t
        for _ in range(self.window_slots[w]):
            for g in range(self.slot_wiring[s], self.slot_wiring[s + 1]):
                for m in range(
                    self.wiring_charger[self.wiring_of_slot[g]], self.wiring_charger[self.wiring_of_slot[g] + 1]
                ):
                    i = self.charger_of_wiring[m]
                    if self.state[i] == DONE:
                        continue
                    if self.state[i] == RISING:
                        self._finish(i, level, self.weight[i] * level)
                    self.bound_by[i] = r
                    self.state[i] = DONE
                    self.event.put(i, NEVER)
            s += 1
            if s == self.row_slot[r + 1]:
                s = self.row_slot[r]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin(self, i: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """Charger i starts to rise."""
        e: cython.Py_ssize_t
        r: cython.Py_ssize_t
        s: cython.Py_ssize_t
        g: cython.Py_ssize_t = self.wiring[i]
        self.state[i] = RISING
        self.event.put(i, self.ceiling_a[i] / self.weight[i])
        for e in range(self.wiring_entry[g], self.wiring_entry[g + 1]):
            r = self.entry_row[e]
            s = self.entry_slot[e]
            if self.limit_a[r] < NEVER:
                self._advance(r, level)
                self.rising[s] += 1
                self.rate[s] += self.entry_gain[e] * self.weight[i]
                self.peak_rate[s] = max(self.peak_rate[s], self.rate[s])
                self.full_at.put(r, self._full_level(r))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _finish(self, i: cython.Py_ssize_t, level: cython.double, current: cython.double) -> cython.void:
        """Charger i stays at a current from this level on."""
        e: cython.Py_ssize_t
        r: cython.Py_ssize_t
        s: cython.Py_ssize_t
        g: cython.Py_ssize_t = self.wiring[i]
        self.state[i] = DONE
        self.bound_by[i] = -1
        self.event.put(i, NEVER)
        self.current_a[i] = min(max(self.current_a[i], current), self.ceiling_a[i])
        for e in range(self.wiring_entry[g], self.wiring_entry[g + 1]):
            r = self.entry_row[e]
            s = self.entry_slot[e]
            if self.limit_a[r] < NEVER:
                self._advance(r, level)
                self.rising[s] -= 1
                self.rate[s] -= self.entry_gain[e] * self.weight[i]
                if self.rising[s] == 0:
                    self.rate[s] = 0.0
                elif self.rate[s] < FADED * self.peak_rate[s]:
                    self._sum_up(r, s)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _advance(self, r: cython.Py_ssize_t, level: cython.double) -> cython.void:
        """Account for what the rising chargers of row r took since its rates last changed."""
        s: cython.Py_ssize_t
        if level > self.since[r]:
            for s in range(self.row_slot[r], self.row_slot[r + 1]):
                self.amount[s] += self.rate[s] * (level - self.since[r])
            self.since[r] = level

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sum_up(self, r: cython.Py_ssize_t, s: cython.Py_ssize_t) -> cython.void:
        """Compute the rate of slot s in row r afresh from the chargers that rise."""
        g: cython.Py_ssize_t
        e: cython.Py_ssize_t
        m: cython.Py_ssize_t
        k: cython.Py_ssize_t
        self.rate[s] = 0.0
        for k in range(self.slot_wiring[s], self.slot_wiring[s + 1]):
            g = self.wiring_of_slot[k]
            for e in range(self.wiring_entry[g], self.wiring_entry[g + 1]):
                if self.entry_slot[e] == s:
                    for m in range(self.wiring_charger[g], self.wiring_charger[g + 1]):
                        if self.state[self.charger_of_wiring[m]] == RISING:
                            self.rate[s] += self.entry_gain[e] * self.weight[self.charger_of_wiring[m]]
        self.peak_rate[s] = self.rate[s]
        self.full_at.put(r, self._full_level(r))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _root(a: cython.double, b: cython.double, c: cython.double) -> cython.double:
    """Return the first t from 0 on from which a t^2 + 2 b t + c is above 0, for a at least 0; without cancellation."""
    under: cython.double = b * b - a * c
    if (c >= 0.0 and b > 0.0) or under < 0.0:
        return 0.0
    if b > 0.0:
        return -c / (b + sqrt(under))
    if a <= 0.0:
        return NEVER
    return (sqrt(under) - b) / a
