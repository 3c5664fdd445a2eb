"""What was wished or agreed a moment ago discharges nothing now: another transaction, a reboot, a lost command."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_profile_station import Keeper, obeying
from tests.drivers_ocpp.ocpp_rig import (
    ACCEPTED,
    V16,
    V201,
    DictStore,
    RawStation,
    central,
    charger,
    connected,
    profile_of,
    setpoint,
)
from tests.drivers_ocpp.test_ocpp_v2x_troubles import remembered_with_the_quirk, soc
from tidewatt.drivers.ocpp.blocks.v2x import CentralSetpoint, FrequencyPoint, Idle, LocalFrequency
from tidewatt.drivers.ocpp.evse import Evse
from tidewatt.drivers.ocpp.memory import EvseRecord
from tidewatt.ocpp.charging import Abilities, Ruleset
from tidewatt.site import CommandError, FaultCode

CURVE = (FrequencyPoint(49.9, -2000), FrequencyPoint(50.0, 0), FrequencyPoint(50.1, 2000))


def given(station: RawStation, since: int = 0) -> list[float]:
    """Return the negative amounts that a station was told, from a request on."""
    found = []
    for action, request in station.asked[since:]:
        if action == "UpdateDynamicSchedule":
            found.append(request["scheduleUpdate"])
        elif action == "SetChargingProfile":
            schedule = profile_of(request)["chargingSchedule"]
            schedule = schedule[0] if isinstance(schedule, list) else schedule
            found += schedule["chargingSchedulePeriod"]
    return [value for values in found for value in (values.get("setpoint"), values.get("limit")) if value and value < 0]


async def told(station: RawStation, amount: float | None) -> None:
    """Wait until control's own profile has an amount."""
    async with asyncio.timeout(10):
        while v2x.amount(station) != amount:
            station.was_asked.clear()
            await station.was_asked.wait()


async def test_the_next_transaction_does_not_inherit_a_discharge() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-6))
        await words.event(station, "Ended", "Idle", reason="EVDisconnected")
        before = len(station.asked)
        await words.event(station, "Started", transaction_id="next", tag="CARD")
        await station.next_profile("TxProfile")
        await told(station, 0)
        assert given(station, before) == []
        assert rig.system.station("left").points[1].evse.agreement is None


async def test_the_next_transaction_of_a_station_with_the_quirk_does_not_inherit_a_discharge() -> None:
    store = await remembered_with_the_quirk(V201)
    keeper = Keeper(Ruleset.V201, Abilities(negative_limits=True))
    async with central([charger(discharge_maximum_a=8)], store) as rig, obeying(rig, keeper) as station:
        await soc(station, V201, 70)
        await rig.until_state(lambda state: state.discharge_maximum_a is not None)
        await rig.system.port("left").apply(setpoint(-5))
        assert given(station) == [-5]
        await words.event(station, "Ended", "Idle", reason="EVDisconnected")
        before = len(station.asked)
        await words.event(station, "Started", transaction_id="next", tag="CARD")
        await told(station, 0)
        assert given(station, before) == []


async def test_a_station_that_was_away_too_long_is_told_of_no_discharge_until_it_agrees_anew() -> None:
    now, store = [1000.0], DictStore()
    async with central([charger(discharge_maximum_a=16)], store, clock=lambda: now[0]) as rig:
        async with connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
            await v2x.start(station)
            await station.call("NotifyEVChargingNeeds", v2x.needs())
            await v2x.fallback(station)
            await v2x.state_of_charge(station, 60)
            await rig.system.port("left").apply(setpoint(-6, valid_for_s=600))
        await rig.until_state(lambda state: not state.online)
        now[0] += 61
        async with connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
            await words.event(station, "Updated")
            await station.next_asked("GetVariables")
            await told(station, 0)
            assert given(station) == []


async def test_a_reboot_ends_what_was_agreed() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-6))
        before = len(station.asked)
        await station.boot()
        await words.event(station, "Updated")
        await told(station, 0)
        assert given(station, before) == []
        assert rig.state().discharge_maximum_a is None


async def test_what_a_vehicle_needs_that_went_away_is_not_agreed_with_the_next() -> None:
    async with (
        central([charger(discharge_maximum_a=16)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        await station.prepared()
        await words.status(station, "Occupied")
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Processing"
        await words.status(station, "Available")
        await words.status(station, "Occupied")
        await words.event(station, "Started", tag="CARD")
        assert rig.system.station("left").points[1].evse.agreement is None


async def test_a_vehicle_that_agrees_to_less_is_told_less_at_once() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-9))
        needs = v2x.needs(v2x={"maxDischargePower": 2070})
        before = len(station.asked)
        await station.call("NotifyEVChargingNeeds", needs)
        await told(station, -2070)
        assert min(given(station, before)) == -2070


async def test_a_charger_that_may_discharge_less_does_so_at_once() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await rig.system.port("left").apply(setpoint(-9))
        rig.system.update_chargers([charger(discharge_maximum_a=4)])
        await told(station, -4 * 690)


async def test_a_charger_that_is_removed_while_it_discharges_stops() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await rig.system.port("left").apply(setpoint(-9))
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        other = charger("right", evse_id=2)
        rig.system.update_chargers([other])
        await told(station, 0)
        assert await station.next_asked("ClearChargingProfile") == {"chargingProfileId": 16}


async def test_a_stop_that_the_station_did_not_take_is_tried_again() -> None:
    refusals = 2

    def clear(request: dict[str, Any]) -> Any:
        nonlocal refusals
        if request.get("chargingProfileId") != 16 or refusals == 0:
            return ACCEPTED
        refusals -= 1
        return "InternalError"

    def update(request: dict[str, Any]) -> Any:
        return "InternalError" if refusals and request["scheduleUpdate"].get("setpoint") == 0 else ACCEPTED

    def install(request: dict[str, Any]) -> Any:
        period = profile_of(request)["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        return "InternalError" if refusals and period.get("setpoint") == 0 else ACCEPTED

    answers = {"ClearChargingProfile": clear, "UpdateDynamicSchedule": update, "SetChargingProfile": install}
    async with v2x.bidirectional(answers=answers, discharge_watch_s=0.01) as (rig, station, block):
        await rig.system.port("left").apply(setpoint(-6))
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        await v2x.state_of_charge(station, 15)
        assert [fault.code for fault in rig.faults] == [FaultCode.BATTERY_LOWER_LIMIT]
        async with asyncio.timeout(10):
            while rig.system.station("left").points[1].guard.is_discharging:
                await station.call("Heartbeat", {})
        assert refusals == 0
        assert [fault.code for fault in rig.faults].count(FaultCode.BATTERY_LOWER_LIMIT) == 1


async def test_a_station_that_pulls_is_told_what_is_wanted_now_not_what_it_has() -> None:
    is_deaf = False

    def deaf(_: dict[str, Any]) -> Any:
        return "InternalError" if is_deaf else ACCEPTED

    answers = {"UpdateDynamicSchedule": deaf, "SetChargingProfile": deaf}
    async with v2x.bidirectional(answers=answers) as (rig, station, block):
        await rig.system.port("left").apply(setpoint(-6))
        is_deaf = True
        with pytest.raises(CommandError, match="InternalError"):
            await rig.system.port("left").apply(setpoint(-2))
        answer = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 12})
        assert answer == {"status": "Accepted", "scheduleUpdate": {"setpoint": -2 * 690}}
        await block.permit(1, permitted=False)
        with pytest.raises(CommandError, match="InternalError"):
            await rig.system.port("left").apply(setpoint(0))
        answer = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 12})
        assert answer == {"status": "Accepted", "scheduleUpdate": {"setpoint": 0}}


async def test_a_mode_is_not_renewed_by_pulling_once_it_may_not_be() -> None:
    answers = {"ClearChargingProfile": "InternalError"}
    async with v2x.bidirectional(answers=answers) as (_, station, block):
        await block.modes.operate(1, CentralSetpoint(setpoint_w=-3000))
        await v2x.state_of_charge(station, 15)
        answer = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 16})
        assert answer["status"] == "Rejected"


async def test_a_mode_of_before_a_restart_is_ended() -> None:
    store = DictStore()
    async with v2x.bidirectional(store=store) as (_, _, block):
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
    async with (
        central([charger(discharge_maximum_a=16)], store) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await words.event(station, "Updated")
        async with asyncio.timeout(10):
            while await station.next_asked("ClearChargingProfile") != {"chargingProfileId": 16}:
                pass


async def test_from_charging_to_discharging_nothing_waits_for_the_write_budget() -> None:
    options: dict[str, Any] = {"increases_burst": 1, "increases_per_minute": 0.01}
    model = {"SmartChargingCtrlr__SupportsFeature__DynamicProfiles": "false"}
    async with v2x.bidirectional(model=model, **options) as (rig, station, _):
        for current_a in (16, -6):
            await rig.system.port("left").apply(setpoint(current_a))
        assert v2x.amount(station) == -6 * 690


async def test_a_state_of_charge_ages_from_when_the_vehicle_told_it() -> None:
    now = [1000.0]
    async with (
        central([charger(discharge_maximum_a=16)], clock=lambda: now[0]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        await station.prepared()
        await words.status(station, "Occupied")
        await station.call("NotifyEVChargingNeeds", v2x.needs(dcChargingParameters={"stateOfCharge": 60}))
        now[0] += 301
        await words.event(station, "Started", tag="CARD")
        assert rig.system.station("left").points[1].evse.agreement is not None
        assert rig.state().soc_pct is None


def test_an_older_state_of_charge_does_not_replace_a_newer_one() -> None:
    evse = Evse(charger(), EvseRecord())
    evse.take_soc(30, 100)
    evse.take_soc(60, 50)
    assert evse.soc_pct(110) == 30


async def test_what_the_vehicle_said_is_as_old_as_it_was_when_it_was_passed_on() -> None:
    now = [1000.0]
    async with v2x.bidirectional(clock=lambda: now[0]) as (rig, station, _):
        now[0] += 301
        await words.event(station, "Updated")
        guard = rig.system.station("left").points[1].guard
        rig.system.set_battery("left", minimum_soc_pct=20, soc_pct=50, soc_at_s=now[0] - 500)
        assert guard.soc_pct() == 50
        now[0] += 101
        assert guard.soc_pct() is None


async def test_a_mode_that_discharges_is_short_where_the_station_does_not_end_it_when_alone() -> None:
    model = {"SmartChargingCtrlr__SupportsFeature__MaxOfflineDuration": "false"}
    async with v2x.bidirectional(model=model) as (_, _, block):
        with pytest.raises(CommandError, match="at most 300 s"):
            await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE, duration_s=300))
        await block.modes.operate(1, Idle())


async def test_a_trouble_of_a_whole_station_is_one_of_all_its_chargers() -> None:
    chargers = [charger(discharge_maximum_a=8), charger("right", evse_id=2, discharge_maximum_a=8)]
    async with central(chargers) as rig, connected(rig, version=V16) as station:
        await station.boot()
        payload = {"connectorId": 0, "status": "Faulted", "errorCode": "OtherError", "vendorErrorCode": "GridSyncLost"}
        await station.call("StatusNotification", payload)
        assert {(fault.code, fault.subject_id) for fault in rig.faults} == {
            (FaultCode.GRID_SYNC_LOST, "left"),
            (FaultCode.GRID_SYNC_LOST, "right"),
        }
