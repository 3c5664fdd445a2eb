"""Charging profiles to and from the dictionaries of OCPP 1.6 and 2.0.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
import math
from typing import Any

from tidewatt.ocpp.wire import utc_text

from .profile import ChargingProfile, Period, ProfileKind, Purpose, RateUnit, Recurrency, Schedule
from .store import Limit, Ruleset

_STATION_MAX_V16 = "ChargePointMaxProfile"


def profile_from_wire(document: Mapping[str, Any], evse_id: int, rules: Ruleset) -> ChargingProfile:
    """Read a csChargingProfiles (1.6) or chargingProfile (2.0.1).

    ValueError or KeyError, naming what is wrong, when it cannot be understood.
    """
    schedule = document["chargingSchedule"]
    if rules is Ruleset.V201:
        if len(schedule) != 1:
            raise ValueError(f"chargingSchedule has {len(schedule)} schedules; this station keeps one.")
        schedule = schedule[0]
    transaction_id = document.get("transactionId")
    return ChargingProfile(
        profile_id=document["chargingProfileId" if rules is Ruleset.V16 else "id"],
        evse_id=evse_id,
        stack_level=document["stackLevel"],
        purpose=purpose_from_wire(document["chargingProfilePurpose"]),
        kind=ProfileKind(document["chargingProfileKind"]),
        recurrency=Recurrency(document["recurrencyKind"]) if "recurrencyKind" in document else None,
        valid_from_utc_s=_utc_s(document.get("validFrom"), -math.inf),
        valid_to_utc_s=_utc_s(document.get("validTo"), math.inf),
        transaction_id=None if transaction_id is None else str(transaction_id),
        schedule=_schedule_from_wire(schedule),
    )


def purpose_from_wire(text: str) -> Purpose:
    """Read a purpose in the words of either version; ValueError for an unknown one."""
    return Purpose.STATION_MAX if text == _STATION_MAX_V16 else Purpose(text)


def profile_to_wire(profile: ChargingProfile) -> dict[str, Any]:
    """Write a profile as OCPP 2.0.1's ChargingProfileType, as ReportChargingProfiles wants it."""
    document: dict[str, Any] = {
        "id": profile.profile_id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": profile.purpose,
        "chargingProfileKind": profile.kind,
        "chargingSchedule": [_schedule_to_wire(profile.schedule)],
    }
    optional = {
        "recurrencyKind": profile.recurrency,
        "validFrom": _text(profile.valid_from_utc_s),
        "validTo": _text(profile.valid_to_utc_s),
        "transactionId": profile.transaction_id,
    }
    return document | {key: value for key, value in optional.items() if value is not None}


def composite_to_wire(
    steps: Iterable[tuple[int, Limit]], unit: RateUnit, *, rated_a: float, voltage_v: float
) -> list[dict[str, Any]]:
    """Write a composite schedule's periods. Where nothing limits, the station's rating `rated_a` does."""
    periods: list[dict[str, Any]] = []
    for start_s, limit in steps:
        current_a = min(limit.current_a, rated_a)
        value = current_a if unit is RateUnit.A else current_a * voltage_v * limit.phases
        periods.append({"startPeriod": start_s, "limit": round(value, 1), "numberPhases": limit.phases})
    return periods


def _schedule_from_wire(document: Mapping[str, Any]) -> Schedule:
    return Schedule(
        unit=RateUnit(document["chargingRateUnit"]),
        duration_s=document.get("duration"),
        start_utc_s=_utc_s(document["startSchedule"], 0.0) if "startSchedule" in document else None,
        periods=tuple(
            Period(start_s=period["startPeriod"], limit=float(period["limit"]), phases=period.get("numberPhases"))
            for period in document["chargingSchedulePeriod"]
        ),
    )


def _schedule_to_wire(schedule: Schedule) -> dict[str, Any]:
    periods = [
        {"startPeriod": period.start_s, "limit": period.limit}
        | ({} if period.phases is None else {"numberPhases": period.phases})
        for period in schedule.periods
    ]
    document: dict[str, Any] = {"id": 1, "chargingRateUnit": schedule.unit, "chargingSchedulePeriod": periods}
    if schedule.duration_s is not None:
        document["duration"] = schedule.duration_s
    if schedule.start_utc_s is not None:
        document["startSchedule"] = utc_text(schedule.start_utc_s)
    return document


def _utc_s(text: str | None, missing: float) -> float:
    """Read an ISO 8601 date; one without a zone is UTC, as OCPP recommends."""
    if text is None:
        return missing
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()


def _text(utc_s: float) -> str | None:
    return utc_text(utc_s) if math.isfinite(utc_s) else None
