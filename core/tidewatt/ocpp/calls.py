"""Our calls on one connection, from their turn to their answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from .errors import OcppCallError, OcppClosedError, OcppTimeoutError
from .frames import encode_call
from .turns import Turn, Turns, urgency_of

type ExchangeListener = Callable[[float | None], None]
"""Hears of each call's end: the time in seconds from sending to its answer, None when none came in time."""


class Calls:
    """Sends calls one after the other and matches the answers by message id.

    No call is ever repeated here: whether the peer took one that it did not answer is unknown, and only who made the
    call knows whether doing it twice does harm. An answer after the time limit finds nobody and is dropped.
    """

    def __init__(
        self, send: Callable[[str], Awaitable[None]], *, patience_s: float, on_exchange: ExchangeListener | None
    ) -> None:
        self._send = send
        self._turns = Turns(patience_s)
        self._on_exchange = on_exchange
        self._pending: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._is_closed = False

    async def exchange(self, action: str, payload: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        """Send a CALL in its turn and return the payload of its answer; errors as `OcppSession.call`."""
        turn = await self._turns.take(urgency_of(action))
        try:
            return await self._exchange(turn, action, payload, timeout_s)
        finally:
            self._turns.end(turn)

    async def _exchange(self, turn: Turn, action: str, payload: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        if self._is_closed:
            raise OcppClosedError(f"There is no connection; {action} was not sent.")
        message_id = str(uuid4())
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[message_id] = future
        try:
            async with asyncio.timeout(timeout_s):
                await self._send(encode_call(message_id, action, payload))
                answer = await future
        except TimeoutError as error:
            self._tell(None)
            raise OcppTimeoutError(f"{action} was not answered within {timeout_s:g} s.") from error
        except ConnectionError as error:
            raise OcppClosedError(f"The connection closed while {action} was sent.") from error
        except OcppCallError:
            self._tell(turn)
            raise
        finally:
            del self._pending[message_id]
            if future.done() and not future.cancelled():
                # Where the sending itself failed nobody waits any more for what `close` says.
                future.exception()
        self._tell(turn)
        return answer

    def _tell(self, turn: Turn | None) -> None:
        if self._on_exchange is not None:
            self._on_exchange(None if turn is None else asyncio.get_running_loop().time() - turn.since_s)

    def settle(self, message_id: str, outcome: dict[str, Any] | OcppCallError) -> bool:
        """Hand an answer to the call that waits for it; False when nobody does."""
        future = self._pending.get(message_id)
        if future is None or future.done():
            return False
        if isinstance(outcome, OcppCallError):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
        return True

    def close(self) -> None:
        """Fail the calls that wait for an answer, and those to come."""
        self._is_closed = True
        for future in self._pending.values():
            if not future.done():
                future.set_exception(OcppClosedError("The connection closed before the answer came."))
