"""One OCPP-J connection, used by both ends: calls, answers, order, time limits and counters.

Payloads are the camelCase dictionaries of the wire. What we send is checked strictly against the schemas; what we
receive is only counted when it deviates, because real stations do and their other fields are still good.

Nothing is repeated here. OCPP has the station repeat its transaction messages until they are answered without an error
(OCPP 1.6 chapter 3.7.1, OCPP 2.x use case E13); that makes handlers answer the same message alike, however often it
comes. A central system whose call was not answered in time goes on with the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import contextlib
import logging
from typing import Any, Protocol
from uuid import uuid4

from .answers import Answers, Handler
from .budget import TokenBucket
from .calls import Calls, ExchangeListener
from .counters import SessionCounters
from .errors import (
    OcppBusyError,
    OcppCallError,
    OcppClosedError,
    OcppFloodError,
    OcppSchemaError,
    OcppTimeoutError,
)
from .frames import (
    Call,
    CallError,
    CallResult,
    CallResultError,
    ErrorCode,
    Malformed,
    OcppVersion,
    Send,
    Unknown,
    encode_result_error,
    encode_send,
    format_violation,
    parse_frame,
)
from .schemas import Schemas, load_schemas

__all__ = [
    "FrameSocket",
    "Handler",
    "OcppBusyError",
    "OcppCallError",
    "OcppClosedError",
    "OcppFloodError",
    "OcppSchemaError",
    "OcppSession",
    "OcppTimeoutError",
    "OcppVersion",
    "SessionCounters",
]

_LOGGER = logging.getLogger(__name__)

PATIENCE_WITH_QUESTIONS_S = 1.0
"""How long a limit waits for the answer to a question; more than a good link and station need."""

_MAX_FRAMES_AHEAD = 500
"""Frames that a peer which is over its budget may send without waiting for us. One that waits for answers is
only slowed down: a station that was offline for long has much to tell."""
_WAITING_COUNTS = 10
"""Waiting once makes up for as many frames: stations send a few things at once."""
_CHARS_PER_TOKEN = 4096
"""A long frame takes as long as many short ones, and costs as much of the budget."""
_MAX_CHECKED_CHARS = 16 * 1024
"""Longer requests are served without a look at their schema: that alone would keep everybody else waiting."""


class FrameSocket(Protocol):
    """A WebSocket as far as OCPP-J needs it: whole text frames."""

    async def send_str(self, data: str) -> None:
        """Send one text frame; ConnectionError when the socket is closed."""

    async def receive_str(self) -> str | None:
        """Return the next text frame, None once the socket is closed."""

    async def close(self) -> None:
        """Close the socket. Safe to call twice."""


class OcppSession:
    """Speaks OCPP-J over a socket until it closes.

    `handlers` maps actions to what answers them. Inbound calls are answered one after the other, in order, in a task
    of their own, so a handler may itself `call`. Outbound calls wait for the one before them, as OCPP demands, limits
    before everything else (`turns`). `frame_budget` slows a peer down that sends too fast, and ends the connection when
    it keeps on doing so. `on_exchange` hears how long each call took.
    """

    def __init__(
        self,
        socket: FrameSocket,
        version: OcppVersion,
        handlers: Mapping[str, Handler],
        *,
        call_timeout_s: float = 30.0,
        patience_s: float = PATIENCE_WITH_QUESTIONS_S,
        frame_budget: TokenBucket | None = None,
        on_exchange: ExchangeListener | None = None,
    ) -> None:
        self.version = version
        self.counters = SessionCounters()
        self._ended = asyncio.Event()
        self._socket = socket
        self._call_timeout_s = call_timeout_s
        self._frame_budget = frame_budget
        self._schemas: Schemas | None = None
        self._calls = Calls(self._send, patience_s=patience_s, on_exchange=on_exchange)
        self._answers = Answers(handlers, version, self._send, self.counters)
        self._frames_ahead = 0
        self._had_to_wait = True

    async def run(self) -> None:
        """Serve the connection until it closes; OcppFloodError when the peer had to be cut off."""
        answering: asyncio.Task[None] | None = None
        try:
            schemas = self._schemas = await load_schemas(self.version)
            answering = asyncio.create_task(self._answers.run(schemas), name="ocpp answers")
            while (raw := await self._next_frame()) is not None:
                self.counters.frames_in += 1
                await self._take_from_budget(1.0 + len(raw) // _CHARS_PER_TOKEN)
                await self._receive(raw)
        except ConnectionError as error:
            _LOGGER.debug("OCPP connection lost: %s", error)
        finally:
            self.end()
            self._calls.close()
            try:
                if answering is not None:
                    answering.cancel()
                    await asyncio.gather(answering, return_exceptions=True)
            finally:
                await self._socket.close()

    @property
    def closed(self) -> bool:
        """Whether the connection is closed, or being closed."""
        return self._ended.is_set()

    def end(self) -> None:
        """Take note that the connection is being closed: nothing more is sent, and a slow read waits no longer."""
        self._ended.set()

    async def close(self) -> None:
        """Close the connection; `run` then returns."""
        self.end()
        await self._socket.close()

    async def call(self, action: str, payload: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Send a CALL and return the payload of its answer. `timeout_s` replaces the session's own.

        OcppCallError when the peer refuses, OcppTimeoutError when it does not answer, OcppClosedError without a
        connection, OcppBusyError when too many calls wait already, OcppSchemaError when the payload is wrong.
        """
        schemas = await self._checked(action, payload)
        if schemas.is_send(action):
            raise OcppSchemaError(f"{action} is a SEND, not a CALL.")
        try:
            answer = await self._calls.exchange(action, payload, timeout_s or self._call_timeout_s)
        except OcppTimeoutError:
            self.counters.timeouts += 1
            raise
        if not schemas.is_valid_response(action, answer):
            self.counters.schema_violations += 1
        return answer

    async def send(self, action: str, payload: dict[str, Any]) -> None:
        """Send a message that is not answered, at once (OCPP 2.1 part 4, 4.2.4).

        OcppSchemaError for an action or version without such messages or a wrong payload, OcppClosedError without a
        connection.
        """
        schemas = await self._checked(action, payload)
        if self.version is not OcppVersion.V21 or not schemas.is_send(action):
            raise OcppSchemaError(f"{action} is not a SEND of {self.version}.")
        try:
            await self._send(encode_send(str(uuid4()), action, payload))
        except ConnectionError as error:
            raise OcppClosedError(f"The connection closed while {action} was sent.") from error

    async def _checked(self, action: str, payload: dict[str, Any]) -> Schemas:
        schemas = self._schemas = self._schemas or await load_schemas(self.version)
        await schemas.prepare(action)
        schemas.check_request(action, payload)
        if self.closed:
            raise OcppClosedError(f"There is no connection; {action} was not sent.")
        return schemas

    async def _receive(self, raw: str) -> None:
        is_checked = len(raw) <= _MAX_CHECKED_CHARS
        match parse_frame(raw, self.version):
            case Call() as call:
                self._answers.take(call, is_checked=is_checked)
            case Send() as send:
                self._answers.take_send(send, is_checked=is_checked)
            case CallResult(message_id, payload):
                await self._settle(message_id, payload)
            case CallError(message_id, code, description, details):
                await self._settle(message_id, OcppCallError(code, description, details))
            case CallResultError(message_id, code, description):
                self.counters.refused_answers += 1
                _LOGGER.debug("The peer cannot use our answer %.36s: %s %s", message_id, code, description)
            case Unknown(answer):
                self.counters.unknown_types += 1
                await self._send_if_any(answer)
            case Malformed(answer):
                self.counters.malformed += 1
                await self._send_if_any(answer)

    async def _settle(self, message_id: str, outcome: dict[str, Any] | OcppCallError | None) -> None:
        """Hand over an answer; one that is no object is refused, to which only OCPP 2.1 has the words."""
        if outcome is not None:
            is_awaited = self._calls.settle(message_id, outcome)
        else:
            why = "The peer's answer is no object."
            is_awaited = self._calls.settle(message_id, OcppCallError(format_violation(self.version), why))
            if is_awaited:
                self.counters.malformed += 1
                if self.version is OcppVersion.V21:
                    await self._send(encode_result_error(message_id, ErrorCode.FORMAT, "The answer is no object."))
        if not is_awaited:
            self.counters.unmatched_answers += 1

    async def _send_if_any(self, frame: str | None) -> None:
        if frame is not None:
            await self._send(frame)

    async def _send(self, frame: str) -> None:
        await self._socket.send_str(frame)
        self.counters.frames_out += 1

    async def _next_frame(self) -> str | None:
        """Return the next frame, noting whether it was there before we asked: then its sender did not wait for us."""
        self._had_to_wait = False
        mark = asyncio.get_running_loop().call_soon(self._note_waiting)
        raw = await self._socket.receive_str()
        mark.cancel()
        return raw

    def _note_waiting(self) -> None:
        self._had_to_wait = True

    async def _take_from_budget(self, cost: float) -> None:
        """Let a peer wait that sends too fast; whoever keeps to the pace still lets others take their turn."""
        self._frames_ahead = max(0, self._frames_ahead + (-_WAITING_COUNTS if self._had_to_wait else 1))
        budget = self._frame_budget
        if budget is None or budget.take(cost):
            await asyncio.sleep(0)
            return
        self.counters.delayed_frames += 1
        if self._frames_ahead > _MAX_FRAMES_AHEAD:
            raise OcppFloodError(f"The peer kept sending too fast: {self.counters.frames_in} frames so far.")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(budget.wait_s()):
                await self._ended.wait()
        budget.force(cost)
