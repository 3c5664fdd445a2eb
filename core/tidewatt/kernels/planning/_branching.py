"""Decides the slots of one unit in which the cheapest way over the hulls has a power that is not allowed.

Depth first: the interval of the worst slot is split at the corner where its cost bends, or around the powers that are
forbidden, the nearer half first; ways that promise no more than the best found are not followed. When the nodes do not
run out, the best way is the optimum; otherwise it is as good as was found.
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

from ._single import UnitSolver
from .workspace import Workspace

COMPILED: bool = cython.compiled

INFINITY = cython.declare(cython.double, float("inf"))

# Which half of a split is still to be looked into.
LOWER = cython.declare(cython.uchar, 1)
UPPER = cython.declare(cython.uchar, 2)
# Relative: a node must promise this much less than the best way to be looked into.
WORTHWHILE = cython.declare(cython.double, 1e-10)
# Relative to the stored energy: nearer to a corner than this is at it.
AT_CORNER = cython.declare(cython.double, 1e-11)


@cython.cclass
class Branching:
    """Branch and bound over the intervals in a `Workspace`, which are as they were afterwards."""

    solver: Any
    stay: cython.Py_ssize_t
    low_kw: cython.double[::1]
    high_kw: cython.double[::1]
    points: cython.Py_ssize_t[::1]
    point_kw: cython.double[:, ::1]
    point_kwh: cython.double[:, ::1]
    bridge: cython.uchar[:, ::1]
    power_kw: cython.double[::1]
    stored_kwh: cython.double[::1]
    best_kw: cython.double[::1]
    slot: cython.Py_ssize_t[::1]
    interval: cython.double[:, ::1]
    pending: cython.uchar[::1]
    depth: cython.Py_ssize_t

    def __init__(self, space: Workspace, solver: UnitSolver, best_kw: cython.double[::1]) -> None:
        """Work in the arrays of the solver; `best_kw` float64[K] receives the best way."""
        self.solver = solver
        self.low_kw, self.high_kw = space.low_kw, space.high_kw
        self.points, self.point_kw, self.point_kwh = space.points, space.point_kw, space.point_kwh
        self.bridge, self.power_kw, self.stored_kwh = space.bridge, space.power_kw, space.stored_kwh
        self.best_kw = best_kw
        deepest: cython.Py_ssize_t = space.point_kw.shape[0] * space.point_kw.shape[1] + 1
        self.slot = np.zeros(deepest, np.intp)
        self.interval = np.zeros((deepest, 4))
        self.pending = np.zeros(deepest, np.uint8)

    def run(
        self, stay: cython.Py_ssize_t, relaxed: cython.double, best: cython.double, nodes: cython.Py_ssize_t
    ) -> tuple[float, bool]:
        """Start from the solution over the hulls and look into so many nodes.

        Args:
            stay: slots of the unit.
            relaxed: cost of the solution that is in the workspace.
            best: cost of a way that is known, infinity for none; only a cheaper one is looked for.
            nodes: how many more may be solved.

        Returns:
            The cost of the best way, `best` where none was found; and whether it is proven that none is better.
        """
        value: cython.double = relaxed
        k: cython.Py_ssize_t
        self.stay = stay
        self.depth = 0
        while True:
            if value < best - WORTHWHILE * (1.0 + abs(value)):
                k = self._worst()
                if k >= 0:
                    self._split(k)
                else:
                    best = value
                    for k in range(stay):
                        self.best_kw[k] = self.power_kw[k]
                    if not self._turn():
                        return best, True
            elif not self._turn():
                return best, True
            if nodes == 0:
                while self.depth > 0:
                    self._leave()
                return best, False
            nodes -= 1
            k = self.slot[self.depth - 1]
            value = self.solver.solve() if self.solver.draw(k) else INFINITY

    @cython.cfunc
    def _turn(self) -> cython.bint:
        """Go to the last other half that is left; return whether there is one."""
        node: cython.Py_ssize_t
        k: cython.Py_ssize_t
        while self.depth > 0:
            node = self.depth - 1
            if self.pending[node]:
                k = self.slot[node]
                lower: cython.bint = self.pending[node] == LOWER
                self.pending[node] = 0
                if lower:
                    self.low_kw[k], self.high_kw[k] = self.interval[node, 0], self.interval[node, 2]
                else:
                    self.low_kw[k], self.high_kw[k] = self.interval[node, 3], self.interval[node, 1]
                return True
            self._leave()
        return False

    @cython.cfunc
    def _leave(self) -> cython.void:
        """Restore the interval that the last split narrowed."""
        self.depth -= 1
        k: cython.Py_ssize_t = self.slot[self.depth]
        self.low_kw[k], self.high_kw[k] = self.interval[self.depth, 0], self.interval[self.depth, 1]
        self.solver.draw(k)

    @cython.cfunc
    def _worst(self) -> cython.Py_ssize_t:
        """Return the slot that is furthest from both corners of a bridge, or -1."""
        k: cython.Py_ssize_t
        worst: cython.Py_ssize_t = -1
        furthest: cython.double = 0.0
        off: cython.double
        j: cython.Py_ssize_t
        with cython.nogil:
            for k in range(self.stay):
                for j in range(self.points[k] - 1):
                    if self.bridge[k, j]:
                        off = min(
                            self.stored_kwh[k] - self.point_kwh[k, j], self.point_kwh[k, j + 1] - self.stored_kwh[k]
                        )
                        if off > furthest and off > AT_CORNER * (1.0 + abs(self.stored_kwh[k])):
                            worst, furthest = k, off
        return worst

    @cython.cfunc
    def _split(self, k: cython.Py_ssize_t) -> cython.void:
        """Narrow slot k to the nearer half of its interval and remember the other."""
        j: cython.Py_ssize_t = 0
        node: cython.Py_ssize_t = self.depth
        while self.point_kwh[k, j + 1] < self.stored_kwh[k]:
            j += 1
        below: cython.double = self.point_kw[k, j]
        above: cython.double = self.point_kw[k, j + 1]
        bend: cython.double = self.solver.bend(k, below, above)
        nearer: cython.bint = self.stored_kwh[k] - self.point_kwh[k, j] <= self.point_kwh[k, j + 1] - self.stored_kwh[k]
        if bend < INFINITY:
            nearer = self.power_kw[k] <= bend
            below = above = bend
        self.slot[node] = k
        self.interval[node, 0], self.interval[node, 1] = self.low_kw[k], self.high_kw[k]
        self.interval[node, 2], self.interval[node, 3] = below, above
        self.pending[node] = UPPER if nearer else LOWER
        self.depth += 1
        if nearer:
            self.high_kw[k] = below
        else:
            self.low_kw[k] = above
