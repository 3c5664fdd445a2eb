"""Profiles on the wire: what is written fits the schemas of OCPP, and what is read back is what was written."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from tests.ocpp_charging.charging_profiles_drawn import FROM_OUTSIDE, NOW, profiles
from tidewatt.ocpp.charging import (
    Abilities,
    Period,
    ProfileStore,
    RateUnit,
    Ruleset,
    TransactionView,
    amounts_from_wire,
    amounts_to_wire,
    composite_to_wire,
    criteria_from_wire,
    profile_from_wire,
    profile_to_wire,
    purpose_to_wire,
    reports_to_wire,
)
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.schemas import Schemas, load_schemas

VERSIONS = {Ruleset.V16: OcppVersion.V16, Ruleset.V201: OcppVersion.V201, Ruleset.V21: OcppVersion.V21}


async def schemas_of(rules: Ruleset, *actions: str) -> Schemas:
    schemas = await load_schemas(VERSIONS[rules])
    for action in actions:
        await schemas.prepare(action)
    return schemas


@pytest.mark.parametrize("rules", Ruleset)
async def test_a_profile_fits_the_schema_and_comes_back_unchanged(rules: Ruleset) -> None:
    schemas = await schemas_of(rules, "SetChargingProfile")

    @given(profile=profiles(rules))
    @settings(deadline=None, max_examples=100)
    def check(profile: Any) -> None:
        document = profile_to_wire(profile, rules)
        where = "connectorId" if rules is Ruleset.V16 else "evseId"
        key = "csChargingProfiles" if rules is Ruleset.V16 else "chargingProfile"
        schemas.check_request("SetChargingProfile", {where: profile.evse_id, key: document})
        assert profile_from_wire(document, profile.evse_id, rules, source=profile.source) == profile

    check()


@pytest.mark.parametrize("rules", [Ruleset.V201, Ruleset.V21])
async def test_reports_and_composite_schedules_fit_the_schema(rules: Ruleset) -> None:
    schemas = await schemas_of(rules, "ReportChargingProfiles", "GetCompositeSchedule")

    @given(wanted=st.lists(profiles(rules), max_size=6))
    @settings(deadline=None, max_examples=60)
    def check(wanted: Any) -> None:
        store = ProfileStore(rules, voltage_v=230.0)
        view = TransactionView(transaction_id="7", started_utc_s=NOW - 30)
        for profile in wanted:
            store.install(profile, [1], view, utc_s=NOW, from_outside=profile.purpose in FROM_OUTSIDE)
        reports = reports_to_wire(store.profiles, 5, rules)
        for report in reports:
            schemas.check_request("ReportChargingProfiles", report)
        assert [report["tbc"] for report in reports] == [True] * (len(reports) - 1) + [False] * bool(reports)
        steps = store.composite(1, NOW, 60, view, wired_phases=3)
        for unit in RateUnit:
            periods = composite_to_wire(steps, unit, rules, rated_a=32.0, voltage_v=230.0)
            schedule = {
                "evseId": 1,
                "duration": 60,
                "scheduleStart": "2026-01-01T00:00:00Z",
                "chargingRateUnit": unit.value,
                "chargingSchedulePeriod": periods,
            }
            schemas.check_response("GetCompositeSchedule", {"status": "Accepted", "schedule": schedule})

    check()


def test_amounts_of_an_update_are_named_as_in_a_period() -> None:
    amounts = {"limit": 8.0, "discharge_limit_l2": -3.0, "setpoint_reactive_l3": 100.0}
    document = {"limit": 8.0, "dischargeLimit_L2": -3.0, "setpointReactive_L3": 100.0}
    assert amounts_to_wire(amounts) == document
    assert amounts_from_wire(document) == amounts
    assert Period(limit=1).with_amounts(amounts) == Period(
        limit=8.0, discharge_limit_l2=-3.0, setpoint_reactive_l3=100.0
    )


def test_fields_that_others_need_pass_through() -> None:
    document = {
        "id": 4,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": "7",
        "priceScheduleSignature": "c2ln",
        "chargingSchedule": [
            {
                "id": 9,
                "chargingRateUnit": "A",
                "powerTolerance": 50.0,
                "salesTariff": {"id": 1, "salesTariffEntry": [{"relativeTimeInterval": {"start": 0}}]},
                "chargingSchedulePeriod": [
                    {"startPeriod": 0, "operationMode": "Idle", "preconditioningRequest": True, "evseSleep": True}
                ],
            }
        ],
    }
    profile = profile_from_wire(document, 1, Ruleset.V21)
    assert profile_to_wire(profile, Ruleset.V21) == document


def test_1_6_has_its_own_word_for_the_maximum_and_numbers_for_transactions() -> None:
    document = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "ChargePointMaxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}]},
    }
    profile = profile_from_wire(document, 0, Ruleset.V16)
    assert purpose_to_wire(profile.purpose, Ruleset.V16) == "ChargePointMaxProfile"
    assert profile_to_wire(profile, Ruleset.V16) == document


def test_local_time_disregards_the_zone() -> None:
    def start_of(text: str) -> float | None:
        schedule = {
            "id": 1,
            "chargingRateUnit": "A",
            "useLocalTime": True,
            "startSchedule": text,
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16.0}],
        }
        document = {
            "id": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }
        return profile_from_wire(document, 1, Ruleset.V21).schedule.start_utc_s

    assert start_of("2026-06-01T22:00:00+02:00") == start_of("2026-06-01T22:00:00Z") == start_of("2026-06-01T22:00:00")


@pytest.mark.parametrize("rules", Ruleset)
@given(document=st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from([
            "id", "chargingProfileId", "stackLevel", "chargingProfilePurpose", "chargingProfileKind",
            "chargingSchedule", "chargingSchedulePeriod", "chargingRateUnit", "startPeriod", "limit", "duration",
            "validFrom", "limitAtSoC", "v2xFreqWattCurve",
        ]),
        inner,
        max_size=6,
    ),
    max_leaves=12,
))  # fmt: skip
@settings(deadline=None, max_examples=150)
def test_nonsense_is_refused_by_name_and_never_crashes(rules: Ruleset, document: Any) -> None:
    try:
        profile = profile_from_wire(document, 1, rules)
    except ValueError:
        return
    ProfileStore(rules, voltage_v=230.0, abilities=Abilities()).install(profile, [1], None, utc_s=NOW)


def test_criteria_are_read_as_the_arguments_of_select() -> None:
    request = {
        "requestId": 1,
        "evseId": 2,
        "chargingProfile": {"chargingProfilePurpose": "TxProfile", "stackLevel": 3, "chargingLimitSource": ["EMS"]},
    }
    assert criteria_from_wire(request) == {
        "evse_id": 2,
        "purpose": "TxProfile",
        "stack_level": 3,
        "profile_ids": None,
        "sources": ["EMS"],
    }
