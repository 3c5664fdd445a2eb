"""Discharging as people and automations meet it: the actions, what they refuse, and what is shown."""

from typing import Any

from homeassistant.const import STATE_OFF, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tidewatt.const import DOMAIN
from tests.ha.conftest import Connect
from tests.ha.ha_station import Station
from tests.ha.ha_waiting import shown, until
from tidewatt.site import DischargeWish, Mode

LEFT = "select.left_bay_mode"
RIGHT = "select.right_bay_mode"


async def act(hass: HomeAssistant, action: str, entity_id: str = RIGHT, **fields: Any) -> None:
    await hass.services.async_call(DOMAIN, action, fields, blocking=True, target={"entity_id": entity_id})


@pytest.fixture
async def plugged(hass: HomeAssistant, running: MockConfigEntry, connect: Connect) -> Station:
    """A vehicle charges at the right bay, which may discharge."""
    await act(hass, "set_mode", mode="fast")
    station = await connect("CP-2", "right-password-1")
    await station.boot()
    await station.status("Preparing")
    transaction_id = await station.start("GUEST", meter_wh=5000)
    await station.status("Charging")
    await station.measure(transaction_id, (6.0, 0.0, 0.0), meter_wh=5250, soc_pct=70)
    await until(hass, "sensor.right_bay_status", "charging")
    return station


def wish_of(entry: MockConfigEntry) -> DischargeWish | None:
    discharge: DischargeWish | None = entry.runtime_data.runtime.wish("right").discharge
    return discharge


async def test_a_discharge_is_wished_survives_a_restart_and_is_stopped(
    hass: HomeAssistant, running: MockConfigEntry, plugged: Station
) -> None:
    await act(hass, "start_discharge", power_w=2000, until_soc_pct=40)
    assert wish_of(running) == DischargeWish(power_w=2000, until_soc_pct=40)

    await hass.config_entries.async_reload(running.entry_id)
    assert wish_of(running) == DischargeWish(power_w=2000, until_soc_pct=40)

    await act(hass, "stop_discharge")
    assert wish_of(running) is None
    assert running.runtime_data.runtime.wish("right").mode is Mode.FAST


async def test_whoever_chooses_a_mode_ends_the_discharge(
    hass: HomeAssistant, running: MockConfigEntry, plugged: Station
) -> None:
    await act(hass, "start_discharge", power_w=2000)
    await hass.services.async_call("select", "select_option", {"entity_id": RIGHT, "option": "solar"}, blocking=True)
    assert wish_of(running) is None


async def test_a_vehicle_that_is_unplugged_takes_the_wish_along(
    hass: HomeAssistant, running: MockConfigEntry, plugged: Station
) -> None:
    await act(hass, "start_discharge", power_w=2000)
    await plugged.call(
        "StopTransaction",
        {"transactionId": plugged.transaction_id, "meterStop": 5300, "timestamp": "2026-01-01T00:00:00Z"},
    )
    await plugged.status("Available")
    await until(hass, "binary_sensor.right_bay_plugged_in", STATE_OFF)
    assert wish_of(running) is None


async def test_what_lacks_is_shown_as_reason_and_fault(
    hass: HomeAssistant, running: MockConfigEntry, plugged: Station
) -> None:
    possible = await until(hass, "binary_sensor.right_bay_discharge_possible", STATE_OFF)
    assert possible.attributes["forbidden_by"] == "discharge_not_agreed"
    assert shown(hass, "sensor.right_bay_fault").state == "ok"

    await act(hass, "start_discharge", power_w=2000)

    await until(hass, "sensor.right_bay_limited_by", "discharge_not_agreed")
    assert shown(hass, "sensor.right_bay_limit").state == "0.0"
    fault = await until(hass, "sensor.right_bay_fault", "err_bidirectional_unsupported")
    assert "have not agreed" in fault.attributes["detail"]


async def test_only_a_charger_that_may_discharge_has_entities_for_it(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    assert hass.states.get("binary_sensor.left_bay_discharge_possible") is None
    assert hass.states.get("sensor.left_bay_energy_discharged") is None
    assert shown(hass, "sensor.right_bay_energy_discharged").state == STATE_UNAVAILABLE


@pytest.mark.parametrize(
    ("entity_id", "mode", "key"),
    [
        (LEFT, "fast", "discharge_not_configured"),
        (RIGHT, "off", "discharge_while_off"),
        (RIGHT, "fast", "discharge_without_vehicle"),
    ],
)
async def test_what_cannot_be_wished_is_refused_with_its_remedy(
    hass: HomeAssistant, running: MockConfigEntry, *, entity_id: str, mode: str, key: str
) -> None:
    await act(hass, "set_mode", entity_id, mode=mode)

    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, "start_discharge", entity_id, power_w=2000)

    assert caught.value.translation_key == key
    name = "Left bay" if entity_id == LEFT else "Right bay"
    assert (caught.value.translation_placeholders or {})["charger"] == name
    assert wish_of(running) is None


@pytest.mark.parametrize("fields", [{}, {"power_w": 0}, {"power_w": -5}, {"power_w": 2000, "until_soc_pct": 101}])
async def test_what_no_charger_can_give_is_not_taken(
    hass: HomeAssistant, running: MockConfigEntry, *, fields: dict[str, Any]
) -> None:
    with pytest.raises(probatio.Invalid):
        await act(hass, "start_discharge", **fields)


async def test_a_discharge_that_was_ruled_out_by_a_new_configuration_is_forgotten(
    hass: HomeAssistant, running: MockConfigEntry, plugged: Station
) -> None:
    await act(hass, "start_discharge", power_w=2000)
    right = running.subentries["right"]
    hass.config_entries.async_update_subentry(running, right, data={**right.data, "discharge_maximum_a": 0})
    await hass.async_block_till_done()
    assert wish_of(running) is None
