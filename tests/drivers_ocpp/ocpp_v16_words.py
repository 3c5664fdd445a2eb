"""What a scripted OCPP 1.6 station says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.drivers_ocpp.ocpp_rig import RawStation

REJECTED = {"status": "Rejected"}


def at(minutes: float = 0.0) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


async def status(station: RawStation, word: str, connector_id: int = 1) -> None:
    payload = {"connectorId": connector_id, "errorCode": "NoError", "status": word, "timestamp": at()}
    await station.call("StatusNotification", payload)


async def start(
    station: RawStation, meter_start: int = 1000, when: str | None = None, tag: str = "CARD", connector_id: int = 1
) -> int:
    payload = {"connectorId": connector_id, "idTag": tag, "meterStart": meter_start, "timestamp": when or at()}
    return int((await station.call("StartTransaction", payload))["transactionId"])


def meter_values(
    transaction_id: int | None, energy_wh: float, amps: tuple[float, ...] = (10, 10, 10), when: str | None = None
) -> dict[str, Any]:
    samples: list[dict[str, str]] = [{"value": str(energy_wh)}]
    samples += [
        {"value": str(amp), "measurand": "Current.Import", "phase": f"L{number}", "unit": "A"}
        for number, amp in enumerate(amps, 1)
    ]
    samples.append({"value": str(sum(amps) * 0.23), "measurand": "Power.Active.Import", "unit": "kW"})
    payload: dict[str, Any] = {"connectorId": 1, "meterValue": [{"timestamp": when or at(), "sampledValue": samples}]}
    return payload if transaction_id is None else payload | {"transactionId": transaction_id}


async def charging(station: RawStation, **options: Any) -> int:
    """Boot, plug in, start and wait for the set-up to be over; return the transaction id."""
    await station.boot()
    await status(station, "Preparing")
    transaction_id = await start(station, **options)
    await status(station, "Charging")
    await station.prepared()
    return transaction_id
