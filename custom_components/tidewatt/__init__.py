"""Tidewatt shares a connection among charging vehicles. This is its face in Home Assistant."""

from __future__ import annotations

from functools import partial
from pathlib import Path
import shutil

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.typing import ConfigType

from tidewatt.ledger import JsonFileStore
from tidewatt.site import SiteError

from .const import DOMAIN, PLATFORMS
from .discovery import async_forget
from .document import site_from_entry
from .hub import SiteHub, TidewattConfigEntry
from .services import async_setup_services
from .upkeep import (
    follow_identities,
    log_connections,
    misfit,
    register_devices,
    rehang,
    report_misfit,
    report_orphans,
    withdraw_reports,
)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Register the actions."""
    async_setup_services(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: TidewattConfigEntry) -> bool:
    """Start a site."""
    try:
        site = site_from_entry(entry)
    except SiteError as error:
        report_misfit(hass, entry, error)
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="site_does_not_fit",
            translation_placeholders=misfit(entry, error),
        ) from error
    report_misfit(hass, entry, None)
    report_orphans(hass, entry)
    hub = SiteHub(hass, entry, site, JsonFileStore(_state_folder(hass, entry)))
    try:
        await hub.start()
    except OSError as error:
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="cannot_listen",
            translation_placeholders={"error": str(error)},
        ) from error
    entry.runtime_data = hub
    entry.async_on_unload(hub.stop)
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, hub.stop))
    register_devices(hass, entry, hub)
    entry.async_on_unload(follow_identities(hass, entry, hub))
    entry.async_on_unload(log_connections(hub))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(entry.add_update_listener(_async_updated))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: TidewattConfigEntry) -> bool:
    """Stop a site. Its chargers go on with the limits they have until those expire."""
    unloaded = await hass.config_entries.async_unload_platforms(entry, PLATFORMS)
    if unloaded:
        # Before the shared Modbus connections are given back, which the meters still read.
        await entry.runtime_data.stop()
    return unloaded


async def async_remove_entry(hass: HomeAssistant, entry: TidewattConfigEntry) -> None:
    """Remove what was remembered of a site."""
    withdraw_reports(hass, entry)
    await async_forget(hass, entry.entry_id)
    await hass.async_add_executor_job(partial(shutil.rmtree, _state_folder(hass, entry), ignore_errors=True))


async def async_remove_config_entry_device(
    _hass: HomeAssistant, entry: TidewattConfigEntry, device: dr.DeviceEntry
) -> bool:
    """Let people remove the devices that no part of the site has any more."""
    hub = entry.runtime_data
    present = {(DOMAIN, hub.identifier(part_id)) for part_id in (None, *entry.subentries)}
    return device.identifiers.isdisjoint(present)


async def _async_updated(hass: HomeAssistant, entry: TidewattConfigEntry) -> None:
    """Take over what was reconfigured while the site runs, so that no session is dropped."""
    hub = entry.runtime_data
    if rehang(hass, entry, hub.site):
        # Every part that moved brings us here again.
        return
    try:
        site = site_from_entry(entry)
    except SiteError as error:
        report_misfit(hass, entry, error)
        return
    report_misfit(hass, entry, None)
    report_orphans(hass, entry)
    hub.drop_outdated_wishes(site)
    if not hub.can_take_over(site):
        hass.config_entries.async_schedule_reload(entry.entry_id)
        return
    await hub.take_over(site)
    register_devices(hass, entry, hub)
    hub.async_announce_parts()


def _state_folder(hass: HomeAssistant, entry: TidewattConfigEntry) -> Path:
    return Path(hass.config.path(STORAGE_DIR, f"{DOMAIN}.{entry.entry_id}"))
