"""Sensors of the site, its chargers, meters and vehicles."""

from __future__ import annotations

from functools import partial
from typing import override

from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import SUBENTRY_CHARGER, SUBENTRY_METER, SUBENTRY_VEHICLE
from .descriptions import TidewattSensorDescription
from .entity import TidewattEntity
from .hub import SiteHub, TidewattConfigEntry
from .sensor_charger import CHARGER_SENSORS, VEHICLE_SENSORS
from .sensor_site import METER_SENSORS, SITE_SENSORS

PARALLEL_UPDATES = 0


async def async_setup_entry(
    _hass: HomeAssistant, entry: TidewattConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors of the site and of every part it has or gets."""
    hub = entry.runtime_data
    phases = hub.site.phases
    async_add_entities(
        TidewattSensor(hub, None, description, hub.site_view)
        for description in SITE_SENSORS
        if description.phase is None or description.phase < phases
    )

    def add(subentry: ConfigSubentry) -> None:
        async_add_entities(_sensors(hub, subentry), config_subentry_id=subentry.subentry_id)

    entry.async_on_unload(hub.async_follow_parts(add))


def _sensors(hub: SiteHub, subentry: ConfigSubentry) -> list[SensorEntity]:
    part_id = subentry.subentry_id
    if subentry.subentry_type == SUBENTRY_CHARGER:
        view = partial(hub.charger_view, part_id)
        return [TidewattSensor(hub, part_id, description, view) for description in CHARGER_SENSORS]
    if subentry.subentry_type == SUBENTRY_METER:
        return [
            TidewattSensor(hub, part_id, description, partial(hub.meter_view, part_id))
            for description in METER_SENSORS
            if description.phase is None or description.phase < hub.site.phases
        ]
    if subentry.subentry_type == SUBENTRY_VEHICLE:
        return [
            TidewattSensor(hub, part_id, description, partial(hub.vehicle_view, part_id))
            for description in VEHICLE_SENSORS
        ]
    return []


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
