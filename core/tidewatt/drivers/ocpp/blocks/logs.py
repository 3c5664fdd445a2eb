"""Having a station upload its logs (OCPP 1.6 chapter 5.8 and its security extension, OCPP 2.x use case N01)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
import itertools
from pathlib import Path
from typing import Any

from tidewatt.drivers.ocpp.depot import Ticket
from tidewatt.ocpp.errors import OcppCallError, OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import integer, text, to_wire_time, utc_now
from tidewatt.site import CommandError

from .block import Plain, StationContext, require

_FAILURES = (
    "AcceptedCanceled",
    "BadMessage",
    "NotSupportedOperation",
    "PermissionDenied",
    "UploadFailed",
    "UploadFailure",
)
_SUFFIXES = (".csv", ".gz", ".json", ".log", ".pcap", ".tar", ".tgz", ".txt", ".xml", ".zip")
_COMMAND = "fetching a log"
_GRACE_S = 10.0
"""A station that says that it has uploaded everything is given so long until it is here."""


class LogKind(StrEnum):
    """Which log: that of the technician, that of security events, or (OCPP 2.1) collected data."""

    DIAGNOSTICS = "DiagnosticsLog"
    SECURITY = "SecurityLog"
    DATA = "DataCollectorLog"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A log that a station has brought. `file_name` is what the station calls it: text, never a path of ours."""

    kind: LogKind
    file: Path
    bytes: int
    file_name: str | None


class Logs(Plain):
    """Fetches logs of one station into a folder, one at a time."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._ids = itertools.count(int(utc_now().timestamp()) % 2**31)
        self._turn = asyncio.Lock()
        self._request_id: int | None = None
        self._status: str | None = None
        self._news = asyncio.Event()

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers the notifications about uploads."""
        handlers: dict[str, Handler] = {"LogStatusNotification": self._on_status}
        if version is OcppVersion.V16:
            handlers["DiagnosticsStatusNotification"] = self._on_status
        return handlers

    def diagnostics(self) -> dict[str, Any]:
        """Return what the station last said of an upload."""
        return {"status": self._status}

    async def fetch(
        self,
        kind: LogKind,
        folder: Path,
        *,
        oldest: datetime | None = None,
        latest: datetime | None = None,
        most_bytes: int = 64 * 1024 * 1024,
        patience_s: float = 600.0,
    ) -> LogFile:
        """Have a log of a time uploaded into a folder, and return it once it is there.

        CommandError when the station refuses, fails, brings more than `most_bytes` or nothing within `patience_s`.
        OCPP 1.6 without its security extension has the diagnostics only (GetDiagnostics).
        """
        async with self._turn:
            await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            target = folder / f"{kind.value}-{utc_now():%Y%m%dT%H%M%S%f}.part"
            ticket = self._context.depot.expect(target, most_bytes=most_bytes, valid_for_s=patience_s)
            try:
                file_name = await self._ask(kind, ticket, oldest, latest)
                await self._wait(ticket, patience_s)
            finally:
                self._request_id = None
                self._context.depot.revoke(ticket)
            file = target.with_suffix(_suffix(file_name))
            await asyncio.to_thread(target.replace, file)
            size = (await asyncio.to_thread(file.stat)).st_size
            return LogFile(kind=kind, file=file, bytes=size, file_name=file_name)

    async def _ask(self, kind: LogKind, ticket: Ticket, oldest: datetime | None, latest: datetime | None) -> str | None:
        """Ask for the log and return how the station calls it."""
        location = self._context.depot.url(self._context.station_id, ticket)
        if location is None:
            raise CommandError(self._context.station_id, _COMMAND, "the station was never connected")
        self._request_id, self._status = next(self._ids), None
        log = {"remoteLocation": location} | _span(oldest, latest, ("oldestTimestamp", "latestTimestamp"))
        try:
            answer = await self._context.call(
                "GetLog", {"log": log, "logType": kind.value, "requestId": self._request_id}
            )
        except OcppCallError as error:
            if self._context.version() is not OcppVersion.V16 or kind is not LogKind.DIAGNOSTICS:
                raise CommandError(self._context.station_id, _COMMAND, str(error)) from error
        except OcppError as error:
            raise CommandError(self._context.station_id, _COMMAND, str(error)) from error
        else:
            require(self._context, _COMMAND, answer, "Accepted", "AcceptedCanceled")
            return text(answer, "filename")
        return await self._ask_for_diagnostics(location, oldest, latest)

    async def _ask_for_diagnostics(self, location: str, oldest: datetime | None, latest: datetime | None) -> str | None:
        request = {"location": location} | _span(oldest, latest, ("startTime", "stopTime"))
        try:
            answer = await self._context.call("GetDiagnostics", request)
        except OcppError as error:
            raise CommandError(self._context.station_id, _COMMAND, str(error)) from error
        name = text(answer, "fileName")
        if name is None:
            raise CommandError(self._context.station_id, _COMMAND, "there is nothing to upload")
        return name

    async def _wait(self, ticket: Ticket, patience_s: float) -> None:
        """Wait until the log is here; CommandError as soon as the station says that it will not come."""
        arrival = asyncio.create_task(ticket.done.wait(), name="a log of an OCPP station")
        try:
            async with asyncio.timeout(patience_s) as limit:
                while not ticket.done.is_set():
                    if self._status in _FAILURES:
                        raise CommandError(self._context.station_id, _COMMAND, str(self._status))
                    if self._status == "Uploaded":
                        limit.reschedule(asyncio.get_running_loop().time() + _GRACE_S)
                    self._news.clear()
                    news = asyncio.create_task(self._news.wait(), name="news of a log")
                    try:
                        await asyncio.wait((arrival, news), return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        news.cancel()
        except TimeoutError as error:
            answer = f"it did not come, {self._status or 'and the station said nothing of it'}"
            raise CommandError(self._context.station_id, _COMMAND, answer) from error
        finally:
            arrival.cancel()

    async def _on_status(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        request_id = integer(payload, "requestId")
        status = text(payload, "status")
        if self._request_id is not None and request_id in (None, self._request_id) and status not in (None, "Idle"):
            self._status = status
            self._news.set()
        return {}


def _span(oldest: datetime | None, latest: datetime | None, names: tuple[str, str]) -> dict[str, str]:
    moments = zip(names, (oldest, latest), strict=True)
    return {name: to_wire_time(moment.astimezone(UTC)) for name, moment in moments if moment is not None}


def _suffix(file_name: str | None) -> str:
    """Return how a file's name ends, if it ends like that of a log; nothing else of the name is used."""
    ending = "." + (file_name or "").rpartition(".")[2].casefold()
    return ending if ending in _SUFFIXES else ".bin"
