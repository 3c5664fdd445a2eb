"""What a station's profiles tell of others that set limits: compared with what it should hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
import math

from tidewatt.ocpp.charging import ChargingProfile, Limit, ProfileKind, Purpose

OWN_SOURCE = "CSO"
"""The source of profiles from central systems, this one and any other."""

_AMOUNT_TOLERANCE = 0.11
"""Stations round amounts, and answer 6.0869 for 6.1."""

_ENDS_WITHIN_S = 30.0
"""A profile that ends so soon may be gone already by the station's clock."""

_LIMIT_TOLERANCE_A = 0.5
_LIMIT_TOLERANCE = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Ours that are gone or have become others, those of another central system, and those from outside."""

    missing: tuple[ChargingProfile, ...] = field(default=())
    changed: tuple[ChargingProfile, ...] = field(default=())
    foreign: tuple[ChargingProfile, ...] = field(default=())
    external: tuple[ChargingProfile, ...] = field(default=())


def compare(expected: Sequence[ChargingProfile], found: Sequence[ChargingProfile], utc_s: float) -> Findings:
    """Compare the profiles that a station should hold with those that it reports at a moment."""
    external = tuple(profile for profile in found if _is_external(profile))
    reported = {profile.profile_id: profile for profile in found if not _is_external(profile)}
    ours = [profile for profile in expected if not _is_external(profile)]
    own_ids = {profile.profile_id for profile in ours}
    lasting = [profile for profile in ours if not _ends_soon(profile, utc_s)]
    return Findings(
        missing=tuple(profile for profile in lasting if profile.profile_id not in reported),
        changed=tuple(
            profile
            for profile in lasting
            if profile.profile_id in reported and not _is_same(profile, reported[profile.profile_id])
        ),
        foreign=tuple(profile for profile_id, profile in reported.items() if profile_id not in own_ids),
        external=external,
    )


def is_looser(limit: Limit, than: Limit) -> bool:
    """Tell whether a limit lets more flow, in one direction or the other, than another does."""
    return exceeds(limit.current_a, than.current_a) or exceeds(limit.discharge_a, than.discharge_a)


def exceeds(current_a: float, other_a: float) -> bool:
    """Tell whether a current is more than another, by more than stations round."""
    return current_a > other_a + max(_LIMIT_TOLERANCE_A, _LIMIT_TOLERANCE * (0.0 if math.isinf(other_a) else other_a))


def _is_external(profile: ChargingProfile) -> bool:
    return profile.source != OWN_SOURCE or profile.purpose in (Purpose.EXTERNAL, Purpose.LOCAL_GENERATION)


def _ends_soon(profile: ChargingProfile, utc_s: float) -> bool:
    duration_s = profile.schedule.duration_s
    begins_utc_s = profile.updated_utc_s if profile.kind is ProfileKind.DYNAMIC else profile.schedule.start_utc_s
    return duration_s is not None and begins_utc_s is not None and begins_utc_s + duration_s < utc_s + _ENDS_WITHIN_S


def _is_same(ours: ChargingProfile, found: ChargingProfile) -> bool:
    if (ours.purpose, ours.stack_level, ours.kind) != (found.purpose, found.stack_level, found.kind):
        return False
    if ours.kind is ProfileKind.DYNAMIC:
        # Its amounts change by the second.
        return True
    mine, theirs = ours.schedule, found.schedule
    if mine.unit is not theirs.unit or len(mine.periods) != len(theirs.periods):
        return False
    return all(
        _is_near(one.limit, other.limit) and _is_near(one.setpoint, other.setpoint)
        for one, other in zip(mine.periods, theirs.periods, strict=True)
    )


def _is_near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, abs_tol=_AMOUNT_TOLERANCE, rel_tol=0.001)
