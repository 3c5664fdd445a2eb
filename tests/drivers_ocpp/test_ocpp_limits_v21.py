"""OCPP 2.1: one dynamic profile per transaction, updates instead of writes, and discharging that ends by itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp import ocpp_v2x_words as v2x
from tests.drivers_ocpp.ocpp_profile_station import Keeper, limits, obeying
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, DictStore, central, charger, profile_of, setpoint
from tidewatt.ocpp.charging import Abilities, OperationMode, Purpose, Ruleset
from tidewatt.site import CommandError, FaultCode


def keeper(**abilities: Any) -> Keeper:
    return Keeper(Ruleset.V21, Abilities(**abilities))


@shows("K28.FR.01", "K28.FR.09", ocpp="2.1")
async def test_a_setpoint_is_a_dynamic_profile_that_is_updated_ever_after() -> None:
    station_side = keeper()
    async with central([charger()]) as rig, obeying(rig, station_side, **v2x.answers()) as station:
        port = rig.system.port("left")
        await port.apply(setpoint(10))
        profile = profile_of(await station.next_profile("TxProfile"))
        assert (profile["chargingProfileKind"], profile["stackLevel"]) == ("Dynamic", 1)
        (schedule,) = profile["chargingSchedule"]
        assert schedule["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "limit": 10.0, "numberPhases": 3, "operationMode": "ChargingOnly"}
        ]
        assert (schedule["duration"], "startSchedule" in schedule) == (120, False)
        update = await station.next_asked("UpdateDynamicSchedule")
        assert update["scheduleUpdate"] == {"limit": 10.0}, "an update starts the watchdog of every station"
        for current_a in (12, 8, 16, 0):
            await port.apply(setpoint(current_a))
            assert station_side.limit().current_a == current_a
        assert station.count("SetChargingProfile") == 2, "the floor and the dynamic profile"


@shows("K28.FR.13", ocpp="2.1")
async def test_a_station_that_hears_nothing_more_falls_to_the_safe_current() -> None:
    station_side = keeper()
    async with central([charger(safe_a=6)]) as rig, obeying(rig, station_side, **v2x.answers()):
        await rig.system.port("left").apply(setpoint(16))
        for after_s, expected_a in ((0, 16), (115, 16), (125, 6), (86_400, 6)):
            assert station_side.limit(after_s).current_a == expected_a
            expected = limits(rig).expected(1, after_s=after_s)
            assert expected is not None
            assert expected.current_a == expected_a, "the central system expects what the station does"


async def test_updates_wear_nothing_and_do_not_wait_for_the_write_budget() -> None:
    options: dict[str, Any] = {"increases_burst": 1, "increases_per_minute": 0.01}
    station_side = keeper()
    async with central([charger()], **options) as rig, obeying(rig, station_side, **v2x.answers()):
        for current_a in range(6, 16):
            await rig.system.port("left").apply(setpoint(current_a))
            assert station_side.limit().current_a == current_a
        assert station_side.store.writes[Purpose.TX] == 1
        told = rig.system.station("left").diagnostics()["profiles"]
        assert told["writes"] == {"TxDefaultProfile": 1, "TxProfile": 1}


@pytest.mark.parametrize("model", [{"SmartChargingCtrlr__SupportsFeature__DynamicProfiles": "false"}])
async def test_a_station_without_dynamic_profiles_gets_one_that_expires_for_every_setpoint(
    model: dict[str, str],
) -> None:
    station_side = keeper(dynamic=False)
    async with central([charger()]) as rig, obeying(rig, station_side, **v2x.answers(**model)) as station:
        await rig.system.port("left").apply(setpoint(10))
        assert profile_of(await station.next_profile("TxProfile"))["chargingProfileKind"] == "Absolute"
        assert station.count("UpdateDynamicSchedule") == 0
        assert station_side.limit().current_a == 10


async def test_a_station_that_promises_dynamic_profiles_and_takes_none_is_limited_nevertheless() -> None:
    station_side = keeper(dynamic=False)
    async with central([charger()]) as rig, obeying(rig, station_side, **v2x.answers()) as station:
        for current_a in (10, 8):
            await rig.system.port("left").apply(setpoint(current_a))
            assert station_side.limit().current_a == current_a
        kinds = [
            profile_of(request)["chargingProfileKind"]
            for action, request in station.asked
            if action == "SetChargingProfile" and profile_of(request)["chargingProfilePurpose"] == "TxProfile"
        ]
        assert kinds == ["Dynamic", "Absolute", "Absolute"]


async def test_a_dynamic_profile_that_the_station_has_lost_is_installed_again() -> None:
    station_side = keeper()
    async with central([charger()]) as rig, obeying(rig, station_side, **v2x.answers()):
        await rig.system.port("left").apply(setpoint(10))
        station_side.store.clear(purpose=Purpose.TX)
        await rig.system.port("left").apply(setpoint(12))
        assert station_side.limit().current_a == 12


async def test_a_restart_of_ours_goes_on_with_the_profile_that_the_station_has() -> None:
    store, station_side = DictStore(), keeper()
    async with central([charger()], store) as rig, obeying(rig, station_side, **v2x.answers()):
        await rig.system.port("left").apply(setpoint(10))
    async with central([charger()], store) as rig, obeying(rig, station_side, **v2x.answers()):
        await rig.system.port("left").apply(setpoint(11))
        assert station_side.limit().current_a == 11
        assert station_side.store.writes[Purpose.TX] == 1, "the first one, updated"


@shows("Q03.FR.02", ocpp="2.1")
async def test_discharging_is_a_central_setpoint_without_limits() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-7))
        profile = profile_of(await station.next_profile("TxProfile"))
        (schedule,) = profile["chargingSchedule"]
        assert schedule["chargingRateUnit"] == "W"
        assert schedule["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "numberPhases": 3, "setpoint": -4830.0, "operationMode": "CentralSetpoint"}
        ]
        assert profile["chargingProfileKind"] == "Dynamic"


@shows("K28.FR.13", "K28.FR.14", ocpp="2.1")
async def test_a_lost_connection_ends_discharging() -> None:
    station_side = keeper()
    async with v2x.bidirectional(answers=station_side.answers()) as (rig, station, _):
        station_side.station, station_side.transaction_id = station, "3f1c2e9a-transaction"
        await rig.system.port("left").apply(setpoint(-7))
        assert station_side.limit().setpoint_a == pytest.approx(-7)
        later = station_side.limit(after_s=125)
        assert (later.discharge_a, later.setpoint_a, later.current_a) == (0, None, 6)
        assert later.operation_mode is OperationMode.CHARGING_ONLY
        expected = limits(rig).expected(1, after_s=125)
        assert expected is not None
        assert (expected.discharge_a, expected.current_a) == (0, 6)
        await rig.system.port("left").apply(setpoint(-3))
        assert station_side.limit().setpoint_a == pytest.approx(-3), "an update makes it valid again"


async def test_a_transaction_that_has_discharged_turns_around_by_updates() -> None:
    station_side = keeper()
    async with v2x.bidirectional(answers=station_side.answers()) as (rig, station, _):
        station_side.station, station_side.transaction_id = station, "3f1c2e9a-transaction"
        port = rig.system.port("left")
        await port.apply(setpoint(-7))
        writes = station_side.store.writes[Purpose.TX]
        for current_a in (6.0, -3.0, 0.0):
            await port.apply(setpoint(current_a))
            assert station_side.limit().setpoint_a == pytest.approx(current_a, abs=0.01)
        assert station_side.store.writes[Purpose.TX] == writes


async def test_a_negative_setpoint_never_leaves_without_an_agreement() -> None:
    station_side = keeper()
    async with (
        central([charger(discharge_maximum_a=16)]) as rig,
        obeying(rig, station_side, **v2x.answers()) as station,
    ):
        with pytest.raises(CommandError, match="not agreed"):
            await rig.system.port("left").apply(setpoint(-7))
        assert [fault.code for fault in rig.faults] == [FaultCode.BIDIRECTIONAL_UNSUPPORTED]
        assert not any("setpoint" in str(request) for _, request in station.asked)


async def test_a_station_that_refuses_to_discharge_is_named() -> None:
    refusal = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidOperationMode"}}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        period = profile_of(request)["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        return refusal if period.get("operationMode") == "CentralSetpoint" else ACCEPTED

    async with v2x.bidirectional(answers={"SetChargingProfile": answer}) as (rig, station, _):
        with pytest.raises(CommandError, match="InvalidOperationMode"):
            await rig.system.port("left").apply(setpoint(-7))
        assert FaultCode.BIDIRECTIONAL_UNSUPPORTED in {fault.code for fault in rig.faults}
        purposes = [
            profile_of(request)["chargingProfilePurpose"]
            for action, request in station.asked
            if action == "SetChargingProfile" and "setpoint" in str(request)
        ]
        assert set(purposes) == {"TxProfile"}, "no default ever discharges"


async def test_one_evse_cannot_use_up_the_write_budget_of_the_others() -> None:
    now_s = [0.0]
    options: dict[str, Any] = {"increases_burst": 4, "increases_per_minute": 0.01, "clock": lambda: now_s[0]}
    chargers = [charger(), charger("right", evse_id=2)]
    model = {"SmartChargingCtrlr__SupportsFeature__DynamicProfiles": "false"}
    station_side = keeper(dynamic=False)
    async with central(chargers, **options) as rig, obeying(rig, station_side, **v2x.answers(**model)):
        for current_a in (6, 7, 8, 9, 10):
            await rig.system.port("left").apply(setpoint(current_a))
        assert station_side.limit().current_a < 10, "half the budget is used up"
        assert rig.system.station("left").diagnostics()["profiles"]["writes_left"] > 1
        await rig.system.port("left").apply(setpoint(0))
        assert station_side.limit().current_a == 0, "a decrease never waits"
