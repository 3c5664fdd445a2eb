"""One charging profile and what it says at a moment (OCPP 1.6 part 3.13; OCPP 2.0.1 part 2, K)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
import math


class Purpose(StrEnum):
    """What a profile limits. The names are those of OCPP 2.0.1."""

    STATION_MAX = "ChargingStationMaxProfile"
    EXTERNAL = "ChargingStationExternalConstraints"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class ProfileKind(StrEnum):
    """What the schedule's start refers to."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


class Recurrency(StrEnum):
    """How often a recurring schedule starts again."""

    DAILY = "Daily"
    WEEKLY = "Weekly"

    @property
    def every_s(self) -> int:
        """Seconds from one start to the next."""
        return 86_400 if self is Recurrency.DAILY else 604_800


class RateUnit(StrEnum):
    """The unit of a schedule's limits: A per phase, or W over all phases."""

    A = "A"
    W = "W"


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start_s` after the schedule's start, `limit` in the schedule's unit, on `phases` phases if given."""

    start_s: int
    limit: float
    phases: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Periods in ascending order, the first at 0. `start_utc_s` None: relative to the start of charging."""

    unit: RateUnit
    periods: tuple[Period, ...]
    duration_s: int | None = None
    start_utc_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingProfile:
    """A profile as installed. `evse_id` 0 is the whole station."""

    profile_id: int
    evse_id: int
    stack_level: int
    purpose: Purpose
    kind: ProfileKind
    schedule: Schedule
    recurrency: Recurrency | None = None
    valid_from_utc_s: float = -math.inf
    valid_to_utc_s: float = math.inf
    transaction_id: str | None = None

    def period_at(self, utc_s: float, session_start_utc_s: float) -> Period | None:
        """Return the period in force at a moment, None when the profile says nothing then.

        `session_start_utc_s` is what relative schedules, and absolute ones without a start, refer to.
        """
        if not self.valid_from_utc_s <= utc_s < self.valid_to_utc_s:
            return None
        offset_s = utc_s - self._origin_utc_s(utc_s, session_start_utc_s)
        duration_s = math.inf if self.schedule.duration_s is None else self.schedule.duration_s
        if not 0 <= offset_s < duration_s:
            return None
        return max(
            (period for period in self.schedule.periods if period.start_s <= offset_s),
            key=lambda period: period.start_s,
            default=None,
        )

    def changes(self, from_utc_s: float, to_utc_s: float, session_start_utc_s: float) -> Iterator[float]:
        """Yield every moment from `from_utc_s` to `to_utc_s` at which `period_at` may change."""
        yield self.valid_from_utc_s
        yield self.valid_to_utc_s
        offsets_s = [period.start_s for period in self.schedule.periods]
        if self.schedule.duration_s is not None:
            offsets_s.append(self.schedule.duration_s)
        origin_utc_s = self._origin_utc_s(from_utc_s, session_start_utc_s)
        while origin_utc_s <= to_utc_s:
            for offset_s in offsets_s:
                yield origin_utc_s + offset_s
            if self.kind is not ProfileKind.RECURRING or self.recurrency is None:
                return
            origin_utc_s += self.recurrency.every_s

    def _origin_utc_s(self, utc_s: float, session_start_utc_s: float) -> float:
        """Return the start of the schedule's run that covers, or next follows, `utc_s`."""
        start_utc_s = self.schedule.start_utc_s
        if self.kind is ProfileKind.RELATIVE or start_utc_s is None:
            return session_start_utc_s
        if self.kind is ProfileKind.ABSOLUTE or self.recurrency is None or utc_s < start_utc_s:
            return start_utc_s
        every_s = self.recurrency.every_s
        return start_utc_s + (utc_s - start_utc_s) // every_s * every_s
