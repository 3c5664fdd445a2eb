"""One unit after the other, in the order of merit, without sorting.

Sums of steps are whole numbers below 2^53 and therefore exact in any order.
"""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled


def queue(
    *,
    start: cython.float[::1],
    weight: cython.const_float[::1],
    taken: cython.float[::1],
    lateness: cython.ushort[::1],
) -> None:
    """Put the units in the order of merit, and let nobody have anything yet.

    A weight divides the lateness: x / (x + weight) is in that order and within 0 and 1.

    Args:
        start: float32[N or more], lateness, 0 to 1.
        weight: float32[N].
        taken: float32[N or more], zeroed.
        lateness: uint16[N or more], the lower the earlier.
    """
    units: cython.Py_ssize_t = weight.shape[0]
    late: cython.double
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(units):
            late = cython.cast(cython.double, start[i])
            late = 65535.0 * (late / (late + cython.cast(cython.double, weight[i])))
            lateness[i] = cython.cast(cython.ushort, cython.cast(cython.int, late))
            taken[i] = 0.0


def fill(
    *,
    lateness: cython.ushort[::1],
    amount: cython.float[::1],
    taken: cython.float[::1],
    counts: cython.longlong[::1],
    wanted: cython.longlong,
) -> None:
    """Let the earliest have their amounts until nothing is left; of equally late ones, the one listed first.

    The last lateness that is served is found digit by digit, from two histograms of 256 sums, without sorting.

    Args:
        lateness: uint16[M].
        amount: float32[M], whole steps.
        taken: float32[M], raised.
        counts: int64[1024], scratch.
        wanted: steps, up to the sum of the amounts.
    """
    units: cython.Py_ssize_t = lateness.shape[0]
    left: cython.longlong = wanted
    digit: cython.Py_ssize_t
    last: cython.Py_ssize_t
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(1024):
            counts[i] = 0
        # Four tables in turn, as adding to what was just added to takes its time.
        for i in range(units):
            counts[(i & 3) * 256 + (lateness[i] >> 8)] += cython.cast(cython.longlong, amount[i])
        for i in range(256):
            counts[i] += counts[256 + i] + counts[512 + i] + counts[768 + i]
        digit = _enough(counts, left)
        for i in range(digit):
            left -= counts[i]
        for i in range(256):
            counts[i] = 0
        for i in range(units):
            if lateness[i] >> 8 == digit:
                counts[lateness[i] & 255] += cython.cast(cython.longlong, amount[i])
        last = _enough(counts, left)
        for i in range(last):
            left -= counts[i]
        _hand_out(lateness, amount, taken, digit * 256 + last, left)


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _enough(counts: cython.longlong[::1], wanted: cython.longlong) -> cython.Py_ssize_t:
    """Return the first of 256 places up to which the counts add up to what is wanted, or the last one."""
    left: cython.longlong = wanted
    place: cython.Py_ssize_t = 0
    while place < 255 and counts[place] < left:
        left -= counts[place]
        place += 1
    return place


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _hand_out(
    lateness: cython.ushort[::1],
    amount: cython.float[::1],
    taken: cython.float[::1],
    last: cython.Py_ssize_t,
    wanted: cython.longlong,
) -> cython.void:
    """Give those before the last lateness their amounts, and what is wanted beyond to those of that lateness."""
    units: cython.Py_ssize_t = lateness.shape[0]
    left: cython.longlong = wanted
    step: cython.float
    i: cython.Py_ssize_t
    for i in range(units):
        taken[i] += amount[i] if lateness[i] < last else 0.0
    for i in range(units):
        if lateness[i] == last and left > 0:
            step = amount[i]
            if left < step:
                step = cython.cast(cython.float, left)
            taken[i] += step
            left -= cython.cast(cython.longlong, step)
