"""Between which powers each unit may be, in whole steps, and what makes each of the two bounds.

Limits come first, then ramps, then what a departure still needs; excluded units have one power left. It is worked out
in single precision, in blocks and rows as `_energies` begins them; a whole number comes of adding and taking away
`MAGIC`.
"""

from __future__ import annotations

import cython

from .fleet import DispatchReason, DispatchSettings

COMPILED: bool = cython.compiled

# Adding and taking away 1.5 x 2^23 leaves the nearest whole number of any single below 2^22.
MAGIC = cython.declare(cython.float, 12582912.0)
# A float32 limit of 7.1 kW is 71 steps of 0.1 kW less 0.000001: this near, it counts as the step.
NEARLY = cython.declare(cython.float, 1e-3)
# Faster than this is at once.
FASTEST_KW_PER_S = cython.declare(cython.float, 1e8)

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
    """The columns that bounds are made of, the bounds, and their sums."""

    scratch: cython.float[::1]
    lowest: cython.longlong
    resting: cython.longlong
    highest: cython.longlong
    period_s: cython.float
    steps_per_kw: cython.float
    lowest_soh_pct: cython.float
    highest_temperature_c: cython.float
    soc_pct: cython.const_float[::1]
    soh_pct: cython.const_float[::1]
    temperature_c: cython.const_float[::1]
    charge_limit_kw: cython.const_float[::1]
    discharge_limit_kw: cython.const_float[::1]
    ramp_kw_per_s: cython.const_float[::1]
    reachable: cython.const_uchar[::1]
    low: cython.float[::1]
    high: cython.float[::1]
    why: cython.uchar[::1]

    def __init__(
        self,
        *,
        scratch: cython.float[::1],
        settings: DispatchSettings,
        steps_per_kw: cython.float,
        low: cython.float[::1],
        high: cython.float[::1],
        why: cython.uchar[::1],
    ) -> None:
        """Take what `find` goes on with and what it writes.

        scratch is that of `Energies`; low and high, float32[N], become the lowest and the highest power in whole steps;
        why, uint8[N], the reason of the lowest times 16 plus the reason of the highest.
        """
        self.scratch = scratch
        # Through an array, so that uncompiled, too, it is single.
        scratch[0] = settings.period_s
        self.period_s = scratch[0]
        self.steps_per_kw = steps_per_kw
        self.lowest_soh_pct = settings.lowest_soh_pct
        self.highest_temperature_c = settings.highest_temperature_c
        self.low = low
        self.high = high
        self.why = why

    def take(
        self,
        *,
        soc_pct: cython.const_float[::1],
        soh_pct: cython.const_float[::1],
        temperature_c: cython.const_float[::1],
        charge_limit_kw: cython.const_float[::1],
        discharge_limit_kw: cython.const_float[::1],
        ramp_kw_per_s: cython.const_float[::1],
        reachable: cython.const_uchar[::1],
    ) -> None:
        """Take the columns of a `Fleet`, and begin to add up."""
        self.soc_pct = soc_pct
        self.soh_pct = soh_pct
        self.temperature_c = temperature_c
        self.charge_limit_kw = charge_limit_kw
        self.discharge_limit_kw = discharge_limit_kw
        self.ramp_kw_per_s = ramp_kw_per_s
        self.reachable = reachable
        self.lowest = 0
        self.resting = 0
        self.highest = 0

    def find(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> None:
        """Write the bounds of a block of units whose energies are in the scratch."""
        with cython.nogil:
            self._ramps(first, count)
            self._reasons(first, count)
            self._exclude(first, count)
            self._store(first, count)

    def sums(self) -> tuple[float, float, float]:
        """Return three sums in steps: of the lowest powers, of those nearest to zero, and of the highest."""
        return float(self.lowest), float(self.resting), float(self.highest)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _ramps(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.void:
        """Rows 3 and 4: the ends of the ramp in kW; rows 6 and 7: whole steps within limits and ramps.

        Row 5: what a departure needs in steps, as far as limits allow; row 8: as far as ramps allow, too.
        """
        ramp_kw_per_s: cython.const_float[::1] = self.ramp_kw_per_s
        lowest: cython.float
        highest: cython.float
        slowest: cython.float
        fastest: cython.float
        ramp: cython.float
        must: cython.float
        most: cython.float
        j: cython.Py_ssize_t
        scratch: cython.float[::1] = self.scratch
        magic: cython.float = MAGIC
        nothing: cython.float = -MAGIC
        up: cython.float = 0.5 - NEARLY
        zero: cython.float = 0.0
        steps: cython.float = self.steps_per_kw
        period_s: cython.float = self.period_s
        at_once: cython.float = FASTEST_KW_PER_S
        for j in range(count):
            ramp = ramp_kw_per_s[first + j]
            ramp = min(at_once, ramp) * period_s
            scratch[3120 + j] = scratch[12480 + j] - ramp
            scratch[4160 + j] = scratch[12480 + j] + ramp
        for j in range(count):
            lowest = scratch[1040 + j]
            highest = scratch[2080 + j]
            slowest = scratch[3120 + j]
            slowest = max(lowest, slowest)
            slowest = min(highest, slowest)
            slowest = (slowest * steps + up + magic) - magic
            fastest = scratch[4160 + j]
            fastest = min(highest, fastest)
            fastest = max(lowest, fastest)
            fastest = (fastest * steps - up + magic) - magic
            # Where no whole step lies within the ramp, the next one towards zero is taken.
            lowest = max(zero, fastest)
            highest = min(zero, slowest)
            scratch[6240 + j] = min(lowest, slowest)
            scratch[7280 + j] = max(highest, fastest)
        for j in range(count):
            must = (scratch[5200 + j] * steps + up + magic) - magic
            most = (scratch[2080 + j] * steps - up + magic) - magic
            scratch[5200 + j] = min(most, must)
        for j in range(count):
            must = scratch[5200 + j]
            most = scratch[7280 + j]
            most = min(most, must)
            scratch[8320 + j] = most if must > zero else nothing

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _reasons(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.void:
        """Row 8: sixteen times the reason of the lowest power plus that of the highest; row 6: raised to row 8."""
        charge_limit_kw: cython.const_float[::1] = self.charge_limit_kw
        discharge_limit_kw: cython.const_float[::1] = self.discharge_limit_kw
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
            discharge = zero - discharge_limit_kw[first + j]
            must = scratch[8320 + j]
            low = scratch[6240 + j]
            below = limit if discharge < zero else one_way
            below = floor if scratch[1040 + j] > discharge else below
            below = ramp if scratch[3120 + j] > scratch[1040 + j] else below
            below = must_charge if must > low else below
            above = ceiling if scratch[2080 + j] < charge_limit_kw[first + j] else limit
            above = ramp if scratch[4160 + j] < scratch[2080 + j] else above
            scratch[8320 + j] = sixteen * below + above
            scratch[6240 + j] = max(must, low)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _exclude(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.void:
        """Write rows 6 to 8 with one power, from row 5, and one reason for those that are excluded; add them up.

        Row 9 tells who may charge at all (1), then where each unit rests; row 10 the reason, row 11 who takes part (1).
        """
        soc_pct: cython.const_float[::1] = self.soc_pct
        soh_pct: cython.const_float[::1] = self.soh_pct
        temperature_c: cython.const_float[::1] = self.temperature_c
        reachable: cython.const_uchar[::1] = self.reachable
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
        rest: cython.float
        j: cython.Py_ssize_t
        for j in range(count):
            scratch[j] = unreachable if reachable[first + j] == 0 else zero
        for j in range(count):
            reason = low_health if soh_pct[first + j] < oldest else zero
            scratch[10400 + j] = hot if temperature_c[first + j] > warmest else reason
        for j in range(count):
            # What is not known is not the same as itself.
            reason = scratch[10400 + j]
            reason = reason if soc_pct[first + j] == soc_pct[first + j] else unknown
            reason = reason if soh_pct[first + j] == soh_pct[first + j] else unknown
            reason = reason if temperature_c[first + j] == temperature_c[first + j] else unknown
            scratch[10400 + j] = scratch[j] if scratch[j] > zero else reason
        for j in range(count):
            scratch[11440 + j] = one if scratch[10400 + j] < one else zero
            reason = one if temperature_c[first + j] <= warmest else zero
            reason = reason if soh_pct[first + j] == soh_pct[first + j] else zero
            scratch[9360 + j] = reason if soc_pct[first + j] == soc_pct[first + j] else zero
        for j in range(count):
            scratch[5200 + j] *= (one - scratch[11440 + j]) * scratch[9360 + j]
            scratch[6240 + j] = scratch[11440 + j] * scratch[6240 + j] + scratch[5200 + j]
            scratch[7280 + j] = scratch[11440 + j] * scratch[7280 + j] + scratch[5200 + j]
            scratch[8320 + j] = scratch[11440 + j] * scratch[8320 + j] + twice * scratch[10400 + j]
        for j in range(count):
            rest = min(zero, scratch[7280 + j])
            scratch[9360 + j] = max(scratch[6240 + j], rest)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _store(self, first: cython.Py_ssize_t, count: cython.Py_ssize_t) -> cython.void:
        """Write rows 6 to 8 to where they belong, and add up rows 6, 9 and 7."""
        low: cython.float[::1] = self.low
        high: cython.float[::1] = self.high
        why: cython.uchar[::1] = self.why
        scratch: cython.float[::1] = self.scratch
        lowest: cython.int = 0
        resting: cython.int = 0
        highest: cython.int = 0
        j: cython.Py_ssize_t
        for j in range(count):
            low[first + j] = scratch[6240 + j]
        for j in range(count):
            high[first + j] = scratch[7280 + j]
        for j in range(count):
            why[first + j] = cython.cast(cython.uchar, cython.cast(cython.int, scratch[8320 + j]))
        for j in range(count):
            lowest += cython.cast(cython.int, scratch[6240 + j])
            resting += cython.cast(cython.int, scratch[9360 + j])
            highest += cython.cast(cython.int, scratch[7280 + j])
        self.lowest += lowest
        self.resting += resting
        self.highest += highest
