"""Which profiles a station takes, and why not (OCPP 1.6 chapter 5.16; OCPP 2.x part 2, K01, K28, Q)."""

from __future__ import annotations

from dataclasses import dataclass
import math

from .modes import mode_refusal
from .profile import ChargingProfile, Period, Schedule
from .words import OperationMode, ProfileKind, Purpose, RateUnit, Ruleset

MAX_STACK_LEVEL = 9
MAX_PERIODS = 24
MAX_PROFILES = 40

_PURPOSES = {
    Ruleset.V16: {Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX},
    Ruleset.V201: {Purpose.STATION_MAX, Purpose.EXTERNAL, Purpose.TX_DEFAULT, Purpose.TX},
    Ruleset.V21: set(Purpose),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What a station can do with profiles. The features after `profiles` are those of 2.1, but for the last two.

    `operation_modes` are taken besides ChargingOnly. `highest_external_id` keeps ids up to it for profiles from
    outside. `negative_limits` is a vendor's way to discharge before 2.1.
    """

    stack_level: int = MAX_STACK_LEVEL
    periods: int = MAX_PERIODS
    profiles: int = MAX_PROFILES
    units: frozenset[RateUnit] = frozenset(RateUnit)
    purposes: frozenset[Purpose] = frozenset(Purpose)
    operation_modes: frozenset[OperationMode] = frozenset(OperationMode)
    dynamic: bool = True
    local_time: bool = True
    randomized_delay: bool = True
    limit_at_soc: bool = True
    evse_sleep: bool = True
    highest_external_id: int | None = None
    phase_switching: bool = False
    negative_limits: bool = False


def refusal(profile: ChargingProfile, rules: Ruleset, abilities: Abilities, *, from_outside: bool) -> str | None:
    """Return the reason code why a profile cannot be held at all, None when it can.

    `from_outside` is a profile of an energy manager or the like; the central system may make no external constraints.
    """
    return (
        _purpose_refusal(profile, rules, abilities, from_outside=from_outside)
        or _kind_refusal(profile, rules, abilities)
        or _stack_refusal(profile, abilities)
        or next(
            (
                reason
                for schedule in profile.schedules
                if (reason := _schedule_refusal(profile, schedule, rules, abilities, from_outside=from_outside))
            ),
            None,
        )
    )


def _purpose_refusal(
    profile: ChargingProfile, rules: Ruleset, abilities: Abilities, *, from_outside: bool
) -> str | None:
    if profile.purpose not in _PURPOSES[rules] or profile.purpose not in abilities.purposes:
        return "UnsupportedPurpose"
    match profile.purpose:
        case Purpose.EXTERNAL if not from_outside:
            return "InvalidProfile"
        case Purpose.STATION_MAX if profile.evse_id != 0 or profile.kind is ProfileKind.RELATIVE:
            return "InvalidProfile"
        case Purpose.TX if profile.evse_id == 0:
            return "InvalidProfile"
        case Purpose.PRIORITY if any(schedule.duration_s is not None for schedule in profile.schedules):
            return "InvalidSchedule"
    is_reserved = abilities.highest_external_id is not None and profile.profile_id <= abilities.highest_external_id
    return "InvalidProfileId" if is_reserved and not from_outside else None


def _kind_refusal(profile: ChargingProfile, rules: Ruleset, abilities: Abilities) -> str | None:
    is_dynamic = profile.kind is ProfileKind.DYNAMIC
    if is_dynamic and (rules is not Ruleset.V21 or not abilities.dynamic):
        return "UnsupportedKind"
    if is_dynamic and (profile.alternatives or len(profile.schedule.periods) != 1):
        return "InvalidSchedule"
    if not is_dynamic and (profile.update_interval_s is not None or profile.updated_utc_s is not None):
        return "InvalidProfile"
    if profile.kind is ProfileKind.RECURRING and profile.recurrency is None:
        return "InvalidSchedule"
    return None


def _stack_refusal(profile: ChargingProfile, abilities: Abilities) -> str | None:
    if not 0 <= profile.stack_level <= abilities.stack_level:
        return "InvalidSchedule"
    # Only a vehicle may choose among schedules, and only a transaction has one (K01.FR.34).
    if profile.alternatives and (profile.purpose is not Purpose.TX or len(profile.alternatives) > 2):
        return "InvalidSchedule"
    return None


def _schedule_refusal(
    profile: ChargingProfile, schedule: Schedule, rules: Ruleset, abilities: Abilities, *, from_outside: bool
) -> str | None:
    if schedule.unit not in abilities.units:
        return "UnsupportedRateUnit"
    starts = [period.start_s for period in schedule.periods]
    if not starts or len(starts) > abilities.periods or starts[0] != 0 or starts != sorted(set(starts)):
        return "InvalidSchedule"
    if not _start_fits(profile, schedule, rules) or not _features_fit(profile, schedule, abilities):
        return "InvalidSchedule"
    reasons = (
        _period_refusal(period, abilities)
        or mode_refusal(
            period, schedule, profile.purpose, rules, supported=abilities.operation_modes, from_outside=from_outside
        )
        for period in schedule.periods
    )
    return next((reason for reason in reasons if reason is not None), None)


def _start_fits(profile: ChargingProfile, schedule: Schedule, rules: Ruleset) -> bool:
    """Tell whether the start is there where it must be (K01.FR.40) and only there (K01.FR.41).

    OCPP 1.6 stations take absolute schedules without a start, and ignore one of a relative schedule.
    """
    match profile.kind:
        case ProfileKind.RECURRING:
            return schedule.start_utc_s is not None
        case ProfileKind.ABSOLUTE:
            return rules is Ruleset.V16 or schedule.start_utc_s is not None
        case ProfileKind.RELATIVE:
            return rules is Ruleset.V16 or schedule.start_utc_s is None
    return True


def _features_fit(profile: ChargingProfile, schedule: Schedule, abilities: Abilities) -> bool:
    """Check what a station may leave out (K01.FR.95 and K01.FR.123 to K01.FR.125)."""
    if schedule.randomized_delay_s and (
        not abilities.randomized_delay or profile.purpose not in (Purpose.TX, Purpose.TX_DEFAULT)
    ):
        return False
    if schedule.use_local_time and not abilities.local_time:
        return False
    at_soc = schedule.limit_at_soc
    return at_soc is None or (abilities.limit_at_soc and math.isfinite(at_soc.limit) and at_soc.limit >= 0)


def _period_refusal(period: Period, abilities: Abilities) -> str | None:
    if period.phases not in (None, 1, 2, 3):
        return "InvalidSchedule"
    # A phase can be named only for one phase, at a station that can switch it (K01.FR.19, K01.FR.20, K01.FR.48).
    if period.phase_to_use is not None and (
        period.phases != 1 or not abilities.phase_switching or period.phase_to_use not in (1, 2, 3)
    ):
        return "InvalidSchedule"
    if period.limit is not None and period.limit < 0 and not abilities.negative_limits:
        return "InvalidSchedule"
    if period.evse_sleep and not (abilities.evse_sleep and period.mode is OperationMode.IDLE):
        return "InvalidSchedule"
    return None
