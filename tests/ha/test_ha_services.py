"""The actions and what they say when something cannot be done."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tidewatt.const import DOMAIN
from custom_components.tidewatt.services import ALL_ACTIONS
from tests.ha.conftest import Connect, device_of
from tests.ha.ha_station import Station
from tests.ha.ha_waiting import until

LEFT = "select.left_bay_mode"


async def act(hass: HomeAssistant, action: str, target: dict[str, Any] | None = None, **fields: Any) -> None:
    await hass.services.async_call(DOMAIN, action, fields, blocking=True, target=target or {"entity_id": LEFT})


@pytest.fixture
async def plugged(hass: HomeAssistant, running: MockConfigEntry, connect: Connect) -> Station:
    """A vehicle is plugged in at the left bay."""
    station = await connect("CP-1", "left-password-1")
    await station.boot()
    await station.status("Preparing")
    await until(hass, "sensor.left_bay_status", "preparing")
    return station


async def test_the_actions_exist_without_any_site(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await hass.config_entries.async_remove(running.entry_id)

    assert set(hass.services.async_services_for_domain(DOMAIN)) == set(ALL_ACTIONS)


async def test_a_device_is_set_to_another_mode(hass: HomeAssistant, running: MockConfigEntry) -> None:
    device = device_of(hass, "left")
    assert device is not None

    await act(hass, "set_mode", {"device_id": device.id}, mode="solar")

    assert running.runtime_data.runtime.wish("left").mode == "solar"
    assert running.runtime_data.runtime.wish("right").mode == "off"


async def test_a_limit_is_set_and_cleared(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await act(hass, "set_limit", current_a=8)
    assert running.runtime_data.runtime.wish("left").limit_a == 8

    await act(hass, "clear_limit")
    assert running.runtime_data.runtime.wish("left").limit_a is None


async def test_a_session_is_started_with_a_tag_and_stopped(hass: HomeAssistant, plugged: Station) -> None:
    await act(hass, "start_charging", id_tag="BEEF")
    assert (await plugged.commanded("RemoteStartTransaction"))["idTag"] == "BEEF"

    transaction_id = await plugged.start("BEEF", meter_wh=0)
    await plugged.status("Charging")
    await until(hass, "binary_sensor.left_bay_charging", "on")
    await act(hass, "stop_charging")
    assert (await plugged.commanded("RemoteStopTransaction"))["transactionId"] == transaction_id


async def test_a_refused_command_is_an_error_that_names_the_charger(hass: HomeAssistant, plugged: Station) -> None:
    plugged.answers["RemoteStartTransaction"] = {"status": "Rejected"}

    with pytest.raises(HomeAssistantError, match="Left bay") as caught:
        await act(hass, "start_charging", id_tag="BEEF")

    assert caught.value.translation_key == "command_failed"


async def test_a_session_that_does_not_end_is_an_error(hass: HomeAssistant, plugged: Station) -> None:
    await plugged.start("BEEF", meter_wh=0)
    plugged.answers["RemoteStopTransaction"] = {"status": "Rejected"}
    await plugged.status("Charging")
    await until(hass, "binary_sensor.left_bay_charging", "on")

    with pytest.raises(HomeAssistantError, match="Left bay"):
        await act(hass, "stop_charging")


async def test_a_charger_that_is_away_cannot_start(hass: HomeAssistant, running: MockConfigEntry) -> None:
    with pytest.raises(HomeAssistantError, match="Left bay"):
        await act(hass, "start_charging")


async def test_a_maximum_below_the_minimum_is_refused(hass: HomeAssistant, running: MockConfigEntry) -> None:
    await until(hass, "number.left_bay_minimum_current", "6.0")
    await hass.services.async_call(
        "number", "set_value", {"entity_id": "number.left_bay_minimum_current", "value": 10}, blocking=True
    )

    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            "number", "set_value", {"entity_id": "number.left_bay_maximum_current", "value": 8}, blocking=True
        )

    assert caught.value.translation_key == "wish_refused"
    assert (caught.value.translation_placeholders or {})["value"] == "8"


@pytest.mark.parametrize(
    ("action", "fields"), [("set_mode", {"mode": "warp"}), ("set_limit", {"current_a": -1}), ("set_limit", {})]
)
async def test_what_no_charger_can_do_is_not_taken(
    hass: HomeAssistant, running: MockConfigEntry, *, action: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, action, **fields)
