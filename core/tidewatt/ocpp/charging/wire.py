"""Charging profiles to and from the dictionaries of OCPP 1.6, 2.0.1 and 2.1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from .profile import ChargingProfile, CurvePoint, LimitAtSoc, Period, Schedule
from .words import OperationMode, ProfileKind, Purpose, RateUnit, Recurrency, Ruleset

_STATION_MAX_V16 = "ChargePointMaxProfile"

_AMOUNTS = {
    f"{name}{suffix.lower()}": f"{key}{suffix}"
    for name, key in {
        "limit": "limit",
        "discharge_limit": "dischargeLimit",
        "setpoint": "setpoint",
        "setpoint_reactive": "setpointReactive",
    }.items()
    for suffix in ("", "_L2", "_L3")
}
"""Amounts of a period by their names on the wire; a dynamic update may change these."""

_PROFILE_EXTRAS = ("priceScheduleSignature", "customData")
_SCHEDULE_EXTRAS = (
    "powerTolerance",
    "signatureId",
    "digestValue",
    "salesTariff",
    "absolutePriceSchedule",
    "priceLevelSchedule",
    "customData",
)


_LARGEST = 2**31
"""A number beyond this in a profile is a slip, or meant to do harm."""


def profile_from_wire(
    document: Mapping[str, Any], evse_id: int, rules: Ruleset, *, source: str = "CSO"
) -> ChargingProfile:
    """Read a csChargingProfiles (1.6) or chargingProfile (2.x).

    ValueError, naming what is wrong, when it cannot be understood.
    """
    try:
        return _profile_from_wire(document, evse_id, rules, source)
    except KeyError as error:
        raise ValueError(f"The charging profile has no {error}.") from error
    except (TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"The charging profile cannot be read: {error}") from error


def purpose_from_wire(text: str) -> Purpose:
    """Read a purpose in the words of any version; ValueError for an unknown one."""
    return Purpose.STATION_MAX if text == _STATION_MAX_V16 else Purpose(text)


def purpose_to_wire(purpose: Purpose, rules: Ruleset) -> str:
    """Write a purpose in the words of a version."""
    return _STATION_MAX_V16 if purpose is Purpose.STATION_MAX and rules is Ruleset.V16 else purpose.value


def profile_to_wire(profile: ChargingProfile, rules: Ruleset) -> dict[str, Any]:
    """Write a profile as csChargingProfiles (1.6) or chargingProfile (2.x)."""
    is_v16 = rules is Ruleset.V16
    schedules = [_schedule_to_wire(schedule, rules) for schedule in profile.schedules]
    document: dict[str, Any] = {
        "chargingProfileId" if is_v16 else "id": profile.profile_id,
        "stackLevel": profile.stack_level,
        "chargingProfilePurpose": purpose_to_wire(profile.purpose, rules),
        "chargingProfileKind": profile.kind.value,
        "chargingSchedule": schedules[0] if is_v16 else schedules,
    }
    transaction_id = profile.transaction_id
    optional: dict[str, Any] = {
        "recurrencyKind": None if profile.recurrency is None else profile.recurrency.value,
        "validFrom": _date(profile.valid_from_utc_s),
        "validTo": _date(profile.valid_to_utc_s),
        "transactionId": int(transaction_id) if is_v16 and transaction_id is not None else transaction_id,
    }
    if rules is Ruleset.V21:
        optional |= {
            "maxOfflineDuration": profile.max_offline_s,
            "invalidAfterOfflineDuration": profile.invalid_after_offline or None,
            "dynUpdateInterval": profile.update_interval_s,
            "dynUpdateTime": _date(profile.updated_utc_s),
            **profile.extras,
        }
    return document | {key: value for key, value in optional.items() if value is not None}


def amounts_from_wire(document: Mapping[str, Any]) -> dict[str, float]:
    """Read the amounts of a scheduleUpdate, named as in `Period`. ValueError for what is no number."""
    try:
        return {name: _number(document[key]) for name, key in _AMOUNTS.items() if document.get(key) is not None}
    except (TypeError, OverflowError, AttributeError) as error:
        raise ValueError(f"The schedule update cannot be read: {error}") from error


def amounts_to_wire(amounts: Mapping[str, float]) -> dict[str, float]:
    """Write a scheduleUpdate of amounts that are named as in `Period`."""
    return {_AMOUNTS[name]: value for name, value in amounts.items()}


def criteria_from_wire(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a GetChargingProfiles asks for, as the arguments of `ProfileStore.select`."""
    wanted = payload.get("chargingProfile", {})
    purpose = wanted.get("chargingProfilePurpose")
    return {
        "evse_id": payload.get("evseId"),
        "purpose": None if purpose is None else purpose_from_wire(purpose),
        "stack_level": wanted.get("stackLevel"),
        "profile_ids": wanted.get("chargingProfileId"),
        "sources": wanted.get("chargingLimitSource"),
    }


def reports_to_wire(found: Iterable[ChargingProfile], request_id: int, rules: Ruleset) -> list[dict[str, Any]]:
    """Write ReportChargingProfiles, one for each EVSE and source; all but the last say that more is to come."""

    def place(profile: ChargingProfile) -> tuple[int, str]:
        return (profile.evse_id, profile.source)

    groups = [(key, list(group)) for key, group in groupby(sorted(found, key=place), key=place)]
    return [
        {
            "requestId": request_id,
            "chargingLimitSource": source,
            "evseId": evse_id,
            "chargingProfile": [profile_to_wire(profile, rules) for profile in group],
            "tbc": number < len(groups),
        }
        for number, ((evse_id, source), group) in enumerate(groups, 1)
    ]


def _profile_from_wire(document: Mapping[str, Any], evse_id: int, rules: Ruleset, source: str) -> ChargingProfile:
    schedules = document["chargingSchedule"]
    first, *others = [_schedule_from_wire(each, rules) for each in ([schedules] if rules is Ruleset.V16 else schedules)]
    transaction_id = document.get("transactionId")
    return ChargingProfile(
        profile_id=_whole(document["chargingProfileId" if rules is Ruleset.V16 else "id"]),
        evse_id=evse_id,
        stack_level=_whole(document["stackLevel"]),
        purpose=purpose_from_wire(document["chargingProfilePurpose"]),
        kind=ProfileKind(document["chargingProfileKind"]),
        recurrency=Recurrency(document["recurrencyKind"]) if "recurrencyKind" in document else None,
        valid_from_utc_s=_utc_s(document.get("validFrom")),
        valid_to_utc_s=_utc_s(document.get("validTo")),
        transaction_id=None if transaction_id is None else str(transaction_id)[:36],
        schedule=first,
        alternatives=tuple(others),
        max_offline_s=_whole_or_none(document.get("maxOfflineDuration")),
        invalid_after_offline=document.get("invalidAfterOfflineDuration") is True,
        update_interval_s=_whole_or_none(document.get("dynUpdateInterval")),
        updated_utc_s=_utc_s(document.get("dynUpdateTime")),
        source=source,
        extras={key: document[key] for key in _PROFILE_EXTRAS if key in document},
    )


def _schedule_from_wire(document: Mapping[str, Any], rules: Ruleset) -> Schedule:
    use_local_time = document.get("useLocalTime") is True
    at_soc = document.get("limitAtSoC")
    minimum_rate = document.get("minChargingRate")
    return Schedule(
        schedule_id=_whole(document.get("id", 1)),
        unit=RateUnit(document["chargingRateUnit"]),
        duration_s=_whole_or_none(document.get("duration")),
        start_utc_s=_utc_s(document.get("startSchedule"), is_local=use_local_time),
        minimum_rate=_number_or_none(minimum_rate),
        limit_at_soc=None
        if at_soc is None
        else LimitAtSoc(soc_pct=_whole(at_soc["soc"]), limit=_number(at_soc["limit"])),
        use_local_time=use_local_time,
        randomized_delay_s=_whole(document.get("randomizedDelay", 0)),
        periods=tuple(_period_from_wire(period, rules) for period in document["chargingSchedulePeriod"]),
        extras={key: document[key] for key in _SCHEDULE_EXTRAS if key in document},
    )


def _period_from_wire(document: Mapping[str, Any], rules: Ruleset) -> Period:
    limit = document.get("limit")
    known: dict[str, Any] = {
        "start_s": _whole(document["startPeriod"]),
        "limit": _number_or_none(limit),
        "phases": _whole_or_none(document.get("numberPhases")),
        "phase_to_use": _whole_or_none(document.get("phaseToUse")),
    }
    if rules is not Ruleset.V21:
        return Period(**known)
    mode, baseline_w = document.get("operationMode"), document.get("v2xBaseline")
    return Period(
        **known | amounts_from_wire(document),
        operation_mode=None if mode is None else OperationMode(mode),
        preconditioning=_flag(document.get("preconditioningRequest")),
        evse_sleep=_flag(document.get("evseSleep")),
        baseline_w=_number_or_none(baseline_w),
        freq_watt_curve=_curve(document.get("v2xFreqWattCurve"), "frequency"),
        signal_watt_curve=_curve(document.get("v2xSignalWattCurve"), "signal"),
    )


def _curve(points: Iterable[Mapping[str, Any]] | None, key: str) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(at=_number(point[key]), power_w=_number(point["power"])) for point in points or ())


def _schedule_to_wire(schedule: Schedule, rules: Ruleset) -> dict[str, Any]:
    document: dict[str, Any] = {
        "chargingRateUnit": schedule.unit.value,
        "chargingSchedulePeriod": [period_to_wire(period, rules) for period in schedule.periods],
    }
    optional: dict[str, Any] = {
        "id": None if rules is Ruleset.V16 else schedule.schedule_id,
        "duration": schedule.duration_s,
        "startSchedule": _date(schedule.start_utc_s),
        "minChargingRate": schedule.minimum_rate,
    }
    if rules is Ruleset.V21:
        at_soc = schedule.limit_at_soc
        optional |= {
            "limitAtSoC": None if at_soc is None else {"soc": at_soc.soc_pct, "limit": at_soc.limit},
            "useLocalTime": schedule.use_local_time or None,
            "randomizedDelay": schedule.randomized_delay_s or None,
            **schedule.extras,
        }
    return document | {key: value for key, value in optional.items() if value is not None}


def period_to_wire(period: Period, rules: Ruleset) -> dict[str, Any]:
    """Write a chargingSchedulePeriod; versions before 2.1 have no more than a limit and phases."""
    optional: dict[str, Any] = {"limit": period.limit, "numberPhases": period.phases}
    if rules is not Ruleset.V16:
        optional["phaseToUse"] = period.phase_to_use
    if rules is Ruleset.V21:
        optional |= {key: getattr(period, name) for name, key in _AMOUNTS.items()}
        optional |= {
            "operationMode": None if period.operation_mode is None else period.operation_mode.value,
            "preconditioningRequest": period.preconditioning,
            "evseSleep": period.evse_sleep,
            "v2xBaseline": period.baseline_w,
            "v2xFreqWattCurve": [{"frequency": each.at, "power": each.power_w} for each in period.freq_watt_curve]
            or None,
            "v2xSignalWattCurve": [
                {"signal": round(each.at), "power": each.power_w} for each in period.signal_watt_curve
            ]
            or None,
        }
    return {"startPeriod": period.start_s} | {key: value for key, value in optional.items() if value is not None}


def _number(value: object) -> float:
    """Return a number; ValueError for what is none, or none that a station could mean."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise ValueError(f"{value!r} is no number for a charging profile.")
    return float(value)


def _number_or_none(value: object) -> float | None:
    return None if value is None else _number(value)


def _whole(value: object) -> int:
    """Return a whole number, which may be written as 1.0."""
    found = _number(value)
    if not found.is_integer():
        raise ValueError(f"{value!r} is no whole number.")
    return int(found)


def _whole_or_none(value: object) -> int | None:
    return None if value is None else _whole(value)


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _utc_s(text: str | None, *, is_local: bool = False) -> float | None:
    """Read an ISO 8601 date; one without a zone is UTC, as OCPP recommends. Of a local one the zone is disregarded."""
    if text is None:
        return None
    date = datetime.fromisoformat(text)
    return (date if date.tzinfo and not is_local else date.replace(tzinfo=UTC)).timestamp()


def _date(utc_s: float | None) -> str | None:
    """Write a date, with fractions of a second only where there are any: some stations cannot read them."""
    if utc_s is None:
        return None
    precision = "seconds" if utc_s == int(utc_s) else "milliseconds"
    return datetime.fromtimestamp(utc_s, UTC).isoformat(timespec=precision).replace("+00:00", "Z")
