"""Runtimes on loopback, and the small parts that tests plug into them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
import copy
from dataclasses import dataclass, field
from typing import Any

import pytest

from tidewatt.control import Decision, Snapshot
from tidewatt.drivers.modbus import TcpUnits
from tidewatt.drivers.ocpp import DiscoveredStation
from tidewatt.runtime import SiteRuntime
from tidewatt.site import EntityMeterEndpoint, FaultListener, Meter, ReadingListener, Site
from tidewatt.site.schema import load_site

WITHIN_S = 60


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests speak to real sockets on loopback."""


def make_site(**sections: Any) -> Site:
    """Return a site behind 20 A that listens on any free port."""
    base = {"site": {"name": "Test", "main_fuse_a": 20}, "ocpp": {"host": "127.0.0.1", "port": 0}}
    return load_site(base | sections)


class MemoryStore:
    """A `StateStore` that lasts as long as the test."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Any]] = {}

    async def load(self, name: str) -> dict[str, Any] | None:
        """Return a copy of the document."""
        return copy.deepcopy(self.documents.get(name))

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep a copy of the document."""
        self.documents[name] = copy.deepcopy(dict(document))


class PushedMeter:
    """A meter that says what the test pushes, and knows how often it was started; one called "broken" never starts."""

    def __init__(self, meter: Meter, on_reading: ReadingListener) -> None:
        self.meter = meter
        self.push = on_reading
        self.started = 0
        self.stopped = 0

    async def start(self) -> None:
        """Count; ConnectionError when it is broken."""
        self.started += 1
        if self.meter.name == "broken":
            raise ConnectionError(self.meter.meter_id)

    async def stop(self) -> None:
        """Count."""
        self.stopped += 1


@dataclass
class Running:
    """A running site and everything it has told."""

    runtime: SiteRuntime
    meters: list[PushedMeter]
    discovered: asyncio.Queue[DiscoveredStation] = field(default_factory=asyncio.Queue)
    cycles: asyncio.Queue[tuple[Snapshot, Decision]] = field(default_factory=asyncio.Queue)

    async def until(self, told: Callable[[Snapshot, Decision], bool]) -> tuple[Snapshot, Decision]:
        """Wait for a cycle of which something holds."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                cycle = await self.cycles.get()
                if told(*cycle):
                    return cycle


type RunSite = Callable[..., Any]


@pytest.fixture
async def run_site() -> AsyncIterator[RunSite]:
    """Start runtimes; stopped at the end of the test."""
    async with AsyncExitStack() as stack:

        async def start(site: Site, store: MemoryStore | None = None) -> Running:
            meters: list[PushedMeter] = []
            discovered: asyncio.Queue[DiscoveredStation] = asyncio.Queue()
            cycles: asyncio.Queue[tuple[Snapshot, Decision]] = asyncio.Queue()

            def make_meter(meter: Meter, on_reading: ReadingListener, on_fault: FaultListener) -> PushedMeter:
                meters.append(PushedMeter(meter, on_reading))
                return meters[-1]

            units = TcpUnits()
            stack.push_async_callback(units.close)
            runtime = SiteRuntime(
                site,
                store=store or MemoryStore(),
                open_unit=units.open,
                meter_factories={EntityMeterEndpoint: make_meter},
                on_cycle=lambda *cycle: cycles.put_nowait(cycle),
                on_discovered=discovered.put_nowait,
            )
            stack.push_async_callback(runtime.stop)
            await runtime.start()
            return Running(runtime, meters, discovered, cycles)

        yield start
