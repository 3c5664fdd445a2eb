"""Adding and reconfiguring meters: each is read before it is saved."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.conftest import LOOPBACK, GridMeter
from tests.ha.test_ha_flow_parts import begin, fill
from tests.ha.test_ha_flow_site import suggested
from tests.ports import free_port
from tidewatt.site import EntityMeterEndpoint, ModbusEndpoint


async def choose(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> Any:
    menu = await begin(hass, entry, "meter")
    assert menu["type"] is FlowResultType.MENU
    return await fill(hass, menu, {"next_step_id": kind})


def modbus(port: int, **changes: Any) -> dict[str, Any]:
    return {
        "name": "Garage meter",
        "circuit": "garage",
        "host": LOOPBACK,
        "port": port,
        "unit": 1,
        "interval_s": 1,
        "tolerance_s": 10,
        **changes,
    }


def entities(*entity_ids: str) -> dict[str, Any]:
    return {"name": "Garage meter", "circuit": "garage", "entity": list(entity_ids), "tolerance_s": 60}


async def test_a_modbus_meter_that_answers_is_added(
    hass: HomeAssistant, running: MockConfigEntry, grid_meter: GridMeter
) -> None:
    form = await choose(hass, running, "sdm630")

    result = await fill(hass, form, modbus(grid_meter.port))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    meter = running.runtime_data.runtime.site.meter_of("garage")
    assert meter is not None
    assert meter.endpoint == ModbusEndpoint(host=LOOPBACK, port=grid_meter.port)


async def test_a_meter_that_does_not_answer_is_not_saved(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await choose(hass, running, "sdm630")

    result = await fill(hass, form, modbus(free_port()))

    assert result["errors"] == {"host": "cannot_connect"}


async def test_a_device_that_is_no_sunspec_meter_is_not_saved(
    hass: HomeAssistant, running: MockConfigEntry, grid_meter: GridMeter
) -> None:
    form = await choose(hass, running, "sunspec")

    result = await fill(hass, form, modbus(grid_meter.port))

    assert result["errors"] == {"base": "no_meter_found"}


async def test_a_second_meter_on_one_circuit_is_refused(
    hass: HomeAssistant, running: MockConfigEntry, grid_meter: GridMeter
) -> None:
    form = await choose(hass, running, "sdm630")

    result = await fill(hass, form, modbus(grid_meter.port, circuit="main"))

    assert result["errors"] == {"circuit": "does_not_fit"}
    said = result["description_placeholders"]
    assert (said["value"], said["remedy"]) == ("Harbour Street 7", "A circuit has at most one meter.")


async def test_a_modbus_meter_is_reconfigured(
    hass: HomeAssistant, running: MockConfigEntry, grid_meter: GridMeter
) -> None:
    form = await running.start_subentry_reconfigure_flow(hass, "grid")
    assert form["step_id"] == "sdm630"
    shown = suggested(form)
    assert (shown["host"], shown["port"], shown["interval_s"]) == (LOOPBACK, grid_meter.port, 0.2)

    result = await fill(hass, form, modbus(grid_meter.port, circuit="main", tolerance_s=30))

    assert result["reason"] == "reconfigure_successful"
    meter = running.runtime_data.runtime.site.meter_of("main")
    assert meter is not None
    assert meter.tolerance_s == 30


@pytest.mark.parametrize(("kind", "unit", "count"), [("power", "W", 1), ("power", "kW", 3), ("current", "A", 3)])
async def test_entities_that_show_the_quantity_are_a_meter(
    hass: HomeAssistant, running: MockConfigEntry, kind: str, unit: str, count: int
) -> None:
    ids = [f"sensor.garage_{index}" for index in range(count)]
    for entity_id in ids:
        hass.states.async_set(entity_id, "1", {"unit_of_measurement": unit})
    form = await choose(hass, running, kind)

    result = await fill(hass, form, entities(*ids))

    assert result["type"] is FlowResultType.CREATE_ENTRY
    meter = running.runtime_data.runtime.site.meter_of("garage")
    assert meter is not None
    assert meter.endpoint == EntityMeterEndpoint(**{f"{kind}_entity_ids": tuple(ids)})


@pytest.mark.parametrize(
    ("kind", "unit", "count", "error"),
    [
        ("power", "W", 2, "not_usable"),
        ("current", "A", 1, "count_of_current"),
        ("power", "A", 1, "no_power"),
        ("current", "W", 3, "no_current"),
    ],
)
async def test_entities_that_do_not_make_a_meter_are_refused(
    hass: HomeAssistant, running: MockConfigEntry, *, kind: str, unit: str, count: int, error: str
) -> None:
    ids = [f"sensor.garage_{index}" for index in range(count)]
    for entity_id in ids:
        hass.states.async_set(entity_id, "1", {"unit_of_measurement": unit})
    form = await choose(hass, running, kind)

    result = await fill(hass, form, entities(*ids))

    assert result["errors"] == {"entity": error}


async def test_an_entity_without_a_value_is_refused(hass: HomeAssistant, running: MockConfigEntry) -> None:
    hass.states.async_set("sensor.garage", "unavailable", {"unit_of_measurement": "W"})
    form = await choose(hass, running, "power")

    result = await fill(hass, form, entities("sensor.garage"))

    assert result["errors"] == {"entity": "no_power"}


async def test_a_meter_of_entities_is_reconfigured_as_one(hass: HomeAssistant, running: MockConfigEntry) -> None:
    hass.states.async_set("sensor.garage", "1", {"unit_of_measurement": "W"})
    await fill(hass, await choose(hass, running, "power"), entities("sensor.garage"))
    meter = running.runtime_data.runtime.site.meter_of("garage")
    assert meter is not None

    form = await running.start_subentry_reconfigure_flow(hass, meter.meter_id)

    assert form["step_id"] == "power"
    assert suggested(form)["entity"] == ["sensor.garage"]
