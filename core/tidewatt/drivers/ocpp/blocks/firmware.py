"""Updating a station's firmware (OCPP 1.6 chapter 5.17 and its security extension, OCPP 2.x use cases L01 and L02)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import itertools
import logging
from pathlib import Path
from typing import Any

from tidewatt.drivers.ocpp.depot import Ticket
from tidewatt.drivers.ocpp.memory import FirmwareRecord
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import integer, text, to_wire_time, utc_now
from tidewatt.site import CommandError

from .block import Listeners, Plain, StationContext, demand, require

_LOGGER = logging.getLogger(__name__)

REQUESTED = "Requested"
"""Our word for an update of which the station has said nothing yet."""

NO_NEWS = "NoNews"
"""Our word for an update of which nothing was heard for too long."""

_SUCCEEDED = ("Installed",)
_FAILED = (
    "DownloadFailed",
    "InstallationFailed",
    "InstallVerificationFailed",
    "InvalidSignature",
    NO_NEWS,
)
_VALID_FOR_S = 24 * 3600.0
"""How long a station may fetch a file that lies here."""

_COMMAND = "updating the firmware"


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareSource:
    """Where new firmware comes from: a `file` that lies here, or the `url` of its manufacturer. Exactly one is set.

    `certificate` (PEM) and `signature` (Base64) are the manufacturer's, for stations that check them (L01).
    """

    file: Path | None = None
    url: str | None = None
    certificate: str | None = None
    signature: str | None = None

    @property
    def is_signed(self) -> bool:
        """Tell whether the station can check who made it."""
        return self.certificate is not None and self.signature is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class FirmwareState:
    """How far an update is. `status` is OCPP's word, Requested or NoNews; a `problem` is its end, too."""

    status: str
    since_utc: datetime
    is_over: bool
    problem: str | None = None


class FirmwareUpdates(Plain):
    """Has one station update its firmware, and follows how it goes, over restarts of either side."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._ids = itertools.count(int(utc_now().timestamp()) % 2**31)
        self._ticket: Ticket | None = None
        self._news = asyncio.Event()
        self.listeners: Listeners[FirmwareState] = Listeners()
        self._resume()

    def _resume(self) -> None:
        """Go on with an update that ran when Tidewatt ended: the station may still fetch its file."""
        record = self._context.record.firmware_update
        if record is not None and record.file and record.token and not _is_over(record.status):
            valid_for_s = _VALID_FOR_S - (utc_now() - record.started_at_utc).total_seconds()
            if valid_for_s > 0:
                self._ticket = self._context.depot.offer(Path(record.file), valid_for_s=valid_for_s, token=record.token)

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers the notifications about updates."""
        handlers: dict[str, Handler] = {"FirmwareStatusNotification": self._on_status}
        if version is OcppVersion.V16:
            handlers["SignedFirmwareStatusNotification"] = self._on_status
        return handlers

    def diagnostics(self) -> dict[str, Any]:
        """Return how far the last update is; never where its file lies."""
        record = self._context.record.firmware_update
        return {"status": record.status if record else None}

    @property
    def state(self) -> FirmwareState | None:
        """How far the last update is; None if there never was one."""
        record = self._context.record.firmware_update
        if record is None:
            return None
        is_over = _is_over(record.status)
        return FirmwareState(
            status=record.status,
            since_utc=record.changed_at_utc or record.started_at_utc,
            is_over=is_over,
            problem=record.status if record.status in _FAILED else None,
        )

    async def update(
        self,
        source: FirmwareSource,
        *,
        retrieve_at: datetime | None = None,
        install_at: datetime | None = None,
        retries: int = 2,
        patience_s: float = 3600.0,
    ) -> None:
        """Have the station fetch and install firmware; CommandError when it refuses, ValueError for no or two sources.

        An update that still runs is given up in its favour (L01.FR.24). After `patience_s` without news the update
        counts as failed.
        """
        if (source.file is None) == (source.url is None):
            raise ValueError("Name either a file or a URL of the firmware.")
        is_16 = self._context.version() is OcppVersion.V16
        ticket = None if source.file is None else self._context.depot.offer(source.file, valid_for_s=_VALID_FOR_S)
        location = source.url or (self._context.depot.url(self._context.station_id, ticket) if ticket else None)
        if location is None:
            raise CommandError(self._context.station_id, _COMMAND, "the station was never connected")
        request_id = None if is_16 and not source.is_signed else next(self._ids)
        try:
            action, request = _request(source, location, retrieve_at or utc_now(), install_at, request_id, is_16=is_16)
            answer = await demand(self._context, _COMMAND, action, request | {"retries": retries})
            if action != "UpdateFirmware" or not is_16:  # OCPP 1.6 answers with nothing.
                require(self._context, _COMMAND, answer, "Accepted", "AcceptedCanceled")
        except CommandError:
            if ticket is not None:
                self._context.depot.revoke(ticket)
            raise
        self._end_ticket()
        self._ticket = ticket
        self._context.record.firmware_update = FirmwareRecord(
            status=REQUESTED,
            started_at_utc=utc_now(),
            request_id=request_id,
            file=str(source.file) if source.file else None,
            token=ticket.token if ticket else None,
        )
        await self._context.memory.save()
        self._tell()
        self._context.tasks.spawn(self._watch(self._context.record.firmware_update, patience_s))

    async def _on_status(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        record = self._context.record.firmware_update
        status, request_id = text(payload, "status"), integer(payload, "requestId")
        is_ours = record is not None and (request_id is None or record.request_id in (None, request_id))
        if record is not None and is_ours and status not in (None, "Idle", record.status):
            self._take(record, str(status))
        return {}

    def _take(self, record: FirmwareRecord, status: str) -> None:
        record.status, record.changed_at_utc = status, utc_now()
        _LOGGER.info("%s: firmware update: %s", self._context.station_id, status)
        if _is_over(status):
            record.file = record.token = None
            self._end_ticket()
        self._context.memory.save_soon()
        self._news.set()
        self._tell()

    async def _watch(self, record: FirmwareRecord, patience_s: float) -> None:
        """Give an update up that nothing is heard of."""
        while not _is_over(record.status) and self._context.record.firmware_update is record:
            self._news.clear()
            try:
                async with asyncio.timeout(patience_s):
                    await self._news.wait()
            except TimeoutError:
                if self._context.record.firmware_update is record:
                    self._take(record, NO_NEWS)

    def _end_ticket(self) -> None:
        if self._ticket is not None:
            self._context.depot.revoke(self._ticket)
            self._ticket = None

    def _tell(self) -> None:
        if (state := self.state) is not None:
            self.listeners.tell(state)


def _is_over(status: str) -> bool:
    return status in _SUCCEEDED or status in _FAILED


def _request(
    source: FirmwareSource,
    location: str,
    retrieve_at: datetime,
    install_at: datetime | None,
    request_id: int | None,
    *,
    is_16: bool,
) -> tuple[str, dict[str, Any]]:
    """Return action and request of an update in the words of the version."""
    moment = to_wire_time(retrieve_at.astimezone(UTC))
    if is_16 and not source.is_signed:
        return "UpdateFirmware", {"location": location, "retrieveDate": moment}
    firmware = {"location": location, "retrieveDateTime": moment}
    if install_at is not None:
        firmware["installDateTime"] = to_wire_time(install_at.astimezone(UTC))
    if source.certificate is not None and source.signature is not None:
        firmware |= {"signingCertificate": source.certificate, "signature": source.signature}
    return "SignedUpdateFirmware" if is_16 else "UpdateFirmware", {"requestId": request_id, "firmware": firmware}
