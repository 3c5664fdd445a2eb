"""Actions on stations: what they send, what they answer, and what they say when a station does not do it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.tidewatt.const import DOMAIN, EVENT_SECURITY
from tests.ha.conftest import Connect
from tests.ha.ha_station import Station
from tests.ha.ha_waiting import until

LEFT = "select.left_bay_mode"


async def act(hass: HomeAssistant, action: str, *, answers: bool = False, **fields: Any) -> Any:
    """Take an action at the left bay; returns its answer for that entity."""
    target = {"entity_id": LEFT}
    answer = await hass.services.async_call(
        DOMAIN, action, fields, blocking=True, target=target, return_response=answers
    )
    return answer[LEFT] if answers and answer is not None else None


@pytest.fixture
async def station(hass: HomeAssistant, running: MockConfigEntry, connect: Connect) -> Station:
    """The station of the left bay, booted."""
    station = await connect("CP-1", "left-password-1")
    await station.boot()
    await station.status("Available")
    await until(hass, "sensor.left_bay_status", "available")
    return station


@pytest.mark.parametrize(
    ("action", "fields", "commanded"),
    [
        ("reset_station", {}, ("Reset", {"type": "Soft"})),
        ("reset_station", {"when_idle": False}, ("Reset", {"type": "Hard"})),
        ("unlock_connector", {}, ("UnlockConnector", {"connectorId": 1})),
        ("set_availability", {"operative": False}, ("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})),
        ("set_availability", {"operative": True}, ("ChangeAvailability", {"connectorId": 1, "type": "Operative"})),
    ],
)
async def test_an_action_is_a_command(
    hass: HomeAssistant, station: Station, action: str, fields: dict[str, Any], commanded: tuple[str, dict[str, Any]]
) -> None:
    await act(hass, action, **fields)

    command, request = commanded
    assert (await station.commanded(command)) == request


async def test_a_reservation_is_answered_with_its_number_and_taken_back(hass: HomeAssistant, station: Station) -> None:
    until_when = dt_util.now() + timedelta(hours=1)

    answer = await act(hass, "reserve", answers=True, id_tag="GUEST", until=until_when)
    request = await station.commanded("ReserveNow")
    await act(hass, "cancel_reservation", reservation_id=answer["reservation_id"])

    assert (request["idTag"], request["connectorId"]) == ("GUEST", 1)
    assert await station.commanded("CancelReservation") == {"reservationId": request["reservationId"]}


async def test_a_reservation_cannot_end_in_the_past(hass: HomeAssistant, station: Station) -> None:
    with pytest.raises(ServiceValidationError, match="until"):
        await act(hass, "reserve", id_tag="GUEST", until=dt_util.now() - timedelta(minutes=1))


async def test_a_refused_action_names_the_charger_and_the_answer(hass: HomeAssistant, station: Station) -> None:
    station.answers["UnlockConnector"] = {"status": "UnlockFailed"}

    with pytest.raises(HomeAssistantError, match=r"Left bay.*UnlockFailed"):
        await act(hass, "unlock_connector")


async def test_a_log_is_brought_into_the_folder_for_logs(
    hass: HomeAssistant, station: Station, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hass.config, "config_dir", str(tmp_path))
    fetching = hass.async_create_task(act(hass, "fetch_log", answers=True))
    request = await station.commanded("GetLog")
    async with aiohttp.ClientSession() as client:
        await client.put(request["log"]["remoteLocation"], data=b"12:00 nothing happened")
    answer = await fetching

    brought = Path(answer["path"])
    assert brought.parent == tmp_path / "tidewatt_logs"
    assert await hass.async_add_executor_job(brought.read_text) == "12:00 nothing happened"
    assert answer["bytes"] == 22


async def test_firmware_comes_from_a_file_that_may_be_read(
    hass: HomeAssistant, station: Station, tmp_path: Path
) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"new")
    with pytest.raises(ServiceValidationError, match="allowlist_external_dirs"):
        await act(hass, "update_firmware", file=str(image))

    hass.config.allowlist_external_dirs.add(str(tmp_path))
    await act(hass, "update_firmware", file=str(image))
    request = await station.commanded("UpdateFirmware")
    async with aiohttp.ClientSession() as client, client.get(request["location"]) as response:
        assert await response.read() == b"new"


async def test_firmware_has_one_source(hass: HomeAssistant, station: Station) -> None:
    with pytest.raises(ServiceValidationError, match="one source"):
        await act(hass, "update_firmware")


async def test_a_display_that_the_version_does_not_know_is_named(hass: HomeAssistant, station: Station) -> None:
    with pytest.raises(HomeAssistantError, match="Left bay"):
        await act(hass, "show_message", message="Half past seven")


async def test_a_security_event_is_an_event_for_automations(hass: HomeAssistant, station: Station) -> None:
    events = async_capture_events(hass, EVENT_SECURITY)

    await station.call(
        "SecurityEventNotification",
        {"type": "FirmwareUpdated", "timestamp": dt_util.utcnow().isoformat(), "techInfo": "1.2.4"},
    )
    await hass.async_block_till_done()

    assert [(event.data["station"], event.data["kind"]) for event in events] == [("CP-1", "FirmwareUpdated")]


async def test_the_certificates_of_a_station_are_revoked(hass: HomeAssistant, station: Station) -> None:
    assert await act(hass, "revoke_certificates", answers=True) == {"revoked": 0}


async def test_a_site_without_an_encrypted_port_has_no_root(hass: HomeAssistant, station: Station) -> None:
    with pytest.raises(ServiceValidationError, match="encrypted port"):
        await act(hass, "get_root_certificate", answers=True)
