"""Sensors of the site, its chargers, meters and vehicles."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from tidewatt.site import MAIN_CIRCUIT_ID

from .const import SUBENTRY_CHARGER, SUBENTRY_CIRCUIT, SUBENTRY_METER, SUBENTRY_VEHICLE
from .descriptions import TidewattSensorDescription
from .entity import TidewattEntity
from .hub import SiteHub, TidewattConfigEntry
from .sensor_charger import CHARGER_SENSORS, DISCHARGER_SENSORS, VEHICLE_SENSORS
from .sensor_site import CIRCUIT_SENSORS, MAIN_CIRCUIT_SENSORS, METER_SENSORS, SITE_SENSORS

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant, entry: TidewattConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the site and of every part it has or gets."""
    hub = entry.runtime_data
    async_add_entities(TidewattSensor(hub, None, description, hub.site_view) for description in SITE_SENSORS)
    async_add_entities(
        TidewattSensor(hub, None, description, partial(hub.circuit_view, MAIN_CIRCUIT_ID))
        for description in _within(hub.site.phases, MAIN_CIRCUIT_SENSORS)
    )

    def add(subentry: ConfigSubentry) -> None:
        async_add_entities(_sensors(hub, subentry), config_subentry_id=subentry.subentry_id)

    entry.async_on_unload(hub.async_follow_parts(add))


def _sensors(hub: SiteHub, subentry: ConfigSubentry) -> list[SensorEntity]:
    part_id = subentry.subentry_id
    phases = hub.site.phases
    if subentry.subentry_type == SUBENTRY_CIRCUIT and hub.site.meter_of(part_id) is not None:
        return [
            TidewattSensor(hub, part_id, description, partial(hub.circuit_view, part_id))
            for description in _within(phases, CIRCUIT_SENSORS)
        ]
    if subentry.subentry_type == SUBENTRY_CHARGER:
        charger = hub.site.charger(part_id)
        more = DISCHARGER_SENSORS if charger.discharge_maximum_a > 0 else ()
        return [
            TidewattSensor(hub, part_id, description, partial(hub.charger_view, part_id))
            for description in _within(len(charger.phases), (*CHARGER_SENSORS, *more))
        ]
    if subentry.subentry_type == SUBENTRY_METER:
        return [
            TidewattSensor(hub, part_id, description, partial(hub.meter_view, part_id))
            for description in _within(phases, METER_SENSORS)
        ]
    if subentry.subentry_type == SUBENTRY_VEHICLE:
        return [
            TidewattSensor(hub, part_id, description, partial(hub.vehicle_view, part_id))
            for description in VEHICLE_SENSORS
        ]
    return []


def _within[ViewT](
    phases: int, descriptions: Iterable[TidewattSensorDescription[ViewT]]
) -> list[TidewattSensorDescription[ViewT]]:
    """Return the sensors of those phases there are."""
    return [description for description in descriptions if description.phase is None or description.phase < phases]


class TidewattSensor[ViewT](TidewattEntity[ViewT], SensorEntity):
    """A sensor that shows one value of a view."""

    entity_description: TidewattSensorDescription[ViewT]

    @override
    def _show(self, view: ViewT | None) -> object:
        description = self.entity_description
        self._attr_available = view is not None and description.available_fn(view)
        if view is None or not self._attr_available:
            self._attr_native_value = None
            self._attr_extra_state_attributes = {}
        else:
            self._attr_native_value = description.value_fn(view)
            self._attr_extra_state_attributes = dict(description.attributes_fn(view))
        return self._attr_available, self._attr_native_value, self._attr_extra_state_attributes
