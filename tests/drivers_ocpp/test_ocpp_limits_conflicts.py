"""Requirement V6: a limit that somebody else sets is noticed and reported; what allows more than ours is put right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v16_words, ocpp_v201_words
from tests.drivers_ocpp.ocpp_profile_station import Keeper, limits, obeying
from tests.drivers_ocpp.ocpp_rig import DictStore, Rig, central, charger, connected, setpoint
from tidewatt.ocpp.charging import ChargingProfile, Period, ProfileKind, Purpose, RateUnit, Ruleset, Schedule
from tidewatt.site import FaultCode

WITH_REPORTS = [Ruleset.V201, Ruleset.V21]
SOON: dict[str, Any] = {"limits_delay_s": 0.02}


def foreign(keeper: Keeper, limit: float, **options: Any) -> ChargingProfile:
    """Return a profile that somebody else makes."""
    purpose = options.get("purpose", Purpose.TX)
    return ChargingProfile(
        profile_id=options.get("profile_id", 777),
        evse_id=options.get("evse_id", 0 if purpose is Purpose.STATION_MAX else 1),
        stack_level=options.get("level", 5),
        purpose=purpose,
        kind=ProfileKind.ABSOLUTE,
        schedule=Schedule(
            unit=RateUnit.A, periods=(Period(limit=limit, phases=3),), start_utc_s=float(int(keeper.now_s())) - 60
        ),
        transaction_id=keeper.transaction_id if purpose is Purpose.TX else None,
        source=options.get("source", "CSO"),
    )


def conflicts(rig: Rig) -> list[str]:
    """Return what was told of conflicts."""
    return [fault.detail for fault in rig.faults if fault.code is FaultCode.SCHEDULING_CONFLICT]


def answers(keeper: Keeper) -> dict[str, Any]:
    return v2x.answers() if keeper.rules is Ruleset.V21 else {}


@pytest.mark.parametrize("rules", Ruleset)
async def test_where_nobody_interferes_nothing_is_reported_and_nothing_is_written(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)) as station:
        await rig.system.port("left").apply(setpoint(10))
        written = station.count("SetChargingProfile")
        for _ in range(3):
            await limits(rig).verify()
        assert conflicts(rig) == []
        assert station.count("SetChargingProfile") == written
        told = limits(rig).diagnostics()
        assert (told["external"], told["conflicts"]) == ([], 0)
        assert told["expected"][1]["current_a"] == 10


@pytest.mark.parametrize("rules", WITH_REPORTS)
async def test_profiles_that_ended_with_their_transaction_are_not_missed(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)) as station:
        await rig.system.port("left").apply(setpoint(10))
        await ocpp_v201_words.event(station, "Ended", "EVConnected", reason="Local")
        keeper.store.end_transaction(1)
        keeper.transaction_id = None
        await limits(rig).verify()
        assert conflicts(rig) == []


async def test_the_limits_of_a_transaction_are_looked_at_once_it_has_begun() -> None:
    keeper = Keeper(Ruleset.V201)
    async with central([charger()], **SOON) as rig, obeying(rig, keeper) as station:
        await station.next_asked("GetCompositeSchedule")


@shows("K09.FR.03", ocpp=("2.0.1", "2.1"))
async def test_all_profiles_are_asked_for_by_a_criterion() -> None:
    keeper = Keeper(Ruleset.V201)
    async with central([charger()]) as rig, obeying(rig, keeper) as station:
        await limits(rig).verify()
        request = await station.next_asked("GetChargingProfiles")
        assert request["chargingProfile"] == {"chargingLimitSource": ["CSO", "EMS", "SO", "Other"]}


@pytest.mark.parametrize("rules", WITH_REPORTS)
async def test_a_foreign_profile_that_allows_more_is_removed(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)):
        await rig.system.port("left").apply(setpoint(10))
        keeper.hold(foreign(keeper, 32))
        assert keeper.limit().current_a == 32
        await limits(rig).verify()
        assert keeper.limit().current_a == 10
        (told,) = conflicts(rig)
        assert "profile 777 (TxProfile, level 5, 32 A) of EVSE 1" in told
        assert "it was removed" in told


@pytest.mark.parametrize("rules", WITH_REPORTS)
async def test_a_foreign_profile_that_allows_less_is_respected_and_told_once(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)):
        await rig.system.port("left").apply(setpoint(16))
        keeper.hold(foreign(keeper, 8))
        for _ in range(3):
            await limits(rig).verify()
        assert keeper.limit().current_a == 8
        (told,) = [detail for detail in conflicts(rig) if "profile 777" in detail]
        assert "(TxProfile, level 5, 8 A) of EVSE 1; it is left where it is" in told


@pytest.mark.parametrize("rules", WITH_REPORTS)
async def test_the_maximum_of_a_station_is_nobodys_to_remove(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)):
        await rig.system.port("left").apply(setpoint(16))
        for limit in (8.0, 60.0):
            keeper.hold(foreign(keeper, limit, purpose=Purpose.STATION_MAX))
            await limits(rig).verify()
            assert 777 in keeper.ids()


@pytest.mark.parametrize("rules", WITH_REPORTS)
@pytest.mark.parametrize("purpose", [Purpose.TX_DEFAULT, Purpose.TX])
async def test_a_profile_of_ours_that_somebody_cleared_is_installed_again(rules: Ruleset, purpose: Purpose) -> None:
    keeper = Keeper(rules)
    async with central([charger(safe_a=6)]) as rig, obeying(rig, keeper, **answers(keeper)):
        await rig.system.port("left").apply(setpoint(10))
        keeper.store.clear(purpose=purpose)
        await limits(rig).verify()
        assert [held.purpose for held in keeper.store.select(purpose=purpose)] == [purpose]
        assert keeper.limit().current_a == 10
        assert keeper.limit(after_s=3600).current_a == 6
        assert any("is gone; it is installed again" in detail for detail in conflicts(rig))


async def test_a_profile_of_ours_that_somebody_changed_is_installed_again() -> None:
    keeper = Keeper(Ruleset.V201)
    async with central([charger()]) as rig, obeying(rig, keeper):
        await rig.system.port("left").apply(setpoint(10))
        keeper.hold(foreign(keeper, 32, profile_id=12, level=1))
        await limits(rig).verify()
        assert keeper.limit().current_a == 10
        assert any("is another one now; it is installed again" in detail for detail in conflicts(rig))


async def test_what_is_put_right_costs_its_writes() -> None:
    keeper = Keeper(Ruleset.V201)
    options: dict[str, Any] = {"increases_burst": 1, "increases_per_minute": 0.01}
    async with central([charger()], **options) as rig, obeying(rig, keeper) as station:
        await rig.system.port("left").apply(setpoint(10))
        written = station.count("SetChargingProfile")
        keeper.store.clear(purpose=Purpose.TX)
        await limits(rig).verify()
        assert station.count("SetChargingProfile") == written, "the budget is used up"
        assert any("is gone" in detail for detail in conflicts(rig)), "it is told all the same"
        await rig.system.port("left").apply(setpoint(6))
        assert keeper.limit().current_a == 6, "a decrease never waits"


@shows("1.6 5.7", ocpp="1.6")
async def test_1_6_tells_by_its_composite_schedule_that_somebody_allows_more() -> None:
    keeper = Keeper(Ruleset.V16)
    async with central([charger()]) as rig, obeying(rig, keeper):
        await rig.system.port("left").apply(setpoint(10))
        keeper.store.clear()
        await limits(rig).verify()
        assert keeper.limit().current_a == 10
        assert keeper.limit(after_s=3600).current_a == 6
        assert conflicts(rig) == [
            "The station lets the vehicle draw 32 A where Tidewatt's profiles allow 10 A; they are installed again."
        ]


async def test_1_6_a_lower_limit_is_told_once_over_restarts() -> None:
    keeper, store = Keeper(Ruleset.V16), DictStore()
    for _ in range(2):
        async with central([charger(maximum_a=32)], store) as rig, obeying(rig, keeper):
            await rig.system.port("left").apply(setpoint(20))
            keeper.hold(foreign(keeper, 13, purpose=Purpose.STATION_MAX))
            await limits(rig).verify()
            told = conflicts(rig)
            assert keeper.limit().current_a == 13
        if _ == 0:
            assert len(told) == 1
            assert "limits the vehicle to 13 A where Tidewatt allows 20 A" in told[0]
    assert told == []


@pytest.mark.parametrize("rules", WITH_REPORTS)
async def test_a_limit_of_the_energy_manager_is_shown_and_expected(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 9.0}]}
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)) as station:
        await rig.system.port("left").apply(setpoint(16))
        for limit in (9.0, 8.5, 8.0):
            schedule["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": limit}]
            told = {"chargingLimit": {"chargingLimitSource": "EMS"}, "evseId": 1, "chargingSchedule": [schedule]}
            assert await station.call("NotifyChargingLimit", told) == {}
        assert conflicts(rig) == ["EMS limits EVSE 1 to 9 A. It is respected."], "its changes are its business"
        assert limits(rig).diagnostics()["external"] == ["EMS limits EVSE 1 to 8 A."]
        expected = limits(rig).expected(1)
        assert expected is not None
        assert expected.current_a == 8
        await station.call("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1})
        expected = limits(rig).expected(1)
        assert expected is not None
        assert expected.current_a == 16
        assert limits(rig).diagnostics()["external"] == []


@pytest.mark.parametrize("rules", WITH_REPORTS)
async def test_reported_external_constraints_are_expected_and_never_fought(rules: Ruleset) -> None:
    keeper = Keeper(rules)
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)):
        await rig.system.port("left").apply(setpoint(16))
        limit = foreign(keeper, 8, purpose=Purpose.EXTERNAL, source="EMS", profile_id=-5)
        keeper.hold(limit, from_outside=True)
        await limits(rig).verify()
        expected = limits(rig).expected(1)
        assert expected is not None
        assert expected.current_a == 8
        assert -5 in keeper.ids()
        assert conflicts(rig) == []


async def test_a_sign_of_change_is_looked_into_without_being_asked() -> None:
    keeper = Keeper(Ruleset.V201)
    async with central([charger()], **SOON) as rig, obeying(rig, keeper) as station:
        await rig.system.port("left").apply(setpoint(10))
        keeper.hold(foreign(keeper, 32))
        told = {"chargingLimit": {"chargingLimitSource": "Other"}}
        await station.call("NotifyChargingLimit", told)
        await rig.until(lambda: any("777" in detail for detail in conflicts(rig)))
        assert keeper.limit().current_a == 10


async def test_a_connection_begins_with_a_look_at_what_the_station_holds() -> None:
    keeper = Keeper(Ruleset.V16)
    async with central([charger()], **SOON) as rig, connected(rig, answers=keeper.answers()) as station:
        keeper.station = station
        await ocpp_v16_words.charging(station)
        await station.next_asked("GetCompositeSchedule")


async def test_a_hostile_limit_neither_grows_nor_spoils_what_is_remembered() -> None:
    keeper, store = Keeper(Ruleset.V21), DictStore()
    periods = [{"startPeriod": number, "limit": 8.0} for number in range(1000)]
    schedules: list[Any] = [
        {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods},
        {"id": 10**40, "chargingRateUnit": "A", "chargingSchedulePeriod": periods[:1]},
        {
            "id": 1,
            "chargingRateUnit": "A",
            "limitAtSoC": {"soc": [80], "limit": 6},
            "chargingSchedulePeriod": periods[:1],
        },
        {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1e300}]},
        {
            "id": 1,
            "chargingRateUnit": "A",
            "customData": {"vendorId": "x" * 255, "junk": ["y" * 1000]},
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7.0, "numberPhases": {}}],
        },
        "nonsense",
    ]
    async with central([charger()], store) as rig, obeying(rig, keeper, **answers(keeper)) as station:
        for number, schedule in enumerate(schedules):
            told = {"chargingLimit": {"chargingLimitSource": f"EMS{number}"}, "chargingSchedule": [schedule]}
            assert await station.call("NotifyChargingLimit", told) == {}
        await rig.system.port("left").apply(setpoint(10))
    assert len(store.documents["ocpp"]) < 20_000
    async with central([charger()], store) as rig, obeying(rig, keeper, **answers(keeper)):
        assert rig.system.station("left").diagnostics()["profiles"]["writes"], "what was remembered is still there"


async def test_hostile_reports_break_nothing_and_tell_little() -> None:
    keeper = Keeper(Ruleset.V21)
    nonsense: list[Any] = [
        None,
        7,
        {},
        {"id": "x"},
        {"id": 1, "chargingSchedule": []},
        {"id": 1e99, "stackLevel": None, "chargingSchedule": [{"chargingSchedulePeriod": [{}]}]},
    ]
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32.0}],
        "startSchedule": "2026-01-01T00:00:00Z",
    }
    many = [
        {
            "id": 1000 + number,
            "stackLevel": 9,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": [schedule],
        }
        for number in range(400)
    ]
    async with central([charger()]) as rig, obeying(rig, keeper, **answers(keeper)) as station:

        def report(request: dict[str, Any]) -> dict[str, Any]:
            base = {"requestId": request["requestId"], "evseId": 1, "chargingLimitSource": "CSO"}
            for number, profiles in enumerate((nonsense, many)):
                keeper.send("ReportChargingProfiles", base | {"chargingProfile": profiles, "tbc": number == 0})
            return {"status": "Accepted"}

        station.answers["GetChargingProfiles"] = report
        await limits(rig).verify()
        assert len(conflicts(rig)) <= 10
        cleared = [request for action, request in station.asked if action == "ClearChargingProfile"]
        assert len(cleared) <= 10, "it is not made to work for the station"
