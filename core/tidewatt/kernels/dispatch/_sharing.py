"""How much each unit takes of what is wanted: the common level, the order of merit, whole steps.

Everything here counts in whole steps away from where a unit would rest, towards the setpoint: `room` is how far it can
go, `taken` how far it goes. Sums of steps are whole numbers below 2^53 and therefore exact in any order.
"""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled

LANES: int = 256
"""Sums are kept in this many lanes, so that they can be added up side by side and in one order everywhere."""

MAGIC = cython.declare(cython.double, 6755399441055744.0)  # see _bounds
# Times anything finite it is zero, which the compiler does not know: it would split a loop by a zero that it knows.
ZERO = cython.declare(cython.double, 0.0)
# So near, the next level differs from the one after it by a part of this that is lost in rounding.
CLOSE = cython.declare(cython.double, 1e-7)
HIGHEST_LEVEL = cython.declare(cython.double, 1002.0)  # a merit of 1 and full power at a weight of 0.001


def rank(
    *,
    soc_pct: cython.const_float[::1],
    cycles: cython.const_float[::1],
    departure_h: cython.const_float[::1],
    weight: cython.const_float[::1],
    limit_kw: cython.const_float[::1],
    low: cython.float[::1],
    high: cython.float[::1],
    charge: cython.bint,
    constant: cython.double,
    per_soc_pct: cython.double,
    per_cycle: cython.double,
    per_h: cython.double,
    rated_cycles: cython.double,
    horizon_h: cython.double,
    steps_per_kw: cython.double,
    start: cython.float[::1],
    slope: cython.float[::1],
    room: cython.float[::1],
) -> None:
    """Write for each unit how late it comes, how much it takes per level, and how far it can go.

    Args:
        soc_pct: this and the next three: the columns of `Fleet`.
        cycles: see there.
        departure_h: see there.
        weight: see there.
        limit_kw: the column of the limits in the direction that is asked for.
        low: float32[N], the lowest power in steps.
        high: float32[N], the highest.
        charge: whether more is wanted, rather than less.
        constant: lateness of a unit with 0 %, no cycles and a departure now.
        per_soc_pct: lateness per percent of charge.
        per_cycle: lateness per cycle.
        per_h: lateness per hour until the departure.
        rated_cycles: cycles that count at most.
        horizon_h: hours that count at most.
        steps_per_kw: steps in a kW.
        start: float32[N or more], lateness, 0 to 1: the level at which the unit begins.
        slope: float32[N or more], steps per level.
        room: float32[N or more], steps.
    """
    units: cython.Py_ssize_t = low.shape[0]
    zero: cython.double = ZERO * steps_per_kw
    late: cython.double
    count: cython.double
    hours: cython.double
    rest: cython.double
    i: cython.Py_ssize_t
    with cython.nogil:
        for i in range(units):
            count = cython.cast(cython.double, cycles[i])
            count = min(rated_cycles, count)
            hours = cython.cast(cython.double, departure_h[i])
            hours = min(horizon_h, hours)
            late = constant + per_soc_pct * cython.cast(cython.double, soc_pct[i]) + per_cycle * count + per_h * hours
            start[i] = max(zero, late)
        for i in range(units):
            slope[i] = cython.cast(cython.double, weight[i]) * cython.cast(cython.double, limit_kw[i]) * steps_per_kw
        if charge:
            for i in range(units):
                rest = cython.cast(cython.double, low[i])
                rest = max(zero, rest)
                late = cython.cast(cython.double, high[i]) - rest
                room[i] = max(zero, late)
        else:
            for i in range(units):
                rest = cython.cast(cython.double, high[i])
                rest = min(zero, rest)
                late = rest - cython.cast(cython.double, low[i])
                room[i] = max(zero, late)


def level(
    *,
    start: cython.float[::1],
    slope: cython.float[::1],
    room: cython.float[::1],
    lanes: cython.double[::1],
    wanted: cython.double,
    guess: cython.double,
) -> tuple[float, int]:
    """Return the level at which all units together take what is wanted, and in how many passes it was found.

    A unit takes `clip(slope x (level - start), 0, room)`. One pass tells who would be at rest, at its end, or between
    at a level; the level that is right for exactly these is the next one. It is right when it hardly moves: it then
    depends on who is where and on nothing else, so not on the guess. (Newton's method on a piecewise linear function;
    where it leaves the bracket or dawdles, the bracket is halved.)

    Args:
        start: float32[M], M a multiple of LANES; units beyond the last one have no slope and no room.
        slope: float32[M].
        room: float32[M].
        lanes: float64[7 * LANES], scratch.
        wanted: steps, from 0 to the sum of the rooms.
        guess: where to begin.
    """
    low: cython.double = 0.0
    high: cython.double = HIGHEST_LEVEL
    here: cython.double = guess
    there: cython.double
    free: cython.double
    passes: cython.int = 0
    with cython.nogil:
        while passes < 160:
            passes += 1
            free = _look(start, slope, room, lanes, here)
            if free > 0.0:
                there = (wanted - lanes[0] + lanes[512]) / free
            elif lanes[0] == wanted:
                break
            else:
                there = high if lanes[0] < wanted else low
            if -CLOSE < there - here < CLOSE:
                here = there
                break
            if there > here:
                low = here
            else:
                high = here
            if not low < there < high or (passes > 8 and passes % 2 == 0):
                there = 0.5 * (low + high)
            if there in (low, high):
                break
            here = there
    return here, passes


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _look(
    start: cython.float[::1],
    slope: cython.float[::1],
    room: cython.float[::1],
    lanes: cython.double[::1],
    here: cython.double,
) -> cython.double:
    """Return the sum of the slopes of those between rest and end at a level.

    lanes[0] becomes what the others take together, lanes[512] the sum of slope x start of those between.
    """
    units: cython.Py_ssize_t = start.shape[0]
    zero: cython.double = ZERO * here
    one: cython.double = zero + 1.0
    free: cython.double = 0.0
    gap: cython.double
    end: cython.double
    want: cython.double
    take: cython.double
    between: cython.double
    first: cython.Py_ssize_t
    j: cython.Py_ssize_t
    for j in range(768):
        lanes[j] = 0.0
    for first in range(0, units, 256):
        for j in range(256):
            gap = here - cython.cast(cython.double, start[first + j])
            end = cython.cast(cython.double, room[first + j])
            want = cython.cast(cython.double, slope[first + j]) * gap
            take = min(end, want)
            lanes[768 + j] = gap
            lanes[1024 + j] = want
            lanes[1280 + j] = max(zero, take)
        for j in range(256):
            between = one if lanes[1024 + j] == lanes[1280 + j] else zero
            lanes[1536 + j] = cython.cast(cython.double, slope[first + j]) * between
        for j in range(256):
            lanes[j] += lanes[1280 + j] - lanes[1536 + j] * lanes[768 + j]
            lanes[256 + j] += lanes[1536 + j]
            lanes[512 + j] += lanes[1536 + j] * (here - lanes[768 + j])
    for j in range(256):
        free += lanes[256 + j]
    for j in range(1, 256):
        lanes[0] += lanes[j]
        lanes[512] += lanes[512 + j]
    return free


def split(
    *,
    start: cython.float[::1],
    slope: cython.float[::1],
    room: cython.float[::1],
    here: cython.double,
    lanes: cython.double[::1],
    taken: cython.float[::1],
    lateness: cython.ushort[::1],
    more: cython.float[::1],
) -> cython.double:
    """Round what the units take at a level down to whole steps and return their sum.

    Args:
        start: float32[M], M a multiple of LANES.
        slope: float32[M].
        room: float32[M].
        here: the level.
        lanes: float64[3 * LANES], scratch.
        taken: float32[M], whole steps.
        lateness: uint16[M], the lower the more was cut off, in 1/65536 of a step.
        more: float32[M], 1 where a unit has room for one more step.
    """
    units: cython.Py_ssize_t = start.shape[0]
    magic: cython.double = MAGIC
    zero: cython.double = ZERO * here
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
                lanes[512 + j] = 65535.0 - (take - whole * 65536.0)
            for j in range(256):
                whole = lanes[256 + j]
                taken[first + j] = whole
            for j in range(256):
                lateness[first + j] = cython.cast(cython.ushort, cython.cast(cython.int, lanes[512 + j]))
        for first in range(units):
            more[first] = 1.0 if taken[first] < room[first] else 0.0
        for j in range(256):
            total += lanes[j]
    return total


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
