"""Use cases R01 to R05: a station's DER controls are set, read and cleared, and its alarms become faults."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp import ocpp_v2x_words as v2x, ocpp_v201_words as words
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V201, RawStation, Rig, central, charger, connected
from tidewatt.drivers.ocpp.blocks.der import (
    Der,
    DerControl,
    EnterService,
    FixedPowerFactor,
    FixedVar,
    FreqDroop,
    FreqWatt,
    Gradients,
    LimitMaxDischarge,
    Point,
    Unit,
    VoltVar,
    VoltWatt,
    When,
)
from tidewatt.drivers.ocpp.blocks.der.report import read_report
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.schemas import load_schemas
from tidewatt.site import CommandError, FaultCode, SiteError

DROOP: dict[str, Any] = {"over_hz": 50.2, "under_hz": 49.8, "over_droop": 0.05, "under_droop": 0.05, "response_s": 2.0}
NOON = When(datetime(2026, 11, 20, 12, tzinfo=UTC), 3600)
VOLTS = (Point(93, 44), Point(97, 0), Point(103, 0), Point(107, -44))


@asynccontextmanager
async def der(**answers: Any) -> AsyncIterator[tuple[Rig, RawStation, Der]]:
    """Run a central system and a station whose DER controls answer by script."""
    common = dict.fromkeys(["SetDERControl", "GetDERControl", "ClearDERControl"], ACCEPTED)
    async with (
        central([charger(discharge_maximum_a=16)]) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers() | common | answers) as station,
    ):
        await station.boot()
        await station.prepared()
        yield rig, station, rig.system.station("left").block(Der)


@shows("R04.FR.12", "R04.FR.16", ocpp="2.1")
async def test_a_default_control_has_no_time() -> None:
    async with der() as (_, station, block):
        control_id, superseded = await block.set(FreqDroop(**DROOP, priority=1))
        assert await station.next_asked("SetDERControl") == {
            "isDefault": True,
            "controlId": control_id,
            "controlType": "FreqDroop",
            "freqDroop": {
                "priority": 1,
                "overFreq": 50.2,
                "underFreq": 49.8,
                "overDroop": 0.05,
                "underDroop": 0.05,
                "responseTime": 2.0,
            },
        }
        assert superseded == ()


async def test_a_scheduled_control_has_its_time_and_an_id_of_its_owner() -> None:
    async with der() as (_, station, block):
        await block.set(LimitMaxDischarge(power_pct=50, when=NOON), control_id="dso-7")
        assert await station.next_asked("SetDERControl") == {
            "isDefault": False,
            "controlId": "dso-7",
            "controlType": "LimitMaxDischarge",
            "limitMaxDischarge": {
                "priority": 0,
                "pctMaxDischargePower": 50,
                "startTime": "2026-11-20T12:00:00Z",
                "duration": 3600,
            },
        }


async def test_what_a_control_supersedes_is_told() -> None:
    async with der(SetDERControl={"status": "Accepted", "supersededIds": ["old", 7]}) as (_, _, block):
        assert (await block.set(FreqDroop(**DROOP), control_id="new")) == ("new", ("old",))


@pytest.mark.parametrize("status", ["NotSupported", "Rejected"])
async def test_a_refusal_is_passed_on(status: str) -> None:
    async with der(SetDERControl={"status": status, "statusInfo": {"reasonCode": "Why"}}) as (_, _, block):
        with pytest.raises(CommandError, match=rf"{status} \(Why\)"):
            await block.set(FreqDroop(**DROOP))


EVERY: list[DerControl] = [
    FreqDroop(**DROOP, when=NOON),
    FreqWatt(points=(Point(49.8, 0), Point(50.2, 100)), unit=Unit.MAX_W, when=NOON),
    VoltVar(points=VOLTS, unit=Unit.MAX_VAR, response_s=10),
    VoltWatt(points=(Point(106, 100), Point(110, 0)), unit=Unit.MAX_W),
    FixedPowerFactor(injects=True, displacement=0.95, excitation=False),
    FixedPowerFactor(injects=False, displacement=0.95, excitation=True, when=NOON),
    FixedVar(setpoint_pct=-20, unit=Unit.MAX_VAR),
    LimitMaxDischarge(power_pct=60),
    Gradients(gradient_s=10, soft_gradient_s=60),
    EnterService(high_v=253, low_v=195.5, high_hz=50.1, low_hz=47.5, delay_s=60, ramp_s=600),
]


@shows("R04.FR.14", "R04.FR.16", ocpp="2.1")
@pytest.mark.parametrize("control", EVERY, ids=lambda control: control.control_type)
async def test_every_control_fits_the_schema_in_its_own_field(control: DerControl) -> None:
    async with der() as (_, station, block):
        await block.set(control)
        request = await station.next_asked("SetDERControl")
        assert request.keys() == {"isDefault", "controlId", "controlType", control.field}
        (await load_schemas(OcppVersion.V21)).check_request("SetDERControl", request)


@pytest.mark.parametrize(
    "build",
    [
        lambda: FreqDroop(**{**DROOP, "under_hz": 51.0}),
        lambda: FreqDroop(**{**DROOP, "over_droop": -1.0}),
        lambda: FreqDroop(**DROOP, priority=-1),
        lambda: FreqWatt(points=(Point(500, 0),), unit=Unit.MAX_W),
        lambda: FreqWatt(points=(Point(50, 0),), unit=Unit.EFFECTIVE_V),
        lambda: VoltVar(points=(), unit=Unit.MAX_VAR),
        lambda: VoltVar(points=VOLTS[::-1], unit=Unit.MAX_VAR),
        lambda: VoltVar(points=tuple(Point(n, 0) for n in range(11)), unit=Unit.MAX_VAR),
        lambda: VoltWatt(points=(Point(float("nan"), 0),), unit=Unit.MAX_W),
        lambda: FixedPowerFactor(injects=True, displacement=1.1, excitation=True),
        lambda: FixedVar(setpoint_pct=101, unit=Unit.MAX_VAR),
        lambda: FixedVar(setpoint_pct=10, unit=Unit.NONE),
        lambda: LimitMaxDischarge(power_pct=-1),
        lambda: Gradients(gradient_s=-1, soft_gradient_s=0),
        lambda: EnterService(high_v=200, low_v=250, high_hz=50.1, low_hz=47.5),
        lambda: When(datetime(2026, 11, 20, 12), 60),  # noqa: DTZ001 - that it has no zone is the point
        lambda: When(NOON.start_utc, 0),
    ],
)
def test_values_that_cannot_be_are_refused_when_a_control_is_built(build: Any) -> None:
    with pytest.raises(SiteError):
        build()


def report(station_request: dict[str, Any], *, tbc: bool, **lists: Any) -> dict[str, Any]:
    return {"requestId": station_request["requestId"], "tbc": tbc, **lists}


async def test_a_report_in_parts_is_put_together() -> None:
    async with der() as (_, station, block):
        reading = asyncio.create_task(block.report())
        request = await station.next_asked("GetDERControl")
        droop = {"id": "a", "isDefault": True, "isSuperseded": False, "freqDroop": {"priority": 2, **wire_droop()}}
        await station.call("ReportDERControl", report(request, tbc=True, freqDroop=[droop]))
        curve = {"id": "b", "curveType": "VoltVar", "isDefault": False, "isSuperseded": True, "curve": wire_curve()}
        gradient = {"id": "c", "gradient": {"priority": 0, "gradient": 1, "softGradient": 1}}
        await station.call("ReportDERControl", report(request, tbc=False, curve=[curve], gradient=[gradient]))
        found = {control.control_id: control for control in await reading}
        assert (found["a"].control_type, found["a"].priority, found["a"].is_default) == ("FreqDroop", 2, True)
        assert (found["b"].control_type, found["b"].is_superseded) == ("VoltVar", True)
        assert (found["c"].control_type, found["c"].is_default) == ("Gradients", True)


def wire_droop() -> dict[str, float]:
    return {"overFreq": 50.2, "underFreq": 49.8, "overDroop": 1, "underDroop": 1, "responseTime": 1}


def wire_curve() -> dict[str, Any]:
    return {"priority": 0, "yUnit": "PctMaxVar", "curveData": [{"x": 90, "y": 1}]}


async def test_without_controls_there_is_nothing_to_report() -> None:
    async with der(GetDERControl={"status": "NotFound"}) as (_, station, block):
        assert await block.report(is_default=True, control_type="VoltVar") == ()
        request = await station.next_asked("GetDERControl")
        assert (request["isDefault"], request["controlType"]) == (True, "VoltVar")


async def test_reports_that_nobody_asked_for_or_that_never_end_do_no_harm() -> None:
    async with der() as (rig, station, _):
        assert await station.call("ReportDERControl", {"requestId": 4711}) == {}
    async with (
        central([charger(discharge_maximum_a=16)], call_timeout_s=1) as rig,
        connected(rig, version=v2x.V21, answers=v2x.answers() | {"GetDERControl": ACCEPTED}) as station,
    ):
        await station.boot()
        await station.prepared()
        with pytest.raises(CommandError, match="not completed in time"):
            await rig.system.station("left").block(Der).report()


async def test_a_report_ends_with_its_connection() -> None:
    async with central([charger(discharge_maximum_a=16)]) as rig:
        async with connected(rig, version=v2x.V21, answers=v2x.answers() | {"GetDERControl": ACCEPTED}) as station:
            await station.boot()
            await station.prepared()
            reading = asyncio.create_task(rig.system.station("left").block(Der).report())
            await station.next_asked("GetDERControl")
            await station.call("Heartbeat", {})
        with pytest.raises(CommandError, match="connection closed"):
            await reading


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"is_default": True}, {"isDefault": True}),
        ({"is_default": False, "control_type": "VoltVar"}, {"isDefault": False, "controlType": "VoltVar"}),
        ({"is_default": False, "control_type": "VoltVar", "control_id": "x"}, {"isDefault": False, "controlId": "x"}),
    ],
)
async def test_controls_are_cleared_by_kind_by_id_or_all(selection: dict[str, Any], expected: dict[str, Any]) -> None:
    async with der() as (_, station, block):
        assert await block.clear(**selection) is True
        assert await station.next_asked("ClearDERControl") == expected


async def test_clearing_what_is_not_there_is_no_failure() -> None:
    async with der(ClearDERControl={"status": "NotFound"}) as (_, _, block):
        assert await block.clear(is_default=True, control_id="x") is False


async def test_scheduled_controls_are_followed() -> None:
    async with der() as (_, station, block):
        await station.call("NotifyDERStartStop", {"controlId": "a", "started": True, "timestamp": words.at()})
        begun = {"controlId": "b", "started": True, "timestamp": words.at(), "supersededIds": ["a"]}
        await station.call("NotifyDERStartStop", begun)
        assert block.started == {"b"}
        await station.call("NotifyDERStartStop", {"controlId": "b", "started": False, "timestamp": words.at()})
        assert block.started == frozenset()


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("OverVoltage", FaultCode.GRID_SYNC_LOST),
        ("UnderFrequency", FaultCode.GRID_SYNC_LOST),
        ("PhaseRotation", FaultCode.PHASE_MISMATCH),
        ("CurrentImbalance", FaultCode.PHASE_MISMATCH),
        ("OverCurrent", FaultCode.DISCHARGE_LIMIT),
    ],
)
async def test_alarms_become_faults_and_end(event: str, code: FaultCode) -> None:
    async with der() as (rig, station, block):
        alarm = {"controlType": "VoltWatt", "gridEventFault": event, "timestamp": words.at(), "extraInfo": "L2"}
        assert await station.call("NotifyDERAlarm", alarm) == {}
        assert alarm_of(block) == ("VoltWatt", event)
        assert (rig.faults[-1].code, rig.faults[-1].subject_id) == (code, "left")
        assert event in rig.faults[-1].detail
        other = {"controlType": "HFMustTrip", "timestamp": words.at()}
        await station.call("NotifyDERAlarm", other)
        assert alarm_of(block) == ("HFMustTrip", None)
        await station.call("NotifyDERAlarm", other | {"alarmEnded": True})
        assert alarm_of(block) is None
        assert len(rig.faults) == 2


def alarm_of(block: Der) -> tuple[str, str | None] | None:
    return None if block.alarm is None else (block.alarm.control_type, block.alarm.event)


async def test_a_station_of_another_version_has_no_controls() -> None:
    async with central([charger()]) as rig, connected(rig, version=V201) as station:
        await words.charging(station)
        with pytest.raises(CommandError, match=r"not connected with OCPP 2\.1"):
            await rig.system.station("left").block(Der).set(FreqDroop(**DROOP))


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
ROWS = st.lists(st.dictionaries(st.sampled_from(["id", "curveType", "curve", "freqDroop", "isDefault"]), JSON))


@given(st.dictionaries(st.sampled_from(["curve", "freqDroop", "gradient", "fixedVar"]), JSON | ROWS))
def test_no_hostile_report_breaks_the_reading(payload: dict[str, Any]) -> None:
    for control in read_report(payload):
        assert control.control_id
        assert control.control_type
