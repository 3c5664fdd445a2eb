"""One charging profile and what it says at a moment (OCPP 1.6 part 3.13; OCPP 2.x part 2, K)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
import math
from typing import Any

from .words import OperationMode, ProfileKind, Purpose, RateUnit, Recurrency


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """A power in W (negative: discharge) at a frequency in Hz or at the value of a balancing signal."""

    at: float
    power_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What holds from `start_s` after the schedule's start, in the schedule's unit, on `phases` phases if given.

    Limits are the most that may be drawn (`limit` >= 0) and given back (`discharge_limit` <= 0); a setpoint is what
    shall flow, negative out of the vehicle. Where L2 or L3 is given, the amount without a suffix is that of L1. A
    negative `limit` means discharging at stations that know no other way.
    """

    start_s: int = 0
    limit: float | None = None
    phases: int | None = None
    phase_to_use: int | None = None
    limit_l2: float | None = None
    limit_l3: float | None = None
    discharge_limit: float | None = None
    discharge_limit_l2: float | None = None
    discharge_limit_l3: float | None = None
    setpoint: float | None = None
    setpoint_l2: float | None = None
    setpoint_l3: float | None = None
    setpoint_reactive: float | None = None
    setpoint_reactive_l2: float | None = None
    setpoint_reactive_l3: float | None = None
    operation_mode: OperationMode | None = None
    preconditioning: bool | None = None
    evse_sleep: bool | None = None
    baseline_w: float | None = None
    freq_watt_curve: tuple[CurvePoint, ...] = ()
    signal_watt_curve: tuple[CurvePoint, ...] = ()

    @property
    def mode(self) -> OperationMode:
        """Who decides what flows."""
        return self.operation_mode or OperationMode.CHARGING_ONLY

    @property
    def curves(self) -> tuple[float | None, tuple[CurvePoint, ...], tuple[CurvePoint, ...]]:
        """Baseline, frequency curve and signal curve."""
        return self.baseline_w, self.freq_watt_curve, self.signal_watt_curve

    def with_amounts(self, amounts: Mapping[str, float]) -> Period:
        """Return the period with new limits and setpoints, named as here; those not named stay."""
        changes: dict[str, Any] = dict(amounts)
        return replace(self, **changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitAtSoc:
    """A limit, in the schedule's unit, for a vehicle charged to `soc_pct` or beyond."""

    soc_pct: int
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Periods in ascending order, the first at 0. `start_utc_s` None: relative to the start of charging.

    With `use_local_time` the start is the reading of the station's own clock, written as if it were UTC. `delays_s` is
    what the station has drawn from `randomized_delay_s` for each period; the first one is never delayed. `extras` are
    fields of the wire that are kept for others: prices, signatures, tolerances.
    """

    unit: RateUnit
    periods: tuple[Period, ...]
    duration_s: int | None = None
    start_utc_s: float | None = None
    schedule_id: int = 1
    minimum_rate: float | None = None
    limit_at_soc: LimitAtSoc | None = None
    use_local_time: bool = False
    randomized_delay_s: int = 0
    delays_s: tuple[int, ...] = ()
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def starts(self) -> tuple[tuple[int, Period], ...]:
        """Every period with its start in seconds, delays included.

        A period that would begin after the next one, or after the end, is skipped (K01.FR.97).
        """
        delays_s = self.delays_s or (0,) * len(self.periods)
        starts: list[tuple[int, Period]] = []
        following_s: float = math.inf if self.duration_s is None else self.duration_s
        for delay_s, period in reversed(tuple(zip(delays_s, self.periods, strict=True))):
            start_s = period.start_s + delay_s
            if start_s < following_s or period.start_s == 0:
                starts.append((start_s, period))
                following_s = start_s
        return tuple(reversed(starts))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """A profile as installed. `evse_id` 0 is the whole station.

    `alternatives` are further schedules among which the vehicle may choose. `updated_utc_s` is when a dynamic profile
    was last given new amounts, `update_interval_s` how often its station asks for them. A station that has been offline
    for `max_offline_s` sets the profile aside, for ever if `invalid_after_offline`. `source` names who made the limit.
    """

    profile_id: int
    evse_id: int
    stack_level: int
    purpose: Purpose
    kind: ProfileKind
    schedule: Schedule
    alternatives: tuple[Schedule, ...] = ()
    recurrency: Recurrency | None = None
    valid_from_utc_s: float | None = None
    valid_to_utc_s: float | None = None
    transaction_id: str | None = None
    max_offline_s: int | None = None
    invalid_after_offline: bool = False
    update_interval_s: int | None = None
    updated_utc_s: float | None = None
    source: str = "CSO"
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def schedules(self) -> tuple[Schedule, ...]:
        """All schedules, the first one first."""
        return (self.schedule, *self.alternatives)

    def chosen(self, choice: int) -> Schedule:
        """Return the schedule at a position; the first one where there is none (K18.FR.24)."""
        return self.schedules[choice] if 0 <= choice < len(self.schedules) else self.schedule

    def is_set_aside(self, utc_s: float, offline_since_utc_s: float | None) -> bool:
        """Tell whether the station has been offline too long for this profile."""
        if self.max_offline_s is None or offline_since_utc_s is None:
            return False
        return utc_s - offline_since_utc_s >= self.max_offline_s

    def period_at(
        self, utc_s: float, session_start_utc_s: float, *, choice: int = 0, local_offset_s: float = 0.0
    ) -> Period | None:
        """Return the period in force at a moment, None when the profile says nothing then.

        `session_start_utc_s` is what relative schedules, and absolute ones without a start, refer to. `choice` is the
        position of the schedule that the vehicle has chosen, `local_offset_s` how far local time is ahead of UTC.
        """
        if self.valid_from_utc_s is not None and utc_s < self.valid_from_utc_s:
            return None
        if self.valid_to_utc_s is not None and utc_s >= self.valid_to_utc_s:
            return None
        schedule = self.chosen(choice)
        offset_s = utc_s - self._origin_utc_s(schedule, utc_s, session_start_utc_s, local_offset_s)
        if not 0 <= offset_s < (math.inf if schedule.duration_s is None else schedule.duration_s):
            return None
        return max(
            (each for each in schedule.starts if each[0] <= offset_s), key=lambda each: each[0], default=(0, None)
        )[1]

    def changes(
        self,
        from_utc_s: float,
        to_utc_s: float,
        session_start_utc_s: float,
        *,
        choice: int = 0,
        local_offset_s: float = 0.0,
    ) -> Iterator[float]:
        """Yield every moment from `from_utc_s` to `to_utc_s` at which `period_at` may change."""
        yield from (each for each in (self.valid_from_utc_s, self.valid_to_utc_s) if each is not None)
        schedule = self.chosen(choice)
        offsets_s = [start_s for start_s, _ in schedule.starts]
        if schedule.duration_s is not None:
            offsets_s.append(schedule.duration_s)
        origin_utc_s = self._origin_utc_s(schedule, from_utc_s, session_start_utc_s, local_offset_s)
        while origin_utc_s <= to_utc_s:
            for offset_s in offsets_s:
                yield origin_utc_s + offset_s
            if self.kind is not ProfileKind.RECURRING or self.recurrency is None:
                return
            origin_utc_s += self.recurrency.every_s

    def _origin_utc_s(
        self, schedule: Schedule, utc_s: float, session_start_utc_s: float, local_offset_s: float
    ) -> float:
        """Return the start of the schedule's run that covers, or next follows, `utc_s`."""
        if self.kind is ProfileKind.DYNAMIC:
            return session_start_utc_s if self.updated_utc_s is None else self.updated_utc_s
        if self.kind is ProfileKind.RELATIVE or schedule.start_utc_s is None:
            return session_start_utc_s
        start_utc_s = schedule.start_utc_s - (local_offset_s if schedule.use_local_time else 0.0)
        if self.kind is ProfileKind.ABSOLUTE or self.recurrency is None or utc_s < start_utc_s:
            return start_utc_s
        every_s = self.recurrency.every_s
        return start_utc_s + (utc_s - start_utc_s) // every_s * every_s
