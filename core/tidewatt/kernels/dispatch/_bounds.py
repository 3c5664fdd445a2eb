"""Between which powers each unit may be, in whole steps, and what makes each of the two bounds.

Limits come first, then ramps, then what a departure still needs; excluded units have one power left. The units are
worked on in blocks that stay in the first cache: columns are loaded, and checked, into rows of one scratch array, and
short straight loops make further rows of them. So a compiler can make vector code: rows are a constant distance apart,
a choice is a conditional expression between values that are there already, and a whole number comes of adding and
taking away `MAGIC`. Energies are worked out in double precision, the type of what has none here; what is stored,
compared and rounded is single.
"""

from __future__ import annotations

import cython

from .fleet import DispatchReason, DispatchSettings

COMPILED: bool = cython.compiled

BLOCK: int = 256
"""Units that are worked on at a time."""

ROWS: int = 24
"""Rows of scratch: the columns of `Fleet` as far as used here (0 to 12), then what is made of them."""

# Adding and taking away 1.5 x 2^23 leaves the nearest whole number of any single below 2^22.
MAGIC = cython.declare(cython.float, 12582912.0)
# A float32 limit of 7.1 kW is 71 steps of 0.1 kW less 0.000001: this near, it counts as the step.
NEARLY = cython.declare(cython.float, 1e-3)
# Times anything finite it is a zero that the compiler does not know: by one that it knows it would split a loop.
ZERO = cython.declare(cython.double, 0.0)
# Faster than this is at once.
FASTEST_KW_PER_S = cython.declare(cython.double, 1e8)

POWER_LIMIT = cython.declare(cython.float, float(DispatchReason.POWER_LIMIT))
NOT_BIDIRECTIONAL = cython.declare(cython.float, float(DispatchReason.NOT_BIDIRECTIONAL))
RAMP = cython.declare(cython.float, float(DispatchReason.RAMP))
SOC_CEILING = cython.declare(cython.float, float(DispatchReason.SOC_CEILING))
SOC_FLOOR = cython.declare(cython.float, float(DispatchReason.SOC_FLOOR))
MUST_CHARGE = cython.declare(cython.float, float(DispatchReason.MUST_CHARGE))
UNREACHABLE = cython.declare(cython.float, float(DispatchReason.UNREACHABLE))
UNKNOWN_STATE = cython.declare(cython.float, float(DispatchReason.UNKNOWN_STATE))
OVER_TEMPERATURE = cython.declare(cython.float, float(DispatchReason.OVER_TEMPERATURE))
LOW_HEALTH = cython.declare(cython.float, float(DispatchReason.LOW_HEALTH))


@cython.cclass
class Bounds:
    """The constants of a dispatch and the scratch of one block."""

    scratch: cython.float[::1]
    sums: cython.double[::1]
    ranges: cython.double[::1]
    period_s: cython.double
    steps_per_kw: cython.float
    lowest_soh_pct: cython.float
    highest_temperature_c: cython.float

    def __init__(
        self,
        scratch: cython.float[::1],
        sums: cython.double[::1],
        ranges: cython.double[::1],
        settings: DispatchSettings,
        steps_per_kw: cython.float,
    ) -> None:
        """Take scratch, float32[ROWS * BLOCK], sums, float64[3 * BLOCK], and least and most of each row up to 13."""
        self.scratch = scratch
        self.sums = sums
        self.ranges = ranges
        self.period_s = settings.period_s
        self.steps_per_kw = steps_per_kw
        self.lowest_soh_pct = settings.lowest_soh_pct
        self.highest_temperature_c = settings.highest_temperature_c

    def find(
        self,
        *,
        soc_pct: cython.const_float[::1],
        soc_floor_pct: cython.const_float[::1],
        soc_ceiling_pct: cython.const_float[::1],
        target_soc_pct: cython.const_float[::1],
        departure_h: cython.const_float[::1],
        capacity_kwh: cython.const_float[::1],
        charge_limit_kw: cython.const_float[::1],
        discharge_limit_kw: cython.const_float[::1],
        ramp_kw_per_s: cython.const_float[::1],
        previous_kw: cython.const_double[::1],
        cycles: cython.const_float[::1],
        soh_pct: cython.const_float[::1],
        temperature_c: cython.const_float[::1],
        weight: cython.const_float[::1],
        reachable: cython.const_uchar[::1],
        low: cython.float[::1],
        high: cython.float[::1],
        why: cython.uchar[::1],
    ) -> tuple[int, float, float, float]:
        """Write the bounds of all units.

        Returns the number of values that cannot be meant, and where that is 0, three sums: of the lowest powers, of
        those nearest to zero, and of the highest.

        The columns are those of `Fleet`. low and high, float32[N], become the lowest and the highest power in whole
        steps; why, uint8[N], the reason of the lowest times 16 plus the reason of the highest.
        """
        units: cython.Py_ssize_t = low.shape[0]
        sums: cython.double[::1] = self.sums
        outside: cython.Py_ssize_t = 0
        lowest: cython.double = 0.0
        resting: cython.double = 0.0
        highest: cython.double = 0.0
        first: cython.Py_ssize_t
        count: cython.Py_ssize_t
        j: cython.Py_ssize_t
        with cython.nogil:
            for j in range(768):
                sums[j] = 0.0
            for first in range(0, units, 256):
                count = min(units - first, 256)
                outside += self._load(0, first, count, soc_pct, 0)
                outside += self._load(1, first, count, soc_floor_pct, 1)
                outside += self._load(2, first, count, soc_ceiling_pct, 1)
                outside += self._load(3, first, count, target_soc_pct, 1)
                outside += self._load(4, first, count, departure_h, 1)
                outside += self._load(5, first, count, capacity_kwh, 1)
                outside += self._load(6, first, count, charge_limit_kw, 1)
                outside += self._load(7, first, count, discharge_limit_kw, 1)
                outside += self._load(8, first, count, ramp_kw_per_s, 1)
                outside += self._load_previous(9, first, count, previous_kw)
                outside += self._load(10, first, count, soh_pct, 0)
                outside += self._load(11, first, count, temperature_c, 0)
                outside += self._load(12, first, count, weight, 1)
                outside += self._load(13, first, count, cycles, 1)
                outside += self._energy(count)
                self._departure(count)
                self._ramps(count)
                self._floors(count)
                self._reasons(count)
                self._excluded(first, count, reachable)
                for j in range(count):
                    sums[j] += cython.cast(cython.double, self.scratch[4608 + j])
                    sums[256 + j] += cython.cast(cython.double, self.scratch[5376 + j])
                    sums[512 + j] += cython.cast(cython.double, self.scratch[4864 + j])
                for j in range(count):
                    low[first + j] = self.scratch[4608 + j]
                for j in range(count):
                    high[first + j] = self.scratch[4864 + j]
                for j in range(count):
                    why[first + j] = cython.cast(cython.uchar, cython.cast(cython.int, self.scratch[5120 + j]))
            for j in range(256):
                lowest += sums[j]
                resting += sums[256 + j]
                highest += sums[512 + j]
        return outside, lowest, resting, highest

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _load(
        self,
        row: cython.Py_ssize_t,
        first: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        column: cython.const_float[::1],
        known: cython.int,
    ) -> cython.Py_ssize_t:
        """Copy a block of a column to a row; return how many values are not in its range, NaN only where known is 1."""
        scratch: cython.float[::1] = self.scratch
        least: cython.float = self.ranges[2 * row]
        most: cython.float = self.ranges[2 * row + 1]
        outside: cython.int = 0
        missing: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(count):
            scratch[256 * row + j] = column[first + j]
            outside += 1 if (column[first + j] < least) | (column[first + j] > most) else 0
            missing += 0 if column[first + j] == column[first + j] else 1
        return outside + known * missing

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _load_previous(
        self,
        row: cython.Py_ssize_t,
        first: cython.Py_ssize_t,
        count: cython.Py_ssize_t,
        column: cython.const_double[::1],
    ) -> cython.Py_ssize_t:
        """Copy a block of doubles to a row; return how many values are not within the range, NaN included."""
        scratch: cython.float[::1] = self.scratch
        least: cython.double = self.ranges[2 * row]
        most: cython.double = self.ranges[2 * row + 1]
        zero: cython.double = 0.0
        one: cython.double = 1.0
        outside: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(count):
            value = column[first + j]
            value = max(least, value)
            scratch[256 * row + j] = min(most, value)
        for j in range(count):
            scratch[5120 + j] = zero if (column[first + j] >= least) & (column[first + j] <= most) else one
        for j in range(count):
            outside += 1 if scratch[5120 + j] > 0.0 else 0
        return outside

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _energy(self, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Rows 13 and 14: limits in kW, by stock and room of the battery. Return how many floors are too high."""
        j: cython.Py_ssize_t
        scratch: cython.float[::1] = self.scratch
        kw_per_pct_kwh: cython.double = 36.0 / self.period_s
        zero: cython.double = ZERO * self.period_s
        crossed: cython.int = 0
        for j in range(count):
            soc = cython.cast(cython.double, scratch[j])
            per_pct = cython.cast(cython.double, scratch[1280 + j]) * kw_per_pct_kwh
            # An unknown state of charge is a comparison that fails: no room, no stock.
            stock = (soc - cython.cast(cython.double, scratch[256 + j])) * per_pct
            stock = max(zero, stock)
            limit = cython.cast(cython.double, scratch[1792 + j])
            stock = min(limit, stock)
            scratch[3328 + j] = zero - stock
            room = (cython.cast(cython.double, scratch[512 + j]) - soc) * per_pct
            room = max(zero, room)
            limit = cython.cast(cython.double, scratch[1536 + j])
            room = min(limit, room)
            scratch[3584 + j] = zero + room
        for j in range(count):
            crossed += 1 if scratch[512 + j] < scratch[256 + j] else 0
        return crossed

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _departure(self, count: cython.Py_ssize_t) -> cython.void:
        """Row 17: the power, in kW, without which full power from the next period on would not reach the target."""
        j: cython.Py_ssize_t
        scratch: cython.float[::1] = self.scratch
        period_h: cython.double = self.period_s / 3600.0
        per_period: cython.double = 3600.0 / self.period_s
        zero: cython.double = ZERO * self.period_s
        for j in range(count):
            missing_kwh = cython.cast(cython.double, scratch[768 + j]) - cython.cast(cython.double, scratch[j])
            missing_kwh = missing_kwh * 0.01 * cython.cast(cython.double, scratch[1280 + j])
            left_h = cython.cast(cython.double, scratch[1024 + j]) - period_h
            left_h = max(zero, left_h)
            must = (missing_kwh - cython.cast(cython.double, scratch[1536 + j]) * left_h) * per_period
            must = max(zero, must)
            most = cython.cast(cython.double, scratch[3584 + j])
            must = min(most, must)
            scratch[4352 + j] = zero + must

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _ramps(self, count: cython.Py_ssize_t) -> cython.void:
        """Rows 15 and 16: the ends of the ramp in kW; rows 18 and 19: whole steps within limits and ramps."""
        lowest: cython.float
        highest: cython.float
        slowest: cython.float
        fastest: cython.float
        j: cython.Py_ssize_t
        scratch: cython.float[::1] = self.scratch
        magic: cython.float = MAGIC
        up: cython.float = 0.5 - NEARLY
        zero: cython.float = 0.0
        steps: cython.float = self.steps_per_kw
        period_s: cython.double = self.period_s
        at_once: cython.double = FASTEST_KW_PER_S
        for j in range(count):
            previous = cython.cast(cython.double, scratch[2304 + j])
            ramp = cython.cast(cython.double, scratch[2048 + j])
            ramp = min(at_once, ramp)
            scratch[3840 + j] = previous - ramp * period_s
            scratch[4096 + j] = previous + ramp * period_s
        for j in range(count):
            lowest = scratch[3328 + j]
            highest = scratch[3584 + j]
            slowest = scratch[3840 + j]
            slowest = max(lowest, slowest)
            slowest = min(highest, slowest)
            slowest = (slowest * steps + up + magic) - magic
            fastest = scratch[4096 + j]
            fastest = min(highest, fastest)
            fastest = max(lowest, fastest)
            fastest = (fastest * steps - up + magic) - magic
            # Where no whole step lies within the ramp, the next one towards zero is taken.
            lowest = max(zero, fastest)
            highest = min(zero, slowest)
            scratch[4608 + j] = min(lowest, slowest)
            scratch[4864 + j] = max(highest, fastest)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _floors(self, count: cython.Py_ssize_t) -> cython.void:
        """Row 17: what a departure needs in steps, as far as limits allow; row 20: as far as ramps allow, too."""
        scratch: cython.float[::1] = self.scratch
        magic: cython.float = MAGIC
        nothing: cython.float = -MAGIC
        up: cython.float = 0.5 - NEARLY
        zero: cython.float = 0.0
        steps: cython.float = self.steps_per_kw
        must: cython.float
        most: cython.float
        j: cython.Py_ssize_t
        for j in range(count):
            must = (scratch[4352 + j] * steps + up + magic) - magic
            most = (scratch[3584 + j] * steps - up + magic) - magic
            scratch[4352 + j] = min(most, must)
        for j in range(count):
            must = scratch[4352 + j]
            most = scratch[4864 + j]
            most = min(most, must)
            scratch[5120 + j] = most if must > zero else nothing

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _reasons(self, count: cython.Py_ssize_t) -> cython.void:
        """Row 20: sixteen times the reason of the lowest power plus that of the highest; row 18: raised to row 20."""
        discharge: cython.float
        must: cython.float
        low: cython.float
        below: cython.float
        above: cython.float
        j: cython.Py_ssize_t
        scratch: cython.float[::1] = self.scratch
        limit: cython.float = POWER_LIMIT
        one_way: cython.float = NOT_BIDIRECTIONAL
        ceiling: cython.float = SOC_CEILING
        floor: cython.float = SOC_FLOOR
        ramp: cython.float = RAMP
        must_charge: cython.float = MUST_CHARGE
        zero: cython.float = 0.0
        sixteen: cython.float = 16.0
        for j in range(count):
            discharge = zero - scratch[1792 + j]
            must = scratch[5120 + j]
            low = scratch[4608 + j]
            below = limit if discharge < zero else one_way
            below = floor if scratch[3328 + j] > discharge else below
            below = ramp if scratch[3840 + j] > scratch[3328 + j] else below
            below = must_charge if must > low else below
            above = ceiling if scratch[3584 + j] < scratch[1536 + j] else limit
            above = ramp if scratch[4096 + j] < scratch[3584 + j] else above
            scratch[5120 + j] = sixteen * below + above
            scratch[4608 + j] = max(must, low)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _excluded(
        self, first: cython.Py_ssize_t, count: cython.Py_ssize_t, reachable: cython.const_uchar[::1]
    ) -> cython.void:
        """Rows 18 to 20: one power, from row 17, and one reason for those that are excluded; row 21: nearest to zero.

        On the way row 21 tells who may charge at all (1), row 22 the reason, row 23 who is not excluded (1).
        """
        scratch: cython.float[::1] = self.scratch
        zero: cython.float = 0.0
        one: cython.float = 1.0
        twice: cython.float = 17.0
        warmest: cython.float = self.highest_temperature_c
        oldest: cython.float = self.lowest_soh_pct
        unreachable: cython.float = UNREACHABLE
        low_health: cython.float = LOW_HEALTH
        hot: cython.float = OVER_TEMPERATURE
        unknown: cython.float = UNKNOWN_STATE
        reason: cython.float
        resting: cython.float
        j: cython.Py_ssize_t
        for j in range(count):
            scratch[3072 + j] = unreachable if reachable[first + j] == 0 else zero
        for j in range(count):
            reason = one if scratch[j] == scratch[j] else zero
            reason = reason if scratch[2560 + j] == scratch[2560 + j] else zero
            scratch[5376 + j] = reason if scratch[2816 + j] == scratch[2816 + j] else zero
        for j in range(count):
            reason = low_health if scratch[2560 + j] < oldest else zero
            reason = hot if scratch[2816 + j] > warmest else reason
            reason = reason if scratch[5376 + j] > zero else unknown
            scratch[5632 + j] = scratch[3072 + j] if scratch[3072 + j] > zero else reason
        for j in range(count):
            scratch[5888 + j] = one if scratch[5632 + j] < one else zero
            reason = one if scratch[2816 + j] <= warmest else zero
            scratch[5376 + j] = scratch[5376 + j] * reason
        for j in range(count):
            scratch[4352 + j] *= (one - scratch[5888 + j]) * scratch[5376 + j]
            scratch[4608 + j] = scratch[5888 + j] * scratch[4608 + j] + scratch[4352 + j]
            scratch[4864 + j] = scratch[5888 + j] * scratch[4864 + j] + scratch[4352 + j]
            scratch[5120 + j] = scratch[5888 + j] * scratch[5120 + j] + twice * scratch[5632 + j]
        for j in range(count):
            resting = min(zero, scratch[4864 + j])
            scratch[5376 + j] = max(scratch[4608 + j], resting)
