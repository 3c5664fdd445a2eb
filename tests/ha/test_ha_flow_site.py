"""Adding and reconfiguring a site."""

import socket
from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.tidewatt.const import DOMAIN
from tests.ha.conftest import LOOPBACK
from tests.ports import free_port


def filled(port: int, **changes: Any) -> dict[str, Any]:
    """Return a filled form."""
    return {
        "name": "Mill Lane 2",
        "phases": "3",
        "voltage_v": 230,
        "main_fuse_a": 35,
        "export_limit_a": 0,
        "host": LOOPBACK,
        "port": port,
        **changes,
    }


async def begin(hass: HomeAssistant) -> str:
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "site"
    return result["flow_id"]


async def test_a_site_is_added_and_runs(hass: HomeAssistant, ocpp_port: int) -> None:
    flow_id = await begin(hass)

    result = await hass.config_entries.flow.async_configure(flow_id, filled(ocpp_port))
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Mill Lane 2"
    assert result["data"] == {
        "site": {"phases": 3, "voltage_v": 230, "main_fuse_a": 35, "export_limit_a": 0},
        "ocpp": {"host": LOOPBACK, "port": ocpp_port},
    }
    assert result["result"].state is ConfigEntryState.LOADED


async def test_fuses_may_differ_from_phase_to_phase(hass: HomeAssistant, ocpp_port: int) -> None:
    flow_id = await begin(hass)

    result = await hass.config_entries.flow.async_configure(flow_id, filled(ocpp_port, main_fuse_a_l3=20))

    assert result["data"]["site"]["main_fuse_a"] == [35, 35, 20]


async def test_a_port_in_use_is_refused_until_another_one_is_given(hass: HomeAssistant) -> None:
    flow_id = await begin(hass)
    with socket.create_server((LOOPBACK, 0)) as taken:
        result = await hass.config_entries.flow.async_configure(flow_id, filled(taken.getsockname()[1]))
    assert result["errors"] == {"port": "port_in_use"}

    result = await hass.config_entries.flow.async_configure(flow_id, filled(free_port()))

    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_address_of_another_machine_is_refused(hass: HomeAssistant, ocpp_port: int) -> None:
    flow_id = await begin(hass)

    # TEST-NET-1 of RFC 5737 belongs to nobody.
    result = await hass.config_entries.flow.async_configure(flow_id, filled(ocpp_port, host="192.0.2.1"))

    assert result["errors"] == {"host": "cannot_listen"}


async def test_the_port_of_another_site_is_refused(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    flow_id = await begin(hass)

    result = await hass.config_entries.flow.async_configure(flow_id, filled(entry.data["ocpp"]["port"]))

    assert result["errors"] == {"port": "port_of_other_site"}


async def test_reconfiguring_shows_what_is_saved(hass: HomeAssistant, running: MockConfigEntry) -> None:
    result = await running.start_reconfigure_flow(hass)

    assert suggested(result) == {
        "name": "Harbour Street 7",
        "phases": "3",
        "voltage_v": 230,
        "main_fuse_a": 25,
        "export_limit_a": 0,
        **running.data["ocpp"],
    }


async def test_a_smaller_fuse_counts_at_once_and_the_site_keeps_running(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    runtime = running.runtime_data.runtime
    result = await running.start_reconfigure_flow(hass)

    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], filled(running.data["ocpp"]["port"], main_fuse_a=16)
    )
    await hass.async_block_till_done()

    assert result["reason"] == "reconfigure_successful"
    assert running.title == "Mill Lane 2"
    assert running.runtime_data.runtime is runtime
    assert runtime.site.circuit("main").import_limit_a == (16, 16, 16)


async def test_another_port_restarts_the_site_there(hass: HomeAssistant, running: MockConfigEntry) -> None:
    result = await running.start_reconfigure_flow(hass)
    port = free_port()

    await hass.config_entries.flow.async_configure(result["flow_id"], filled(port))
    await hass.async_block_till_done()

    assert running.state is ConfigEntryState.LOADED
    assert running.runtime_data.runtime.ocpp_port == port


async def test_another_address_is_taken_with_the_same_port(hass: HomeAssistant, running: MockConfigEntry) -> None:
    result = await running.start_reconfigure_flow(hass)
    port = running.data["ocpp"]["port"]

    result = await hass.config_entries.flow.async_configure(result["flow_id"], filled(port, host="0.0.0.0"))  # noqa: S104 - that address is the point
    await hass.async_block_till_done()

    assert result["type"] is FlowResultType.ABORT
    assert running.state is ConfigEntryState.LOADED
    assert running.runtime_data.runtime.site.ocpp.host == "0.0.0.0"  # noqa: S104 - likewise


async def test_fewer_phases_than_its_chargers_have_are_refused(hass: HomeAssistant, running: MockConfigEntry) -> None:
    result = await running.start_reconfigure_flow(hass)

    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], filled(running.data["ocpp"]["port"], phases="1")
    )

    assert result["errors"] == {"phases": "does_not_fit"}
    said = result["description_placeholders"] or {}
    assert said["field"] == "Left bay, phases"
    assert said["value"] == "L2, L3, L1"
    assert "phase" in said["remedy"]


def suggested(result: Any) -> dict[str, Any]:
    """Return the values with which a form is shown."""
    return {
        key.schema: key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


async def test_an_encrypted_port_is_added_shown_again_and_taken_away(hass: HomeAssistant, ocpp_port: int) -> None:
    flow_id = await begin(hass)
    encrypted = free_port()
    result = await hass.config_entries.flow.async_configure(
        flow_id, filled(ocpp_port, tls_port=encrypted, tls_names=["mill.local"])
    )
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.data["ocpp"]["tls"] == {"port": encrypted, "names": ["mill.local"]}
    assert entry.state is ConfigEntryState.LOADED

    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    form = flow["data_schema"]
    assert form is not None
    suggested = {str(key): key.description for key in form.schema}
    assert suggested["tls_port"] == {"suggested_value": encrypted}
    await hass.config_entries.flow.async_configure(flow["flow_id"], filled(ocpp_port))
    await hass.async_block_till_done()
    assert "tls" not in entry.data["ocpp"]
