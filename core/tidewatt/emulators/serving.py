"""An emulated site on its wires: meters, stations and the address to command them, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import logging
import time
from typing import Any

from tidewatt.site import Clock, ModbusEndpoint
from tidewatt.site.schema import load_site

from .control_server import ControlServer
from .emulation import Emulation
from .meters import MeterServer, MeterUnit
from .schema import load_emulation

_LOGGER = logging.getLogger(__name__)

TICK_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulationAddresses:
    """Where the emulated hardware listens: `(host, port)` each."""

    control: tuple[str, int]
    meters: Mapping[str, tuple[str, int]]


async def run_emulation(
    document: Mapping[str, Any],
    *,
    ready: Callable[[EmulationAddresses], None] | None = None,
    attend: Callable[[Emulation], Coroutine[Any, Any, None]] | None = None,
) -> None:
    """Emulate the hardware of a site document in real time until cancelled, or until `attend` returns.

    `ready` is told the addresses once everything listens. SiteError when the document is not usable, OSError when a
    port is taken.
    """
    site = load_site(document)
    emulation = Emulation(site, load_emulation(document, site))
    async with listening(emulation) as addresses:
        _LOGGER.info("Emulating %s; commands go to http://%s:%d.", site.name, *addresses.control)
        if ready is not None:
            ready(addresses)
        work = asyncio.ensure_future(_run(emulation))
        attended = work if attend is None else asyncio.ensure_future(attend(emulation))
        try:
            await asyncio.wait((work, attended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (work, attended):
                each.cancel()
            results = await asyncio.gather(work, attended, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result


async def _run(emulation: Emulation) -> None:
    """Run stations and time; when cancelled, wait until the stations have taken leave of their central system."""
    async with asyncio.TaskGroup() as group:
        group.create_task(emulation.run_stations())
        group.create_task(keep_pace(emulation))


@asynccontextmanager
async def listening(emulation: Emulation) -> AsyncIterator[EmulationAddresses]:
    """Serve meters and commands; OSError when a port is taken. Everything is closed on the way out."""
    async with AsyncExitStack() as stack:
        meters: dict[str, MeterServer] = {}
        for server, meter_ids in _meter_servers(emulation):
            await server.start()
            stack.push_async_callback(server.stop)
            meters |= dict.fromkeys(meter_ids, server)
        control = ControlServer(emulation)
        await control.start()
        stack.push_async_callback(control.stop)
        yield EmulationAddresses(
            control=(control.host, control.bound_port),
            meters={meter_id: (server.host, server.bound_port) for meter_id, server in meters.items()},
        )


async def keep_pace(
    emulation: Emulation, *, clock: Clock = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Step the emulation with a clock, ten times a second, for ever."""
    before_s = clock()
    while True:
        await sleep(TICK_S)
        now_s = clock()
        emulation.step(now_s - before_s)
        before_s = now_s


def _meter_servers(emulation: Emulation) -> list[tuple[MeterServer, list[str]]]:
    """Return a server for each port, with the meters on it. Meters told to take a free port have one each."""
    buses: dict[tuple[str, object], dict[int, MeterUnit]] = {}
    for meter in emulation.site.meters:
        if isinstance(meter.endpoint, ModbusEndpoint):
            port = emulation.settings.meter(meter.meter_id).port
            port = meter.endpoint.port if port is None else port
            bus = buses.setdefault((meter.endpoint.host, port or meter.meter_id), {})
            bus[meter.endpoint.unit_id] = emulation.meters[meter.meter_id]
    return [
        (MeterServer(host, port if isinstance(port, int) else 0, units), [each.meter_id for each in units.values()])
        for (host, port), units in buses.items()
    ]
