"""What OCPP 2.x stations say. Transactions are theirs; one may begin before anybody authorised it."""

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
from tidewatt.ocpp.wire import child, from_wire_time, integer, not_usable, required, text, to_wire_time, utc_now
from tidewatt.site import ChargerStatus

_V2 = OcppVersion.V201
"""For error codes, which all of 2.x spell alike."""

_STATUSES: dict[str, tuple[ChargerStatus, bool | None]] = {
    "Available": (ChargerStatus.AVAILABLE, False),
    "Occupied": (ChargerStatus.PREPARING, True),
    "Reserved": (ChargerStatus.UNAVAILABLE, None),
    "Unavailable": (ChargerStatus.UNAVAILABLE, None),
    "Faulted": (ChargerStatus.FAULTED, None),
}
"""Connector states with what they say about the plug."""

_CHARGING_STATES: dict[str, tuple[ChargerStatus, bool]] = {
    "Charging": (ChargerStatus.CHARGING, True),
    "EVConnected": (ChargerStatus.PREPARING, True),
    "SuspendedEV": (ChargerStatus.SUSPENDED_EV, True),
    "SuspendedEVSE": (ChargerStatus.SUSPENDED_EVSE, True),
    "Idle": (ChargerStatus.FINISHING, False),
}
"""Charging states of a transaction with what they say about the plug."""

_INTERRUPTIONS = ("ImmediateReset", "PowerLoss", "Reboot")
"""Reasons of a transaction's end that nobody wished for."""

_UNAUTHORISED = ("EVConnected", "Idle")

_NOTED: dict[str, dict[str, Any]] = {
    "PublishFirmwareStatusNotification": {},
}
"""Messages that change nothing here, with their answers."""


class InboundV2:
    """Answers what an OCPP 2.x station says; `handlers` is for its session."""

    def __init__(self, events: StationEvents, heartbeat_interval_s: int) -> None:
        self._events = events
        self._heartbeat_interval_s = heartbeat_interval_s
        self.handlers: Mapping[str, Handler] = {
            **{action: self._noted(answer) for action, answer in _NOTED.items()},
            "BootNotification": self._on_boot,
            "Heartbeat": self._on_heartbeat,
            "MeterValues": self._on_meter_values,
            "StatusNotification": self._on_status,
            "TransactionEvent": self._on_transaction,
        }

    def _noted(self, answer: dict[str, Any]) -> Handler:
        async def handle(_: dict[str, Any]) -> dict[str, Any]:
            self._events.heard()
            return answer

        return handle

    async def _on_boot(self, payload: dict[str, Any]) -> dict[str, Any]:
        station = child(payload, "chargingStation")
        self._events.booted(
            BootReport(
                vendor=text(station, "vendorName") or "",
                model=text(station, "model") or "",
                serial_number=text(station, "serialNumber") or "",
                firmware=text(station, "firmwareVersion") or "",
            )
        )
        return {"currentTime": to_wire_time(utc_now()), "interval": self._heartbeat_interval_s, "status": ACCEPTED}

    async def _on_heartbeat(self, _: dict[str, Any]) -> dict[str, Any]:
        self._events.heard()
        return {"currentTime": to_wire_time(utc_now())}

    async def _on_status(self, payload: dict[str, Any]) -> dict[str, Any]:
        word = required(text(payload, "connectorStatus"), "connectorStatus", _V2)
        if word not in _STATUSES:
            raise not_usable("connectorStatus", word)
        status, plugged = _STATUSES[word]
        self._events.status_changed(
            StatusReport(
                evse_id=required(integer(payload, "evseId"), "evseId", _V2),
                connector_id=required(integer(payload, "connectorId"), "connectorId", _V2),
                status=status,
                plugged=plugged,
                occupied=word == "Occupied",
                at_utc=from_wire_time(payload.get("timestamp")),
            )
        )
        return {}

    async def _on_meter_values(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._events.measured(required(integer(payload, "evseId"), "evseId", _V2), payload)
        return {}

    async def _on_transaction(self, payload: dict[str, Any]) -> dict[str, Any]:
        kind = required(text(payload, "eventType"), "eventType", _V2)
        take = {"Started": self._start, "Updated": self._update, "Ended": self._end}.get(kind)
        if take is None:
            raise not_usable("eventType", kind)
        info = child(payload, "transactionInfo")
        transaction_id = required(text(info, "transactionId", 36), "transactionInfo.transactionId", _V2)
        await take(payload, transaction_id, info)
        tag = _tag(payload)
        if tag is None or kind == "Ended":
            return {}
        return {"idTokenInfo": self._token_info(tag, integer(child(payload, "evse"), "id"))}

    async def _start(self, payload: dict[str, Any], transaction_id: str, info: dict[str, Any]) -> None:
        evse_id = required(integer(child(payload, "evse"), "id"), "evse.id", _V2)
        tag = _tag(payload)
        await self._events.transaction_started(
            TransactionStart(
                evse_id=evse_id,
                transaction_id=transaction_id,
                id_tag=tag,
                at_utc=from_wire_time(payload.get("timestamp")) or utc_now(),
                authorised=tag is not None or text(info, "chargingState") not in _UNAUTHORISED,
                offline=payload.get("offline") is True,
            )
        )
        await self._update(payload, transaction_id, info)

    async def _update(self, payload: dict[str, Any], transaction_id: str, info: dict[str, Any]) -> None:
        status, plugged = _CHARGING_STATES.get(text(info, "chargingState") or "", (None, None))
        await self._events.transaction_updated(
            TransactionUpdate(
                transaction_id=transaction_id,
                evse_id=integer(child(payload, "evse"), "id"),
                status=status,
                plugged=plugged,
                id_tag=_tag(payload),
                meter_values=payload,
                offline=payload.get("offline") is True,
                sequence=integer(payload, "seqNo"),
                at_utc=from_wire_time(payload.get("timestamp")),
            )
        )

    async def _end(self, payload: dict[str, Any], transaction_id: str, info: dict[str, Any]) -> None:
        await self._events.transaction_ended(
            TransactionEnd(
                transaction_id=transaction_id,
                at_utc=from_wire_time(payload.get("timestamp")) or utc_now(),
                meter_values=payload,
                interrupted=text(info, "stoppedReason") in _INTERRUPTIONS,
                unplugged=text(info, "stoppedReason") == "EVDisconnected",
                offline=payload.get("offline") is True,
                sequence=integer(payload, "seqNo"),
                evse_id=integer(child(payload, "evse"), "id"),
            )
        )

    def _token_info(self, tag: str | None, evse_id: int | None) -> dict[str, Any]:
        return self._events.authorise(tag, evse_id).to_wire(_V2)


def _tag(payload: dict[str, Any]) -> str | None:
    return text(child(payload, "idToken"), "idToken", 36)
