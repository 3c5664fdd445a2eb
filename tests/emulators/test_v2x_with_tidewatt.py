"""The emulated V2G station and Tidewatt's own central system agree, and energy flows both ways."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
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


def site_document(iso15118: dict[str, Any]) -> dict[str, Any]:
    vehicle = {"charger": "drive", "battery_kwh": 60, "soc_pct": 60, "plug_in_after_s": None}
    return {
        "site": {"name": "Quay 3", "main_fuse_a": 25},
        "chargers": [
            {"id": "drive", "circuit": "main", "discharge_maximum_a": 12, "ocpp": {"station": "V2G"}},
        ],
        "emulation": {
            "control": {"port": 0},
            "stations": [{"station": "V2G", "version": "2.1", "reaction_s": 0.1}],
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

    async def flows(self, current_a: float, power_w: float) -> None:
        """Apply a setpoint and wait until its power flows. It is to hold for emulated hours."""
        reason = Reason(code=ReasonCode.CIRCUIT)
        setpoint = Setpoint(charger_id="drive", current_a=current_a, reason=reason, valid_for_s=7200)
        await self.central.port("drive").apply(setpoint)
        await self.until(lambda: self.power_w == pytest.approx(power_w, abs=70))


@asynccontextmanager
async def home(folder: Path, iso15118: dict[str, Any] | None = None) -> AsyncIterator[Home]:
    """Run both sides, the vehicle plugged in."""
    document = site_document(iso15118 or {})
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
            bench.emulation.world.points["drive"].plug()
            yield heard[0]
    finally:
        await central.stop()


def _take(heard: list[Home], reading: Reading) -> None:
    if heard and isinstance(reading, ChargerState):
        heard[0].states.append(reading)


def _note(heard: list[Home], fault: Fault) -> None:
    if heard:
        heard[0].faults.append(fault.code)


WAYS = [
    {"service": "DC_BPT"},
    {"service": "DC_BPT", "control_mode": "scheduled"},
    {"service": "AC_BPT"},
    {"service": "AC_BPT", "control_mode": "scheduled"},
]


@pytest.mark.parametrize("way", WAYS)
async def test_a_vehicle_is_negotiated_with_charged_and_discharged(tmp_path: Path, way: dict[str, Any]) -> None:
    async with home(tmp_path, way) as here:
        agreed = await here.agreed()
        assert agreed.discharge_maximum_a == pytest.approx(8_000 / 690, rel=0.01)
        await here.flows(10.0, 6_900)
        await here.flows(-8.0, -5_520)
        await here.until(lambda: sum(here.states[-1].current_a or (0.0,)) < -20)
        assert here.states[-1].soc_pct == pytest.approx(60, abs=3)
        await here.flows(-3.0, -2_070)
        await here.flows(0.0, 0)
        await here.flows(6.0, 4_140)
    assert here.faults == []


async def test_pulling_the_cable_while_discharging_ends_everything_cleanly(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.agreed()
        await here.flows(-8.0, -5_520)
        here.bench.emulation.world.points["drive"].unplug()
        assert here.power_w == 0
        await here.until(lambda: here.states[-1].session is None and here.states[-1].plugged is False)
        assert not here.states[-1].discharge_maximum_a
