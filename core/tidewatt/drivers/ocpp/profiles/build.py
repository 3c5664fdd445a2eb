"""The profiles that an EVSE is given: its floor, and setpoints above it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
import math

from tidewatt.drivers.ocpp.memory import StationRecord, TransactionRecord
from tidewatt.drivers.ocpp.settings import OcppSettings
from tidewatt.ocpp.charging import (
    ChargingProfile,
    OperationMode,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Schedule,
)
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import utc_now
from tidewatt.site import Charger, Clock

FLOOR_LEVEL = 0
CLOCK_MARGIN_S = 300
"""Profiles start this far in the past, so that a station whose clock is behind does not fall to the floor."""


class Slot(IntEnum):
    """What a profile of ours is for. Ids must differ on one EVSE and between EVSEs."""

    FLOOR = 0
    DEFAULT = 1
    TRANSACTION = 2

    def profile_id(self, evse_id: int) -> int:
        """Return the id of this profile of an EVSE."""
        return evse_id * 10 + self


@dataclass(frozen=True, slots=True)
class Wanted:
    """A setpoint in A per phase, negative to discharge with, and how long it holds."""

    current_a: float
    valid_for_s: float
    expires_at_s: float

    def remaining_s(self, now_s: float) -> int:
        """Return for how many whole seconds it still holds, at least one."""
        return max(1, math.ceil(self.expires_at_s - now_s))


class ProfileMaker:
    """Makes the profiles of one EVSE in what its station understands."""

    def __init__(self, charger: Charger, station: StationRecord, *, clock: Clock, settings: OcppSettings) -> None:
        self.charger = charger
        self._station = station
        self._clock = clock
        self._settings = settings

    @property
    def evse_id(self) -> int:
        """The EVSE, a connector in OCPP 1.6."""
        return self.charger.endpoint.evse_id

    @property
    def unit(self) -> RateUnit:
        """The unit of limits: A wherever the station knows it."""
        return RateUnit.A if RateUnit.A in self._station.rate_units else RateUnit.W

    @property
    def level(self) -> int:
        """Stack level of a setpoint: above the floor, unless the station knows one level only."""
        highest = self._station.max_stack_level
        return FLOOR_LEVEL + 1 if highest is None else min(FLOOR_LEVEL + 1, highest)

    def floor(self) -> ChargingProfile:
        """Return the default that holds the safe current for ever."""
        return self._profile(Slot.FLOOR, FLOOR_LEVEL, [self.period(self.charger.safe_a)])

    def default(self, wanted: Wanted) -> ChargingProfile:
        """Return a default that holds a setpoint until it expires.

        One that takes the floor's place must be the floor once it runs out.
        """
        duration_s = wanted.remaining_s(self._clock()) + CLOCK_MARGIN_S
        periods = [self.period(wanted.current_a)]
        if self.level > FLOOR_LEVEL:
            return self._profile(Slot.DEFAULT, self.level, periods, duration_s=duration_s)
        safe = replace(self.period(self.charger.safe_a), start_s=duration_s)
        return self._profile(Slot.DEFAULT, self.level, [*periods, safe])

    def transaction(self, wanted: Wanted, running: TransactionRecord) -> ChargingProfile:
        """Return a profile of a transaction that holds a setpoint until it expires."""
        duration_s = wanted.remaining_s(self._clock()) + CLOCK_MARGIN_S
        profile = self._profile(
            Slot.TRANSACTION, self.level, [self.period(wanted.current_a)], duration_s=duration_s, running=running
        )
        return self._in_its_unit(profile)

    def dynamic(self, wanted: Wanted, running: TransactionRecord, mode: OperationMode) -> ChargingProfile:
        """Return a dynamic profile of a transaction. It ends when it is not updated for as long as a setpoint holds.

        It has no start: its time runs from its last update by the station's own clock.
        """
        period = replace(self._period_in(mode, wanted.current_a), operation_mode=mode)
        profile = self._profile(
            Slot.TRANSACTION, self.level, [period], duration_s=wanted.remaining_s(self._clock()), running=running
        )
        schedule = replace(self._in_its_unit(profile).schedule, start_utc_s=None)
        return replace(profile, kind=ProfileKind.DYNAMIC, schedule=schedule)

    def amounts(self, held: ChargingProfile, current_a: float) -> dict[str, float]:
        """Return what changes in a dynamic profile for another setpoint."""
        name = "setpoint" if held.schedule.periods[0].mode is OperationMode.CENTRAL_SETPOINT else "limit"
        return {name: self.amount(current_a, held.schedule.unit)}

    def period(self, current_a: float) -> Period:
        """Return a period that holds a current.

        OCPP 2.1 discharges by a setpoint, with no limits beside it (Q03.FR.02); stations of older versions that can
        discharge understand a negative limit.
        """
        discharges = current_a < 0 and self._station.version == OcppVersion.V21
        return self._period_in(OperationMode.CENTRAL_SETPOINT if discharges else OperationMode.CHARGING_ONLY, current_a)

    def amount(self, current_a: float, unit: RateUnit) -> float:
        """Return a current in a unit, towards zero by what OCPP can carry: 0.1 A, or 1 W over all phases."""
        if unit is RateUnit.A:
            size = math.floor(abs(current_a) * 10 + 1e-6) / 10
        else:
            size = float(math.floor(abs(current_a) * self._settings.voltage_v * self._phases + 1e-6))
        return -size if current_a < 0 and size else size

    @property
    def _phases(self) -> int:
        return len(self.charger.phases)

    @property
    def _setpoint_unit(self) -> RateUnit:
        """W wherever the station knows it: of a setpoint in A it is not clear whether it is per phase."""
        return RateUnit.W if RateUnit.W in self._station.rate_units else RateUnit.A

    def _period_in(self, mode: OperationMode, current_a: float) -> Period:
        if mode is OperationMode.CENTRAL_SETPOINT:
            setpoint = self.amount(current_a, self._setpoint_unit)
            return Period(setpoint=setpoint, phases=self._phases, operation_mode=mode)
        return Period(limit=self.amount(current_a, self.unit), phases=self._phases)

    def _in_its_unit(self, profile: ChargingProfile) -> ChargingProfile:
        if profile.schedule.periods[0].mode is not OperationMode.CENTRAL_SETPOINT:
            return profile
        return replace(profile, schedule=replace(profile.schedule, unit=self._setpoint_unit))

    def _profile(
        self,
        slot: Slot,
        level: int,
        periods: list[Period],
        *,
        duration_s: int | None = None,
        running: TransactionRecord | None = None,
    ) -> ChargingProfile:
        profile_id = slot.profile_id(self.evse_id)
        return ChargingProfile(
            profile_id=profile_id,
            evse_id=self.evse_id,
            purpose=Purpose.TX_DEFAULT if running is None else Purpose.TX,
            stack_level=level,
            kind=ProfileKind.ABSOLUTE,
            schedule=Schedule(
                schedule_id=profile_id,
                unit=self.unit,
                periods=tuple(periods),
                start_utc_s=math.floor(utc_now().timestamp() + self._station.clock_skew_s) - CLOCK_MARGIN_S,
                duration_s=duration_s,
            ),
            transaction_id=None if running is None else running.transaction_id,
        )
