"""What an emulated station can do beside charging, in the versions that have it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
import pytest

from tests.emulators.sessions import STATIONS, VEHICLES
from tests.emulators.site_of import document
from tests.emulators.station_bench import Bench, bench_of
from tests.emulators.test_emulated_faults import inject
from tidewatt.ocpp.wire import utc_text

ALL = ("S16", "S201")


@asynccontextmanager
async def depot(firmware: bytes = b"image") -> AsyncIterator[tuple[str, dict[str, bytes]]]:
    """Serve a file at /firmware and take uploads; yields the address and what was uploaded."""
    uploads: dict[str, bytes] = {}

    async def take(request: web.Request) -> web.Response:
        uploads[request.path] = await request.read()
        return web.Response()

    async def give(_: web.Request) -> web.Response:
        return web.Response(body=firmware)

    app = web.Application()
    app.add_routes([web.get("/firmware", give), web.put("/{name}", take)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", uploads
    finally:
        await runner.cleanup()


def local_list(station_id: str, version: int, cards: dict[str, str | None], kind: str = "Full") -> dict[str, Any]:
    if station_id == "S16":
        rows = [{"idTag": tag} | ({"idTagInfo": {"status": word}} if word else {}) for tag, word in cards.items()]
        return {"listVersion": version, "updateType": kind, "localAuthorizationList": rows}
    rows_2x = [
        {"idToken": {"idToken": tag, "type": "ISO14443"}} | ({"idTokenInfo": {"status": word}} if word else {})
        for tag, word in cards.items()
    ]
    return {"versionNumber": version, "updateType": kind, "localAuthorizationList": rows_2x}


def reservation(bench: Bench, station_id: str, number: int, tag: str, *, for_s: float = 600) -> dict[str, Any]:
    when = utc_text(bench.emulation.time.utc_s + for_s)
    if station_id == "S16":
        return {"reservationId": number, "connectorId": 1, "idTag": tag, "expiryDate": when}
    return {"id": number, "evseId": 1, "idToken": {"idToken": tag, "type": "ISO14443"}, "expiryDateTime": when}


@pytest.mark.parametrize("station_id", ALL)
async def test_an_offline_station_lets_the_cards_of_its_local_list_charge(bench: Bench, station_id: str) -> None:
    central = bench.central
    sent = local_list(station_id, 3, {"GOOD": "Accepted", "BAD": "Blocked"})
    assert await central.call(station_id, "SendLocalList", sent) == {"status": "Accepted"}
    assert 3 in (await central.call(station_id, "GetLocalListVersion", {})).values()
    await inject(bench, "station_offline", station=station_id)
    await bench.until(lambda: not bench.station(station_id).link.online)
    bench.outlet(station_id).point.plug()
    charger = bench.outlet(station_id).point.charger.charger_id
    await inject(bench, "rfid", charger=charger, id_tag="BAD")
    await bench.passes(5)
    assert bench.outlet(station_id).transaction is None
    await inject(bench, "rfid", charger=charger, id_tag="GOOD")
    await bench.until(lambda: bench.outlet(station_id).energised)


@pytest.mark.parametrize("station_id", ALL)
async def test_a_part_of_a_list_must_be_newer_and_can_take_cards_off(bench: Bench, station_id: str) -> None:
    central = bench.central
    await central.call(station_id, "SendLocalList", local_list(station_id, 5, {"A": "Accepted", "B": "Accepted"}))
    stale = local_list(station_id, 5, {"C": "Accepted"}, "Differential")
    assert (await central.call(station_id, "SendLocalList", stale))["status"] == "VersionMismatch"
    newer = local_list(station_id, 6, {"A": None}, "Differential")
    assert (await central.call(station_id, "SendLocalList", newer))["status"] == "Accepted"
    assert 6 in (await central.call(station_id, "GetLocalListVersion", {})).values()


@pytest.mark.parametrize("station_id", ALL)
async def test_a_reserved_outlet_waits_for_its_card_and_says_whose_it_was(bench: Bench, station_id: str) -> None:
    central = bench.central
    request = reservation(bench, station_id, 7, "GUEST")
    assert await central.call(station_id, "ReserveNow", request) == {"status": "Accepted"}
    word: dict[str, Any] = {"status": "Reserved"} if station_id == "S16" else {"connectorStatus": "Reserved"}
    await central.hears(station_id, "StatusNotification", **word)
    charger = bench.outlet(station_id).point.charger.charger_id
    bench.outlet(station_id).point.plug()
    await inject(bench, "rfid", charger=charger, id_tag="STRANGER")
    await bench.passes(5)
    assert bench.outlet(station_id).transaction is None
    await inject(bench, "rfid", charger=charger, id_tag="GUEST")
    start: tuple[str, dict[str, Any]] = ("TransactionEvent", {"eventType": "Started"})
    if station_id == "S16":
        start = ("StartTransaction", {})
    started = await central.hears(station_id, start[0], **start[1])
    assert started["reservationId"] == 7


@pytest.mark.parametrize("station_id", ALL)
async def test_a_reservation_ends_by_cancelling_and_by_time(bench: Bench, station_id: str) -> None:
    central = bench.central
    await central.call(station_id, "ReserveNow", reservation(bench, station_id, 1, "GUEST"))
    assert (await central.call(station_id, "CancelReservation", {"reservationId": 2}))["status"] == "Rejected"
    assert (await central.call(station_id, "CancelReservation", {"reservationId": 1}))["status"] == "Accepted"
    await central.call(station_id, "ReserveNow", reservation(bench, station_id, 3, "GUEST", for_s=30))
    occupied = await central.call(station_id, "ReserveNow", reservation(bench, station_id, 4, "OTHER"))
    assert occupied["status"] == "Occupied"
    await bench.until(lambda: bench.outlet(station_id).reservation is None)
    if station_id == "S201":
        await central.hears(station_id, "ReservationStatusUpdate", reservationId=3, reservationUpdateStatus="Expired")


@pytest.mark.parametrize("station_id", ALL)
async def test_firmware_is_fetched_installed_and_booted_into(bench: Bench, station_id: str) -> None:
    central = bench.central
    async with depot() as (url, _):
        firmware = {"location": f"{url}/firmware", "retrieveDateTime": "2027-01-01T00:00:00Z"}
        request: dict[str, Any] = {"requestId": 9, "firmware": firmware}
        if station_id == "S16":
            request = {"location": f"{url}/firmware", "retrieveDate": "2027-01-01T00:00:00Z"}
        await central.call(station_id, "UpdateFirmware", request)
        for status in ("Downloading", "Downloaded", "Installing", "Installed"):
            await central.hears(station_id, "FirmwareStatusNotification", status=status)
        await central.hears(station_id, "BootNotification", times=2)
    assert bench.station(station_id).firmware_version != "1.0"


@pytest.mark.parametrize("station_id", ALL)
async def test_firmware_that_cannot_be_fetched_leaves_the_station_as_it_was(bench: Bench, station_id: str) -> None:
    firmware = {"location": "http://127.0.0.1:1/none", "retrieveDateTime": "2027-01-01T00:00:00Z"}
    request: dict[str, Any] = {"requestId": 9, "firmware": firmware}
    if station_id == "S16":
        request = {"location": firmware["location"], "retrieveDate": firmware["retrieveDateTime"]}
    await bench.central.call(station_id, "UpdateFirmware", request)
    await bench.central.hears(station_id, "FirmwareStatusNotification", status="DownloadFailed")
    assert bench.station(station_id).firmware_version == "1.0"


@pytest.mark.parametrize("station_id", ALL)
async def test_a_log_is_uploaded(bench: Bench, station_id: str) -> None:
    async with depot() as (url, uploads):
        log = {"logType": "DiagnosticsLog", "requestId": 4, "log": {"remoteLocation": f"{url}/log"}}
        assert (await bench.central.call(station_id, "GetLog", log))["status"] == "Accepted"
        await bench.central.hears(station_id, "LogStatusNotification", status="Uploaded", requestId=4)
    assert station_id.encode() in uploads["/log"]


async def test_diagnostics_of_1_6_are_uploaded(bench: Bench) -> None:
    async with depot() as (url, uploads):
        answer = await bench.central.call("S16", "GetDiagnostics", {"location": f"{url}/diagnostics"})
        assert answer == {"fileName": "S16.log"}
        await bench.central.hears("S16", "DiagnosticsStatusNotification", status="Uploaded")
    assert uploads.keys() == {"/diagnostics"}


async def test_the_whole_device_model_is_told_in_parts(bench: Bench) -> None:
    request = {"requestId": 2, "reportBase": "FullInventory"}
    assert await bench.central.call("S201", "GetBaseReport", request) == {"status": "Accepted"}
    last = await bench.central.hears("S201", "NotifyReport", requestId=2, tbc=False)
    parts = bench.central.heard("S201", "NotifyReport", requestId=2)
    assert [part["seqNo"] for part in parts] == list(range(last["seqNo"] + 1))
    rows = [row for part in parts for row in part["reportData"]]
    assert len(rows) == len(list(bench.station("S201").variables))


async def test_a_report_of_something_that_is_not_there_is_empty(bench: Bench) -> None:
    wanted = [{"component": {"name": "Teapot"}}]
    answer = await bench.central.call("S201", "GetReport", {"requestId": 3, "componentVariable": wanted})
    assert answer == {"status": "EmptyResultSet"}


async def test_display_messages_are_kept_told_and_cleared(bench: Bench) -> None:
    message = {"id": 1, "priority": "InFront", "message": {"format": "UTF8", "content": "Half past seven"}}
    central = bench.central
    assert (await central.call("S201", "SetDisplayMessage", {"message": message}))["status"] == "Accepted"
    assert (await central.call("S201", "GetDisplayMessages", {"requestId": 5}))["status"] == "Accepted"
    told = await central.hears("S201", "NotifyDisplayMessages", requestId=5)
    assert told["messageInfo"] == [message]
    assert (await central.call("S201", "ClearDisplayMessage", {"id": 1}))["status"] == "Accepted"
    assert (await central.call("S201", "ClearDisplayMessage", {"id": 1}))["status"] == "Unknown"
    assert (await central.call("S201", "GetDisplayMessages", {"requestId": 6}))["status"] == "Unknown"


async def test_monitors_are_set_told_and_cleared(bench: Bench) -> None:
    monitor = {
        "value": 5,
        "type": "Delta",
        "severity": 4,
        "component": {"name": "TxCtrlr"},
        "variable": {"name": "EVConnectionTimeOut"},
    }
    central = bench.central
    unknown = monitor | {"component": {"name": "Teapot"}}
    answer = await central.call("S201", "SetVariableMonitoring", {"setMonitoringData": [monitor, unknown]})
    assert [row["status"] for row in answer["setMonitoringResult"]] == ["Accepted", "UnknownComponent"]
    await central.call("S201", "GetMonitoringReport", {"requestId": 8})
    await central.hears("S201", "NotifyMonitoringReport", requestId=8)
    number = answer["setMonitoringResult"][0]["id"]
    cleared = await central.call("S201", "ClearVariableMonitoring", {"id": [number, 99]})
    assert [row["status"] for row in cleared["clearMonitoringResult"]] == ["Accepted", "NotFound"]
    assert await central.call("S201", "GetMonitoringReport", {"requestId": 9}) == {"status": "EmptyResultSet"}


async def test_a_customer_is_told_of_and_forgotten(bench: Bench) -> None:
    central = bench.central
    await central.call("S201", "SendLocalList", local_list("S201", 1, {"ANNA": "Accepted"}))
    request = {"requestId": 1, "report": True, "clear": True, "idToken": {"idToken": "ANNA", "type": "ISO14443"}}
    assert await central.call("S201", "CustomerInformation", request) == {"status": "Accepted"}
    told = await central.hears("S201", "NotifyCustomerInformation", requestId=1)
    assert "may charge" in told["data"]
    await central.call("S201", "CustomerInformation", request | {"requestId": 2})
    assert "unknown" in (await central.hears("S201", "NotifyCustomerInformation", requestId=2))["data"]


async def test_one_connector_of_an_evse_is_used_at_a_time() -> None:
    stations = [STATIONS[1] | {"connectors_per_evse": 2}]
    async with bench_of(document(stations=stations, vehicles=VEHICLES)) as bench:
        await bench.central.hears("S201", "StatusNotification", connectorId=2, connectorStatus="Available")
        await inject(bench, "plug", charger="left", connector=2)
        await bench.central.hears("S201", "StatusNotification", connectorId=2, connectorStatus="Occupied")
        await bench.central.hears("S201", "StatusNotification", connectorId=1, connectorStatus="Unavailable")
