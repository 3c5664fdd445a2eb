"""What all entities of Tidewatt share: identity, device and writing a state only when it changed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from functools import partial
from typing import override

from homeassistant.core import callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription

from .const import DOMAIN
from .hub import SiteHub
from .views import ChargerView


class TidewattEntity[ViewT](Entity):
    """An entity that shows one view of the latest cycle.

    `owner_id` is the id of the charger, meter or vehicle it belongs to, or None for the site.
    """

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(
        self, hub: SiteHub, owner_id: str | None, description: EntityDescription, view: Callable[[], ViewT | None]
    ) -> None:
        self.hub = hub
        self.entity_description = description
        self._get_view = view
        self._shown: object = None
        identifier = hub.identifier(owner_id)
        # Ids of parts may be anything; no key has a hyphen, so nothing can collide.
        self._attr_unique_id = f"{identifier}-{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, identifier)})

    @override
    async def async_added_to_hass(self) -> None:
        """Show the latest cycle and follow the next ones."""
        self._shown = self._show(self._get_view())
        self.async_on_remove(self.hub.async_listen(self._cycle_ended))

    @callback
    def _cycle_ended(self) -> None:
        shown = self._show(self._get_view())
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()

    @abstractmethod
    def _show(self, view: ViewT | None) -> object:
        """Take over what the view says; returns something that differs when the entity's state does."""


class ChargerEntity(TidewattEntity[ChargerView]):
    """An entity that changes something about a charger."""

    def __init__(self, hub: SiteHub, charger_id: str, description: EntityDescription) -> None:
        super().__init__(hub, charger_id, description, partial(hub.charger_view, charger_id))
        self.charger_id = charger_id
