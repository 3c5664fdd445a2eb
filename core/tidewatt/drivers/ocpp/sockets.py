"""The aiohttp WebSockets of both ends as frame sockets."""

from __future__ import annotations

from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType
from aiohttp.web import WebSocketResponse

MAX_FRAME_BYTES = 256 * 1024
"""Largest message taken from a peer; a longer one ends the connection with WebSocket close code 1009."""

NOT_TEXT = ""
"""Stands for a binary message: the session counts and answers it as a malformed frame."""


class AiohttpSocket:
    """A server's or client's WebSocket of aiohttp, carrying whole text frames."""

    def __init__(self, socket: WebSocketResponse | ClientWebSocketResponse) -> None:
        self._socket = socket

    async def send_str(self, data: str) -> None:
        """Send one text frame; ConnectionError when the socket is closed."""
        await self._socket.send_str(data)

    async def receive_str(self) -> str | None:
        """Return the next text frame, `NOT_TEXT` for a binary one, None once the socket is closed."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return str(message.data)
        return NOT_TEXT if message.type is WSMsgType.BINARY else None

    async def close(self, code: int = WSCloseCode.OK) -> None:
        """Close the socket. Safe to call twice."""
        await self._socket.close(code=code)
