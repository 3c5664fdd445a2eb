"""An OCPP 1.6J station: what it says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
import math
from typing import Any

from tidewatt.emulators.station.dialect import EndCause
from tidewatt.emulators.station.outbox import Letter
from tidewatt.emulators.station.outlet import Outlet, Permission, Transaction
from tidewatt.emulators.station.sampling import ENERGY, Sampled, default_measurands, measurands_of, sample
from tidewatt.emulators.station.station import Station
from tidewatt.emulators.station.variables import Variable, Variables, boolean, list_of, whole_number
from tidewatt.ocpp.charging.rules import MAX_PERIODS, MAX_PROFILES, MAX_STACK_LEVEL
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import utc_text
from tidewatt.site import ChargerStatus

from .calls import CallsV16

_REASONS = {
    EndCause.LOCAL: "Local",
    EndCause.REMOTE: "Remote",
    EndCause.UNPLUGGED: "EVDisconnected",
    EndCause.DEAUTHORIZED: "DeAuthorized",
    EndCause.SOFT_RESET: "SoftReset",
    EndCause.HARD_RESET: "HardReset",
    EndCause.POWER_LOSS: "PowerLoss",
    EndCause.UNLOCK: "UnlockCommand",
    EndCause.TRANSFER_REJECTED: "Other",
    EndCause.FIRMWARE: "Reboot",
}

_STATUS = {
    ChargerStatus.UNAVAILABLE: "Unavailable",
    ChargerStatus.AVAILABLE: "Available",
    ChargerStatus.PREPARING: "Preparing",
    ChargerStatus.CHARGING: "Charging",
    ChargerStatus.SUSPENDED_EV: "SuspendedEV",
    ChargerStatus.SUSPENDED_EVSE: "SuspendedEVSE",
    ChargerStatus.FINISHING: "Finishing",
    ChargerStatus.FAULTED: "Faulted",
}

_NO_TRANSACTION_ID = -1
"""Stands for the id of a transaction that the central system never gave one."""


class StationV16(Station):
    """A station that speaks OCPP 1.6J."""

    def make_variables(self) -> Variables:
        """Return the configuration keys that have an effect here, and those that describe the station."""
        points = [outlet.point for outlet in self.outlets.values()]
        writable = {
            "HeartbeatInterval": ("300", whole_number()),
            "MeterValueSampleInterval": ("60", whole_number()),
            "MeterValuesSampledData": (default_measurands(points), list_of(measurands_of(points))),
            "ConnectionTimeOut": ("60", whole_number(1)),
            "AuthorizeRemoteTxRequests": ("false", boolean),
            "StopTransactionOnInvalidId": ("true", boolean),
        }
        described = {
            "NumberOfConnectors": str(len(self.outlets)),
            "SupportedFeatureProfiles": "Core,SmartCharging,RemoteTrigger",
            "ChargeProfileMaxStackLevel": str(MAX_STACK_LEVEL),
            "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
            "ChargingScheduleMaxPeriods": str(MAX_PERIODS),
            "MaxChargingProfilesInstalled": str(MAX_PROFILES),
            "ConnectorSwitch3to1PhaseSupported": "true",
            "StopTransactionOnEVSideDisconnect": "true",
        }
        return Variables(
            [Variable(name=name, value=value, accepts=accepts) for name, (value, accepts) in writable.items()]
            + [Variable(name=name, value=value) for name, value in described.items()]
        )

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers the central system's calls."""
        return CallsV16(self).handlers()

    def boot_payload(self) -> dict[str, Any]:
        """Return a BootNotification. OCPP 1.6 gives no reason."""
        return {
            "chargePointVendor": "Tidewatt",
            "chargePointModel": self.spec.model,
            "chargePointSerialNumber": self.station_id[:25],
            "firmwareVersion": self.firmware_version,
        }

    def authorize_payload(self, permission: Permission) -> dict[str, Any]:
        """Return an Authorize. OCPP 1.6 knows one kind of card."""
        return {"idTag": permission.id_tag}

    def is_authorized(self, answer: Mapping[str, Any]) -> bool:
        """Tell whether an answer with idTagInfo says yes."""
        return bool(answer.get("idTagInfo", {}).get("status") == "Accepted")

    def connector_status(self, outlet: Outlet, connector_id: int) -> str:  # noqa: ARG002 - 1.6 numbers outlets only
        """Return the status of a connector."""
        if outlet.is_reserved:
            return "Reserved"
        return _STATUS[outlet.status()]

    def status_payload(self, outlet: Outlet, connector_id: int) -> dict[str, Any]:
        """Return a StatusNotification."""
        return {
            "connectorId": outlet.evse_id,
            "errorCode": "NoError",
            "status": self.connector_status(outlet, connector_id),
            "timestamp": self.time.timestamp(),
        }

    def on_started(self, outlet: Outlet, transaction: Transaction) -> None:
        """Send StartTransaction; its answer brings the transaction's id."""
        payload = {
            "connectorId": outlet.evse_id,
            "idTag": transaction.permission.id_tag if transaction.permission else "",
            "meterStart": math.floor(transaction.meter_start_wh),
            "timestamp": utc_text(transaction.started_utc_s),
        }
        if transaction.reservation_id is not None:
            payload["reservationId"] = transaction.reservation_id

        def answered(answer: dict[str, Any]) -> None:
            transaction.transaction_id = str(answer["transactionId"])
            refused = not self.is_authorized(answer)
            strict = self.variables.flag("StopTransactionOnInvalidId")
            if refused and strict and outlet.transaction is transaction:
                self.end(outlet, EndCause.DEAUTHORIZED)

        self.post(Letter(action="StartTransaction", payload=lambda: payload, on_answer=answered))

    def on_ended(self, outlet: Outlet, transaction: Transaction, cause: EndCause) -> None:
        """Send StopTransaction."""
        payload = {
            "meterStop": math.floor(outlet.point.energy_wh),
            "timestamp": self.time.timestamp(),
            "reason": _REASONS[cause],
        }
        if cause is EndCause.LOCAL and transaction.permission is not None:
            payload["idTag"] = transaction.permission.id_tag
        self.post(Letter(action="StopTransaction", payload=lambda: payload | {"transactionId": _wire_id(transaction)}))

    def on_plugged(self, outlet: Outlet) -> None:
        """Say nothing: OCPP 1.6 has the status for it."""

    def on_authorized(self, outlet: Outlet, transaction: Transaction) -> None:
        """Say nothing: a transaction of OCPP 1.6 starts with its permission."""

    def on_status_changed(self, outlet: Outlet) -> None:
        """Say nothing: StatusNotification tells it while there is a connection."""

    def on_sample(self, outlet: Outlet, transaction: Transaction) -> None:
        """Send MeterValues of a transaction."""
        payload = self._meter_values(outlet, "Sample.Periodic")
        self.post(
            Letter(
                action="MeterValues",
                payload=lambda: payload | {"transactionId": _wire_id(transaction)},
                dispensable=True,
            )
        )

    def on_trigger_sample(self, outlet: Outlet) -> None:
        """Send MeterValues now, with the transaction if there is one."""
        payload = self._meter_values(outlet, "Trigger")
        if outlet.transaction is not None:
            payload["transactionId"] = _wire_id(outlet.transaction)
        self.notify("MeterValues", payload)

    def sample_interval_s(self) -> int:
        """Return MeterValueSampleInterval."""
        return self.variables.number("MeterValueSampleInterval")

    def connection_timeout_s(self) -> int:
        """Return ConnectionTimeOut."""
        return self.variables.number("ConnectionTimeOut")

    def heartbeat_interval_s(self) -> int:
        """Return HeartbeatInterval."""
        return self.variables.number("HeartbeatInterval")

    def set_heartbeat_interval(self, interval_s: int) -> None:
        """Take over the interval of a BootNotification's answer."""
        self.variables.set("HeartbeatInterval", str(interval_s))

    def _meter_values(self, outlet: Outlet, context: str) -> dict[str, Any]:
        values = sample(outlet.point, self.variables.names("MeterValuesSampledData"))
        # The schema wants at least one value.
        values = values or sample(outlet.point, [ENERGY])
        return {
            "connectorId": outlet.evse_id,
            "meterValue": [{"timestamp": self.time.timestamp(), "sampledValue": _sampled(values, context)}],
        }


def _wire_id(transaction: Transaction) -> int:
    return _NO_TRANSACTION_ID if transaction.transaction_id is None else int(transaction.transaction_id)


def _sampled(values: Iterable[Sampled], context: str) -> list[dict[str, Any]]:
    return [
        {"value": f"{each.value:g}" if each.unit != "Wh" else f"{each.value:.1f}", "context": context}
        | {"measurand": each.measurand}
        | ({} if each.phase is None else {"phase": each.phase})
        | ({} if each.unit == "Hz" else {"unit": each.unit})
        for each in values
    ]
