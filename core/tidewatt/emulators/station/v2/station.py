"""A station of OCPP 2.0.1 or 2.1: what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import logging
from typing import Any

from tidewatt.emulators.physics import Offer, TwoWayPoint
from tidewatt.emulators.station.dialect import EndCause
from tidewatt.emulators.station.outbox import Letter
from tidewatt.emulators.station.outlet import Outlet, Permission, Transaction
from tidewatt.emulators.station.sampling import Sampled, default_measurands, measurands_of, sample
from tidewatt.emulators.station.station import Station
from tidewatt.emulators.station.v2x import V2x, v2x_variables
from tidewatt.emulators.station.variables import Variable, Variables, boolean, list_of, whole_number
from tidewatt.ocpp.charging import Ruleset
from tidewatt.ocpp.charging.rules import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.session import Handler
from tidewatt.site import ChargerStatus

from .calls import CallsV2

_LOGGER = logging.getLogger(__name__)

_STOPPED = {
    EndCause.LOCAL: ("Local", "StopAuthorized"),
    EndCause.REMOTE: ("Remote", "RemoteStop"),
    EndCause.UNPLUGGED: ("EVDisconnected", "EVCommunicationLost"),
    EndCause.DEAUTHORIZED: ("DeAuthorized", "Deauthorized"),
    EndCause.SOFT_RESET: ("Reboot", "ResetCommand"),
    EndCause.HARD_RESET: ("ImmediateReset", "ResetCommand"),
    EndCause.POWER_LOSS: ("PowerLoss", "AbnormalCondition"),
    EndCause.UNLOCK: ("Other", "UnlockCommand"),
    EndCause.FIRMWARE: ("Reboot", "ResetCommand"),
    EndCause.TRANSFER_REJECTED: ("ReqEnergyTransferRejected", "AbnormalCondition"),
}
"""`stoppedReason` and `triggerReason` of the last event of a transaction."""

_BOOT_REASON = {
    EndCause.SOFT_RESET: "ScheduledReset",
    EndCause.HARD_RESET: "RemoteReset",
    EndCause.TRIGGER: "Triggered",
    EndCause.FIRMWARE: "FirmwareUpdate",
}

_FEATURES = ("DynamicProfiles", "UseLocalTime", "RandomizedDelay", "LimitAtSoC", "EvseSleep", "MaxOfflineDuration")
"""What 2.1 lets a station leave out of its charging profiles, and this one does not."""

_CHARGING_STATE = {
    ChargerStatus.CHARGING: "Charging",
    ChargerStatus.SUSPENDED_EV: "SuspendedEV",
    ChargerStatus.SUSPENDED_EVSE: "SuspendedEVSE",
}


class StationV2(Station):
    """A station that speaks OCPP 2.0.1 or 2.1. `v2x` is what it does with vehicles that can give, in 2.1.

    A transaction starts when somebody has permission and a cable is plugged in (TxStartPoint PowerPathClosed), or with
    the cable alone (EVConnected), as the central system sets it.
    """

    def make_variables(self) -> Variables:
        """Return the variables that have an effect here, and those that describe the station."""
        points = [outlet.point for outlet in self.outlets.values()]
        measurands = (default_measurands(points), list_of(measurands_of(points)))
        writable = {
            ("OCPPCommCtrlr", "HeartbeatInterval"): ("300", whole_number()),
            ("SampledDataCtrlr", "TxUpdatedInterval"): ("60", whole_number()),
            ("SampledDataCtrlr", "TxUpdatedMeasurands"): measurands,
            ("SampledDataCtrlr", "TxStartedMeasurands"): measurands,
            ("SampledDataCtrlr", "TxEndedMeasurands"): measurands,
            ("TxCtrlr", "EVConnectionTimeOut"): ("60", whole_number(1)),
            ("TxCtrlr", "TxStartPoint"): ("PowerPathClosed", lambda text: text in {"PowerPathClosed", "EVConnected"}),
            ("TxCtrlr", "StopTxOnInvalidId"): ("true", boolean),
            ("AuthCtrlr", "AuthorizeRemoteStart"): ("false", boolean),
        }
        described = {
            ("TxCtrlr", "TxStopPoint"): "EVConnected,PowerPathClosed",
            ("SmartChargingCtrlr", "Enabled"): "true",
            ("SmartChargingCtrlr", "ProfileStackLevel"): str(MAX_STACK_LEVEL),
            ("SmartChargingCtrlr", "RateUnit"): "A,W",
            ("SmartChargingCtrlr", "PeriodsPerSchedule"): str(MAX_PERIODS),
            ("SmartChargingCtrlr", "Entries"): str(MAX_PROFILES),
            ("SmartChargingCtrlr", "Phases3to1"): "true",
        }
        two_way: list[TwoWayPoint] = []
        if self.rules is Ruleset.V21:
            described |= {("SmartChargingCtrlr", f"SupportsFeature[{feature}]"): "true" for feature in _FEATURES}
            two_way = [each for each in points if isinstance(each, TwoWayPoint)]
        return Variables(
            [
                Variable(component=component, name=name, value=value, accepts=accepts)
                for (component, name), (value, accepts) in writable.items()
            ]
            + [Variable(component=component, name=name, value=value) for (component, name), value in described.items()]
            + v2x_variables(two_way)
        )

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers the central system's calls."""
        self.v2x = V2x(self)
        own = CallsV2(self, report_transaction=self._report_transaction)
        return {**own.handlers(), **self.v2x.handlers()}

    def observe(self) -> None:
        """React to what the last slice brought, vehicles that speak included."""
        super().observe()
        self.v2x.observe()
        for outlet in self.outlets.values():
            mode = self.v2x.new_mode(outlet)
            if mode is not None and outlet.transaction is not None:
                self._event(outlet, outlet.transaction, "Updated", "OperationModeChanged", operation_mode=mode)

    def _offer(self, outlet: Outlet) -> Offer:
        return self.v2x.offer(outlet) or super()._offer(outlet)

    def _admit(self, outlet: Outlet) -> None:
        if not self.v2x.waits(outlet):
            super()._admit(outlet)

    async def _authorize(self, outlet: Outlet, permission: Permission) -> None:
        """Ask about somebody; for a vehicle that can give, the answer says which way energy may flow (Q01)."""
        known = self.v2x.negotiations.get(outlet.evse_id)
        if known is None or not self.ready:
            await super()._authorize(outlet, permission)
            return
        try:
            answer = await self.link.call("Authorize", {"idToken": known.token(permission)})
        except OcppError as error:
            _LOGGER.warning("Station %s could not ask about a vehicle: %s", self.station_id, error)
            return
        if self.is_authorized(answer):
            known.permitted_by(answer)
            self.permit(outlet, permission)

    def boot_payload(self) -> dict[str, Any]:
        """Return a BootNotification."""
        return {
            "reason": _BOOT_REASON.get(self.boot_cause, "PowerUp"),
            "chargingStation": {
                "vendorName": "Tidewatt",
                "model": self.spec.model,
                "serialNumber": self.station_id[:25],
                "firmwareVersion": self.firmware_version,
            },
        }

    def authorize_payload(self, permission: Permission) -> dict[str, Any]:
        """Return an Authorize."""
        return {"idToken": _id_token(permission)}

    def is_authorized(self, answer: Mapping[str, Any]) -> bool:
        """Tell whether an answer with idTokenInfo says yes. The answer to a TransactionEvent may leave it out."""
        return bool(answer.get("idTokenInfo", {"status": "Accepted"}).get("status") == "Accepted")

    def connector_status(self, outlet: Outlet, connector_id: int) -> str:
        """Return the status of a connector; while one of an EVSE is in use, the others cannot be."""
        if not outlet.operative or (outlet.point.plugged and connector_id != outlet.connector_id):
            return "Unavailable"
        if outlet.point.plugged:
            return "Occupied"
        return "Reserved" if outlet.is_reserved else "Available"

    def status_payload(self, outlet: Outlet, connector_id: int) -> dict[str, Any]:
        """Return a StatusNotification."""
        return {
            "timestamp": self.time.timestamp(),
            "connectorStatus": self.connector_status(outlet, connector_id),
            "evseId": outlet.evse_id,
            "connectorId": connector_id,
        }

    def on_plugged(self, outlet: Outlet) -> None:
        """Start a transaction with the cable where the central system wants that."""
        if outlet.transaction is None and self.variables.text("TxStartPoint", "TxCtrlr") == "EVConnected":
            self.begin(outlet, None)

    def on_started(self, outlet: Outlet, transaction: Transaction) -> None:
        """Send the event that starts a transaction."""
        trigger = transaction.permission.trigger if transaction.permission else "CablePluggedIn"
        self._event(outlet, transaction, "Started", trigger, context="Transaction.Begin", names="TxStartedMeasurands")

    def on_authorized(self, outlet: Outlet, transaction: Transaction) -> None:
        """Send the event that says who charges."""
        trigger = transaction.permission.trigger if transaction.permission else "Authorized"
        self._event(outlet, transaction, "Updated", trigger, introduce=True)

    def on_status_changed(self, outlet: Outlet) -> None:
        """Send a new charging state."""
        if outlet.transaction is not None:
            self._event(outlet, outlet.transaction, "Updated", "ChargingStateChanged")

    def on_sample(self, outlet: Outlet, transaction: Transaction) -> None:
        """Send periodic meter values."""
        self._event(
            outlet, transaction, "Updated", "MeterValuePeriodic", context="Sample.Periodic", names="TxUpdatedMeasurands"
        )

    def on_trigger_sample(self, outlet: Outlet) -> None:
        """Send MeterValues now."""
        values = self._meter_values(outlet, "Trigger", "TxUpdatedMeasurands")
        if values:
            self.notify("MeterValues", {"evseId": outlet.evse_id, "meterValue": values})

    def _report_transaction(self, outlet: Outlet) -> None:
        if outlet.transaction is not None:
            self._event(
                outlet, outlet.transaction, "Updated", "Trigger", context="Trigger", names="TxUpdatedMeasurands"
            )

    def on_ended(self, outlet: Outlet, transaction: Transaction, cause: EndCause) -> None:
        """Send the event that ends a transaction."""
        stopped_reason, trigger = _STOPPED[cause]
        self._event(
            outlet,
            transaction,
            "Ended",
            trigger,
            context="Transaction.End",
            names="TxEndedMeasurands",
            stopped_reason=stopped_reason,
        )

    def sample_interval_s(self) -> int:
        """Return TxUpdatedInterval."""
        return self.variables.number("TxUpdatedInterval", "SampledDataCtrlr")

    def connection_timeout_s(self) -> int:
        """Return EVConnectionTimeOut."""
        return self.variables.number("EVConnectionTimeOut", "TxCtrlr")

    def heartbeat_interval_s(self) -> int:
        """Return HeartbeatInterval."""
        return self.variables.number("HeartbeatInterval", "OCPPCommCtrlr")

    def set_heartbeat_interval(self, interval_s: int) -> None:
        """Take over the interval of a BootNotification's answer."""
        self.variables.set("HeartbeatInterval", str(interval_s), "OCPPCommCtrlr")

    def _event(
        self,
        outlet: Outlet,
        transaction: Transaction,
        kind: str,
        trigger: str,
        *,
        context: str = "",
        names: str = "",
        stopped_reason: str | None = None,
        introduce: bool = False,
        operation_mode: str | None = None,
    ) -> None:
        """Post a TransactionEvent. `introduce` adds who charges and where, as the first event does by itself."""
        info: dict[str, Any] = {
            "transactionId": transaction.transaction_id,
            "chargingState": self._charging_state(outlet),
        }
        if stopped_reason is not None:
            info["stoppedReason"] = stopped_reason
        if operation_mode is not None:
            info["operationMode"] = operation_mode
        event: dict[str, Any] = {
            "eventType": kind,
            "timestamp": self.time.timestamp(),
            "triggerReason": trigger,
            "seqNo": transaction.next_seq_no(),
            "offline": not self.ready,
            "transactionInfo": info,
        }
        if introduce or kind == "Started":
            event["evse"] = {"id": outlet.evse_id, "connectorId": outlet.connector_id}
            self._introduce(event, outlet, transaction.permission)
        if kind == "Started" and transaction.reservation_id is not None:
            event["reservationId"] = transaction.reservation_id
        values = self._meter_values(outlet, context, names) if names else []
        if values:
            event["meterValue"] = values
        self.post(
            Letter(
                action="TransactionEvent",
                payload=lambda: event,
                on_answer=lambda answer: self._on_event_answer(outlet, transaction, answer),
                dispensable=trigger == "MeterValuePeriodic",
            )
        )

    def _introduce(self, event: dict[str, Any], outlet: Outlet, permission: Permission | None) -> None:
        if permission is None:
            return
        event["idToken"] = self.v2x.token(outlet, permission) or _id_token(permission)
        if permission.remote_start_id is not None:
            event["transactionInfo"]["remoteStartId"] = permission.remote_start_id

    def _on_event_answer(self, outlet: Outlet, transaction: Transaction, answer: Mapping[str, Any]) -> None:
        refused = not self.is_authorized(answer) and self.variables.flag("StopTxOnInvalidId", "TxCtrlr")
        if refused and outlet.transaction is transaction:
            self.end(outlet, EndCause.DEAUTHORIZED)

    def _charging_state(self, outlet: Outlet) -> str:
        idle = "EVConnected" if outlet.point.plugged else "Idle"
        return _CHARGING_STATE.get(outlet.status(), idle)

    def _meter_values(self, outlet: Outlet, context: str, names: str) -> list[dict[str, Any]]:
        values = sample(outlet.point, self.variables.names(names, "SampledDataCtrlr"))
        if not values:
            return []
        return [{"timestamp": self.time.timestamp(), "sampledValue": _sampled(values, context)}]


def _id_token(permission: Permission) -> dict[str, Any]:
    return {"idToken": permission.id_tag, "type": permission.kind}


def _sampled(values: Iterable[Sampled], context: str) -> list[dict[str, Any]]:
    return [
        {"value": each.value, "context": context, "measurand": each.measurand, "unitOfMeasure": {"unit": each.unit}}
        | ({} if each.phase is None else {"phase": each.phase})
        for each in values
    ]
