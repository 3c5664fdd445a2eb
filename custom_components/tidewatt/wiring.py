"""How a site reaches the world through Home Assistant: shared Modbus connections, entities, discovered stations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import time

from homeassistant.components.modbus import async_get_unit
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusTcpParams, ModbusUnit

from tidewatt.control import Decision, Snapshot
from tidewatt.drivers.ocpp import SecurityEvent
from tidewatt.runtime import SiteRuntime
from tidewatt.site import (
    Driver,
    EntityMeterEndpoint,
    FaultListener,
    Meter,
    ModbusEndpoint,
    ReadingListener,
    Site,
    StateStore,
)

from .const import EVENT_SECURITY
from .discovery import async_offer
from .entity_sources import EntityMeter


def site_runtime(
    hass: HomeAssistant,
    entry: ConfigEntry,
    site: Site,
    store: StateStore,
    on_cycle: Callable[[Snapshot, Decision], None],
) -> SiteRuntime:
    """Return the runtime of an entry's site, not started yet."""

    async def open_unit(endpoint: ModbusEndpoint) -> ModbusUnit:
        # Shared with every other integration on the same gateway; closed when the last of their entries unloads.
        params = ModbusTcpParams(host=endpoint.host, port=endpoint.port)
        return async_get_unit(hass, entry, params, endpoint.unit_id)

    def entity_meter(meter: Meter, on_reading: ReadingListener, _on_fault: FaultListener) -> Driver:
        return EntityMeter(hass, meter, site=site, push=on_reading, clock=time.monotonic)

    def announce(event: SecurityEvent) -> None:
        hass.bus.async_fire(
            EVENT_SECURITY,
            {
                "config_entry_id": entry.entry_id,
                "station": event.station_id,
                "kind": event.kind,
                "detail": event.detail,
                "at": event.at_utc.isoformat(),
                "critical": event.is_critical,
            },
        )

    return SiteRuntime(
        site,
        store=store,
        open_unit=open_unit,
        meter_factories={EntityMeterEndpoint: entity_meter},
        on_cycle=on_cycle,
        on_discovered=partial(async_offer, hass, entry.entry_id),
        on_security_event=announce,
    )
