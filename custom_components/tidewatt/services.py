"""The actions of Tidewatt. Each is aimed at chargers: at their mode entities, or at devices or areas that hold them."""

from __future__ import annotations

from functools import partial

from homeassistant.components.select import DOMAIN as SELECT_DOMAIN
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_register_platform_entity_service
from homeassistant.helpers.typing import VolDictType
import probatio

from tidewatt.site import Mode

from .const import DOMAIN
from .station_actions import STATION_ACTIONS, async_carry_out

ATTR_CURRENT_A = "current_a"
ATTR_ID_TAG = "id_tag"
ATTR_MODE = "mode"
ATTR_POWER_W = "power_w"
ATTR_UNTIL_SOC_PCT = "until_soc_pct"

ACTIONS: dict[str, VolDictType | None] = {
    "set_mode": {probatio.Required(ATTR_MODE): probatio.In([mode.value for mode in Mode])},
    "set_limit": {
        probatio.Required(ATTR_CURRENT_A): probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=1000))
    },
    "clear_limit": None,
    "start_charging": {probatio.Optional(ATTR_ID_TAG): cv.string},
    "stop_charging": None,
    "start_discharge": {
        probatio.Required(ATTR_POWER_W): probatio.All(probatio.Coerce(float), probatio.Range(min=1, max=1_000_000)),
        probatio.Optional(ATTR_UNTIL_SOC_PCT): probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=100)),
    },
    "stop_discharge": None,
}
"""Every action with the fields it takes; the mode entity has a method `async_<action>` for each."""

ALL_ACTIONS: dict[str, VolDictType | None] = ACTIONS | {name: one.schema for name, one in STATION_ACTIONS.items()}
"""Those on stations as well."""


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions."""
    for name, schema in ACTIONS.items():
        async_register_platform_entity_service(
            hass, DOMAIN, name, entity_domain=SELECT_DOMAIN, schema=schema, func=f"async_{name}"
        )
    for name, action in STATION_ACTIONS.items():
        async_register_platform_entity_service(
            hass,
            DOMAIN,
            name,
            entity_domain=SELECT_DOMAIN,
            schema=action.schema,
            func=partial(async_carry_out, action),
            supports_response=action.supports_response,
            admin_only=action.admin_only,
        )
