"""The running site of one config entry: the latest cycle for the entities, and the ways people act on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.event import async_track_time_interval

from tidewatt.control import CircuitDecision, Decision, Snapshot
from tidewatt.drivers.ocpp import StationIdentity
from tidewatt.site import Charger, CommandError, DischargeWish, Mode, Site, SiteError, StateStore

from .const import DOMAIN
from .document import in_words
from .entity_sources import VehicleSources
from .views import ChargerView, CycleView, MeterView, SiteView, VehicleView, view_cycle
from .wiring import site_runtime

_LOGGER = logging.getLogger(__name__)

WATCH_INTERVAL_S = 15
"""Control decides at least once a second; without a single cycle in this time it is taken for dead."""

type TidewattConfigEntry = ConfigEntry[SiteHub]
"""The config entry of a site."""

type PartFollower = Callable[[ConfigSubentry], None]
"""Called once for every part of the site, also for those that come later."""


class SiteHub:
    """Runs a site and stands between it and the entities that show it."""

    def __init__(self, hass: HomeAssistant, entry: TidewattConfigEntry, site: Site, store: StateStore) -> None:
        self.site = site
        self.runtime = site_runtime(hass, entry, site, store, self._cycle_ended)
        self._hass = hass
        self._entry = entry
        self._end_watch: CALLBACK_TYPE = lambda: None
        self._cycles_seen: int | None = None
        self._vehicles = VehicleSources(hass, self.runtime.push_vehicle)
        self.decision: Decision | None = None
        self._view: CycleView | None = None
        self._listeners: list[CALLBACK_TYPE] = []
        self._followers: list[PartFollower] = []
        self._followed: set[str] = set(entry.subentries)

    async def start(self) -> None:
        """Start the site; OSError when stations could not connect to it, SiteError for a meter nobody can read."""
        await self.runtime.start()
        await self._vehicles.follow(self.site)
        self._end_watch = async_track_time_interval(
            self._hass, self._watch, timedelta(seconds=WATCH_INTERVAL_S), cancel_on_shutdown=True
        )

    async def stop(self, _event: Event | None = None) -> None:
        """Stop the site. Safe to call twice."""
        self._end_watch()
        await self._vehicles.stop()
        await self.runtime.stop()

    def can_take_over(self, site: Site) -> bool:
        """Whether a changed site can be taken over while it runs; otherwise its entry has to be reloaded."""
        return self.runtime.can_update(site) and _has_same_entities(self.site, site)

    async def take_over(self, site: Site) -> None:
        """Go on as a changed site, without dropping a session."""
        await self.runtime.update(site)
        await self._vehicles.follow(site)
        self.site = site

    def drop_outdated_wishes(self, site: Site) -> None:
        """Let what was reconfigured count again where people had wished something else before."""
        before = {charger.charger_id: charger for charger in self.site.chargers}
        for charger in site.chargers:
            if (known := before.get(charger.charger_id)) is not None:
                wish = self.runtime.wish(charger.charger_id)
                self.runtime.set_wish(charger.charger_id, replace(wish, **_outdated(known, charger)))

    def identifier(self, owner_id: str | None) -> str:
        """Return what identifies a part of this site, or the site itself, in Home Assistant's registries."""
        entry_id = self._entry.entry_id
        return entry_id if owner_id is None else f"{entry_id}_{owner_id}"

    @callback
    def _cycle_ended(self, snapshot: Snapshot, decision: Decision) -> None:
        # The commands of this cycle are on their way to the sockets; showing it may wait until they are there.
        self._hass.loop.call_soon(self._show_cycle, snapshot, decision)

    @callback
    def _show_cycle(self, snapshot: Snapshot, decision: Decision) -> None:
        self.decision = decision
        self._view = view_cycle(snapshot, decision, self.runtime.health)
        self._tell_listeners()

    @callback
    def _watch(self, _now: datetime) -> None:
        cycles = self.runtime.health.cycles
        if cycles == self._cycles_seen and self._view is not None:
            _LOGGER.error("Control of %s stands still; nothing about it is known now", self.site.name)
            self._view = None
            self._tell_listeners()
        self._cycles_seen = cycles

    def _tell_listeners(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    def site_view(self) -> SiteView | None:
        """Return the site in the latest cycle."""
        return None if self._view is None else self._view.site

    def circuit_view(self, circuit_id: str) -> CircuitDecision | None:
        """Return how a circuit stands in the latest cycle."""
        return None if self._view is None else self._view.circuits.get(circuit_id)

    def charger_view(self, charger_id: str) -> ChargerView | None:
        """Return a charger in the latest cycle."""
        return None if self._view is None else self._view.chargers.get(charger_id)

    def meter_view(self, meter_id: str) -> MeterView | None:
        """Return a meter in the latest cycle."""
        return None if self._view is None else self._view.meters.get(meter_id)

    def vehicle_view(self, vehicle_id: str) -> VehicleView | None:
        """Return a vehicle in the latest cycle."""
        return None if self._view is None else self._view.vehicles.get(vehicle_id)

    def identities(self) -> dict[str, StationIdentity]:
        """Return what the station of each charger said of itself, by charger id."""
        return {charger.charger_id: self.runtime.identity(charger.charger_id) for charger in self.runtime.site.chargers}

    @callback
    def async_listen(self, listener: CALLBACK_TYPE) -> CALLBACK_TYPE:
        """Call `listener` after every cycle until the returned function is called."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def async_follow_parts(self, follower: PartFollower) -> CALLBACK_TYPE:
        """Call `follower` for every part there is and comes, until the returned function is called."""
        self._followers.append(follower)
        for subentry in self._entry.subentries.values():
            follower(subentry)
        return lambda: self._followers.remove(follower)

    @callback
    def async_announce_parts(self) -> None:
        """Tell the followers of parts that were added."""
        for part_id, subentry in self._entry.subentries.items():
            if part_id not in self._followed:
                for follower in self._followers:
                    follower(subentry)
        self._followed = set(self._entry.subentries)

    def change_wish(self, charger_id: str, **changes: Any) -> None:
        """Change what people wish of a charger; ServiceValidationError when it cannot be wished."""
        wish = replace(self.runtime.wish(charger_id), **changes)
        try:
            self.runtime.set_wish(charger_id, wish)
        except SiteError as error:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="wish_refused",
                translation_placeholders={"value": in_words(error.value), "remedy": error.remedy},
            ) from error

    def start_discharge(self, charger_id: str, power_w: float, until_soc_pct: float | None) -> None:
        """Have a charger's vehicle give back; ServiceValidationError when it cannot even be wished."""
        charger, view = self.site.charger(charger_id), self.charger_view(charger_id)
        key = None
        if charger.discharge_maximum_a <= 0:
            key = "discharge_not_configured"
        elif self.runtime.wish(charger_id).mode is Mode.OFF:
            key = "discharge_while_off"
        elif view is None or view.reachable is None or not view.reachable.plugged:
            key = "discharge_without_vehicle"
        if key is not None:
            raise ServiceValidationError(
                translation_domain=DOMAIN, translation_key=key, translation_placeholders={"charger": charger.name}
            )
        self.change_wish(charger_id, discharge=DischargeWish(power_w=power_w, until_soc_pct=until_soc_pct))

    async def async_start_charging(self, charger_id: str, id_tag: str | None) -> None:
        """Start a session; HomeAssistantError when the charger does not."""
        try:
            await self.runtime.port(charger_id).start(id_tag)
        except CommandError as error:
            raise self._refusal(error) from error

    async def async_stop_charging(self, charger_id: str) -> None:
        """End the running session, if there is one; HomeAssistantError when the charger does not."""
        try:
            await self.runtime.port(charger_id).stop()
        except CommandError as error:
            raise self._refusal(error) from error

    def _refusal(self, error: CommandError) -> HomeAssistantError:
        return HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="command_failed",
            translation_placeholders={
                "charger": self.site.charger(error.charger_id).name,
                "command": error.command,
                "answer": error.answer,
            },
        )


def _outdated(before: Charger, after: Charger) -> dict[str, Any]:
    """Return the fields of a wish that a changed configuration replaces, and what they become."""
    fields: dict[str, Any] = {}
    if before.mode is not after.mode:
        fields["mode"] = after.mode
    if before.weight != after.weight:
        fields["weight"] = None
    if (before.minimum_a, before.maximum_a) != (after.minimum_a, after.maximum_a):
        fields |= {"minimum_a": None, "maximum_a": None}
    return fields


def _has_same_entities(before: Site, after: Site) -> bool:
    """Whether every part that is in both sites has the same entities in both."""
    shape, next_shape = _shape(before), _shape(after)
    return all(shape[part] == next_shape[part] for part in shape.keys() & next_shape.keys())


def _shape(site: Site) -> dict[str, object]:
    """Return, for each part whose entities depend on its configuration, what they depend on."""
    return {
        "site": site.phases,
        **{f"circuit {one.circuit_id}": site.meter_of(one.circuit_id) is not None for one in site.circuits[1:]},
        **{f"charger {one.charger_id}": (len(one.phases), one.discharge_maximum_a > 0) for one in site.chargers},
    }
