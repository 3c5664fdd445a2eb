"""Sorts places by unsigned 64-bit keys, and keeps the order for the next time.

The bits of a non-negative float64 rise with it, so such numbers are sorted as they are. Equal keys keep the order of
their places: there is exactly one right order, and where that of the last time is still right, one look at each key
says so. Few keys are merged, many are distributed by 11 bits at a time (least significant digit first).
"""

from __future__ import annotations

from typing import Any

import cython
import numpy as np

COMPILED: bool = cython.compiled

FEW = cython.declare(cython.Py_ssize_t, 512)
RUN = cython.declare(cython.Py_ssize_t, 8)
DIGITS = cython.declare(cython.Py_ssize_t, 6)
DIGIT_BITS = cython.declare(cython.Py_ssize_t, 11)
DIGIT_VALUES = cython.declare(cython.Py_ssize_t, 2048)


@cython.final
@cython.cclass
class Sorter:
    """Keys to be written by others, and the order of their places."""

    key: cython.ulonglong[::1]
    order: cython.int[::1]
    known: cython.Py_ssize_t
    key_from: cython.ulonglong[::1]
    key_to: cython.ulonglong[::1]
    place_from: cython.int[::1]
    place_to: cython.int[::1]
    counts: cython.int[::1]

    def __init__(self, key: memoryview[Any], order: memoryview[Any]) -> None:
        """Take the keys and the order.

        Args:
            key: uint64[N].
            order: int32[N], written.
        """
        capacity: cython.Py_ssize_t = len(key)
        self.key = key
        self.order = order
        self.known = -1
        self.key_from = memoryview(np.zeros(capacity, np.uint64))
        self.key_to = memoryview(np.zeros(capacity, np.uint64))
        self.place_from = memoryview(np.zeros(capacity, np.int32))
        self.place_to = memoryview(np.zeros(capacity, np.int32))
        self.counts = memoryview(np.zeros(DIGITS * DIGIT_VALUES, np.int32))

    def sort(self, count: cython.Py_ssize_t) -> None:
        """Put the first `count` places into the order of their keys."""
        with cython.nogil:
            if self.known != count or not self._still_sorted(count):
                self.known = count
                if count <= FEW:
                    self._merge_all(count)
                else:
                    self._distribute_all(count)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _still_sorted(self, count: cython.Py_ssize_t) -> cython.bint:
        k: cython.Py_ssize_t
        a: cython.Py_ssize_t
        b: cython.Py_ssize_t
        for k in range(1, count):
            a = self.order[k - 1]
            b = self.order[k]
            if self.key[a] > self.key[b] or (self.key[a] == self.key[b] and a > b):
                return False
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _merge_all(self, count: cython.Py_ssize_t) -> cython.void:
        """Insert within short runs, then merge runs two by two."""
        width: cython.Py_ssize_t = RUN
        first: cython.Py_ssize_t
        k: cython.Py_ssize_t
        place: cython.Py_ssize_t
        item: cython.int
        for k in range(count):
            item = k
            place = k
            while place % RUN > 0 and self.key[self.order[place - 1]] > self.key[item]:
                self.order[place] = self.order[place - 1]
                place -= 1
            self.order[place] = item
        while width < count:
            first = 0
            while first < count:
                self._merge(first, min(first + width, count), min(first + 2 * width, count))
                first += 2 * width
            for k in range(count):
                self.order[k] = self.place_to[k]
            width *= 2

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _merge(self, a: cython.Py_ssize_t, middle: cython.Py_ssize_t, end: cython.Py_ssize_t) -> cython.void:
        b: cython.Py_ssize_t = middle
        k: cython.Py_ssize_t
        for k in range(a, end):
            if b >= end or (a < middle and self.key[self.order[a]] <= self.key[self.order[b]]):
                self.place_to[k] = self.order[a]
                a += 1
            else:
                self.place_to[k] = self.order[b]
                b += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _distribute_all(self, count: cython.Py_ssize_t) -> cython.void:
        """Distribute by every digit in which the keys differ."""
        k: cython.Py_ssize_t
        digit: cython.Py_ssize_t
        bits: cython.ulonglong
        for k in range(DIGITS * DIGIT_VALUES):
            self.counts[k] = 0
        for k in range(count):
            bits = self.key[k]
            self.key_from[k] = bits
            self.place_from[k] = k
            for digit in range(DIGITS):
                self.counts[digit * DIGIT_VALUES + (bits & 2047)] += 1
                bits = bits >> DIGIT_BITS
        for digit in range(DIGITS):
            bits = self.key[0] >> (digit * DIGIT_BITS)
            if self.counts[digit * DIGIT_VALUES + (bits & 2047)] < count:
                self._distribute(count, digit)
                self.key_from, self.key_to = self.key_to, self.key_from
                self.place_from, self.place_to = self.place_to, self.place_from
        for k in range(count):
            self.order[k] = self.place_from[k]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _distribute(self, count: cython.Py_ssize_t, digit: cython.Py_ssize_t) -> cython.void:
        k: cython.Py_ssize_t
        bucket: cython.Py_ssize_t
        total: cython.int = 0
        held: cython.int
        first: cython.Py_ssize_t = digit * DIGIT_VALUES
        shift: cython.Py_ssize_t = digit * DIGIT_BITS
        for k in range(first, first + DIGIT_VALUES):
            held = self.counts[k]
            self.counts[k] = total
            total += held
        for k in range(count):
            bucket = first + ((self.key_from[k] >> shift) & 2047)
            self.key_to[self.counts[bucket]] = self.key_from[k]
            self.place_to[self.counts[bucket]] = self.place_from[k]
            self.counts[bucket] += 1
