"""A station of OCPP 2.1 whose vehicle can give, at a scripted central system."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.emulators.site_of import document
from tests.emulators.station_bench import Answer, Bench, Payload, bench_of
from tidewatt.emulators.iso15118 import VehicleSession
from tidewatt.emulators.physics import TwoWayPoint
from tidewatt.emulators.station import StationV2

EVCC_ID = "02AABBCCDDEE"
BOTH_WAYS = ["DC", "DC_BPT", "AC_three_phase", "AC_BPT"]
PERMITTED: Payload = {"idTokenInfo": {"status": "Accepted"}, "allowedEnergyTransfer": BOTH_WAYS}


@asynccontextmanager
async def v2x_bench(*, answers: dict[str, Any] | None = None, **iso15118: Any) -> AsyncIterator[Bench]:
    """Run one station with an unplugged vehicle, booted; `answers` are those of the central system by action."""
    section = {"service": "DC_BPT", "evcc_id": EVCC_ID, "maximum_discharge_kw": 8, "maximum_charge_kw": 11} | iso15118
    vehicle = {
        "charger": "left",
        "battery_kwh": section.pop("battery_kwh", 50),
        "soc_pct": section.pop("soc_pct", 60),
        "plug_in_after_s": None,
        "iso15118": section,
    }
    stations = [{"station": "S201", "version": "2.1", "reaction_s": 0.1}]
    async with bench_of(document(stations=stations, vehicles=[vehicle])) as bench:
        for action, answer in ({"Authorize": PERMITTED} | (answers or {})).items():
            bench.central.answers[action] = answer if callable(answer) else _always(answer)
        await bench.central.hears("S201", "StatusNotification")
        yield bench


def _always(answer: Payload) -> Answer:
    return lambda _: answer


def v2x_point(bench: Bench) -> TwoWayPoint:
    point = bench.outlet("S201").point
    assert isinstance(point, TwoWayPoint)
    return point


def v2x_session(bench: Bench) -> VehicleSession:
    link = v2x_point(bench).link
    assert isinstance(link, VehicleSession)
    return link


def v2x_station(bench: Bench) -> StationV2:
    station = bench.station("S201")
    assert isinstance(station, StationV2)
    return station


async def plug_in(bench: Bench) -> str:
    """Plug in and wait for the vehicle's transaction; returns its id."""
    bench.outlet("S201").point.plug()
    started = await bench.central.hears("S201", "TransactionEvent", eventType="Started")
    return str(started["transactionInfo"]["transactionId"])


async def negotiated(bench: Bench, **period: Any) -> str:
    """Plug in, answer the vehicle's needs with a profile of one period, and wait for the loop; returns the id."""
    transaction_id = await plug_in(bench)
    await bench.central.hears("S201", "NotifyEVChargingNeeds")
    await give(bench, transaction_id, **period)
    await bench.until(lambda: v2x_session(bench).flow_allowed)
    return transaction_id


async def give(bench: Bench, transaction_id: str, *, kind: str = "Relative", **fields: Any) -> None:
    """Install a TxProfile of one period in W; schedule fields go beside it, profile fields begin with `profile_`."""
    document = profile(transaction_id, kind=kind, **fields)
    answer = await bench.central.call("S201", "SetChargingProfile", {"evseId": 1, "chargingProfile": document})
    assert answer == {"status": "Accepted"}


def profile(transaction_id: str | None, *, kind: str = "Relative", **fields: Any) -> dict[str, Any]:
    given = [name for name in fields if name.startswith("profile_")]
    own: dict[str, Any] = {name.removeprefix("profile_"): fields.pop(name) for name in given}
    schedule: dict[str, Any] = {name: fields.pop(name) for name in ("duration", "limitAtSoC") if name in fields}
    period = {"startPeriod": 0, **fields}
    written: dict[str, Any] = {
        "id": 1,
        "stackLevel": 1,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": kind,
        "chargingSchedule": [{"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [period], **schedule}],
    } | own
    return written if transaction_id is None else written | {"transactionId": transaction_id}


async def flows(bench: Bench, power_w: float) -> None:
    """Let time pass until a power flows through the point, negative out of the vehicle."""
    await bench.until(lambda: abs(bench.outlet("S201").point.power_w - power_w) < 1)
