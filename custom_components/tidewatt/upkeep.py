"""Keeps what Home Assistant knows of a site true to its parts: devices, parts left behind, and what to repair."""

from __future__ import annotations

from collections.abc import Callable
import logging

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, issue_registry as ir

from tidewatt.drivers.ocpp import StationIdentity
from tidewatt.site import MAIN_CIRCUIT_ID, Site, SiteError

from .const import (
    CONF_CIRCUIT,
    CONF_PARENT,
    DOMAIN,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
    SUBENTRY_METER,
    SUBENTRY_VEHICLE,
)
from .document import Part, describe, orphans
from .hub import SiteHub, TidewattConfigEntry

_LOGGER = logging.getLogger(__name__)

MODELS = {
    SUBENTRY_CIRCUIT: "Circuit",
    SUBENTRY_METER: "Meter",
    SUBENTRY_CHARGER: "OCPP charger",
    SUBENTRY_VEHICLE: "Vehicle",
}

UNIDENTIFIED = StationIdentity(vendor=None, model=None, serial_number=None, firmware=None)

WIRES = {SUBENTRY_CIRCUIT: CONF_PARENT, SUBENTRY_CHARGER: CONF_CIRCUIT}
"""The key that says which circuit feeds a part."""


@callback
def register_devices(hass: HomeAssistant, entry: TidewattConfigEntry, hub: SiteHub) -> None:
    """Register the devices of the site and its parts, under the names they have now."""
    registry = dr.async_get(hass)
    site = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, hub.identifier(None))},
        entry_type=dr.DeviceEntryType.SERVICE,
        manufacturer="Tidewatt",
        model="Site",
        name=entry.title,
    )
    identities = hub.identities()
    for subentry in entry.subentries.values():
        station = identities.get(subentry.subentry_id, UNIDENTIFIED)
        registry.async_get_or_create(
            config_entry_id=entry.entry_id,
            config_subentry_id=subentry.subentry_id,
            identifiers={(DOMAIN, hub.identifier(subentry.subentry_id))},
            manufacturer=station.vendor,
            model=station.model or MODELS[subentry.subentry_type],
            serial_number=station.serial_number,
            sw_version=station.firmware,
            name=subentry.title,
            via_device_id=site.id,
        )


@callback
def follow_identities(hass: HomeAssistant, entry: TidewattConfigEntry, hub: SiteHub) -> CALLBACK_TYPE:
    """Keep the devices true to what stations say of themselves, until the returned function is called."""
    registered = hub.identities()

    @callback
    def look() -> None:
        nonlocal registered
        if (identities := hub.identities()) != registered:
            registered = identities
            register_devices(hass, entry, hub)

    return hub.async_listen(look)


@callback
def log_connections(hub: SiteHub) -> CALLBACK_TYPE:
    """Log once that a charger went away and once that it is back, until the returned function is called."""
    connected: dict[str, bool] = {}

    @callback
    def look() -> None:
        for charger in hub.site.chargers:
            if (view := hub.charger_view(charger.charger_id)) is None:
                continue
            is_connected = view.reachable is not None
            if connected.get(charger.charger_id, is_connected) is not is_connected:
                _LOGGER.info("The station of %s is %s", charger.name, "back" if is_connected else "away")
            connected[charger.charger_id] = is_connected

    return hub.async_listen(look)


@callback
def rehang(hass: HomeAssistant, entry: TidewattConfigEntry, before: Site) -> bool:
    """Hang what a removed circuit fed on the circuit that fed it; returns whether anything was moved.

    `before` is the site while it still had the circuit. All limits upstream stay in force this way.
    """
    known = {MAIN_CIRCUIT_ID, *entry.subentries}
    feeders = {circuit.circuit_id: circuit.parent_id for circuit in before.circuits}
    moved = False
    for subentry in tuple(entry.subentries.values()):
        if (key := WIRES.get(subentry.subentry_type)) is None:
            continue
        feeder: str | None = subentry.data[key]
        while feeder is not None and feeder not in known:
            feeder = feeders.get(feeder)
        if feeder not in (None, subentry.data[key]):
            hass.config_entries.async_update_subentry(entry, subentry, data={**subentry.data, key: feeder})
            moved = True
    return moved


@callback
def report_orphans(hass: HomeAssistant, entry: TidewattConfigEntry) -> None:
    """Ask people to reconfigure or remove the parts whose place was removed."""
    lost = orphans([Part.of(subentry) for subentry in entry.subentries.values()])
    prefix = f"{entry.entry_id}_"
    for part in lost:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"{prefix}{part.part_id}",
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key="orphan",
            translation_placeholders={"part": part.name, "site": entry.title},
        )
    still_lost = {f"{prefix}{part.part_id}" for part in lost}
    _withdraw(hass, lambda issue_id: issue_id.startswith(prefix) and issue_id not in still_lost)


def misfit(entry: TidewattConfigEntry, error: SiteError) -> dict[str, str]:
    """Return the placeholders that say what does not fit in a site."""
    return describe(error, entry.title, map(Part.of, entry.subentries.values()))


@callback
def report_misfit(hass: HomeAssistant, entry: TidewattConfigEntry, error: SiteError | None) -> None:
    """Ask people to reconfigure the part that does not fit, or withdraw the request when there is none."""
    if error is None:
        ir.async_delete_issue(hass, DOMAIN, entry.entry_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        entry.entry_id,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key="site_does_not_fit",
        translation_placeholders={"site": entry.title, **misfit(entry, error)},
    )


@callback
def withdraw_reports(hass: HomeAssistant, entry: TidewattConfigEntry) -> None:
    """Withdraw everything that was to be repaired in a site that is gone."""
    _withdraw(hass, lambda issue_id: issue_id.startswith(entry.entry_id))


def _withdraw(hass: HomeAssistant, applies: Callable[[str], bool]) -> None:
    for domain, issue_id in tuple(ir.async_get(hass).issues):
        if domain == DOMAIN and applies(issue_id):
            ir.async_delete_issue(hass, domain, issue_id)
