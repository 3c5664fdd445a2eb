"""Bidirectional charging of one station of OCPP 2.1: its vehicles, operation modes and grid services (section Q, R)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tidewatt.emulators.iso15118 import BMS_TIMEOUT, VehicleSession
from tidewatt.emulators.physics import Offer, TwoWayPoint
from tidewatt.emulators.station.outlet import Outlet, Permission
from tidewatt.emulators.station.station import Station, offer_of
from tidewatt.ocpp.charging import OperationMode, Purpose, Ruleset, amounts_from_wire
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.session import Handler

from .der import DerControls
from .negotiation import Negotiation
from .outside import SOURCE, external_id, external_profile, limit_payload
from .payloads import event_payload
from .steering import GridView, Thresholds, steered
from .variables import COMPONENT

LOWER_LIMIT = "BATTERY_LOWER_LIMIT"

type Payload = dict[str, Any]


class V2x:
    """What a station of OCPP 2.1 does beside what all stations do. `negotiations` are its EVSEs that can.

    `load_w` tells what the site's connection draws: the station's own meter upstream.
    """

    def __init__(self, station: Station) -> None:
        self._station = station
        self.load_w: Callable[[], float] = lambda: 0.0
        self.der = DerControls(station.time, tell=station.notify, soon=station.soon)
        self.negotiations: dict[int, Negotiation] = {}
        for outlet in station.outlets.values():
            point = outlet.point
            if isinstance(point, TwoWayPoint) and isinstance(point.link, VehicleSession):
                self.negotiations[outlet.evse_id] = Negotiation(station, outlet, point, point.link)
        self._signal: tuple[float, int] | None = None
        self._next_pull_s: dict[int, float] = {}
        self._troubles: dict[int, set[str]] = {}
        self._modes_told: dict[int, OperationMode] = {}
        self._events = 0

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers the central system's calls; nothing before OCPP 2.1."""
        if self._station.rules is not Ruleset.V21:
            return {}
        common: dict[str, Handler] = {"UsePriorityCharging": self._use_priority}
        if not self.negotiations:
            return common
        return {
            **common,
            "NotifyAllowedEnergyTransfer": self._allow,
            "AFRRSignal": self._afrr,
            **self.der.handlers(),
        }

    def waits(self, outlet: Outlet) -> bool:
        """Tell whether a transaction must wait for the vehicle to tell its identity (Q01.FR.02)."""
        known = self.negotiations.get(outlet.evse_id)
        return known is not None and known.session.secc.running and known.evcc_id is None

    def token(self, outlet: Outlet, permission: Permission) -> Payload | None:
        """Return the idToken of a permission with the vehicle's identity; None for a vehicle that has none."""
        known = self.negotiations.get(outlet.evse_id)
        return None if known is None else known.token(permission)

    def offer(self, outlet: Outlet) -> Offer | None:
        """Return what flows at an EVSE by its profiles, operation mode and grid controls; None: like anywhere else."""
        known = self.negotiations.get(outlet.evse_id)
        if known is None:
            return None
        if known.held:
            return Offer(0.0, known.point.conductors, setpoint_a=0.0)
        limit = known.limit
        per_ampere_w = self._station.voltage_v * min(limit.phases, known.point.conductors)
        own_w = outlet.point.power_w
        grid = GridView(frequency_hz=outlet.point.frequency_hz, load_w=self.load_w() - own_w, signal=self._signal_now())
        limit = steered(limit, grid, self._thresholds, per_ampere_w)
        offer = offer_of(limit, outlet.point.rated_a)
        most_a = outlet.point.rated_a * self.der.discharge_share(grid.frequency_hz)
        setpoint_a = None if offer.setpoint_a is None else max(offer.setpoint_a, -most_a)
        return replace(offer, discharge_a=min(offer.discharge_a, most_a), setpoint_a=setpoint_a)

    def observe(self) -> None:
        """Carry news between vehicles and the central system; called after each slice of the world."""
        authorizes = bool(self.negotiations) and self._station.variables.flag("AuthorizeEVCCID", COMPONENT)
        for evse_id, known in self.negotiations.items():
            known.observe(authorizes=authorizes)
            self._observe_troubles(evse_id, known)
        if self._station.rules is Ruleset.V21:
            self._pull()
            self.der.observe()

    def new_mode(self, outlet: Outlet) -> OperationMode | None:
        """Return the operation mode of a transaction when it is another than was asked last."""
        if outlet.evse_id not in self.negotiations or outlet.transaction is None:
            self._modes_told.pop(outlet.evse_id, None)
            return None
        mode = self._station.limit(outlet).operation_mode
        before = self._modes_told.get(outlet.evse_id, OperationMode.CHARGING_ONLY)
        self._modes_told[outlet.evse_id] = mode
        return mode if mode is not before else None

    def prioritise(self, outlet: Outlet, *, active: bool) -> None:
        """Begin or end priority charging and say so (K21, K22)."""
        outlet.priority = active
        if outlet.transaction is not None:
            payload = {"transactionId": outlet.transaction.transaction_id, "activated": active}
            self._station.notify("NotifyPriorityCharging", payload)

    def steer_from_outside(self, outlet: Outlet, **powers: float) -> str | None:
        """Take limits or a setpoint of an energy manager (Q05, Q06), none to forget them; a reason when refused."""
        station = self._station
        if not powers:
            station.profiles.clear(profile_id=external_id(outlet.evse_id), from_outside=True)
            station.notify("ClearedChargingLimit", {"chargingLimitSource": SOURCE, "evseId": outlet.evse_id})
            return None
        profile = external_profile(outlet.evse_id, **powers)
        reason = station.profiles.install(
            profile, station.outlets, outlet.view, utc_s=station.time.utc_s, from_outside=True
        )
        if reason is None:
            station.notify("NotifyChargingLimit", limit_payload(profile))
        return reason

    # Answers.

    async def _use_priority(self, payload: Payload) -> Payload:
        outlet = self._outlet_of(payload["transactionId"])
        if outlet is None:
            return {"status": "Rejected"}
        evses = (0, outlet.evse_id)
        if payload["activate"] and not any(
            held.evse_id in evses for held in self._station.profiles.select(purpose=Purpose.PRIORITY)
        ):
            return {"status": "NoProfile"}
        self._station.soon(lambda: self.prioritise(outlet, active=payload["activate"]))
        return {"status": "Accepted"}

    async def _allow(self, payload: Payload) -> Payload:
        outlet = self._outlet_of(payload["transactionId"])
        known = None if outlet is None else self.negotiations.get(outlet.evse_id)
        if known is None or not known.session.secc.spec.renegotiation_supported:
            return {"status": "Rejected"}
        self._station.soon(lambda: known.allow(payload["allowedEnergyTransfer"]))
        return {"status": "Accepted"}

    async def _afrr(self, payload: Payload) -> Payload:
        """Take a signal for running LocalFrequency periods that have a curve for it (Q08)."""
        periods = [known.limit.period for known in self.negotiations.values() if known.outlet.transaction]
        curves = [each.signal_watt_curve for each in periods if each is not None]
        if not any(curves):
            return {"status": "Rejected", "statusInfo": {"reasonCode": "NoSignalWattCurve"}}
        self._signal = (datetime.fromisoformat(payload["timestamp"]).timestamp(), payload["signal"])
        return {"status": "Accepted"}

    def _outlet_of(self, transaction_id: str) -> Outlet | None:
        for outlet in self._station.outlets.values():
            if outlet.transaction is not None and outlet.transaction.transaction_id == transaction_id:
                return outlet
        return None

    def _signal_now(self) -> int | None:
        if self._signal is None or self._station.time.utc_s < self._signal[0]:
            return None
        return self._signal[1]

    def _thresholds(self) -> Thresholds:
        def value(instance: str) -> float:
            return float(self._station.variables.text(f"LocalLoadBalancing[{instance}]", COMPONENT))

        return Thresholds(
            upper_w=value("UpperThreshold"),
            lower_w=value("LowerThreshold"),
            upper_offset_w=value("UpperOffset"),
            lower_offset_w=value("LowerOffset"),
        )

    # By itself.

    def _pull(self) -> None:
        """Ask for new amounts of dynamic profiles that want that (K28.FR.10)."""
        now_s = self._station.time.now_s
        due = self._station.profiles.pulls_due(self._station.time.utc_s) if self._station.ready else []
        for profile_id in due:
            if now_s >= self._next_pull_s.get(profile_id, 0.0):
                self._next_pull_s[profile_id] = now_s + 1.0
                self._station.spawn(self._pull_one(profile_id))

    async def _pull_one(self, profile_id: int) -> None:
        station = self._station
        try:
            answer = await station.link.call("PullDynamicScheduleUpdate", {"chargingProfileId": profile_id})
            amounts = amounts_from_wire(answer.get("scheduleUpdate", {}))
        except OcppError, ValueError:
            amounts = {}
            answer = {}
        if answer.get("status") == "Accepted":
            station.profiles.update(profile_id, amounts, station.time.utc_s)
        else:
            # Asked again after the interval, not at once.
            interval_s = next(
                (each.update_interval_s or 1 for each in station.profiles.profiles if each.profile_id == profile_id), 1
            )
            self._next_pull_s[profile_id] = station.time.now_s + interval_s

    def _observe_troubles(self, evse_id: int, known: Negotiation) -> None:
        found = set()
        secc = known.session.secc
        if secc.faults.shutdown is not None:
            found.add(secc.faults.shutdown)
        if known.session.evcc.ended_because == BMS_TIMEOUT:
            found.add(BMS_TIMEOUT)
        setpoint_a = known.limit.setpoint_a
        if known.session.flow_allowed and known.session.vehicle.at_floor and setpoint_a is not None and setpoint_a < 0:
            found.add(LOWER_LIMIT)
        before = self._troubles.get(evse_id, set())
        for code in sorted(found ^ before):
            self._events += 1
            cleared = code in before
            event = event_payload(evse_id, self._events, code, self._station.time, cleared=cleared)
            self._station.notify("NotifyEvent", event)
        self._troubles[evse_id] = found
