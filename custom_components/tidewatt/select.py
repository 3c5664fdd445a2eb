"""The mode of each charger. The actions of a charger are aimed at this entity, for every charger has exactly one."""

from __future__ import annotations

from typing import override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from tidewatt.site import Mode

from .const import SUBENTRY_CHARGER
from .entity import ChargerEntity
from .hub import TidewattConfigEntry
from .views import ChargerView

PARALLEL_UPDATES = 0

MODE = SelectEntityDescription(key="mode", translation_key="mode", options=[mode.value for mode in Mode])


async def async_setup_entry(
    _hass: HomeAssistant, entry: TidewattConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the mode of every charger the site has or gets."""
    hub = entry.runtime_data

    def add(subentry: ConfigSubentry) -> None:
        if subentry.subentry_type == SUBENTRY_CHARGER:
            charger_id = subentry.subentry_id
            async_add_entities([ModeSelect(hub, charger_id, MODE)], config_subentry_id=charger_id)

    entry.async_on_unload(hub.async_follow_parts(add))


class ModeSelect(ChargerEntity, SelectEntity):
    """What a charger is to do with the power there is."""

    @override
    def _show(self, view: ChargerView | None) -> object:
        self._attr_available = view is not None
        self._attr_current_option = None if view is None else view.wish.mode.value
        return self._attr_current_option

    @override
    async def async_select_option(self, option: str) -> None:
        """Change the mode."""
        await self.async_set_mode(option)

    async def async_set_mode(self, mode: str) -> None:
        """Change the mode, for the action `tidewatt.set_mode`; whoever chooses one ends a discharge."""
        self.hub.change_wish(self.charger_id, mode=Mode(mode), discharge=None)

    async def async_set_limit(self, current_a: float) -> None:
        """Limit the current, for the action `tidewatt.set_limit`; 0 is a pause."""
        self.hub.change_wish(self.charger_id, limit_a=current_a)

    async def async_clear_limit(self) -> None:
        """Lift the limit again, for the action `tidewatt.clear_limit`."""
        self.hub.change_wish(self.charger_id, limit_a=None)

    async def async_start_charging(self, id_tag: str | None = None) -> None:
        """Start a session, for the action `tidewatt.start_charging`."""
        await self.hub.async_start_charging(self.charger_id, id_tag)

    async def async_stop_charging(self) -> None:
        """End the session, for the action `tidewatt.stop_charging`."""
        await self.hub.async_stop_charging(self.charger_id)

    async def async_start_discharge(self, power_w: float, until_soc_pct: float | None = None) -> None:
        """Have the vehicle give back, for the action `tidewatt.start_discharge`."""
        self.hub.start_discharge(self.charger_id, power_w, until_soc_pct)

    async def async_stop_discharge(self) -> None:
        """Let the mode count again, for the action `tidewatt.stop_discharge`."""
        self.hub.change_wish(self.charger_id, discharge=None)
