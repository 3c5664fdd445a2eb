"""The flow for a charger: one EVSE of an OCPP station. The discovery of stations asks with the same form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, override

from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import CONF_NAME, CONF_PASSWORD
from homeassistant.helpers.selector import BooleanSelector, SelectSelector, TextSelector
import probatio

from tidewatt.site import MAIN_CIRCUIT_ID, MINIMUM_CURRENT_A, PHASE_COUNT, Mode

from . import flow_forms as forms
from .const import (
    CONF_CIRCUIT,
    CONF_EVSE,
    CONF_ID_TAGS,
    CONF_OCPP,
    CONF_PHASES,
    CONF_SECURITY_PROFILE,
    CONF_STATION,
    CONF_STRICT,
    SUBENTRY_CHARGER,
)
from .discovery import async_withdraw
from .document import charger_unique_id
from .flow_part import PartFlow

OCPP_KEYS = (CONF_STATION, CONF_EVSE, CONF_PASSWORD, CONF_ID_TAGS, CONF_SECURITY_PROFILE, CONF_STRICT)

SECURITY_PROFILES = ("1", "2", "3")
"""The least that is accepted of a station; left out it is taken as it comes."""

WIRINGS = {
    1: ("L1",),
    PHASE_COUNT: (
        "L1-L2-L3",
        "L2-L3-L1",
        "L3-L1-L2",
        "L1-L3-L2",
        "L2-L1-L3",
        "L3-L2-L1",
        "L1",
        "L2",
        "L3",
        "L1-L2",
        "L2-L3",
        "L3-L1",
        "L2-L1",
        "L3-L2",
        "L1-L3",
    ),
}
"""How a charger's terminals can be wired to the phases of a site, by the number of the site's phases."""

MAXIMUM_DEFAULT_A = 16
HIGHEST_A = 80


def charger_fields(site_phases: int, circuits: SelectSelector) -> dict[Any, Any]:
    """Return the fields that describe a charger, without those that say which station it is."""
    ampere = forms.number(MINIMUM_CURRENT_A, HIGHEST_A, "A")
    wirings = WIRINGS[site_phases]
    return {
        probatio.Required(CONF_NAME): TextSelector(),
        probatio.Required(CONF_CIRCUIT, default=MAIN_CIRCUIT_ID): circuits,
        probatio.Required(CONF_PHASES, default=wirings[0]): forms.named_choice((wiring, wiring) for wiring in wirings),
        probatio.Required("maximum_a", default=MAXIMUM_DEFAULT_A): ampere,
        probatio.Required("minimum_a", default=MINIMUM_CURRENT_A): ampere,
        probatio.Required("safe_a", default=MINIMUM_CURRENT_A): forms.number(0, HIGHEST_A, "A"),
        probatio.Required("discharge_maximum_a", default=0): forms.number(0, HIGHEST_A, "A"),
        probatio.Required("step_a", default=1): forms.number(0.1, 16, "A"),
        probatio.Required("weight", default=1): forms.number(0.1, 100),
        probatio.Required("mode", default=Mode.OFF.value): forms.translated_choice([*Mode], "mode"),
        probatio.Optional(CONF_PASSWORD): forms.password(),
        probatio.Optional(CONF_ID_TAGS): forms.texts(),
        probatio.Optional(CONF_SECURITY_PROFILE): forms.translated_choice(SECURITY_PROFILES, CONF_SECURITY_PROFILE),
        probatio.Required(CONF_STRICT, default=True): BooleanSelector(),
    }


def charger_from_form(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the charger that a form describes, as the site file has it."""
    data = forms.nest(values, CONF_OCPP, OCPP_KEYS)
    del data[CONF_NAME]
    data[CONF_PHASES] = values[CONF_PHASES].split("-")
    if not data[CONF_OCPP].get(CONF_ID_TAGS):
        # No tags in the form means that everybody may charge, not that nobody may.
        data[CONF_OCPP].pop(CONF_ID_TAGS, None)
    if CONF_SECURITY_PROFILE in values:
        data[CONF_OCPP][CONF_SECURITY_PROFILE] = int(values[CONF_SECURITY_PROFILE])
    if data[CONF_OCPP].get(CONF_STRICT, True):
        data[CONF_OCPP].pop(CONF_STRICT, None)
    return data


class ChargerFlow(PartFlow):
    """Adds or reconfigures a charger."""

    kind = SUBENTRY_CHARGER

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to add a charger."""
        return await self.async_step_charger(user_input)

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Begin to reconfigure a charger."""
        return await self.async_step_charger(user_input)

    async def async_step_charger(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which station it is, how it is wired and what it can do."""
        return await self.async_edit("charger", user_input)

    @override
    def form(self, step_id: str) -> probatio.Schema:
        """Return the form."""
        return probatio.Schema(
            {
                probatio.Required(CONF_STATION): TextSelector(),
                probatio.Required(CONF_EVSE, default=1): forms.whole_number(1, 1000),
                **charger_fields(self.site_data["phases"], self.circuit_choice()),
            }
        )

    @override
    def to_data(self, step_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the charger."""
        return charger_from_form(values)

    @override
    def to_values(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the form's values."""
        values = forms.flatten(data, CONF_OCPP)
        if CONF_SECURITY_PROFILE in values:
            values[CONF_SECURITY_PROFILE] = str(values[CONF_SECURITY_PROFILE])
        return values | {CONF_PHASES: "-".join(values[CONF_PHASES])}

    @override
    def unique_id(self, data: Mapping[str, Any]) -> str | None:
        """Return the station and EVSE: nobody else may be it."""
        return charger_unique_id(data)

    @override
    def save(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        """Save the charger; its station needs not be offered any more."""
        async_withdraw(self.hass, self._get_entry().entry_id, data[CONF_OCPP][CONF_STATION])
        return super().save(name, data)
