"""A site as the config entry that Home Assistant stores for it."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigEntry

from custom_components.tidewatt.const import DOMAIN
from custom_components.tidewatt.document import entry_from_site
from tidewatt.site import Site


def stored_entry(site: Site) -> dict[str, Any]:
    """Return the config entry for a site, with a subentry for each of its parts."""
    parts = entry_from_site(site)
    entry: ConfigEntry[Any] = ConfigEntry(
        data=parts.data,
        discovery_keys=MappingProxyType({}),
        domain=DOMAIN,
        minor_version=1,
        options={},
        source=SOURCE_USER,
        subentries_data=parts.subentries,
        title=parts.title,
        unique_id=None,
        version=1,
    )
    return entry.as_dict()
