"""One call at a time, and still no limit waits behind a question that stays unanswered."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_pipes import Pipe, running
from tests.patience import PATIENCE_S
from tidewatt.ocpp.schemas import load_schemas
from tidewatt.ocpp.session import OcppBusyError, OcppTimeoutError, OcppVersion

V16 = OcppVersion.V16
LIMIT = {
    "connectorId": 1,
    "csChargingProfiles": {
        "chargingProfileId": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6.0}]},
    },
}
ACCEPTED = {"status": "Accepted"}


async def answer(peer: Pipe, *actions: str) -> None:
    """Accept the next calls, which must be of these actions, in order."""
    for action in actions:
        _, message_id, name, _ = await peer.frame()
        assert name == action
        await peer.send_frame(3, message_id, ACCEPTED)


async def known(*actions: str) -> None:
    """Have the schemas of actions read, so that calls queue in the order in which they are made."""
    schemas = await load_schemas(V16)
    for action in actions:
        await schemas.prepare(action)


async def answer_next(peer: Pipe) -> None:
    """Accept the next call, whatever it is."""
    kind, message_id, *_ = await peer.frame()
    assert kind == 2
    await peer.send_frame(3, message_id, ACCEPTED)


async def answer_all(peer: Pipe) -> None:
    """Accept every call."""
    while True:
        await answer_next(peer)


async def test_limits_go_before_orders_and_orders_before_questions() -> None:
    await known("GetLocalListVersion", "ClearCache", "GetConfiguration", "Reset", "SetChargingProfile")
    async with running(patience_s=3600) as (session, peer):
        first = asyncio.create_task(session.call("GetLocalListVersion", {}))
        _, first_id, *_ = await peer.frame()
        later: list[asyncio.Task[Any]] = []
        for action, payload in (
            ("ClearCache", {}),
            ("GetConfiguration", {}),
            ("Reset", {"type": "Soft"}),
            ("SetChargingProfile", LIMIT),
        ):
            later.append(asyncio.create_task(session.call(action, payload)))
            await asyncio.sleep(0)
        await peer.send_frame(3, first_id, {"listVersion": 1})
        await answer(peer, "SetChargingProfile", "Reset", "ClearCache", "GetConfiguration")
        await asyncio.gather(first, *later)


async def test_a_limit_does_not_wait_for_a_question_that_stays_unanswered() -> None:
    async with running(call_timeout_s=3600, patience_s=0.01) as (session, peer):
        question = asyncio.create_task(session.call("TriggerMessage", {"requestedMessage": "Heartbeat"}))
        _, question_id, *_ = await peer.frame()
        limit = asyncio.create_task(session.call("SetChargingProfile", LIMIT))
        await answer(peer, "SetChargingProfile")
        assert await limit == ACCEPTED
        assert not question.done()
        await peer.send_frame(3, question_id, {"status": "Rejected"})
        assert await question == {"status": "Rejected"}, "an answer in its own time is still taken"


@shows("OCPP-J 4.1.1", ocpp=("1.6", "2.0.1", "2.1"))
@pytest.mark.parametrize("version", list(OcppVersion))
async def test_without_a_limit_that_waits_a_question_keeps_its_turn(version: OcppVersion) -> None:
    async with running(version, patience_s=0.001) as (session, peer):
        question = asyncio.create_task(session.call("ClearCache", {}, timeout_s=0.1))
        await peer.frame()
        other = asyncio.create_task(session.call("ClearCache", {}))
        with pytest.raises(OcppTimeoutError):
            await question
        await answer(peer, "ClearCache")
        await other


async def test_a_limit_keeps_its_turn_from_another_limit() -> None:
    async with running(call_timeout_s=3600, patience_s=0.001) as (session, peer):
        limits = [asyncio.create_task(session.call("SetChargingProfile", LIMIT)) for _ in range(2)]
        _, message_id, *_ = await peer.frame()
        await asyncio.sleep(0.02)
        assert peer.inbox.empty()
        await peer.send_frame(3, message_id, ACCEPTED)
        await answer(peer, "SetChargingProfile")
        await asyncio.gather(*limits)


async def test_questions_in_the_queue_do_not_keep_a_limit_out() -> None:
    await known("ClearCache", "SetChargingProfile")
    async with running(patience_s=3600) as (session, peer):
        questions = [asyncio.create_task(session.call("ClearCache", {})) for _ in range(40)]
        _, message_id, *_ = await peer.frame()
        limit = asyncio.create_task(session.call("SetChargingProfile", LIMIT))
        await asyncio.sleep(0)
        await peer.send_frame(3, message_id, ACCEPTED)
        await answer(peer, "SetChargingProfile")
        assert await limit == ACCEPTED
        await peer.close()
        outcomes = await asyncio.gather(*questions, return_exceptions=True)
        assert sum(isinstance(outcome, OcppBusyError) for outcome in outcomes) == 40 - 32


async def test_a_call_that_is_given_up_frees_the_turn() -> None:
    await known("ClearCache", "GetLocalListVersion")
    async with running() as (session, peer):
        first = asyncio.create_task(session.call("ClearCache", {}))
        await peer.frame()
        waiting = asyncio.create_task(session.call("ClearCache", {}))
        last = asyncio.create_task(session.call("GetLocalListVersion", {}))
        await asyncio.sleep(0)
        waiting.cancel()
        first.cancel()
        await asyncio.gather(first, waiting, return_exceptions=True)
        _, message_id, action, _ = await peer.frame()
        assert action == "GetLocalListVersion"
        await peer.send_frame(3, message_id, {"listVersion": 0})
        assert await last == {"listVersion": 0}


async def test_nothing_is_repeated_after_a_timeout() -> None:
    async with running(call_timeout_s=0.01) as (session, peer):
        with pytest.raises(OcppTimeoutError):
            await session.call("ClearCache", {})
        call = asyncio.create_task(session.call("GetLocalListVersion", {}))
        assert (await peer.frame())[2] == "ClearCache"
        assert (await peer.frame())[2] == "GetLocalListVersion"
        assert peer.inbox.empty()
        with pytest.raises(OcppTimeoutError):
            await call


async def test_the_time_of_each_exchange_is_told() -> None:
    told: list[float | None] = []
    async with running(on_exchange=told.append) as (session, peer):
        call = asyncio.create_task(session.call("ClearCache", {}))
        await answer(peer, "ClearCache")
        await call
        with pytest.raises(OcppTimeoutError):
            await session.call("ClearCache", {}, timeout_s=0.01)
    assert told[0] is not None
    assert told[0] >= 0
    assert told[1:] == [None]


steps = st.lists(st.sampled_from(["limit", "order", "question", "cancel", "answer"]), max_size=40)


@settings(max_examples=60, deadline=None)
@given(steps=steps)
async def test_whatever_is_called_answered_and_cancelled_no_turn_is_lost(steps: list[str]) -> None:
    payloads: dict[str, tuple[str, dict[str, Any]]] = {
        "limit": ("SetChargingProfile", LIMIT),
        "order": ("Reset", {"type": "Soft"}),
        "question": ("ClearCache", {}),
    }
    async with running(patience_s=0.0, call_timeout_s=3600) as (session, peer):
        calls: list[asyncio.Task[Any]] = []
        for step in steps:
            if step in payloads:
                calls.append(asyncio.create_task(session.call(*payloads[step])))
            elif step == "cancel" and calls:
                calls[len(calls) // 2].cancel()
            elif step == "answer" and not peer.inbox.empty():
                await answer_next(peer)
            await asyncio.sleep(0)
        last = asyncio.create_task(session.call("GetLocalListVersion", {}))
        answering = asyncio.create_task(answer_all(peer))
        async with asyncio.timeout(PATIENCE_S):
            assert await last == ACCEPTED
        for outcome in await asyncio.gather(*calls, return_exceptions=True):
            assert outcome == ACCEPTED or isinstance(outcome, asyncio.CancelledError | OcppBusyError)
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
