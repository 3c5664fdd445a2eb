"""What a scripted OCPP 2.0.1 station says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.drivers_ocpp.ocpp_rig import RawStation

TX = "3f1c2e9a-transaction"


def at(minutes: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


async def status(station: RawStation, word: str, evse_id: int = 1, connector_id: int = 1) -> None:
    payload = {"timestamp": at(), "connectorStatus": word, "evseId": evse_id, "connectorId": connector_id}
    await station.call("StatusNotification", payload)


def meter_value(energy_kwh: float, amps: tuple[float, ...] = (), when: str | None = None) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = [{"value": energy_kwh, "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}]
    samples += [
        {"value": amp, "measurand": "Current.Import", "phase": f"L{number}-N", "unitOfMeasure": {"unit": "A"}}
        for number, amp in enumerate(amps, 1)
    ]
    return [{"timestamp": when or at(), "sampledValue": samples}]


async def event(station: RawStation, kind: str, state: str = "Charging", **options: Any) -> dict[str, Any]:
    """Send a TransactionEvent; `tag`, `energy_kwh`, `amps`, `when`, `reason` and `offline` say what it holds."""
    payload: dict[str, Any] = {
        "eventType": kind,
        "timestamp": options.get("when") or at(),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 0,
        "transactionInfo": {"transactionId": options.get("transaction_id", TX), "chargingState": state},
    }
    if kind == "Started":
        payload["evse"] = {"id": options.get("evse_id", 1), "connectorId": 1}
    if "tag" in options:
        payload["idToken"] = {"idToken": options["tag"], "type": "ISO14443"}
    if "energy_kwh" in options:
        payload["meterValue"] = meter_value(options["energy_kwh"], options.get("amps", ()), options.get("when"))
    if options.get("offline"):
        payload["offline"] = True
    if "reason" in options:
        payload["transactionInfo"]["stoppedReason"] = options["reason"]
    return await station.call("TransactionEvent", payload)


async def charging(station: RawStation) -> None:
    await station.boot()
    await status(station, "Occupied")
    await event(station, "Started", tag="CARD", energy_kwh=1.0)
    await station.prepared()
