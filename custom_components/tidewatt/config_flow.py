"""The flows of Tidewatt: one entry for each site, its parts as subentries, and OCPP stations that were discovered."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentry,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_HOST, CONF_NAME, CONF_PORT
from homeassistant.core import callback
import probatio

from . import flow_forms as forms
from .const import (
    CONF_EVSE,
    CONF_OCPP,
    CONF_SITE,
    CONF_STATION,
    DOMAIN,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
    SUBENTRY_METER,
    SUBENTRY_VEHICLE,
)
from .discovery import Discovery
from .document import Part, charger_unique_id, placed
from .flow_charger import ChargerFlow, charger_fields, charger_from_form
from .flow_circuit import CircuitFlow
from .flow_meter import MeterFlow
from .flow_part import NEW_PART_ID, check_part, check_site, circuit_choice
from .flow_site import EXAMPLE_ADDRESS, site_form, site_from_form, site_to_form, try_listener
from .flow_vehicle import VehicleFlow


class TidewattConfigFlow(ConfigFlow, domain=DOMAIN):
    """Adds and reconfigures sites, and adds discovered stations to them."""

    VERSION = 1
    MINOR_VERSION = 1

    _discovery: Discovery

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows for the parts of a site."""
        return {
            SUBENTRY_METER: MeterFlow,
            SUBENTRY_CHARGER: ChargerFlow,
            SUBENTRY_VEHICLE: VehicleFlow,
            SUBENTRY_CIRCUIT: CircuitFlow,
        }

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin to add a site."""
        return await self.async_step_site(user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Begin to reconfigure a site."""
        return await self.async_step_site(user_input)

    async def async_step_site(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the connection, its fuse and where stations connect."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        entry = self._get_reconfigure_entry() if self.source == SOURCE_RECONFIGURE else None
        if user_input is not None:
            data = site_from_form(user_input, {} if entry is None else entry.data)
            parts = [] if entry is None else placed(map(Part.of, entry.subentries.values()))
            errors, placeholders = check_site(user_input[CONF_NAME], data, parts, user_input, {CONF_SITE, CONF_OCPP})
            errors = errors or await self._async_try_listener(data, entry)
            if not errors:
                return self._save_site(user_input[CONF_NAME], data, entry)
        saved = {} if entry is None else {CONF_NAME: entry.title} | site_to_form(entry.data)
        return self.async_show_form(
            step_id="site",
            data_schema=self.add_suggested_values_to_schema(site_form(), user_input or saved),
            errors=errors,
            description_placeholders={"address": EXAMPLE_ADDRESS} | placeholders,
        )

    @override
    async def async_step_integration_discovery(self, discovery_info: dict[str, Any]) -> ConfigFlowResult:
        """Meet a station that connected to a site's listener and is not configured there."""
        self._discovery = discovery = Discovery(**discovery_info)
        await self.async_set_unique_id(discovery.unique_id)
        self._abort_if_unique_id_configured()
        self.context["title_placeholders"] = {"name": discovery.station_id}
        return await self.async_step_station()

    async def async_step_station(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how a discovered station is wired, and add it to the site it connected to."""
        discovery = self._discovery
        entry = self.hass.config_entries.async_get_entry(discovery.entry_id)
        if entry is None:
            return self.async_abort(reason="site_removed")
        if discovery.station_id in _stations(entry):
            return self.async_abort(reason="already_configured")
        errors: dict[str, str] = {}
        placeholders = {"station": discovery.station_id, "remote": discovery.remote, "site": entry.title}
        if user_input is not None:
            data = charger_from_form(user_input | {CONF_STATION: discovery.station_id})
            charger = Part(part_id=NEW_PART_ID, kind=SUBENTRY_CHARGER, name=user_input[CONF_NAME], data=data)
            errors, wrong = check_part(entry, charger, user_input)
            placeholders |= wrong
            if not errors:
                return self._add_charger(user_input[CONF_NAME], data, entry)
        form = probatio.Schema(
            {
                probatio.Required(CONF_EVSE, default=1): forms.whole_number(1, 1000),
                **charger_fields(entry.data[CONF_SITE]["phases"], circuit_choice(entry)),
            }
        )
        return self.async_show_form(
            step_id="station",
            data_schema=self.add_suggested_values_to_schema(form, user_input or {CONF_NAME: discovery.station_id}),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_try_listener(self, data: Mapping[str, Any], entry: ConfigEntry | None) -> dict[str, str]:
        """Return the errors of the listener's fields."""
        listener = data[CONF_OCPP]
        others = [other for other in self._async_current_entries(include_ignore=False) if other is not entry]
        if any(other.data[CONF_OCPP][CONF_PORT] == listener[CONF_PORT] for other in others):
            return {CONF_PORT: "port_of_other_site"}
        if entry is None:
            return await try_listener(listener[CONF_HOST], listener[CONF_PORT])
        # The site itself holds the port it has, so only the address can be tried with that one.
        held = entry.data[CONF_OCPP][CONF_PORT] == listener[CONF_PORT]
        return await try_listener(listener[CONF_HOST], 0 if held else listener[CONF_PORT])

    def _save_site(self, name: str, data: dict[str, Any], entry: ConfigEntry | None) -> ConfigFlowResult:
        if entry is None:
            return self.async_create_entry(title=name, data=data)
        return self.async_update_and_abort(entry, title=name, data=data)

    def _add_charger(self, name: str, data: dict[str, Any], entry: ConfigEntry) -> ConfigFlowResult:
        self.hass.config_entries.async_add_subentry(
            entry,
            ConfigSubentry(
                data=MappingProxyType(data),
                subentry_type=SUBENTRY_CHARGER,
                title=name,
                unique_id=charger_unique_id(data),
            ),
        )
        return self.async_abort(reason="charger_added", description_placeholders={"name": name, "site": entry.title})


def _stations(entry: ConfigEntry) -> set[str]:
    """Return the ids of the stations that are configured in a site."""
    return {charger.data[CONF_OCPP][CONF_STATION] for charger in entry.get_subentries_of_type(SUBENTRY_CHARGER)}
