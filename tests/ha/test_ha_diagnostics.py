"""Diagnostics help, and keep secrets."""

import json

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tidewatt.diagnostics import async_get_config_entry_diagnostics
from tests.ha.conftest import Connect
from tests.ha.ha_waiting import until


async def test_diagnostics_show_the_parts_but_no_password_and_no_tag(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    station = await connect("CP-1", "left-password-1")
    await station.boot()
    await station.status("Preparing")
    await station.start("BEEF", meter_wh=0)
    await until(hass, "binary_sensor.left_bay_connection", "on")

    diagnostics = await async_get_config_entry_diagnostics(hass, running)

    text = json.dumps(diagnostics, default=str)
    assert "left-password-1" not in text
    assert "BEEF" not in text
    assert {part["subentry_id"] for part in diagnostics["subentries"]} == set(running.subentries)
    assert diagnostics["runtime"]["health"]
    assert "CP-1" in text
