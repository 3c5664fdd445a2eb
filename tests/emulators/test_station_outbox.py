"""Messages about transactions are delivered in order, whatever happens on the way; hopeless ones are given up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tidewatt.emulators.physics import EmulatedTime
from tidewatt.emulators.station.outbox import CAPACITY, MAX_ATTEMPTS, RETRY_AFTER_S, Letter, Outbox
from tidewatt.ocpp.errors import OcppCallError, OcppClosedError


@dataclass
class Post:
    """An outbox and what became of its letters. `failures` are raised, one for each call, before calls succeed."""

    time: EmulatedTime = field(default_factory=EmulatedTime)
    open: bool = True
    failures: list[Exception] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    payloads: list[dict[str, Any]] = field(default_factory=list)
    attempts: int = 0

    def __post_init__(self) -> None:
        """Make the outbox."""
        self.outbox = Outbox("S", self.time, self._call, lambda: self.open)

    async def _call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        self.delivered.append(action)
        self.payloads.append(payload)
        return {"to": action}

    async def settle(self, seconds: float = 0.0) -> None:
        """Let seconds pass, and everything run that can."""
        for _ in range(10):
            await asyncio.sleep(0)
        self.time.advance(seconds)
        for _ in range(10):
            await asyncio.sleep(0)


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    """A running outbox."""
    made = Post()
    running = asyncio.create_task(made.outbox.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


def letter(action: str, *, dispensable: bool = False) -> Letter:
    return Letter(action=action, payload=dict, dispensable=dispensable)


async def test_letters_wait_for_the_connection_and_keep_their_order(post: Post) -> None:
    post.open = False
    for action in ("start", "sample", "stop"):
        post.outbox.put(letter(action))
    await post.settle()
    assert post.delivered == []
    post.open = True
    post.outbox.wake()
    await post.settle()
    assert post.delivered == ["start", "sample", "stop"]
    assert len(post.outbox) == 0


async def test_an_answer_reaches_who_wrote(post: Post) -> None:
    answers: list[dict[str, Any]] = []
    post.outbox.put(Letter(action="start", payload=dict, on_answer=answers.append))
    await post.settle()
    assert answers == [{"to": "start"}]


async def test_a_payload_is_asked_when_it_is_sent(post: Post) -> None:
    known: dict[str, Any] = {}
    post.outbox.put(Letter(action="start", payload=dict, on_answer=lambda _: known.update(id=7)))
    post.outbox.put(Letter(action="stop", payload=lambda: dict(known)))
    await post.settle()
    assert post.payloads == [{}, {"id": 7}]


async def test_a_lost_connection_costs_no_attempt(post: Post) -> None:
    post.failures = [OcppClosedError("gone")] * (MAX_ATTEMPTS + 2)
    post.outbox.put(letter("stop"))
    for _ in range(MAX_ATTEMPTS + 3):
        await post.settle(1.0)
    assert post.delivered == ["stop"]


async def test_a_letter_refused_too_often_is_given_up_for_the_next(post: Post) -> None:
    post.failures = [OcppCallError("InternalError")] * MAX_ATTEMPTS
    post.outbox.put(letter("stop"))
    post.outbox.put(letter("start"))
    for _ in range(MAX_ATTEMPTS):
        await post.settle(RETRY_AFTER_S * MAX_ATTEMPTS)
    assert post.attempts == MAX_ATTEMPTS + 1
    assert post.delivered == ["start"]


async def test_a_full_box_forgets_samples_but_never_the_end(post: Post) -> None:
    post.open = False
    post.outbox.put(letter("start"))
    for _ in range(CAPACITY):
        post.outbox.put(letter("sample", dispensable=True))
    post.outbox.put(letter("stop"))
    assert len(post.outbox) == CAPACITY
    post.open = True
    post.outbox.wake()
    for _ in range(CAPACITY):
        await post.settle()
    assert (post.delivered[0], post.delivered[-1]) == ("start", "stop")
