"""The flow for a circuit: a part of the installation behind a fuse of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME
from homeassistant.helpers.selector import TextSelector
import probatio

from tidewatt.site import MAIN_CIRCUIT_ID

from . import flow_forms as forms
from .const import CONF_EXPORT_LIMIT, CONF_LIMIT, CONF_PARENT, CONF_TOTAL_LIMIT, SUBENTRY_CIRCUIT
from .flow_limits import HIGHEST_A, limit_fields, limit_from_form, limit_to_form, lowest
from .flow_part import PartFlow


class CircuitFlow(PartFlow):
    """Adds or reconfigures a circuit."""

    kind = SUBENTRY_CIRCUIT

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to add a circuit."""
        return await self.async_step_circuit(user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to reconfigure a circuit."""
        return await self.async_step_circuit(user_input)

    async def async_step_circuit(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask for the circuit's place and limits."""
        return await self.async_edit("circuit", user_input)

    @override
    def form(self, step_id: str) -> probatio.Schema:
        """Return the form."""
        return probatio.Schema(
            {
                probatio.Required(CONF_NAME): TextSelector(),
                probatio.Required(CONF_PARENT, default=MAIN_CIRCUIT_ID): self.circuit_choice(),
                **limit_fields(CONF_LIMIT, self.site_data["phases"]),
                probatio.Required(CONF_EXPORT_LIMIT, default=0): forms.number(0, HIGHEST_A, "A"),
                probatio.Optional(CONF_TOTAL_LIMIT): forms.number(0, 1_000_000, "W", step=1),
            }
        )

    @override
    def to_data(self, step_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the circuit."""
        kept = (CONF_PARENT, CONF_EXPORT_LIMIT, CONF_TOTAL_LIMIT)
        return {key: values[key] for key in kept if key in values} | {CONF_LIMIT: limit_from_form(CONF_LIMIT, values)}

    @override
    def to_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form's values."""
        return {
            **data,
            **limit_to_form(CONF_LIMIT, data[CONF_LIMIT]),
            CONF_EXPORT_LIMIT: lowest(data.get(CONF_EXPORT_LIMIT, 0)),
        }
