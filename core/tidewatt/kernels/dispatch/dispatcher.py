"""The dispatcher: from a fleet and a setpoint to a power for every unit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tidewatt.kernels.validation import check_number, check_whole

from . import _answer, _bounds, _energies, _queue, _rounding, _sharing
from .checks import check_settings, check_shapes, check_values, ranges
from .fleet import Dispatch, DispatchReason, DispatchSettings, Doubles, Fleet, Law, Reach, Singles

MOST_UNITS = 10_000_000
LARGEST_KW = 1e12


@dataclass(frozen=True, slots=True)
class _Past:
    """Where the level was the last time: a good place to look for it the next time."""

    level: float
    wanted: float
    slope: float

    def level_for(self, wanted: float) -> float:
        """Return where the level would be now if nothing but the setpoint had changed."""
        ahead = (wanted - self.wanted) / self.slope if self.slope > 0.0 else 0.0
        return min(max(self.level + ahead, 0.0), _sharing.MOST)


class Dispatcher:
    """Shares setpoints among the units of a fleet, in arrays that are its own and used again in every period.

    The answer depends on the fleet, the setpoint and the settings only; what a dispatcher remembers makes the next
    call faster, not different. It is for one thread at a time.
    """

    def __init__(self, units: int, settings: DispatchSettings) -> None:
        """Make room for a number of units.

        Raises:
            ValueError: a setting is out of its range.
        """
        check_whole("units", units, 0, MOST_UNITS, f"Give a number from 0 to {MOST_UNITS}.")
        check_settings(settings)
        self._units = units
        self._settings = settings
        self._steps_per_kw = _reciprocal(settings.step_kw)
        padded = -(-units // _sharing.LANES) * _sharing.LANES
        self._low, self._high = np.zeros(units, np.float32), np.zeros(units, np.float32)
        self._why = np.zeros(units, np.uint8)
        scratch = np.zeros(_energies.ROWS * _energies.ROW, np.float32)
        self._energies = _energies.Energies(scratch, ranges(), settings.period_s)
        self._bounds = _bounds.Bounds(
            scratch=scratch,
            settings=settings,
            steps_per_kw=self._steps_per_kw,
            low=self._low,
            high=self._high,
            why=self._why,
        )
        self._start, self._slope, self._room = (np.zeros(padded, np.float32) for _ in range(3))
        self._taken = np.zeros(padded, np.float32)
        self._rank = np.zeros(padded, np.int16)
        rough, self._exact = np.zeros(2 * _sharing.LANES, np.float32), np.zeros(3 * _sharing.LANES)
        self._sharing = _sharing.Sharing(
            start=self._start, slope=self._slope, room=self._room, rough=rough, exact=self._exact
        )
        self._counts = np.zeros(1024, np.int64)
        self._withheld = np.zeros(16)
        self._power_kw = np.zeros(units)
        self._reason = np.zeros(units, np.uint8)
        self._past = {True: _Past(0.5, 0.0, 1.0), False: _Past(0.5, 0.0, 1.0)}

    def reach(self, fleet: Fleet) -> Reach:
        """Return what the fleet can be asked for in this period.

        Raises:
            ValueError: a column is of the wrong shape or type, or a value cannot be meant.
        """
        lowest, _, highest = self._find_bounds(fleet)
        return Reach(lowest_kw=lowest / self._steps_per_kw, highest_kw=highest / self._steps_per_kw)

    def dispatch(self, fleet: Fleet, setpoint_kw: float) -> Dispatch:
        """Share a setpoint.

        Each unit first rests where it is nearest to zero within its bounds; from there all go one way, towards the
        setpoint, so that nobody discharges for another to charge. A setpoint out of reach is followed as far as
        possible. The sum is within half a step of a setpoint within reach.

        Raises:
            ValueError: a column is of the wrong shape or type, or a value cannot be meant.
        """
        check_number("setpoint_kw", setpoint_kw, -LARGEST_KW, LARGEST_KW, "Give the power in kW.")
        lowest, resting, highest = self._find_bounds(fleet)
        wish = float(round(setpoint_kw * self._steps_per_kw))
        steps = min(max(wish, lowest), highest)
        charge = steps > resting or (steps == resting and wish >= resting)
        self._share(fleet, charge, abs(steps - resting), highest - resting if charge else resting - lowest)
        _answer.answer(
            low=self._low,
            high=self._high,
            room=self._room,
            taken=self._taken,
            why=self._why,
            charge=charge,
            steps_per_kw=self._steps_per_kw,
            power_kw=self._power_kw,
            reason=self._reason,
        )
        total_kw = steps / self._steps_per_kw
        return Dispatch(
            power_kw=self._power_kw,
            reason=self._reason,
            total_kw=total_kw,
            reach=Reach(lowest_kw=lowest / self._steps_per_kw, highest_kw=highest / self._steps_per_kw),
            shortfall_kw=0.0 if wish == steps else setpoint_kw - total_kw,
            shortfall_reason=self._keeper(fleet, wish - steps),
        )

    def _find_bounds(self, fleet: Fleet) -> tuple[float, float, float]:
        check_shapes(fleet, self._units)
        self._energies.take(
            soc_pct=fleet.soc_pct,
            soh_pct=fleet.soh_pct,
            temperature_c=fleet.temperature_c,
            soc_floor_pct=fleet.soc_floor_pct,
            soc_ceiling_pct=fleet.soc_ceiling_pct,
            target_soc_pct=fleet.target_soc_pct,
            departure_h=fleet.departure_h,
            capacity_kwh=fleet.capacity_kwh,
            charge_limit_kw=fleet.charge_limit_kw,
            discharge_limit_kw=fleet.discharge_limit_kw,
            ramp_kw_per_s=fleet.ramp_kw_per_s,
            weight=fleet.weight,
            cycles=fleet.cycles,
            previous_kw=fleet.previous_kw,
        )
        self._bounds.take(
            soc_pct=fleet.soc_pct,
            soh_pct=fleet.soh_pct,
            temperature_c=fleet.temperature_c,
            charge_limit_kw=fleet.charge_limit_kw,
            discharge_limit_kw=fleet.discharge_limit_kw,
            ramp_kw_per_s=fleet.ramp_kw_per_s,
            reachable=fleet.reachable.view(np.uint8),
        )
        for first in range(0, self._units, _energies.BLOCK):
            count = min(self._units - first, _energies.BLOCK)
            if self._energies.find(first, count):
                check_values(fleet)
            self._bounds.find(first, count)
        sums: tuple[float, float, float] = self._bounds.sums()
        return sums

    def _share(self, fleet: Fleet, charge: bool, wanted: float, most: float) -> None:
        """Let the units take what is wanted, in steps from where they rest; `most` is what all can take."""
        settings = self._settings
        total = settings.soc_share + settings.cycle_share + settings.departure_share
        soc, cycle, departure = (
            share / total for share in (settings.soc_share, settings.cycle_share, settings.departure_share)
        )
        sign = 1.0 if charge else -1.0
        guess = self._past[charge].level_for(wanted)
        self._sharing.rank(
            soc_pct=fleet.soc_pct,
            cycles=fleet.cycles,
            departure_h=fleet.departure_h,
            weight=fleet.weight,
            limit_kw=self._limit_kw(fleet, charge),
            low=self._low,
            high=self._high,
            charge=charge,
            constant=0.0 if charge else soc + departure,
            per_soc_pct=sign * soc / 100.0,
            per_cycle=cycle / settings.rated_cycles,
            per_h=sign * departure / settings.horizon_h,
            rated_cycles=settings.rated_cycles,
            horizon_h=settings.horizon_h,
            steps_per_kw=self._steps_per_kw,
            guess=guess,
        )
        if wanted in (0.0, most):
            np.copyto(self._taken, self._room if wanted else 0.0)
        elif settings.law is Law.STRICT:
            self._in_order(fleet, wanted)
        else:
            self._by_level(charge, wanted, guess)

    def _by_level(self, charge: bool, wanted: float, guess: float) -> None:
        """Let the units take whole steps by their common level."""
        here, free = self._sharing.level(wanted, guess)
        self._past[charge] = _Past(here, wanted, free)
        taken = _rounding.split(
            start=self._start,
            slope=self._slope,
            room=self._room,
            here=here,
            lanes=self._exact,
            taken=self._taken,
            rank=self._rank,
        )
        _rounding.top_up(rank=self._rank, taken=self._taken, wanted=int(wanted - taken))

    def _in_order(self, fleet: Fleet, wanted: float) -> None:
        """Let the units take their rooms one after the other."""
        lateness = self._rank.view(np.uint16)
        _queue.queue(start=self._start, weight=fleet.weight, taken=self._taken, lateness=lateness)
        _queue.fill(lateness=lateness, amount=self._room, taken=self._taken, counts=self._counts, wanted=int(wanted))

    def _limit_kw(self, fleet: Fleet, charge: bool) -> Singles:
        return fleet.charge_limit_kw if charge else fleet.discharge_limit_kw

    def _keeper(self, fleet: Fleet, missing: float) -> DispatchReason:
        """Return what keeps most of the steps that are missing."""
        if missing == 0.0:
            return DispatchReason.NONE
        charge = missing > 0.0
        _answer.withheld(
            limit_kw=self._limit_kw(fleet, charge),
            bound=self._high if charge else self._low,
            why=self._why,
            charge=charge,
            steps_per_kw=self._steps_per_kw,
            steps=self._withheld,
        )
        kept: Doubles = self._withheld
        kept[DispatchReason.POWER_LIMIT] = max(0.0, abs(missing) - float(kept.sum()))
        return DispatchReason(int(np.argmax(kept)))


def _reciprocal(step_kw: float) -> float:
    """Return the steps in a kW: a whole number where the step divides a kW, so that 3 steps of 0.1 kW are 0.3 kW."""
    steps_per_kw = 1.0 / step_kw
    return float(round(steps_per_kw)) if abs(steps_per_kw - round(steps_per_kw)) < 1e-9 else steps_per_kw
