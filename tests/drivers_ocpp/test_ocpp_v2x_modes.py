"""Use cases Q03 to Q12, K21 and K28: operation modes are put above control's setpoints, within what was agreed."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V201, RawStation, central, charger, connected, profile_of, setpoint
from tidewatt.drivers.ocpp.blocks.v2x import (
    CentralFrequency,
    CentralSetpoint,
    ChargingOnly,
    ExternalLimits,
    ExternalSetpoint,
    FrequencyPoint,
    Idle,
    LocalFrequency,
    LocalLoadBalancing,
    Operation,
    SignalPoint,
)
from tidewatt.drivers.ocpp.blocks.v2x.operations import Bounds
from tidewatt.site import CommandError, FaultCode, SiteError

CURVE = (FrequencyPoint(49.8, -3000), FrequencyPoint(50.0, 0), FrequencyPoint(50.2, 3000))
SIGNALS = (SignalPoint(-1, -500), SignalPoint(0, 0), SignalPoint(1, 500))


async def installed(station: RawStation) -> dict[str, Any]:
    """Return the next profile above control's own."""
    while (profile := profile_of(await station.next_profile("TxProfile")))["stackLevel"] < 2:
        pass
    return profile


def period_of(profile: dict[str, Any]) -> dict[str, Any]:
    [schedule] = profile["chargingSchedule"]
    [period] = schedule["chargingSchedulePeriod"]
    return dict(period)


@shows("Q02.FR.02", ocpp="2.1")
async def test_charging_only_has_a_limit_and_nothing_else() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, ChargingOnly(limit_w=4000))
        profile = await installed(station)
        assert period_of(profile) == {"startPeriod": 0, "limit": 4000, "operationMode": "ChargingOnly"}
        assert profile["transactionId"] == words.TX


@shows("K01.FR.105", ocpp="2.1")
async def test_charging_is_throttled_from_a_state_of_charge_on() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, ChargingOnly(limit_w=4000, soc_pct=80, limit_at_soc_w=1000))
        [schedule] = (await installed(station))["chargingSchedule"]
        assert schedule["limitAtSoC"] == {"soc": 80, "limit": 1000}


@shows("Q03.FR.01", "Q03.FR.02", "K28.FR.01", "K28.FR.02", ocpp="2.1")
async def test_a_central_setpoint_is_dynamic_has_no_limits_and_a_dead_mans_switch() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, CentralSetpoint(setpoint_w=-3000, duration_s=90))
        profile = await installed(station)
        assert profile["chargingProfileKind"] == "Dynamic"
        assert period_of(profile) == {"startPeriod": 0, "setpoint": -3000, "operationMode": "CentralSetpoint"}
        assert profile["chargingSchedule"][0]["duration"] == 90


@shows("Q07.FR.02", "Q07.FR.03", "Q07.FR.04", ocpp="2.1")
async def test_central_frequency_is_updated_at_the_grids_pace() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, CentralFrequency(setpoint_w=-1000))
        profile = await installed(station)
        assert (profile["chargingProfileKind"], period_of(profile)["operationMode"]) == ("Dynamic", "CentralFrequency")
        assert profile["chargingSchedule"][0]["duration"] == 60
        for power_w in (-1200, 800):
            await block.modes.operate(1, CentralFrequency(setpoint_w=power_w))
            request = await station.next_asked("UpdateDynamicSchedule")
            assert request == {"chargingProfileId": profile["id"], "scheduleUpdate": {"setpoint": power_w}}


async def test_an_external_system_gives_setpoints_within_limits() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, ExternalSetpoint(discharge_limit_w=2000))
        assert period_of(await installed(station)) == {
            "startPeriod": 0,
            "limit": 11_000,
            "dischargeLimit": -2000,
            "operationMode": "ExternalSetpoint",
        }


async def test_an_external_system_gives_limits() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, ExternalLimits())
        assert period_of(await installed(station)) == {"startPeriod": 0, "operationMode": "ExternalLimits"}


@pytest.mark.parametrize("operation", [ExternalLimits(), LocalLoadBalancing(upper_threshold_w=1, lower_threshold_w=0)])
async def test_a_mode_without_limits_is_refused_where_the_vehicle_could_exceed_the_configuration(
    operation: Operation,
) -> None:
    async with v2x.bidirectional(discharge_maximum_a=8) as (_, _, block):
        with pytest.raises(SiteError, match="no limits of its own"):
            await block.modes.operate(1, operation)


@shows("Q08.FR.01", "Q08.FR.02", "Q08.FR.05", ocpp="2.1")
async def test_local_frequency_has_curves_in_watts() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, LocalFrequency(baseline_w=500, curve=CURVE, signal_curve=SIGNALS))
        profile = await installed(station)
        assert profile["chargingSchedule"][0]["chargingRateUnit"] == "W"
        assert period_of(profile) == {
            "startPeriod": 0,
            "operationMode": "LocalFrequency",
            "v2xBaseline": 500,
            "v2xFreqWattCurve": [
                {"frequency": 49.8, "power": -3000},
                {"frequency": 50.0, "power": 0},
                {"frequency": 50.2, "power": 3000},
            ],
            "v2xSignalWattCurve": [
                {"signal": -1, "power": -500},
                {"signal": 0, "power": 0},
                {"signal": 1, "power": 500},
            ],
        }


@shows("Q08.FR.12", ocpp="2.1")
async def test_the_grid_operators_signal_is_passed_on_while_a_signal_curve_holds() -> None:
    async with v2x.bidirectional() as (_, station, block):
        with pytest.raises(CommandError, match="no LocalFrequency operation"):
            await block.modes.signal(1, 1)
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        with pytest.raises(CommandError, match="no LocalFrequency operation"):
            await block.modes.signal(1, 1)
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE, signal_curve=SIGNALS))
        await block.modes.signal(1, -1)
        assert (await station.next_asked("AFRRSignal"))["signal"] == -1
        with pytest.raises(CommandError, match="beyond the signal curve"):
            await block.modes.signal(1, 2)


async def test_local_load_balancing_sets_its_thresholds_first() -> None:
    operation = LocalLoadBalancing(upper_threshold_w=10_000, lower_threshold_w=-5000, upper_offset_w=1000)
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, operation)
        data = (await station.next_asked("SetVariables"))["setVariableData"]
        assert {row["variable"]["instance"]: row["attributeValue"] for row in data} == {
            "UpperThreshold": "10000",
            "LowerThreshold": "-5000",
            "UpperOffset": "1000",
            "LowerOffset": "0",
        }
        assert {row["variable"]["name"] for row in data} == {"LocalLoadBalancing"}
        assert period_of(await installed(station)) == {"startPeriod": 0, "operationMode": "LocalLoadBalancing"}


@shows("Q10.FR.01", ocpp="2.1")
async def test_idle_has_no_values() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, Idle(precondition=True))
        assert period_of(await installed(station)) == {
            "startPeriod": 0,
            "operationMode": "Idle",
            "preconditioningRequest": True,
        }


@shows("K01.FR.104", ocpp="2.1")
async def test_an_operation_ends_when_the_station_is_alone_for_long() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, CentralSetpoint(setpoint_w=-3000))
        profile = await installed(station)
        assert (profile["maxOfflineDuration"], profile["invalidAfterOfflineDuration"]) == (60, True)


@pytest.mark.parametrize(
    ("model", "operation", "reason"),
    [
        ({"V2XChargingCtrlr__SupportedOperationModes": "ChargingOnly"}, Idle(), "the station supports ChargingOnly"),
        ({"SmartChargingCtrlr__ProfileStackLevel": "1"}, Idle(), "stack level"),
        ({"SmartChargingCtrlr__SupportsFeature__DynamicProfiles": "false"}, CentralFrequency(setpoint_w=-1), "dynamic"),
        ({"SmartChargingCtrlr__RateUnit": "A"}, LocalFrequency(baseline_w=0, curve=CURVE), "limits in W"),
        ({}, Idle(sleep=True), "electronics"),
        (
            {"SmartChargingCtrlr__SupportsFeature__LimitAtSoC": "false"},
            ChargingOnly(limit_w=1, soc_pct=80),
            "state of charge",
        ),
    ],
)
async def test_what_the_device_model_does_not_offer_is_not_asked_for(
    model: dict[str, str], operation: Operation, reason: str
) -> None:
    async with v2x.bidirectional(model=model) as (_, station, block):
        before = station.count("SetChargingProfile")
        with pytest.raises(CommandError, match=reason):
            await block.modes.operate(1, operation)
        assert station.count("SetChargingProfile") == before


async def test_a_station_of_another_version_has_no_modes() -> None:
    async with central([charger(discharge_maximum_a=16)]) as rig, connected(rig, version=V201) as station:
        await words.charging(station)
        with pytest.raises(CommandError, match=r"not connected with OCPP 2\.1"):
            await v2x.block(rig).modes.operate(1, Idle())


async def test_a_mode_needs_a_transaction_and_an_evse() -> None:
    async with (
        central([charger(discharge_maximum_a=16)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers()) as station,
    ):
        await station.boot()
        with pytest.raises(CommandError, match="no transaction runs"):
            await v2x.block(rig).modes.operate(1, Idle())
        with pytest.raises(CommandError, match="EVSE 5 is not configured"):
            await v2x.block(rig).modes.operate(5, Idle())


async def test_a_refusal_of_the_station_is_passed_on() -> None:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        is_operation = profile_of(request)["stackLevel"] == 2
        refusal = {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidOperationMode"}}
        return refusal if is_operation else ACCEPTED

    async with v2x.bidirectional(answers={"SetChargingProfile": answer}) as (_, _, block):
        with pytest.raises(CommandError, match="InvalidOperationMode"):
            await block.modes.operate(1, Idle())
        assert block.modes.active(1) is None


async def test_a_mode_is_ended() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.operate(1, CentralSetpoint(setpoint_w=-3000))
        profile = await installed(station)
        await block.modes.end(1)
        assert await station.next_asked("ClearChargingProfile") == {"chargingProfileId": profile["id"]}
        assert block.modes.active(1) is None


async def test_a_mode_that_discharges_ends_at_the_floor() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        profile = await installed(station)
        await v2x.state_of_charge(station, 20)
        assert await station.next_asked("ClearChargingProfile") == {"chargingProfileId": profile["id"]}
        assert rig.faults[-1].code is FaultCode.BATTERY_LOWER_LIMIT
        with pytest.raises(CommandError, match="floor 20 %"):
            await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        await block.modes.operate(1, Idle())


async def test_setpoints_of_control_do_not_end_the_watch_over_a_mode() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await block.modes.operate(1, LocalFrequency(baseline_w=0, curve=CURVE))
        await rig.system.port("left").apply(setpoint(10))
        await v2x.state_of_charge(station, 19)
        await station.next_asked("ClearChargingProfile")


@shows("K28.FR.07", "K28.FR.12", ocpp="2.1")
async def test_a_station_pulls_the_present_values_of_a_dynamic_profile() -> None:
    async with v2x.bidirectional() as (rig, station, block):
        await block.modes.operate(1, CentralSetpoint(setpoint_w=-3000))
        profile = await installed(station)
        answer = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": profile["id"]})
        assert answer == {"status": "Accepted", "scheduleUpdate": {"setpoint": -3000}}
        await rig.system.port("left").apply(setpoint(-4))
        answer = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 12})
        assert answer["scheduleUpdate"] == {"setpoint": -4 * 690}, "control's own profile"
        answer = await station.call("PullDynamicScheduleUpdate", {"chargingProfileId": 4711})
        assert answer == {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfile"}}


@shows("K01.FR.72", "K01.FR.73", "K01.FR.111", "K21.FR.09", "K21.FR.10", ocpp="2.1")
async def test_priority_charging_is_asked_for_and_ended() -> None:
    async with v2x.bidirectional() as (_, station, block):
        await block.modes.prioritise(1, 40)
        profile = profile_of(await station.next_profile("PriorityCharging"))
        assert period_of(profile) == {"startPeriod": 0, "limit": 16 * 690, "operationMode": "ChargingOnly"}
        assert "duration" not in profile["chargingSchedule"][0]
        assert "transactionId" not in profile
        request = await station.next_asked("UsePriorityCharging")
        assert request == {"transactionId": words.TX, "activate": True}
        assert await station.call("NotifyPriorityCharging", {"transactionId": words.TX, "activated": True}) == {}
        assert block.modes.is_prioritised(1)
        await block.modes.prioritise(1, None)
        assert (await station.next_asked("UsePriorityCharging"))["activate"] is False
        assert await station.next_asked("ClearChargingProfile") == {"chargingProfileId": profile["id"]}
        await station.call("NotifyPriorityCharging", {"transactionId": words.TX, "activated": False})
        assert not block.modes.is_prioritised(1)


async def test_priority_charging_needs_a_station_that_knows_it() -> None:
    model = {"SmartChargingCtrlr__SupportedAdditionalPurposes": ""}
    async with v2x.bidirectional(model=model) as (_, _, block):
        with pytest.raises(CommandError, match="does not support it"):
            await block.modes.prioritise(1, 16)


@pytest.mark.parametrize(
    "build",
    [
        lambda: CentralSetpoint(setpoint_w=float("nan")),
        lambda: ChargingOnly(limit_w=-1),
        lambda: ChargingOnly(limit_w=1, soc_pct=101),
        lambda: ExternalSetpoint(limit_w=float("inf")),
        lambda: Idle(duration_s=0),
        lambda: LocalFrequency(baseline_w=0, curve=CURVE[:1]),
        lambda: LocalFrequency(baseline_w=0, curve=CURVE[::-1]),
        lambda: LocalFrequency(baseline_w=0, curve=(*CURVE, FrequencyPoint(500, 0))),
        lambda: LocalFrequency(baseline_w=0, curve=tuple(FrequencyPoint(48 + n / 10, 0) for n in range(21))),
        lambda: LocalFrequency(baseline_w=0, curve=CURVE, signal_curve=SIGNALS[:1]),
        lambda: LocalLoadBalancing(upper_threshold_w=0, lower_threshold_w=0),
    ],
)
def test_values_that_cannot_be_are_refused_when_a_mode_is_built(build: Any) -> None:
    with pytest.raises(SiteError):
        build()


POWERS = st.floats(-1e5, 1e5)
LIMITS = st.floats(0, 5e4)


@given(POWERS, st.lists(POWERS, min_size=2, max_size=20), st.lists(POWERS, max_size=20), LIMITS, LIMITS)
def test_no_sum_of_baseline_and_curves_is_beyond_the_bounds(
    baseline_w: float, curve_w: list[float], signals_w: list[float], charge_w: float, discharge_w: float
) -> None:
    operation = LocalFrequency(
        baseline_w=baseline_w,
        curve=tuple(FrequencyPoint(49 + n / 10, power_w) for n, power_w in enumerate(curve_w)),
        signal_curve=tuple(SignalPoint(n, power_w) for n, power_w in enumerate(signals_w))
        if len(signals_w) > 1
        else (),
    )
    period = operation.period(Bounds(charge_w, discharge_w, is_covered=False))
    for point in period["v2xFreqWattCurve"]:
        for signal_w in [0.0, *(signal["power"] for signal in period.get("v2xSignalWattCurve", []))]:
            total_w = period["v2xBaseline"] + point["power"] + signal_w
            assert -discharge_w - 1e-6 <= total_w <= charge_w + 1e-6


@given(POWERS, LIMITS, LIMITS)
def test_no_setpoint_or_limit_is_beyond_the_bounds(power_w: float, charge_w: float, discharge_w: float) -> None:
    bounds = Bounds(charge_w, discharge_w, is_covered=False)
    operations = (
        CentralSetpoint(setpoint_w=power_w),
        CentralFrequency(setpoint_w=power_w),
        ChargingOnly(limit_w=abs(power_w)),
        ExternalSetpoint(limit_w=abs(power_w), discharge_limit_w=abs(power_w)),
    )
    for operation in operations:
        for value_w in operation.period(bounds).values():
            assert -discharge_w <= value_w <= charge_w
