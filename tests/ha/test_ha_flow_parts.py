"""Adding and reconfiguring circuits, chargers and vehicles."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.ha.conftest import LOOPBACK, entry_of
from tests.ha.test_ha_flow_site import suggested

CHARGER = {
    "station": "CP-3",
    "evse": 1,
    "name": "Yard",
    "circuit": "garage",
    "phases": "L2-L3-L1",
    "maximum_a": 16,
    "minimum_a": 6,
    "safe_a": 6,
    "discharge_maximum_a": 0,
    "step_a": 1,
    "weight": 1,
    "mode": "fast",
}


async def begin(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> Any:
    return await hass.config_entries.subentries.async_init((entry.entry_id, kind), context={"source": SOURCE_USER})


async def fill(hass: HomeAssistant, form: Any, values: dict[str, Any]) -> Any:
    result = await hass.config_entries.subentries.async_configure(form["flow_id"], values)
    await hass.async_block_till_done()
    return result


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry, part_id: str, values: dict[str, Any]) -> Any:
    return await fill(hass, await entry.start_subentry_reconfigure_flow(hass, part_id), values)


async def test_a_charger_that_gives_back_and_a_floor_are_configured(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    form = await running.start_subentry_reconfigure_flow(hass, "left")
    assert suggested(form).get("discharge_maximum_a", 0) == 0

    await fill(hass, form, CHARGER | {"station": "CP-1", "discharge_maximum_a": 16})
    await reconfigure(hass, running, "zoe", {"name": "Zoe", "charger": "left", "minimum_soc_pct": 35})

    site = running.runtime_data.runtime.site
    assert site.charger("left").discharge_maximum_a == 16
    assert site.vehicles[0].minimum_soc_pct == 35


async def test_a_circuit_is_added(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await begin(hass, running, "circuit")

    result = await fill(
        hass,
        form,
        {
            "name": "Workshop",
            "parent": "garage",
            "limit_a": 16,
            "limit_a_l2": 10,
            "export_limit_a": 0,
            "total_limit_w": 7000,
        },
    )

    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"parent": "garage", "limit_a": [16, 10, 16], "export_limit_a": 0, "total_limit_w": 7000}
    workshop = running.runtime_data.runtime.site.circuits[-1]
    assert (workshop.name, workshop.parent_id, workshop.import_limit_a) == ("Workshop", "garage", (16, 10, 16))


async def test_a_circuit_of_one_phase_has_one_limit(hass: HomeAssistant, ocpp_port: int) -> None:
    cabin = entry_of(
        {"site": {"name": "Cabin", "phases": 1, "main_fuse_a": 25}, "ocpp": {"host": LOOPBACK, "port": ocpp_port}}
    )
    cabin.add_to_hass(hass)
    assert await hass.config_entries.async_setup(cabin.entry_id)

    form = await begin(hass, cabin, "circuit")

    assert {"limit_a"} == {key for key in form["data_schema"].schema if str(key).startswith("limit_a")}


async def test_a_circuit_is_reconfigured(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await running.start_subentry_reconfigure_flow(hass, "garage")
    assert suggested(form) == {"name": "Garage", "parent": "main", "limit_a": 20, "export_limit_a": 0}

    result = await fill(hass, form, {"name": "Barn", "parent": "main", "limit_a": 12, "export_limit_a": 0})

    assert result["reason"] == "reconfigure_successful"
    assert running.subentries["garage"].title == "Barn"
    assert running.runtime_data.runtime.site.circuit("garage").import_limit_a == (12, 12, 12)


async def test_limits_that_differ_are_shown_phase_by_phase(hass: HomeAssistant, running: MockConfigEntry) -> None:
    values = {
        "name": "Garage",
        "parent": "main",
        "limit_a": 20,
        "limit_a_l2": 16,
        "limit_a_l3": 10,
        "export_limit_a": 0,
    }
    await reconfigure(hass, running, "garage", values)

    form = await running.start_subentry_reconfigure_flow(hass, "garage")

    assert suggested(form) == values


async def test_a_circuit_cannot_hang_on_itself(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await running.start_subentry_reconfigure_flow(hass, "garage")

    parents = next(field for key, field in form["data_schema"].schema.items() if key == "parent")

    assert [option["value"] for option in parents.config["options"]] == ["main"]


async def test_a_charger_is_added_where_the_form_says(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await begin(hass, running, "charger")

    result = await fill(hass, form, CHARGER | {"password": "yard-password-1", "id_tags": ["BEEF"]})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    charger = running.runtime_data.runtime.site.chargers[-1]
    assert [phase.name for phase in charger.phases] == ["L2", "L3", "L1"]
    assert (charger.circuit_id, charger.mode) == ("garage", "fast")
    assert (charger.endpoint.station_id, charger.endpoint.password) == ("CP-3", "yard-password-1")
    assert charger.endpoint.id_tags == ("BEEF",)


async def test_a_charger_without_tags_serves_everybody(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await begin(hass, running, "charger")

    await fill(hass, form, CHARGER | {"id_tags": []})

    assert running.runtime_data.runtime.site.chargers[-1].endpoint.id_tags is None


async def test_a_connector_cannot_be_configured_twice(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await begin(hass, running, "charger")

    result = await fill(hass, form, CHARGER | {"station": "CP-1"})
    assert result["errors"] == {"base": "already_configured"}

    result = await fill(hass, form, CHARGER | {"station": "CP-1", "evse": 2})
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_range_that_no_vehicle_could_follow_is_refused_on_its_field(
    hass: HomeAssistant, running: MockConfigEntry
) -> None:
    form = await begin(hass, running, "charger")

    result = await fill(hass, form, CHARGER | {"minimum_a": 10, "maximum_a": 8, "safe_a": 0})

    assert result["errors"] == {"maximum_a": "not_usable"}
    said = result["description_placeholders"]
    assert said["remedy"] == "Give a current of at least minimum_a (10 A)."


@pytest.mark.parametrize("rating_a", [0, 5.9])
async def test_a_fuse_behind_which_nothing_could_charge_is_refused(
    hass: HomeAssistant, running: MockConfigEntry, rating_a: float
) -> None:
    form = await begin(hass, running, "circuit")

    with pytest.raises(InvalidData, match="limit_a"):
        await fill(hass, form, {"name": "Shed", "parent": "main", "limit_a": rating_a, "export_limit_a": 0})


async def test_a_charger_is_reconfigured_under_its_id(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await running.start_subentry_reconfigure_flow(hass, "left")
    shown = suggested(form)
    assert shown["phases"] == "L2-L3-L1"
    assert (shown["station"], shown["id_tags"]) == ("CP-1", ["BEEF"])

    result = await fill(hass, form, shown | {"name": "Leftmost bay", "weight": 3})

    assert result["reason"] == "reconfigure_successful"
    assert running.runtime_data.runtime.site.charger("left").weight == 3
    assert running.runtime_data.runtime.site.charger("left").name == "Leftmost bay"


async def test_a_vehicle_is_added(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await begin(hass, running, "vehicle")

    result = await fill(hass, form, {"name": "Ioniq", "charger": "right", "phases": 1, "battery_kwh": 72.6})

    assert result["type"] is FlowResultType.CREATE_ENTRY
    vehicle = running.runtime_data.runtime.site.vehicle_at("right")
    assert vehicle is not None
    assert (vehicle.name, vehicle.phases, vehicle.battery_capacity_wh) == ("Ioniq", 1, 72_600)


async def test_a_second_vehicle_at_one_charger_is_refused(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await begin(hass, running, "vehicle")

    result = await fill(hass, form, {"name": "Ioniq", "charger": "left"})

    assert result["errors"] == {"charger": "does_not_fit"}
    said = result["description_placeholders"]
    assert (said["value"], said["remedy"]) == ("Left bay", "A charger has at most one vehicle.")


async def test_a_vehicle_is_reconfigured(hass: HomeAssistant, running: MockConfigEntry) -> None:
    form = await running.start_subentry_reconfigure_flow(hass, "zoe")
    assert suggested(form) == {
        "name": "Zoe",
        "charger": "left",
        "battery_kwh": 52,
        "minimum_soc_pct": 20,
        "soc_entity": "sensor.zoe_soc",
    }

    result = await fill(hass, form, {"name": "Zoe", "charger": "right"})

    assert result["reason"] == "reconfigure_successful"
    assert running.runtime_data.runtime.site.vehicle_at("left") is None


async def test_a_vehicle_needs_a_charger_first(hass: HomeAssistant, running: MockConfigEntry) -> None:
    for part_id in ("left", "right"):
        hass.config_entries.async_remove_subentry(running, part_id)

    result = await begin(hass, running, "vehicle")

    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_charger")
