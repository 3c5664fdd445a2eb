"""An emulated station of OCPP 2.1 negotiates with its vehicle, asks its central system, and obeys it both ways."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import shows
from tests.emulators.station_bench import Bench
from tests.emulators.v2x_sessions import (
    EVCC_ID,
    flows,
    give,
    negotiated,
    plug_in,
    profile,
    v2x_bench,
    v2x_point,
    v2x_session,
    v2x_station,
)
from tidewatt.emulators.iso15118 import SeccState, Service


async def variables(bench: Bench, *wanted: tuple[str, str, str | None]) -> list[str]:
    """Return the values of variables of EVSE 1: component, name, instance."""
    data = []
    for component, name, instance in wanted:
        variable = {"name": name} | ({} if instance is None else {"instance": instance})
        data.append({"component": {"name": component, "evse": {"id": 1}}, "variable": variable})
    answer = await bench.central.call("S201", "GetVariables", {"getVariableData": data})
    assert [row["attributeStatus"] for row in answer["getVariableResult"]] == ["Accepted"] * len(data)
    return [row["attributeValue"] for row in answer["getVariableResult"]]


async def test_the_device_model_says_what_the_station_can() -> None:
    async with v2x_bench() as bench:
        enabled, transfers, modes, dynamic, purposes = await variables(
            bench,
            ("V2XChargingCtrlr", "Enabled", None),
            ("V2XChargingCtrlr", "SupportedEnergyTransferModes", None),
            ("V2XChargingCtrlr", "SupportedOperationModes", None),
            ("SmartChargingCtrlr", "SupportsFeature", "DynamicProfiles"),
            ("SmartChargingCtrlr", "SupportedAdditionalPurposes", None),
        )
    assert (enabled, transfers, dynamic) == ("true", "DC,DC_BPT", "true")
    assert {"ChargingOnly", "CentralSetpoint", "CentralFrequency"} <= set(modes.split(","))
    assert "PriorityCharging" in purposes


@shows("Q01.FR.36", ocpp="2.1")
async def test_the_device_model_says_which_vehicle_is_connected() -> None:
    wanted = [("ConnectedEV", name, None) for name in ("Available", "VehicleId", "ProtocolAgreed")]
    async with v2x_bench() as bench:
        assert await variables(bench, *wanted) == ["false", "", ""]
        await plug_in(bench)
        assert await variables(bench, *wanted) == ["true", EVCC_ID, "urn:iso:std:iso:15118:-20:DC"]
        bench.outlet("S201").point.unplug()
        await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
        assert (await variables(bench, *wanted))[0] == "false"


async def test_with_v2x_switched_off_a_vehicle_only_charges() -> None:
    async with v2x_bench() as bench:
        data = [
            {
                "component": {"name": "V2XChargingCtrlr", "evse": {"id": 1}},
                "variable": {"name": "Enabled"},
                "attributeValue": "false",
            }
        ]
        await bench.central.call("S201", "SetVariables", {"setVariableData": data})
        await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        assert v2x_session(bench).secc.service is Service.DC
        await bench.passes(3)
        assert bench.outlet("S201").point.power_w == 0


@shows("Q01.FR.02", ocpp="2.1")
async def test_a_vehicle_is_authorised_by_its_id_and_named_in_its_transaction() -> None:
    async with v2x_bench() as bench:
        await plug_in(bench)
        asked = await bench.central.hears("S201", "Authorize")
        started = await bench.central.hears("S201", "TransactionEvent", eventType="Started")
    assert asked["idToken"]["idToken"] == EVCC_ID
    assert started["idToken"]["additionalInfo"] == [{"additionalIdToken": EVCC_ID, "type": "EVCCID"}]
    assert started["transactionInfo"]["chargingState"] == "EVConnected"


@shows("Q01.FR.03", ocpp="2.1")
async def test_what_the_vehicle_needs_is_told_with_the_limits_of_both_sides() -> None:
    async with v2x_bench(departure_after_h=8, target_soc_pct=80) as bench:
        await plug_in(bench)
        told = await bench.central.hears("S201", "NotifyEVChargingNeeds")
    needs = told["chargingNeeds"]
    assert (needs["requestedEnergyTransfer"], needs["availableEnergyTransfer"]) == ("DC_BPT", ["DC", "DC_BPT"])
    assert (needs["controlMode"], needs["mobilityNeedsMode"]) == ("DynamicControl", "EVCC")
    v2x = needs["v2xChargingParameters"]
    assert (v2x["maxChargePower"], v2x["maxDischargePower"], v2x["targetSoC"]) == (11_000, 8_000, 80)
    assert v2x["evMinV2XEnergyRequest"] == pytest.approx(-20_000, rel=0.01)
    assert needs["dcChargingParameters"]["stateOfCharge"] == 60
    assert "departureTime" in needs


@pytest.mark.parametrize("service", ["AC_BPT", "DC_BPT"])
async def test_a_vehicle_follows_setpoints_both_ways_and_the_meters_follow_it(service: str) -> None:
    async with v2x_bench(service=service) as bench:
        house_w = sum(bench.emulation.world.circuit_current_a("main")) * 230
        transaction_id = await negotiated(bench, setpoint=6900, operationMode="CentralSetpoint")
        await flows(bench, 6_900)
        await give(bench, transaction_id, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        sample = bench.emulation.world.circuit_sample("main")
        assert sum(sample.power_w) == pytest.approx(house_w - 4_600)
        assert bench.outlet("S201").point.energy_out_wh > 0


async def test_what_is_measured_tells_directions_and_state_of_charge() -> None:
    async with v2x_bench() as bench:
        data = [
            {
                "component": {"name": "SampledDataCtrlr"},
                "variable": {"name": "TxUpdatedInterval"},
                "attributeValue": "2",
            }
        ]
        await bench.central.call("S201", "SetVariables", {"setVariableData": data})
        await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        bench.central.calls.clear()
        told = await bench.central.hears("S201", "TransactionEvent", triggerReason="MeterValuePeriodic")
    values = {row["measurand"]: row["value"] for row in told["meterValue"][0]["sampledValue"] if "phase" not in row}
    assert (values["Power.Active.Import"], values["Power.Active.Export"]) == (0, 4_600)
    assert values["Energy.Active.Export.Register"] > 0
    assert values["SoC"] == pytest.approx(60, abs=1)


async def test_without_allowed_transfers_a_vehicle_only_charges_until_it_is_allowed_more() -> None:
    async with v2x_bench(answers={"Authorize": {"idTokenInfo": {"status": "Accepted"}}}) as bench:
        transaction_id = await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        first = bench.central.heard("S201", "NotifyEVChargingNeeds")[0]
        assert first["chargingNeeds"]["requestedEnergyTransfer"] == "DC"
        await bench.passes(3)
        assert bench.outlet("S201").point.power_w == 0
        request = {"transactionId": transaction_id, "allowedEnergyTransfer": ["DC", "DC_BPT"]}
        assert await bench.central.call("S201", "NotifyAllowedEnergyTransfer", request) == {"status": "Accepted"}
        again = await bench.central.hears("S201", "NotifyEVChargingNeeds", times=2)
        assert again["chargingNeeds"]["requestedEnergyTransfer"] == "DC_BPT"
        await flows(bench, -4_600)


async def test_a_permission_that_is_taken_back_ends_the_discharging() -> None:
    async with v2x_bench() as bench:
        transaction_id = await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        request = {"transactionId": transaction_id, "allowedEnergyTransfer": ["DC"]}
        await bench.central.call("S201", "NotifyAllowedEnergyTransfer", request)
        await flows(bench, 0)
        await bench.until(lambda: v2x_session(bench).secc.service is Service.DC)
        await bench.passes(5)
        assert bench.outlet("S201").point.power_w == 0


async def test_a_permission_for_another_transaction_is_refused() -> None:
    async with v2x_bench() as bench:
        request = {"transactionId": "nobody", "allowedEnergyTransfer": ["DC"]}
        assert (await bench.central.call("S201", "NotifyAllowedEnergyTransfer", request))["status"] == "Rejected"


async def test_a_vehicle_without_a_profile_waits_a_minute_and_then_charges_by_the_default() -> None:
    async with v2x_bench(answers={"NotifyEVChargingNeeds": {"status": "Processing"}}) as bench:
        default = profile(None, limit=4600, profile_chargingProfilePurpose="TxDefaultProfile")
        await bench.central.call("S201", "SetChargingProfile", {"evseId": 1, "chargingProfile": default})
        await plug_in(bench)
        await bench.central.hears("S201", "NotifyEVChargingNeeds")
        asked_s = bench.emulation.time.now_s
        await bench.until(lambda: v2x_session(bench).flow_allowed)
        assert 50 < bench.emulation.time.now_s - asked_s < 70
        await flows(bench, 4_600)


async def test_no_charging_profile_means_to_begin_at_once() -> None:
    async with v2x_bench(answers={"NotifyEVChargingNeeds": {"status": "NoChargingProfile"}}) as bench:
        await plug_in(bench)
        asked_s = bench.emulation.time.now_s
        await flows(bench, 11_000)
        assert bench.emulation.time.now_s - asked_s < 20


@shows("Q01.FR.05", ocpp="2.1")
async def test_rejected_needs_make_the_vehicle_take_another_service() -> None:
    def answer(payload: dict[str, Any]) -> dict[str, Any]:
        wanted = payload["chargingNeeds"]["requestedEnergyTransfer"]
        return {"status": "Rejected" if wanted == "DC_BPT" else "NoChargingProfile"}

    async with v2x_bench(answers={"NotifyEVChargingNeeds": answer}) as bench:
        await plug_in(bench)
        again = await bench.central.hears("S201", "NotifyEVChargingNeeds", times=2)
        assert again["chargingNeeds"]["requestedEnergyTransfer"] == "DC"
        await flows(bench, 11_000)
        assert v2x_session(bench).secc.service is Service.DC


@shows("Q01.FR.06", ocpp="2.1")
async def test_rejected_needs_of_charging_end_the_transaction() -> None:
    async with v2x_bench(service="DC", answers={"NotifyEVChargingNeeds": {"status": "Rejected"}}) as bench:
        await plug_in(bench)
        ended = await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
        assert ended["transactionInfo"]["stoppedReason"] == "ReqEnergyTransferRejected"
        assert bench.outlet("S201").point.power_w == 0


async def test_a_vehicle_in_scheduled_control_tells_its_choice_and_chooses_again_when_limits_change() -> None:
    async with v2x_bench(control_mode="scheduled") as bench:
        transaction_id = await negotiated(bench, limit=6900)
        chosen = await bench.central.hears("S201", "NotifyEVChargingSchedule")
        assert chosen["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 6_900
        await flows(bench, 6_900)
        await give(bench, transaction_id, setpoint=-3450, operationMode="CentralSetpoint")
        again = await bench.central.hears("S201", "NotifyEVChargingSchedule", times=2)
        assert again["chargingSchedule"]["chargingSchedulePeriod"][0]["dischargeLimit"] == -3_450
        await flows(bench, -3_450)
        assert len(bench.central.heard("S201", "NotifyEVChargingNeeds")) == 1


async def test_the_floor_ends_discharging_and_is_reported() -> None:
    async with v2x_bench(battery_kwh=2, soc_pct=23, minimum_soc_pct=20) as bench:
        await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        told = await bench.central.hears("S201", "NotifyEvent")
        assert told["eventData"][0]["techCode"] == "BATTERY_LOWER_LIMIT"
        await flows(bench, 0)
        assert v2x_point(bench).battery_vehicle.soc_pct == pytest.approx(20, abs=0.01)


async def test_a_transaction_that_is_stopped_ends_the_vehicles_session_and_is_not_begun_again() -> None:
    async with v2x_bench() as bench:
        transaction_id = await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        await bench.central.call("S201", "RequestStopTransaction", {"transactionId": transaction_id})
        await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
        assert bench.outlet("S201").point.power_w == 0
        await bench.until(lambda: v2x_session(bench).secc.state is SeccState.ENDED)
        await bench.passes(30)
        assert len(bench.central.heard("S201", "TransactionEvent", eventType="Started")) == 1
        remote = {"evseId": 1, "idToken": {"idToken": "CARD", "type": "ISO14443"}, "remoteStartId": 7}
        await bench.central.call("S201", "RequestStartTransaction", remote)
        again = await bench.central.hears("S201", "NotifyEVChargingNeeds", times=2)
        assert again["chargingNeeds"]["requestedEnergyTransfer"] == "DC"


async def test_pulling_the_cable_forgets_everything() -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        bench.outlet("S201").point.unplug()
        ended = await bench.central.hears("S201", "TransactionEvent", eventType="Ended")
        assert ended["transactionInfo"]["stoppedReason"] == "EVDisconnected"
        assert v2x_session(bench).secc.state is SeccState.DISCONNECTED
        assert v2x_station(bench).v2x.negotiations[1].allowed is None
