"""From shares to whole steps: rounded down, and what is left goes to the largest remainders."""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled

MAGIC = cython.declare(cython.double, 6755399441055744.0)  # see _bounds
# Times anything finite it is zero, which the compiler does not know: it would split a loop by a zero that it knows.
ZERO = cython.declare(cython.double, 0.0)


def split(
    *,
    start: cython.float[::1],
    slope: cython.float[::1],
    room: cython.float[::1],
    here: cython.double,
    lanes: cython.double[::1],
    taken: cython.float[::1],
    rank: cython.short[::1],
) -> cython.double:
    """Round what the units take at a level down to whole steps and return their sum.

    Args:
        start: float32[M], M a multiple of 256.
        slope: float32[M].
        room: float32[M].
        here: the level.
        lanes: float64[768], scratch.
        taken: float32[M], whole steps.
        rank: int16[M], the lower the more was cut off, in 1/65536 of a step; 32767 where there is no room for a step.
    """
    units: cython.Py_ssize_t = start.shape[0]
    magic: cython.double = MAGIC
    zero: cython.double = ZERO * here
    last: cython.double = zero + 32767.0
    want: cython.double
    end: cython.double
    take: cython.double
    whole: cython.double
    total: cython.double = 0.0
    first: cython.Py_ssize_t
    j: cython.Py_ssize_t
    with cython.nogil:
        for j in range(256):
            lanes[j] = 0.0
        for first in range(0, units, 256):
            for j in range(256):
                end = cython.cast(cython.double, room[first + j])
                want = cython.cast(cython.double, slope[first + j]) * (
                    here - cython.cast(cython.double, start[first + j])
                )
                take = min(end, want)
                take = max(zero, take)
                # What is less than a thousandth of 1/65536 below a whole number of them is that number.
                take = (take * 65536.0 - 0.499 + magic) - magic
                whole = (take * 0.0000152587890625 - 0.499995 + magic) - magic
                lanes[j] += whole
                lanes[256 + j] = whole
                take = 32767.0 - (take - whole * 65536.0)
                take = min(take, last - 1.0)
                lanes[512 + j] = take if whole < end else last
            for j in range(256):
                whole = lanes[256 + j]
                taken[first + j] = whole
            for j in range(256):
                rank[first + j] = cython.cast(cython.short, cython.cast(cython.int, lanes[512 + j]))
        for j in range(256):
            total += lanes[j]
    return total


def top_up(*, rank: cython.short[::1], taken: cython.float[::1], wanted: cython.longlong) -> None:
    """Give one step each to those of the lowest rank; of equal ones, to those listed first.

    The last rank that has one is found by counting, between brackets that close by interpolation: remainders are
    spread evenly as a rule. Every third time the bracket is halved, whatever they are.

    Args:
        rank: int16[M], M a multiple of 256; 32767 has none.
        taken: float32[M], raised.
        wanted: steps, 0 or more; what more than all could have is left.
    """
    units: cython.Py_ssize_t = rank.shape[0]
    low: cython.longlong = -32769
    high: cython.longlong = 32766
    below: cython.longlong = 0
    above: cython.longlong
    middle: cython.longlong
    count: cython.longlong
    passes: cython.int = 0
    cut: cython.Py_ssize_t
    with cython.nogil:
        above = _count(rank, 0, units, 32766)
        if wanted >= above:
            _raise(rank, taken, 0, units, 32766)
        elif wanted > 0:
            # Always: up to `low` there are fewer than wanted, up to `high` as many or more.
            while high - low > 1:
                passes += 1
                middle = (high - low) // 2
                if passes % 3 != 0:
                    middle = (high - low) * (wanted - below) // (above - below)
                middle = low + min(max(middle, 1), high - low - 1)
                count = _count(rank, 0, units, cython.cast(cython.int, middle))
                if count < wanted:
                    low = middle
                    below = count
                else:
                    high = middle
                    above = count
            cut = _behind(rank, cython.cast(cython.int, high), wanted - below)
            _raise(rank, taken, 0, cut, cython.cast(cython.int, high))
            _raise(rank, taken, cut, units, cython.cast(cython.int, low))


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _count(
    rank: cython.short[::1], first: cython.Py_ssize_t, end: cython.Py_ssize_t, last: cython.int
) -> cython.longlong:
    """Return how many ranks from one place to another are up to the last one that counts."""
    count: cython.int = 0
    limit: cython.short = cython.cast(cython.short, last)
    i: cython.Py_ssize_t
    for i in range(first, end):
        count += 1 if rank[i] <= limit else 0
    return count


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _behind(rank: cython.short[::1], last: cython.int, times: cython.longlong) -> cython.Py_ssize_t:
    """Return the place behind the one where a rank appears for so many times."""
    units: cython.Py_ssize_t = rank.shape[0]
    place: cython.Py_ssize_t = 0
    left: cython.longlong = times
    wanted: cython.short = cython.cast(cython.short, last)
    count: cython.int
    i: cython.Py_ssize_t
    while place < units:
        count = 0
        for i in range(place, place + 256):
            count += 1 if rank[i] == wanted else 0
        if count >= left:
            break
        left -= count
        place += 256
    while place < units and left > 0:
        left -= 1 if rank[place] == wanted else 0
        place += 1
    return place


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _raise(
    rank: cython.short[::1],
    taken: cython.float[::1],
    first: cython.Py_ssize_t,
    end: cython.Py_ssize_t,
    last: cython.int,
) -> cython.void:
    """Give a step to every rank up to the last one, from one place to another."""
    one: cython.float = 1.0
    zero: cython.float = 0.0
    i: cython.Py_ssize_t
    for i in range(first, end):
        taken[i] += one if rank[i] <= last else zero
