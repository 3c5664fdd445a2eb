"""What a station says in the OCPP benchmark: frames made beforehand, so that the load costs next to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
import itertools
import json
from typing import Any

VERSIONS = ("ocpp1.6", "ocpp2.0.1")

METER_VALUES_PER_MINUTE = 12
HEARTBEATS_PER_MINUTE = 1
STATUSES_PER_MINUTE = 1
PER_MINUTE = METER_VALUES_PER_MINUTE + HEARTBEATS_PER_MINUTE + STATUSES_PER_MINUTE
"""Messages of a charging station in a minute: it measures every 5 s."""

type Message = tuple[str, dict[str, Any]]


def opening(version: str, number: int) -> list[Message]:
    """Return what a station says before its minutes begin: it boots and starts a transaction."""
    if version == "ocpp1.6":
        return [
            ("BootNotification", {"chargePointVendor": "Tidewatt", "chargePointModel": "Bench"}),
            _status(version, "Charging"),
            ("StartTransaction", {"connectorId": 1, "idTag": "BENCH", "meterStart": 0, "timestamp": _now()}),
        ]
    station = {"vendorName": "Tidewatt", "model": "Bench"}
    return [
        ("BootNotification", {"chargingStation": station, "reason": "PowerUp"}),
        _status(version, "Occupied"),
        _event("Started", f"bench-{number}"),
    ]


def minute(version: str, number: int, transaction_id: int) -> list[Message]:
    """Return what a charging station says in a minute; the version decides which way its transaction is named."""
    if version == "ocpp1.6":
        measures: Message = (
            "MeterValues",
            {"connectorId": 1, "transactionId": transaction_id, "meterValue": [_meter_value(version)]},
        )
    else:
        measures = _event("Updated", f"bench-{number}")
    return [
        *itertools.repeat(measures, METER_VALUES_PER_MINUTE),
        *itertools.repeat(("Heartbeat", {}), HEARTBEATS_PER_MINUTE),
        *itertools.repeat(_status(version, "Charging" if version == "ocpp1.6" else "Occupied"), STATUSES_PER_MINUTE),
    ]


def frames(messages: list[Message]) -> Iterator[str]:
    """Yield the frames of the messages again and again, each with an id of its own."""
    halves = [f'","{action}",{json.dumps(payload, separators=(",", ":"))}]' for action, payload in messages]
    for number, rest in enumerate(itertools.cycle(halves)):
        yield f'[2,"{number}{rest}'


def _status(version: str, word: str) -> Message:
    if version == "ocpp1.6":
        return "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": word}
    return "StatusNotification", {"timestamp": _now(), "connectorStatus": word, "evseId": 1, "connectorId": 1}


def _event(kind: str, transaction_id: str) -> Message:
    payload = {
        "eventType": kind,
        "timestamp": _now(),
        "triggerReason": "MeterValuePeriodic" if kind == "Updated" else "CablePluggedIn",
        "seqNo": 0,
        "transactionInfo": {"transactionId": transaction_id, "chargingState": "Charging"},
        "evse": {"id": 1, "connectorId": 1},
        "meterValue": [_meter_value("ocpp2.0.1")],
    }
    if kind == "Started":
        payload["idToken"] = {"idToken": "BENCH", "type": "ISO14443"}
    return "TransactionEvent", payload


def _meter_value(version: str) -> dict[str, Any]:
    values: list[tuple[float, dict[str, str], str]] = [(12345.0, {"measurand": "Energy.Active.Import.Register"}, "Wh")]
    for phase in ("L1", "L2", "L3"):
        values.append((10.1, {"measurand": "Current.Import", "phase": phase}, "A"))
        values.append((230.2, {"measurand": "Voltage", "phase": f"{phase}-N"}, "V"))
    values.append((6970.0, {"measurand": "Power.Active.Import"}, "W"))
    samples: list[dict[str, Any]]
    if version == "ocpp1.6":
        samples = [{"value": str(value), "unit": unit, **what} for value, what, unit in values]
    else:
        samples = [{"value": value, "unitOfMeasure": {"unit": unit}, **what} for value, what, unit in values]
    return {"timestamp": _now(), "sampledValue": samples}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
