"""OCPP 2.1 adds messages that nobody answers, and errors about answers; older versions do not know them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pipes import NOW, Pipe, running, until
from tidewatt.ocpp.session import (
    OcppCallError,
    OcppClosedError,
    OcppSchemaError,
    OcppSession,
    OcppVersion,
)

V16, V201, V21 = OcppVersion.V16, OcppVersion.V201, OcppVersion.V21
STREAM: dict[str, Any] = {"id": 1, "pending": 0, "basetime": NOW, "data": [{"t": 0.0, "v": "230.4"}]}
ACTION = "NotifyPeriodicEventStream"


class Streams:
    """Keeps what was sent to it, until it is told to stop."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def take(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Keep a payload."""
        await self.gate.wait()
        self.taken.append(payload)
        return {}


async def alive(peer: Pipe) -> None:
    """Show that everything sent before was dealt with and nothing of it was answered."""
    await peer.send_frame(2, "still there", "Heartbeat", {})
    assert await peer.frame() == [3, "still there", {"currentTime": NOW}]


@shows("N15.FR.02", ocpp="2.1")
async def test_a_send_is_served_and_not_answered() -> None:
    streams = Streams()
    async with running(V21, {ACTION: streams.take}) as (_, peer):
        await peer.send_frame(6, "s", ACTION, STREAM)
        await alive(peer)
        assert streams.taken == [STREAM]


@shows("N15.FR.01", ocpp="2.1")
@shows("OCPP-J 4.2.4", ocpp="2.1")
async def test_a_send_goes_out_while_a_call_waits() -> None:
    async with running(V21) as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, call_id, *_ = await peer.frame()
        await session.send(ACTION, STREAM)
        kind, message_id, action, payload = await peer.frame()
        assert (kind, action, payload) == (6, ACTION, STREAM)
        assert message_id != call_id
        assert len(message_id) <= 36
        await peer.send_frame(3, call_id, {"status": "Accepted"})
        assert await call == {"status": "Accepted"}


async def test_sends_and_calls_are_served_in_the_order_they_came() -> None:
    streams = Streams()
    streams.gate.clear()
    async with running(V21, {ACTION: streams.take}) as (_, peer):
        await peer.send_frame(6, "s", ACTION, STREAM)
        await peer.send_frame(2, "c", "Heartbeat", {})
        streams.gate.set()
        assert (await peer.frame())[1] == "c"
        assert len(streams.taken) == 1


@pytest.mark.parametrize(
    "frame",
    [
        [6, "x" * 37, ACTION, STREAM],
        [6, 17, ACTION, STREAM],
        [6, "s", ACTION, []],
        [6, "s", ACTION],
        [6],
        [6, "s", "Heartbeat", {}],
        [6, "s", "Dance", {}],
    ],
)
async def test_a_send_that_is_no_use_is_counted_and_not_answered(frame: list[Any]) -> None:
    streams = Streams()
    async with running(V21, {ACTION: streams.take}) as (session, peer):
        await peer.send_frame(*frame)
        await alive(peer)
        assert streams.taken == []
        assert session.counters.malformed + session.counters.unknown_actions == 1
        assert session.counters.handler_errors == 0


async def test_a_handler_of_sends_that_refuses_or_breaks_harms_nobody() -> None:
    async def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise OcppCallError("InternalError")

    async def breaks(_: dict[str, Any]) -> dict[str, Any]:
        raise KeyError

    for handler, errors in ((refuse, 0), (breaks, 1)):
        async with running(V21, {ACTION: handler}) as (session, peer):
            await peer.send_frame(6, "s", ACTION, STREAM)
            await alive(peer)
            assert session.counters.handler_errors == errors


async def test_sends_that_come_faster_than_they_are_served_are_dropped() -> None:
    streams = Streams()
    streams.gate.clear()
    async with running(V21, {ACTION: streams.take}) as (session, peer):
        for number in range(100):
            await peer.send_frame(6, str(number), ACTION, STREAM)
        await peer.send_frame(2, "after", "Heartbeat", {})
        await until(lambda: session.counters.frames_in == 101)
        streams.gate.set()
        assert (await peer.frame())[1] == "after"
        assert len(streams.taken) + session.counters.dropped_sends == 100
        assert session.counters.dropped_sends > 0


async def test_a_send_that_is_called_is_refused() -> None:
    streams = Streams()
    async with running(V21, {ACTION: streams.take}) as (session, peer):
        await peer.send_frame(2, "c", ACTION, STREAM)
        assert (await peer.frame())[:3] == [4, "c", "ProtocolError"]
        assert session.counters.handler_errors == 0
        assert streams.taken == []
        with pytest.raises(OcppSchemaError, match="SEND"):
            await session.call(ACTION, STREAM)


@pytest.mark.parametrize("action", ["Heartbeat", "Dance", ACTION])
async def test_only_what_the_version_sends_is_sent(action: str) -> None:
    for version in (V16, V201):
        async with running(version) as (session, peer):
            with pytest.raises(OcppSchemaError):
                await session.send(action, STREAM if action == ACTION else {})
            assert peer.inbox.empty()


async def test_a_wrong_send_is_not_sent_and_a_lost_connection_is_told() -> None:
    async with running(V21) as (session, peer):
        with pytest.raises(OcppSchemaError, match="Heartbeat"):
            await session.send("Heartbeat", {})
        with pytest.raises(OcppSchemaError, match="data"):
            await session.send(ACTION, STREAM | {"data": []})
        assert peer.inbox.empty()
        await session.close()
        with pytest.raises(OcppClosedError):
            await session.send(ACTION, STREAM)


@shows("OCPP-J 4.2.3", ocpp="2.1")
async def test_an_answer_that_is_no_object_is_answered_with_an_error_about_it() -> None:
    async with running(V21) as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, message_id, *_ = await peer.frame()
        await peer.send_frame(3, message_id, ["Accepted"])
        kind, about, code, _, details = await peer.frame()
        assert (kind, about, code, details) == (5, message_id, "FormatViolation", {})
        with pytest.raises(OcppCallError, match="FormatViolation"):
            await call


@pytest.mark.parametrize("version", [V16, V201])
async def test_older_versions_are_told_nothing_about_their_answers(version: OcppVersion) -> None:
    async with running(version) as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, message_id, *_ = await peer.frame()
        await peer.send_frame(3, message_id, ["Accepted"])
        await alive(peer)
        with pytest.raises(OcppCallError):
            await call


async def test_nobody_is_told_about_an_answer_to_nobody() -> None:
    async with running(V21) as (session, peer):
        await peer.send_frame(3, "nobody's", ["Accepted"])
        await alive(peer)
        assert session.counters.unmatched_answers == 1


@pytest.mark.parametrize("frame", [[5, "a", "FormatViolation", "no", {}], [5, "a"], [5, "a", 7, [], None]])
async def test_an_error_about_our_answer_is_counted(frame: list[Any]) -> None:
    async with running(V21) as (session, peer):
        await peer.send_frame(*frame)
        await alive(peer)
        assert session.counters.refused_answers == 1


async def test_an_error_about_an_answer_is_no_answer() -> None:
    async with running(V21) as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, message_id, *_ = await peer.frame()
        await peer.send_frame(5, message_id, "FormatViolation", "", {})
        await peer.send_frame(3, message_id, {"status": "Accepted"})
        assert await call == {"status": "Accepted"}


@shows("OCPP-J 4.1.3", ocpp=("1.6", "2.1"))
@pytest.mark.parametrize(("version", "kinds"), [(V16, (5, 6, 99, 0, -1)), (V21, (7, 99, 0, -1))])
async def test_unknown_types_of_messages_are_ignored(version: OcppVersion, kinds: tuple[int, ...]) -> None:
    async with running(version) as (session, peer):
        for kind in kinds:
            await peer.send_frame(kind, "m", ACTION, STREAM)
        await alive(peer)
        assert session.counters.unknown_types == len(kinds)


@shows("OCPP-J 4.4", ocpp="2.0.1")
@pytest.mark.parametrize(("tail", "about"), [((ACTION, {}), "m"), ((), "m")])
async def test_unknown_types_of_messages_are_refused_by_ocpp_2_0_1(tail: tuple[Any, ...], about: str) -> None:
    async with running(V201) as (_, peer):
        for kind in (5, 6, 99):
            await peer.send_frame(kind, "m", *tail)
            assert (await peer.frame())[:3] == [4, about, "MessageTypeNotSupported"]
        for unreadable in ([99], [99, 17], [99, "x" * 37]):
            await peer.send_frame(*unreadable)
            assert (await peer.frame())[:3] == [4, "-1", "MessageTypeNotSupported"]


CODES_OF_V16 = {
    "FormatViolation": "FormationViolation",
    "OccurrenceConstraintViolation": "OccurenceConstraintViolation",
    "OccurenceConstraintViolation": "OccurenceConstraintViolation",
    "FormationViolation": "FormationViolation",
    "SecurityError": "SecurityError",
    "Nonsense": "GenericError",
}


@pytest.mark.parametrize("code", CODES_OF_V16)
@pytest.mark.parametrize("version", list(OcppVersion))
async def test_error_codes_are_spelled_as_the_version_does(version: OcppVersion, code: str) -> None:
    async def refuse(_: dict[str, Any]) -> dict[str, Any]:
        raise OcppCallError(code)

    codes_of_v2 = {
        "FormationViolation": "GenericError",
        "OccurenceConstraintViolation": "GenericError",
        "Nonsense": "GenericError",
    }
    expected = CODES_OF_V16[code] if version is V16 else codes_of_v2.get(code, code)
    async with running(version, {"DataTransfer": refuse}) as (_, peer):
        await peer.send_frame(2, "1", "DataTransfer", {"vendorId": "x"})
        assert (await peer.frame())[2] == expected


async def test_both_ends_speak_it() -> None:
    """Two sessions on one pipe: the station sends, the central system's handler takes."""
    streams = Streams()
    async with running(V21, {ACTION: streams.take}) as (_, peer):
        station = OcppSession(peer, V21, {})
        task = asyncio.create_task(station.run())
        await station.send(ACTION, STREAM)
        assert await station.call("Heartbeat", {}) == {"currentTime": NOW}
        assert json.dumps(streams.taken) == json.dumps([STREAM])
        await station.close()
        await task
