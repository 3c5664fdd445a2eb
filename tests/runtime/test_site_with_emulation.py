"""A whole site and its emulated hardware in one process, on real sockets: the way of the data, once round."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.runtime.conftest import Running, RunSite, make_site
from tidewatt.control import Decision, Snapshot
from tidewatt.emulators import Emulation, keep_pace, listening, load_emulation
from tidewatt.site import ReasonCode
from tidewatt.site.schema import load_site

CHARGERS = [
    {"id": "left", "circuit": "main", "mode": "fast", "ocpp": {"station": "CP-1"}},
    {"id": "right", "circuit": "main", "mode": "fast", "ocpp": {"station": "CP-2", "password": "0123456789abcdef"}},
]


def _meters(port: int) -> list[dict[str, Any]]:
    modbus = {"host": "127.0.0.1", "port": port, "interval_s": 0.5}
    return [{"id": "grid", "circuit": "main", "tolerance_s": 3, "modbus": modbus}]


@asynccontextmanager
async def _emulation(ocpp_port: int) -> AsyncIterator[tuple[Emulation, int]]:
    """Emulate both bays against a runtime's port; yields the emulation and its meter's port."""
    document: dict[str, Any] = {
        "site": {"name": "Test", "main_fuse_a": 20},
        "meters": _meters(502),
        "chargers": CHARGERS,
        "ocpp": {"host": "127.0.0.1", "port": ocpp_port},
        "emulation": {
            "control": {"port": 0},
            "house_load_a": 2,
            "meters": [{"meter": "grid", "port": 0}],
            "stations": [
                {"station": "CP-1", "version": "1.6", "boot_s": 0},
                {"station": "CP-2", "version": "2.0.1", "boot_s": 0},
            ],
            "vehicles": [
                {"charger": "left", "soc_pct": 30, "battery_kwh": 60},
                {"charger": "right", "soc_pct": 30, "battery_kwh": 60},
            ],
        },
    }
    site = load_site(document)
    emulation = Emulation(site, load_emulation(document, site))
    async with listening(emulation) as addresses:
        tasks = [asyncio.create_task(each) for each in (keep_pace(emulation), emulation.run_stations())]
        try:
            yield emulation, addresses.meters["grid"][1]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _setpoints_a(decision: Decision) -> list[float]:
    return [setpoint.current_a for setpoint in decision.setpoints]


def _draws_a(snapshot: Snapshot) -> list[float]:
    states = (snapshot.chargers.get(each.charger_id) for each in snapshot.site.chargers)
    return [max(state.current_a) if state and state.current_a else 0.0 for state in states]


async def test_power_is_shared_and_a_lost_meter_is_survived(run_site: RunSite) -> None:
    running: Running = await run_site(make_site(chargers=CHARGERS))
    async with _emulation(running.runtime.ocpp_port) as (emulation, meter_port):
        site = make_site(chargers=CHARGERS, meters=_meters(meter_port))
        await running.runtime.update(site)

        # 20 A for both beside 2 A of the house: 9 A each.
        _, shared = await running.until(
            lambda snapshot, decision: (
                _setpoints_a(decision) == [9.0, 9.0] and _draws_a(snapshot) == pytest.approx([9.0, 9.0], abs=0.1)
            )
        )
        assert {setpoint.reason.code for setpoint in shared.setpoints} == {ReasonCode.CIRCUIT}
        assert max(emulation.world.circuit_current_a("main")) <= 20.1

        emulation.meters["grid"].silent = True
        _, safe = await running.until(lambda _, decision: _setpoints_a(decision) == [6.0, 6.0])
        assert {setpoint.reason.code for setpoint in safe.setpoints} == {ReasonCode.FAIL_SAFE}
        await running.until(lambda snapshot, _: _draws_a(snapshot) == pytest.approx([6.0, 6.0], abs=0.1))

        emulation.meters["grid"].silent = False
        await running.until(lambda _, decision: _setpoints_a(decision) == [9.0, 9.0])
        await running.runtime.stop()
