"""OCPP 1.6: a station boots and charges, and nothing is lost when either side goes away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
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
from tests.drivers_ocpp.ocpp_v16_words import REJECTED, at, charging, meter_values, start, status
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp.starter import OWN_TAG
from tidewatt.site import ChargerStatus, CommandError, FaultCode


async def test_a_station_boots_and_is_set_up() -> None:
    keys = [
        {"key": "MeterValueSampleInterval", "readonly": False, "value": "60"},
        {"key": "ClockAlignedDataInterval", "readonly": False, "value": "0"},
        {"key": "StopTxnSampledData", "readonly": False},
    ]
    answers = {"GetConfiguration": {"configurationKey": keys}}
    async with central([charger()], meter_interval_s=5) as rig, connected(rig, answers=answers) as station:
        answer = await station.boot()
        assert (answer["status"], answer["interval"]) == ("Accepted", 60)
        await station.prepared()
        changes = {p["key"]: p["value"] for action, p in station.asked if action == "ChangeConfiguration"}
        assert changes["MeterValueSampleInterval"] == "5"
        assert {"Current.Import", "Energy.Active.Import.Register"} < set(changes["MeterValuesSampledData"].split(","))
        assert "ClockAlignedDataInterval" not in changes, "it was as wanted already"
        assert "StopTxnSampledData" not in changes, "without a value it is empty"
        assert rig.state().online


async def test_a_station_is_asked_not_to_send_all_samples_once_more_at_the_end() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        changes = {p["key"]: p["value"] for action, p in station.asked if action == "ChangeConfiguration"}
        assert changes["StopTxnSampledData"] == ""


async def test_measurands_that_a_station_refuses_are_asked_for_in_part_and_only_once() -> None:
    def change(payload: dict[str, Any]) -> dict[str, str]:
        return REJECTED if "Voltage" in payload["value"] else ACCEPTED

    store = DictStore()
    tried = []
    async with central([charger()], store) as rig:
        for _ in range(2):
            async with connected(rig, answers={"ChangeConfiguration": change}) as station:
                await station.boot()
                await station.prepared()
            asked = [payload for action, payload in station.asked if action == "ChangeConfiguration"]
            tried.append([payload["value"] for payload in asked if payload["key"] == "MeterValuesSampledData"])
    assert len(tried[0]) == 3
    assert "Voltage" not in tried[0][-1]
    assert tried[1] == []


async def test_the_log_names_the_station_that_comes_and_goes_and_what_it_does_not_take(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "tidewatt")
    async with central([charger()]) as rig:
        async with connected(rig, answers={"ChangeConfiguration": REJECTED}) as station:
            await station.boot()
            await station.prepared()
        await rig.until_state(lambda state: not state.online)
    said = [record.getMessage() for record in caplog.records if record.name.startswith("tidewatt")]
    connected_line, refused_line, gone_line = said
    assert connected_line == "OCPP station CP-1 is connected from 127.0.0.1 with ocpp1.6"
    assert refused_line.startswith("OCPP station CP-1 does not take MeterValueSampleInterval = '5', ")
    assert gone_line == "OCPP station CP-1 is no longer connected"


async def test_plugged_vehicle_is_started_and_its_measurements_arrive() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Available")
        assert (await rig.until_state(lambda s: s.status is ChargerStatus.AVAILABLE)).plugged is False
        await status(station, "Preparing")
        assert await station.next_asked("RemoteStartTransaction") == {"connectorId": 1, "idTag": OWN_TAG}
        transaction_id = await start(station, tag=OWN_TAG)
        await status(station, "Charging")
        await station.call("MeterValues", meter_values(transaction_id, 1500))
        state = await rig.until_state(lambda s: s.session is not None and s.session.energy_wh > 0)
        assert (state.status, state.plugged, state.online) == (ChargerStatus.CHARGING, True, True)
        assert (state.current_a, state.power_w, state.energy_wh) == ((10, 10, 10), 6900, 1500)
        assert state.session is not None
        assert (state.session.transaction_id, state.session.energy_wh) == (str(transaction_id), 500)


async def test_a_vehicle_is_started_once_per_plug_in() -> None:
    async with central([charger()], start_retry_s=1) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Preparing")
        await station.next_asked("RemoteStartTransaction")
        transaction_id = await start(station, tag=OWN_TAG)
        await station.call("StopTransaction", {"transactionId": transaction_id, "meterStop": 2000, "timestamp": at()})
        await status(station, "Preparing")
        await status(station, "Available")
        assert station.count("RemoteStartTransaction") == 1
        await status(station, "Preparing")
        await station.next_asked("RemoteStartTransaction")


async def test_a_refused_remote_start_is_retried_and_then_reported() -> None:
    answers = {"RemoteStartTransaction": REJECTED}
    async with central([charger()], start_attempts=3) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        await status(station, "Preparing")
        await rig.until(lambda: any("not started" in fault.detail for fault in rig.faults))
        assert station.count("RemoteStartTransaction") == 3
        assert rig.faults[-1].code is FaultCode.COMMAND_REJECTED


async def test_the_end_of_a_transaction_tells_its_energy_and_then_ends_the_session() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await station.call("StopTransaction", {"transactionId": transaction_id, "meterStop": 3000, "timestamp": at()})
        sessions = [state.session.energy_wh for state in rig.states if state.session is not None]
        assert sessions[-1] == 2000
        state = rig.state()
        assert (state.session, state.status, state.power_w) == (None, ChargerStatus.FINISHING, 0)
        assert state.energy_wh == 3000


async def test_a_repeated_start_gets_the_same_id() -> None:
    store = DictStore()
    when = at()
    async with central([charger()], store) as rig, connected(rig) as station:
        await station.boot()
        first = await start(station, when=when)
    async with central([charger()], store) as rig, connected(rig) as station:
        assert await start(station, when=when) == first
        assert await start(station, meter_start=1001, when=when) != first


async def test_the_transaction_is_on_disk_before_its_start_is_answered() -> None:
    class BrokenStore(DictStore):
        async def save(self, name: str, document: Mapping[str, Any]) -> None:
            raise OSError(f"no room for {name} with {len(document)} entries")

    async with central([charger()], BrokenStore()) as rig, connected(rig) as station:
        await station.boot()
        with pytest.raises(AssertionError, match="InternalError"):
            await start(station)


async def test_a_restart_of_ours_resumes_the_transaction() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await station.call("MeterValues", meter_values(transaction_id, 1500))
    async with central([charger()], store) as rig:
        state = rig.state()
        assert (state.online, state.plugged, state.energy_wh) == (False, True, 1500)
        assert state.session is not None
        async with connected(rig) as station:
            state = await rig.until_state(lambda s: s.online)
            assert state.status is ChargerStatus.CHARGING
            asked = [(await station.next_asked("TriggerMessage"))["requestedMessage"] for _ in range(2)]
            assert asked == ["StatusNotification", "MeterValues"]
            await station.call("MeterValues", meter_values(transaction_id, 1800))
            state = await rig.until_state(lambda s: s.energy_wh == 1800)
            assert state.session is not None
            assert (state.session.transaction_id, state.session.energy_wh) == (str(transaction_id), 800)
            await rig.system.port("left").apply(setpoint(11))
            request = await station.next_profile("TxProfile")
            assert (profile_of(request)["transactionId"], limit_of(request)) == (transaction_id, 11)
            assert station.count("RemoteStopTransaction") == station.count("RemoteStartTransaction") == 0


async def test_a_transaction_that_we_forgot_is_resumed() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await status(station, "Charging")
        await station.call("MeterValues", meter_values(4711, 1500))
        await station.call("MeterValues", meter_values(4711, 1700))
        state = await rig.until_state(lambda s: s.session is not None and s.session.energy_wh > 0)
        assert state.session is not None
        assert (state.session.transaction_id, state.session.energy_wh) == ("4711", 200)


async def test_a_dropped_connection_is_offline_at_once_and_goes_on_after_reconnecting() -> None:
    async with central([charger()]) as rig:
        async with connected(rig) as station:
            transaction_id = await charging(station)
            await rig.system.port("left").apply(setpoint(10))
        state = await rig.until_state(lambda s: not s.online)
        assert state.session is not None
        with pytest.raises(CommandError, match="not connected"):
            await rig.system.port("left").apply(setpoint(9))
        async with connected(rig) as station:
            await station.call("MeterValues", meter_values(transaction_id, 2000))
            request = await station.next_profile("TxProfile")
            assert (profile_of(request)["transactionId"], limit_of(request)) == (transaction_id, 9)
            assert rig.state().energy_wh == 2000


async def test_a_second_connection_replaces_the_first() -> None:
    async with central([charger()]) as rig, connected(rig) as first:
        await first.boot()
        async with connected(rig) as second:
            await second.boot()
            async with asyncio.timeout(PATIENCE_S):
                await first.ended.wait()
            await status(second, "Available")
            state = await rig.until_state(lambda s: s.status is ChargerStatus.AVAILABLE)
            assert state.online


async def test_messages_kept_while_offline_count_energy_and_do_not_pretend_to_be_of_now() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await station.call("MeterValues", meter_values(transaction_id, 5000, amps=(16, 16, 16)))
        await station.call("MeterValues", meter_values(transaction_id, 3000, amps=(1, 1, 1), when=at(-30)))
        state = rig.state()
        assert (state.energy_wh, state.current_a) == (5000, (16, 16, 16))
        await station.call("MeterValues", meter_values(transaction_id, 5600, amps=(2, 2, 2), when=at(-20)))
        state = rig.state()
        assert (state.energy_wh, state.current_a) == (5600, (16, 16, 16))


async def test_a_whole_transaction_from_offline_is_counted_and_not_limited() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        await rig.system.port("left").apply(setpoint(10))
        transaction_id = await start(station, when=at(-120))
        await station.call(
            "StopTransaction", {"transactionId": transaction_id, "meterStop": 9000, "timestamp": at(-60)}
        )
        state = rig.state()
        assert (state.energy_wh, state.session) == (9000, None)
        assert station.count("SetChargingProfile") == 1


async def test_the_register_never_falls() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        transaction_id = await charging(station, meter_start=1_000_000)
        for raw in (1_000_500, 1_000_499, 0, 1_000_600, 0, 50, 100, 700):
            await station.call("MeterValues", meter_values(transaction_id, raw))
        energies = [state.energy_wh for state in rig.states if state.energy_wh is not None]
        assert energies == sorted(energies)
        assert energies[-1] == 1_000_600 + 700, "the register began anew, and went on from there"
        sessions = [state.session.energy_wh for state in rig.states if state.session is not None]
        assert sessions == sorted(sessions)
        assert sessions[-1] == 600 + 700


async def test_a_transaction_that_the_station_lost_is_ended() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await status(station, "Available")
        await rig.until_state(lambda s: s.session is None)
        await station.call("StopTransaction", {"transactionId": transaction_id, "meterStop": 7000, "timestamp": at()})
        assert rig.state().energy_wh == 7000


async def test_only_listed_tags_may_charge() -> None:
    async with central([charger(id_tags=("CARD",))]) as rig, connected(rig) as station:
        await station.boot()
        answer = await station.call("Authorize", {"idTag": "card"})
        assert answer["idTagInfo"]["status"] == "Accepted", "tags are compared without case"
        assert (await station.call("Authorize", {"idTag": "THIEF"}))["idTagInfo"]["status"] == "Invalid"
        await status(station, "Preparing")
        await start(station, tag="THIEF")
        await station.next_asked("RemoteStopTransaction")
        assert station.count("RemoteStartTransaction") == 0


async def test_a_person_starts_and_stops() -> None:
    async with central([charger(id_tags=("CARD",))]) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Preparing")
        port = rig.system.port("left")
        await port.stop()
        assert station.count("RemoteStopTransaction") == 0
        await port.start()
        tag = (await station.next_asked("RemoteStartTransaction"))["idTag"]
        transaction_id = await start(station, tag=tag)
        await port.start()
        await port.stop()
        assert await station.next_asked("RemoteStopTransaction") == {"transactionId": transaction_id}
        assert station.count("RemoteStartTransaction") == 1
        station.answers["RemoteStopTransaction"] = REJECTED
        with pytest.raises(CommandError, match="stopping failed: Rejected"):
            await port.stop()


async def test_after_a_persons_stop_nothing_starts_by_itself_until_the_vehicle_is_plugged_anew() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig) as station:
        await charging(station)
        await rig.system.port("left").stop()
    async with central([charger()], store, start_retry_s=3600) as rig, connected(rig) as station:
        await station.boot()
        await status(station, "Preparing")
        await status(station, "Available")
        await status(station, "Preparing")
        await station.next_asked("RemoteStartTransaction")
        before = [action for action, _ in station.asked]
        assert before.count("RemoteStartTransaction") == 1


async def test_a_station_with_two_connectors_serves_two_chargers() -> None:
    chargers = [charger("left", evse_id=1), charger("right", evse_id=2, phases=(0,))]
    async with central(chargers) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        await station.prepared()
        await status(station, "Faulted", connector_id=0)
        await status(station, "Available", connector_id=1)
        await status(station, "Preparing", connector_id=2)
        transaction_id = await start(station, connector_id=2)
        await rig.system.port("left").apply(setpoint(10, "left"))
        await rig.system.port("right").apply(setpoint(12, "right"))
        request = await station.next_profile("TxProfile")
        assert (request["connectorId"], limit_of(request)) == (2, 12)
        assert profile_of(request)["transactionId"] == transaction_id
        assert rig.state("left").session is None
        assert rig.state("right").session is not None
        ids = {profile_of(p)["chargingProfileId"] for a, p in station.asked if a == "SetChargingProfile"}
        assert len(ids) == 3, "two floors and a transaction"


async def test_an_error_code_is_shown() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.call(
            "StatusNotification",
            {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted", "info": "relay"},
        )
        state = rig.state()
        assert (state.status, state.error) == (ChargerStatus.FAULTED, "GroundFailure (relay)")


async def test_side_messages_are_answered_properly() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        assert "currentTime" in await station.call("Heartbeat", {})
        assert await station.call("FirmwareStatusNotification", {"status": "Installed"}) == {}
        assert await station.call("DiagnosticsStatusNotification", {"status": "Idle"}) == {}
        notice = {"type": "StartupOfTheDevice", "timestamp": at()}
        assert await station.call("SecurityEventNotification", notice) == {}
        assert await station.call("DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}
        with pytest.raises(AssertionError, match="Occurence"):
            await station.call("StatusNotification", {"connectorId": 1})


async def test_reset_goes_to_the_station() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        await station.boot()
        await rig.system.reset("left", hard=True)
        assert await station.next_asked("Reset") == {"type": "Hard"}
        station.answers["Reset"] = REJECTED
        with pytest.raises(CommandError, match="resetting failed: Rejected"):
            await rig.system.reset("left")


async def test_a_session_that_a_power_cut_ended_is_started_again() -> None:
    async with central([charger()]) as rig, connected(rig) as station:
        transaction_id = await charging(station)
        await station.boot()
        await status(station, "Preparing")
        end = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": at(), "reason": "PowerLoss"}
        await station.call("StopTransaction", end)
        assert (await station.next_asked("RemoteStartTransaction"))["idTag"] == OWN_TAG


async def test_a_station_that_forgot_its_transaction_over_a_restart_is_started_again() -> None:
    async with central([charger()], lost_transaction_s=0.01) as rig, connected(rig) as station:
        await charging(station)
        await station.boot()
        await status(station, "Preparing")
        await station.next_asked("RemoteStartTransaction")
        assert rig.state().session is None


async def test_a_person_is_told_that_the_station_is_away() -> None:
    async with central([charger()]) as rig:
        with pytest.raises(CommandError, match="left: starting failed: The station is not connected"):
            await rig.system.port("left").start()
