"""One EVSE between its vehicle, which speaks ISO 15118-20, and the central system, which speaks OCPP 2.1."""

from __future__ import annotations

from collections.abc import Iterable
import logging
from typing import Any

from tidewatt.emulators.iso15118 import (
    EvseNotification,
    PowerSchedule,
    ScheduleEntry,
    SeccState,
    Service,
    VehicleSession,
)
from tidewatt.emulators.physics import TwoWayPoint
from tidewatt.emulators.station.dialect import EndCause
from tidewatt.emulators.station.outlet import Outlet, Permission
from tidewatt.emulators.station.station import Station, offer_of
from tidewatt.ocpp.charging import Limit, Purpose
from tidewatt.ocpp.errors import OcppError

from .payloads import needs_payload, schedule_payload
from .variables import COMPONENT, tell_vehicle
from .words import services_of

_LOGGER = logging.getLogger(__name__)

PROFILE_WAIT_S = 60.0
"""How long a station waits for the profile that its central system announced (K18, K19)."""
HORIZON_S = 86_400
SAME_W = 50.0
"""Schedules that differ by less are not negotiated again."""
WAKE_AFTER_S = 10.0
MOST_WAKES = 3


class Negotiation:
    """Tells each side what the other one wants.

    `allowed` are the energy transfers of the transaction; None: the central system has not said.
    """

    def __init__(self, station: Station, outlet: Outlet, point: TwoWayPoint, session: VehicleSession) -> None:
        self.outlet = outlet
        self.point = point
        self.session = session
        self.allowed: tuple[str, ...] | None = None
        self._station = station
        self._refused: set[Service] = set()
        self._asked_about: str | None = None
        self._told_id: str | None = None
        self._needs_seen = session.secc.needs_seen
        self._choices_seen = session.secc.choices_seen
        self._waits_until_s: float | None = None
        self._wants_new_schedule = False
        self._needs_due = False
        self._schedule_since_s = 0.0
        self._ended_at_s: float | None = None
        self._wakes = 0
        self._was_energised = False

    @property
    def evcc_id(self) -> str | None:
        """The vehicle's identity, once it has told it."""
        return self.session.secc.evcc_id

    @property
    def held(self) -> bool:
        """Whether nothing may flow, because the vehicle has yet to take a service that is allowed."""
        service = self.session.secc.service
        return service is not None and service not in self._services()

    @property
    def limit(self) -> Limit:
        """What the profiles allow now."""
        return self._station.limit(self.outlet)

    def observe(self, *, authorizes: bool) -> None:
        """Carry news between the sides; `authorizes` lets the vehicle's id be what it is authorised by."""
        energised = self.outlet.energised
        if self._was_energised and not energised:
            self._forget()
        self._was_energised = energised
        if self.evcc_id != self._told_id:
            self._told_id = self.evcc_id
            tell_vehicle(self._station.variables, self.evcc_id, dc=self.point.dc)
        if authorizes:
            self._authorize_by_id()
        self._order(energised=energised)
        self._hear_needs()
        self._hear_choice()
        self._follow_schedule()

    def allow(self, transfers: Iterable[str]) -> None:
        """Change the energy transfers of the running transaction (Q02.FR.05); the vehicle negotiates anew."""
        self.allowed = tuple(transfers)
        self._refused.clear()
        if self.session.secc.service is not None and not self._wants_service_change():
            # Nothing to renegotiate, yet the central system waits to hear what the vehicle needs now.
            self._tell_needs_again()

    def permitted_by(self, answer: dict[str, Any]) -> None:
        """Take over what an AuthorizeResponse allows; omitted, the vehicle may charge only."""
        transfers = answer.get("allowedEnergyTransfer")
        self.allowed = None if transfers is None else tuple(transfers)
        self._refused.clear()

    def token(self, permission: Permission) -> dict[str, Any]:
        """Return a permission's idToken with the vehicle's identity in it (Q01.FR.02)."""
        token: dict[str, Any] = {"idToken": permission.id_tag, "type": permission.kind}
        if self.evcc_id is not None:
            token["additionalInfo"] = [{"additionalIdToken": self.evcc_id, "type": "EVCCID"}]
        return token

    # Towards the vehicle.

    def _order(self, *, energised: bool) -> None:
        secc = self.session.secc
        orders = secc.orders
        orders.authorized = True if energised else None
        orders.services = self._services()
        orders.schedule_ready = self._is_schedule_ready()
        if orders.schedule_ready and secc.state is SeccState.SCHEDULE:
            self._make_schedule()
        orders.notification = self._notification()
        orders.wake = energised and self._wakes_now()

    def _services(self) -> tuple[Service, ...]:
        """Return what the vehicle may be offered."""
        both_ways = self._station.variables.flag("Enabled", COMPONENT)
        return tuple(
            each
            for each in services_of(self.allowed, dc=self.point.dc)
            if each not in self._refused and (both_ways or not each.is_bidirectional)
        )

    def _wants_service_change(self) -> bool:
        """Tell whether the vehicle chose from other services than it may choose from now."""
        secc = self.session.secc
        return secc.service is not None and secc.spec.renegotiation_supported and secc.offered != self._services()

    def _is_schedule_ready(self) -> bool:
        if self._needs_due:
            return False
        if self._waits_until_s is None:
            return True
        held = self._station.profiles.select(evse_id=self.outlet.evse_id, purpose=Purpose.TX)
        if held or self._station.time.now_s >= self._waits_until_s:
            self._waits_until_s = None
            return True
        return False

    def _notification(self) -> EvseNotification | None:
        period = self.limit.period
        if period is not None and period.evse_sleep:
            return EvseNotification.PAUSE
        if self._wants_service_change():
            return EvseNotification.SERVICE_RENEGOTIATION
        return EvseNotification.SCHEDULE_RENEGOTIATION if self._wants_new_schedule else None

    def _wakes_now(self) -> bool:
        """Wake a vehicle that this station let sleep, and try anew, not for ever, when a session broke."""
        secc, now_s = self.session.secc, self._station.time.now_s
        if secc.running or self._notification() is EvseNotification.PAUSE:
            self._ended_at_s = None
            if secc.state is SeccState.LOOP:
                self._wakes = 0
            return False
        if secc.state is SeccState.PAUSED:
            return self.session.evcc.ended_because == f"asked to: {EvseNotification.PAUSE}"
        if secc.state is not SeccState.ENDED or self.session.left or secc.faults.shutdown is not None:
            return False
        if self._ended_at_s is None:
            self._ended_at_s = now_s
        if self._wakes >= MOST_WAKES or (self._wakes > 0 and now_s < self._ended_at_s + WAKE_AFTER_S):
            return False
        self._wakes += 1
        self._ended_at_s = None
        return True

    def _forget(self) -> None:
        """A transaction is over, and what was agreed in it."""
        self.allowed = None
        self._refused.clear()
        self._waits_until_s = None
        self._wants_new_schedule = self._needs_due = False
        self._wakes = 0

    # Towards the central system.

    def _authorize_by_id(self) -> None:
        evcc_id, outlet = self.evcc_id, self.outlet
        if evcc_id is None:
            self._asked_about = None
            return
        free = outlet.permission is None and outlet.transaction is None and not outlet.spent
        if free and self._asked_about != self.session.secc.session_id and self._station.ready:
            self._asked_about = self.session.secc.session_id
            self._station.ask_about(outlet, Permission(id_tag=evcc_id, kind="EVCCID"))

    def _hear_needs(self) -> None:
        secc = self.session.secc
        if secc.needs_seen == self._needs_seen or self.outlet.transaction is None or not self._station.ready:
            return
        self._needs_seen = secc.needs_seen
        if self._wants_new_schedule:
            # The central system knows the needs; the vehicle is to take its new limits.
            self._wants_new_schedule = False
            return
        self._tell_needs_again()

    def _tell_needs_again(self) -> None:
        payload = needs_payload(self.outlet.evse_id, self.session, self._station.time)
        if payload is not None:
            self._needs_due = True
            self._station.spawn(self._tell_needs(payload))

    async def _tell_needs(self, payload: dict[str, Any]) -> None:
        try:
            status = (await self._station.link.call("NotifyEVChargingNeeds", payload)).get("status")
        except OcppError as error:
            _LOGGER.warning("Station %s could not tell a vehicle's needs: %s", self._station.station_id, error)
            status = "NoChargingProfile"
        self._needs_due = False
        self._waits_until_s = None
        if status in ("Accepted", "Processing"):
            self._waits_until_s = self._station.time.now_s + PROFILE_WAIT_S
        elif status == "Rejected":
            self._refuse()

    def _refuse(self) -> None:
        """Take another service than the refused one (Q01.FR.05), or end the transaction (Q01.FR.06)."""
        service = self.session.secc.service
        if service is None:
            return
        if service.is_bidirectional and self.session.secc.spec.renegotiation_supported:
            self._refused.add(service)
            if service.charging_only not in self._services():
                self.allowed = None
            return
        self._station.end(self.outlet, EndCause.TRANSFER_REJECTED)

    def _hear_choice(self) -> None:
        secc = self.session.secc
        if secc.choices_seen == self._choices_seen:
            return
        self._choices_seen = secc.choices_seen
        self._schedule_since_s = self._station.time.now_s
        if secc.profile is not None and self._station.ready:
            payload = schedule_payload(self.outlet.evse_id, secc.profile, self._station.time)
            self._station.spawn(self._tell_schedule(payload))

    async def _tell_schedule(self, payload: dict[str, Any]) -> None:
        try:
            answer = await self._station.link.call("NotifyEVChargingSchedule", payload)
        except OcppError as error:
            _LOGGER.warning("Station %s could not tell a vehicle's schedule: %s", self._station.station_id, error)
            return
        if answer.get("status") == "Rejected":
            self._wants_new_schedule = True

    # Schedules, for vehicles in scheduled control.

    def _make_schedule(self) -> None:
        station, outlet = self._station, self.outlet
        steps = station.profiles.composite(
            outlet.evse_id, station.time.utc_s, HORIZON_S, outlet.view, wired_phases=outlet.wired_phases
        )
        ends = [offset_s for offset_s, _ in steps[1:]] + [HORIZON_S]
        entries = tuple(
            self._entry(limit, end_s - start_s) for (start_s, limit), end_s in zip(steps, ends, strict=True)
        )
        self.session.secc.orders.schedules = (PowerSchedule(schedule_id=1, entries=entries),)

    def _entry(self, limit: Limit, duration_s: int) -> ScheduleEntry:
        order = self.point.order(offer_of(limit, self.point.rated_a))
        if order is None:
            return ScheduleEntry(duration_s=duration_s, charge_w=0.0)
        return ScheduleEntry(
            duration_s=duration_s,
            charge_w=order.maximum_charge_w,
            discharge_w=order.maximum_discharge_w,
            power_w=order.setpoint_w,
        )

    def _follow_schedule(self) -> None:
        """Ask for a new choice when the limits are no longer those of the schedule chosen from."""
        secc = self.session.secc
        if secc.state is not SeccState.LOOP or secc.dynamic or not secc.orders.schedules or self._wants_new_schedule:
            return
        offset_s = self._station.time.now_s - self._schedule_since_s
        entry, now = secc.orders.schedules[0].at(offset_s), self._entry(self.limit, 1)
        before = (entry.charge_w, entry.discharge_w, entry.power_w or 0.0)
        if any(
            abs(a - b) > SAME_W
            for a, b in zip(before, (now.charge_w, now.discharge_w, now.power_w or 0.0), strict=True)
        ):
            self._wants_new_schedule = True
