"""Who is on: chargers that take nothing or at least their minimum are admitted at the minimum, or not at all.

Locked chargers come first, then the rest; within each of the two tiers the sum of the admitted scores is to be large.
Chargers of one phase class with equal minima on a tree are a laminar matroid, where taking them by descending score is
optimal. For mixtures two orders are tried, by score and by score per share of what is left. Each is improved by
exchanges (insert a refused charger and evict the cheapest that stand in its way, or drop one, and in both cases admit
whoever then fits), and the better one stays. At the end every refused charger gets another chance and is told the row
that refuses it; filling only takes room, so nobody can fit later who does not fit then.

The unchecked indexing is sound because the rows come from `_incidence` and the candidates are a subset of the chargers.
"""

from __future__ import annotations

import cython
import numpy as np
import numpy.typing as npt

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
LEAST_GAIN = cython.declare(cython.double, 1e-9)
# Chargers and entries looked at while exchanging, about 10 ms compiled: a bound that is the same on every machine.
EXCHANGE_BUDGET = cython.declare(cython.Py_ssize_t, 1_000_000)


@cython.cclass
class Admission:
    """The chargers that are on, and the room they leave.

    `left` is the room of each row less the minima of the chargers that are on, `journal` the chargers toggled by the
    exchange that is being tried, `movable` those it may evict.
    """

    start: cython.Py_ssize_t[::1]
    row: cython.Py_ssize_t[::1]
    per_a: cython.double[::1]
    first: cython.Py_ssize_t[::1]
    member: cython.Py_ssize_t[::1]
    minimum_a: cython.double[::1]
    score: cython.double[::1]
    movable: cython.uchar[::1]
    journal: cython.Py_ssize_t[::1]
    journal_length: cython.Py_ssize_t
    budget: cython.Py_ssize_t
    left: cython.double[::1]
    on: cython.uchar[::1]
    refused_by: cython.Py_ssize_t[::1]

    def __init__(
        self,
        *,
        start: cython.Py_ssize_t[::1],
        row: cython.Py_ssize_t[::1],
        per_a: cython.double[::1],
        first: cython.Py_ssize_t[::1],
        member: cython.Py_ssize_t[::1],
        minimum_a: cython.double[::1],
        score: cython.double[::1],
        room: cython.double[::1],
    ) -> None:
        """Start with everybody off.

        Args:
            start: intp[N + 1], row intp[E], per_a float64[E]: rows of each charger.
            row: see start.
            per_a: see start.
            first: intp[R + 1], member intp[E]: chargers of each row.
            member: see first.
            minimum_a: float64[N], what a charger needs to be on.
            score: float64[N], descending within each tier.
            room: float64[R].
        """
        chargers: cython.Py_ssize_t = minimum_a.shape[0]
        self.start = start
        self.row = row
        self.per_a = per_a
        self.first = first
        self.member = member
        self.minimum_a = minimum_a
        self.score = score
        self.movable = np.zeros(chargers, dtype=np.uint8)
        # One exchange toggles each charger at most twice: evicted and taken back.
        self.journal = np.empty(2 * chargers + 1, dtype=np.intp)
        self.journal_length = 0
        self.budget = 0
        self.left = np.array(room)
        self.on = np.zeros(chargers, dtype=np.uint8)
        self.refused_by = np.full(chargers, -1, dtype=np.intp)

    def admit(self, candidates: cython.Py_ssize_t[::1]) -> None:
        """Admit as much score as can be found among the candidates.

        Args:
            candidates: intp[C], chargers of one tier by descending score, that were not candidates before.
        """
        by_density: cython.Py_ssize_t[::1] = self._by_density(candidates)
        won: cython.double = self._take(candidates)
        c: cython.Py_ssize_t
        if np.asarray(self.on)[np.asarray(candidates)].all():
            return
        for c in range(candidates.shape[0]):
            self.movable[candidates[c]] = 1
        won += self._improve(candidates)
        first: cython.Py_ssize_t[::1] = np.asarray(candidates)[np.asarray(self.on)[np.asarray(candidates)] == 1]
        self._release(candidates)
        if self._take(by_density) + self._improve(candidates) <= won + LEAST_GAIN:
            self._release(candidates)
            for c in range(first.shape[0]):
                self._toggle(first[c])
        for c in range(candidates.shape[0]):
            self.movable[candidates[c]] = 0
            self._settle(candidates[c])

    def result(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.intp]]:
        """Return uint8[N], 1 for a charger that is on, and intp[N], the row that refused a charger or -1."""
        return np.asarray(self.on), np.asarray(self.refused_by)

    def _by_density(self, candidates: cython.Py_ssize_t[::1]) -> cython.Py_ssize_t[::1]:
        """Return the candidates by descending score per share of the room that their minimum takes."""
        density_array = np.empty(candidates.shape[0])
        density: cython.double[::1] = density_array
        c: cython.Py_ssize_t
        i: cython.Py_ssize_t
        e: cython.Py_ssize_t
        share: cython.double
        for c in range(candidates.shape[0]):
            i = candidates[c]
            share = 1e-12
            for e in range(self.start[i], self.start[i + 1]):
                share += self.per_a[e] * self.minimum_a[i] / max(self.left[self.row[e]], 1e-9)
            density[c] = self.score[i] / share
        order = np.argsort(-density_array, kind="stable")
        return np.asarray(candidates)[order]

    @cython.cfunc
    def _take(self, order: cython.Py_ssize_t[::1]) -> cython.double:
        """Admit in the given order whoever fits; return the score won."""
        won: cython.double = 0.0
        c: cython.Py_ssize_t
        i: cython.Py_ssize_t
        for c in range(order.shape[0]):
            i = order[c]
            if not self.on[i] and self._obstacle(i) < 0:
                self._toggle(i)
                won += self.score[i]
        return won

    @cython.cfunc
    def _release(self, candidates: cython.Py_ssize_t[::1]) -> cython.void:
        c: cython.Py_ssize_t
        for c in range(candidates.shape[0]):
            if self.on[candidates[c]]:
                self._toggle(candidates[c])

    @cython.cfunc
    def _obstacle(self, i: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the row that lacks most for charger i to be on, in terms of its current; -1 when it fits."""
        worst: cython.Py_ssize_t = -1
        most_lacking_a: cython.double = TOLERANCE_A
        lacking_a: cython.double
        e: cython.Py_ssize_t
        if self.minimum_a[i] <= 0.0:
            return -1
        self.budget -= self.start[i + 1] - self.start[i]
        for e in range(self.start[i], self.start[i + 1]):
            lacking_a = self.minimum_a[i] - self.left[self.row[e]] / self.per_a[e]
            if lacking_a > most_lacking_a:
                most_lacking_a = lacking_a
                worst = self.row[e]
        return worst

    @cython.cfunc
    def _toggle(self, i: cython.Py_ssize_t) -> cython.void:
        """Turn charger i on or off."""
        e: cython.Py_ssize_t
        sign: cython.double = 1.0 if self.on[i] else -1.0
        for e in range(self.start[i], self.start[i + 1]):
            self.left[self.row[e]] += sign * self.per_a[e] * self.minimum_a[i]
        self.on[i] = not self.on[i]

    @cython.cfunc
    def _improve(self, candidates: cython.Py_ssize_t[::1]) -> cython.double:
        """Exchange until no exchange wins anything or the budget is spent; return the score won."""
        won: cython.double = 0.0
        gain: cython.double
        self.budget = EXCHANGE_BUDGET
        gain = self._exchange(candidates)
        while gain > 0.0:
            won += gain
            gain = self._exchange(candidates)
        return won

    @cython.cfunc
    def _exchange(self, candidates: cython.Py_ssize_t[::1]) -> cython.double:
        """Try every insertion and every drop once, as far as the budget goes; return the score won."""
        won: cython.double = 0.0
        gain: cython.double
        c: cython.Py_ssize_t
        i: cython.Py_ssize_t
        for c in range(candidates.shape[0]):
            if self.budget <= 0:
                break
            i = candidates[c]
            self.journal_length = 0
            gain = self._journalled(i) if self.on[i] else self._insert(i)
            gain += self._complete(candidates, i)
            if gain > LEAST_GAIN:
                won += gain
            else:
                self._undo()
        return won

    @cython.cfunc
    def _journalled(self, i: cython.Py_ssize_t) -> cython.double:
        """Toggle charger i so that it can be undone; return the score won."""
        self.journal[self.journal_length] = i
        self.journal_length += 1
        self._toggle(i)
        return self.score[i] if self.on[i] else -self.score[i]

    @cython.cfunc
    def _insert(self, i: cython.Py_ssize_t) -> cython.double:
        """Evict the cheapest in the way of charger i until it fits; return the score won.

        Where too few can be evicted, charger i stays off, at a loss that undoes the exchange.
        """
        gain: cython.double = 0.0
        obstacle: cython.Py_ssize_t = self._obstacle(i)
        victim: cython.Py_ssize_t
        while obstacle >= 0:
            victim = self._cheapest(obstacle)
            if victim < 0:
                return gain
            gain += self._journalled(victim)
            obstacle = self._obstacle(i)
        return gain + self._journalled(i)

    @cython.cfunc
    def _cheapest(self, r: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return the charger of least score that takes from row r and may be evicted; -1 when there is none."""
        cheapest: cython.Py_ssize_t = -1
        k: cython.Py_ssize_t
        i: cython.Py_ssize_t
        self.budget -= self.first[r + 1] - self.first[r]
        for k in range(self.first[r], self.first[r + 1]):
            i = self.member[k]
            if not self.on[i] or not self.movable[i] or self.minimum_a[i] <= 0.0:
                continue
            if cheapest < 0 or self.score[i] <= self.score[cheapest]:
                cheapest = i
        return cheapest

    @cython.cfunc
    def _complete(self, candidates: cython.Py_ssize_t[::1], but: cython.Py_ssize_t) -> cython.double:
        """Admit whoever fits now, except one; return the score won."""
        gain: cython.double = 0.0
        c: cython.Py_ssize_t
        i: cython.Py_ssize_t
        self.budget -= candidates.shape[0]
        for c in range(candidates.shape[0]):
            i = candidates[c]
            if i != but and not self.on[i] and self._obstacle(i) < 0:
                gain += self._journalled(i)
        return gain

    @cython.cfunc
    def _undo(self) -> cython.void:
        while self.journal_length > 0:
            self.journal_length -= 1
            self._toggle(self.journal[self.journal_length])

    @cython.cfunc
    def _settle(self, i: cython.Py_ssize_t) -> cython.void:
        """Give a refused charger another chance, or note the row that refuses it."""
        obstacle: cython.Py_ssize_t
        if not self.on[i]:
            obstacle = self._obstacle(i)
            if obstacle < 0:
                self._toggle(i)
            else:
                self.refused_by[i] = obstacle
