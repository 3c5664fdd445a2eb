"""Profiles that cannot be held beside each other (OCPP 2.x part 2, K01)."""

from __future__ import annotations

import math

from .profile import ChargingProfile
from .words import Purpose


def slot(profile: ChargingProfile) -> tuple[Purpose, int, int]:
    """Return what OCPP 1.6 allows one profile for: purpose, stack level and connector."""
    return (profile.purpose, profile.stack_level, profile.evse_id)


def collide(new: ChargingProfile, held: ChargingProfile) -> bool:
    """Tell whether two profiles claim the same slot, transaction and time (K01.FR.06, K01.FR.39).

    A default of the whole station and one of an EVSE claim the same slot (K01.FR.52, K01.FR.53).
    """
    if (new.purpose, new.stack_level, new.transaction_id) != (held.purpose, held.stack_level, held.transaction_id):
        return False
    is_default = new.purpose is Purpose.TX_DEFAULT
    if new.evse_id != held.evse_id and not (is_default and 0 in (new.evse_id, held.evse_id)):
        return False
    return _begins_before_end(new, held) and _begins_before_end(held, new)


def _begins_before_end(one: ChargingProfile, other: ChargingProfile) -> bool:
    begin_s = -math.inf if one.valid_from_utc_s is None else one.valid_from_utc_s
    return begin_s < (math.inf if other.valid_to_utc_s is None else other.valid_to_utc_s)


def phases_conflict(new: ChargingProfile, held: ChargingProfile) -> bool:
    """Tell whether two profiles that can hold together name different phases to use (K01.FR.141)."""
    if 0 not in (new.evse_id, held.evse_id) and new.evse_id != held.evse_id:
        return False
    named = [
        {period.phase_to_use for schedule in each.schedules for period in schedule.periods} - {None}
        for each in (new, held)
    ]
    return bool(named[0] and named[1]) and named[0] != named[1]
