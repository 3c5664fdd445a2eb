"""One real Home Assistant and one emulated world for all end-to-end tests, on free ports of loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from demo.home_assistant import HomeAssistantApi
from demo.stage import Stage
from tests.e2e.scene import Scene
from tests.ports import free_port, free_ports

CALM_S = 150.0
"""Longer than a bay that was paused for overload stays off to spare its contactor."""

SITE = """\
site: {{name: Harbour Street 7, phases: 3, voltage_v: 230, main_fuse_a: 25}}
meters:
  - id: grid
    name: Grid meter
    circuit: main
    tolerance_s: 3
    modbus: {{host: 127.0.0.1, port: {meter}, unit: 1, map: sdm630, interval_s: 1}}
chargers:
  - {{id: left, name: Left bay, circuit: main, phases: [L1, L2, L3], maximum_a: 16, weight: 1, mode: fast,
      ocpp: {{station: LEFT, password: left-password-1}}}}
  - {{id: middle, name: Middle bay, circuit: main, phases: [L2, L3, L1], maximum_a: 16, weight: 2, mode: fast,
      ocpp: {{station: MIDDLE, password: middle-password-1}}}}
  - {{id: right, name: Right bay, circuit: main, phases: [L3], maximum_a: 16, weight: 1, mode: fast,
      ocpp: {{station: RIGHT, password: right-password-1}}}}
ocpp: {{host: 127.0.0.1, port: {ocpp}}}
emulation:
  control: {{host: 127.0.0.1, port: {control}}}
  house_load_a: [1, 1, 1]
  stations:
    - {{station: LEFT, version: "2.0.1", reaction_s: 0.2}}
    - {{station: MIDDLE, version: "1.6", reaction_s: 0.2}}
    - {{station: RIGHT, version: "1.6", reaction_s: 0.2}}
  vehicles:
    - {{charger: left, phases: 3, battery_kwh: 77, soc_pct: 20, maximum_a: 16}}
    - {{charger: middle, phases: 3, battery_kwh: 60, soc_pct: 20, maximum_a: 16}}
    - {{charger: right, phases: 1, battery_kwh: 40, soc_pct: 20, maximum_a: 16}}
"""


@pytest.fixture(scope="session")
def site_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site of three bays behind a 25 A main fuse: one-phase, three-phase and rotated three-phase."""
    meter, ocpp, control = free_ports(3)
    path = tmp_path_factory.mktemp("site") / "site.yaml"
    path.write_text(SITE.format(meter=meter, ocpp=ocpp, control=control))
    return path


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(site_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """The running site; every process is stopped at the end, whatever happened."""
    port = free_port()
    stage = Stage(tmp_path_factory.mktemp("stage") / "home-assistant", site_file, port)
    try:
        await stage.prepare()
        await stage.emulation.start()
        await stage.home_assistant.start()
        yield stage
    finally:
        await stage.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def api(stage: Stage) -> AsyncIterator[HomeAssistantApi]:
    """Home Assistant's own WebSocket API."""
    async with HomeAssistantApi.connect(stage.home_assistant.url, stage.home_assistant.token) as connection:
        yield connection


@pytest_asyncio.fixture(loop_scope="session")
async def calm(stage: Stage, api: HomeAssistantApi) -> Scene:
    """The scene in its first state: everything connected and charging, weights 1, 2, 1, a quiet house."""
    scene = Scene(api, stage.emulation)
    await stage.emulation.command("house_load", current_a=[1, 1, 1])
    await stage.emulation.command("meter_resume", meter="grid")
    for bay, weight in (("left", 1), ("middle", 2), ("right", 1)):
        await stage.emulation.command("station_online", station=bay.upper())
        await api.action("number.set_value", {"entity_id": f"number.{bay}_bay_weight"}, value=weight)
        await api.action("tidewatt.set_mode", {"entity_id": f"select.{bay}_bay_mode"}, mode="fast")
        await api.action("tidewatt.clear_limit", {"entity_id": f"select.{bay}_bay_mode"})
    for bay in ("left", "middle", "right"):
        await scene.until_state(f"sensor.{bay}_bay_status", "charging", CALM_S)
    return scene
