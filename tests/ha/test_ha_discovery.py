"""Stations that connect without being configured are offered, and join the site once people say how they are wired."""

from typing import Any

import aiohttp
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tidewatt.const import DOMAIN
from custom_components.tidewatt.discovery import Discovery
from tests.ha.conftest import Connect

WIRED = {
    "evse": 1,
    "name": "Yard",
    "circuit": "garage",
    "phases": "L3",
    "maximum_a": 16,
    "minimum_a": 6,
    "safe_a": 6,
    "discharge_maximum_a": 0,
    "step_a": 1,
    "weight": 1,
    "mode": "fast",
    "password": "yard-password-1",
}


async def knock(hass: HomeAssistant, connect: Connect, station_id: str, password: str | None = None) -> None:
    """Let a station be refused."""
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await connect(station_id, password)
    await hass.async_block_till_done()


def offered(hass: HomeAssistant) -> list[Any]:
    return hass.config_entries.flow.async_progress_by_handler(DOMAIN)


async def ignore(hass: HomeAssistant, flow: Any) -> None:
    """Ignore a station that is offered."""
    context = flow["context"]
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": context["unique_id"], "title": context["title_placeholders"]["name"]},
    )


async def test_an_unknown_station_is_refused_and_offered_once(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "NEW-1", "yard-password-1")
    await knock(hass, connect, "NEW-1", "yard-password-1")

    (flow,) = offered(hass)
    assert flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    assert flow["context"]["title_placeholders"] == {"name": "NEW-1"}


async def test_an_offered_station_joins_the_site_and_is_accepted_from_then_on(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "NEW-1", "yard-password-1")
    (flow,) = offered(hass)

    result = await hass.config_entries.flow.async_configure(flow["flow_id"], WIRED)
    await hass.async_block_till_done()

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "charger_added")
    charger = running.runtime_data.runtime.site.chargers[-1]
    assert (charger.name, charger.circuit_id, charger.endpoint.station_id) == ("Yard", "garage", "NEW-1")
    await (await connect("NEW-1", "yard-password-1")).boot()
    assert offered(hass) == []


async def test_a_wiring_that_does_not_fit_is_refused(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "NEW-1")
    (flow,) = offered(hass)

    result = await hass.config_entries.flow.async_configure(flow["flow_id"], WIRED | {"maximum_a": 7, "minimum_a": 9})

    assert result["errors"] == {"maximum_a": "not_usable"}


async def test_an_offer_is_withdrawn_once_the_station_is_configured_by_hand(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "NEW-1")
    await knock(hass, connect, "NEW-2")
    form = await hass.config_entries.subentries.async_init(
        (running.entry_id, "charger"), context={"source": SOURCE_USER}
    )

    await hass.config_entries.subentries.async_configure(form["flow_id"], WIRED | {"station": "NEW-1"})
    await hass.async_block_till_done()

    assert [flow["context"]["title_placeholders"]["name"] for flow in offered(hass)] == ["NEW-2"]


async def test_nothing_is_left_of_offers_when_the_site_is_removed(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "NEW-1")
    await knock(hass, connect, "NEW-2")
    await ignore(hass, offered(hass)[0])

    await hass.config_entries.async_remove(running.entry_id)

    assert offered(hass) == []
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_an_ignored_station_is_not_offered_again(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "NEW-1")
    (flow,) = offered(hass)
    await ignore(hass, flow)

    await knock(hass, connect, "NEW-1")

    assert offered(hass) == []


async def test_a_known_station_with_a_wrong_password_is_refused_and_not_offered(
    hass: HomeAssistant, running: MockConfigEntry, connect: Connect
) -> None:
    await knock(hass, connect, "CP-1", "not-its-password")

    assert offered(hass) == []


@pytest.mark.parametrize(
    ("entry_id", "station_id", "reason"),
    [("gone", "NEW-1", "site_removed"), (None, "CP-1", "already_configured")],
)
async def test_what_cannot_be_added_any_more_is_not_offered(
    hass: HomeAssistant, running: MockConfigEntry, *, entry_id: str | None, station_id: str, reason: str
) -> None:
    discovery = {"entry_id": entry_id or running.entry_id, "station_id": station_id, "remote": "192.0.2.7"}

    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data=discovery
    )

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, reason)


def test_a_station_is_ignored_at_one_site_only() -> None:
    here = Discovery(entry_id="here", station_id="NEW-1", remote="192.0.2.7")
    there = Discovery(entry_id="there", station_id="NEW-1", remote="192.0.2.7")

    assert here.unique_id != there.unique_id
