"""Keeping a station's own lists of who may charge in step with the configuration, for when it is offline.

The local authorisation list (OCPP 1.6 chapters 5.10 and 5.15, OCPP 2.x use cases D01 and D02) and the authorisation
cache (C10, C11), which is emptied whenever somebody may have lost the right to charge.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import logging
from typing import Any

from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED, QUESTION_TIMEOUT_S
from tidewatt.drivers.ocpp.tags import canonical, fits, id_token
from tidewatt.drivers.ocpp.v2.exchange import Limits, chunks
from tidewatt.ocpp.errors import OcppCallError, OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import integer, number, text
from tidewatt.site import CommandError

from .block import Plain, StationContext, demand, require, status_of
from .variables import Variables

_LOGGER = logging.getLogger(__name__)

_LIMITS_16 = (VariableKey("", "SendLocalListMaxLength"), VariableKey("", "LocalAuthListMaxLength"))
_LIMITS_2 = (
    VariableKey("LocalAuthListCtrlr", "ItemsPerMessage"),
    VariableKey("LocalAuthListCtrlr", "BytesPerMessage"),
)

type _Entries = dict[str, tuple[int, ...]]
"""Tags with the EVSEs that each may use; none means all."""


class LocalList(Plain):
    """Keeps the local list of one station, and empties its cache."""

    def __init__(self, context: StationContext, variables: Variables) -> None:
        self._context = context
        self._variables = variables
        self._turn = asyncio.Lock()
        self._said: str | None = None

    async def prepare(self) -> None:
        """Bring the station's lists in step with the configuration; one that has none is left alone."""
        async with self._turn:
            wanted = self._wanted()
            await self._empty_cache(wanted)
            await self._update_list(wanted)

    def diagnostics(self) -> dict[str, Any]:
        """Return version and length of the station's list; never who is on it."""
        record = self._context.record
        return {"version": record.local_list_version, "entries": len(record.local_list), "answer": self._said}

    async def renew(self) -> None:
        """Send the whole list anew, whatever the station is thought to hold; one that does not answer is logged."""
        self._context.record.local_list_version = 0
        try:
            await self.prepare()
        except OcppError as error:
            _LOGGER.info("%s was not sent its list of tags: %s", self._context.station_id, error)

    async def clear_cache(self) -> None:
        """Have the station forget whom it has seen before; CommandError when it does not (C11)."""
        require(
            self._context, "emptying the cache", await demand(self._context, "emptying the cache", "ClearCache", {})
        )

    def _wanted(self) -> _Entries:
        """Return who is to be on the list: everybody who is listed at a charger; nobody where all may charge."""
        points = self._context.points
        version = self._context.version() or OcppVersion.V16
        found: dict[str, tuple[str, set[int]]] = {}
        for evse_id, point in points.items():
            for tag in point.evse.charger.endpoint.id_tags or ():
                if fits(tag, version):
                    found.setdefault(canonical(tag), (tag, set()))[1].add(evse_id)
        everywhere = {evse_id for evse_id, point in points.items() if point.evse.charger.endpoint.id_tags is None}
        return {
            tag: () if evses | everywhere >= points.keys() else tuple(sorted(evses | everywhere))
            for tag, evses in found.values()
        }

    async def _empty_cache(self, wanted: _Entries) -> None:
        record = self._context.record
        listed = sorted(wanted)
        is_open = all(point.evse.charger.endpoint.id_tags is None for point in self._context.points.values())
        if record.cached_for == listed or (is_open and record.cached_for is None):
            return
        try:
            answer = await self._context.call("ClearCache", {}, timeout_s=QUESTION_TIMEOUT_S)
            _LOGGER.debug("%s empties its cache: %s", self._context.station_id, status_of(answer))
        except OcppCallError as error:
            _LOGGER.debug("%s has no cache: %s", self._context.station_id, error)
        record.cached_for = None if is_open else listed
        self._context.memory.save_soon()

    async def _update_list(self, wanted: _Entries) -> None:
        record = self._context.record
        if not wanted and not record.local_list:
            return
        held = await self._held_version()
        if held is None or (held == record.local_list_version and wanted == record.local_list):
            return
        is_ours = held == record.local_list_version and held > 0
        changes = _differences(record.local_list, wanted) if is_ours else None
        self._said = await self._send(wanted, changes, max(held, record.local_list_version, 0))
        if self._said == "VersionMismatch" and changes is not None:
            self._said = await self._send(wanted, None, max(held, record.local_list_version))
        if self._said == ACCEPTED:
            self._context.memory.save_soon()
        else:
            _LOGGER.info("%s does not take its list of tags: %s", self._context.station_id, self._said)

    async def _held_version(self) -> int | None:
        """Return the version of the list that the station holds, 0 for none; None where it has no such list at all."""
        try:
            answer = await self._context.call("GetLocalListVersion", {}, timeout_s=QUESTION_TIMEOUT_S)
        except OcppCallError as error:
            self._said = str(error)
            return None
        is_16 = self._context.version() is OcppVersion.V16
        held = integer(answer, "listVersion" if is_16 else "versionNumber")
        self._said = "there is no list" if held is None or held < 0 else None
        return None if held is None or held < 0 else held

    async def _send(self, wanted: _Entries, changes: Mapping[str, tuple[int, ...] | None] | None, held: int) -> str:
        """Send the whole list, or only its changes, in messages of the size that the station takes.

        Each message has a version of its own, so that one that is lost is noticed (D01.FR.01, D01.FR.18).
        """
        record = self._context.record
        entries: Mapping[str, tuple[int, ...] | None] = wanted if changes is None else changes
        messages = list(chunks([self._row(tag, evses) for tag, evses in entries.items()], await self._limits())) or [[]]
        for index, rows in enumerate(messages):
            is_full = changes is None and index == 0
            held += 1
            status = await self._send_part(rows, held, is_full=is_full)
            if status != ACCEPTED:
                # It is not known what the station holds now: the next time it gets everything.
                record.local_list, record.local_list_version = {}, 0
                return status
            record.local_list_version = held
        record.local_list = dict(wanted)
        return ACCEPTED

    async def _send_part(self, rows: list[dict[str, Any]], version: int, *, is_full: bool) -> str:
        number_key = "listVersion" if self._context.version() is OcppVersion.V16 else "versionNumber"
        request: dict[str, Any] = {number_key: version, "updateType": "Full" if is_full else "Differential"}
        if rows:
            request["localAuthorizationList"] = rows
        try:
            answer = await self._context.call("SendLocalList", request)
        except OcppCallError as error:
            return str(error)
        return text(answer, "status") or "an answer without status"

    def _row(self, tag: str, evses: tuple[int, ...] | None) -> dict[str, Any]:
        """Return one entry; without information the station removes it (D01.FR.17)."""
        version = self._context.version() or OcppVersion.V16
        is_16 = version is OcppVersion.V16
        row: dict[str, Any] = {"idTag": tag} if is_16 else {"idToken": id_token(tag)}
        if evses is None:
            return row
        info = self._context.authorise(tag, None).to_wire(version)
        if evses and not is_16:
            info["evseId"] = list(evses)
        return row | {"idTagInfo" if is_16 else "idTokenInfo": info}

    async def _limits(self) -> Limits:
        """Ask how much of the list fits into one message."""
        is_16 = self._context.version() is OcppVersion.V16
        try:
            known = await self._variables.get(_LIMITS_16 if is_16 else _LIMITS_2)
        except CommandError as error:
            _LOGGER.debug("%s", error)
            return Limits()
        if is_16:
            return Limits(_whole(known.get(_LIMITS_16[0])))
        return Limits(*(_whole(known.get(key)) for key in _LIMITS_2))


def _differences(held: _Entries, wanted: _Entries) -> dict[str, tuple[int, ...] | None]:
    """Return what has to change: entries that are new or different, and with None those that have to go."""
    changed: dict[str, tuple[int, ...] | None] = {tag: evses for tag, evses in wanted.items() if held.get(tag) != evses}
    return changed | {tag: None for tag in held if tag not in wanted}


def _whole(value: str | None) -> int | None:
    found = number(value)
    return int(found) if found is not None and found >= 1 else None
