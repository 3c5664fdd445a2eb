"""What people tune of a charger while it runs: its weight and the range of its current."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import EntityCategory, UnitOfElectricCurrent
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from tidewatt.site import Charger, Wish

from .const import SUBENTRY_CHARGER
from .entity import ChargerEntity
from .hub import TidewattConfigEntry
from .views import ChargerView

PARALLEL_UPDATES = 0

WEIGHT_RANGE = (0.1, 100.0)


@dataclass(frozen=True, kw_only=True)
class TidewattNumberDescription(NumberEntityDescription):
    """A number of a charger's wish. `wished_fn` is None while the configured value counts.

    `range_fn` gives what can be set: the lowest and highest value and the step.
    """

    field: str
    wished_fn: Callable[[Wish], float | None]
    configured_fn: Callable[[Charger], float]
    range_fn: Callable[[Charger], tuple[float, float, float]]


NUMBERS = (
    TidewattNumberDescription(
        key="weight",
        translation_key="weight",
        entity_category=EntityCategory.CONFIG,
        field="weight",
        wished_fn=lambda wish: wish.weight,
        configured_fn=lambda charger: charger.weight,
        range_fn=lambda _: (*WEIGHT_RANGE, 0.1),
    ),
    TidewattNumberDescription(
        key="minimum",
        translation_key="minimum",
        entity_category=EntityCategory.CONFIG,
        device_class=NumberDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        field="minimum_a",
        wished_fn=lambda wish: wish.minimum_a,
        configured_fn=lambda charger: charger.minimum_a,
        range_fn=lambda charger: (charger.minimum_a, charger.maximum_a, charger.step_a),
    ),
    TidewattNumberDescription(
        key="maximum",
        translation_key="maximum",
        entity_category=EntityCategory.CONFIG,
        device_class=NumberDeviceClass.CURRENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        field="maximum_a",
        wished_fn=lambda wish: wish.maximum_a,
        configured_fn=lambda charger: charger.maximum_a,
        range_fn=lambda charger: (charger.minimum_a, charger.maximum_a, charger.step_a),
    ),
)


async def async_setup_entry(
    _hass: HomeAssistant, entry: TidewattConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the numbers of every charger the site has or gets."""
    hub = entry.runtime_data

    def add(subentry: ConfigSubentry) -> None:
        if subentry.subentry_type == SUBENTRY_CHARGER:
            charger_id = subentry.subentry_id
            async_add_entities(
                (WishNumber(hub, charger_id, description) for description in NUMBERS),
                config_subentry_id=charger_id,
            )

    entry.async_on_unload(hub.async_follow_parts(add))


class WishNumber(ChargerEntity, NumberEntity):
    """One number of what people wish of a charger."""

    entity_description: TidewattNumberDescription
    _attr_mode = NumberMode.BOX

    @override
    def _show(self, view: ChargerView | None) -> object:
        self._attr_available = view is not None
        if view is None:
            return None
        description = self.entity_description
        wished = description.wished_fn(view.wish)
        self._attr_native_value = description.configured_fn(view.charger) if wished is None else wished
        lowest, highest, step = description.range_fn(view.charger)
        self._attr_native_min_value, self._attr_native_max_value, self._attr_native_step = lowest, highest, step
        return self._attr_native_value, lowest, highest, step

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Wish for another value."""
        self.hub.change_wish(self.charger_id, **{self.entity_description.field: value})
