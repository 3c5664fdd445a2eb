"""What the devices and entities of a site show."""

import asyncio
from datetime import timedelta
import logging
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from syrupy.assertion import SnapshotAssertion

from custom_components.tidewatt.hub import WATCH_INTERVAL_S, SiteHub
from tests.ha.conftest import LOOPBACK, Connect, GridMeter, entry_of
from tests.ha.ha_station import Station
from tests.ha.ha_waiting import shown, until
from tests.patience import PATIENCE_S

FUSE_A = 25.0
GARAGE_FUSE_A = 20.0


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
    health = await until(hass, "sensor.harbour_street_7_controller_health", "fail_safe")
    assert any(fault.startswith("METER_STALE Grid meter: ") for fault in health.attributes["faults"])
    await until(hass, "sensor.left_bay_limited_by", "fail_safe")
    assert shown(hass, "sensor.left_bay_limit").state == "6.0"
    assert shown(hass, "sensor.harbour_street_7_grid_power").state == STATE_UNAVAILABLE
    assert shown(hass, "sensor.harbour_street_7_headroom_l1").state == STATE_UNAVAILABLE


async def test_the_log_tells_once_that_a_charger_is_away_and_once_that_it_is_back(
    hass: HomeAssistant, charging: Station, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.tidewatt")

    await charging.hang_up()
    await until(hass, "binary_sensor.left_bay_connection", STATE_OFF)
    await (await connect("CP-1", "left-password-1")).boot()
    await until(hass, "binary_sensor.left_bay_connection", STATE_ON)

    told = [message for message in caplog.messages if "Left bay" in message]
    assert told == ["The station of Left bay is away", "The station of Left bay is back"]


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

    await another_cycle(running.runtime_data)

    assert shown(hass, "sensor.harbour_street_7_grid_power").last_reported == before.last_reported


async def test_a_circuit_with_a_meter_shows_what_is_left_of_its_fuse(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    assert hass.states.get("sensor.garage_headroom_l1") is None
    for phase in ("l1", "l2", "l3"):
        hass.states.async_set(f"sensor.{phase}", "4", {"unit_of_measurement": "A"})
    meter = {"circuit": "garage", "tolerance_s": 60, "entity": {"current": ["sensor.l1", "sensor.l2", "sensor.l3"]}}
    hass.config_entries.async_add_subentry(
        running,
        ConfigSubentry(data=MappingProxyType(meter), subentry_type="meter", title="Garage meter", unique_id=None),
    )
    await hass.async_block_till_done()

    await until(hass, "sensor.garage_current_l1", "4.0")
    assert float(shown(hass, "sensor.garage_headroom_l1").state) <= GARAGE_FUSE_A - 4
    assert shown(hass, "binary_sensor.garage_overload").state == STATE_OFF


async def test_voltages_and_times_are_there_for_those_who_enable_them(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    for entity in er.async_entries_for_config_entry(registry, running.entry_id):
        registry.async_update_entity(entity.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(running.entry_id)

    await until(hass, "sensor.grid_meter_voltage_l1", "230.0")
    await until(hass, "sensor.harbour_street_7_cycle_time", is_known)
    assert shown(hass, "sensor.harbour_street_7_command_latency").state == STATE_UNKNOWN


async def test_a_site_whose_control_stands_still_knows_nothing(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await until(hass, "sensor.harbour_street_7_grid_power", "1380.0")
    await running.runtime_data.runtime.stop()

    for _ in range(2):
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=WATCH_INTERVAL_S + 1))

    assert shown(hass, "sensor.harbour_street_7_grid_power").state == STATE_UNAVAILABLE
    assert shown(hass, "sensor.harbour_street_7_controller_health").state == STATE_UNAVAILABLE


async def test_a_charger_has_a_current_for_each_terminal_it_uses(hass: HomeAssistant, running: MockConfigEntry) -> None:
    assert hass.states.get("sensor.right_bay_current_l1") is not None
    assert hass.states.get("sensor.right_bay_current_l2") is None

    right = running.subentries["right"]
    hass.config_entries.async_update_subentry(running, right, data={**right.data, "phases": ["L3", "L1"]})
    await hass.async_block_till_done()

    assert hass.states.get("sensor.right_bay_current_l2") is not None


async def test_the_state_of_charge_is_the_stations_until_an_entity_tells_it(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    ioniq = ConfigSubentry(
        data=MappingProxyType({"charger": "right"}), subentry_type="vehicle", title="Ioniq", unique_id=None
    )
    hass.config_entries.async_add_subentry(running, ioniq)
    await hass.async_block_till_done()
    await until(hass, "sensor.ioniq_state_of_charge", STATE_UNAVAILABLE)
    station = await connect("CP-2", "right-password-1")
    await station.boot()
    transaction_id = await station.start("GUEST", meter_wh=0)
    await station.measure(transaction_id, (6.0, 0.0, 0.0), meter_wh=10, soc_pct=61)
    await until(hass, "sensor.ioniq_state_of_charge", "61.0")
    await until(hass, "sensor.right_bay_state_of_charge", "61.0")

    hass.states.async_set("sensor.soc", "58", {"unit_of_measurement": "%"})
    hass.config_entries.async_update_subentry(running, ioniq, data={"charger": "right", "soc_entity": "sensor.soc"})
    await hass.async_block_till_done()

    await until(hass, "sensor.ioniq_state_of_charge", "58.0")
    assert shown(hass, "sensor.right_bay_state_of_charge").state == "61.0"


async def test_a_site_of_one_phase_speaks_of_no_other(hass: HomeAssistant, ocpp_port: int) -> None:
    entry = entry_of(
        {
            "site": {"name": "Cabin", "phases": 1, "main_fuse_a": 25},
            "ocpp": {"host": LOOPBACK, "port": ocpp_port},
        }
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()

    assert hass.states.get("sensor.cabin_headroom_l1") is not None
    assert hass.states.get("sensor.cabin_headroom_l2") is None


def is_known(state: State) -> bool:
    return state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN)


async def another_cycle(hub: SiteHub) -> None:
    """Wait for the next cycle of control."""
    ended = asyncio.Event()
    unsubscribe = hub.async_listen(ended.set)
    async with asyncio.timeout(PATIENCE_S):
        await ended.wait()
    unsubscribe()
