"""Variables are watched, and what stations notice about them is heard, once and with its severity."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import ACCEPTED, V21, V201, RawStation, Rig, central, charger, connected
from tests.drivers_ocpp.ocpp_v201_words import at
from tidewatt.drivers.ocpp.blocks import Monitor, Monitoring, MonitorKind, StationEvent
from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.site import CommandError, FaultCode

BOTH = pytest.mark.parametrize("version", [V201, V21])
HEAT = VariableKey("EVSE", "Temperature", evse_id=1)
TOO_HOT = Monitor(key=HEAT, kind=MonitorKind.UPPER, value=80.0, severity=2)


def monitoring(rig: Rig) -> Monitoring:
    return rig.system.station("left").block(Monitoring)


def event_of(key: VariableKey = HEAT, value: str = "85", **more: Any) -> dict[str, Any]:
    event = {"eventId": 1, "timestamp": at(), "trigger": "Alerting", "actualValue": value}
    return key.to_wire() | event | {"eventNotificationType": "CustomMonitor"} | more


async def notify(station: RawStation, *events: dict[str, Any], number: int = 0) -> None:
    payload = {"generatedAt": at(), "seqNo": number, "eventData": list(events)}
    assert await station.call("NotifyEvent", payload) == {}


def set_monitors(payload: dict[str, Any]) -> dict[str, Any]:
    results = []
    for row in payload["setMonitoringData"]:
        kept = {name: row[name] for name in ("type", "component", "variable", "severity")}
        results.append(kept | {"status": "Accepted", "id": row.get("id", 41)})
    return {"setMonitoringResult": results}


@BOTH
@shows("N07.FR.03", "N08.FR.02", "N04.FR.01", "N04.FR.02", ocpp=("2.0.1", "2.1"))
async def test_what_a_monitor_sees_is_heard_and_named_when_it_is_severe(version: str) -> None:
    answers = {"SetVariableMonitoring": set_monitors}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        heard: list[StationEvent] = []
        monitoring(rig).listeners.subscribe(heard.append)
        monitor = await monitoring(rig).set(TOO_HOT)
        assert monitor.monitor_id == 41
        await notify(
            station, event_of(variableMonitoringId=41, techInfo="heatsink"), event_of(HEAT, "60", cleared=True)
        )
        await notify(station, event_of(value="3"), number=1)
        assert [(event.value, event.severity, event.is_cleared) for event in heard] == [
            ("85", 2, False),
            ("60", None, True),
            ("3", None, False),
        ]
        [fault] = [fault for fault in rig.faults if fault.code is FaultCode.CHARGER_FAULTED]
        assert fault.detail == "The station reports: EVSE@1.Temperature is 85 (heatsink)."


@BOTH
async def test_events_that_are_no_events_harm_nobody(version: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        await station.call("NotifyEvent", {"eventData": [{}, {"component": 3}, "x"], "seqNo": "n"})
        for number in range(300):
            await notify(station, event_of(value=str(number)))
        assert (len(monitoring(rig).events), monitoring(rig).events[-1].value) == (100, "299")


@BOTH
@shows("N02.FR.10", "N03.FR.04", "N05.FR.01", ocpp=("2.0.1", "2.1"))
async def test_monitors_are_reported_and_ended(version: str) -> None:
    cleared = {"clearMonitoringResult": [{"status": "Accepted", "id": 1}, {"status": "NotFound", "id": 2}]}
    answers = {
        "GetMonitoringReport": ACCEPTED,
        "ClearVariableMonitoring": cleared,
        "SetMonitoringBase": ACCEPTED,
        "SetMonitoringLevel": ACCEPTED,
    }
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        block = monitoring(rig)
        await block.set_base("FactoryDefault")
        await block.set_level(5)
        assert await station.next_asked("SetMonitoringBase") == {"monitoringBase": "FactoryDefault"}
        assert await station.next_asked("SetMonitoringLevel") == {"severity": 5}
        assert await block.clear([1, 2, 3]) == {2: "NotFound", 3: "no answer"}
        monitor = {"id": 5, "transaction": True, "value": 80, "type": "UpperThreshold", "severity": 2}
        rows = [HEAT.to_wire() | {"variableMonitoring": [monitor, monitor | {"type": "Vendor"}]}]

        async def tell(request_id: int) -> None:
            payload = {"requestId": request_id, "seqNo": 0, "generatedAt": at(), "monitor": rows}
            assert await station.call("NotifyMonitoringReport", payload) == {}

        task = asyncio.create_task(block.report())
        await tell((await station.next_asked("GetMonitoringReport"))["requestId"])
        [found] = await task
        assert (found.monitor_id, found.kind, found.during_transaction) == (5, MonitorKind.UPPER, True)
        station.answers["GetMonitoringReport"] = {"status": "EmptyResultSet"}
        assert await block.report() == ()
        station.answers["GetMonitoringReport"] = {"status": "NotSupported"}
        with pytest.raises(CommandError, match="NotSupported"):
            await block.report()


@BOTH
@shows("N06.FR.04", ocpp=("2.0.1", "2.1"))
async def test_not_more_monitors_are_ended_at_once_than_the_station_takes(version: str) -> None:
    def limits(payload: dict[str, Any]) -> dict[str, Any]:
        known = {"name": "ItemsPerMessage", "instance": "ClearVariableMonitoring"}
        value = {"attributeStatus": "Accepted", "attributeValue": "2"}
        unknown = {"attributeStatus": "UnknownVariable"}
        rows = payload["getVariableData"]
        return {"getVariableResult": [row | (value if row["variable"] == known else unknown) for row in rows]}

    def clear(payload: dict[str, Any]) -> dict[str, Any]:
        return {"clearMonitoringResult": [{"status": "Accepted", "id": number} for number in payload["id"]]}

    answers = {"GetVariables": limits, "ClearVariableMonitoring": clear}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await station.prepared()
        assert await monitoring(rig).clear([1, 2, 3]) == {}
        assert [(await station.next_asked("ClearVariableMonitoring"))["id"] for _ in range(2)] == [[1, 2], [3]]


async def test_a_monitor_that_the_station_does_not_take_is_none() -> None:
    def refuse(payload: dict[str, Any]) -> dict[str, Any]:
        answer = set_monitors(payload)
        answer["setMonitoringResult"][0]["status"] = "UnsupportedMonitorType"
        return answer

    async with (
        central([charger()]) as rig,
        connected(rig, version=V21, answers={"SetVariableMonitoring": refuse}) as it,
    ):
        await it.boot()
        with pytest.raises(CommandError, match=r"watching EVSE@1.Temperature failed: UnsupportedMonitorType"):
            await monitoring(rig).set(TOO_HOT)


async def test_a_periodic_monitor_streams_its_values() -> None:
    periodic = Monitor(key=HEAT, kind=MonitorKind.PERIODIC, value=1, severity=8, streams_every_s=10)
    async with (
        central([charger()]) as rig,
        connected(rig, version=V21, answers={"SetVariableMonitoring": set_monitors}) as it,
    ):
        await it.boot()
        await monitoring(rig).set(periodic)
        request = await it.next_asked("SetVariableMonitoring")
        assert request["setMonitoringData"][0]["periodicEventStream"] == {"interval": 10}
        stream = {"id": 3, "params": {"interval": 10}, "variableMonitoringId": 41}
        assert await it.call("OpenPeriodicEventStream", {"constantStreamData": stream}) == ACCEPTED
        foreign = stream | {"id": 4, "variableMonitoringId": 99}
        assert await it.call("OpenPeriodicEventStream", {"constantStreamData": foreign}) == {"status": "Rejected"}
        for stream_id in (3, 4):
            data: dict[str, Any] = {"id": stream_id, "pending": 0, "basetime": "2026-11-20T12:00:00Z"}
            data["data"] = [{"t": 1.5, "v": "61"}, {"t": "soon", "v": "62"}, {"t": 2.5, "v": "63"}]
            await it.socket.send_str(json.dumps([6, f"m{stream_id}", "NotifyPeriodicEventStream", data]))
        assert await it.call("ClosePeriodicEventStream", {"id": 3}) == {}
        events = list(monitoring(rig).events)
        assert [event.value for event in events] == ["61", "63"]
        assert str(events[1].at_utc) == "2026-11-20 12:00:02.500000+00:00"
