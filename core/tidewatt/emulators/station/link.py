"""A station's connection to its central system: opened again and again until it is told not to."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
import logging
from random import Random
from typing import Any

import aiohttp

from tidewatt.emulators.physics import Clock
from tidewatt.ocpp.errors import OcppClosedError, OcppFloodError
from tidewatt.ocpp.session import Handler, OcppSession, OcppVersion

from .faults import Faults, FaultySocket

_LOGGER = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 16.0
OPEN_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkAddress:
    """Where a station connects to and how it names itself. `password` None sends no credentials."""

    url: str
    station_id: str
    version: OcppVersion
    password: str | None = None


class StationLink:
    """Keeps one WebSocket open, waiting longer after each failure, with jitter so that stations do not come in step.

    `on_open` runs for each connection once calls are possible. `block` closes the connection and keeps it closed until
    every block is lifted. `refusal` says why the last attempt failed, None while all is well.
    """

    def __init__(
        self,
        address: LinkAddress,
        time: Clock,
        *,
        handlers: Mapping[str, Handler],
        on_open: Callable[[], Coroutine[Any, Any, None]],
        faults: Faults,
        random: Random,
    ) -> None:
        self.address = address
        self._faults = faults
        self.refusal: str | None = None
        self._time = time
        self._handlers = handlers
        self._on_open = on_open
        self._random = random
        self._session: OcppSession | None = None
        self._blocks: set[str] = set()
        self._unblocked = asyncio.Event()
        self._unblocked.set()

    @property
    def online(self) -> bool:
        """Whether there is a connection now."""
        return self._session is not None and not self._session.closed

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call the central system; OcppClosedError without a connection, else as `OcppSession.call`."""
        if self._session is None:
            raise OcppClosedError(f"{self.address.station_id} has no connection; {action} was not sent.")
        return await self._session.call(action, payload)

    async def block(self, reason: str) -> None:
        """Close the connection and stay away until `unblock` with the same reason."""
        self._blocks.add(reason)
        self._unblocked.clear()
        if self._session is not None:
            await self._session.close()

    def unblock(self, reason: str) -> None:
        """Lift one block; the station connects when no other is left."""
        self._blocks.discard(reason)
        if not self._blocks:
            self._unblocked.set()

    async def run(self) -> None:
        """Connect and serve, for ever."""
        failures = 0
        async with aiohttp.ClientSession() as client:
            while True:
                await self._unblocked.wait()
                opened = await self._connect_once(client)
                failures = 0 if opened else failures + 1
                await self._time.sleep(self._wait_s(failures))

    def _wait_s(self, failures: int) -> float:
        base_s = min(FIRST_WAIT_S * 2.0**failures, LONGEST_WAIT_S)
        return float(base_s * self._random.uniform(0.5, 1.0))

    async def _connect_once(self, client: aiohttp.ClientSession) -> bool:
        """Serve one connection to its end. Tells whether it came about at all."""
        name = self.address.station_id
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                socket = await self._open(client)
        except aiohttp.WSServerHandshakeError as error:
            self._note_refusal(f"it answers HTTP {error.status}")
            return False
        except (aiohttp.ClientError, OSError) as error:
            self._note_refusal(f"nobody answers there ({type(error).__name__})")
            return False
        if socket.protocol != self.address.version:
            self._note_refusal(f"it does not speak {self.address.version}")
            await socket.close()
            return False
        self.refusal = None
        _LOGGER.info("Station %s is connected to %s.", name, self.address.url)
        faulty = FaultySocket(socket, self._faults, self._time.sleep, self._random)
        await self._serve(OcppSession(faulty, self.address.version, self._handlers))
        _LOGGER.info("Station %s lost its connection.", name)
        return True

    async def _open(self, client: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        address = self.address
        return await client.ws_connect(
            f"{address.url.rstrip('/')}/{address.station_id}",
            protocols=[address.version.value],
            headers=_credentials(address),
            autoping=False,
        )

    def _note_refusal(self, refusal: str) -> None:
        if refusal != self.refusal:
            _LOGGER.warning("Station %s cannot connect to %s: %s.", self.address.station_id, self.address.url, refusal)
        self.refusal = refusal

    async def _serve(self, session: OcppSession) -> None:
        self._session = session
        if self._blocks:
            await session.close()
        try:
            async with asyncio.TaskGroup() as group:
                opening = group.create_task(self._on_open())
                await session.run()
                opening.cancel()
        except* OcppFloodError as flood:
            _LOGGER.warning("Station %s hung up: %s", self.address.station_id, flood.exceptions[0])
        finally:
            self._session = None


def _credentials(address: LinkAddress) -> dict[str, str]:
    """Return the header of HTTP Basic authentication (RFC 7617), none without a password."""
    if address.password is None:
        return {}
    pair = f"{address.station_id}:{address.password}".encode()
    return {"Authorization": f"Basic {b64encode(pair).decode()}"}
