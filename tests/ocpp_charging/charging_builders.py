"""Profiles made for a purpose, one change at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tidewatt.ocpp.charging import (
    ChargingProfile,
    CurvePoint,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Schedule,
    TransactionView,
)

NOW = 1_800_000_000.0
TRANSACTION = TransactionView(transaction_id="7", started_utc_s=NOW - 20)
CURVE = (CurvePoint(at=49.8, power_w=-3000), CurvePoint(at=50.2, power_w=3000))


def schedule_of(*periods: Period, **changes: Any) -> Schedule:
    return replace(Schedule(unit=RateUnit.A, periods=periods, start_utc_s=NOW - 100), **changes)


def profile_of(*periods: Period, **changes: Any) -> ChargingProfile:
    purpose = changes.get("purpose", Purpose.TX)
    profile = ChargingProfile(
        profile_id=1,
        evse_id=0 if purpose is Purpose.STATION_MAX else 1,
        stack_level=0,
        purpose=purpose,
        kind=ProfileKind.ABSOLUTE,
        schedule=schedule_of(*(periods or (Period(limit=10),))),
        transaction_id="7" if purpose is Purpose.TX else None,
    )
    return replace(profile, **changes)
