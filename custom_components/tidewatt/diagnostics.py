"""What helps to find out what is wrong with a site, without anything secret."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant

from .const import CONF_ID_TAGS
from .hub import TidewattConfigEntry

TO_REDACT = {CONF_PASSWORD, CONF_ID_TAGS, "id_tag"}


async def async_get_config_entry_diagnostics(_hass: HomeAssistant, entry: TidewattConfigEntry) -> dict[str, Any]:
    """Return the configuration, the latest decision and how the parts of the runtime are."""
    hub = entry.runtime_data
    return async_redact_data(
        {
            "entry": {"title": entry.title, "data": dict(entry.data)},
            "subentries": [subentry.as_dict() for subentry in entry.subentries.values()],
            "runtime": hub.runtime.diagnostics(),
            "decision": None if hub.decision is None else asdict(hub.decision),
        },
        TO_REDACT,
    )
