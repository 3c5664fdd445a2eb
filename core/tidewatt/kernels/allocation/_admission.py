"""Who is on: chargers that take nothing or at least their minimum are admitted at the minimum, or not at all.

The sum of the admitted scores is to be large. Chargers of one phase class with equal minima on a tree are a laminar
matroid, where taking them by descending score is optimal, and nothing else is tried. For mixtures two orders are
tried, by score and by score per share of what is left. Each is improved by exchanges (insert a refused charger and
evict the cheapest that stand in its way, or drop one, and in both cases admit whoever then fits), and the better one
stays. At the end every refused charger gets another chance and is told the row that refuses it: filling takes room.

The unchecked indexing is sound because slots, groups and entries come from `_order` and `_rows`.
"""

from __future__ import annotations

import cython
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
OUTWEIGHED = cython.declare(cython.int, -2)
LEAST_GAIN = cython.declare(cython.double, 1e-9)
# Chargers and entries looked at while exchanging, about 10 ms compiled: a bound that is the same on every machine.
EXCHANGE_BUDGET = cython.declare(cython.Py_ssize_t, 1_000_000)


@cython.final
@cython.cclass
class Admission:
    """The chargers that are on, and the room they leave.

    `left` is the room of each row less all currents. A journal holds the chargers toggled by the exchange that is being
    tried, `movable` those it may evict.
    """

    last: cython.int[::1]
    group_at: cython.int[::1]
    per_a: cython.double[::1]
    left: cython.double[::1]
    slot_at: cython.int[::1]
    group_of: cython.int[::1]
    group_class: cython.int[::1]
    entry_at: cython.int[::1]
    entry_row: cython.int[::1]
    entry_per_a: cython.double[::1]
    low_a: cython.double[::1]
    score: cython.double[::1]
    current_a: cython.double[::1]
    on: cython.uchar[::1]
    refused_by: cython.int[::1]
    density: cython.double[::1]
    candidate: cython.int[::1]
    by_density: cython.int[::1]
    kept: cython.int[::1]
    movable: cython.uchar[::1]
    journal: cython.int[::1]
    journal_length: cython.Py_ssize_t
    candidates: cython.Py_ssize_t
    budget: cython.Py_ssize_t
    kinds: cython.Py_ssize_t

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        chargers: cython.Py_ssize_t = space.chargers
        self.last, self.group_at = space.last, space.group_at
        self.per_a, self.left = space.per_a, space.left
        self.slot_at, self.group_of = space.slot_at, space.group_of
        self.group_class, self.entry_at = space.group_class, space.entry_at
        self.low_a, self.score, self.current_a = space.low_a, space.score, space.current_a
        self.on, self.refused_by = space.on, space.refused_by
        self.candidate, self.movable = space.candidate, space.movable
        self.density, self.by_density = space.density, space.by_density
        self.take_entries(space)
        self.kept = memoryview(np.zeros(chargers, np.int32))
        # One exchange toggles each charger at most twice: evicted and taken back.
        self.journal = memoryview(np.zeros(2 * chargers + 1, np.int32))
        self.journal_length = 0
        self.candidates = 0
        self.budget = 0
        self.kinds = 3

    def take_entries(self, space: Workspace) -> None:
        """Take the entries of a workspace, which may have been allocated anew."""
        self.entry_row, self.entry_per_a = space.entry_row, space.entry_per_a

    def take(self, candidates: cython.Py_ssize_t, kinds: cython.Py_ssize_t) -> cython.bint:
        """Admit so many candidates by descending score; return whether another order or exchanges could do better.

        The order by density is then to be sorted: `density` is written.
        """
        more: cython.bint
        self.candidates = candidates
        self.kinds = kinds
        with cython.nogil:
            more = self._take_all()
            if more:
                self._write_densities()
        return more

    def improve(self) -> None:
        """Exchange, and try the order by density with exchanges too; the better of the two stays."""
        with cython.nogil:
            self._improve_both()

    def open(self, candidates: cython.Py_ssize_t, kinds: cython.Py_ssize_t) -> None:
        """Take so many candidates for `toggle`."""
        c: cython.Py_ssize_t
        self.candidates = candidates
        self.kinds = kinds
        with cython.nogil:
            for c in range(candidates):
                self.movable[self.candidate[c]] = 1

    def toggle(self, first: cython.Py_ssize_t, end: cython.Py_ssize_t, complete: cython.bint) -> cython.bint:
        """Switch candidates off, or a single one that is off on, in place of the cheapest in its way.

        With `complete` whoever then fits is switched on too. Returns whether anybody could be switched.
        """
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        done: cython.bint = False
        with cython.nogil:
            self.journal_length = 0
            for c in range(first, end):
                s = self.candidate[c]
                if self.on[s]:
                    self._journalled(s)
                    done = True
                elif end == first + 1:
                    self._insert(s)
                    done = self.on[s]
            if complete and done:
                self._complete(self.candidate[first])
        return done

    def undo(self) -> None:
        """Take the last `toggle` back."""
        with cython.nogil:
            self._undo()

    def outweigh(self) -> None:
        """Note of every candidate that is off the row that refuses its minimum, or that others make more of it."""
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        obstacle: cython.Py_ssize_t
        with cython.nogil:
            for c in range(self.candidates):
                s = self.candidate[c]
                if not self.on[s]:
                    obstacle = self._obstacle(s)
                    self.refused_by[s] = obstacle if obstacle >= 0 else OUTWEIGHED

    def settle(self) -> None:
        """Give the refused another chance, and tell the others the row that refuses them."""
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        with cython.nogil:
            for c in range(self.candidates):
                s = self.candidate[c]
                if not self.on[s]:
                    self.refused_by[s] = self._obstacle(s)
                    if self.refused_by[s] < 0:
                        self._toggle(s)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _take_all(self) -> cython.bint:
        """Admit by descending score; return whether somebody is refused whom another choice might serve."""
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        alike: cython.bint = True
        refused: cython.bint = False
        first: cython.Py_ssize_t = self.candidate[0] if self.candidates > 0 else 0
        for c in range(self.candidates):
            s = self.candidate[c]
            alike = (
                alike
                and self.low_a[s] == self.low_a[first]
                and self.group_class[self.group_of[s]] == self.group_class[self.group_of[first]]
            )
            if self._obstacle(s) < 0:
                self._toggle(s)
            else:
                refused = True
        return refused and not alike

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _write_densities(self) -> cython.void:
        """Write the share of the room that each candidate takes, beside the others that are on, by its score."""
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        g: cython.Py_ssize_t
        e: cython.Py_ssize_t
        share: cython.double
        self._keep()
        for c in range(self.candidates):
            s = self.candidate[c]
            g = self.group_of[s]
            share = 1e-12
            for e in range(self.entry_at[g], self.entry_at[g + 1]):
                share += self.entry_per_a[e] * self.low_a[s] / max(self.left[self.entry_row[e]], 1e-9)
            self.density[c] = share / self.score[s]
        self._restore()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep(self) -> cython.void:
        """Note which candidates are on, and switch them off."""
        c: cython.Py_ssize_t
        for c in range(self.candidates):
            self.kept[c] = self.on[self.candidate[c]]
            if self.on[self.candidate[c]]:
                self._toggle(self.candidate[c])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _restore(self) -> cython.void:
        """Switch on exactly the candidates that are kept."""
        c: cython.Py_ssize_t
        for c in range(self.candidates):
            if self.on[self.candidate[c]] and not self.kept[c]:
                self._toggle(self.candidate[c])
        for c in range(self.candidates):
            if self.kept[c] and not self.on[self.candidate[c]]:
                self._toggle(self.candidate[c])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _improve_both(self) -> cython.void:
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        won: cython.double
        for c in range(self.candidates):
            self.movable[self.candidate[c]] = 1
        self._improve()
        won = self._won()
        self._keep()
        for c in range(self.candidates):
            s = self.candidate[self.by_density[c]]
            if self._obstacle(s) < 0:
                self._toggle(s)
        self._improve()
        if self._won() <= won + LEAST_GAIN:
            self._restore()

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _won(self) -> cython.double:
        won: cython.double = 0.0
        c: cython.Py_ssize_t
        for c in range(self.candidates):
            if self.on[self.candidate[c]]:
                won += self.score[self.candidate[c]]
        return won

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _obstacle(self, s: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the row that lacks most for a charger to be on, in terms of its current; -1 when it fits."""
        worst: cython.Py_ssize_t = -1
        most_lacking_a: cython.double = TOLERANCE_A
        lacking_a: cython.double
        g: cython.Py_ssize_t = self.group_of[s]
        e: cython.Py_ssize_t
        self.budget -= self.entry_at[g + 1] - self.entry_at[g]
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            lacking_a = self.low_a[s] - self.left[self.entry_row[e]] / self.entry_per_a[e]
            if lacking_a > most_lacking_a:
                most_lacking_a = lacking_a
                worst = self.entry_row[e]
        return worst

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _toggle(self, s: cython.Py_ssize_t) -> cython.void:
        """Turn a charger on or off."""
        g: cython.Py_ssize_t = self.group_of[s]
        e: cython.Py_ssize_t
        more_a: cython.double = -self.low_a[s] if self.on[s] else self.low_a[s]
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            self.left[self.entry_row[e]] -= self.entry_per_a[e] * more_a
        self.on[s] = not self.on[s]
        self.current_a[s] = self.low_a[s] if self.on[s] else 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _improve(self) -> cython.void:
        """Exchange until no exchange wins anything or the budget is spent."""
        self.budget = EXCHANGE_BUDGET
        while self._exchange():
            pass

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _exchange(self) -> cython.bint:
        """Try every insertion and every drop once, as far as the budget goes; return whether any won."""
        won: cython.bint = False
        gain: cython.double
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        for c in range(self.candidates):
            if self.budget <= 0:
                break
            s = self.candidate[c]
            self.journal_length = 0
            gain = self._journalled(s) if self.on[s] else self._insert(s)
            gain += self._complete(s)
            if gain > LEAST_GAIN:
                won = True
            else:
                self._undo()
        return won

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _journalled(self, s: cython.Py_ssize_t) -> cython.double:
        """Toggle a charger so that it can be undone; return the score won."""
        self.journal[self.journal_length] = s
        self.journal_length += 1
        self._toggle(s)
        return self.score[s] if self.on[s] else -self.score[s]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _insert(self, s: cython.Py_ssize_t) -> cython.double:
        """Evict the cheapest in the way of a charger until it fits; return the score won.

        Where too few can be evicted, the charger stays off, at a loss that undoes the exchange.
        """
        gain: cython.double = 0.0
        obstacle: cython.Py_ssize_t = self._obstacle(s)
        victim: cython.Py_ssize_t
        while obstacle >= 0:
            victim = self._cheapest(obstacle)
            if victim < 0:
                return gain
            gain += self._journalled(victim)
            obstacle = self._obstacle(s)
        return gain + self._journalled(s)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _cheapest(self, r: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the charger of least score that takes from a row and may be evicted; -1 when there is none."""
        cheapest: cython.Py_ssize_t = -1
        p: cython.Py_ssize_t = r // self.kinds
        j: cython.Py_ssize_t = r % self.kinds
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        for g in range(self.group_at[p], self.group_at[self.last[p] + 1]):
            self.budget -= 1
            if self.per_a[14 * j + self.group_class[g]] <= 0.0:
                continue
            self.budget -= self.slot_at[g + 1] - self.slot_at[g]
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                if self.on[s] and self.movable[s] and (cheapest < 0 or self.score[s] < self.score[cheapest]):
                    cheapest = s
        return cheapest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _complete(self, but: cython.Py_ssize_t) -> cython.double:
        """Admit whoever fits now, except one; return the score won."""
        gain: cython.double = 0.0
        c: cython.Py_ssize_t
        s: cython.Py_ssize_t
        self.budget -= self.candidates
        for c in range(self.candidates):
            s = self.candidate[c]
            if s != but and not self.on[s] and self._obstacle(s) < 0:
                gain += self._journalled(s)
        return gain

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _undo(self) -> cython.void:
        while self.journal_length > 0:
            self.journal_length -= 1
            self._toggle(self.journal[self.journal_length])
