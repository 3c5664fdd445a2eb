"""What a choice of who is on is worth, once everybody on has the fair share: the sum of score x ln(1 + current / 6 A).

The logarithm is the utility of proportional fairness (Kelly 1997); 6 A is the lowest current of IEC 61851, from which
on the piecewise linear program that judges the kernel counts as well.

The unchecked indexing is sound because slots and groups come from `_order`.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import log

from .workspace import Workspace

COMPILED: bool = cython.compiled

REFERENCE_A = cython.declare(cython.double, 6.0)


@cython.final
@cython.cclass
class Utility:
    """The currents of the slots and what they are worth."""

    group_of: cython.int[::1]
    group_tier: cython.int[::1]
    score: cython.double[::1]
    low_a: cython.double[::1]
    current_a: cython.double[::1]
    on: cython.uchar[::1]

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        self.group_of, self.group_tier = space.group_of, space.group_tier
        self.score, self.low_a, self.current_a, self.on = space.score, space.low_a, space.current_a, space.on

    def worth(self, tier: cython.int) -> cython.double:
        """Return what the currents of a tier are worth, and take them back to the minima."""
        s: cython.Py_ssize_t
        sum_: cython.double = 0.0
        with cython.nogil:
            for s in range(self.on.shape[0]):
                if self.group_tier[self.group_of[s]] == tier and self.on[s]:
                    sum_ += self.score[s] * log(1.0 + self.current_a[s] / REFERENCE_A)
                    self.current_a[s] = self.low_a[s]
        return sum_
