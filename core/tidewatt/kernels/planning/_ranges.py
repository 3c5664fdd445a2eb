"""Finds the first value that lies outside its range, faster than an expression of whole arrays would."""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled


def first_outside(values: cython.const_double[::1], low: cython.double, high: cython.double) -> int:
    """Return the index of the first value that is not from `low` to `high`, NaN included, or -1."""
    i: cython.Py_ssize_t
    found: int = -1
    for i in range(values.shape[0]):
        if not (low <= values[i] <= high):
            found = i
            break
    return found


def first_whole_outside(values: cython.const_int[::1], low: cython.int, high: cython.int) -> int:
    """Return the index of the first whole number that is not from `low` to `high`, or -1."""
    i: cython.Py_ssize_t
    found: int = -1
    for i in range(values.shape[0]):
        if values[i] < low or values[i] > high:
            found = i
            break
    return found
