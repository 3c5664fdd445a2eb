"""What the peer asks of us on one connection: served one after the other, in order."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import logging
from typing import Any

from .counters import SessionCounters
from .errors import OcppCallError, OcppFloodError
from .frames import Call, ErrorCode, OcppVersion, Send, encode_error, encode_result, wire_code
from .schemas import Schemas

_LOGGER = logging.getLogger(__name__)

_MAX_UNANSWERED_CALLS = 64
_MAX_WAITING_SENDS = 64

type Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]
"""Answers one action: payload in, payload out, or OcppCallError. What it returns for a SEND is not used."""


class Answers:
    """Serves calls and SENDs with `handlers`, in order. `run` does it until cancelled.

    OCPP has the peer wait for each answer, so more than a few unanswered calls are a flood. SENDs need not wait; what
    of them cannot be served in time is dropped, which their sender has to expect.
    """

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        version: OcppVersion,
        send: Callable[[str], Awaitable[None]],
        counters: SessionCounters,
    ) -> None:
        self._handlers = handlers
        self._version = version
        self._send = send
        self._counters = counters
        self._inbound: asyncio.Queue[tuple[Call | Send, bool]] = asyncio.Queue()
        self._unanswered: set[str] = set()
        self._sends = 0

    def take(self, call: Call, *, is_checked: bool) -> None:
        """Have a call answered; OcppFloodError when the peer does not wait for the answers."""
        if call.message_id in self._unanswered:
            # A repeated frame whose first copy is about to be answered: an error would be taken for its answer.
            self._counters.duplicates += 1
            return
        if len(self._unanswered) >= _MAX_UNANSWERED_CALLS:
            raise OcppFloodError(f"The peer did not wait for the answers to {len(self._unanswered)} calls.")
        self._unanswered.add(call.message_id)
        self._inbound.put_nowait((call, is_checked))

    def take_send(self, send: Send, *, is_checked: bool) -> None:
        """Have a SEND served, or dropped when too many wait."""
        if self._sends >= _MAX_WAITING_SENDS:
            self._counters.dropped_sends += 1
            return
        self._sends += 1
        self._inbound.put_nowait((send, is_checked))

    async def run(self, schemas: Schemas) -> None:
        """Serve until the connection is lost."""
        try:
            while True:
                message, is_checked = await self._inbound.get()
                if isinstance(message, Send):
                    await self._serve_send(message, schemas, is_checked=is_checked)
                    self._sends -= 1
                    continue
                answer = await self._answer(message, schemas, is_checked=is_checked)
                self._unanswered.discard(message.message_id)
                await self._send(answer)
        except ConnectionError as error:
            _LOGGER.debug("OCPP answer could not be sent: %s", error)

    async def _serve_send(self, send: Send, schemas: Schemas, *, is_checked: bool) -> None:
        handler = self._handlers.get(send.action)
        if handler is None or not schemas.is_send(send.action):
            self._counters.unknown_actions += 1
            return
        await schemas.prepare(send.action)
        if is_checked and not schemas.is_valid_request(send.action, send.payload):
            self._counters.schema_violations += 1
        try:
            await handler(send.payload)
        except OcppCallError as error:
            _LOGGER.debug("%s was no use: %s", send.action, error)
        except Exception:
            self._counters.handler_errors += 1
            _LOGGER.exception("Serving %s failed", send.action)

    async def _answer(self, call: Call, schemas: Schemas, *, is_checked: bool) -> str:
        handler = self._handlers.get(call.action)
        if handler is None:
            self._counters.unknown_actions += 1
            code = ErrorCode.NOT_SUPPORTED if schemas.knows(call.action) else ErrorCode.NOT_IMPLEMENTED
            return encode_error(call.message_id, code, f"{call.action[:64]} is not served here.")
        if schemas.is_send(call.action):
            self._counters.malformed += 1
            return encode_error(call.message_id, ErrorCode.PROTOCOL, f"{call.action} is a SEND, not a CALL.")
        await schemas.prepare(call.action)
        if is_checked and not schemas.is_valid_request(call.action, call.payload):
            self._counters.schema_violations += 1
        try:
            payload = await handler(call.payload)
            schemas.check_response(call.action, payload)
        except OcppCallError as error:
            return encode_error(call.message_id, wire_code(error.code, self._version), error.description, error.details)
        except Exception:
            # Whatever a peer sends must not end the connection of a charging vehicle.
            self._counters.handler_errors += 1
            _LOGGER.exception("Answering %s failed", call.action)
            return encode_error(call.message_id, ErrorCode.INTERNAL)
        return encode_result(call.message_id, payload)
