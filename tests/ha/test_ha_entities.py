"""What the devices and entities of a site show."""

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from tests.ha.conftest import Connect, GridMeter
from tests.ha.ha_station import Station
from tests.ha.ha_waiting import shown, until

FUSE_A = 25.0


@pytest.fixture
async def charging(hass: HomeAssistant, running: MockConfigEntry, connect: Connect) -> Station:
    """A vehicle charges at the left bay, on rotated phases, and the grid is measured."""
    station = await connect("CP-1", "left-password-1")
    await station.boot()
    await station.status("Preparing")
    transaction_id = await station.start("BEEF", meter_wh=5000)
    await station.status("Charging")
    await station.measure(transaction_id, (6.0, 6.1, 6.2), meter_wh=5250)
    await until(hass, "sensor.left_bay_power", lambda state: state.state != STATE_UNAVAILABLE)
    await until(hass, "binary_sensor.grid_meter_connection", STATE_ON)
    return station


async def test_the_entities_are_registered_as_they_should_be(
    hass: HomeAssistant, running: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    registry = er.async_get(hass)
    entries = er.async_entries_for_config_entry(registry, running.entry_id)

    described = {
        entry.entity_id: {
            "unique_id": entry.unique_id,
            "subentry": entry.config_subentry_id,
            "name": entry.original_name,
            "translation_key": entry.translation_key,
            "device_class": entry.original_device_class,
            "unit": entry.unit_of_measurement,
            "category": entry.entity_category,
            "capabilities": entry.capabilities,
            "disabled_by": entry.disabled_by,
        }
        for entry in sorted(entries, key=lambda entry: entry.entity_id)
    }

    assert described == snapshot


async def test_the_devices_hang_on_the_site(
    hass: HomeAssistant, running: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, running.entry_id)
    names = {device.id: device.name for device in devices}

    described = {
        device.name: {
            "identifiers": sorted(device.identifiers),
            "model": device.model,
            "entry_type": device.entry_type,
            "subentry": device.config_subentry_id,
            "via": names.get(device.via_device_id or ""),
        }
        for device in devices
    }

    assert described == snapshot


async def test_a_site_without_chargers_in_sight_knows_its_grid(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await until(hass, "binary_sensor.grid_meter_connection", STATE_ON)

    assert shown(hass, "sensor.harbour_street_7_grid_power").state == "1380.0"
    assert shown(hass, "sensor.harbour_street_7_grid_current_l2").state == "2.0"
    assert shown(hass, "sensor.grid_meter_energy_drawn").state == "12.345"
    assert shown(hass, "binary_sensor.harbour_street_7_overload").state == STATE_OFF


async def test_what_was_never_said_is_unavailable_and_not_zero(hass: HomeAssistant, running: MockConfigEntry) -> None:
    for entity_id in (
        "left_bay_power",
        "left_bay_energy",
        "left_bay_current_l1",
        "left_bay_status",
        "zoe_state_of_charge",
    ):
        assert shown(hass, f"sensor.{entity_id}").state == STATE_UNAVAILABLE
    assert shown(hass, "binary_sensor.left_bay_plugged_in").state == STATE_UNAVAILABLE
    assert shown(hass, "binary_sensor.left_bay_connection").state == STATE_OFF


async def test_a_charging_vehicle_is_shown(hass: HomeAssistant, charging: Station) -> None:
    values = {
        key: shown(hass, f"sensor.left_bay_{key}").state
        for key in ("status", "power", "energy", "session_energy", "current_l1", "current_l2", "current_l3")
    }

    assert values == {
        "status": "charging",
        "power": "4209.0",
        "energy": "5.25",
        "session_energy": "0.25",
        "current_l1": "6.0",
        "current_l2": "6.1",
        "current_l3": "6.2",
    }
    assert shown(hass, "binary_sensor.left_bay_charging").state == STATE_ON
    assert shown(hass, "binary_sensor.left_bay_plugged_in").state == STATE_ON


async def test_the_circuit_that_binds_is_named_with_its_phase(
    hass: HomeAssistant, charging: Station, grid_meter: GridMeter
) -> None:
    grid_meter.current_a = (20.0, 8.0, 8.0)

    limited = await until(hass, "sensor.left_bay_limited_by", "circuit")

    assert limited.attributes["circuit"] == "Main fuse"
    assert limited.attributes["phase"] == "L1"


async def test_a_phase_above_its_fuse_is_an_overload(
    hass: HomeAssistant, running: MockConfigEntry, grid_meter: GridMeter
) -> None:
    grid_meter.current_a = (1.0, FUSE_A + 3, 1.0)

    await until(hass, "binary_sensor.harbour_street_7_overload", STATE_ON)


async def test_a_silent_meter_is_shown_as_lost_and_the_chargers_as_fail_safe(
    hass: HomeAssistant, charging: Station, grid_meter: GridMeter
) -> None:
    await grid_meter.stop()

    await until(hass, "binary_sensor.grid_meter_connection", STATE_OFF)
    await until(hass, "sensor.harbour_street_7_controller_health", "fail_safe")
    await until(hass, "sensor.left_bay_limited_by", "fail_safe")
    assert shown(hass, "sensor.left_bay_limit").state == "6.0"
    assert shown(hass, "sensor.harbour_street_7_grid_power").state == STATE_UNAVAILABLE
    assert shown(hass, "sensor.harbour_street_7_headroom_l1").state == STATE_UNAVAILABLE


async def test_the_energy_register_stays_known_while_its_charger_is_away(
    hass: HomeAssistant, charging: Station
) -> None:
    await charging.hang_up()

    await until(hass, "binary_sensor.left_bay_connection", STATE_OFF)
    assert shown(hass, "sensor.left_bay_energy").state == "5.25"
    assert shown(hass, "sensor.left_bay_power").state == STATE_UNAVAILABLE


async def test_the_charge_of_a_vehicle_follows_its_entity(hass: HomeAssistant, running: MockConfigEntry) -> None:
    hass.states.async_set("sensor.zoe_soc", "55", {"unit_of_measurement": "%"})
    await until(hass, "sensor.zoe_state_of_charge", "55.0")

    hass.states.async_set("sensor.zoe_soc", STATE_UNKNOWN, {"unit_of_measurement": "%"})
    await until(hass, "sensor.zoe_state_of_charge", STATE_UNAVAILABLE)


@pytest.mark.parametrize(
    ("entity_id", "value", "field"),
    [("weight", 4.0, "weight"), ("minimum_current", 8.0, "minimum_a"), ("maximum_current", 10.0, "maximum_a")],
)
async def test_a_number_is_wished_and_shown(
    hass: HomeAssistant, running: MockConfigEntry, *, entity_id: str, value: float, field: str
) -> None:
    entity_id = f"number.left_bay_{entity_id}"
    await until(hass, entity_id, lambda state: state.state != STATE_UNAVAILABLE)

    await hass.services.async_call("number", "set_value", {"entity_id": entity_id, "value": value}, blocking=True)

    assert getattr(running.runtime_data.runtime.wish("left"), field) == value
    await until(hass, entity_id, str(value))


async def test_numbers_stay_within_what_the_charger_can(hass: HomeAssistant, running: MockConfigEntry) -> None:
    state = await until(hass, "number.left_bay_maximum_current", lambda state: state.state != STATE_UNAVAILABLE)

    assert (state.attributes["min"], state.attributes["max"], state.attributes["step"]) == (6, 16, 1)


async def test_the_mode_is_chosen(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await until(hass, "select.left_bay_mode", "fast")

    await hass.services.async_call(
        "select", "select_option", {"entity_id": "select.left_bay_mode", "option": "min_solar"}, blocking=True
    )

    await until(hass, "select.left_bay_mode", "min_solar")


async def test_a_state_is_written_only_when_it_changed(hass: HomeAssistant, running: MockConfigEntry) -> None:
    before = await until(hass, "sensor.harbour_street_7_grid_power", "1380.0")
    reads = await _another_cycle(running)

    assert reads
    assert shown(hass, "sensor.harbour_street_7_grid_power").last_reported == before.last_reported


async def _another_cycle(entry: MockConfigEntry) -> bool:
    import asyncio  # noqa: PLC0415

    done = asyncio.Event()
    unsubscribe = entry.runtime_data.async_listen(done.set)
    async with asyncio.timeout(20):
        await done.wait()
    unsubscribe()
    return True
