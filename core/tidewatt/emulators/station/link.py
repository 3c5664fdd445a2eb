"""A station's connection to its central system: opened again and again until it is told not to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
import logging
from random import Random
from typing import Any

import aiohttp

from tidewatt.emulators.physics import Clock
from tidewatt.ocpp.errors import OcppClosedError, OcppFloodError
from tidewatt.ocpp.session import Handler, OcppSession

from .access import StationAccess
from .faults import Faults, FaultySocket

_LOGGER = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 16.0
OPEN_TIMEOUT_S = 10.0


class StationLink:
    """Keeps one WebSocket open, waiting longer after each failure, with jitter so that stations do not come in step.

    `on_open` runs for each connection once calls are possible. `block` closes the connection and keeps it closed until
    every block is lifted. `refusal` says why the last attempt failed, None while all is well.
    """

    def __init__(
        self,
        access: StationAccess,
        time: Clock,
        *,
        handlers: Mapping[str, Handler],
        on_open: Callable[[], Coroutine[Any, Any, None]],
        faults: Faults,
        random: Random,
    ) -> None:
        self._access = access
        self.address = access.address
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

    async def reconnect(self) -> None:
        """Close the connection, if there is one; it is opened anew."""
        if self._session is not None:
            await self._session.close()

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
                if not opened:
                    self._access.failed()
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
        except aiohttp.ClientConnectorCertificateError as error:
            self._access.on_distrust(str(error.certificate_error))
            self._note_refusal("its certificate is not trusted")
            return False
        except ValueError as error:
            self._note_refusal(f"its own certificate files or the address are no use ({error})")
            return False
        except (aiohttp.ClientError, OSError) as error:
            self._note_refusal(f"nobody answers there ({type(error).__name__})")
            return False
        if socket.protocol != self.address.version:
            self._note_refusal(f"it does not speak {self.address.version}")
            await socket.close()
            return False
        self.refusal = None
        self._access.succeeded()
        _LOGGER.info("Station %s is connected to %s.", name, self._access.connection.url)
        faulty = FaultySocket(socket, self._faults, self._time.sleep, self._random)
        await self._serve(OcppSession(faulty, self.address.version, self._handlers))
        _LOGGER.info("Station %s lost its connection.", name)
        return True

    async def _open(self, client: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
        access = self._access
        context = await access.context()
        return await client.ws_connect(
            f"{access.connection.url.rstrip('/')}/{self.address.station_id}",
            protocols=[self.address.version.value],
            headers=access.headers,
            autoping=False,
            ssl=context or True,
        )

    def _note_refusal(self, refusal: str) -> None:
        if refusal != self.refusal:
            url = self._access.connection.url
            _LOGGER.warning("Station %s cannot connect to %s: %s.", self.address.station_id, url, refusal)
        self.refusal = refusal

    async def _serve(self, session: OcppSession) -> None:
        self._session = session
        if self._blocks:
            await session.close()
        opening = asyncio.create_task(self._on_open())
        try:
            await session.run()
        except OcppFloodError as flood:
            _LOGGER.warning("Station %s hung up: %s", self.address.station_id, flood)
        finally:
            self._session = None
            opening.cancel()
            await asyncio.wait((opening,))
        if not opening.cancelled():
            opening.result()
