"""Emulated stations and Tidewatt's own central system understand each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.sessions import VEHICLES
from tests.emulators.site_of import document, emulation_of
from tests.emulators.station_bench import Bench, ScriptedCentral
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp import CentralSystem, DiscoveredStation
from tidewatt.ledger import JsonFileStore
from tidewatt.site import ChargerState, ChargerStatus, OcppListener, Reading, Reason, ReasonCode, Setpoint
from tidewatt.site.schema import load_site

STATIONS: list[dict[str, Any]] = [
    {"station": "S16", "version": "1.6"},
    {"station": "S201", "version": "2.0.1"},
    {"station": "STRANGER", "version": "1.6", "connectors": [{"charger": "spare", "circuit": "main"}]},
]


@dataclass
class Watch:
    """The newest state of each charger, and a way to wait for one."""

    states: dict[str, ChargerState] = field(default_factory=dict)
    discovered: list[DiscoveredStation] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, reading: Reading) -> None:
        """Keep a reading."""
        if isinstance(reading, ChargerState):
            self.states[reading.charger_id] = reading
        self.changed.set()

    def discover(self, station: DiscoveredStation) -> None:
        """Keep a discovery."""
        self.discovered.append(station)
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so that readings tell."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


@dataclass
class Pair:
    """A central system of Tidewatt and an emulation that connects to it."""

    central: CentralSystem
    bench: Bench
    watch: Watch

    def state(self, charger_id: str) -> ChargerState:
        """Return the newest state of a charger."""
        return self.watch.states[charger_id]

    async def charging(self, charger_id: str) -> ChargerState:
        """Plug in and wait until the vehicle is seen to draw."""
        self.bench.emulation.world.points[charger_id].plug()
        await self.watch.until(lambda: max(self.state(charger_id).current_a or (0.0,)) > 0)
        return self.state(charger_id)

    async def limited(self, charger_id: str, current_a: float) -> None:
        """Apply a setpoint and let the vehicle follow."""
        reason = Reason(code=ReasonCode.CIRCUIT)
        setpoint = Setpoint(charger_id=charger_id, current_a=current_a, reason=reason, valid_for_s=120)
        await self.central.port(charger_id).apply(setpoint)
        await self.bench.until(lambda: self.bench.drawn_a(charger_id) == pytest.approx(current_a))


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    """Three stations, one of them unknown to the central system, and vehicles that are not plugged in."""
    plain = document()
    site = load_site(plain)
    watch = Watch()
    central = CentralSystem(
        OcppListener(port=0),
        site.chargers,
        store=JsonFileStore(tmp_path),
        on_reading=watch.take,
        on_fault=lambda _: None,
        on_discovered=watch.discover,
    )
    await central.start()
    try:
        url = f"ws://127.0.0.1:{central.bound_port}"
        stations = [{"url": url, **each} for each in STATIONS]
        emulation = emulation_of(document(stations=stations, vehicles=VEHICLES))
        async with Bench(emulation, ScriptedCentral()).running() as bench:
            await watch.until(lambda: all(watch.states[each.charger_id].online for each in site.chargers))
            yield Pair(central, bench, watch)
    finally:
        await central.stop()


@pytest.mark.parametrize("charger_id", ["left", "right", "yard"])
async def test_a_plugged_vehicle_charges_and_is_modulated(pair: Pair, charger_id: str) -> None:
    state = await pair.charging(charger_id)
    assert state.plugged
    assert state.session is not None
    for current_a in (13.0, 7.0, 0.0, 10.0):
        await pair.limited(charger_id, current_a)
    assert pair.state(charger_id).status in {ChargerStatus.CHARGING, ChargerStatus.SUSPENDED_EVSE}


async def test_measured_currents_come_in_terminal_order(pair: Pair) -> None:
    await pair.charging("right")
    await pair.limited("right", 9.0)
    await pair.watch.until(lambda: pair.state("right").current_a == pytest.approx((9, 9, 0)))
    assert pair.bench.emulation.world.points["right"].site_current_a == pytest.approx((0, 9, 9))


async def test_a_session_survives_a_lost_connection(pair: Pair) -> None:
    before = await pair.charging("left")
    link = pair.bench.station("S201").link
    await link.block("fault")
    await pair.watch.until(lambda: not pair.state("left").online)
    link.unblock("fault")
    await pair.watch.until(lambda: pair.state("left").online and pair.state("left").session is not None)
    after = pair.state("left")
    assert before.session is not None
    assert after.session is not None
    assert after.session.transaction_id == before.session.transaction_id
    assert after.session.energy_wh >= before.session.energy_wh
    await pair.limited("left", 8.0)


async def test_an_unknown_station_is_discovered_and_refused(pair: Pair) -> None:
    await pair.watch.until(lambda: bool(pair.watch.discovered))
    assert pair.watch.discovered[0].station_id == "STRANGER"
    await pair.bench.until(lambda: pair.bench.station("STRANGER").link.refusal is not None)
    assert "404" in (pair.bench.station("STRANGER").link.refusal or "")
