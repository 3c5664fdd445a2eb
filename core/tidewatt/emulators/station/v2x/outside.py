"""Whoever steers a station from outside, such as an energy manager in the house, as charging profiles of its own."""

from __future__ import annotations

from typing import Any

from tidewatt.ocpp.charging import (
    ChargingProfile,
    OperationMode,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Ruleset,
    Schedule,
)
from tidewatt.ocpp.charging.wire import period_to_wire

SOURCE = "EMS"


def external_profile(
    evse_id: int,
    *,
    limit_w: float | None = None,
    discharge_limit_w: float | None = None,
    setpoint_w: float | None = None,
) -> ChargingProfile:
    """Return a dynamic profile of external constraints; its id is negative, as those from outside may be (K29)."""
    period = Period(
        limit=limit_w,
        discharge_limit=None if discharge_limit_w is None else -discharge_limit_w,
        setpoint=setpoint_w,
        operation_mode=OperationMode.EXTERNAL_LIMITS if setpoint_w is None else OperationMode.EXTERNAL_SETPOINT,
    )
    return ChargingProfile(
        profile_id=external_id(evse_id),
        evse_id=evse_id,
        stack_level=0,
        purpose=Purpose.EXTERNAL,
        kind=ProfileKind.DYNAMIC,
        schedule=Schedule(unit=RateUnit.W, periods=(period,)),
        source=SOURCE,
    )


def external_id(evse_id: int) -> int:
    """Return the id of the profile from outside for an EVSE."""
    return -evse_id


def limit_payload(profile: ChargingProfile) -> dict[str, Any]:
    """Return a NotifyChargingLimit about a profile from outside (Q06.FR.11)."""
    period = period_to_wire(profile.schedule.periods[0], Ruleset.V21)
    schedule = {"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period]}
    return {
        "evseId": profile.evse_id,
        "chargingLimit": {"chargingLimitSource": SOURCE},
        "chargingSchedule": [schedule],
    }
