"""Vehicle to grid in a real Home Assistant: plug in, negotiate, charge, discharge on an automation's action, stop.

The vehicle speaks ISO 15118-20 to its emulated station and the station OCPP 2.1 to Tidewatt; what the battery gives
back is seen by the emulated grid meter, and nothing else is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from demo.home_assistant import HomeAssistantApi
from demo.stage import Stage
from tests.e2e.scene import Scene, number
from tests.ports import free_port, free_ports

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(400)]

FLOOR_PCT = 15.0
HOUSE_A = 8.5

SITE = """\
site: {{name: Tide Lane 2, phases: 3, voltage_v: 230, main_fuse_a: 25}}
meters:
  - id: grid
    name: Grid meter
    circuit: main
    tolerance_s: 3
    modbus: {{host: 127.0.0.1, port: {meter}, unit: 1, map: sdm630, interval_s: 1}}
chargers:
  - {{id: drive, name: Driveway, circuit: main, maximum_a: 16, discharge_maximum_a: 12, mode: fast,
      ocpp: {{station: TIDE-DRIVE, password: drive-password-1}}}}
vehicles:
  - {{id: ebb, name: Ebb, charger: drive, battery_kwh: 40, minimum_soc_pct: {floor}}}
ocpp: {{host: 127.0.0.1, port: {ocpp}}}
emulation:
  control: {{host: 127.0.0.1, port: {control}}}
  house_load_a: {house}
  stations:
    - {{station: TIDE-DRIVE, version: "2.1", reaction_s: 0.2}}
  vehicles:
    - charger: drive
      battery_kwh: 40
      soc_pct: 60
      plug_in_after_s: null
      iso15118: {{service: {service}, maximum_charge_kw: 11, maximum_discharge_kw: 8, minimum_soc_pct: 5}}
"""

CONFIGURATION = """\
input_boolean:
  evening:
    name: Evening
automation:
  - id: evening
    alias: The evening from the battery
    triggers:
      - {trigger: state, entity_id: input_boolean.evening, to: "on"}
    conditions:
      - {condition: state, entity_id: binary_sensor.driveway_discharge_possible, state: "on"}
    actions:
      - action: tidewatt.start_discharge
        target: {entity_id: select.driveway_mode}
        data: {power_w: 5000}
  - id: night
    alias: The night is for charging
    triggers:
      - {trigger: state, entity_id: input_boolean.evening, to: "off"}
    actions:
      - action: tidewatt.stop_discharge
        target: {entity_id: select.driveway_mode}
"""


@pytest_asyncio.fixture(params=["DC_BPT", "AC_BPT"], loop_scope="session")
async def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Scene]:
    """A home with a bidirectional station and an automation for the evening; the vehicle is not there yet."""
    meter, ocpp, control = free_ports(3)
    folder = tmp_path_factory.mktemp("v2g")
    site_file = folder / "site.yaml"
    site_file.write_text(
        SITE.format(meter=meter, ocpp=ocpp, control=control, floor=FLOOR_PCT, house=HOUSE_A, service=request.param)
    )
    stage = Stage(folder / "home-assistant", site_file, free_port(), configuration=CONFIGURATION)
    try:
        await stage.prepare()
        await stage.emulation.start()
        await stage.home_assistant.start()
        async with HomeAssistantApi.connect(stage.home_assistant.url, stage.home_assistant.token) as api:
            yield Scene(api, stage.emulation)
    finally:
        await stage.stop()


def attribute(api: HomeAssistantApi, entity_id: str, name: str) -> Any:
    return api.states[entity_id]["a"].get(name)


def at_rest(world: dict[str, Any]) -> bool:
    return bool(abs(world["vehicles"]["drive"]["power_w"]) < 50)


async def test_a_session_from_plug_to_floor(home: Scene) -> None:
    api, emulation = home.api, home.emulation
    await home.until_state("sensor.driveway_status", "available", 60)
    with pytest.raises(RuntimeError, match="No vehicle is plugged in at Driveway"):
        await api.action("tidewatt.start_discharge", {"entity_id": "select.driveway_mode"}, power_w=5000)

    # It is plugged in, negotiates and charges.
    await emulation.command("plug", charger="drive")
    await home.until_state("sensor.driveway_status", "charging", 60)
    await home.until_state("binary_sensor.driveway_discharge_possible", "on", 60)
    await home.until_state("sensor.driveway_limited_by", "charger_maximum", 90)
    await home.until_state("sensor.ebb_state_of_charge", lambda state: (number(state) or 0) >= 60, 20)
    world = await emulation.world()
    assert world["vehicles"]["drive"]["iso15118"]["service"].endswith("_BPT")
    await home.until_world(lambda world: world["phases"]["current_a"][0] > HOUSE_A + 14, "a charging vehicle", 20)

    # An automation asks for 5 kW; the vehicle turns through zero and covers what the house draws.
    began_s = (await emulation.world())["now_s"]
    await api.action("input_boolean.turn_on", {"entity_id": "input_boolean.evening"})
    await home.until_state("sensor.driveway_limit", "0.0", 20)
    await home.until_state("sensor.driveway_limit", lambda state: (number(state) or 0) <= -7, 90)
    await home.until_state("sensor.driveway_status", "discharging", 30)
    assert api.state("binary_sensor.driveway_charging") == "off"
    await home.until_state("sensor.driveway_power", lambda state: (number(state) or 0) < -4500, 30)
    world = await home.until_world(lambda world: world["phases"]["current_a"][0] < 2, "a covered house", 20)
    assert world["vehicles"]["drive"]["power_w"] < -4500
    # The grid meter follows, and Home Assistant shows what it says.
    await home.until_state("sensor.tide_lane_2_grid_current_l1", lambda state: -0.1 <= (number(state) or 99) <= 2, 20)
    readings = await home.readings_since(began_s, 20)
    assert min(min(reading) for reading in readings) >= -0.1, "nothing may be fed into the grid here"

    # The load falls: the vehicle gives less at once.
    began_s = (await emulation.world())["now_s"]
    await emulation.command("house_load", current_a=4.5)
    await home.until_state("sensor.driveway_limited_by", "export_limit", 20)
    await home.until_world(lambda world: 0 <= world["phases"]["current_a"][0] <= 2, "a smaller discharge", 20)
    readings = await home.readings_since(began_s, 10)
    assert sum(min(reading) < -0.1 for reading in readings) <= 2
    await emulation.command("house_load", current_a=HOUSE_A)
    await home.until_state("sensor.driveway_limit", lambda state: (number(state) or 0) <= -7, 60)
    await home.until_state("sensor.driveway_energy_discharged", lambda state: (number(state) or 0) > 0.01, 30)

    # The battery comes to its floor, which Tidewatt keeps, and the vehicle stops.
    await emulation.command("vehicle_soc", charger="drive", soc_pct=FLOOR_PCT + 0.15)
    await home.until_state("sensor.driveway_limited_by", "battery_floor", 60)
    await home.until_state("sensor.driveway_fault", "battery_lower_limit", 20)
    assert "its floor is 15 %" in attribute(api, "sensor.driveway_fault", "detail")
    assert float(api.state("sensor.driveway_limit")) == 0
    await home.until_state("binary_sensor.driveway_discharge_possible", "off", 20)
    assert attribute(api, "binary_sensor.driveway_discharge_possible", "forbidden_by") == "battery_floor"
    world = await home.until_world(at_rest, "a vehicle at rest", 20)
    assert FLOOR_PCT <= world["vehicles"]["drive"]["soc_pct"] < FLOOR_PCT + 0.15
    await home.until_state(
        "sensor.tide_lane_2_grid_current_l1", lambda state: abs((number(state) or 99) - HOUSE_A) < 0.2, 20
    )

    # The evening is over: the mode counts again, and it charges.
    await api.action("input_boolean.turn_off", {"entity_id": "input_boolean.evening"})
    await home.until_world(lambda world: world["vehicles"]["drive"]["power_w"] > 3000, "a charging vehicle", 60)
    await home.until_state("sensor.driveway_fault", "ok", 30)
