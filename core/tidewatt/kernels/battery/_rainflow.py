"""Rainflow cycle counting by ASTM E1049-85, section 5.4.4: a whole series at once, or value by value.

Turning points wait on a stack. Of the last two ranges, the earlier one is counted as soon as the later is at least as
large: as one cycle, or as half a one where it begins at the start of what is left. The top of the stack may still be
moving: since its range only grows until it turns, what is counted early is what would be counted at the turn.

So ranges that wait fall strictly from the first to the last. Where values lie on a grid of L steps there are at most L
of them, which bounds the memory of the counting value by value.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import floor
import numpy as np
import numpy.typing as npt

COMPILED: bool = cython.compiled


def rainflow(values: cython.double[::1]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return float64[C, 2], lowest and highest value of each cycle, and float64[C], how much it counts.

    Args:
        values: float64[T], finite.
    """
    length: cython.Py_ssize_t = values.shape[0]
    ends_array = np.empty((length + 1, 2))
    count_array = np.empty(length + 1)
    ends: cython.double[:, ::1] = ends_array
    count: cython.double[::1] = count_array
    stack: cython.double[::1] = np.empty(length + 1)
    depth: cython.Py_ssize_t = 0
    found: cython.Py_ssize_t = 0
    k: cython.Py_ssize_t
    x: cython.double
    with cython.nogil:
        for k in range(length):
            x = values[k]
            if depth > 0 and x == stack[depth - 1]:
                continue
            if depth > 1 and (x > stack[depth - 1]) == (stack[depth - 1] > stack[depth - 2]):
                stack[depth - 1] = x
            else:
                stack[depth] = x
                depth += 1
            while depth > 2 and abs(stack[depth - 1] - stack[depth - 2]) >= abs(stack[depth - 2] - stack[depth - 3]):
                ends[found, 0] = min(stack[depth - 2], stack[depth - 3])
                ends[found, 1] = max(stack[depth - 2], stack[depth - 3])
                count[found] = 0.5 if depth == 3 else 1.0
                found += 1
                if depth == 3:
                    stack[0] = stack[1]
                    stack[1] = stack[2]
                    depth = 2
                else:
                    stack[depth - 3] = stack[depth - 1]
                    depth -= 2
        for k in range(depth - 1):
            ends[found, 0] = min(stack[k], stack[k + 1])
            ends[found, 1] = max(stack[k], stack[k + 1])
            count[found] = 0.5
            found += 1
    return ends_array[:found], count_array[:found]


def count_steps(
    *,
    values: cython.double[:, ::1],
    low: cython.double,
    step: cython.double,
    stack: cython.int[:, ::1],
    depth: cython.int[::1],
    counts: cython.double[:, ::1],
) -> None:
    """Go on counting the cycles of N series of values on a grid.

    Args:
        values: float64[T, N], low to low + L step; NaN is passed over.
        low: the lowest value.
        step: of the grid.
        stack: int32[N, L + 3], waiting turning points in steps; changed in place.
        depth: int32[N], how many there are of each; changed in place.
        counts: float64[N, L + 1], cycles by range in steps; changed in place.
    """
    t: cython.Py_ssize_t
    n: cython.Py_ssize_t
    d: cython.int
    x: cython.int
    earlier: cython.int
    with cython.nogil:
        for t in range(values.shape[0]):
            for n in range(values.shape[1]):
                if values[t, n] != values[t, n]:
                    continue
                x = cython.cast(cython.int, floor((values[t, n] - low) / step + 0.5))
                d = depth[n]
                if d > 0 and x == stack[n, d - 1]:
                    continue
                if d > 1 and (x > stack[n, d - 1]) == (stack[n, d - 1] > stack[n, d - 2]):
                    stack[n, d - 1] = x
                else:
                    stack[n, d] = x
                    d += 1
                while d > 2:
                    earlier = abs(stack[n, d - 2] - stack[n, d - 3])
                    if abs(stack[n, d - 1] - stack[n, d - 2]) < earlier:
                        break
                    if d == 3:
                        counts[n, earlier] += 0.5
                        stack[n, 0] = stack[n, 1]
                        stack[n, 1] = stack[n, 2]
                        d = 2
                    else:
                        counts[n, earlier] += 1.0
                        stack[n, d - 3] = stack[n, d - 1]
                        d -= 2
                depth[n] = d
