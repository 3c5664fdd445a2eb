"""Emulated stations behave towards a central system as real ones do, in both versions of OCPP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulators.sessions import TOKEN, start_v16, start_v201, v16_profile, v201_profile
from tests.emulators.station_bench import Bench


def sampled(meter_values: dict[str, Any], measurand: str) -> list[tuple[str | None, float]]:
    values = meter_values["meterValue"][0]["sampledValue"]
    return [(each.get("phase"), float(each["value"])) for each in values if each["measurand"] == measurand]


async def test_stations_name_themselves_and_boot_before_they_report(bench: Bench) -> None:
    boot = await bench.central.hears("S201", "BootNotification")
    assert boot["reason"] == "PowerUp"
    await bench.central.hears("S16", "StatusNotification", connectorId=2, status="Available")
    assert bench.central.calls.index(("S201", "BootNotification", boot)) == next(
        k for k, (station, _, _) in enumerate(bench.central.calls) if station == "S201"
    )
    assert bench.central.credentials == {"S16": "S16:secret", "S201": None}


async def test_a_1_6_session_from_plug_to_unplug(bench: Bench) -> None:
    central = bench.central
    transaction_id = await start_v16(bench)
    started = await central.hears("S16", "StartTransaction", connectorId=1, idTag="CARD")
    await central.hears("S16", "StatusNotification", connectorId=1, status="Charging")
    await bench.draws("right", 16)
    await central.call("S16", "RemoteStopTransaction", {"transactionId": transaction_id})
    stopped = await central.hears("S16", "StopTransaction", transactionId=transaction_id)
    assert stopped["reason"] == "Remote"
    assert stopped["meterStop"] == int(bench.outlet("S16").point.energy_wh)
    assert stopped["meterStop"] >= started["meterStart"]
    assert bench.drawn_a("right") == 0
    await central.hears("S16", "StatusNotification", connectorId=1, status="Finishing")
    bench.outlet("S16").point.unplug()
    await central.hears("S16", "StatusNotification", times=2, connectorId=1, status="Available")


async def test_a_2_0_1_session_from_plug_to_unplug(bench: Bench) -> None:
    central = bench.central
    transaction_id = await start_v201(bench)
    await bench.draws("left", 16)
    bench.outlet("S201").point.unplug()
    ended = await central.hears("S201", "TransactionEvent", eventType="Ended")
    assert ended["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    events = central.heard("S201", "TransactionEvent")
    assert [event["seqNo"] for event in events] == list(range(len(events)))
    assert {event["transactionInfo"]["transactionId"] for event in events} == {transaction_id}
    assert events[0]["evse"] == {"id": 1, "connectorId": 1}
    assert events[0]["idToken"] == TOKEN
    assert events[0]["transactionInfo"]["remoteStartId"] == 5
    assert "Charging" in [event["transactionInfo"]["chargingState"] for event in events]
    await central.hears("S201", "StatusNotification", times=2, connectorStatus="Available")


async def test_2_0_1_can_start_a_transaction_with_the_cable(bench: Bench) -> None:
    central = bench.central
    await _set_variable(bench, "TxCtrlr", "TxStartPoint", "EVConnected")
    bench.outlet("S201").point.plug()
    started = await central.hears("S201", "TransactionEvent", eventType="Started")
    assert started["triggerReason"] == "CablePluggedIn"
    assert started["transactionInfo"]["chargingState"] == "EVConnected"
    request = {"evseId": 1, "idToken": TOKEN, "remoteStartId": 5}
    answer = await central.call("S201", "RequestStartTransaction", request)
    assert answer["transactionId"] == started["transactionInfo"]["transactionId"]
    await central.hears("S201", "TransactionEvent", triggerReason="RemoteStart", idToken=TOKEN)
    await bench.draws("left", 16)


async def test_a_card_starts_and_stops_a_session(bench: Bench) -> None:
    outlet = bench.outlet("S16")
    outlet.point.plug()
    bench.station("S16").tap(outlet, "CARD")
    await bench.central.hears("S16", "Authorize", idTag="CARD")
    await bench.draws("right", 16)
    bench.station("S16").tap(outlet, "CARD")
    stopped = await bench.central.hears("S16", "StopTransaction", reason="Local")
    assert stopped["idTag"] == "CARD"


async def test_a_refused_card_starts_nothing(bench: Bench) -> None:
    bench.central.answers["Authorize"] = lambda _: {"idTokenInfo": {"status": "Invalid"}}
    outlet = bench.outlet("S201")
    outlet.point.plug()
    bench.station("S201").tap(outlet, "CARD")
    await bench.central.hears("S201", "Authorize")
    await bench.passes(5)
    assert outlet.transaction is None
    assert bench.central.heard("S201", "TransactionEvent") == []


async def test_a_start_that_the_central_system_refuses_is_stopped(bench: Bench) -> None:
    bench.central.answers["StartTransaction"] = lambda _: {"idTagInfo": {"status": "Blocked"}, "transactionId": 9}
    await start_v16(bench)
    stopped = await bench.central.hears("S16", "StopTransaction", transactionId=9)
    assert stopped["reason"] == "DeAuthorized"


async def test_a_permission_that_nobody_uses_runs_out(bench: Bench) -> None:
    await bench.central.call("S16", "RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD"})
    await bench.central.hears("S16", "StatusNotification", connectorId=1, status="Preparing")
    await bench.central.hears("S16", "StatusNotification", times=2, connectorId=1, status="Available")
    bench.outlet("S16").point.plug()
    await bench.passes(5)
    assert bench.outlet("S16").transaction is None


async def test_a_profile_reaches_the_vehicle_and_a_pause_is_told(bench: Bench) -> None:
    central = bench.central
    transaction_id = await start_v16(bench)
    for limit_a in (10.0, 6.0, 0.0, 8.0):
        profile = v16_profile(limit_a, transactionId=transaction_id)
        request = {"connectorId": 1, "csChargingProfiles": profile}
        assert await central.call("S16", "SetChargingProfile", request) == {"status": "Accepted"}
        await bench.draws("right", limit_a)
    await central.hears("S16", "StatusNotification", connectorId=1, status="SuspendedEVSE")
    assert bench.station("S16").profiles.writes.total() == 4


async def test_2_0_1_obeys_a_profile_and_tells_the_charging_state(bench: Bench) -> None:
    central = bench.central
    transaction_id = await start_v201(bench)
    request = {"evseId": 1, "chargingProfile": v201_profile(9, transaction_id)}
    assert await central.call("S201", "SetChargingProfile", request) == {"status": "Accepted"}
    await bench.draws("left", 9)
    request = {"evseId": 1, "chargingProfile": v201_profile(5, transaction_id)}
    assert await central.call("S201", "SetChargingProfile", request) == {"status": "Accepted"}
    await bench.draws("left", 0)
    states = [event["transactionInfo"]["chargingState"] for event in central.heard("S201", "TransactionEvent")]
    assert states[-1] == "SuspendedEVSE"


async def test_a_tx_profile_needs_its_transaction(bench: Bench) -> None:
    request: dict[str, Any] = {"connectorId": 1, "csChargingProfiles": v16_profile(8)}
    assert await bench.central.call("S16", "SetChargingProfile", request) == {"status": "Rejected"}
    request = {"evseId": 1, "chargingProfile": v201_profile(8, "nobody")}
    answer = await bench.central.call("S201", "SetChargingProfile", request)
    assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}}


async def test_a_remote_start_can_bring_its_profile(bench: Bench) -> None:
    bench.outlet("S201").point.plug()
    profile = v201_profile(7, "")
    del profile["transactionId"]
    request = {"evseId": 1, "idToken": TOKEN, "remoteStartId": 5, "chargingProfile": profile}
    await bench.central.call("S201", "RequestStartTransaction", request)
    await bench.draws("left", 7)
    assert bench.outlet("S201").point.maximum_seen_a == pytest.approx(7)


async def test_a_full_vehicle_suspends_the_session_by_itself(bench: Bench) -> None:
    await start_v16(bench)
    vehicle = bench.outlet("S16").point.vehicle
    assert vehicle is not None
    vehicle.stored_wh = vehicle.spec.battery_wh
    await bench.central.hears("S16", "StatusNotification", connectorId=1, status="SuspendedEV")
    assert bench.outlet("S16").transaction is not None


async def test_1_6_samples_what_it_is_told_as_often_as_it_is_told(bench: Bench) -> None:
    central = bench.central
    wanted = {"MeterValueSampleInterval": "5", "MeterValuesSampledData": "Current.Import,Voltage"}
    for key, value in wanted.items():
        answer = await central.call("S16", "ChangeConfiguration", {"key": key, "value": value})
        assert answer == {"status": "Accepted"}
    transaction_id = await start_v16(bench)
    values = await central.hears("S16", "MeterValues", times=3, transactionId=transaction_id)
    assert sampled(values, "Current.Import") == [("L1", 16.0), ("L2", 16.0), ("L3", 0.0)]
    assert sampled(values, "Voltage") == [("L1-N", 230.0), ("L2-N", 230.0), ("L3-N", 230.0)]
    assert sampled(values, "Energy.Active.Import.Register") == []


async def test_2_0_1_samples_what_it_is_told_as_often_as_it_is_told(bench: Bench) -> None:
    await _set_variable(bench, "SampledDataCtrlr", "TxUpdatedInterval", "5")
    await _set_variable(bench, "SampledDataCtrlr", "TxUpdatedMeasurands", "Power.Active.Import,Current.Import")
    await start_v201(bench)
    values = await bench.central.hears("S201", "TransactionEvent", times=3, triggerReason="MeterValuePeriodic")
    assert sampled(values, "Power.Active.Import") == [(None, 16 * 3 * 230.0)]
    assert sampled(values, "Current.Import") == [("L1", 16.0), ("L2", 16.0), ("L3", 16.0)]


async def test_configuration_that_does_not_exist_or_fit_is_refused(bench: Bench) -> None:
    def change(key: str, value: str) -> Any:
        return bench.central.call("S16", "ChangeConfiguration", {"key": key, "value": value})

    assert await change("Nonsense", "1") == {"status": "NotSupported"}
    assert await change("NumberOfConnectors", "7") == {"status": "Rejected"}
    assert await change("MeterValueSampleInterval", "often") == {"status": "Rejected"}
    assert await change("MeterValuesSampledData", "SoC") == {"status": "Rejected"}
    answer = await bench.central.call("S16", "GetConfiguration", {"key": ["NumberOfConnectors", "Nonsense"]})
    assert answer == {
        "configurationKey": [{"key": "NumberOfConnectors", "readonly": True, "value": "2"}],
        "unknownKey": ["Nonsense"],
    }


async def test_variables_that_do_not_exist_or_fit_are_refused(bench: Bench) -> None:
    assert await _set_variable(bench, "SampledDataCtrlr", "TxUpdatedInterval", "often") == "Rejected"
    assert await _set_variable(bench, "TxCtrlr", "TxStopPoint", "Authorized") == "Rejected"
    assert await _set_variable(bench, "TxCtrlr", "Nonsense", "1") == "UnknownVariable"
    assert await _set_variable(bench, "Nonsense", "Nonsense", "1") == "UnknownComponent"
    wanted = [{"component": {"name": "SmartChargingCtrlr"}, "variable": {"name": "RateUnit"}}]
    answer = await bench.central.call("S201", "GetVariables", {"getVariableData": wanted})
    assert answer["getVariableResult"][0]["attributeValue"] == "A,W"


async def test_the_composite_schedule_tells_what_is_coming(bench: Bench) -> None:
    transaction_id = await start_v16(bench)
    periods = [{"startPeriod": 0, "limit": 8}, {"startPeriod": 600, "limit": 12, "numberPhases": 1}]
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": periods}
    profile = v16_profile(8, transactionId=transaction_id, chargingSchedule=schedule)
    await bench.central.call("S16", "SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile})
    answer = await bench.central.call("S16", "GetCompositeSchedule", {"connectorId": 1, "duration": 900})
    first, second = answer["chargingSchedule"]["chargingSchedulePeriod"]
    assert first == {"startPeriod": 0, "limit": 8.0, "numberPhases": 3}
    assert (second["limit"], second["numberPhases"]) == (12.0, 1)
    assert 500 < second["startPeriod"] <= 600


async def test_2_0_1_reports_and_clears_its_profiles(bench: Bench) -> None:
    central = bench.central
    transaction_id = await start_v201(bench)
    profile = v201_profile(9, transaction_id)
    await central.call("S201", "SetChargingProfile", {"evseId": 1, "chargingProfile": profile})
    await central.call("S201", "GetChargingProfiles", {"requestId": 3, "chargingProfile": {"stackLevel": 0}})
    report = await central.hears("S201", "ReportChargingProfiles", requestId=3)
    assert report["chargingProfile"] == [profile]
    assert await central.call("S201", "ClearChargingProfile", {"chargingProfileId": 1}) == {"status": "Accepted"}
    assert await central.call("S201", "ClearChargingProfile", {"chargingProfileId": 1}) == {"status": "Unknown"}
    await bench.draws("left", 16)


async def test_triggered_messages_come_after_the_answer(bench: Bench) -> None:
    central = bench.central
    for message, action in [
        ("Heartbeat", "Heartbeat"),
        ("StatusNotification", "StatusNotification"),
        ("MeterValues", "MeterValues"),
        ("BootNotification", "BootNotification"),
    ]:
        before = len(central.heard("S16", action))
        answer = await central.call("S16", "TriggerMessage", {"requestedMessage": message, "connectorId": 1})
        assert answer == {"status": "Accepted"}
        await central.hears("S16", action, times=before + 1)
    answer = await central.call("S16", "TriggerMessage", {"requestedMessage": "FirmwareStatusNotification"})
    assert answer == {"status": "NotImplemented"}


async def test_a_transaction_event_can_be_triggered(bench: Bench) -> None:
    await start_v201(bench)
    await bench.central.call("S201", "TriggerMessage", {"requestedMessage": "TransactionEvent"})
    event = await bench.central.hears("S201", "TransactionEvent", triggerReason="Trigger")
    assert sampled(event, "Current.Import")


async def test_heartbeats_come_at_the_interval_of_the_boot_answer_until_told_otherwise(bench: Bench) -> None:
    await bench.passes(20)
    assert bench.central.heard("S16", "Heartbeat") == []
    assert bench.station("S16").heartbeat_interval_s() == 300
    await bench.central.call("S16", "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "5"})
    await bench.central.hears("S16", "Heartbeat", times=3)


async def test_an_inoperative_connector_refuses_sessions(bench: Bench) -> None:
    request = {"connectorId": 1, "type": "Inoperative"}
    assert await bench.central.call("S16", "ChangeAvailability", request) == {"status": "Accepted"}
    await bench.central.hears("S16", "StatusNotification", connectorId=1, status="Unavailable")
    answer = await bench.central.call("S16", "RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD"})
    assert answer == {"status": "Rejected"}


async def test_unknown_things_are_answered_and_not_obeyed(bench: Bench) -> None:
    central = bench.central
    assert await central.call("S16", "DataTransfer", {"vendorId": "x"}) == {"status": "UnknownVendorId"}
    assert await central.call("S16", "RemoteStopTransaction", {"transactionId": 1}) == {"status": "Rejected"}
    assert await central.call("S16", "UnlockConnector", {"connectorId": 9}) == {"status": "NotSupported"}
    assert (await central.call("S201", "RequestStopTransaction", {"transactionId": "x"}))["status"] == "Rejected"
    status = await central.call("S201", "GetTransactionStatus", {"transactionId": "x"})
    assert status == {"messagesInQueue": False, "ongoingIndicator": False}


async def _set_variable(bench: Bench, component: str, name: str, value: str) -> str:
    wanted = {"component": {"name": component}, "variable": {"name": name}, "attributeValue": value}
    answer = await bench.central.call("S201", "SetVariables", {"setVariableData": [wanted]})
    return str(answer["setVariableResult"][0]["attributeStatus"])
