"""One OCPP-J connection, used by both ends: calls, answers, order, time limits and counters.

Payloads are the camelCase dictionaries of the wire. What we send is checked strictly against the schemas; what we
receive is only counted when it deviates, because real stations do and their other fields are still good.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import logging
from typing import Any, Protocol
from uuid import uuid4

from .budget import TokenBucket
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
    ErrorCode,
    Malformed,
    OcppVersion,
    Unknown,
    encode_call,
    encode_error,
    encode_result,
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

_MAX_WAITING_CALLS = 32
_MAX_UNANSWERED_CALLS = 64
_MAX_DELAYED_FRAMES = 1000
_CHARS_PER_TOKEN = 4096
"""A long frame takes as long as many short ones, and costs as much of the budget."""
_MAX_CHECKED_CHARS = 16 * 1024
"""Longer requests are served without a look at their schema: that alone would keep everybody else waiting."""

type Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Answers one action: payload in, payload out, or OcppCallError."""


class FrameSocket(Protocol):
    """A WebSocket as far as OCPP-J needs it: whole text frames."""

    async def send_str(self, data: str) -> None:
        """Send one text frame; ConnectionError when the socket is closed."""

    async def receive_str(self) -> str | None:
        """Return the next text frame, None once the socket is closed."""

    async def close(self) -> None:
        """Close the socket. Safe to call twice."""


@dataclass(slots=True)
class SessionCounters:
    """What happened on one connection since it was opened."""

    frames_in: int = 0
    frames_out: int = 0
    malformed: int = 0
    unknown_types: int = 0
    unknown_actions: int = 0
    schema_violations: int = 0
    duplicates: int = 0
    unmatched_answers: int = 0
    timeouts: int = 0
    handler_errors: int = 0
    delayed_frames: int = 0


class OcppSession:
    """Speaks OCPP-J over a socket until it closes.

    `handlers` maps actions to what answers them. Inbound calls are answered one after the other, in order, in a task
    of their own, so a handler may itself `call`. Outbound calls wait for the one before them, as OCPP demands.
    `frame_budget` slows a peer down that sends too fast, and ends the connection when it keeps on doing so.
    """

    def __init__(
        self,
        socket: FrameSocket,
        version: OcppVersion,
        handlers: Mapping[str, Handler],
        *,
        call_timeout_s: float = 30.0,
        frame_budget: TokenBucket | None = None,
    ) -> None:
        self.version = version
        self.counters = SessionCounters()
        self.closed = False
        self._socket = socket
        self._handlers = handlers
        self._call_timeout_s = call_timeout_s
        self._frame_budget = frame_budget
        self._schemas: Schemas | None = None
        self._turn = asyncio.Lock()
        self._waiting_calls = 0
        self._pending: tuple[str, asyncio.Future[dict[str, Any]]] | None = None
        self._inbound: asyncio.Queue[tuple[Call, bool]] = asyncio.Queue()
        self._unanswered: set[str] = set()
        self._delayed_in_a_row = 0

    async def run(self) -> None:
        """Serve the connection until it closes; OcppFloodError when the peer had to be cut off."""
        schemas = self._schemas = await load_schemas(self.version)
        answering = asyncio.create_task(self._answer_calls(schemas), name="ocpp answers")
        try:
            while (raw := await self._socket.receive_str()) is not None:
                self.counters.frames_in += 1
                await self._take_from_budget(1.0 + len(raw) // _CHARS_PER_TOKEN)
                await self._receive(raw)
        except ConnectionError as error:
            _LOGGER.debug("OCPP connection lost: %s", error)
        finally:
            self.closed = True
            self._fail_pending(OcppClosedError("The connection closed before the answer came."))
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)
            await self._socket.close()

    async def close(self) -> None:
        """Close the connection; `run` then returns."""
        self.closed = True
        await self._socket.close()

    async def call(self, action: str, payload: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Send a CALL and return the payload of its answer. `timeout_s` replaces the session's own.

        OcppCallError when the peer refuses, OcppTimeoutError when it does not answer, OcppClosedError without a
        connection, OcppBusyError when too many calls wait already, OcppSchemaError when the payload is wrong.
        """
        schemas = self._schemas = self._schemas or await load_schemas(self.version)
        await schemas.prepare(action)
        schemas.check_request(action, payload)
        if self._waiting_calls >= _MAX_WAITING_CALLS:
            raise OcppBusyError(f"{self._waiting_calls} calls wait already; {action} was not sent.")
        self._waiting_calls += 1
        try:
            async with self._turn:
                answer = await self._exchange(action, payload, timeout_s or self._call_timeout_s)
        finally:
            self._waiting_calls -= 1
        if not schemas.is_valid_response(action, answer):
            self.counters.schema_violations += 1
        return answer

    async def _exchange(self, action: str, payload: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        if self.closed:
            raise OcppClosedError(f"There is no connection; {action} was not sent.")
        message_id = str(uuid4())
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending = (message_id, future)
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(encode_call(message_id, action, payload))
                return await future
        except TimeoutError as error:
            self.counters.timeouts += 1
            raise OcppTimeoutError(f"{action} was not answered within {timeout_s:g} s.") from error
        except ConnectionError as error:
            raise OcppClosedError(f"The connection closed while {action} was sent.") from error
        finally:
            self._pending = None

    async def _receive(self, raw: str) -> None:
        match parse_frame(raw, self.version):
            case Call() as call:
                self._enqueue(call, is_checked=len(raw) <= _MAX_CHECKED_CHARS)
            case CallResult(message_id, payload):
                self._settle(message_id, payload)
            case CallError(message_id, code, description, details):
                self._settle(message_id, OcppCallError(code, description, details))
            case Unknown():
                self.counters.unknown_types += 1
            case Malformed(answer):
                self.counters.malformed += 1
                if answer is not None:
                    await self._send(answer)

    def _enqueue(self, call: Call, *, is_checked: bool) -> None:
        if call.message_id in self._unanswered:
            # A repeated frame whose first copy is about to be answered.
            self.counters.duplicates += 1
            return
        if len(self._unanswered) >= _MAX_UNANSWERED_CALLS:
            raise OcppFloodError(f"The peer did not wait for the answers to {len(self._unanswered)} calls.")
        self._unanswered.add(call.message_id)
        self._inbound.put_nowait((call, is_checked))

    def _settle(self, message_id: str, outcome: dict[str, Any] | OcppCallError | None) -> None:
        if self._pending is None or self._pending[0] != message_id or self._pending[1].done():
            self.counters.unmatched_answers += 1
            return
        future = self._pending[1]
        if outcome is None:
            self.counters.malformed += 1
            future.set_exception(OcppCallError(format_violation(self.version), "The peer's answer is no object."))
        elif isinstance(outcome, OcppCallError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    def _fail_pending(self, error: OcppClosedError) -> None:
        if self._pending is not None and not self._pending[1].done():
            self._pending[1].set_exception(error)

    async def _answer_calls(self, schemas: Schemas) -> None:
        try:
            while True:
                call, is_checked = await self._inbound.get()
                answer = await self._answer(call, schemas, is_checked=is_checked)
                self._unanswered.discard(call.message_id)
                await self._send(answer)
        except ConnectionError as error:
            _LOGGER.debug("OCPP answer could not be sent: %s", error)

    async def _answer(self, call: Call, schemas: Schemas, *, is_checked: bool) -> str:
        handler = self._handlers.get(call.action)
        if handler is None:
            self.counters.unknown_actions += 1
            code = ErrorCode.NOT_SUPPORTED if schemas.knows(call.action) else ErrorCode.NOT_IMPLEMENTED
            return encode_error(call.message_id, code, f"{call.action} is not served here.")
        await schemas.prepare(call.action)
        if is_checked and not schemas.is_valid_request(call.action, call.payload):
            self.counters.schema_violations += 1
        try:
            payload = await handler(call.payload)
            schemas.check_response(call.action, payload)
        except OcppCallError as error:
            return encode_error(call.message_id, error.code, error.description, error.details)
        except Exception:
            # Whatever a peer sends must not end the connection of a charging vehicle.
            self.counters.handler_errors += 1
            _LOGGER.exception("Answering %s failed", call.action)
            return encode_error(call.message_id, ErrorCode.INTERNAL)
        return encode_result(call.message_id, payload)

    async def _send(self, frame: str) -> None:
        await self._socket.send_str(frame)
        self.counters.frames_out += 1

    async def _take_from_budget(self, cost: float) -> None:
        budget = self._frame_budget
        if budget is None or budget.take(cost):
            self._delayed_in_a_row = 0
            return
        self.counters.delayed_frames += 1
        self._delayed_in_a_row += 1
        if self._delayed_in_a_row > _MAX_DELAYED_FRAMES:
            raise OcppFloodError(f"The peer kept sending too fast: {self.counters.frames_in} frames so far.")
        await asyncio.sleep(budget.wait_s())
        budget.force(cost)
