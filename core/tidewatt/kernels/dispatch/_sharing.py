"""How much each unit takes of what is wanted: the order of merit and the common level.

Everything here counts in whole steps away from where a unit would rest, towards the setpoint: `room` is how far it can
go, and `clip(slope x (level - start), 0, room)` how far it goes at a level.
"""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled

LANES: int = 256
"""Sums are kept in this many lanes, so that they can be added up side by side and in one order everywhere."""

# Times anything finite it is zero, which the compiler does not know: it would split a loop by a zero that it knows.
ZERO = cython.declare(cython.double, 0.0)
# So near, the search in single precision has no more to say.
NEAR = cython.declare(cython.double, 1e-4)
# So near, the next level differs from the one after it by a part of this that is lost in rounding.
CLOSE = cython.declare(cython.double, 1e-7)
MOST: float = 1002.0
"""The highest level: a lateness of 1 and full power at a weight of 0.001."""
HIGHEST_LEVEL = cython.declare(cython.double, MOST)


@cython.cclass
class Sharing:
    """The units in the order of merit, and a search for their level."""

    start: cython.float[::1]
    slope: cython.float[::1]
    room: cython.float[::1]
    rough: cython.float[::1]
    exact: cython.double[::1]
    low: cython.double
    high: cython.double
    fixed: cython.double
    free: cython.double

    def __init__(
        self,
        *,
        start: cython.float[::1],
        slope: cython.float[::1],
        room: cython.float[::1],
        rough: cython.float[::1],
        exact: cython.double[::1],
    ) -> None:
        """Take what is written and worked with; units beyond the last one have no slope and no room.

        Args:
            start: float32[M], M a multiple of LANES: lateness, 0 to 1, the level at which a unit begins.
            slope: float32[M], steps per level.
            room: float32[M], steps.
            rough: float32[2 * LANES], scratch.
            exact: float64[2 * LANES or more], scratch.
        """
        self.start = start
        self.slope = slope
        self.room = room
        self.rough = rough
        self.exact = exact

    def rank(
        self,
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
        guess: cython.float,
    ) -> None:
        """Write for each unit how late it comes, how much it takes per level, and how far it can go; look at a level.

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
            guess: the level to look at.
        """
        start: cython.float[::1] = self.start
        slope: cython.float[::1] = self.slope
        room: cython.float[::1] = self.room
        aside: cython.double[::1] = self.exact
        units: cython.Py_ssize_t = low.shape[0]
        late: cython.double
        count: cython.double
        hours: cython.double
        begin: cython.float
        rest: cython.float
        nothing: cython.float = 0.0
        first: cython.Py_ssize_t
        end: cython.Py_ssize_t
        i: cython.Py_ssize_t
        with cython.nogil:
            self._begin()
            for first in range(0, units, 256):
                end = min(first + 256, units)
                for i in range(first, end):
                    count = cython.cast(cython.double, cycles[i])
                    aside[i - first] = min(rated_cycles, count)
                for i in range(first, end):
                    hours = cython.cast(cython.double, departure_h[i])
                    aside[256 + i - first] = min(horizon_h, hours)
                for i in range(first, end):
                    late = constant + per_soc_pct * cython.cast(cython.double, soc_pct[i])
                    late += per_cycle * aside[i - first] + per_h * aside[256 + i - first]
                    begin = late
                    start[i] = max(nothing, begin)
                for i in range(first, end):
                    slope[i] = (
                        cython.cast(cython.double, weight[i]) * cython.cast(cython.double, limit_kw[i]) * steps_per_kw
                    )
                if charge:
                    for i in range(first, end):
                        rest = max(nothing, low[i])
                        rest = high[i] - rest
                        room[i] = max(nothing, rest)
                else:
                    for i in range(first, end):
                        rest = min(nothing, high[i])
                        rest = rest - low[i]
                        room[i] = max(nothing, rest)
                self._look(first, guess)

    def level(self, wanted: cython.double, guess: cython.double) -> tuple[float, float]:
        """Return the level at which all units together take what is wanted, and how many steps they take per level.

        One pass tells who would be at rest, at its end, or between at a level; the level that is right for exactly
        these is the next one. It is right when it hardly moves: it then depends on who is where and on nothing else, so
        not on the guess. (Newton's method on a piecewise linear function; where it leaves the bracket or dawdles, the
        bracket is halved.) Passes are made in single precision until they are near; the last ones in double precision.

        Args:
            wanted: steps, above zero and below the sum of the rooms.
            guess: where `rank` looked.
        """
        here: cython.double
        with cython.nogil:
            here = self._approach(wanted, guess)
            here = self._settle(wanted, here)
        return here, self.free

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _approach(self, wanted: cython.double, guess: cython.double) -> cython.double:
        """Return about the level, found in single precision, or where that has no more to say."""
        here: cython.double = guess
        there: cython.double
        passes: cython.int = 0
        first: cython.Py_ssize_t
        j: cython.Py_ssize_t
        self.low = 0.0
        self.high = HIGHEST_LEVEL
        while passes < 20:
            if passes > 0:
                self._begin()
                for first in range(0, self.start.shape[0], 256):
                    self._look(first, cython.cast(cython.float, here))
            self.fixed = 0.0
            self.free = 0.0
            for j in range(256):
                self.fixed += cython.cast(cython.double, self.rough[j])
                self.free += cython.cast(cython.double, self.rough[256 + j])
            there = self._aim(wanted)
            if -NEAR < there - here < NEAR:
                return there
            passes += 1
            here = self._within(here, there, passes)
        return here

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _settle(self, wanted: cython.double, guess: cython.double) -> cython.double:
        """Return the level, found in double precision."""
        here: cython.double = min(max(guess, 0.0), HIGHEST_LEVEL)
        there: cython.double
        passes: cython.int = 0
        first: cython.Py_ssize_t
        j: cython.Py_ssize_t
        self.low = 0.0
        self.high = HIGHEST_LEVEL
        while passes < 160:
            self._begin()
            for first in range(0, self.start.shape[0], 256):
                self._look_closely(first, here)
            self.fixed = 0.0
            self.free = 0.0
            for j in range(256):
                self.fixed += self.exact[j]
                self.free += self.exact[256 + j]
            if self.free == 0.0 and self.fixed == wanted:
                break
            there = self._aim(wanted)
            if -CLOSE < there - here < CLOSE:
                return there
            passes += 1
            there = self._within(here, there, passes)
            if there in (self.low, self.high):
                break
            here = there
        return here

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _aim(self, wanted: cython.double) -> cython.double:
        """Return the level that is right for those that are between now; where nobody is, an end of the bracket."""
        if self.free > 0.0:
            return (wanted - self.fixed) / self.free
        return self.high if self.fixed < wanted else self.low

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _within(self, here: cython.double, there: cython.double, passes: cython.int) -> cython.double:
        """Move an end of the bracket to a level that was looked at; return the next one, within the bracket."""
        if there > here:
            self.low = here
        else:
            self.high = here
        if not self.low < there < self.high or (passes > 8 and passes % 2 == 0):
            return 0.5 * (self.low + self.high)
        return there

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _begin(self) -> cython.void:
        """Set the sums to zero."""
        rough: cython.float[::1] = self.rough
        exact: cython.double[::1] = self.exact
        j: cython.Py_ssize_t
        for j in range(512):
            rough[j] = 0.0
        for j in range(512):
            exact[j] = 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _look(self, first: cython.Py_ssize_t, here: cython.float) -> cython.void:
        """Add 256 units to the sums at a level: what is fixed, and the slopes of those between rest and end.

        Fixed is what the others take, less slope x start of those between.
        """
        start: cython.float[::1] = self.start
        slope: cython.float[::1] = self.slope
        room: cython.float[::1] = self.room
        lanes: cython.float[::1] = self.rough
        zero: cython.float = ZERO * here
        one: cython.float = zero + 1.0
        begin: cython.float
        rise: cython.float
        end: cython.float
        want: cython.float
        take: cython.float
        between: cython.float
        j: cython.Py_ssize_t
        for j in range(256):
            begin = start[first + j]
            rise = slope[first + j]
            end = room[first + j]
            want = rise * (here - begin)
            take = min(end, want)
            take = max(zero, take)
            between = one if want == take else zero
            rise = rise * between
            lanes[j] += take - take * between - rise * begin
            lanes[256 + j] += rise

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _look_closely(self, first: cython.Py_ssize_t, here: cython.double) -> cython.void:
        """Add 256 units to the sums as `_look` does, in double precision."""
        start: cython.float[::1] = self.start
        slope: cython.float[::1] = self.slope
        room: cython.float[::1] = self.room
        lanes: cython.double[::1] = self.exact
        zero: cython.double = ZERO * here
        one: cython.double = zero + 1.0
        begin: cython.double
        rise: cython.double
        end: cython.double
        want: cython.double
        take: cython.double
        between: cython.double
        j: cython.Py_ssize_t
        for j in range(256):
            begin = cython.cast(cython.double, start[first + j])
            rise = cython.cast(cython.double, slope[first + j])
            end = cython.cast(cython.double, room[first + j])
            want = rise * (here - begin)
            take = min(end, want)
            take = max(zero, take)
            between = one if want == take else zero
            rise = rise * between
            lanes[j] += take - take * between - rise * begin
            lanes[256 + j] += rise
