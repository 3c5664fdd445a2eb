"""Who may be on: everybody that needs nothing at once, the others as candidates by tier, lock and score.

The unchecked indexing is sound because slots and groups come from `_order`.
"""

from __future__ import annotations

import cython

from .workspace import Workspace

COMPILED: bool = cython.compiled

ALL_BITS = cython.declare(cython.ulonglong, 0xFFFFFFFFFFFFFFFF)


@cython.final
@cython.cclass
class Candidates:
    """The switches of all slots, and lists of those that are to be decided on."""

    charger: cython.int[::1]
    incumbent: cython.const_uchar[::1]
    group_of: cython.int[::1]
    group_tier: cython.int[::1]
    low_a: cython.double[::1]
    current_a: cython.double[::1]
    able: cython.uchar[::1]
    locked: cython.uchar[::1]
    on: cython.uchar[::1]
    refused_by: cython.int[::1]
    score_key: cython.ulonglong[::1]
    by_score: cython.int[::1]
    candidate: cython.int[::1]
    movable: cython.uchar[::1]

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        self.charger, self.incumbent = space.charger, space.incumbent
        self.group_of, self.group_tier = space.group_of, space.group_tier
        self.low_a, self.current_a = space.low_a, space.current_a
        self.able, self.locked, self.on, self.refused_by = space.able, space.locked, space.on, space.refused_by
        self.score_key, self.by_score = space.score_key, space.by_score
        self.candidate, self.movable = space.candidate, space.movable

    def clear(self) -> None:
        """Switch everybody off but those that need nothing to be on, and leave what is set aside."""
        s: cython.Py_ssize_t
        with cython.nogil:
            for s in range(self.on.shape[0]):
                if self.group_tier[self.group_of[s]] < 0:
                    continue
                self.on[s] = self.able[s] and self.low_a[s] <= 0.0
                self.refused_by[s] = -1
                self.current_a[s] = 0.0

    def admit_all(self, tier: cython.int) -> None:
        """Switch everybody of a tier on, at the minimum."""
        s: cython.Py_ssize_t
        with cython.nogil:
            for s in range(self.on.shape[0]):
                if self.able[s] and self.group_tier[self.group_of[s]] == tier:
                    self.on[s] = 1
                    self.current_a[s] = max(self.current_a[s], self.low_a[s])

    def rank(self) -> None:
        """Turn the scores' bits into sorting keys: descending, of equals those first that are on already."""
        s: cython.Py_ssize_t
        bits: cython.ulonglong
        with cython.nogil:
            for s in range(self.on.shape[0]):
                bits = self.score_key[s]
                self.score_key[s] = ALL_BITS - (bits - (bits & 1) + self.incumbent[self.charger[s]])

    def choose(self, tier: cython.int, locked: cython.bint, also_on: cython.bint) -> cython.Py_ssize_t:
        """List the candidates of a tier, locked or not, by descending score; return how many.

        Who needs nothing to be on is no candidate; who is on already only if said so.
        """
        k: cython.Py_ssize_t
        s: cython.int
        found: cython.Py_ssize_t = 0
        with cython.nogil:
            for k in range(self.by_score.shape[0]):
                s = self.by_score[k]
                self.movable[s] = 0
                if (self.on[s] and not also_on) or self.low_a[s] <= 0.0 or self.locked[s] != locked:
                    continue
                if self.group_tier[self.group_of[s]] == tier:
                    self.candidate[found] = s
                    found += 1
        return found
