"""The aiohttp WebSockets of both ends as frame sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import contextlib

from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType
from aiohttp.web import WebSocketResponse

from .budget import TokenBucket

MAX_FRAME_BYTES = 256 * 1024
"""Largest message taken from a peer; a longer one ends the connection with WebSocket close code 1009."""

NOT_TEXT = ""
"""Stands for a binary message: the session counts and answers it as a malformed frame."""

WRITE_TIMEOUT_S = 10.0
"""A peer that does not read for so long, with a full buffer on our side, is cut off: more would only pile up."""

_CLOSE_TIMEOUT_S = 3.0
_PINGS_BURST, _PINGS_PER_S = 20, 5
"""Pings that are taken from a peer; one that sends more is read no faster."""

type RoundTripListener = Callable[[float | None], None]
"""Hears of each ping: the time in seconds to its pong, None when none came before the next."""


class AiohttpSocket:
    """A server's or client's WebSocket of aiohttp, carrying whole text frames.

    Pings are answered here also when the WebSocket was made with `autoping=False`, which `keep_alive` needs to see
    that the peer answers ours. `abort` ends the connection without waiting for anything to be sent.
    """

    def __init__(
        self,
        socket: WebSocketResponse | ClientWebSocketResponse,
        *,
        abort: Callable[[], None] | None = None,
        write_timeout_s: float = WRITE_TIMEOUT_S,
    ) -> None:
        self._socket = socket
        self._abort = abort
        self._write_timeout_s = write_timeout_s
        self._received = 0
        self._pings = TokenBucket(_PINGS_BURST, _PINGS_PER_S, asyncio.get_running_loop().time)
        self._pong = _Pong()

    async def send_str(self, data: str) -> None:
        """Send one text frame; ConnectionError when the socket is closed or the peer does not read."""
        await self._write(self._socket.send_str(data))

    async def receive_str(self) -> str | None:
        """Return the next text frame, `NOT_TEXT` for a binary one, None once the socket is closed."""
        while True:
            message = await self._socket.receive()
            self._received += 1
            if message.type is WSMsgType.TEXT:
                return str(message.data)
            if message.type is WSMsgType.PING:
                await self._slow_down()
                await self.answer_ping(message.data)
            elif message.type is WSMsgType.PONG:
                self._pong.take(bytes(message.data))
                await asyncio.sleep(0)
            else:
                return NOT_TEXT if message.type is WSMsgType.BINARY else None

    async def answer_ping(self, data: bytes) -> None:
        """Send the pong of a ping."""
        await self._write(self._socket.pong(data))

    async def keep_alive(self, interval_s: float, on_round_trip: RoundTripListener | None = None) -> None:
        """Ping until the peer stops answering, then close. Returns when the socket is closed.

        aiohttp's own heartbeat leaves a timer behind when the peer still sends while its socket is being closed.
        """
        self._pong.listener = on_round_trip
        try:
            while True:
                received = self._received
                await self._write(self._socket.ping(self._pong.next()))
                await asyncio.sleep(interval_s)
                if self._received == received:
                    self._pong.miss()
                    await self.close(WSCloseCode.GOING_AWAY)
        except ConnectionError:
            return

    async def close(self, code: int = WSCloseCode.OK) -> None:
        """Close the socket, whether the peer reads or not. Safe to call twice."""
        with contextlib.suppress(ConnectionError):
            await self._patiently(self._socket.close(code=code), _CLOSE_TIMEOUT_S)

    async def _write(self, writing: Awaitable[object]) -> None:
        await self._patiently(writing, self._write_timeout_s)

    async def _patiently(self, writing: Awaitable[object], timeout_s: float) -> None:
        """Wait for a write; a peer that does not let it happen in time is cut off, with ConnectionResetError."""
        try:
            async with asyncio.timeout(timeout_s):
                await writing
                return
        except TimeoutError:
            self._cut()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            # In aiohttp all who wait for room in the buffer share one future: when one gave up, the others fall too.
            self._cut()
        raise ConnectionResetError("The peer does not read.")

    async def _slow_down(self) -> None:
        if not self._pings.take():
            await asyncio.sleep(self._pings.wait_s())
            self._pings.force()

    def _cut(self) -> None:
        if self._abort is not None:
            self._abort()


class _Pong:
    """Waits for the pong of the newest ping.

    A peer that has never sent a pong and is heard all the same just does not know how to: nothing is lost there.
    """

    def __init__(self) -> None:
        self.listener: RoundTripListener | None = None
        self._number = 0
        self._awaited: tuple[bytes, float] | None = None
        self._is_known = False

    def next(self) -> bytes:
        """Return what the next ping carries; the one before it is lost if its pong has not come."""
        if self._awaited is not None and self._is_known:
            self.miss()
        self._number += 1
        payload = self._number.to_bytes(8)
        self._awaited = (payload, asyncio.get_running_loop().time())
        return payload

    def take(self, payload: bytes) -> None:
        """Take a pong; one of an earlier ping, or that nobody asked for, says nothing."""
        if self._awaited is None or self._awaited[0] != payload:
            return
        sent_s = self._awaited[1]
        self._awaited, self._is_known = None, True
        self._tell(asyncio.get_running_loop().time() - sent_s)

    def miss(self) -> None:
        """Take it that the newest ping stays unanswered."""
        self._awaited = None
        self._tell(None)

    def _tell(self, round_trip_s: float | None) -> None:
        if self.listener is not None:
            self.listener(round_trip_s)
