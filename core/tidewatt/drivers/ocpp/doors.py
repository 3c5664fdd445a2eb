"""The ports of the central system: one without encryption, one with, each behind the same gate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
import logging
import ssl

from aiohttp import web

from tidewatt.site import Clock, OcppListener

from .depot import PREFIX, Depot
from .security import Gate, GateLimits
from .settings import OcppSettings

_CLOSE_TIMEOUT_S = 2.0

_LOGGER = logging.getLogger(__name__)

_NO_LOGGER = logging.Logger("nowhere", logging.CRITICAL + 1)  # noqa: LOG001 - nothing may configure or reach it
"""aiohttp would log every malformed request as an error, with its headers: passwords, and as much as anybody sends."""

type Connect = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Doors:
    """Listens on the configured ports; gives requests for files to the depot and all others to `connect`."""

    def __init__(
        self,
        listener: OcppListener,
        settings: OcppSettings,
        clock: Clock,
        connect: Connect,
        *,
        depot: Depot,
        on_refused: Callable[[str, str], None],
    ) -> None:
        self._listener = listener
        self._depot = depot
        app = web.Application(middlewares=[_tell_of_faults])
        app.router.add_route("*", f"{PREFIX}{{token:[^/]+}}{{rest:.*}}", self._serve_file)
        app.router.add_get("/{address:.*}", connect)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_CLOSE_TIMEOUT_S, logger=_NO_LOGGER)
        self._servers: dict[str, asyncio.Server] = {}
        self.gate = Gate(
            self._new_handler,
            limits=GateLimits(
                admission_s=settings.admission_s,
                arrivals_burst=settings.arrivals_burst,
                arrivals_per_s=settings.arrivals_per_s,
            ),
            on_refused=on_refused,
            clock=clock,
        )

    @property
    def plain_port(self) -> int:
        """The port without encryption that is listened on, or the configured one."""
        return self._port("plain", self._listener.port)

    @property
    def tls_port(self) -> int:
        """The port for TLS that is listened on, or the configured one; 0 without TLS."""
        return self._port("tls", self._listener.tls.port if self._listener.tls else 0)

    async def open(self, context: ssl.SSLContext | None) -> None:
        """Listen; OSError when a port is taken."""
        await self._runner.setup()
        listener = self._listener
        if listener.plain:
            self._servers["plain"] = await self.gate.listen(listener.host, listener.port)
        if listener.tls is not None and context is not None:
            self._servers["tls"] = await self.gate.listen(listener.host, listener.tls.port, context)

    def shut(self) -> None:
        """Let nobody in any more."""
        for server in self._servers.values():
            server.close()

    async def close(self) -> None:
        """End what is left of the connections."""
        self.shut()
        await self.gate.close()
        await self._runner.cleanup()
        self._servers.clear()

    async def _serve_file(self, request: web.Request) -> web.StreamResponse:
        """Let one who comes with a ticket take the time that a file needs."""
        if self._depot.is_known(request.match_info["token"]):
            self.gate.admitted(request.protocol)
        return await self._depot.serve(request)

    def _new_handler(self) -> asyncio.Protocol:
        if self._runner.server is None:
            raise RuntimeError("The central system does not run.")
        handler: asyncio.Protocol = self._runner.server()
        return handler

    def _port(self, name: str, configured: int) -> int:
        server = self._servers.get(name)
        return int(server.sockets[0].getsockname()[1]) if server is not None and server.sockets else configured


@web.middleware
async def _tell_of_faults(request: web.Request, handler: Connect) -> web.StreamResponse:
    """Log what goes wrong on our side, since aiohttp's own words are not heard."""
    try:
        return await handler(request)
    except web.HTTPException, ConnectionError:
        raise
    except Exception:
        _LOGGER.exception("Serving a connection from %s failed", request.remote)
        raise
