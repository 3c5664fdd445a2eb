"""What OCPP 1.6 stations say. An EVSE is a connector here, and transaction ids are numbers that we choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidewatt.drivers.ocpp.dialect import (
    ACCEPTED,
    BootReport,
    StationEvents,
    StatusReport,
    TransactionEnd,
    TransactionStart,
    TransactionUpdate,
)
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import from_wire_time, integer, not_usable, number, required, rows, text, to_wire_time, utc_now
from tidewatt.site import ChargerStatus

_V16 = OcppVersion.V16

_STATUSES: dict[str, tuple[ChargerStatus, bool | None]] = {
    "Available": (ChargerStatus.AVAILABLE, False),
    "Preparing": (ChargerStatus.PREPARING, True),
    "Charging": (ChargerStatus.CHARGING, True),
    "SuspendedEV": (ChargerStatus.SUSPENDED_EV, True),
    "SuspendedEVSE": (ChargerStatus.SUSPENDED_EVSE, True),
    "Finishing": (ChargerStatus.FINISHING, True),
    "Reserved": (ChargerStatus.UNAVAILABLE, None),
    "Unavailable": (ChargerStatus.UNAVAILABLE, None),
    "Faulted": (ChargerStatus.FAULTED, None),
}
"""Status words with what they say about the plug."""

_INTERRUPTIONS = ("HardReset", "PowerLoss", "Reboot", "SoftReset")
"""Reasons of a transaction's end that nobody wished for."""


class InboundV16:
    """Answers what an OCPP 1.6 station says; `handlers` is for its session."""

    def __init__(self, events: StationEvents, heartbeat_interval_s: int) -> None:
        self._events = events
        self._heartbeat_interval_s = heartbeat_interval_s
        self.handlers: Mapping[str, Handler] = {
            "BootNotification": self._on_boot,
            "Heartbeat": self._on_heartbeat,
            "MeterValues": self._on_meter_values,
            "StartTransaction": self._on_start,
            "StatusNotification": self._on_status,
            "StopTransaction": self._on_stop,
        }

    async def _on_boot(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._events.booted(
            BootReport(
                vendor=text(payload, "chargePointVendor") or "",
                model=text(payload, "chargePointModel") or "",
                serial_number=text(payload, "chargePointSerialNumber") or text(payload, "chargeBoxSerialNumber") or "",
                firmware=text(payload, "firmwareVersion") or "",
            )
        )
        return {"currentTime": to_wire_time(utc_now()), "interval": self._heartbeat_interval_s, "status": ACCEPTED}

    async def _on_heartbeat(self, _: dict[str, Any]) -> dict[str, Any]:
        self._events.heard()
        return {"currentTime": to_wire_time(utc_now())}

    async def _on_status(self, payload: dict[str, Any]) -> dict[str, Any]:
        word = required(text(payload, "status"), "status", _V16)
        if word not in _STATUSES:
            raise not_usable("status", word)
        status, plugged = _STATUSES[word]
        connector_id = required(integer(payload, "connectorId"), "connectorId", _V16)
        self._events.status_changed(
            StatusReport(
                evse_id=connector_id,
                connector_id=connector_id,
                status=status,
                plugged=plugged,
                error=_error(payload),
                at_utc=from_wire_time(payload.get("timestamp")),
            )
        )
        return {}

    async def _on_start(self, payload: dict[str, Any]) -> dict[str, Any]:
        connector_id = required(integer(payload, "connectorId"), "connectorId", _V16)
        id_tag = required(text(payload, "idTag"), "idTag", _V16)
        tag_info = self._tag_info(id_tag, connector_id)
        transaction_id = await self._events.transaction_started(
            TransactionStart(
                evse_id=connector_id,
                transaction_id=None,
                id_tag=id_tag,
                at_utc=from_wire_time(payload.get("timestamp")) or utc_now(),
                meter_start_wh=required(number(payload.get("meterStart")), "meterStart", _V16),
            )
        )
        return {"transactionId": int(transaction_id), "idTagInfo": tag_info}

    async def _on_stop(self, payload: dict[str, Any]) -> dict[str, Any]:
        transaction_id = required(integer(payload, "transactionId"), "transactionId", _V16)
        await self._events.transaction_ended(
            TransactionEnd(
                transaction_id=str(transaction_id),
                at_utc=from_wire_time(payload.get("timestamp")) or utc_now(),
                meter_stop_wh=number(payload.get("meterStop")),
                meter_values={"meterValue": rows(payload, "transactionData")},
                interrupted=text(payload, "reason") in _INTERRUPTIONS,
                unplugged=text(payload, "reason") == "EVDisconnected",
            )
        )
        return {}

    async def _on_meter_values(self, payload: dict[str, Any]) -> dict[str, Any]:
        connector_id = required(integer(payload, "connectorId"), "connectorId", _V16)
        transaction_id = integer(payload, "transactionId")
        if transaction_id is not None and transaction_id > 0:
            await self._events.transaction_updated(
                TransactionUpdate(transaction_id=str(transaction_id), evse_id=connector_id, meter_values=payload)
            )
        else:
            self._events.measured(connector_id, payload)
        return {}

    def _tag_info(self, id_tag: str, connector_id: int) -> dict[str, Any]:
        return self._events.authorise(id_tag, connector_id).to_wire(_V16)


def _error(payload: dict[str, Any]) -> str | None:
    """Return the error of a StatusNotification in one line, None for NoError."""
    code = text(payload, "errorCode")
    if code in (None, "NoError"):
        return None
    details = [detail for key in ("info", "vendorErrorCode") if (detail := text(payload, key, 50))]
    return f"{code} ({', '.join(details)})" if details else code
