"""OCPP 2.0.1: the same promises as with 1.6, with transactions that the station names and numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.drivers_ocpp.ocpp_rig import (
    ACCEPTED,
    V201,
    DictStore,
    central,
    charger,
    connected,
    limit_of,
    profile_of,
    setpoint,
)
from tests.drivers_ocpp.ocpp_v201_words import TX, at, charging, event, meter_value, status
from tidewatt.drivers.ocpp.starter import OWN_TAG
from tidewatt.site import ChargerStatus


async def test_a_station_boots_and_is_set_up() -> None:
    def variables(payload: dict[str, Any]) -> dict[str, Any]:
        known = {"SmartChargingCtrlr.RateUnit": "A,W", "AlignedDataCtrlr.Interval": "0"}
        results = []
        for row in payload["getVariableData"]:
            value = known.get(f"{row['component']['name']}.{row['variable']['name']}")
            found = {"attributeStatus": "UnknownVariable"} if value is None else ACCEPTED
            results.append(
                row | ({"attributeStatus": "Accepted", "attributeValue": value} if value is not None else found)
            )
        return {"getVariableResult": results}

    async with (
        central([charger()], meter_interval_s=5) as rig,
        connected(rig, version=V201, answers={"GetVariables": variables}) as station,
    ):
        assert (await station.boot())["status"] == "Accepted"
        data = (await station.next_asked("SetVariables"))["setVariableData"]
        wanted = {row["variable"]["name"]: row["attributeValue"] for row in data}
        assert wanted["TxUpdatedInterval"] == "5"
        assert "Current.Import" in wanted["TxUpdatedMeasurands"]
        assert "Interval" not in wanted, "it was as wanted already"
        await station.prepared()
        assert rig.system.diagnostics()["CP-1"]["rate_units"] == ["A", "W"]


async def test_plugged_vehicle_is_started_and_its_measurements_arrive() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await station.boot()
        await status(station, "Available")
        await status(station, "Occupied")
        request = await station.next_asked("RequestStartTransaction")
        assert (request["evseId"], request["idToken"]) == (1, {"idToken": OWN_TAG, "type": "Central"})
        answer = await event(station, "Started", tag=OWN_TAG, energy_kwh=1.0)
        assert answer == {"idTokenInfo": {"status": "Accepted"}}
        await event(station, "Updated", energy_kwh=1.5, amps=(16.0, 0.0, 0.0))
        state = rig.state()
        assert (state.status, state.plugged) == (ChargerStatus.CHARGING, True)
        assert (state.current_a, state.energy_wh) == ((16, 0, 0), 1500)
        assert state.session is not None
        assert (state.session.transaction_id, state.session.energy_wh) == (TX, 500)


async def test_a_transaction_that_waits_for_authorisation_is_started() -> None:
    async with central([charger()], start_retry_s=3600) as rig, connected(rig, version=V201) as station:
        await station.boot()
        await status(station, "Occupied")
        await event(station, "Started", "EVConnected")
        await station.next_asked("RequestStartTransaction")
        await event(station, "Updated", "Charging", tag=OWN_TAG)
        await event(station, "Updated", "EVConnected")
        assert rig.state().status is ChargerStatus.PREPARING
        assert station.count("RequestStartTransaction") == 1


async def test_a_setpoint_becomes_an_expiring_profile_of_the_transaction() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await charging(station)
        await rig.system.port("left").apply(setpoint(10))
        request = await station.next_profile("TxProfile")
        profile = profile_of(request)
        [schedule] = profile["chargingSchedule"]
        assert (request["evseId"], profile["transactionId"], limit_of(request)) == (1, TX, 10)
        ends = datetime.fromisoformat(schedule["startSchedule"]) + timedelta(seconds=schedule["duration"])
        assert timedelta(seconds=115) < ends - datetime.now(UTC) < timedelta(seconds=125)


async def test_a_floor_that_the_station_still_holds_is_not_written_again() -> None:
    async with central([charger(safe_a=8)]) as rig, connected(rig, version=V201) as station:
        await station.boot()
        assert limit_of(await station.next_profile("TxDefaultProfile")) == 8
        period = {"startPeriod": 0, "limit": 8.0}
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period], "evseId": 1, "duration": 60}
        schedule["scheduleStart"] = at()
        station.answers["GetCompositeSchedule"] = {"status": "Accepted", "schedule": schedule}
        await station.boot()
        await station.next_asked("GetCompositeSchedule")
        await status(station, "Available")
        assert station.count("SetChargingProfile") == 1


async def test_variables_that_a_station_refuses_are_tried_once() -> None:
    def refuse(payload: dict[str, Any]) -> dict[str, Any]:
        rows = [
            {"attributeStatus": "Rejected", "component": row["component"], "variable": row["variable"]}
            for row in payload["setVariableData"]
        ]
        return {"setVariableResult": rows}

    store = DictStore()
    async with central([charger()], store) as rig:
        for expected in (2, 0):
            async with connected(rig, version=V201, answers={"SetVariables": refuse}) as station:
                await station.boot()
                await station.prepared()
                assert station.count("SetVariables") == expected


async def test_a_session_that_a_power_cut_ended_is_started_again() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await charging(station)
        await station.boot()
        await status(station, "Occupied")
        payload = {
            "eventType": "Ended",
            "timestamp": at(),
            "triggerReason": "AbnormalCondition",
            "seqNo": 9,
            "transactionInfo": {"transactionId": TX, "stoppedReason": "PowerLoss"},
        }
        await station.call("TransactionEvent", payload)
        await station.next_asked("RequestStartTransaction")


async def test_reset_goes_to_the_station() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await station.boot()
        await rig.system.reset("left")
        assert await station.next_asked("Reset") == {"type": "OnIdle"}


async def test_a_foreign_profile_in_the_way_is_cleared() -> None:
    refusals = iter([{"status": "Rejected", "statusInfo": {"reasonCode": "DuplicateProfile"}}])

    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        if profile_of(payload)["chargingProfilePurpose"] == "TxProfile":
            return next(refusals, ACCEPTED)
        return ACCEPTED

    answers = {"SetChargingProfile": answer}
    async with central([charger()]) as rig, connected(rig, version=V201, answers=answers) as station:
        await charging(station)
        await rig.system.port("left").apply(setpoint(10))
        [criteria] = [
            payload["chargingProfileCriteria"]
            for action, payload in station.asked
            if action == "ClearChargingProfile" and "stackLevel" in payload["chargingProfileCriteria"]
        ]
        assert criteria["chargingProfilePurpose"] == "TxProfile"
        sent = [payload for action, payload in station.asked if action == "SetChargingProfile"]
        assert limit_of(sent[-1]) == 10


async def test_the_vehicles_state_is_followed_to_the_end() -> None:
    async with central([charger()], start_delay_s=3600) as rig, connected(rig, version=V201) as station:
        await charging(station)
        for word, expected in (
            ("SuspendedEV", ChargerStatus.SUSPENDED_EV),
            ("SuspendedEVSE", ChargerStatus.SUSPENDED_EVSE),
            ("Charging", ChargerStatus.CHARGING),
        ):
            await event(station, "Updated", word)
            assert rig.state().status is expected
        await event(station, "Ended", "EVConnected", energy_kwh=3.0)
        sessions = [state.session.energy_wh for state in rig.states if state.session is not None]
        assert sessions[-1] == 2000
        state = rig.state()
        assert (state.status, state.plugged, state.session) == (ChargerStatus.FINISHING, True, None)
        await status(station, "Occupied")
        assert rig.state().status is ChargerStatus.FINISHING
        await status(station, "Available")
        assert (rig.state().status, rig.state().plugged) == (ChargerStatus.AVAILABLE, False)
        assert station.count("RequestStartTransaction") == 0


async def test_a_restart_of_ours_resumes_the_transaction() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, version=V201) as station:
        await charging(station)
    async with central([charger()], store) as rig, connected(rig, version=V201) as station:
        asked = [(await station.next_asked("TriggerMessage"))["requestedMessage"] for _ in range(2)]
        assert asked == ["StatusNotification", "TransactionEvent"]
        await event(station, "Updated", energy_kwh=1.8, amps=(6.0, 6.0, 6.0))
        state = rig.state()
        assert state.session is not None
        assert (state.session.transaction_id, state.session.energy_wh) == (TX, 800)
        await rig.system.port("left").apply(setpoint(11))
        assert profile_of(await station.next_profile("TxProfile"))["transactionId"] == TX
        assert station.count("RequestStopTransaction") == station.count("RequestStartTransaction") == 0


async def test_events_kept_while_offline_count_energy_and_do_not_pretend_to_be_of_now() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await charging(station)
        await event(station, "Updated", energy_kwh=5.0, amps=(16.0, 16.0, 16.0))
        await event(station, "Updated", energy_kwh=4.0, amps=(1.0, 1.0, 1.0), offline=True)
        assert (rig.state().energy_wh, rig.state().current_a) == (5000, (16, 16, 16))


async def test_a_transaction_that_we_forgot_is_resumed() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        payload = {
            "eventType": "Updated",
            "timestamp": at(),
            "triggerReason": "Trigger",
            "seqNo": 7,
            "transactionInfo": {"transactionId": TX, "chargingState": "Charging"},
            "evse": {"id": 1},
            "meterValue": meter_value(2.0, (10.0, 10.0, 10.0)),
        }
        await station.call("TransactionEvent", payload)
        state = rig.state()
        assert state.session is not None
        assert (state.session.transaction_id, state.status) == (TX, ChargerStatus.CHARGING)


async def test_an_event_of_an_unknown_transaction_without_evse_is_harmless() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        assert await event(station, "Updated", energy_kwh=2.0) == {}
        assert await event(station, "Ended") == {}
        assert rig.state().session is None


async def test_an_occupied_connector_is_not_hidden_by_a_free_one_of_the_same_evse() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await status(station, "Occupied", connector_id=1)
        await status(station, "Available", connector_id=2)
        assert rig.state().plugged is True
        await status(station, "Available", connector_id=1)
        assert rig.state().plugged is False


async def test_only_listed_tags_may_charge() -> None:
    async with central([charger(id_tags=("CARD",))]) as rig, connected(rig, version=V201) as station:
        await station.boot()
        answer = await station.call("Authorize", {"idToken": {"idToken": "THIEF", "type": "ISO14443"}})
        assert answer == {"idTokenInfo": {"status": "Invalid"}}
        assert (await event(station, "Started", tag="THIEF"))["idTokenInfo"]["status"] == "Invalid"
        assert await station.next_asked("RequestStopTransaction") == {"transactionId": TX}


async def test_a_station_that_changed_its_version_starts_with_no_transaction() -> None:
    store = DictStore()
    async with central([charger()], store) as rig, connected(rig, version=V201) as station:
        await charging(station)
    async with central([charger()], store) as rig, connected(rig) as station:
        await station.boot()
        await station.prepared()
        assert rig.state().session is None


async def test_side_messages_are_answered_properly() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        notice = {"type": "StartupOfTheDevice", "timestamp": at()}
        assert await station.call("SecurityEventNotification", notice) == {}
        report = {"requestId": 1, "generatedAt": at(), "seqNo": 0}
        assert await station.call("NotifyReport", report) == {}
        assert await station.call("FirmwareStatusNotification", {"status": "Installed"}) == {}
        assert await station.call("DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}
        assert await station.call("MeterValues", {"evseId": 1, "meterValue": meter_value(9.0)}) == {}
        assert rig.state().energy_wh == 9000
