"""What is asked of a fleet, checked, and what batteries and departures make of it, in kW.

The units are worked on in blocks that stay in the caches: columns are checked, and short straight loops make rows of
one scratch array of them, which `_bounds` goes on with. So a compiler can make vector code: rows are a constant
distance apart, and a choice is a conditional expression between values that are there already. All is single, but for
what a departure needs: there a small difference of large energies counts.
"""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled

BLOCK: int = 1024
"""Units that are worked on at a time."""

ROW: int = 1040
"""Places in a row: not a power of two, so that rows do not get into each other's way in the cache."""

ROWS: int = 13
"""Rows of scratch. Row 0 serves in between, row 12 has the previous powers; the rest is told where it is made."""

# Times anything finite it is a zero that the compiler does not know: by one that it knows it would split a loop.
ZERO = cython.declare(cython.double, 0.0)


@cython.cclass
class Energies:
    """The columns of a fleet, their ranges, and the scratch of one block."""

    scratch: cython.float[::1]
    ranges: cython.float[::1]
    period_s: cython.double
    kw_per_pct_kwh: cython.float
    soc_pct: cython.const_float[::1]
    soh_pct: cython.const_float[::1]
    temperature_c: cython.const_float[::1]
    soc_floor_pct: cython.const_float[::1]
    soc_ceiling_pct: cython.const_float[::1]
    target_soc_pct: cython.const_float[::1]
    departure_h: cython.const_float[::1]
    capacity_kwh: cython.const_float[::1]
    charge_limit_kw: cython.const_float[::1]
    discharge_limit_kw: cython.const_float[::1]
    ramp_kw_per_s: cython.const_float[::1]
    weight: cython.const_float[::1]
    cycles: cython.const_float[::1]
    previous_kw: cython.const_double[::1]

    def __init__(self, scratch: cython.float[::1], ranges: cython.float[::1], period_s: cython.double) -> None:
        """Take scratch, float32[ROWS * ROW], and least and most of each column, as `checks` has them."""
        self.scratch = scratch
        self.ranges = ranges
        self.period_s = period_s
        # Through an array, so that uncompiled, too, it is single.
        scratch[0] = 36.0 / period_s
        self.kw_per_pct_kwh = scratch[0]

    def take(
        self,
        *,
        soc_pct: cython.const_float[::1],
        soh_pct: cython.const_float[::1],
        temperature_c: cython.const_float[::1],
        soc_floor_pct: cython.const_float[::1],
        soc_ceiling_pct: cython.const_float[::1],
        target_soc_pct: cython.const_float[::1],
        departure_h: cython.const_float[::1],
        capacity_kwh: cython.const_float[::1],
        charge_limit_kw: cython.const_float[::1],
        discharge_limit_kw: cython.const_float[::1],
        ramp_kw_per_s: cython.const_float[::1],
        weight: cython.const_float[::1],
        cycles: cython.const_float[::1],
        previous_kw: cython.const_double[::1],
    ) -> None:
        """Take the columns of a `Fleet`."""
        self.soc_pct = soc_pct
        self.soh_pct = soh_pct
        self.temperature_c = temperature_c
        self.soc_floor_pct = soc_floor_pct
        self.soc_ceiling_pct = soc_ceiling_pct
        self.target_soc_pct = target_soc_pct
        self.departure_h = departure_h
        self.capacity_kwh = capacity_kwh
        self.charge_limit_kw = charge_limit_kw
        self.discharge_limit_kw = discharge_limit_kw
        self.ramp_kw_per_s = ramp_kw_per_s
        self.weight = weight
        self.cycles = cycles
        self.previous_kw = previous_kw

    def find(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Check a block of units and find its energies; return how many values cannot be meant.

        If there are any, what is in the scratch is of no use.
        """
        outside: cython.Py_ssize_t
        with cython.nogil:
            outside = self._unmeant(first, count)
            outside += self._unmeant_energies(first, count)
            outside += self._unmeant_limits(first, count)
            outside += self._load_previous(first, count)
            if outside == 0:
                outside = self._find(first, count)
        return outside

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unmeant(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return how many units have a state outside of its range; it may be missing."""
        soc_pct: cython.const_float[::1] = self.soc_pct
        soh_pct: cython.const_float[::1] = self.soh_pct
        temperature_c: cython.const_float[::1] = self.temperature_c
        ranges: cython.float[::1] = self.ranges
        outside: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(first, first + count):
            outside += (
                1
                if ((soc_pct[j] < ranges[0]) | (soc_pct[j] > ranges[1]))
                | ((soh_pct[j] < ranges[2]) | (soh_pct[j] > ranges[3]))
                | ((temperature_c[j] < ranges[4]) | (temperature_c[j] > ranges[5]))
                else 0
            )
        return outside

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unmeant_energies(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return how many units have a value that is outside of its range or missing, of what energies are made of."""
        soc_floor_pct: cython.const_float[::1] = self.soc_floor_pct
        soc_ceiling_pct: cython.const_float[::1] = self.soc_ceiling_pct
        target_soc_pct: cython.const_float[::1] = self.target_soc_pct
        departure_h: cython.const_float[::1] = self.departure_h
        capacity_kwh: cython.const_float[::1] = self.capacity_kwh
        ranges: cython.float[::1] = self.ranges
        inside: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(first, first + count):
            inside += (
                1
                if ((soc_floor_pct[j] >= ranges[6]) & (soc_floor_pct[j] <= ranges[7]))
                & ((soc_ceiling_pct[j] >= ranges[8]) & (soc_ceiling_pct[j] <= ranges[9]))
                & ((target_soc_pct[j] >= ranges[10]) & (target_soc_pct[j] <= ranges[11]))
                & ((departure_h[j] >= ranges[12]) & (departure_h[j] <= ranges[13]))
                & ((capacity_kwh[j] >= ranges[14]) & (capacity_kwh[j] <= ranges[15]))
                else 0
            )
        return count - inside

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _unmeant_limits(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Return how many units have a value that is outside of its range or missing, of the others."""
        charge_limit_kw: cython.const_float[::1] = self.charge_limit_kw
        discharge_limit_kw: cython.const_float[::1] = self.discharge_limit_kw
        ramp_kw_per_s: cython.const_float[::1] = self.ramp_kw_per_s
        weight: cython.const_float[::1] = self.weight
        cycles: cython.const_float[::1] = self.cycles
        ranges: cython.float[::1] = self.ranges
        inside: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(first, first + count):
            inside += (
                1
                if ((charge_limit_kw[j] >= ranges[16]) & (charge_limit_kw[j] <= ranges[17]))
                & ((discharge_limit_kw[j] >= ranges[18]) & (discharge_limit_kw[j] <= ranges[19]))
                & ((ramp_kw_per_s[j] >= ranges[20]) & (ramp_kw_per_s[j] <= ranges[21]))
                & ((weight[j] >= ranges[22]) & (weight[j] <= ranges[23]))
                & ((cycles[j] >= ranges[24]) & (cycles[j] <= ranges[25]))
                else 0
            )
        return count - inside

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _load_previous(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Row 12: the previous powers where all are within their range; return how many are not, NaN included."""
        previous_kw: cython.const_double[::1] = self.previous_kw
        scratch: cython.float[::1] = self.scratch
        least: cython.double = self.ranges[26]
        most: cython.double = self.ranges[27]
        zero: cython.double = 0.0
        one: cython.double = 1.0
        inside: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(count):
            scratch[j] = one if (previous_kw[first + j] >= least) & (previous_kw[first + j] <= most) else zero
        for j in range(count):
            inside += 1 if scratch[j] > 0.0 else 0
        if inside == count:
            for j in range(count):
                scratch[12480 + j] = previous_kw[first + j]
        return count - inside

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _find(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Rows 1 and 2: limits in kW, by stock and room of the battery. Return how many floors are too high.

        Row 5: the power, in kW, without which full power from the next period on would not reach the target.
        """
        soc_pct: cython.const_float[::1] = self.soc_pct
        soc_floor_pct: cython.const_float[::1] = self.soc_floor_pct
        soc_ceiling_pct: cython.const_float[::1] = self.soc_ceiling_pct
        target_soc_pct: cython.const_float[::1] = self.target_soc_pct
        departure_h: cython.const_float[::1] = self.departure_h
        capacity_kwh: cython.const_float[::1] = self.capacity_kwh
        charge_limit_kw: cython.const_float[::1] = self.charge_limit_kw
        discharge_limit_kw: cython.const_float[::1] = self.discharge_limit_kw
        stock: cython.float
        room: cython.float
        limit: cython.float
        per_pct: cython.float
        j: cython.Py_ssize_t
        scratch: cython.float[::1] = self.scratch
        kw_per_pct_kwh: cython.float = self.kw_per_pct_kwh
        zero: cython.float = 0.0
        period_h: cython.double = self.period_s / 3600.0
        per_period: cython.double = 3600.0 / self.period_s
        none: cython.double = ZERO * self.period_s
        crossed: cython.int = 0
        for j in range(count):
            per_pct = capacity_kwh[first + j] * kw_per_pct_kwh
            # An unknown state of charge is a comparison that fails: no room, no stock.
            stock = (soc_pct[first + j] - soc_floor_pct[first + j]) * per_pct
            stock = max(zero, stock)
            limit = discharge_limit_kw[first + j]
            stock = min(limit, stock)
            scratch[1040 + j] = zero - stock
            room = (soc_ceiling_pct[first + j] - soc_pct[first + j]) * per_pct
            room = max(zero, room)
            limit = charge_limit_kw[first + j]
            room = min(limit, room)
            scratch[2080 + j] = zero + room
        for j in range(count):
            soc = cython.cast(cython.double, soc_pct[first + j])
            missing_kwh = (
                (cython.cast(cython.double, target_soc_pct[first + j]) - soc)
                * 0.01
                * cython.cast(cython.double, capacity_kwh[first + j])
            )
            left_h = cython.cast(cython.double, departure_h[first + j]) - period_h
            left_h = max(none, left_h)
            needed = (missing_kwh - cython.cast(cython.double, charge_limit_kw[first + j]) * left_h) * per_period
            needed = max(none, needed)
            most = cython.cast(cython.double, scratch[2080 + j])
            needed = min(most, needed)
            scratch[5200 + j] = none + needed
        for j in range(count):
            crossed += 1 if soc_ceiling_pct[first + j] < soc_floor_pct[first + j] else 0
        return crossed
