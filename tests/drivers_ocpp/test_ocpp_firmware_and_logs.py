"""Firmware goes to stations and logs come from them through addresses that nobody can guess, and nowhere else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, FormData
import pytest

from tests.conformance import shows
from tests.drivers_ocpp.ocpp_rig import (
    ACCEPTED,
    V16,
    V21,
    V201,
    DictStore,
    RawStation,
    Rig,
    central,
    charger,
    connected,
)
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp.blocks import FirmwareSource, FirmwareState, FirmwareUpdates, LogFile, LogKind, Logs
from tidewatt.drivers.ocpp.depot import Depot
from tidewatt.site import CommandError

ALL = pytest.mark.parametrize("version", [V16, V201, V21])
CERTIFICATE, SIGNATURE = "-----BEGIN CERTIFICATE-----", "c2lnbmF0dXJl"


def updates(rig: Rig) -> FirmwareUpdates:
    return rig.system.station("left").block(FirmwareUpdates)


async def fetched(url: str) -> tuple[int, bytes]:
    async with ClientSession() as client, client.get(url) as response:
        return response.status, await response.read()


async def told(station: RawStation, status: str, request_id: int | None = None, *, signed: bool = False) -> None:
    action = "SignedFirmwareStatusNotification" if signed else "FirmwareStatusNotification"
    payload: dict[str, Any] = {"status": status}
    if request_id is not None:
        payload["requestId"] = request_id
    assert await station.call(action, payload) == {}


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def location_of(request: dict[str, Any]) -> str:
    return str(request["location"] if "location" in request else request["firmware"]["location"])


@ALL
@shows("L01.FR.01", "L01.FR.20", ocpp=("2.0.1", "2.1"))
async def test_a_station_fetches_its_firmware_here_and_installs_it(version: str, tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"new" * 100_000)
    answers = {"UpdateFirmware": {} if version == V16 else ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        states: list[FirmwareState] = []
        updates(rig).listeners.subscribe(states.append)
        await updates(rig).update(FirmwareSource(file=image))
        request = await station.next_asked("UpdateFirmware")
        request_id = request.get("requestId")
        url = location_of(request)
        assert await fetched(url) == (200, image.read_bytes())
        for word in ("Downloading", "Downloaded", "Installing"):
            await told(station, word, request_id)
        assert (await fetched(url))[0] == 200, "a download that broke off may be tried again"
        await told(station, "Installed", request_id)
        assert (await fetched(url))[0] == 404, "it is over"
    assert [state.status for state in states] == ["Requested", "Downloading", "Downloaded", "Installing", "Installed"]
    assert (states[-1].is_over, states[-1].problem) == (True, None)


@ALL
@pytest.mark.parametrize("word", ["DownloadFailed", "InstallationFailed"])
async def test_a_failure_is_named(version: str, word: str) -> None:
    answers = {"UpdateFirmware": {} if version == V16 else ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await updates(rig).update(FirmwareSource(url="https://acme.example/fw.bin"))
        request = await station.next_asked("UpdateFirmware")
        assert location_of(request) == "https://acme.example/fw.bin"
        await told(station, word, request.get("requestId"))
        state = updates(rig).state
        assert state is not None
        assert (state.is_over, state.problem) == (True, word)


@pytest.mark.parametrize(
    ("version", "action"), [(V16, "SignedUpdateFirmware"), (V201, "UpdateFirmware"), (V21, "UpdateFirmware")]
)
@pytest.mark.parametrize("word", ["InvalidSignature", "InstallVerificationFailed"])
@shows("L01.FR.11", ocpp=("2.0.1", "2.1"))
async def test_signed_firmware_comes_with_what_it_is_checked_by(version: str, action: str, word: str) -> None:
    async with central([charger()]) as rig, connected(rig, version=version, answers={action: ACCEPTED}) as station:
        await station.boot()
        installed_at = datetime(2026, 12, 1, 3, tzinfo=UTC)
        source = FirmwareSource(url="https://acme.example/fw.bin", certificate=CERTIFICATE, signature=SIGNATURE)
        await updates(rig).update(source, install_at=installed_at)
        request = await station.next_asked(action)
        firmware = request["firmware"]
        assert (firmware["signingCertificate"], firmware["signature"]) == (CERTIFICATE, SIGNATURE)
        assert firmware["installDateTime"] == "2026-12-01T03:00:00Z"
        await told(station, word, request["requestId"], signed=version == V16)
        state = updates(rig).state
        assert state is not None
        assert state.problem == word


@shows("L01.FR.24", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("version", [V201, V21])
async def test_a_newer_update_takes_the_place_of_one_that_runs(version: str, tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"1")
    answers = {"UpdateFirmware": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        await updates(rig).update(FirmwareSource(file=image))
        first = await station.next_asked("UpdateFirmware")
        station.answers["UpdateFirmware"] = {"status": "AcceptedCanceled"}
        await updates(rig).update(FirmwareSource(file=image))
        second = await station.next_asked("UpdateFirmware")
        assert [(await fetched(location_of(each)))[0] for each in (first, second)] == [404, 200]
        await told(station, "DownloadFailed", first["requestId"])
        state = updates(rig).state
        assert state is not None
        assert not state.is_over, "that was the one before"


@ALL
async def test_a_refused_update_is_none_and_its_file_lies_open_to_nobody(version: str, tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"1")
    async with central([charger()]) as rig, connected(rig, version=version) as station:
        await station.boot()
        with pytest.raises(CommandError, match="updating the firmware failed: NotImplemented"):
            await updates(rig).update(FirmwareSource(file=image))
        assert updates(rig).state is None
        assert (await fetched(location_of(await station.next_asked("UpdateFirmware"))))[0] == 404
        with pytest.raises(ValueError, match="either a file or a URL"):
            await updates(rig).update(FirmwareSource())


async def test_an_update_of_which_nothing_is_heard_has_failed() -> None:
    async with (
        central([charger()]) as rig,
        connected(rig, version=V21, answers={"UpdateFirmware": ACCEPTED}) as station,
    ):
        await station.boot()
        over = asyncio.Event()
        updates(rig).listeners.subscribe(lambda state: over.set() if state.is_over else None)
        await updates(rig).update(FirmwareSource(url="https://acme.example/fw.bin"), patience_s=0.05)
        async with asyncio.timeout(PATIENCE_S):
            await over.wait()
        state = updates(rig).state
        assert state is not None
        assert state.problem == "NoNews"


async def test_an_update_goes_on_over_a_restart_of_ours(tmp_path: Path) -> None:
    image, store = tmp_path / "firmware.bin", DictStore()
    image.write_bytes(b"new")
    async with (
        central([charger()], store) as rig,
        connected(rig, version=V201, answers={"UpdateFirmware": ACCEPTED}) as it,
    ):
        await it.boot()
        await updates(rig).update(FirmwareSource(file=image))
        request = await it.next_asked("UpdateFirmware")
        port = rig.system.bound_port
    async with central([charger()], store, port=port) as rig, connected(rig, version=V201) as station:
        await station.boot()
        assert await fetched(location_of(request)) == (200, b"new")
        await told(station, "Installed", request["requestId"])
        state = updates(rig).state
        assert state is not None
        assert (state.status, state.is_over) == ("Installed", True)
        assert "token" not in str(rig.system.diagnostics())


async def bring(url: str, data: bytes | FormData, method: str = "PUT") -> int:
    async with ClientSession() as client, client.request(method, url, data=data) as response:
        return response.status


async def fetching(
    rig: Rig, station: RawStation, folder: Path, **options: Any
) -> tuple[asyncio.Task[LogFile], dict[str, Any]]:
    """Ask for the diagnostics and return the request that the station got."""
    kind = options.pop("kind", LogKind.DIAGNOSTICS)
    task = asyncio.create_task(rig.system.station("left").block(Logs).fetch(kind, folder, **options))
    return task, await station.next_asked("GetLog")


@ALL
@pytest.mark.parametrize("how", ["PUT", "POST", "form"])
async def test_a_log_comes_into_the_folder_that_was_named(version: str, how: str, tmp_path: Path) -> None:
    content = b"line\n" * 50_000
    answers = {"GetLog": ACCEPTED | {"filename": "../../etc/passwd.log"}}
    async with central([charger()]) as rig, connected(rig, version=version, answers=answers) as station:
        await station.boot()
        task, request = await fetching(rig, station, tmp_path / "logs", oldest=datetime(2026, 11, 1, tzinfo=UTC))
        assert (request["logType"], request["log"]["oldestTimestamp"]) == ("DiagnosticsLog", "2026-11-01T00:00:00Z")
        url = request["log"]["remoteLocation"]
        data: bytes | FormData = content
        if how == "form":
            data = FormData()
            data.add_field("file", content, filename="../../../evil.sh")
        await station.call("LogStatusNotification", {"status": "Uploading", "requestId": request["requestId"]})
        assert await bring(f"{url}/diag.log", data, "PUT" if how == "PUT" else "POST") == 201
        log = await task
        assert (log.file.read_bytes(), log.bytes, log.file_name) == (content, len(content), "../../etc/passwd.log")
        assert (log.file.parent, log.file.suffix) == (tmp_path / "logs", ".log")
        assert files_in(tmp_path) == [log.file.name], "and nothing else"
        assert await bring(url, b"again") == 404


async def test_a_1_6_station_without_the_security_extension_uploads_its_diagnostics(tmp_path: Path) -> None:
    answers = {"GetDiagnostics": {"fileName": "diag.zip"}}
    async with central([charger()]) as rig, connected(rig, answers=answers) as station:
        await station.boot()
        logs = rig.system.station("left").block(Logs)
        task = asyncio.create_task(logs.fetch(LogKind.DIAGNOSTICS, tmp_path))
        request = await station.next_asked("GetDiagnostics")
        assert await station.call("DiagnosticsStatusNotification", {"status": "Uploading"}) == {}
        assert await bring(request["location"], b"PK") == 201
        assert (await task).file.suffix == ".zip"
        station.answers["GetDiagnostics"] = {}
        with pytest.raises(CommandError, match="nothing to upload"):
            await logs.fetch(LogKind.DIAGNOSTICS, tmp_path)
        with pytest.raises(CommandError, match="NotImplemented"):
            await logs.fetch(LogKind.SECURITY, tmp_path)


@ALL
@pytest.mark.parametrize("word", ["UploadFailure", "PermissionDenied", "BadMessage", "NotSupportedOperation"])
async def test_an_upload_that_fails_says_why(version: str, word: str, tmp_path: Path) -> None:
    async with central([charger()]) as rig, connected(rig, version=version, answers={"GetLog": ACCEPTED}) as station:
        await station.boot()
        task, request = await fetching(rig, station, tmp_path)
        await station.call("LogStatusNotification", {"status": word, "requestId": request["requestId"]})
        with pytest.raises(CommandError, match=f"fetching a log failed: {word}"):
            await task
        assert files_in(tmp_path) == []


async def test_a_log_that_is_too_large_or_never_comes_is_refused(tmp_path: Path) -> None:
    async with central([charger()]) as rig, connected(rig, version=V21, answers={"GetLog": ACCEPTED}) as station:
        await station.boot()
        task, request = await fetching(rig, station, tmp_path, most_bytes=1000, patience_s=1.5)
        assert await bring(request["log"]["remoteLocation"], b"x" * 200_000) == 413
        with pytest.raises(CommandError, match="it did not come"):
            await task
        assert files_in(tmp_path) == []


async def test_nobody_gets_in_without_a_ticket_nor_with_one_of_another_kind(tmp_path: Path) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"new")
    answers = {"UpdateFirmware": ACCEPTED, "GetLog": ACCEPTED}
    async with central([charger()]) as rig, connected(rig, version=V21, answers=answers) as station:
        await station.boot()
        await updates(rig).update(FirmwareSource(file=image))
        download = location_of(await station.next_asked("UpdateFirmware"))
        task, request = await fetching(rig, station, tmp_path / "logs")
        upload = request["log"]["remoteLocation"]
        base = download.rsplit("/", 1)[0]
        assert len(download.rsplit("/", 1)[1]) >= 43, "256 bits"
        assert (await fetched(f"{base}/guess"))[0] == 404
        assert await bring(download, b"evil") == 405
        assert (await fetched(upload))[0] == 405
        assert image.read_bytes() == b"new"
        await asyncio.gather(*(bring(upload, b"y" * 100_000) for _ in range(3)))
        assert (await task).bytes == 100_000


def test_a_ticket_holds_for_a_while() -> None:
    now_s = [0.0]
    depot = Depot(lambda: now_s[0])
    ticket = depot.offer(Path("firmware.bin"), valid_for_s=60)
    assert depot.url("CP-1", ticket) is None, "it was never here"
    depot.note_address("CP-1", "http", "home/evil?" + "x" * 300)
    assert depot.url("CP-1", ticket) is None, "that is no name of ours"
    depot.note_address("CP-1", "http", "home:9000")
    assert depot.url("CP-1", ticket) == f"http://home:9000/.files/{ticket.token}"
    assert ticket.token not in repr(ticket)
    now_s[0] = 61
    assert not depot.is_known(ticket.token)
