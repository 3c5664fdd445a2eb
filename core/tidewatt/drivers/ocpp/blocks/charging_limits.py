"""Noticing who else limits a station: other central systems, apps, energy managers (requirement V6; K08, K09, K11-K13).

What allows less than Tidewatt is respected and shown. What allows more, or has taken the place of a profile of
Tidewatt, is put right within the write budget. Both are reported, each once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import itertools
import logging
import math
from typing import Any

from tidewatt.drivers.ocpp.dialect import ACCEPTED, QUESTION_TIMEOUT_S
from tidewatt.drivers.ocpp.profiles import ExternalLimits, ProfileReports, describe
from tidewatt.ocpp.charging import Limit
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, integer, text
from tidewatt.site import FaultCode

from .block import Answered, StationContext
from .limit_repair import Repair

_LOGGER = logging.getLogger(__name__)


class ChargingLimits:
    """Compares what one station does with what it was told: after connecting, after any sign of change, and rarely."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._external = ExternalLimits(context.profiles)
        self._repair = Repair(context.profiles, context.points, context.record, self._conflict)
        self._request_ids = itertools.count(1)
        self._reports: ProfileReports | None = None
        self._is_connected = False
        self._is_watching = False
        self._something_happened = asyncio.Event()
        self._conflicts = 0

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers the messages about limits; OCPP 1.6 has none."""
        if version is OcppVersion.V16:
            return {}
        return {
            "NotifyChargingLimit": self._on_limit,
            "ClearedChargingLimit": self._on_cleared,
            "ReportChargingProfiles": self._on_report,
        }

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:
        """Look at the limits of a transaction once it has begun."""
        return {"StartTransaction" if version is OcppVersion.V16 else "TransactionEvent": self._after_transaction}

    async def prepare(self) -> None:
        """Look at the station's limits once everything else is set up."""
        self._is_connected = True
        self._something_happened.set()
        if not self._is_watching:
            self._is_watching = True
            self._context.tasks.spawn(self._watch())

    def disconnected(self) -> None:
        """Stop watching."""
        self._is_connected = False
        self._something_happened.set()

    def diagnostics(self) -> dict[str, Any]:
        """Return who else limits the station, and how many conflicts there were."""
        return {
            "external": self._external.diagnostics(),
            "conflicts": self._conflicts,
            "expected": {evse_id: _plain(self.expected(evse_id)) for evse_id in self._context.points},
        }

    def expected(self, evse_id: int, *, after_s: float = 0.0) -> Limit | None:
        """Return what the station lets the vehicle at an EVSE do now; None for an EVSE that is not configured.

        With `after_s` that many seconds from now, if the station hears nothing of us until then.
        """
        point = self._context.points.get(evse_id)
        return None if point is None else self._context.profiles.expected(point.evse.charger, after_s=after_s)

    async def verify(self) -> None:
        """Compare what the station holds and does with what it was told; OcppError when it does not answer."""
        commands = await self._context.commands()
        book = self._context.profiles
        revision = book.revision
        found = await self._ask_profiles() if self._context.version() is not OcppVersion.V16 else None
        if found is not None:
            if book.revision != revision:
                # A setpoint came in between: nothing can be said of what was reported.
                self._something_happened.set()
                return
            await self._repair.compare(commands, found)
        for evse_id in tuple(self._context.points):
            await self._repair.check(commands, evse_id)

    async def _watch(self) -> None:
        settings = self._context.settings
        try:
            while self._is_connected:
                await self._wait_for_something(settings.limits_watch_s)
                self._something_happened.clear()
                # What changed a limit may not be done, and what changes it all the time is not followed all the time.
                await asyncio.sleep(settings.limits_delay_s)
                if self._is_connected:
                    await self._attempt()
        finally:
            self._is_watching = False

    async def _wait_for_something(self, at_most_s: float) -> None:
        try:
            async with asyncio.timeout(at_most_s):
                await self._something_happened.wait()
        except TimeoutError:
            return

    async def _attempt(self) -> None:
        try:
            await self.verify()
        except OcppError as error:
            _LOGGER.info("OCPP station %s: its limits could not be verified: %s", self._context.station_id, error)

    async def _ask_profiles(self) -> ProfileReports | None:
        """Return all profiles of the station; None when it does not tell them (K09)."""
        version = self._context.version()
        if version is None:
            return None
        reports = self._reports = ProfileReports(next(self._request_ids), version)
        try:
            commands = await self._context.commands()
            answer = await commands.request_profiles(reports.request_id)
            if answer == "NoProfiles":
                return reports
            if answer != ACCEPTED:
                return None
            async with asyncio.timeout(QUESTION_TIMEOUT_S):
                await reports.are_complete.wait()
        except TimeoutError:
            return None
        finally:
            self._reports = None
        return reports

    def _after_transaction(self, request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if text(request, "eventType") in (None, "Started"):
            self._something_happened.set()
        return answer

    async def _on_report(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        if self._reports is not None and integer(payload, "requestId") == self._reports.request_id:
            self._reports.take(payload)
        else:
            # A station reports by itself what somebody else has installed.
            self._something_happened.set()
        return {}

    async def _on_limit(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        version = self._context.version()
        if version is not None:
            limit = self._external.take(payload, version)
            if limit is not None:
                self._conflict(f"{describe(limit)} It is respected.", limit.evse_id or None)
        self._something_happened.set()
        return {}

    async def _on_cleared(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        source = text(payload, "chargingLimitSource", 20) or text(child(payload, "chargingLimit"), "source", 20)
        self._external.clear(source or "", integer(payload, "evseId"))
        self._something_happened.set()
        return {}

    def _conflict(self, detail: str, evse_id: int | None) -> None:
        self._conflicts += 1
        self._context.report(FaultCode.SCHEDULING_CONFLICT, detail, evse_id)


def _plain(limit: Limit | None) -> dict[str, Any] | None:
    """Return a limit for diagnostics; None where nothing limits."""
    if limit is None:
        return None
    return {
        "current_a": round(limit.current_a, 2) if math.isfinite(limit.current_a) else None,
        "discharge_a": round(limit.discharge_a, 2) if math.isfinite(limit.discharge_a) else None,
        "setpoint_a": None if limit.setpoint_a is None else round(limit.setpoint_a, 2),
        "operation_mode": limit.operation_mode.value,
    }
