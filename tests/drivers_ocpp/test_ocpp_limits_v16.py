"""OCPP 1.6: setpoints become profiles that expire, over a floor that does not, and no more writes than needed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.drivers_ocpp.ocpp_rig import (
    ACCEPTED,
    DictStore,
    central,
    charger,
    connected,
    limit_of,
    profile_of,
    setpoint,
)
from tests.drivers_ocpp.ocpp_v16_words import REJECTED, charging, start, status
from tidewatt.site import CommandError


async def test_a_setpoint_becomes_an_expiring_profile_of_the_transaction() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await rig.system.port("left").apply(setpoint(10))
        request = await station.next_profile("TxProfile")
        profile = profile_of(request)
        schedule = profile["chargingSchedule"]
        assert (request["connectorId"], profile["transactionId"]) == (1, transaction_id)
        assert profile["chargingProfileKind"] == "Absolute"
        assert schedule["chargingRateUnit"] == "A"
        assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10.0, "numberPhases": 3}]
        ends = datetime.fromisoformat(schedule["startSchedule"]) + timedelta(seconds=schedule["duration"])
        assert timedelta(seconds=115) < ends - datetime.now(UTC) < timedelta(seconds=125)


async def test_a_setpoint_holds_at_once_on_a_station_whose_clock_is_minutes_behind() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await charging(station)
        await rig.system.port("left").apply(setpoint(10))
        schedule = profile_of(await station.next_profile("TxProfile"))["chargingSchedule"]
        its_time = datetime.now(UTC) - timedelta(minutes=4)
        assert datetime.fromisoformat(schedule["startSchedule"]) < its_time


async def test_a_pause_is_a_limit_of_zero() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await charging(station)
        await rig.system.port("left").apply(setpoint(0))
        assert limit_of(await station.next_profile("TxProfile")) == 0


async def test_a_setpoint_without_a_transaction_waits_for_one() -> None:
    async with central([charger(id_tags=("CARD",))]) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        await rig.system.port("left").apply(setpoint(9))
        assert station.count("SetChargingProfile") == 1, "only the floor"
        transaction_id = await start(station)
        request = await station.next_profile("TxProfile")
        assert (profile_of(request)["transactionId"], limit_of(request)) == (transaction_id, 9)


async def test_the_same_setpoint_again_sends_nothing() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await charging(station)
        port = rig.system.port("left")
        await asyncio.gather(*(port.apply(setpoint(10)) for _ in range(5)))
        await port.apply(setpoint(10))
        await port.apply(setpoint(8))
        assert limit_of(await station.next_profile("TxProfile")) == 10
        assert limit_of(await station.next_profile("TxProfile")) == 8
        assert station.count("SetChargingProfile") == 3


async def test_a_setpoint_that_runs_out_is_sent_again() -> None:
    now_s = [1000.0]
    async with central([charger()], clock=lambda: now_s[0]) as rig, connected(rig) as station:
        await charging(station)
        port = rig.system.port("left")
        await port.apply(setpoint(10))
        now_s[0] += 60
        await port.apply(setpoint(10))
        await station.next_profile("TxProfile")
        await station.next_profile("TxProfile")


async def test_the_floor_is_installed_once_at_the_safe_current() -> None:
    store = DictStore()
    async with central([charger(safe_a=7)], store) as rig, connected(rig) as station:
        await station.boot()
        request = await station.next_profile("TxDefaultProfile")
        profile = profile_of(request)
        assert (limit_of(request), profile["stackLevel"]) == (7, 0)
        assert "duration" not in profile["chargingSchedule"]
        assert "transactionId" not in profile
        await status(station, "Available")
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 7.0}]}
    answers = {"GetCompositeSchedule": {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}}
    async with central([charger(safe_a=7)], store) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        await station.next_asked("GetCompositeSchedule")
        await status(station, "Available")
        assert station.count("SetChargingProfile") == 0, "the station says that it holds the floor"


async def test_a_floor_that_the_station_lost_is_installed_again() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 32.0}]}
        station.answers["GetCompositeSchedule"] = {"status": "Accepted", "chargingSchedule": schedule}
        await station.boot()
        assert limit_of(await station.next_profile("TxDefaultProfile")) == 6


async def test_a_rejected_floor_is_a_fault() -> None:
    answers = {"SetChargingProfile": REJECTED}
    async with central([charger()]) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        await rig.until(lambda: bool(rig.faults))
        assert "default limit" in rig.faults[0].detail


async def test_a_station_that_only_knows_watts_is_limited_in_watts() -> None:
    keys = [{"key": "ChargingScheduleAllowedChargingRateUnit", "readonly": True, "value": "Power"}]
    answers = {"GetConfiguration": {"configurationKey": keys}}
    async with central([charger()]) as rig, connected(rig, answers=answers) as station:
        await charging(station)
        await rig.system.port("left").apply(setpoint(10))
        request = await station.next_profile("TxProfile")
        assert profile_of(request)["chargingSchedule"]["chargingRateUnit"] == "W"
        assert limit_of(request) == 10 * 230 * 3


async def test_a_station_that_takes_no_txprofile_is_modulated_by_its_default() -> None:
    def answer(payload: dict[str, Any]) -> dict[str, str]:
        return REJECTED if profile_of(payload)["chargingProfilePurpose"] == "TxProfile" else ACCEPTED

    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, answers={"SetChargingProfile": answer}) as station:
        await charging(station)
        port = rig.system.port("left")
        for current_a in (12, 11, 10):
            await port.apply(setpoint(current_a))
        request = station.asked[-1][1]
        assert (profile_of(request)["chargingProfilePurpose"], limit_of(request)) == ("TxDefaultProfile", 10)
        assert profile_of(request)["stackLevel"] > 0, "the floor stays below it"
        assert "duration" in profile_of(request)["chargingSchedule"]
        purposes = [profile_of(p)["chargingProfilePurpose"] for a, p in station.asked if a == "SetChargingProfile"]
        assert purposes.count("TxProfile") == 2, "after two refusals it is remembered"
        assert rig.system.diagnostics()["CP-1"]["quirks"] == ["no_tx_profile"]


async def test_where_one_profile_replaces_the_floor_it_falls_to_the_safe_current_itself() -> None:
    answers = {
        "SetChargingProfile": lambda request: (
            REJECTED if profile_of(request)["chargingProfilePurpose"] == "TxProfile" else ACCEPTED
        ),
        "GetConfiguration": {"configurationKey": [{"key": "ChargeProfileMaxStackLevel", "value": "0"}]},
    }
    async with central([charger(safe_a=7)]) as rig, connected(rig, answers=answers) as station:
        await charging(station)
        await rig.system.port("left").apply(setpoint(12, valid_for_s=90))
        profile = profile_of(await station.next_profile("TxDefaultProfile"))
        schedule = profile["chargingSchedule"]
        assert (profile["stackLevel"], "duration" in schedule) == (0, False)
        first, then = schedule["chargingSchedulePeriod"]
        assert (first["limit"], then["limit"]) == (12, 7)
        ends = datetime.fromisoformat(schedule["startSchedule"]) + timedelta(seconds=then["startPeriod"])
        assert timedelta(seconds=85) < ends - datetime.now(UTC) < timedelta(seconds=95)


async def test_a_station_that_takes_no_profile_at_all_fails_the_command_with_its_answer() -> None:
    answers = {"SetChargingProfile": {"status": "NotSupported"}}
    async with central([charger()]) as rig, connected(rig, answers=answers) as station:
        await charging(station)
        with pytest.raises(CommandError, match=r"left: limiting to 10 A failed: NotSupported"):
            await rig.system.port("left").apply(setpoint(10))


async def test_a_station_that_does_not_answer_fails_the_command() -> None:
    async with central([charger()], call_timeout_s=0.5) as rig, connected(rig) as station:
        await charging(station)
        station.answers["SetChargingProfile"] = None
        with pytest.raises(CommandError, match="SetChargingProfile was not answered"):
            await rig.system.port("left").apply(setpoint(10))


async def test_increases_wait_for_the_write_budget_and_decreases_never_do() -> None:
    now_s = [0.0]
    options: dict[str, Any] = {"increases_burst": 2, "increases_per_minute": 1.0, "clock": lambda: now_s[0]}
    async with central([charger()], **options) as rig, connected(rig) as station:
        await charging(station)
        port = rig.system.port("left")
        for current_a in (6, 7, 8, 9, 6, 7):
            await port.apply(setpoint(current_a))
        sent = [limit_of(p) for a, p in station.asked if a == "SetChargingProfile"][1:]
        assert sent == [6, 7, 6], "the first and the decrease are free to pass, one increase had a token"
        now_s[0] += 600
        await port.apply(setpoint(9, valid_for_s=1000))
        assert limit_of(station.asked[-1][1]) == 9


async def test_increases_that_come_slowly_wait_for_the_budget_of_the_day() -> None:
    now_s = [0.0]
    options: dict[str, Any] = {"writes_per_day": 24, "clock": lambda: now_s[0]}
    async with central([charger()], **options) as rig, connected(rig) as station:
        await charging(station)
        for minutes in range(20):
            now_s[0] = minutes * 60.0
            await rig.system.port("left").apply(setpoint(6 + minutes % 2))
        increases = [limit_of(p) for a, p in station.asked if a == "SetChargingProfile"].count(7)
        assert increases <= 24 / 4, "a quarter of the day's writes is there to begin with"


async def test_the_newest_increase_is_sent_when_the_budget_allows() -> None:
    options: dict[str, Any] = {"increases_burst": 1, "increases_per_minute": 600.0}
    async with central([charger()], **options) as rig, connected(rig) as station:
        await charging(station)
        port = rig.system.port("left")
        for current_a in (6, 7, 8, 9):
            await port.apply(setpoint(current_a))
        while limit_of(await station.next_profile("TxProfile")) != 9:
            pass
        assert station.count("SetChargingProfile") <= 1 + 3


async def test_a_setpoint_waits_for_a_station_that_has_not_spoken_yet() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        await charging(station)
    async with central([charger()], store, boot_grace_s=0.2) as rig, connected(rig) as station:
        await rig.system.port("left").apply(setpoint(10))
        assert limit_of(await station.next_profile("TxProfile")) == 10


async def test_a_person_asks_what_holds_on_the_station() -> None:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0869}]}
    answers = {"GetCompositeSchedule": {"status": "Accepted", "connectorId": 1, "chargingSchedule": schedule}}
    async with central([charger()]) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        handle = rig.system.station("left")
        assert await handle.composite_limits(1, 60) == [6.0869], "no multiple of 0.1, and still an answer"
        assert await handle.trigger_status(1) == "Accepted"
        station.answers["GetCompositeSchedule"] = {"status": "Rejected"}
        assert await handle.composite_limits(1, 60) is None


async def test_an_idle_hour_writes_nothing() -> None:
    now_s = [0.0]
    async with central([charger()], clock=lambda: now_s[0]) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Available")
        await station.prepared()
        assert await station.next_asked("GetConfiguration") == {}, "the last step: everything it can be set to"
        asked = len(station.asked)
        for _ in range(60):
            now_s[0] += 60
            await rig.system.port("left").apply(setpoint(0))
            await station.call("Heartbeat", {})
        assert station.asked[asked:] == []
