"""A connection that ends while a call is being sent ends the call, and leaves nothing unsaid behind."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from tidewatt.ocpp.errors import OcppClosedError
from tidewatt.ocpp.session import OcppSession, OcppVersion


class StuckSocket:
    """A socket that takes nothing until it is closed, and then says so."""

    def __init__(self) -> None:
        self.sending = asyncio.Event()
        self._closed = asyncio.Event()

    async def send_str(self, data: str) -> None:  # noqa: ARG002 - the Protocol's
        """Wait for the end; ConnectionError then."""
        self.sending.set()
        await self._closed.wait()
        raise ConnectionResetError

    async def receive_str(self) -> str | None:
        """Return None once the socket is closed."""
        await self._closed.wait()
        return None

    async def close(self) -> None:
        """Close it."""
        self._closed.set()


async def test_a_call_that_is_being_sent_when_the_connection_ends_fails_once() -> None:
    unsaid: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unsaid.append(context))
    socket = StuckSocket()
    session = OcppSession(socket, OcppVersion.V16, {})
    serving = asyncio.create_task(session.run())
    calling = asyncio.create_task(session.call("Reset", {"type": "Soft"}))
    await socket.sending.wait()
    await session.close()
    with pytest.raises(OcppClosedError):
        await calling
    await serving
    del calling, serving, session
    gc.collect()
    await asyncio.sleep(0)
    assert unsaid == []
