"""One WebSocket of a station, with the session and the commands of its OCPP version."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from aiohttp import WSCloseCode

from tidewatt.ocpp.budget import TokenBucket
from tidewatt.ocpp.calls import ExchangeListener
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import FrameSocket, Handler, OcppSession
from tidewatt.ocpp.sockets import RoundTripListener
from tidewatt.ocpp.wire import to_wire_time, utc_now

from .blocks import Answered, Block, Guard, Observer
from .dialect import Commands, StationEvents
from .settings import OcppSettings
from .tasks import Tasks
from .v2.commands import CommandsV2
from .v2.inbound import InboundV2
from .v16.commands import CommandsV16
from .v16.inbound import InboundV16

VERSIONS = (OcppVersion.V21, OcppVersion.V201, OcppVersion.V16)
"""Versions spoken here, best first."""


class StationSocket(FrameSocket, Protocol):
    """A station's WebSocket, as `tidewatt.ocpp.sockets.AiohttpSocket` is one."""

    async def keep_alive(self, interval_s: float, on_round_trip: RoundTripListener | None = None) -> None:
        """Ping until the socket is closed, and close it when the station no longer answers."""

    async def close(self, code: int = WSCloseCode.OK) -> None:
        """Close the socket with a code. Safe to call twice."""


class Connection:
    """A station's connection from its handshake to its end."""

    def __init__(
        self,
        socket: StationSocket,
        version: OcppVersion,
        events: StationEvents,
        *,
        blocks: Sequence[Block],
        settings: OcppSettings,
        remote: str,
        on_exchange: ExchangeListener | None = None,
    ) -> None:
        self.version = version
        self.remote = remote
        self.since = to_wire_time(utc_now())
        self.tasks = Tasks(f"OCPP connection from {remote}")
        self.preparing = asyncio.Lock()
        self.ended = asyncio.Event()
        self._socket = socket
        inbound_type = InboundV16 if version is OcppVersion.V16 else InboundV2
        inbound = inbound_type(events, round(settings.heartbeat_interval_s)).handlers
        self.session = OcppSession(
            socket,
            version,
            self._handlers(inbound, blocks),
            call_timeout_s=settings.call_timeout_s,
            frame_budget=TokenBucket(settings.frames_burst, settings.frames_per_s, asyncio.get_running_loop().time),
            on_exchange=on_exchange,
        )
        self.commands: Commands = (
            CommandsV16(self.session) if version is OcppVersion.V16 else CommandsV2(self.session, version)
        )

    def _handlers(self, inbound: Mapping[str, Handler], blocks: Sequence[Block]) -> dict[str, Handler]:
        """Return everything that is answered here; a block's answer goes before one that merely notes a message."""
        handlers = dict(inbound)
        for block in blocks:
            handlers.update(block.handlers(self.version))
        for block in blocks:
            if isinstance(block, Observer):
                for action, look in block.afterwards(self.version).items():
                    handlers[action] = _observed(handlers[action], look)
        for guard in (block for block in blocks if isinstance(block, Guard)):
            handlers = {action: _guarded(action, handler, guard) for action, handler in handlers.items()}
        return handlers

    async def close(self, code: int = WSCloseCode.OK) -> None:
        """Close the WebSocket with a code."""
        self.session.end()
        await self._socket.close(code)


def _guarded(action: str, handler: Handler, guard: Guard) -> Handler:
    async def handle(payload: dict[str, Any]) -> dict[str, Any]:
        if (error := guard.refuses(action)) is not None:
            raise error
        return await handler(payload)

    return handle


def _observed(handler: Handler, look: Answered) -> Handler:
    async def handle(payload: dict[str, Any]) -> dict[str, Any]:
        return look(payload, await handler(payload))

    return handle
