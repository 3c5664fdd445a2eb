"""Use cases Q01 and Q02: what a vehicle may do is allowed, negotiated, given a schedule, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V201, central, charger, connected, profile_of, setpoint
from tidewatt.site import CommandError, FaultCode

MAY_DISCHARGE: dict[str, Any] = {"discharge_maximum_a": 16.0}


@shows("Q01.FR.01", ocpp="2.1")
async def test_authorisation_says_which_transfers_the_vehicle_may_choose_from() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await v2x.start(station)
        answer = await station.call("Authorize", {"idToken": {"idToken": "CARD", "type": "ISO14443"}})
        assert answer == {"idTokenInfo": {"status": "Accepted"}, "allowedEnergyTransfer": ["DC", "DC_BPT"]}


@shows("Q01.FR.01", ocpp="2.1")
async def test_a_charger_that_never_discharges_allows_charging_only() -> None:
    async with central([charger()]) as rig, connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
        await v2x.start(station)
        answer = await station.call("Authorize", {"idToken": {"idToken": "CARD", "type": "ISO14443"}})
        assert answer["allowedEnergyTransfer"] == ["DC"]


@shows("Q01.FR.08", "Q02.FR.03", ocpp="2.1")
async def test_what_depends_on_the_evse_is_not_said_before_the_evse_is_known() -> None:
    chargers = [charger(**MAY_DISCHARGE), charger("right", evse_id=2)]
    async with central(chargers) as rig, connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
        await station.boot()
        await station.prepared()
        answer = await station.call("Authorize", {"idToken": {"idToken": "CARD", "type": "ISO14443"}})
        assert "allowedEnergyTransfer" not in answer


@shows("Q02.FR.05", ocpp="2.1")
async def test_a_transaction_that_nobody_told_is_told_once_it_runs() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        await station.prepared()
        await station.next_asked("GetVariables")
        await words.event(station, "Started", tag="CARD", energy_kwh=1.0)
        request = await station.next_asked("NotifyAllowedEnergyTransfer")
        assert request == {"transactionId": words.TX, "allowedEnergyTransfer": ["DC", "DC_BPT"]}


@shows("Q02.FR.05", ocpp="2.1")
async def test_a_vehicle_that_began_to_charge_before_it_was_told_is_told_then() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        await station.call("Authorize", {"idToken": {"idToken": "CARD", "type": "ISO14443"}})
        await words.event(station, "Started", tag="CARD", energy_kwh=1.0)
        await station.call("NotifyEVChargingNeeds", v2x.needs("DC"))
        request = await station.next_asked("NotifyAllowedEnergyTransfer")
        assert request["allowedEnergyTransfer"] == ["DC", "DC_BPT"]
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Accepted"
        await rig.until_state(lambda state: state.discharge_maximum_a is not None)


async def test_a_vehicle_that_cannot_discharge_is_told_once_and_left_alone() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        await station.prepared()
        await station.next_asked("GetVariables")
        await words.event(station, "Started", tag="CARD", energy_kwh=1.0)
        await station.next_asked("NotifyAllowedEnergyTransfer")
        await station.call("NotifyEVChargingNeeds", v2x.needs("DC", availableEnergyTransfer=["DC"]))
        await v2x.fallback(station)
        await words.event(station, "Updated")
        assert station.count("NotifyAllowedEnergyTransfer") == 1


async def test_v2x_is_enabled_where_the_charger_may_discharge() -> None:
    model = {"V2XChargingCtrlr__Enabled": "false"}
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers(**model)) as station,
    ):
        await station.boot()
        while (request := await station.next_asked("SetVariables"))["setVariableData"][0]["component"] != {
            "name": "V2XChargingCtrlr",
            "evse": {"id": 1},
        }:
            pass
        assert request["setVariableData"][0]["attributeValue"] == "true"


@shows("Q01.FR.07", "K19.FR.03", "K19.FR.07", "K19.FR.08", ocpp="2.1")
async def test_needs_are_accepted_and_followed_by_a_schedule_within_the_present_limits() -> None:
    async with (
        central([charger(**MAY_DISCHARGE, safe_a=6)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await v2x.start(station)
        await rig.system.port("left").apply(setpoint(9))
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Accepted"
        fallback = await v2x.fallback(station)
        assert (fallback["chargingProfilePurpose"], fallback["transactionId"]) == ("TxProfile", words.TX)
        period = fallback["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        assert (period["operationMode"], period["limit"]) == ("ChargingOnly", 6 * 230 * 3)
        assert "numberPhases" not in period, "a DC transfer has none"
        assert "duration" not in fallback["chargingSchedule"][0], "it holds whatever lies above it runs out"
        await station.next_asked("UpdateDynamicSchedule")
        sent = [profile_of(request) for action, request in station.asked if action == "SetChargingProfile"]
        dynamic = next(profile for profile in sent if profile["chargingProfileKind"] == "Dynamic")
        assert dynamic["stackLevel"] > fallback["stackLevel"], "control's setpoint lies above"


@shows("Q01.FR.07", ocpp="2.1")
async def test_what_was_agreed_reaches_control() -> None:
    async with v2x.bidirectional() as (rig, _, _):
        state = rig.state()
        assert state.discharge_maximum_a == pytest.approx(10.0), "6900 W on three phases of 230 V"
        assert state.soc_pct == 60


@pytest.mark.parametrize(
    ("parameters", "expected_a"),
    [
        ({"maxDischargePower": 2300, "maxDischargePower_L2": 4600, "maxDischargePower_L3": 4600}, 10.0),
        ({"maxDischargePower": -6900}, 10.0),
        ({"maxDischargePower": 69_000}, 16.0),
        ({"evMinV2XEnergyRequest": 2000}, 0.0),
        ({"evMinV2XEnergyRequest": -2000}, 10.0),
        ({"maxDischargePower": None}, None),
        ({"maxDischargePower": None, "maxDischargeCurrent": 23, "minVoltage": 300}, 10.0),
        ({"maxDischargePower": "a lot"}, None),
    ],
    ids=["weakest phase", "sign", "configuration", "below its range", "in its range", "unknown", "current", "nonsense"],
)
async def test_the_cautious_reading_of_a_vehicles_parameters_counts(
    parameters: dict[str, Any], expected_a: float | None
) -> None:
    async with v2x.bidirectional(needs={"v2x": parameters}) as (rig, _, _):
        assert rig.state().discharge_maximum_a == (expected_a if expected_a is None else pytest.approx(expected_a))


@shows("Q01.FR.04", "K19.FR.15", ocpp="2.1")
async def test_a_transfer_that_is_not_permitted_is_rejected() -> None:
    async with central([charger()]) as rig, connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
        await v2x.start(station)
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Rejected"
        assert rig.faults[-1].code is FaultCode.BIDIRECTIONAL_UNSUPPORTED
        assert rig.state().discharge_maximum_a is None


@shows("Q02.FR.01", "Q02.FR.02", ocpp="2.1")
async def test_a_vehicle_that_only_charges_gets_a_schedule_that_only_charges() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await v2x.start(station)
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs("DC")))["status"] == "Accepted"
        period = (await v2x.fallback(station))["chargingSchedule"][0]["chargingSchedulePeriod"][0]
        assert period.keys() == {"startPeriod", "limit", "operationMode"}
        with pytest.raises(CommandError, match="not agreed"):
            await rig.system.port("left").apply(setpoint(-6))
        assert rig.faults[-1].code is FaultCode.BIDIRECTIONAL_UNSUPPORTED


@shows("K17.FR.19", "K20.FR.03", ocpp="2.1")
async def test_a_renegotiation_renews_agreement_and_schedule() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await station.call("NotifyEVChargingNeeds", v2x.needs(v2x={"maxDischargePower": 3450}))
        await v2x.fallback(station)
        assert rig.state().discharge_maximum_a == pytest.approx(5.0)


@shows("K18.FR.05", "K19.FR.05", ocpp="2.1")
async def test_needs_that_come_before_their_transaction_wait_for_it() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        await station.prepared()
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Processing"
        await words.event(station, "Started", tag="CARD", energy_kwh=1.0)
        assert (await v2x.fallback(station))["transactionId"] == words.TX
        await rig.until_state(lambda state: state.discharge_maximum_a is not None)


@shows("K18.FR.04", "K19.FR.04", ocpp="2.1")
async def test_an_evse_that_is_not_configured_gets_no_schedule() -> None:
    async with (
        central([charger(**MAY_DISCHARGE)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        answer = await station.call("NotifyEVChargingNeeds", v2x.needs(evse_id=7))
        assert answer["status"] == "NoChargingProfile"


@shows("K15.FR.03", "K15.FR.07", "K15.FR.08", ocpp="2.0.1")
async def test_a_vehicle_of_iso_15118_2_gets_its_schedule() -> None:
    ac = {"energyAmount": 20_000, "evMinCurrent": 6, "evMaxCurrent": 16, "evMaxVoltage": 400}
    needs = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "AC_three_phase", "acChargingParameters": ac}}
    async with central([charger(safe_a=6)]) as rig, connected(rig, version=V201) as station:
        await words.charging(station)
        assert (await station.call("NotifyEVChargingNeeds", needs)) == ACCEPTED
        profile = await v2x.fallback(station)
        assert profile["transactionId"] == words.TX
        assert profile["chargingSchedule"][0]["chargingSchedulePeriod"] == [
            {"startPeriod": 0, "limit": 6.0, "numberPhases": 3}
        ]


@shows("K15.FR.04", ocpp="2.0.1")
async def test_needs_of_an_evse_that_is_not_configured_are_rejected() -> None:
    needs = {"evseId": 4, "chargingNeeds": {"requestedEnergyTransfer": "DC"}}
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await station.boot()
        assert (await station.call("NotifyEVChargingNeeds", needs)) == {"status": "Rejected"}


@shows("Q02.FR.05", ocpp="2.1")
async def test_withdrawn_permission_ends_discharging_at_once_here_and_at_the_station() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await rig.system.port("left").apply(setpoint(-8))
        await block.permit(1, permitted=False)
        assert rig.state().discharge_maximum_a is None
        request = await station.next_asked("NotifyAllowedEnergyTransfer")
        assert request == {"transactionId": words.TX, "allowedEnergyTransfer": ["DC"]}
        with pytest.raises(CommandError, match="not agreed"):
            await rig.system.port("left").apply(setpoint(-8))
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Rejected"


async def test_permission_is_withdrawn_here_even_if_the_station_refuses() -> None:
    refusing = {"NotifyAllowedEnergyTransfer": {"status": "Rejected"}}
    async with v2x.bidirectional(answers=refusing) as (rig, _, block):
        with pytest.raises(CommandError, match="Rejected"):
            await block.permit(1, permitted=False)
        assert rig.state().discharge_maximum_a is None


@shows("Q02.FR.05", ocpp="2.1")
async def test_permission_given_later_lets_the_vehicle_negotiate_again() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await block.permit(1, permitted=False)
        await station.next_asked("NotifyAllowedEnergyTransfer")
        await block.permit(1, permitted=True)
        request = await station.next_asked("NotifyAllowedEnergyTransfer")
        assert request["allowedEnergyTransfer"] == ["DC", "DC_BPT"]
        assert (await station.call("NotifyEVChargingNeeds", v2x.needs()))["status"] == "Accepted"
        await rig.until_state(lambda state: state.discharge_maximum_a is not None)


async def test_a_vehicle_that_keeps_silent_after_the_permission_changed_is_reported() -> None:
    async with v2x.bidirectional(schedule_deadline_s=0.05) as (rig, _, block):
        await block.permit(1, permitted=False)
        await rig.until(lambda: any(fault.code is FaultCode.SIGNAL_TIMEOUT for fault in rig.faults))


async def test_a_schedule_that_the_station_never_takes_is_reported() -> None:
    mute = {
        "SetChargingProfile": lambda request: (
            None
            if profile_of(request)["stackLevel"] == 0 and profile_of(request)["chargingProfilePurpose"] == "TxProfile"
            else ACCEPTED
        )
    }
    async with (
        central([charger(**MAY_DISCHARGE)], schedule_deadline_s=0.1) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers() | mute) as station,
    ):
        await v2x.start(station)
        await station.call("NotifyEVChargingNeeds", v2x.needs())
        await rig.until(lambda: any(fault.code is FaultCode.SIGNAL_TIMEOUT for fault in rig.faults))


async def test_the_agreement_ends_with_the_transaction() -> None:
    async with v2x.bidirectional() as (rig, station, _):
        await words.event(station, "Ended", "Idle", reason="EVDisconnected")
        await rig.until_state(lambda state: state.session is None and state.discharge_maximum_a is None)


async def test_the_agreement_outlives_a_short_absence_only() -> None:
    now = [1000.0]
    chargers = [charger(**MAY_DISCHARGE)]
    async with central(chargers, clock=lambda: now[0]) as rig:
        async with connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
            await v2x.start(station)
            await station.call("NotifyEVChargingNeeds", v2x.needs())
            await rig.until_state(lambda state: state.discharge_maximum_a is not None)
        await rig.until_state(lambda state: not state.online and state.discharge_maximum_a is None)
        now[0] += 30
        async with connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
            await words.event(station, "Updated")
            await rig.until_state(lambda state: state.online and state.discharge_maximum_a is not None)
        await rig.until_state(lambda state: not state.online)
        now[0] += 61
        async with connected(rig, version=v2x.V21, answers=v2x.answers()) as station:
            await words.event(station, "Updated")
            state = await rig.until_state(lambda state: state.online)
            assert state.discharge_maximum_a is None
            request = await station.next_asked("NotifyAllowedEnergyTransfer")
            assert "DC_BPT" in request["allowedEnergyTransfer"], "the vehicle is asked to negotiate anew"


async def test_the_vehicles_identity_is_taken_and_kept_out_of_diagnostics() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        token = {
            "idToken": "CARD",
            "type": "ISO14443",
            "additionalInfo": [{"additionalIdToken": "WMIV1234567890ABCDEX", "type": "EVCCID"}],
        }
        payload = {
            "eventType": "Updated",
            "timestamp": words.at(),
            "triggerReason": "Authorized",
            "seqNo": 3,
            "transactionInfo": {"transactionId": words.TX},
            "idToken": token,
        }
        await station.call("TransactionEvent", payload)
        assert block.evccid(1) == "WMIV1234567890ABCDEX"
        assert "WMIV" not in str(rig.system.diagnostics())
