"""An emulated V2G station, its vehicle, and Tidewatt's own central system."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.site_of import emulation_of
from tests.emulators.station_bench import Bench, ScriptedCentral
from tidewatt.drivers.ocpp import CentralSystem
from tidewatt.ledger import JsonFileStore
from tidewatt.site import ChargerState, Fault, FaultCode, OcppListener, Reading, Reason, ReasonCode, Setpoint
from tidewatt.site.schema import load_site


def _site_document(iso15118: dict[str, Any], station: dict[str, Any], charger: dict[str, Any]) -> dict[str, Any]:
    vehicle = {"charger": "drive", "battery_kwh": 60, "soc_pct": 60, "plug_in_after_s": None}
    return {
        "site": {"name": "Quay 3", "main_fuse_a": 25},
        "chargers": [
            {"id": "drive", "circuit": "main", "discharge_maximum_a": 12, "ocpp": {"station": "V2G"}} | charger,
        ],
        "emulation": {
            "control": {"port": 0},
            "stations": [{"station": "V2G", "version": "2.1", "reaction_s": 0.1} | station],
            "vehicles": [vehicle | {"iso15118": {"service": "DC_BPT", "maximum_discharge_kw": 8} | iso15118}],
        },
    }


class Home:
    """A central system of Tidewatt, and an emulated station that connects to it."""

    def __init__(self, central: CentralSystem, bench: Bench) -> None:
        self.central = central
        self.bench = bench
        self.states: list[ChargerState] = []
        self.faults: list[FaultCode] = []

    @property
    def power_w(self) -> float:
        """What flows at the outlet."""
        return self.bench.emulation.world.points["drive"].power_w

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        await self.bench.until(condition)

    async def agreed(self) -> ChargerState:
        """Wait until the vehicle may discharge and its state of charge is known."""
        await self.until(lambda: bool(self.states and self.states[-1].discharge_maximum_a and self.states[-1].soc_pct))
        return self.states[-1]

    @property
    def state(self) -> ChargerState:
        """The newest state of the charger."""
        return self.states[-1]

    def plug(self) -> None:
        """Plug the vehicle in."""
        self.bench.emulation.world.points["drive"].plug()

    async def set(self, current_a: float) -> None:
        """Apply a setpoint. It is to hold for emulated hours."""
        reason = Reason(code=ReasonCode.CIRCUIT)
        setpoint = Setpoint(charger_id="drive", current_a=current_a, reason=reason, valid_for_s=7200)
        await self.central.port("drive").apply(setpoint)

    async def flowing(self, power_w: float, within_w: float = 70) -> None:
        """Wait until about so much flows."""
        await self.until(lambda: self.power_w == pytest.approx(power_w, abs=within_w))

    async def flows(self, current_a: float, power_w: float) -> None:
        """Apply a setpoint and wait until its power flows."""
        await self.set(current_a)
        await self.flowing(power_w)


_AS_IS: Mapping[str, Any] = {}


@asynccontextmanager
async def home(
    folder: Path,
    *,
    iso15118: Mapping[str, Any] = _AS_IS,
    station: Mapping[str, Any] = _AS_IS,
    charger: Mapping[str, Any] = _AS_IS,
    plugged: bool = True,
) -> AsyncIterator[Home]:
    """Run both sides, the vehicle plugged in or not; what is given replaces what the document says."""
    document = _site_document(dict(iso15118), dict(station), dict(charger))
    site = load_site(document)
    heard: list[Home] = []
    central = CentralSystem(
        OcppListener(port=0),
        site.chargers,
        store=JsonFileStore(folder),
        on_reading=lambda reading: _take(heard, reading),
        on_fault=lambda fault: _note(heard, fault),
        on_discovered=lambda _: None,
    )
    await central.start()
    try:
        document["emulation"]["stations"][0]["url"] = f"ws://127.0.0.1:{central.bound_port}"
        bench = Bench(emulation_of(document), ScriptedCentral())
        heard.append(Home(central, bench))
        async with bench.running():
            await heard[0].until(lambda: bench.station("V2G").ready)
            if plugged:
                heard[0].plug()
            yield heard[0]
    finally:
        await central.stop()


def _take(heard: list[Home], reading: Reading) -> None:
    if heard and isinstance(reading, ChargerState):
        heard[0].states.append(reading)


def _note(heard: list[Home], fault: Fault) -> None:
    if heard:
        heard[0].faults.append(fault.code)
