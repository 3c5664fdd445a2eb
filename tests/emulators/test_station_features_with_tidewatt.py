"""What emulated stations can do beside charging, Tidewatt's central system has them do, in every version."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.emulators.site_of import document, emulation_of
from tests.emulators.station_bench import Bench, ScriptedCentral
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp import (
    Availability,
    CentralSystem,
    CustomerInformation,
    DisplayMessage,
    DisplayMessages,
    FirmwareSource,
    FirmwareUpdates,
    LogKind,
    Logs,
    Monitor,
    Monitoring,
    MonitorKind,
    RemoteControl,
    Reservations,
    Station,
    Taken,
    TransactionStatus,
    Variables,
)
from tidewatt.ledger import JsonFileStore
from tidewatt.site import OcppListener
from tidewatt.site.schema import load_site

ALL = pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
BOTH = pytest.mark.parametrize("version", ["2.0.1", "2.1"])


@asynccontextmanager
async def pair(version: str, folder: Path) -> AsyncIterator[Station]:
    """Return the central system's view of an emulated station of a version."""
    site = load_site(document())
    online = asyncio.Event()
    central = CentralSystem(
        OcppListener(port=0),
        site.chargers,
        store=JsonFileStore(folder / "state"),
        on_reading=lambda reading: online.set() if getattr(reading, "online", False) else None,
        on_fault=lambda _: None,
        on_discovered=lambda _: None,
    )
    await central.start()
    try:
        emulated = {"url": f"ws://127.0.0.1:{central.bound_port}", "station": "S16", "version": version}
        async with Bench(emulation_of(document(stations=[emulated])), ScriptedCentral()).running(), patience():
            await online.wait()
            yield central.station(next(each.charger_id for each in site.chargers if each.endpoint.station_id == "S16"))
    finally:
        await central.stop()


def patience() -> asyncio.Timeout:
    return asyncio.timeout(PATIENCE_S)


@ALL
async def test_logs_come_and_firmware_goes(version: str, tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"firmware 9")
    async with pair(version, tmp_path) as station:
        log = await station.block(Logs).fetch(LogKind.DIAGNOSTICS, tmp_path / "logs")
        assert b"S16" in await asyncio.to_thread(log.file.read_bytes)
        updates, over = station.block(FirmwareUpdates), asyncio.Event()
        updates.listeners.subscribe(lambda state: over.set() if state.is_over else None)
        await updates.update(FirmwareSource(file=image))
        await over.wait()
        assert updates.state is not None
        assert (updates.state.status, updates.state.problem) == ("Installed", None)


@ALL
async def test_a_person_has_the_station_do_things(version: str, tmp_path: Path) -> None:
    async with pair(version, tmp_path) as station:
        await station.block(RemoteControl).trigger("MeterValues", 1)
        assert await station.block(Availability).change(is_operative=False, evse_id=1) is Taken.NOW
        assert await station.block(Availability).change(is_operative=True, evse_id=1) is Taken.NOW
        reservations = station.block(Reservations)
        reservation = await reservations.reserve("CARD", datetime.now(UTC) + timedelta(hours=1), 1)
        await reservations.cancel(reservation.reservation_id)
        model = await station.block(Variables).refresh()
        assert len(model.variables) > 5


@BOTH
async def test_messages_monitors_and_people(version: str, tmp_path: Path) -> None:
    async with pair(version, tmp_path) as station:
        display = station.block(DisplayMessages)
        shown = await display.show(DisplayMessage(text="hello"))
        assert [(each.message_id, each.text) for each in await display.shown()] == [(shown, "hello")]
        await display.clear(shown)
        assert await display.shown() == ()
        assert isinstance(await station.block(CustomerInformation).report(tag="CARD"), str)
        assert not (await station.block(TransactionStatus).status()).has_queued_messages
        model = await station.block(Variables).refresh()
        watched = next(iter(model.variables.values()))
        monitor = Monitor(key=watched.key, kind=MonitorKind.DELTA, value=1.0, severity=8)
        found = await station.block(Monitoring).set(monitor)
        assert found in await station.block(Monitoring).report()
        assert await station.block(Monitoring).clear([found.monitor_id or 0]) == {}
