"""Before the filling: who rises, from which level on, and how fast that fills each row.

A row's `state` is what the filling keeps of it, in one cache line: the room left when its rate last changed, the level
of that, the weights that rise, those and the weights that wait, the rate below which rounding counts, how many rise or
wait, how many did when the row was last summed up, and the sum of all weights below which rounding counts.

The unchecked indexing is sound because slots, groups and entries come from `_order` and `_rows`.
"""

from __future__ import annotations

import cython

from .workspace import Workspace

COMPILED: bool = cython.compiled

# Below this part of the rate that a row began with, what rounding left of the weights that stopped begins to count.
FADED = cython.declare(cython.double, 0.0625)

DONE = cython.declare(cython.uchar, 0)
WAITING = cython.declare(cython.uchar, 1)
RISING = cython.declare(cython.uchar, 2)

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
class Starting:
    """The phase of every slot and the state of every row at level zero."""

    left: cython.double[::1]
    live_row: cython.int[::1]
    slot_at: cython.int[::1]
    group_tier: cython.int[::1]
    entry_at: cython.int[::1]
    entry_row: cython.int[::1]
    entry_per_a: cython.double[::1]
    weight: cython.double[::1]
    high_a: cython.double[::1]
    step_a: cython.double[::1]
    start: cython.double[::1]
    current_a: cython.double[::1]
    on: cython.uchar[::1]
    state: cython.double[::1]
    phase: cython.uchar[::1]
    unfinished: cython.int[::1]
    later: cython.bint

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        self.left, self.live_row, self.slot_at = space.left, space.live_row, space.slot_at
        self.group_tier, self.entry_at = space.group_tier, space.entry_at
        self.weight, self.high_a, self.step_a = space.slot_weight, space.high_a, space.slot_step_a
        self.start, self.current_a, self.on = space.start, space.current_a, space.on
        self.state, self.phase, self.unfinished = space.state, space.phase, space.unfinished
        self.later = False
        self.take_entries(space)

    def take_entries(self, space: Workspace) -> None:
        """Take the entries of a workspace, which may have been allocated anew."""
        self.entry_row, self.entry_per_a = space.entry_row, space.entry_per_a

    def begin(
        self, groups: cython.Py_ssize_t, live_rows: cython.Py_ssize_t, tier: cython.int, smooth_only: cython.bint
    ) -> cython.bint:
        """Choose who rises: who is on in a tier, and of these only chargers without steps if said so.

        Returns whether anybody starts later than at level zero; `start` then has to be sorted before the filling.
        """
        g: cython.Py_ssize_t
        with cython.nogil:
            self._clear_rows(live_rows)
            self.later = False
            for g in range(groups):
                self.unfinished[g] = 0
                if self.group_tier[g] == tier:
                    self._choose(g, smooth_only)
                    self._add_rates(g)
                else:
                    self._leave(g)
            self._note_rates(live_rows)
        return self.later

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _clear_rows(self, live_rows: cython.Py_ssize_t) -> cython.void:
        k: cython.Py_ssize_t
        row: cython.Py_ssize_t
        for k in range(live_rows):
            row = STATE * self.live_row[k]
            self.state[row + LEFT] = self.left[self.live_row[k]]
            self.state[row + SINCE] = 0.0
            self.state[row + RATE] = 0.0
            self.state[row + TOTAL] = 0.0
            self.state[row + COUNT] = 0.0
            self.state[row + SUMMED] = -1.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _choose(self, g: cython.Py_ssize_t, smooth_only: cython.bint) -> cython.void:
        """Set the phases of a group; where no row can bind, everybody has the highest current at once."""
        s: cython.Py_ssize_t
        free: cython.bint = self.entry_at[g] == self.entry_at[g + 1]
        for s in range(self.slot_at[g], self.slot_at[g + 1]):
            self.phase[s] = DONE
            self.start[s] = 0.0
            if not self.on[s] or self.current_a[s] >= self.high_a[s] or (smooth_only and self.step_a[s] > 0.0):
                continue
            if free:
                self.current_a[s] = self.high_a[s]
                continue
            self.unfinished[g] += 1
            self.phase[s] = RISING
            if self.current_a[s] > 0.0:
                self.start[s] = self.current_a[s] / self.weight[s]
                self.phase[s] = WAITING
                self.later = True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _leave(self, g: cython.Py_ssize_t) -> cython.void:
        s: cython.Py_ssize_t
        for s in range(self.slot_at[g], self.slot_at[g + 1]):
            self.phase[s] = DONE
            self.start[s] = 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add_rates(self, g: cython.Py_ssize_t) -> cython.void:
        s: cython.Py_ssize_t
        e: cython.Py_ssize_t
        row: cython.Py_ssize_t
        rate: cython.double = 0.0
        total: cython.double = 0.0
        if self.unfinished[g] == 0:
            return
        for s in range(self.slot_at[g], self.slot_at[g + 1]):
            if self.phase[s] != DONE:
                total += self.weight[s]
                if self.phase[s] == RISING:
                    rate += self.weight[s]
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            row = STATE * self.entry_row[e]
            self.state[row + RATE] += rate * self.entry_per_a[e]
            self.state[row + TOTAL] += total * self.entry_per_a[e]
            self.state[row + COUNT] += self.unfinished[g]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _note_rates(self, live_rows: cython.Py_ssize_t) -> cython.void:
        k: cython.Py_ssize_t
        row: cython.Py_ssize_t
        for k in range(live_rows):
            row = STATE * self.live_row[k]
            self.state[row + FAINT] = FADED * self.state[row + RATE]
            self.state[row + DIM] = FADED * self.state[row + TOTAL]
