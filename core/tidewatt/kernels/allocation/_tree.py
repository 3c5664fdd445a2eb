"""Numbers the circuits so that everything below a circuit follows it without a gap (pre-order).

A circuit's `position` is its place in that numbering; `last` is the highest position below it. All arrays over circuits
but the problem's own are by position. The tree is walked only when the problem's parents differ from those before.
"""

from __future__ import annotations

import cython
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled


@cython.final
@cython.cclass
class Tree:
    """The parents of a problem and the numbering made of them."""

    parent: cython.const_int[::1]
    known: cython.int[::1]
    position: cython.int[::1]
    circuit_at: cython.int[::1]
    up: cython.int[::1]
    last: cython.int[::1]
    size: cython.int[::1]
    following: cython.int[::1]

    def __init__(self, views: Workspace) -> None:
        """Take the views of a workspace."""
        circuits: cython.Py_ssize_t = len(views.parent)
        self.parent = views.parent
        self.position = views.position
        self.circuit_at = views.circuit_at
        self.up = views.up
        self.last = views.last
        self.known = memoryview(np.full(circuits, -2, np.int32))
        self.size = memoryview(np.zeros(circuits, np.int32))
        self.following = memoryview(np.zeros(circuits, np.int32))

    def refresh(self) -> cython.bint:
        """Number the circuits if the tree is another than before; return whether it is."""
        changed: cython.bint = False
        v: cython.Py_ssize_t
        with cython.nogil:
            for v in range(self.parent.shape[0]):
                if self.parent[v] != self.known[v]:
                    self.known[v] = self.parent[v]
                    changed = True
            if changed:
                self._number()
        return changed

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _number(self) -> cython.void:
        """Parents come before their children, so one pass up counts and one pass down numbers."""
        v: cython.Py_ssize_t
        above: cython.Py_ssize_t
        count: cython.Py_ssize_t = self.parent.shape[0]
        for v in range(count):
            self.size[v] = 1
        for v in range(count - 1, 0, -1):
            self.size[self.parent[v]] += self.size[v]
        for v in range(count):
            above = self.parent[v]
            self.position[v] = self.following[above] if v > 0 else 0
            self.following[v] = self.position[v] + 1
            if v > 0:
                self.following[above] += self.size[v]
            self.circuit_at[self.position[v]] = v
            self.up[self.position[v]] = self.position[above] if v > 0 else -1
            self.last[self.position[v]] = self.position[v] + self.size[v] - 1
