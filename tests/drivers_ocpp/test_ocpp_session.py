"""An OCPP session calls, answers in order, survives everything a peer can send and leaks nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pipes import NOW, heartbeat, pipes, running, until
from tidewatt.ocpp.budget import TokenBucket
from tidewatt.ocpp.session import (
    OcppBusyError,
    OcppCallError,
    OcppClosedError,
    OcppFloodError,
    OcppSchemaError,
    OcppSession,
    OcppTimeoutError,
    OcppVersion,
)

V16, V201 = OcppVersion.V16, OcppVersion.V201


async def test_a_call_returns_the_payload_of_its_answer() -> None:
    async with running() as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        kind, message_id, action, payload = await peer.frame()
        assert (kind, action, payload) == (2, "ClearCache", {})
        assert len(message_id) <= 36
        await peer.send_frame(3, message_id, {"status": "Accepted"})
        assert await call == {"status": "Accepted"}


async def test_a_second_call_waits_for_the_answer_to_the_first() -> None:
    async with running() as (session, peer):
        first = asyncio.create_task(session.call("ClearCache", {}))
        second = asyncio.create_task(session.call("Reset", {"type": "Soft"}))
        _, first_id, *_ = await peer.frame()
        assert peer.inbox.empty()
        await peer.send_frame(3, first_id, {"status": "Accepted"})
        _, second_id, action, _ = await peer.frame()
        assert action == "Reset"
        await peer.send_frame(3, second_id, {"status": "Rejected"})
        assert [await first, await second] == [{"status": "Accepted"}, {"status": "Rejected"}]


async def test_a_callerror_is_raised_with_its_code() -> None:
    async with running() as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, message_id, *_ = await peer.frame()
        await peer.send_frame(4, message_id, "NotSupported", "no cache", {"vendor": "x"})
        with pytest.raises(OcppCallError) as caught:
            await call
        assert (caught.value.code, caught.value.description, caught.value.details) == (
            "NotSupported",
            "no cache",
            {"vendor": "x"},
        )


@pytest.mark.parametrize("answer", [[], "text", 3])
async def test_an_answer_that_is_no_object_fails_the_call(answer: object) -> None:
    async with running() as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, message_id, *_ = await peer.frame()
        await peer.send_frame(3, message_id, answer)
        with pytest.raises(OcppCallError, match="FormationViolation"):
            await call


@shows("OCPP-J 4.2.1", ocpp="1.6")
@shows("OCPP-J 4.1.5", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", list(OcppVersion))
async def test_null_is_a_payload_without_fields(version: OcppVersion) -> None:
    async with running(version) as (session, peer):
        await peer.send_frame(2, "1", "Heartbeat", None)
        assert await peer.frame() == [3, "1", {"currentTime": NOW}]
        call = asyncio.create_task(session.call("ClearCache", {}))
        _, message_id, *_ = await peer.frame()
        await peer.send_frame(3, message_id, None)
        assert await call == {}


async def test_an_unanswered_call_times_out_and_its_late_answer_is_ignored() -> None:
    async with running(call_timeout_s=0.01) as (session, peer):
        with pytest.raises(OcppTimeoutError, match="ClearCache"):
            await session.call("ClearCache", {})
        _, late_id, *_ = await peer.frame()
        await peer.send_frame(3, late_id, {"status": "Accepted"})
        await peer.send_frame(2, "1", "Heartbeat", {})
        assert await peer.frame() == [3, "1", {"currentTime": NOW}]
        assert (session.counters.timeouts, session.counters.unmatched_answers) == (1, 1)


async def test_a_question_that_may_be_left_unanswered_waits_for_less() -> None:
    async with running(call_timeout_s=3600) as (session, _):
        with pytest.raises(OcppTimeoutError, match="TriggerMessage"):
            await session.call("TriggerMessage", {"requestedMessage": "Heartbeat"}, timeout_s=0.01)


async def test_one_that_ends_while_the_schemas_are_read_closes_its_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidewatt.ocpp.schemas._loaded", {})
    ours, _ = pipes()
    serving = asyncio.create_task(OcppSession(ours, OcppVersion.V16, {}).run())
    await asyncio.sleep(0)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert ours.closed


async def test_closing_fails_the_call_that_waits() -> None:
    async with running() as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        await peer.frame()
        await peer.close()
        with pytest.raises(OcppClosedError):
            await call
        with pytest.raises(OcppClosedError):
            await session.call("ClearCache", {})


async def test_the_queue_of_calls_is_bounded() -> None:
    async with running() as (session, peer):
        calls = [asyncio.create_task(session.call("ClearCache", {})) for _ in range(40)]
        await peer.frame()
        await peer.close()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(outcome, OcppBusyError) for outcome in outcomes) == 40 - 32


async def test_a_wrong_payload_of_ours_is_not_sent() -> None:
    async with running() as (session, peer):
        with pytest.raises(OcppSchemaError, match=r"Reset\.type must be one of"):
            await session.call("Reset", {"type": "Gentle"})
        with pytest.raises(OcppSchemaError, match="Dance"):
            await session.call("Dance", {})
        assert peer.inbox.empty()


async def test_a_handler_may_call_back_before_it_answers() -> None:
    async def boot(_: dict[str, Any]) -> dict[str, Any]:
        await session.call("ClearCache", {})
        return {"currentTime": NOW, "interval": 60, "status": "Accepted"}

    async with running(handlers={"BootNotification": boot}) as (session, peer):
        await peer.send_frame(2, "b", "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
        _, message_id, action, _ = await peer.frame()
        assert action == "ClearCache"
        await peer.send_frame(3, message_id, {"status": "Accepted"})
        assert (await peer.frame())[:2] == [3, "b"]


async def test_calls_are_answered_in_the_order_they_came() -> None:
    gate = asyncio.Event()

    async def slow(_: dict[str, Any]) -> dict[str, Any]:
        await gate.wait()
        return {"status": "Accepted"}

    async with running(handlers={"DataTransfer": slow}) as (_, peer):
        await peer.send_frame(2, "1", "DataTransfer", {"vendorId": "x"})
        await peer.send_frame(2, "2", "Heartbeat", {})
        gate.set()
        assert [(await peer.frame())[1], (await peer.frame())[1]] == ["1", "2"]


async def test_a_repeated_message_id_is_answered_once_while_it_waits() -> None:
    gate = asyncio.Event()

    async def slow(_: dict[str, Any]) -> dict[str, Any]:
        await gate.wait()
        return {"status": "Accepted"}

    async with running(handlers={"DataTransfer": slow}) as (session, peer):
        for _ in range(3):
            await peer.send_frame(2, "same", "DataTransfer", {"vendorId": "x"})
        await peer.send_frame(2, "next", "Heartbeat", {})
        await until(lambda: session.counters.frames_in == 4)
        gate.set()
        assert [(await peer.frame())[1], (await peer.frame())[1]] == ["same", "next"]
        assert session.counters.duplicates == 2


async def test_a_deviating_request_is_counted_and_still_served() -> None:
    async with running() as (session, peer):
        await peer.send_frame(2, "1", "Heartbeat", {"surprise": 1})
        assert await peer.frame() == [3, "1", {"currentTime": NOW}]
        assert session.counters.schema_violations == 1


async def test_a_handler_that_breaks_is_answered_with_an_internal_error() -> None:
    async def broken(payload: dict[str, Any]) -> dict[str, Any]:
        return {"status": payload["no such field"]}

    async with running(handlers={"DataTransfer": broken}) as (session, peer):
        await peer.send_frame(2, "1", "DataTransfer", {"vendorId": "x"})
        assert (await peer.frame())[:3] == [4, "1", "InternalError"]
        assert session.counters.handler_errors == 1


MALFORMED = [
    ("not json", None, "RpcFrameworkError"),
    ("{}", None, "RpcFrameworkError"),
    ("[]", None, "RpcFrameworkError"),
    ('["2","1","Heartbeat",{}]', None, "RpcFrameworkError"),
    ('[2,17,"Heartbeat",{}]', None, "RpcFrameworkError"),
    ('[2,"","Heartbeat",{}]', None, "RpcFrameworkError"),
    (f'[2,"{"x" * 37}","Heartbeat",{{}}]', None, "RpcFrameworkError"),
    ('[2,"1"]', "FormationViolation", "RpcFrameworkError"),
    ('[2,"1","Heartbeat"]', "FormationViolation", "RpcFrameworkError"),
    ('[2,"1",["Heartbeat"],{}]', "FormationViolation", "RpcFrameworkError"),
    ('[2,"1","Heartbeat",{},{}]', "FormationViolation", "RpcFrameworkError"),
    ('[2,"1","Heartbeat",[]]', "FormationViolation", "FormatViolation"),
    ('[2,"1","Reset",{"type":"Soft"}]', "NotSupported", "NotSupported"),
    ('[2,"1","HeartbeatResponse",{}]', "NotImplemented", "NotImplemented"),
    ('[2,"1","Dance",{}]', "NotImplemented", "NotImplemented"),
    ("[3]", None, None),
    ("[3,17,{}]", None, None),
    ("[4]", None, None),
    ('[3,"nobody\'s",{}]', None, None),
    ('[4,"x","GenericError","",{}]', None, None),
    ("[" * 5000, None, "RpcFrameworkError"),
    ('[2,"1","Heartbeat",{"x":NaN}]', None, "RpcFrameworkError"),
    ("", None, "RpcFrameworkError"),
]


@pytest.mark.parametrize(("raw", "answer_v16", "answer_v201"), MALFORMED)
@pytest.mark.parametrize("version", list(OcppVersion))
async def test_a_malformed_frame_is_answered_as_its_version_demands(
    version: OcppVersion, raw: str, answer_v16: str | None, answer_v201: str | None
) -> None:
    expected = answer_v16 if version is V16 else answer_v201
    async with running(version) as (session, peer):
        await peer.send_str(raw)
        await peer.send_frame(2, "good", "Heartbeat", {})
        if expected is not None:
            kind, message_id, code, *_ = await peer.frame()
            assert (kind, code) == (4, expected)
            assert message_id == ("1" if raw.startswith('[2,"1"') and "NaN" not in raw else "-1")
        assert await peer.frame() == [3, "good", {"currentTime": NOW}]
        counters = session.counters
        seen = counters.malformed + counters.unknown_types + counters.unknown_actions + counters.unmatched_answers
        assert seen == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)
call_like = st.tuples(
    st.sampled_from([2, 3, 4, 5, 6, 2.0, True]),
    st.text(max_size=40) | json_values,
    st.sampled_from(["Heartbeat", "StatusNotification", "TransactionEvent"]) | json_values,
    json_values,
).map(json.dumps)
raw_frames = st.one_of(
    st.text(), json_values.map(json.dumps), st.lists(json_values, max_size=5).map(json.dumps), call_like
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(version=st.sampled_from(OcppVersion), frames=st.lists(raw_frames, max_size=30))
async def test_whatever_arrives_a_good_call_is_still_answered(version: OcppVersion, frames: list[str]) -> None:
    async with running(version) as (session, peer):
        for raw in frames:
            await peer.send_str(raw)
        await peer.send_frame(2, "the good one", "Heartbeat", {})
        answer = await peer.frame()
        while answer[1] != "the good one":
            answer = await peer.frame()
        assert answer == [3, "the good one", {"currentTime": NOW}]
        assert not session.closed


async def test_a_peer_that_does_not_wait_for_answers_is_cut_off() -> None:
    gate = asyncio.Event()

    async def never(_: dict[str, Any]) -> dict[str, Any]:
        await gate.wait()
        return {"status": "Accepted"}

    ours, theirs = pipes()
    session = OcppSession(ours, V16, {"DataTransfer": never})
    for number in range(100):
        await theirs.send_frame(2, str(number), "DataTransfer", {"vendorId": "x"})
    with pytest.raises(OcppFloodError):
        await session.run()
    assert session.closed
    assert theirs.closed


async def test_a_peer_that_sends_too_fast_is_slowed_down_and_then_cut_off() -> None:
    ours, theirs = pipes()
    now_s = [0.0]

    def clock() -> float:
        now_s[0] += 1e-6
        return now_s[0]

    session = OcppSession(ours, V16, {"Heartbeat": heartbeat}, frame_budget=TokenBucket(10, 1e5, clock))
    for _ in range(1500):
        await theirs.send_str("noise")
    with pytest.raises(OcppFloodError, match="too fast"):
        await session.run()
    assert session.counters.delayed_frames > 400
    assert session.counters.frames_in < 600


async def test_a_peer_that_waits_for_its_answers_is_slowed_down_and_never_cut_off() -> None:
    now_s = [0.0]

    def clock() -> float:
        now_s[0] += 1e-6
        return now_s[0]

    budget = TokenBucket(10, 1e5, clock)
    async with running(handlers={"Heartbeat": heartbeat}, frame_budget=budget) as (session, peer):
        for number in range(800):
            await peer.send_frame(2, str(number), "Heartbeat", {})
            assert (await peer.frame())[1] == str(number)
        assert session.counters.delayed_frames > 700


async def test_a_long_frame_costs_as_much_as_many_short_ones() -> None:
    ours, theirs = pipes()
    now_s = [0.0]

    def clock() -> float:
        now_s[0] += 1e-4
        return now_s[0]

    session = OcppSession(ours, V16, {"Heartbeat": heartbeat}, frame_budget=TokenBucket(10, 1e3, clock))
    for text in ("short", "x" * 80_000, "short"):
        await theirs.send_str(text)
    await theirs.close()
    await session.run()
    assert (session.counters.frames_in, session.counters.delayed_frames) == (3, 1)
