"""What stations of all OCPP versions do: obey profiles, run transactions, boot, report, and keep quiet when offline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
import logging
from random import Random
from typing import Any

from tidewatt.emulators.physics import Clock, EmulatedTime, Offer, WrongClock
from tidewatt.ocpp.charging import Abilities, Limit, ProfileStore, Ruleset
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler

from .access import StationAccess
from .cards import Cards
from .dialect import Dialect, EndCause
from .faults import Faults
from .features import make_features
from .link import StationLink
from .outbox import Letter, Outbox
from .outlet import EVERYBODY, Outlet, Permission
from .spec import StationSpec

_LOGGER = logging.getLogger(__name__)

BOOT_RETRY_S = 10.0


class Station(Dialect):
    """A station of one or several outlets. Stepped with the world: `decide` before each slice, `observe` after it."""

    def __init__(
        self, spec: StationSpec, outlets: Sequence[Outlet], time: EmulatedTime, *, voltage_v: float, random: Random
    ) -> None:
        self.spec = spec
        self.outlets = {outlet.evse_id: outlet for outlet in outlets}
        self.faults = Faults()
        self.time: Clock = WrongClock(time, lambda: self.faults.clock_offset_s)
        self.voltage_v = voltage_v
        self.rules = Ruleset.of(spec.address.version)
        self.profiles = ProfileStore(
            self.rules, voltage_v=voltage_v, abilities=Abilities(negative_limits=spec.negative_limit)
        )
        self.variables = self.make_variables()
        self.accepted = False
        self.firmware_version = "1.0"
        self._cards = Cards()
        self.triggers: dict[str, Callable[[], None]] = {}
        self.on_reboot: list[Callable[[], None]] = []
        self.access = StationAccess(spec.address, spec.security)
        self.features = make_features(self, self._cards, self.access)
        self.link = StationLink(
            self.access,
            self.time,
            handlers=self._all_handlers(),
            on_open=self._on_open,
            faults=self.faults,
            random=random,
        )
        self.outbox = Outbox(self.station_id, self.time, self.link.call, lambda: self.ready)
        self.reset_when_idle = False
        self._soon: list[Callable[[], None]] = []
        self.boot_cause = EndCause.POWER_LOSS
        self._boots_until_s: float | None = None
        self._next_heartbeat_s = 0.0
        self._group: asyncio.TaskGroup | None = None

    @property
    def station_id(self) -> str:
        """The station's identity, which is also its user name."""
        return self.spec.address.station_id

    @property
    def version(self) -> OcppVersion:
        """The OCPP version it speaks."""
        return self.spec.address.version

    @property
    def ready(self) -> bool:
        """Whether messages can be sent: connected, and booted with the central system's consent."""
        return self.link.online and self.accepted

    def _all_handlers(self) -> dict[str, Handler]:
        handlers = dict(self.handlers())
        for feature in self.features:
            handlers.update(feature.handlers())
        return handlers

    # Life.

    async def run(self) -> None:
        """Connect and serve, for ever."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self.link.run(), name=f"{self.station_id} link")
            group.create_task(self.outbox.run(), name=f"{self.station_id} outbox")

    def decide(self) -> None:
        """Give every outlet's session what the charging profiles allow now."""
        if self.link.online:
            self.profiles.came_online(self.time.utc_s)
        else:
            self.profiles.went_offline(self.time.utc_s)
        for outlet in self.outlets.values():
            outlet.point.offer(self._offer(outlet) if outlet.energised else None)

    def observe(self) -> None:
        """React to what the last slice brought."""
        if self._boots_until_s is not None:
            if self.time.now_s < self._boots_until_s:
                return
            self._boots_until_s = None
            self.link.unblock("reboot")
        soon, self._soon = self._soon, []
        for action in soon:
            action()
        for outlet in self.outlets.values():
            self._observe_outlet(outlet)
        for feature in self.features:
            feature.observe()
        self._beat()
        if self.reset_when_idle and not any(outlet.transaction for outlet in self.outlets.values()):
            self.reboot(EndCause.SOFT_RESET)

    def limit(self, outlet: Outlet) -> Limit:
        """Return the composite limit of an outlet now; none for a station that ignores its profiles."""
        if self.faults.ignores_limits:
            return Limit(phases=outlet.wired_phases)
        return self.profiles.limit(outlet.evse_id, self.time.utc_s, outlet.view, wired_phases=outlet.wired_phases)

    def soon(self, action: Callable[[], None]) -> None:
        """Do something after the present slice: what a call asked for happens after its answer."""
        self._soon.append(action)

    def notify(self, action: str, payload: dict[str, Any]) -> None:
        """Send a message that is lost when it cannot be sent now."""
        if self.ready:
            self.spawn(self._notify(action, payload))

    def post(self, letter: Letter) -> None:
        """Send a message about a transaction: now, or whenever there is a connection again."""
        self.outbox.put(letter)

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call the central system; OcppError when there is no answer."""
        return await self.link.call(action, payload)

    def reconnect(self) -> None:
        """Drop the connection and make a new one."""
        self.spawn(self.link.reconnect())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the station, for as long as the station runs."""
        if self._group is None:
            work.close()
            raise RuntimeError(f"Station {self.station_id} does not run.")
        self._group.create_task(work)

    # Sessions.

    def tap(self, outlet: Outlet, id_tag: str) -> None:
        """Hold a card to the reader: it starts a session, or ends the one it started."""
        running = outlet.transaction
        if running is not None and running.permission is not None:
            if running.permission.id_tag == id_tag:
                self.end(outlet, EndCause.LOCAL)
            return
        self.spawn(self._authorize(outlet, Permission(id_tag=id_tag)))

    def permit(self, outlet: Outlet, permission: Permission, *, ask: bool = False) -> None:
        """Let somebody charge here as soon as a cable is plugged in; `ask` the central system about the card first."""
        if ask:
            self.spawn(self._authorize(outlet, permission))
            return
        if not outlet.admits(permission.id_tag):
            _LOGGER.info("Station %s: EVSE %d is reserved.", self.station_id, outlet.evse_id)
            return
        outlet.permission = permission
        outlet.permission_until_s = self.time.now_s + self.connection_timeout_s()
        _LOGGER.info("Station %s: %s may charge at EVSE %d.", self.station_id, permission.id_tag, outlet.evse_id)

    def end(self, outlet: Outlet, cause: EndCause) -> None:
        """End the running transaction, if there is one. The contactor opens before the meter is read."""
        transaction = outlet.transaction
        if transaction is None:
            return
        outlet.point.disconnect()
        outlet.transaction = None
        outlet.spent = outlet.point.plugged
        self.profiles.end_transaction(outlet.evse_id)
        self.on_ended(outlet, transaction, cause)
        _LOGGER.info("Station %s: transaction at EVSE %d ended: %s.", self.station_id, outlet.evse_id, cause.name)

    def begin(self, outlet: Outlet, permission: Permission | None) -> None:
        """Start a transaction now."""
        transaction = outlet.begin(utc_s=self.time.utc_s, permission=permission, own_id=self.rules is not Ruleset.V16)
        outlet.next_sample_s = self.time.now_s + self.sample_interval_s()
        self._install_own_profile(outlet, permission)
        self.on_started(outlet, transaction)
        _LOGGER.info("Station %s: a transaction started at EVSE %d.", self.station_id, outlet.evse_id)

    def reboot(self, cause: EndCause) -> None:
        """End all transactions, drop the connection and start again."""
        for outlet in self.outlets.values():
            self.end(outlet, cause)
            outlet.permission = None
            outlet.spent = False
            # A station that starts finds a plugged cable anew.
            outlet.was_plugged = False
        self.accepted = False
        self.reset_when_idle = False
        self.boot_cause = cause
        for action in self.on_reboot:
            action()
        self._boots_until_s = self.time.now_s + self.spec.boot_s
        self.spawn(self.link.block("reboot"))
        _LOGGER.info("Station %s reboots: %s.", self.station_id, cause.name)

    def restart_with(self, firmware_version: str) -> None:
        """Boot into other firmware."""
        self.firmware_version = firmware_version
        self.reboot(EndCause.FIRMWARE)

    def boot_again(self) -> None:
        """Send another BootNotification, as the central system asked for."""
        self.boot_cause = EndCause.TRIGGER
        self.spawn(self._boot_until_accepted())

    def _offer(self, outlet: Outlet) -> Offer:
        return offer_of(self.limit(outlet), outlet.point.rated_a)

    def _install_own_profile(self, outlet: Outlet, permission: Permission | None) -> None:
        if permission is None or permission.profile is None or outlet.view is None:
            return
        profile = replace(permission.profile, transaction_id=outlet.view.transaction_id or None)
        reason = self.profiles.install(profile, self.outlets, outlet.view, utc_s=self.time.utc_s)
        if reason is not None:
            _LOGGER.warning("Station %s ignores the profile of a remote start: %s.", self.station_id, reason)

    async def _authorize(self, outlet: Outlet, permission: Permission) -> None:
        if await self._may_charge(permission):
            self.permit(outlet, permission)
        else:
            _LOGGER.info("Station %s refuses card %s.", self.station_id, permission.id_tag)

    async def _may_charge(self, permission: Permission) -> bool:
        """Ask the central system about a card; without it, the local list and the cache."""
        if self.ready:
            try:
                answer = await self.link.call("Authorize", self.authorize_payload(permission))
            except OcppError as error:
                _LOGGER.warning("Station %s could not ask about a card: %s", self.station_id, error)
            else:
                known = self.is_authorized(answer)
                self._cards.learn(permission.id_tag, accepted=known)
                return known
        return self._cards.knows(permission.id_tag)

    def ask_about(self, outlet: Outlet, permission: Permission) -> None:
        """Ask the central system about somebody who did nothing but plug in."""
        self.spawn(self._authorize(outlet, permission))

    # Observing.

    def _observe_outlet(self, outlet: Outlet) -> None:
        self._observe_cable(outlet)
        self._admit(outlet)
        if outlet.transaction is None:
            outlet.operative = outlet.wanted_operative
        status = outlet.status()
        if status is not outlet.status_seen:
            outlet.status_seen = status
            self.on_status_changed(outlet)
        self._report_status(outlet)
        self._sample(outlet)

    def _observe_cable(self, outlet: Outlet) -> None:
        plugged = outlet.point.plugged
        if plugged == outlet.was_plugged:
            return
        outlet.was_plugged = plugged
        _LOGGER.info(
            "Station %s: EVSE %d was %s.", self.station_id, outlet.evse_id, "plugged" if plugged else "unplugged"
        )
        if not plugged:
            self.end(outlet, EndCause.UNPLUGGED)
            outlet.spent = False
            return
        self.on_plugged(outlet)
        if self.spec.open_to_all:
            self.permit(outlet, EVERYBODY)
        elif outlet.card is not None:
            self.tap(outlet, outlet.card)

    def _admit(self, outlet: Outlet) -> None:
        permission = outlet.permission
        if permission is None:
            return
        if not outlet.point.plugged:
            if self.time.now_s >= outlet.permission_until_s:
                outlet.permission = None
            return
        if outlet.transaction is None:
            self.begin(outlet, permission)
        elif outlet.transaction.permission is None:
            outlet.transaction.permission = permission
            outlet.permission = None
            self._install_own_profile(outlet, permission)
            self.on_authorized(outlet, outlet.transaction)

    def _report_status(self, outlet: Outlet) -> None:
        if not self.ready:
            return
        for connector_id in outlet.connector_ids:
            text = self.connector_status(outlet, connector_id)
            if text != outlet.reported.get(connector_id):
                outlet.reported[connector_id] = text
                self.notify("StatusNotification", self.status_payload(outlet, connector_id))

    def _sample(self, outlet: Outlet) -> None:
        interval_s = self.sample_interval_s()
        transaction = outlet.transaction
        if transaction is None or interval_s == 0:
            return
        # A shortened interval counts at once, not only after the longer one has run out.
        outlet.next_sample_s = min(outlet.next_sample_s, self.time.now_s + interval_s)
        if self.time.now_s >= outlet.next_sample_s:
            outlet.next_sample_s = self.time.now_s + interval_s
            self.on_sample(outlet, transaction)

    def _beat(self) -> None:
        interval_s = self.heartbeat_interval_s()
        if interval_s == 0:
            return
        self._next_heartbeat_s = min(self._next_heartbeat_s, self.time.now_s + interval_s)
        if self.time.now_s >= self._next_heartbeat_s:
            self._next_heartbeat_s = self.time.now_s + interval_s
            self.notify("Heartbeat", {})

    # Talking.

    async def _notify(self, action: str, payload: dict[str, Any]) -> None:
        try:
            await self.link.call(action, payload)
        except OcppError as error:
            _LOGGER.info("Station %s: %s was lost: %s", self.station_id, action, error)

    async def _on_open(self) -> None:
        if not self.accepted:
            await self._boot_until_accepted()
        for outlet in self.outlets.values():
            outlet.reported = {}
        self.outbox.wake()

    async def _boot_until_accepted(self) -> None:
        wait_s = await self._boot()
        while not self.accepted:
            await self.time.sleep(wait_s)
            wait_s = await self._boot()

    async def _boot(self) -> float:
        """Send a BootNotification. Returns the seconds to wait before the next one, should it be needed."""
        try:
            answer = await self.link.call("BootNotification", self.boot_payload())
        except OcppError as error:
            _LOGGER.warning("Station %s could not boot: %s", self.station_id, error)
            return BOOT_RETRY_S
        interval_s = int(answer.get("interval", 0))
        self.accepted = answer.get("status") == "Accepted"
        if self.accepted:
            self.set_heartbeat_interval(interval_s)
            self._next_heartbeat_s = self.time.now_s + interval_s
            _LOGGER.info("Station %s booted.", self.station_id)
        return interval_s or BOOT_RETRY_S


def offer_of(limit: Limit, rated_a: float) -> Offer:
    """Return what a session may have under a limit, within the station's rating."""
    setpoint_a = limit.setpoint_a
    wanted_a = limit.current_a if setpoint_a is None else max(0.0, setpoint_a)
    return Offer(
        current_a=min(wanted_a, rated_a),
        phases=limit.phases,
        discharge_a=min(limit.discharge_a, rated_a),
        setpoint_a=None if setpoint_a is None else min(max(setpoint_a, -rated_a), rated_a),
    )
