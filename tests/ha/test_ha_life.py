"""Setting up, changing, unloading and removing a site."""

from pathlib import Path
import socket
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigSubentry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tidewatt import async_remove_config_entry_device
from custom_components.tidewatt.const import DOMAIN
from tests.ha.conftest import ENTRY_ID, LOOPBACK, Connect, device_of, entry_of
from tests.ha.ha_waiting import shown, until
from tidewatt.site import Mode, Wish


def asked(hass: HomeAssistant, issue_id: str) -> dict[str, str]:
    """Return what a repair issue names."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
    assert issue is not None
    return issue.translation_placeholders or {}


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((LOOPBACK, port)) == 0


async def test_a_site_listens_while_it_is_loaded(hass: HomeAssistant, running: MockConfigEntry, ocpp_port: int) -> None:
    assert listens(ocpp_port)

    assert await hass.config_entries.async_unload(running.entry_id)

    assert running.state is ConfigEntryState.NOT_LOADED
    assert not listens(ocpp_port)
    assert shown(hass, "select.left_bay_mode").state == STATE_UNAVAILABLE


async def test_a_site_is_reloaded(hass: HomeAssistant, running: MockConfigEntry, ocpp_port: int) -> None:
    assert await hass.config_entries.async_reload(running.entry_id)
    await hass.async_block_till_done()

    assert running.state is ConfigEntryState.LOADED
    assert listens(ocpp_port)


async def test_a_site_stops_with_home_assistant(hass: HomeAssistant, running: MockConfigEntry, ocpp_port: int) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()

    assert not listens(ocpp_port)


async def test_a_port_in_use_is_tried_again_later(hass: HomeAssistant, entry: MockConfigEntry, ocpp_port: int) -> None:
    with socket.create_server((LOOPBACK, ocpp_port)):
        await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert str(ocpp_port) in entry.reason


async def test_a_site_whose_parts_do_not_fit_says_what_to_reconfigure(
    hass: HomeAssistant, document: dict[str, Any]
) -> None:
    entry = entry_of(document)
    entry.add_to_hass(hass)
    _change(hass, entry, "left", circuit="gone")

    await hass.config_entries.async_setup(entry.entry_id)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert asked(hass, ENTRY_ID)["field"] == "Left bay, circuit"


async def test_removing_a_site_removes_what_it_remembered(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await hass.services.async_call(
        DOMAIN, "set_mode", {"entity_id": "select.left_bay_mode", "mode": "off"}, blocking=True
    )
    folder = Path(hass.config.path(".storage", f"{DOMAIN}.{ENTRY_ID}"))
    assert await hass.config_entries.async_unload(running.entry_id)
    assert await hass.async_add_executor_job(folder.exists)

    await hass.config_entries.async_remove(running.entry_id)

    assert not await hass.async_add_executor_job(folder.exists)


async def test_a_wish_survives_a_reload(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await hass.services.async_call(
        DOMAIN, "set_mode", {"entity_id": "select.left_bay_mode", "mode": "solar"}, blocking=True
    )

    await hass.config_entries.async_reload(running.entry_id)
    await hass.async_block_till_done()

    assert running.runtime_data.runtime.wish("left").mode == "solar"


async def test_a_reconfigured_charger_forgets_what_was_wished_before(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    runtime = running.runtime_data.runtime
    runtime.set_wish("left", Wish(mode=Mode.SOLAR, weight=4, minimum_a=8, maximum_a=10, limit_a=7))

    _change(hass, running, "left", weight=2)
    await hass.async_block_till_done()
    assert runtime.wish("left") == Wish(mode=Mode.SOLAR, minimum_a=8, maximum_a=10, limit_a=7)

    _change(hass, running, "left", maximum_a=32, mode="off")
    await hass.async_block_till_done()
    assert runtime.wish("left") == Wish(mode=Mode.OFF, limit_a=7)


async def test_a_station_stays_connected_while_the_site_is_reconfigured(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    station = await connect("CP-1", "left-password-1")
    await station.boot()

    _change(hass, running, "left", weight=5)
    _change(hass, running, "garage", limit_a=10)
    hass.config_entries.async_remove_subentry(running, "right")
    await hass.async_block_till_done()

    await station.status("Preparing")
    await until(hass, "sensor.left_bay_status", "preparing")


async def test_a_part_that_is_added_gets_its_device_and_entities(hass: HomeAssistant, running: MockConfigEntry) -> None:
    data = {"circuit": "main", "ocpp": {"station": "CP-9"}}
    hass.config_entries.async_add_subentry(
        running,
        ConfigSubentry(data=MappingProxyType(data), subentry_type="charger", title="Yard", unique_id="charger_CP-9_1"),
    )
    await hass.async_block_till_done()

    assert hass.states.get("select.yard_mode") is not None
    assert hass.states.get("sensor.yard_limited_by") is not None


async def test_a_part_that_is_removed_takes_its_device_and_entities_along(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    hass.config_entries.async_remove_subentry(running, "right")
    await hass.async_block_till_done()

    assert hass.states.get("select.right_bay_mode") is None
    assert device_of(hass, "right") is None
    assert [charger.charger_id for charger in running.runtime_data.runtime.site.chargers] == ["left"]


async def test_a_part_that_is_renamed_keeps_its_entities(hass: HomeAssistant, running: MockConfigEntry) -> None:
    registry = er.async_get(hass)
    before = registry.async_get("select.left_bay_mode")
    assert before is not None

    hass.config_entries.async_update_subentry(running, running.subentries["left"], title="Port side")
    await hass.async_block_till_done()

    after = registry.async_get("select.left_bay_mode")
    device = device_of(hass, "left")
    assert after is not None
    assert device is not None
    assert after.unique_id == before.unique_id
    assert (device.id, device.name) == (before.device_id, "Port side")


async def test_a_device_tells_what_its_station_said_of_itself(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await (await connect("CP-1", "left-password-1")).boot()
    await until(hass, "binary_sensor.left_bay_connection", "on")

    device = device_of(hass, "left")

    assert device is not None
    assert (device.manufacturer, device.model, device.sw_version) == ("Example", "One", "1.2.3")


async def test_what_a_removed_circuit_fed_hangs_on_the_circuit_above(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    attic = ConfigSubentry(
        data=MappingProxyType({"parent": "garage", "limit_a": 10}),
        subentry_type="circuit",
        title="Attic",
        unique_id=None,
    )
    hass.config_entries.async_add_subentry(running, attic)
    await hass.async_block_till_done()
    _change(hass, running, "left", circuit=attic.subentry_id)
    await hass.async_block_till_done()

    hass.config_entries.async_remove_subentry(running, attic.subentry_id)
    await hass.async_block_till_done()
    assert running.runtime_data.runtime.site.charger("left").circuit_id == "garage"

    hass.config_entries.async_remove_subentry(running, "garage")
    await hass.async_block_till_done()
    assert running.subentries["left"].data["circuit"] == "main"


async def test_a_vehicle_whose_charger_was_removed_asks_to_be_reconfigured(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    hass.config_entries.async_remove_subentry(running, "left")
    await hass.async_block_till_done()
    issue_id = f"{ENTRY_ID}_zoe"
    assert asked(hass, issue_id)["part"] == "Zoe"

    _change(hass, running, "zoe", charger="right")
    await hass.async_block_till_done()

    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None
    assert running.runtime_data.runtime.site.vehicle_at("right").name == "Zoe"


async def test_a_change_that_does_not_fit_leaves_the_site_as_it_was(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    _change(hass, running, "left", maximum_a=3)
    await hass.async_block_till_done()

    assert running.runtime_data.runtime.site.charger("left").maximum_a == 16
    assert asked(hass, ENTRY_ID)["field"] == "Left bay, maximum_a"

    _change(hass, running, "left", maximum_a=10)
    await hass.async_block_till_done()

    assert running.runtime_data.runtime.site.charger("left").maximum_a == 10
    assert ir.async_get(hass).async_get_issue(DOMAIN, ENTRY_ID) is None


async def test_only_devices_without_a_part_can_be_removed(hass: HomeAssistant, running: MockConfigEntry) -> None:
    registry = dr.async_get(hass)
    left = device_of(hass, "left")
    assert left is not None
    stale = registry.async_get_or_create(config_entry_id=ENTRY_ID, identifiers={(DOMAIN, f"{ENTRY_ID}_gone")})

    assert not await async_remove_config_entry_device(hass, running, left)
    assert await async_remove_config_entry_device(hass, running, stale)


def _change(hass: HomeAssistant, entry: MockConfigEntry, part_id: str, **changes: Any) -> None:
    subentry = entry.subentries[part_id]
    hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, **changes})
