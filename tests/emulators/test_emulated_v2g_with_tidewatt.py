"""A whole V2G session between an emulated station of OCPP 2.1, its vehicle, and Tidewatt's own central system."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.site_of import document, emulation_of
from tests.emulators.station_bench import Bench, ScriptedCentral
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp import CentralSystem, Der, V2x, der, v2x
from tidewatt.ledger import JsonFileStore
from tidewatt.site import (
    ChargerState,
    CommandError,
    Fault,
    FaultCode,
    OcppListener,
    Reading,
    Reason,
    ReasonCode,
    Setpoint,
)
from tidewatt.site.schema import load_site

VEHICLE = {
    "charger": "left",
    "battery_kwh": 50,
    "soc_pct": 60,
    "plug_in_after_s": None,
    "iso15118": {
        "service": "DC_BPT",
        "evcc_id": "02AABBCCDDEE",
        "maximum_discharge_kw": 8,
        "maximum_charge_kw": 11,
    },
}


@dataclass
class Pair:
    """A central system, an emulation that connects to it, and what the one told of the other."""

    central: CentralSystem
    bench: Bench
    states: list[ChargerState]
    faults: list[Fault]
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> ChargerState:
        """The newest state of the charger."""
        return self.states[-1]

    @property
    def power_w(self) -> float:
        """What flows into the vehicle now."""
        return self.bench.outlet("S201").point.power_w

    async def set(self, current_a: float) -> None:
        """Apply a setpoint."""
        reason = Reason(code=ReasonCode.CIRCUIT)
        setpoint = Setpoint(charger_id="left", current_a=current_a, reason=reason, valid_for_s=3600)
        await self.central.port("left").apply(setpoint)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so that a reading or a fault tells."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


OF_2_1 = {"version": "2.1"}


@asynccontextmanager
async def v2g(folder: Path, station: dict[str, Any] = OF_2_1) -> AsyncIterator[Pair]:
    """Run both; the charger may give back 10 A, its vehicle is not plugged in."""
    changed = asyncio.Event()
    states: list[ChargerState] = []
    faults: list[Fault] = []

    def take(reading: Reading) -> None:
        if isinstance(reading, ChargerState) and reading.charger_id == "left":
            states.append(reading)
        changed.set()

    def fault(found: Fault) -> None:
        faults.append(found)
        changed.set()

    site = load_site(document())
    chargers = [replace(site.charger("left"), discharge_maximum_a=10.0)]
    store = JsonFileStore(folder)
    central = CentralSystem(
        OcppListener(port=0), chargers, store=store, on_reading=take, on_fault=fault, on_discovered=lambda _: None
    )
    await central.start()
    try:
        url = f"ws://127.0.0.1:{central.bound_port}"
        stations = [{"station": "S201", "reaction_s": 0.1, "url": url, **station}]
        emulation = emulation_of(document(stations=stations, vehicles=[VEHICLE]))
        async with Bench(emulation, ScriptedCentral()).running() as bench:
            pair = Pair(central, bench, states, faults, changed)
            await pair.until(lambda: bool(states) and states[-1].online)
            yield pair
    finally:
        await central.stop()


async def test_plug_negotiate_charge_discharge_reach_the_floor_and_stop(tmp_path: Path) -> None:
    async with v2g(tmp_path) as pair:
        pair.bench.outlet("S201").point.plug()
        await pair.until(lambda: pair.state.discharge_maximum_a is not None)
        assert pair.state.discharge_maximum_a == pytest.approx(10.0)

        await pair.until(lambda: pair.state.soc_pct is not None)
        await pair.set(8)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(8 * 690, rel=0.02))

        await pair.set(-6)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(-6 * 690, rel=0.02))
        await pair.until(lambda: (pair.state.power_w or 0) < -3000)
        await pair.until(lambda: (pair.state.energy_discharged_wh or 0) > 0)

        pair.central.set_battery("left", minimum_soc_pct=99, soc_pct=None)
        await pair.until(lambda: any(found.code is FaultCode.BATTERY_LOWER_LIMIT for found in pair.faults))
        await pair.bench.until(lambda: pair.power_w == pytest.approx(0, abs=1))
        with pytest.raises(CommandError, match="floor 99 %"):
            await pair.set(-6)

        await pair.central.port("left").stop()
        await pair.until(lambda: pair.state.session is None and pair.state.discharge_maximum_a is None)


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_an_older_station_of_a_known_model_discharges_above_the_floor_only(tmp_path: Path, version: str) -> None:
    async with v2g(tmp_path, {"version": version, "negative_limit": True}) as pair:
        pair.central.set_battery("left", minimum_soc_pct=20, soc_pct=60)
        pair.bench.outlet("S201").point.plug()
        await pair.until(lambda: pair.state.session is not None and pair.state.discharge_maximum_a is not None)
        await pair.set(-6)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(-6 * 690, rel=0.05))
        pair.central.set_battery("left", minimum_soc_pct=20, soc_pct=20)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(0, abs=1))
        with pytest.raises(CommandError, match="floor 20 %"):
            await pair.set(-6)


async def negotiated(pair: Pair) -> None:
    """Plug in and wait until the vehicle may discharge."""
    pair.bench.outlet("S201").point.plug()
    await pair.until(lambda: pair.state.discharge_maximum_a is not None and pair.state.soc_pct is not None)


async def test_operation_modes_are_followed_and_end(tmp_path: Path) -> None:
    async with v2g(tmp_path) as pair:
        await negotiated(pair)
        await pair.set(8)
        modes = pair.central.station("left").block(V2x).modes
        for power_w in (-2000, -3000, 2500):
            await modes.operate(1, v2x.CentralSetpoint(setpoint_w=power_w, duration_s=3600))
            await pair.bench.until(lambda wanted=power_w: pair.power_w == pytest.approx(wanted, rel=0.02))  # type: ignore[misc]

        curve = (v2x.FrequencyPoint(49.8, -4000), v2x.FrequencyPoint(50, 0), v2x.FrequencyPoint(50.2, 4000))
        signals = (v2x.SignalPoint(-1, -500), v2x.SignalPoint(0, 0), v2x.SignalPoint(1, 500))
        await modes.operate(1, v2x.LocalFrequency(baseline_w=1000, curve=curve, signal_curve=signals))
        pair.bench.emulation.world.frequency_hz = 49.9
        await pair.bench.until(lambda: pair.power_w == pytest.approx(-1000, rel=0.05))
        await modes.signal(1, -1)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(-1500, rel=0.05))

        await modes.operate(1, v2x.Idle())
        await pair.bench.until(lambda: pair.power_w == pytest.approx(0, abs=1))
        await modes.end(1)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(8 * 690, rel=0.02))
        assert pair.faults == []


async def test_permission_is_taken_back_and_given_again_in_the_middle_of_a_session(tmp_path: Path) -> None:
    async with v2g(tmp_path) as pair:
        await negotiated(pair)
        await pair.set(-6)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(-6 * 690, rel=0.02))
        block = pair.central.station("left").block(V2x)
        await block.permit(1, permitted=False)
        await pair.bench.until(lambda: pair.power_w >= -1)
        assert pair.state.discharge_maximum_a is None
        await block.permit(1, permitted=True)
        await pair.until(lambda: pair.state.discharge_maximum_a is not None)
        await pair.until(lambda: pair.state.soc_pct is not None)
        await pair.set(-6)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(-6 * 690, rel=0.02))


async def test_der_controls_are_set_reported_superseded_and_cleared(tmp_path: Path) -> None:
    async with v2g(tmp_path) as pair:
        block = pair.central.station("left").block(Der)
        first, _ = await block.set(der.LimitMaxDischarge(power_pct=80, priority=5))
        second, superseded = await block.set(der.LimitMaxDischarge(power_pct=50, priority=1))
        assert superseded == (first,)
        found = {control.control_id: control for control in await block.report()}
        assert found[first].is_superseded
        assert (found[second].priority, found[second].control_type) == (1, "LimitMaxDischarge")
        assert await block.clear(is_default=True) is True
        assert await block.report() == ()


async def test_priority_charging_goes_before_setpoints_and_ends(tmp_path: Path) -> None:
    async with v2g(tmp_path) as pair:
        await negotiated(pair)
        await pair.set(7)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(7 * 690, rel=0.02))
        modes = pair.central.station("left").block(V2x).modes
        await modes.prioritise(1, 12)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(12 * 690, rel=0.02))
        assert modes.is_prioritised(1)
        await modes.prioritise(1, None)
        await pair.bench.until(lambda: pair.power_w == pytest.approx(7 * 690, rel=0.02))
