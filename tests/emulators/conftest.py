"""What the tests of the emulators share: sockets, and stations at a scripted central system."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.emulators.sessions import STATIONS, VEHICLES
from tests.emulators.site_of import document
from tests.emulators.station_bench import Bench, bench_of


@pytest.fixture(autouse=True)
def _loopback(socket_enabled: None) -> None:
    """Allow real sockets on loopback; the Home Assistant test plugin blocks them otherwise."""


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Two stations, connected and booted, with unplugged vehicles."""
    async with bench_of(document(stations=[dict(each) for each in STATIONS], vehicles=VEHICLES)) as running:
        for station_id, outlets in (("S16", 2), ("S201", 1)):
            await running.central.hears(station_id, "StatusNotification", times=outlets)
        yield running
