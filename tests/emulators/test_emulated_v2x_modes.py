"""Operation modes, dynamic profiles, grid services and faults of an emulated bidirectional station."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.conformance import shows
from tests.emulators.sessions import VEHICLES, start_v16, start_v201, v16_profile, v201_profile
from tests.emulators.site_of import document
from tests.emulators.station_bench import Bench, bench_of
from tests.emulators.v2x_sessions import flows, give, negotiated, profile, v2x_bench, v2x_session
from tidewatt.emulators.iso15118 import SeccState
from tidewatt.emulators.physics import TwoWayPoint

CURVE = [{"frequency": 49.8, "power": -6000}, {"frequency": 50.0, "power": 0}, {"frequency": 50.2, "power": 6000}]


async def inject(bench: Bench, command: str, **fields: Any) -> tuple[int, str]:
    host, port = bench.addresses.control
    url, body = f"http://{host}:{port}/commands", {"command": command, **fields}
    async with aiohttp.ClientSession() as client, client.post(url, json=body) as response:
        return response.status, str(await response.json())


async def injected(bench: Bench, command: str, **fields: Any) -> None:
    status, answer = await inject(bench, command, **fields)
    assert status == 200, answer


async def test_idle_lets_nothing_flow_and_sleep_pauses_the_vehicle_until_it_ends() -> None:
    async with v2x_bench() as bench:
        transaction_id = await negotiated(bench, setpoint=4600, operationMode="CentralSetpoint")
        await flows(bench, 4_600)
        session_id = v2x_session(bench).secc.session_id
        await give(bench, transaction_id, operationMode="Idle", evseSleep=True)
        await bench.until(lambda: v2x_session(bench).secc.state is SeccState.PAUSED)
        assert bench.outlet("S201").point.power_w == 0
        await give(bench, transaction_id, setpoint=-2300, operationMode="CentralSetpoint")
        await flows(bench, -2_300)
        assert v2x_session(bench).secc.session_id == session_id


async def test_charging_only_never_discharges() -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, limit=2300, operationMode="ChargingOnly")
        await flows(bench, 2_300)


async def test_a_new_operation_mode_is_told() -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, setpoint=-2300, operationMode="CentralFrequency", kind="Dynamic")
        told = await bench.central.hears("S201", "TransactionEvent", triggerReason="OperationModeChanged")
        assert told["transactionInfo"]["operationMode"] == "CentralFrequency"


async def test_local_frequency_follows_its_curve_and_the_signal() -> None:
    signal = [{"signal": -10, "power": -1000}, {"signal": 10, "power": 1000}]
    async with v2x_bench() as bench:
        await negotiated(
            bench,
            operationMode="LocalFrequency",
            v2xBaseline=1000,
            v2xFreqWattCurve=CURVE,
            v2xSignalWattCurve=signal,
        )
        await flows(bench, 1_000)
        await injected(bench, "grid_frequency", frequency_hz=49.9)
        await flows(bench, -2_000)
        await injected(bench, "grid_frequency", frequency_hz=50.1)
        await flows(bench, 4_000)
        request = {"timestamp": bench.emulation.time.timestamp(), "signal": -5}
        assert await bench.central.call("S201", "AFRRSignal", request) == {"status": "Accepted"}
        await flows(bench, 3_500)


async def test_a_signal_without_a_curve_is_refused() -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, setpoint=1000, operationMode="CentralSetpoint")
        request = {"timestamp": bench.emulation.time.timestamp(), "signal": 1}
        assert (await bench.central.call("S201", "AFRRSignal", request))["status"] == "Rejected"


async def test_local_load_balancing_keeps_the_connection_between_its_thresholds() -> None:
    async with v2x_bench() as bench:
        data = [
            {
                "component": {"name": "V2XChargingCtrlr", "evse": {"id": 1}},
                "variable": {"name": "LocalLoadBalancing", "instance": instance},
                "attributeValue": value,
            }
            for instance, value in (("UpperThreshold", "2000"), ("LowerThreshold", "500"))
        ]
        answer = await bench.central.call("S201", "SetVariables", {"setVariableData": data})
        assert {row["attributeStatus"] for row in answer["setVariableResult"]} == {"Accepted"}
        await negotiated(bench, operationMode="LocalLoadBalancing")
        await injected(bench, "house_load", current_a=[8, 8, 8])
        await bench.until(lambda: sum(bench.emulation.world.circuit_current_a("main")) * 230 == pytest.approx(2000))
        await injected(bench, "house_load", current_a=0)
        await bench.until(lambda: sum(bench.emulation.world.circuit_current_a("main")) * 230 == pytest.approx(500))


async def test_an_energy_manager_gives_the_setpoint_and_nothing_flows_without_it() -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, limit=5000, dischargeLimit=-3000, operationMode="ExternalSetpoint")
        await flows(bench, 0)
        await injected(bench, "external_control", charger="left", setpoint_w=-2500)
        await bench.central.hears("S201", "NotifyChargingLimit")
        await flows(bench, -2_500)
        await injected(bench, "external_control", charger="left", setpoint_w=-9000)
        await flows(bench, -3_000)
        await injected(bench, "external_control", charger="left")
        await bench.central.hears("S201", "ClearedChargingLimit")
        await flows(bench, 0)


@shows("K28.FR.09", "K28.FR.13", "K28.FR.14", ocpp="2.1")
async def test_a_dynamic_profile_runs_out_without_updates_and_is_good_again_with_one() -> None:
    async with v2x_bench() as bench:
        transaction_id = await negotiated(bench, limit=1150, profile_id=2, profile_stackLevel=0)
        await give(bench, transaction_id, kind="Dynamic", setpoint=-4600, operationMode="CentralSetpoint", duration=30)
        await flows(bench, -4_600)
        update = {"chargingProfileId": 1, "scheduleUpdate": {"setpoint": -2300}}
        assert await bench.central.call("S201", "UpdateDynamicSchedule", update) == {"status": "Accepted"}
        await flows(bench, -2_300)
        await flows(bench, 1_150)
        update["scheduleUpdate"] = {"setpoint": -3450}
        await bench.central.call("S201", "UpdateDynamicSchedule", update)
        await flows(bench, -3_450)


@shows("K28.FR.10", ocpp="2.1")
async def test_a_dynamic_profile_with_an_interval_is_pulled() -> None:
    async with v2x_bench(
        answers={"PullDynamicScheduleUpdate": {"status": "Accepted", "scheduleUpdate": {"setpoint": -1150}}}
    ) as bench:
        await negotiated(
            bench,
            kind="Dynamic",
            setpoint=2300,
            operationMode="CentralSetpoint",
            profile_dynUpdateInterval=10,
        )
        asked = await bench.central.hears("S201", "PullDynamicScheduleUpdate")
        assert asked == {"chargingProfileId": 1}
        await flows(bench, -1_150)


async def test_a_limit_at_a_state_of_charge_holds_from_there_on() -> None:
    async with v2x_bench(battery_kwh=2, soc_pct=58) as bench:
        await negotiated(bench, limit=9200, limitAtSoC={"soc": 60, "limit": 2300})
        await flows(bench, 9_200)
        await flows(bench, 2_300)
        assert bench.outlet("S201").point.soc_pct == pytest.approx(60, abs=1.5)


async def test_priority_charging_needs_its_profile_and_replaces_the_others() -> None:
    async with v2x_bench() as bench:
        transaction_id = await negotiated(bench, setpoint=-2300, operationMode="CentralSetpoint")
        request = {"transactionId": transaction_id, "activate": True}
        assert await bench.central.call("S201", "UsePriorityCharging", request) == {"status": "NoProfile"}
        first = profile(None, limit=9200, profile_id=9, profile_chargingProfilePurpose="PriorityCharging")
        await bench.central.call("S201", "SetChargingProfile", {"evseId": 1, "chargingProfile": first})
        assert await bench.central.call("S201", "UsePriorityCharging", request) == {"status": "Accepted"}
        await bench.central.hears("S201", "NotifyPriorityCharging", activated=True)
        await flows(bench, 9_200)
        await injected(bench, "priority_charging", charger="left", on=False)
        await flows(bench, -2_300)


@shows("R04.FR.01", "R04.FR.03", "R04.FR.20", ocpp="2.1")
async def test_grid_controls_cut_what_is_given_back_by_their_priority() -> None:
    async with v2x_bench() as bench:

        async def control(control_id: str, **fields: Any) -> dict[str, Any]:
            request = {"controlId": control_id, "isDefault": True, **fields}
            return await bench.central.call("S201", "SetDERControl", request)

        await negotiated(bench, setpoint=-8000, operationMode="CentralSetpoint")
        await flows(bench, -8_000)
        half = {"priority": 5, "pctMaxDischargePower": 50}
        assert await control("a", controlType="LimitMaxDischarge", limitMaxDischarge=half) == {"status": "Accepted"}
        await flows(bench, -5_520)
        tenth = {"priority": 1, "pctMaxDischargePower": 10}
        answer = await control("b", controlType="LimitMaxDischarge", limitMaxDischarge=tenth)
        assert answer == {"status": "Accepted", "supersededIds": ["a"]}
        await flows(bench, -1_104)
        assert (await control("c", controlType="VoltVar"))["status"] == "NotSupported"
        got = await bench.central.call("S201", "GetDERControl", {"requestId": 4})
        assert got == {"status": "Accepted"}
        report = await bench.central.hears("S201", "ReportDERControl")
        assert {row["id"]: row["isSuperseded"] for row in report["limitMaxDischarge"]} == {"a": True, "b": False}
        now = bench.emulation.time.timestamp()
        timed = {"priority": 0, "pctMaxDischargePower": 20, "startTime": now, "duration": 20}
        await control("d", isDefault=False, controlType="LimitMaxDischarge", limitMaxDischarge=timed)
        await bench.central.hears("S201", "NotifyDERStartStop", controlId="d", started=True)
        await flows(bench, -2_208)
        await bench.central.hears("S201", "NotifyDERStartStop", controlId="d", started=False)
        await flows(bench, -1_104)
        cleared = await bench.central.call("S201", "ClearDERControl", {"isDefault": True})
        assert cleared == {"status": "Accepted"}
        await flows(bench, -8_000)


async def test_an_alarm_of_the_grid_is_reported() -> None:
    async with v2x_bench() as bench:
        await injected(bench, "der_alarm", charger="left", control_type="FreqDroop", grid_event="OverFrequency")
        told = await bench.central.hears("S201", "NotifyDERAlarm")
    assert (told["gridEventFault"], told["alarmEnded"]) == ("OverFrequency", False)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("bms_timeout", "TIMEOUT_BMS_RESPONSE"),
        ("grid_sync_lost", "ERR_GRID_SYNC_LOST"),
        ("phase_mismatch", "E_INVERTER_PHASE_MISMATCH"),
    ],
)
async def test_a_fault_ends_the_flow_is_reported_and_goes_away_again(fault: str, code: str) -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        await injected(bench, "vehicle_fault", charger="left", fault=fault, on=True)
        await flows(bench, 0)
        told = await bench.central.hears("S201", "NotifyEvent")
        assert told["eventData"][0]["techCode"] == code
        await injected(bench, "vehicle_fault", charger="left", fault=fault, on=False)
        await flows(bench, -4_600)
        cleared = bench.central.heard("S201", "NotifyEvent")[-1]
        assert cleared["eventData"][0]["cleared"] is True


async def test_a_vehicle_pauses_and_wakes_by_its_own_wish() -> None:
    async with v2x_bench() as bench:
        await negotiated(bench, setpoint=-4600, operationMode="CentralSetpoint")
        await flows(bench, -4_600)
        await injected(bench, "vehicle_session", charger="left", action="pause")
        await flows(bench, 0)
        await bench.passes(60)
        assert v2x_session(bench).secc.state is SeccState.PAUSED
        await injected(bench, "vehicle_session", charger="left", action="wake")
        await flows(bench, -4_600)


async def test_what_cannot_be_done_to_a_vehicle_is_named_with_its_remedy() -> None:
    async with v2x_bench() as bench:
        for command, fields in (
            ("vehicle_fault", {"charger": "left", "fault": "moths", "on": True}),
            ("vehicle_soc", {"charger": "right", "soc_pct": 20}),
            ("grid_frequency", {"frequency_hz": 5}),
            ("priority_charging", {"charger": "moon", "on": True}),
        ):
            status, answer = await inject(bench, command, **fields)
            assert status == 400
            assert "remedy" in answer


NEGATIVE = {"service": "AC_BPT", "maximum_discharge_kw": 8}
NEGATIVE_LIMITS = ((10, 6_900), (-10, -6_900), (0, 0), (-20, -8_000))


@asynccontextmanager
async def older(station_id: str, charger_id: str, version: str) -> AsyncIterator[tuple[Bench, TwoWayPoint]]:
    """Run a station of an older version that discharges on negative limits."""
    stations = [{"station": station_id, "version": version, "negative_limit": True}]
    vehicle = {"charger": charger_id, "battery_kwh": 50, "soc_pct": 60, "plug_in_after_s": None, "iso15118": NEGATIVE}
    async with bench_of(document(stations=stations, vehicles=[vehicle])) as bench:
        await bench.central.hears(station_id, "StatusNotification")
        point = bench.emulation.world.points[charger_id]
        assert isinstance(point, TwoWayPoint)
        yield bench, point


async def follows(bench: Bench, point: TwoWayPoint, power_w: float) -> None:
    await bench.until(lambda: abs(point.power_w - power_w) < 1)


async def test_a_station_of_1_6_discharges_on_negative_limits() -> None:
    async with older("S16", "right", "1.6") as (bench, point):
        await start_v16(bench)
        for limit_a, power_w in NEGATIVE_LIMITS:
            request = {"connectorId": 1, "csChargingProfiles": v16_profile(limit_a)}
            assert await bench.central.call("S16", "SetChargingProfile", request) == {"status": "Accepted"}
            await follows(bench, point, power_w)


async def test_a_station_of_2_0_1_discharges_on_negative_limits() -> None:
    async with older("S201", "left", "2.0.1") as (bench, point):
        transaction_id = await start_v201(bench)
        for limit_a, power_w in NEGATIVE_LIMITS:
            request = {"evseId": 1, "chargingProfile": v201_profile(limit_a, transaction_id)}
            assert await bench.central.call("S201", "SetChargingProfile", request) == {"status": "Accepted"}
            await follows(bench, point, power_w)


async def test_a_station_that_cannot_discharge_refuses_negative_limits() -> None:
    async with bench_of(document(stations=[{"station": "S201", "version": "2.0.1"}], vehicles=VEHICLES)) as bench:
        await bench.central.hears("S201", "StatusNotification")
        transaction_id = await start_v201(bench)
        request = {"evseId": 1, "chargingProfile": v201_profile(-10, transaction_id)}
        assert (await bench.central.call("S201", "SetChargingProfile", request))["status"] == "Rejected"
