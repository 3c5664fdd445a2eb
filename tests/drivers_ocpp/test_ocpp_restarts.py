"""Stations and Tidewatt start anew, drop and come back: what was true before is held against what the station says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers_ocpp.ocpp_rig import (
    ACCEPTED,
    V16,
    V201,
    DictStore,
    RawStation,
    Rig,
    central,
    charger,
    connected,
    profile_of,
    setpoint,
)
from tests.drivers_ocpp.ocpp_v16_words import REJECTED, at, charging, meter_values, start, status
from tests.drivers_ocpp.ocpp_v201_words import TX, charging as charging_v201, event, status as status_v201
from tidewatt.drivers.ocpp.starter import OWN_TAG
from tidewatt.site import ChargerStatus

TX_NOT_FOUND = {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}


def refusing_transactions(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a station's answers that take default profiles only."""

    def of(payload: dict[str, Any]) -> dict[str, Any]:
        return answer if profile_of(payload)["chargingProfilePurpose"] == "TxProfile" else ACCEPTED

    return {"SetChargingProfile": of}


async def _apply(rig: Rig, *currents_a: float) -> None:
    for current_a in currents_a:
        await rig.system.port("left").apply(setpoint(current_a))


def _quirks(rig: Rig) -> list[str]:
    return list(rig.system.diagnostics()["CP-1"]["quirks"])


async def test_a_transaction_that_both_starts_lost_is_closed_and_begun_anew_and_blamed_on_nobody() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await station.call("MeterValues", meter_values(transaction_id, 5000))
    answers = refusing_transactions(REJECTED)
    async with central([charger()], store) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        await status(station, "Preparing")
        await _apply(rig, 10, 9, 8)
        assert _quirks(rig) == []
        assert (await station.next_asked("RemoteStartTransaction"))["idTag"] == OWN_TAG
        assert (rig.state().session, rig.state().energy_wh) == (None, 5000)


async def test_a_station_that_does_not_find_the_transaction_has_lost_it() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, version=V201) as station:
        await charging_v201(station)
    answers = refusing_transactions(TX_NOT_FOUND)
    async with central([charger()], store) as rig, connected(rig, version=V201, answers=answers) as station:
        await status_v201(station, "Occupied")
        await _apply(rig, 10, 9, 8)
        assert _quirks(rig) == []
        await station.next_asked("RequestStartTransaction")
        assert rig.state().session is None


async def test_a_transaction_that_the_station_shows_is_kept_over_a_restart_whatever_its_status_says() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        transaction_id = await charging(station)
    async with central([charger()], store, lost_transaction_s=1) as rig, connected(rig) as station:
        await status(station, "Preparing")
        await station.call("MeterValues", meter_values(transaction_id, 5000))
        await status(station, "Preparing")
        await _apply(rig, 10)
        await station.next_profile("TxProfile")
        await status(station, "Available")
        await rig.until_state(lambda state: state.session is None)
        assert station.count("RemoteStartTransaction") == 0, "it was never taken for lost before it was free"


async def test_a_station_that_learned_to_take_txprofiles_gets_them_with_its_next_transaction() -> None:
    async with central([charger()]) as rig, connected(rig, answers=refusing_transactions(REJECTED)) as station:
        transaction_id = await charging(station)
        await _apply(rig, 12, 11, 10)
        assert _quirks(rig) == ["no_tx_profile"]
        await station.call("StopTransaction", {"transactionId": transaction_id, "meterStop": 2000, "timestamp": at()})
        station.answers["SetChargingProfile"] = ACCEPTED
        await start(station, meter_start=2000)
        await station.next_profile("TxProfile")
        await _apply(rig, 9)
        assert _quirks(rig) == []


async def test_a_start_that_is_repeated_after_it_was_given_up_is_the_same_transaction() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        when = at()
        transaction_id = await start(station, when=when)
        await status(station, "Available")
        await rig.until_state(lambda state: state.session is None)
        assert await start(station, when=when) == transaction_id
        session = rig.state().session
        assert session is not None
        assert session.transaction_id == str(transaction_id)


async def _whole_session_late(station: RawStation, version: str) -> None:
    """Tell of a session that began and ended with the vehicle gone while the station was offline."""
    if version == V16:
        transaction_id = await start(station, when=at(-120))
        await station.call("MeterValues", meter_values(transaction_id, 5000, when=at(-90)))
        end = {"transactionId": transaction_id, "meterStop": 9000, "timestamp": at(-60), "reason": "EVDisconnected"}
        await station.call("StopTransaction", end)
        return
    await event(station, "Started", tag="CARD", when=at(-120), offline=True)
    await event(station, "Updated", energy_kwh=5.0, when=at(-90), offline=True)
    await event(station, "Ended", "Idle", energy_kwh=9.0, when=at(-60), offline=True, reason="EVDisconnected")


@pytest.mark.parametrize("version", [V16, V201])
async def test_a_session_from_offline_plugs_nobody_in(version: str) -> None:
    tell = status if version == V16 else status_v201
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await tell(station, "Available")
        await _whole_session_late(station, version)
        state = rig.state()
        assert (state.plugged, state.status, state.session) == (False, ChargerStatus.AVAILABLE, None)
        assert state.energy_wh == 9000
        await tell(station, "Preparing" if version == V16 else "Occupied")
        await station.next_asked("RemoteStartTransaction" if version == V16 else "RequestStartTransaction")


async def test_the_vehicle_that_came_while_the_station_was_offline_is_started() -> None:
    async with central([charger()]) as rig:
        async with connected(rig) as station:
            transaction_id = await charging(station)
        async with connected(rig) as station:
            await status(station, "Preparing")
            end = {"transactionId": transaction_id, "meterStop": 9000, "timestamp": at(-5), "reason": "EVDisconnected"}
            await station.call("StopTransaction", end)
            assert rig.state().status is ChargerStatus.PREPARING
            await station.next_asked("RemoteStartTransaction")


async def test_the_session_that_replaced_another_while_the_station_was_offline_charges() -> None:
    async with central([charger()]) as rig:
        async with connected(rig) as station:
            transaction_id = await charging(station)
        async with connected(rig) as station:
            await status(station, "Charging")
            end = {"transactionId": transaction_id, "meterStop": 9000, "timestamp": at(-5), "reason": "EVDisconnected"}
            await station.call("StopTransaction", end)
            new_id = await start(station, meter_start=9000, when=at(-3))
            state = rig.state()
            assert state.session is not None
            assert (state.session.transaction_id, state.status) == (str(new_id), ChargerStatus.CHARGING)


async def test_in_2_0_1_too_the_vehicle_that_came_while_the_station_was_offline_is_started() -> None:
    async with central([charger()]) as rig:
        async with connected(rig, version=V201) as station:
            await charging_v201(station)
        async with connected(rig, version=V201) as station:
            await status_v201(station, "Occupied")
            late = {"offline": True, "when": at(-5)}
            await event(station, "Ended", "Idle", energy_kwh=9.0, reason="EVDisconnected", **late)
            await event(station, "Started", "EVConnected", transaction_id=f"{TX}-2", **late)
            await station.next_asked("RequestStartTransaction")


@pytest.mark.parametrize("status_goes_first", [True, False])
async def test_in_2_0_1_a_vehicle_without_a_transaction_yet_is_not_taken_for_the_one_before(
    status_goes_first: bool,
) -> None:
    async with central([charger()]) as rig:
        async with connected(rig, version=V201) as station:
            await charging_v201(station)
        async with connected(rig, version=V201) as station:
            if status_goes_first:
                await status_v201(station, "Occupied")
            await event(station, "Ended", "Idle", energy_kwh=9.0, reason="EVDisconnected", offline=True, when=at(-5))
            if not status_goes_first:
                await status_v201(station, "Occupied")
            await station.next_asked("RequestStartTransaction")
            assert rig.state().plugged


@pytest.mark.parametrize("version", [V16, V201])
async def test_a_vehicle_that_ends_its_session_by_leaving_is_gone(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        if version == V16:
            end = {"transactionId": await charging(station), "meterStop": 9000, "timestamp": at()}
            await station.call("StopTransaction", end | {"reason": "EVDisconnected"})
        else:
            await charging_v201(station)
            await event(station, "Ended", "Idle", reason="EVDisconnected")
        assert (rig.state().plugged, rig.state().status) == (False, ChargerStatus.AVAILABLE)
