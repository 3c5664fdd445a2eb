"""How well a station is reached is measured, shown to control, and a fault when it is not good enough."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from hypothesis import given, strategies as st
import pytest

from tests.drivers_ocpp.ocpp_rig import V16, V201, Rig, central, charger, connected
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp.blocks.signal import signal_dbm
from tidewatt.drivers.ocpp.link_quality import LinkWatch
from tidewatt.site import FaultCode, LinkQuality


class Told:
    """A link watch and what it told."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.faults: list[tuple[FaultCode, str]] = []
        self.changes = 0
        self.watch = LinkWatch(
            lambda code, detail: self.faults.append((code, detail)), self._change, lambda: self.now_s
        )

    def _change(self) -> None:
        self.changes += 1

    def is_bad(self) -> bool:
        """Return the verdict."""
        return self.watch.is_bad

    def ping(self, *times_s: float | None) -> LinkQuality:
        """Take pings, 15 s apart, and return the quality then."""
        for time_s in times_s:
            self.now_s += 15
            self.watch.ponged(time_s)
        assert self.watch.quality is not None
        return self.watch.quality


def test_nothing_is_known_before_the_first_ping() -> None:
    assert Told().watch.quality is None


def test_the_round_trip_is_smoothed() -> None:
    told = Told()
    assert told.ping(0.1).round_trip_s == pytest.approx(0.1)
    assert told.ping(0.5).round_trip_s == pytest.approx(0.2)


def test_a_station_that_thinks_long_is_not_taken_for_a_slow_link() -> None:
    told = Told()
    told.ping(0.01)
    for _ in range(20):
        told.watch.answered(5.0)
    assert told.watch.quality == LinkQuality(round_trip_s=0.01, loss=0.0)
    assert told.faults == []
    assert told.watch.diagnostics()["call_s"] > 1


def test_without_pongs_the_quickest_of_the_last_answers_stands_for_the_link() -> None:
    told = Told()
    for took_s in (3.0, 0.2, 4.0):
        told.watch.answered(took_s)
    assert told.watch.quality == LinkQuality(round_trip_s=0.2, loss=0.0)
    for _ in range(5):
        told.watch.answered(1.5)
    assert told.is_bad()


def test_a_slow_link_is_a_fault_until_it_is_clearly_fast_again() -> None:
    told = Told()
    told.ping(*[1.1] * 3)
    assert [code for code, _ in told.faults] == [FaultCode.LATENCY_OVER_BUDGET] * 2
    assert "1100 ms" in told.faults[0][1]
    told.ping(*[0.9] * 20)
    assert told.is_bad(), "not yet: it would come and go"
    told.ping(*[0.7] * 20)
    assert not told.is_bad()
    assert told.changes == 2


def test_a_lossy_link_is_a_fault_until_it_is_clearly_sound_again() -> None:
    told = Told()
    told.ping(*[0.01] * 16)
    assert told.ping(*[None] * 4).loss == pytest.approx(0.2)
    assert not told.is_bad()
    told.ping(None)
    assert told.is_bad()
    assert "25%" in told.faults[0][1]
    told.ping(*[0.01] * 17)
    assert told.is_bad()
    told.ping(*[0.01] * 2)
    assert not told.is_bad()


def test_few_lost_questions_say_nothing_yet() -> None:
    told = Told()
    told.ping(*[None] * 4)
    assert not told.is_bad()
    told.ping(None)
    assert told.is_bad()


def test_what_was_lost_is_not_forgotten_with_the_connection() -> None:
    told = Told()
    told.ping(*[None] * 5)
    told.watch.connected()
    assert told.watch.quality == LinkQuality(round_trip_s=None, loss=1.0)


@given(st.lists(st.none() | st.floats(0, 100), min_size=1, max_size=60))
def test_whatever_is_measured_the_figures_make_sense(times_s: list[float | None]) -> None:
    told = Told()
    quality = told.ping(*times_s)
    assert 0 <= quality.loss <= 1
    answered = [time_s for time_s in times_s if time_s is not None]
    if answered and quality.round_trip_s is not None:
        assert min(answered) - 1e-9 <= quality.round_trip_s <= max(answered) + 1e-9
    if told.is_bad():
        assert told.faults


def link_of(rig: Rig) -> LinkQuality | None:
    """Return the newest link of the charger."""
    return rig.state().link


async def test_pings_over_a_real_socket_reach_the_charger_state() -> None:
    async with central([charger()], ping_interval_s=3600) as rig, connected(rig) as station:
        await station.boot()
        while (link := link_of(rig)) is None or link.round_trip_s is None:
            await station.call("Heartbeat", {})
        assert 0 < link.round_trip_s < 5
        assert link.loss == 0
        diagnostics = rig.system.diagnostics()["CP-1"]["link"]
        assert diagnostics["ping_s"] is not None
        assert diagnostics["signal_dbm"] is None


async def talk(socket: ClientWebSocketResponse, *, pings: int, pongs: int = 0) -> None:
    """Take some pings, of which only the first are answered with a pong; Heartbeats show that the station is there."""
    for number in range(pings):
        while (message := await socket.receive()).type is not WSMsgType.PING:
            assert message.type is WSMsgType.TEXT
        if number < pongs:
            await socket.pong(message.data)
        await socket.send_str(json.dumps([2, f"h{number}", "Heartbeat", {}]))


@asynccontextmanager
async def pinged(rig: Rig) -> AsyncIterator[ClientWebSocketResponse]:
    """Connect a station whose end answers no ping by itself."""
    url = f"http://127.0.0.1:{rig.system.bound_port}/CP-1"
    async with ClientSession() as client, client.ws_connect(url, protocols=[V16], autoping=False) as socket:
        yield socket


async def test_a_station_that_never_sends_pongs_but_talks_is_not_lossy() -> None:
    async with central([charger()], ping_interval_s=0.2) as rig, pinged(rig) as socket:
        await talk(socket, pings=6)
        link = link_of(rig)
        assert link is None or link.loss == 0
        assert rig.faults == []


async def test_a_station_that_stops_sending_pongs_leaves_a_lossy_link() -> None:
    """The first pongs come, then none: half of a broken link still talks."""
    async with central([charger()], ping_interval_s=0.2) as rig, pinged(rig) as socket:
        await talk(socket, pings=6, pongs=2)
        await rig.until(lambda: any(fault.code is FaultCode.LATENCY_OVER_BUDGET for fault in rig.faults))
        link = link_of(rig)
        assert link is not None
        assert link.loss > 0.2


async def test_calls_that_stay_unanswered_count_as_lost() -> None:
    silent = {"SetChargingProfile": None}
    async with central([charger()], call_timeout_s=0.1) as rig, connected(rig, answers=silent) as station:
        await station.boot()
        await rig.until(lambda: any(fault.code is FaultCode.COMMAND_TIMEOUT for fault in rig.faults))
        assert rig.system.diagnostics()["CP-1"]["link"]["loss"] > 0


@pytest.mark.parametrize(
    ("said", "dbm"),
    [
        ("-67", -67),
        ("-67.5", -67.5),
        ("0", -113),
        ("31", -51),
        ("99", None),
        ("-141", None),
        ("good", None),
        (None, None),
    ],
)
def test_a_signal_is_told_in_dbm_or_asu(said: str | None, dbm: float | None) -> None:
    assert signal_dbm(said) == dbm


def signal_answers(value: str | None) -> dict[str, Any]:
    """Return a script that answers what the signal is."""

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        rows = []
        for asked in request["getVariableData"]:
            is_told = asked["variable"]["name"] == "SignalStrength" and value is not None
            told = {"attributeStatus": "Accepted", "attributeValue": value}
            rows.append({**asked, **(told if is_told else {"attributeStatus": "UnknownVariable"})})
        return {"getVariableResult": rows}

    return {"GetVariables": answer}


SIGNAL_EVENT = {
    "eventId": 1,
    "timestamp": "2026-11-20T10:00:00Z",
    "trigger": "Delta",
    "actualValue": "-80",
    "eventNotificationType": "CustomMonitor",
    "component": {"name": "DataLink"},
    "variable": {"name": "SignalStrength"},
}


def signal_of(rig: Rig) -> float | None:
    """Return the signal that control sees."""
    link = link_of(rig)
    return None if link is None else link.signal_dbm


async def test_the_signal_of_a_station_that_tells_it_is_shown() -> None:
    async with (
        central([charger()]) as rig,
        connected(rig, version=V201, answers=signal_answers("-67")) as station,
    ):
        await station.boot()
        async with asyncio.timeout(PATIENCE_S):
            while signal_of(rig) is None:
                await station.call("Heartbeat", {})
                await asyncio.sleep(0.02)
        assert signal_of(rig) == -67
        event = {"generatedAt": "2026-11-20T10:00:00Z", "seqNo": 0, "eventData": [SIGNAL_EVENT]}
        await station.call("NotifyEvent", event)
        await station.call("Heartbeat", {})
        assert signal_of(rig) == -80


@pytest.mark.parametrize("version", [V16, V201])
async def test_a_station_that_does_not_tell_its_signal_is_asked_once(version: str) -> None:
    async with (
        central([charger()]) as rig,
        connected(rig, version=version, answers=signal_answers(None)) as station,
    ):
        await station.boot()
        await station.prepared()
        await station.call("Heartbeat", {})
        asked = [request for action, request in station.asked if "SignalStrength" in json.dumps(request)]
        assert len(asked) <= 1
        assert rig.system.diagnostics()["CP-1"]["link"]["signal_dbm"] is None
