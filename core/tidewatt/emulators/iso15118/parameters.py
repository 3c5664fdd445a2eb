"""What vehicle and station tell each other about power, energy and time. Powers here are magnitudes, in W."""

from __future__ import annotations

from dataclasses import dataclass
import math

from .words import BptChannel, ControlMode, GeneratorMode, MobilityNeedsMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    """One way in which a service can be used. Channel and generator mode belong to bidirectional services only."""

    set_id: int
    control_mode: ControlMode
    mobility_needs_mode: MobilityNeedsMode = MobilityNeedsMode.EVCC
    channel: BptChannel | None = None
    generator_mode: GeneratorMode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLimits:
    """What one side can do. `maximum_discharge_w` None: it offers no discharging at all."""

    maximum_charge_w: float
    minimum_charge_w: float = 0.0
    maximum_discharge_w: float | None = None
    minimum_discharge_w: float = 0.0
    maximum_voltage_v: float | None = None
    minimum_voltage_v: float | None = None

    def sound(self, *, bidirectional: bool, dc: bool) -> bool:
        """Tell whether these limits can be meant for a service."""
        given = [self.maximum_charge_w, self.minimum_charge_w, self.minimum_discharge_w]
        given += [each for each in (self.maximum_discharge_w,) if each is not None]
        if not all(math.isfinite(each) and each >= 0 for each in given):
            return False
        if self.minimum_charge_w > self.maximum_charge_w or bidirectional != (self.maximum_discharge_w is not None):
            return False
        if self.maximum_discharge_w is not None and self.minimum_discharge_w > self.maximum_discharge_w:
            return False
        return not dc or (self.maximum_voltage_v is not None and self.maximum_voltage_v > 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyNeeds:
    """What a vehicle wants, in Wh counted from now on: negative means that it has more than that already.

    `departure_s` is in seconds from the request. The V2X bounds are the range within which it may be cycled.
    """

    target_wh: float
    maximum_wh: float
    minimum_wh: float
    minimum_v2x_wh: float | None = None
    maximum_v2x_wh: float | None = None
    departure_s: int | None = None
    soc_pct: float | None = None
    minimum_soc_pct: float | None = None
    target_soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleEntry:
    """For `duration_s` seconds the vehicle may take `charge_w` and give `discharge_w`; `power_w` is what is wished."""

    duration_s: int
    charge_w: float
    discharge_w: float = 0.0
    power_w: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerSchedule:
    """One schedule that a station offers."""

    schedule_id: int
    entries: tuple[ScheduleEntry, ...]

    def at(self, offset_s: float) -> ScheduleEntry:
        """Return the entry in force `offset_s` seconds after the schedule's start; the last one holds on."""
        until_s = 0.0
        for entry in self.entries:
            until_s += entry.duration_s
            if offset_s < until_s:
                return entry
        return self.entries[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileEntry:
    """For `duration_s` seconds the vehicle will follow `power_w`; negative is given back."""

    duration_s: int
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerProfile:
    """What a vehicle chose out of a schedule."""

    schedule_id: int
    entries: tuple[ProfileEntry, ...]

    def power_w(self, offset_s: float) -> float:
        """Return the power `offset_s` seconds after the start; the last entry holds on."""
        until_s = 0.0
        for entry in self.entries:
            until_s += entry.duration_s
            if offset_s < until_s:
                return entry.power_w
        return self.entries[-1].power_w

    def fits(self, schedule: PowerSchedule) -> bool:
        """Tell whether this profile stays within a schedule all the time."""
        if not self.entries:
            return False
        at_s = 0.0
        moments = [0.0]
        for entry in self.entries[:-1]:
            at_s += entry.duration_s
            moments.append(at_s)
        at_s = 0.0
        for limit in schedule.entries[:-1]:
            at_s += limit.duration_s
            moments.append(at_s)
        return all(
            -schedule.at(each).discharge_w - 1e-6 <= self.power_w(each) <= schedule.at(each).charge_w + 1e-6
            for each in moments
        )
