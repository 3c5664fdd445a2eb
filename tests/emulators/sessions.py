"""Stations, vehicles, sessions and charging profiles that several tests of the emulators need."""

from __future__ import annotations

from typing import Any

from tests.emulators.station_bench import Bench

STATIONS = [
    {"station": "S16", "version": "1.6", "reaction_s": 0.3},
    {"station": "S201", "version": "2.0.1", "reaction_s": 0.3},
]
VEHICLES = [
    {"charger": "left", "battery_kwh": 50, "soc_pct": 30, "plug_in_after_s": None},
    {"charger": "right", "battery_kwh": 50, "soc_pct": 30, "phases": 2, "plug_in_after_s": None},
    {"charger": "yard", "battery_kwh": 50, "soc_pct": 30, "phases": 1, "plug_in_after_s": None},
]
TOKEN = {"idToken": "CARD", "type": "ISO14443"}


async def start_v16(bench: Bench) -> int:
    """Plug in at connector 1 and start remotely; returns the transaction's id."""
    bench.outlet("S16").point.plug()
    await bench.central.hears("S16", "StatusNotification", connectorId=1, status="Preparing")
    answer = await bench.central.call("S16", "RemoteStartTransaction", {"connectorId": 1, "idTag": "CARD"})
    assert answer == {"status": "Accepted"}
    await bench.until(lambda: bench.outlet("S16").transaction is not None)
    transaction = bench.outlet("S16").transaction
    assert transaction is not None
    await bench.until(lambda: transaction.transaction_id is not None)
    return int(str(transaction.transaction_id))


async def start_v201(bench: Bench) -> str:
    """Plug in and start remotely; returns the transaction's id."""
    bench.outlet("S201").point.plug()
    await bench.central.hears("S201", "StatusNotification", connectorStatus="Occupied")
    request = {"evseId": 1, "idToken": TOKEN, "remoteStartId": 5}
    assert (await bench.central.call("S201", "RequestStartTransaction", request))["status"] == "Accepted"
    started = await bench.central.hears("S201", "TransactionEvent", eventType="Started")
    return str(started["transactionInfo"]["transactionId"])


def v16_profile(limit: float, purpose: str = "TxProfile", **changes: Any) -> dict[str, Any]:
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {
            "chargingRateUnit": "A",
            "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        },
    } | changes


def v201_profile(limit: float, transaction_id: str, **changes: Any) -> dict[str, Any]:
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
    }
    return {
        "id": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule],
        "transactionId": transaction_id,
    } | changes
