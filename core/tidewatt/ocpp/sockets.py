"""The aiohttp WebSockets of both ends as frame sockets."""

from __future__ import annotations

import asyncio

from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType
from aiohttp.web import WebSocketResponse

MAX_FRAME_BYTES = 256 * 1024
"""Largest message taken from a peer; a longer one ends the connection with WebSocket close code 1009."""

NOT_TEXT = ""
"""Stands for a binary message: the session counts and answers it as a malformed frame."""


class AiohttpSocket:
    """A server's or client's WebSocket of aiohttp, carrying whole text frames.

    Pings are answered here also when the WebSocket was made with `autoping=False`, which `keep_alive` needs to see
    that the peer answers ours.
    """

    def __init__(self, socket: WebSocketResponse | ClientWebSocketResponse) -> None:
        self._socket = socket
        self._received = 0

    async def send_str(self, data: str) -> None:
        """Send one text frame; ConnectionError when the socket is closed."""
        await self._socket.send_str(data)

    async def receive_str(self) -> str | None:
        """Return the next text frame, `NOT_TEXT` for a binary one, None once the socket is closed."""
        while True:
            message = await self._socket.receive()
            self._received += 1
            if message.type is WSMsgType.TEXT:
                return str(message.data)
            if message.type is WSMsgType.PING:
                await self.answer_ping(message.data)
            elif message.type is not WSMsgType.PONG:
                return NOT_TEXT if message.type is WSMsgType.BINARY else None

    async def answer_ping(self, data: bytes) -> None:
        """Send the pong of a ping."""
        await self._socket.pong(data)

    async def keep_alive(self, interval_s: float) -> None:
        """Ping until the peer stops answering, then close. Returns when the socket is closed.

        aiohttp's own heartbeat leaves a timer behind when the peer still sends while its socket is being closed.
        """
        try:
            while True:
                received = self._received
                await self._socket.ping()
                await asyncio.sleep(interval_s)
                if self._received == received:
                    await self.close(WSCloseCode.GOING_AWAY)
        except ConnectionError:
            return

    async def close(self, code: int = WSCloseCode.OK) -> None:
        """Close the socket. Safe to call twice."""
        await self._socket.close(code=code)
