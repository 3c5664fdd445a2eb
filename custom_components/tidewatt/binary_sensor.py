"""What is true or false about the site, its chargers and its meters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from tidewatt.control import CircuitDecision
from tidewatt.site import MAIN_CIRCUIT_ID, ChargerStatus

from .const import SUBENTRY_CHARGER, SUBENTRY_CIRCUIT, SUBENTRY_METER
from .entity import TidewattEntity
from .hub import SiteHub, TidewattConfigEntry
from .views import ChargerView, MeterView, reason_word

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class TidewattBinarySensorDescription[ViewT](BinarySensorEntityDescription):
    """A binary sensor of one view; unavailable while its source is lost, unknown while `value_fn` says None."""

    value_fn: Callable[[ViewT], bool | None]
    available_fn: Callable[[ViewT], bool]
    attributes_fn: Callable[[ViewT], Mapping[str, Any]] = lambda _: {}


CIRCUIT_BINARY_SENSORS: tuple[TidewattBinarySensorDescription[CircuitDecision], ...] = (
    TidewattBinarySensorDescription(
        key="overload",
        translation_key="overload",
        device_class=BinarySensorDeviceClass.PROBLEM,
        value_fn=lambda view: any(view.overloaded),
        available_fn=lambda view: view.current_a is not None,
    ),
)


def _is_charging(view: ChargerView) -> bool:
    """OCPP calls a vehicle that gives back charging too."""
    status = None if view.reachable is None else view.reachable.status
    return status is ChargerStatus.CHARGING and not view.is_discharging


def _forbidden_by(view: ChargerView) -> Mapping[str, Any]:
    reason = None if view.discharge is None else view.discharge.forbidden_by
    return {"forbidden_by": None if reason is None else reason_word(reason)}


CHARGER_BINARY_SENSORS: tuple[TidewattBinarySensorDescription[ChargerView], ...] = (
    TidewattBinarySensorDescription(
        key="plugged",
        translation_key="plugged",
        device_class=BinarySensorDeviceClass.PLUG,
        value_fn=lambda view: None if view.reachable is None else view.reachable.plugged,
        available_fn=lambda view: view.reachable is not None,
    ),
    TidewattBinarySensorDescription(
        key="charging",
        translation_key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        value_fn=lambda view: None if view.reachable is None else _is_charging(view),
        available_fn=lambda view: view.reachable is not None,
    ),
    TidewattBinarySensorDescription(
        key="connection",
        translation_key="connection",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda view: view.reachable is not None,
        available_fn=lambda _: True,
    ),
)

DISCHARGER_BINARY_SENSORS: tuple[TidewattBinarySensorDescription[ChargerView], ...] = (
    TidewattBinarySensorDescription(
        key="discharge_possible",
        translation_key="discharge_possible",
        value_fn=lambda view: None if view.discharge is None else view.discharge.forbidden_by is None,
        available_fn=lambda view: view.discharge is not None,
        attributes_fn=_forbidden_by,
    ),
)
"""What a charger has besides if it is configured to discharge."""

METER_BINARY_SENSORS: tuple[TidewattBinarySensorDescription[MeterView], ...] = (
    TidewattBinarySensorDescription(
        key="connection",
        translation_key="connection",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda view: view.reading is not None,
        available_fn=lambda _: True,
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: TidewattConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the binary sensors of the site and of every part it has or gets."""
    hub = entry.runtime_data
    async_add_entities(
        TidewattBinarySensor(hub, None, description, partial(hub.circuit_view, MAIN_CIRCUIT_ID))
        for description in CIRCUIT_BINARY_SENSORS
    )

    def add(subentry: ConfigSubentry) -> None:
        async_add_entities(_binary_sensors(hub, subentry), config_subentry_id=subentry.subentry_id)

    entry.async_on_unload(hub.async_follow_parts(add))


def _binary_sensors(hub: SiteHub, subentry: ConfigSubentry) -> list[BinarySensorEntity]:
    part_id = subentry.subentry_id
    if subentry.subentry_type == SUBENTRY_CIRCUIT and hub.site.meter_of(part_id) is not None:
        return [
            TidewattBinarySensor(hub, part_id, description, partial(hub.circuit_view, part_id))
            for description in CIRCUIT_BINARY_SENSORS
        ]
    if subentry.subentry_type == SUBENTRY_CHARGER:
        more = DISCHARGER_BINARY_SENSORS if hub.site.charger(part_id).discharge_maximum_a > 0 else ()
        return [
            TidewattBinarySensor(hub, part_id, description, partial(hub.charger_view, part_id))
            for description in (*CHARGER_BINARY_SENSORS, *more)
        ]
    if subentry.subentry_type == SUBENTRY_METER:
        return [
            TidewattBinarySensor(hub, part_id, description, partial(hub.meter_view, part_id))
            for description in METER_BINARY_SENSORS
        ]
    return []


class TidewattBinarySensor[ViewT](TidewattEntity[ViewT], BinarySensorEntity):
    """A binary sensor that shows one fact of a view."""

    entity_description: TidewattBinarySensorDescription[ViewT]

    @override
    def _show(self, view: ViewT | None) -> object:
        self._attr_available = view is not None and self.entity_description.available_fn(view)
        self._attr_is_on = None if view is None else self.entity_description.value_fn(view)
        self._attr_extra_state_attributes = {} if view is None else dict(self.entity_description.attributes_fn(view))
        return self._attr_available, self._attr_is_on, self._attr_extra_state_attributes
