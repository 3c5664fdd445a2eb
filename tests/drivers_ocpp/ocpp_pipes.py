"""A session whose socket is a pair of queues, and the raw end of its peer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import json
from typing import Any

from tests.patience import PATIENCE_S
from tidewatt.ocpp.session import Handler, OcppSession, OcppVersion

NOW = "2026-11-20T10:00:00Z"


class Pipe:
    """One end of a pair of sockets in memory."""

    def __init__(self) -> None:
        self.inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.other: Pipe | None = None
        self.closed = False

    async def send_str(self, data: str) -> None:
        """Send a text to the other end."""
        if self.closed or self.other is None:
            raise ConnectionResetError
        self.other.inbox.put_nowait(data)

    async def receive_str(self) -> str | None:
        """Return the next text, None once closed."""
        return await self.inbox.get()

    async def close(self) -> None:
        """Close both ends."""
        if not self.closed and self.other is not None:
            self.closed = self.other.closed = True
            self.inbox.put_nowait(None)
            self.other.inbox.put_nowait(None)

    async def send_frame(self, *frame: Any) -> None:
        """Send an array as JSON."""
        await self.send_str(json.dumps(frame))

    async def frame(self) -> list[Any]:
        """Return the next array."""
        async with asyncio.timeout(PATIENCE_S):
            raw = await self.receive_str()
        assert raw is not None, "the connection was closed"
        return list(json.loads(raw))


async def until(is_true: Callable[[], bool]) -> None:
    """Let others run until a condition holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_true():  # noqa: ASYNC110 - sessions have no events for their counters
            await asyncio.sleep(0)


def pipes() -> tuple[Pipe, Pipe]:
    """Return both ends of a connection."""
    left, right = Pipe(), Pipe()
    left.other, right.other = right, left
    return left, right


async def heartbeat(payload: dict[str, Any]) -> dict[str, Any]:
    """Answer a Heartbeat."""
    return {"currentTime": NOW}


@asynccontextmanager
async def running(
    version: OcppVersion = OcppVersion.V16, handlers: dict[str, Handler] | None = None, **options: Any
) -> AsyncIterator[tuple[OcppSession, Pipe]]:
    """Yield a running session and the raw end of its peer; the session must end clean."""
    ours, theirs = pipes()
    session = OcppSession(ours, version, {"Heartbeat": heartbeat} | (handlers or {}), **options)
    before = asyncio.all_tasks()
    task = asyncio.create_task(session.run())
    try:
        yield session, theirs
    finally:
        await theirs.close()
        await asyncio.gather(task, return_exceptions=True)
        assert asyncio.all_tasks() <= before, "a task outlived its session"
