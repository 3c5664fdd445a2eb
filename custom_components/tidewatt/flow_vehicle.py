"""The flow for a vehicle that charges at one of the chargers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig, TextSelector
import probatio

from tidewatt.site import DEFAULT_MINIMUM_SOC_PCT

from . import flow_forms as forms
from .const import CONF_CHARGER, CONF_PHASES, CONF_SOC_ENTITY, SUBENTRY_CHARGER, SUBENTRY_VEHICLE
from .flow_part import PartFlow


class VehicleFlow(PartFlow):
    """Adds or reconfigures a vehicle."""

    kind = SUBENTRY_VEHICLE

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to add a vehicle; there must be a charger first."""
        if not self._get_entry().get_subentries_of_type(SUBENTRY_CHARGER):
            return self.async_abort(reason="no_charger")
        return await self.async_step_vehicle(user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to reconfigure a vehicle."""
        return await self.async_step_vehicle(user_input)

    async def async_step_vehicle(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the vehicle charges and what is known of it."""
        return await self.async_edit("vehicle", user_input)

    @override
    def form(self, step_id: str) -> probatio.Schema:
        """Return the form."""
        chargers = self._get_entry().get_subentries_of_type(SUBENTRY_CHARGER)
        return probatio.Schema(
            {
                probatio.Required(CONF_NAME): TextSelector(),
                probatio.Required(CONF_CHARGER): forms.named_choice(
                    (charger.subentry_id, charger.title) for charger in chargers
                ),
                probatio.Optional(CONF_PHASES): forms.whole_number(1, 3),
                probatio.Optional("maximum_a"): forms.number(6, 80, "A"),
                probatio.Optional("battery_kwh"): forms.number(1, 1000, "kWh"),
                probatio.Required("minimum_soc_pct", default=DEFAULT_MINIMUM_SOC_PCT): forms.number(
                    0, 100, "%", step=1
                ),
                probatio.Optional(CONF_SOC_ENTITY): EntitySelector(
                    EntitySelectorConfig(domain=[SENSOR_DOMAIN, "number", "input_number"])
                ),
            }
        )

    @override
    def to_data(self, step_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the vehicle."""
        return {key: value for key, value in values.items() if key != CONF_NAME}

    @override
    def to_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form's values."""
        return dict(data)
