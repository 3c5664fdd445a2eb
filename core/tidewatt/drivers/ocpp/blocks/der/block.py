"""Configuring and following the DER controls of a station (OCPP 2.1, use cases R01 to R05)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import itertools
from typing import Any
from uuid import uuid4

from tidewatt.drivers.ocpp.blocks.block import Plain, StationContext, demand, require
from tidewatt.drivers.ocpp.blocks.v2x.troubles import alarm_fault
from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import from_wire_time, integer, text, utc_now
from tidewatt.site import CommandError

from .controls import DerControl
from .report import ReportedControl, read_report

_MOST_REPORTED = 1000
_NOT_FOUND = "NotFound"


@dataclass(frozen=True, slots=True, kw_only=True)
class DerAlarm:
    """A DER control that makes the inverter deviate from what it was told. `event` is what happened to the grid."""

    control_type: str
    event: str | None
    since_utc: datetime


@dataclass(slots=True)
class _Report:
    """A report that is being put together."""

    done: asyncio.Future[list[ReportedControl]]
    controls: list[ReportedControl]


class Der(Plain):
    """Sets, reads and clears the DER controls of one station, and hears when they act.

    Stations keep their controls over a loss of power, so nothing is set up anew (R01.FR.03).
    """

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._request_ids = itertools.count(int(utc_now().timestamp()))
        self._reports: dict[int, _Report] = {}
        self._alarm: DerAlarm | None = None
        self._started: set[str] = set()

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers stations of 2.1."""
        if version is not OcppVersion.V21:
            return {}
        return {
            "NotifyDERAlarm": self._on_alarm,
            "NotifyDERStartStop": self._on_start_stop,
            "ReportDERControl": self._on_report,
        }

    def disconnected(self) -> None:
        """Give up reports that will not come any more."""
        for report in self._reports.values():
            if not report.done.done():
                report.done.set_exception(OcppError("The connection closed before the report was complete."))
        self._reports.clear()

    def diagnostics(self) -> dict[str, Any]:
        """Return whether an alarm holds and which scheduled controls act."""
        return {
            "alarm": None if self._alarm is None else {"control": self._alarm.control_type, "event": self._alarm.event},
            "started": sorted(self._started),
        }

    @property
    def alarm(self) -> DerAlarm | None:
        """The control that makes the inverter deviate now; None while none does. There is never more than one."""
        return self._alarm

    @property
    def started(self) -> frozenset[str]:
        """The ids of the scheduled controls that act now, as the station said."""
        return frozenset(self._started)

    async def set(self, control: DerControl, *, control_id: str | None = None) -> tuple[str, tuple[str, ...]]:
        """Set a control, as a default unless it has a time; return its id and the ids of those it supersedes.

        A scheduled control goes before the default one of its kind, and among several the lowest priority number
        (R04.FR.03, R04.FR.06). One that another supersedes at once names itself. CommandError when the station refuses
        or does not know this kind.
        """
        control_id = control_id or str(uuid4())
        request = {
            "isDefault": control.when is None,
            "controlId": control_id,
            "controlType": control.control_type,
            control.field: control.to_wire(),
        }
        answer = await self._ask(f"setting the DER control {control.control_type}", "SetDERControl", request)
        superseded = answer.get("supersededIds")
        ids = [item for item in superseded if isinstance(item, str)] if isinstance(superseded, list) else []
        return control_id, tuple(ids[:_MOST_REPORTED])

    async def clear(self, *, is_default: bool, control_type: str | None = None, control_id: str | None = None) -> bool:
        """Clear default or scheduled controls: all, those of a kind, or the one with an id. False when there was none.

        CommandError when the station refuses.
        """
        request = _selection(is_default, control_type, control_id)
        answer = await self._ask("clearing DER controls", "ClearDERControl", request, _NOT_FOUND)
        return text(answer, "status") == ACCEPTED

    async def report(
        self, *, is_default: bool | None = None, control_type: str | None = None, control_id: str | None = None
    ) -> tuple[ReportedControl, ...]:
        """Return the controls that the station has, put together from its reports (R04.FR.31 to R04.FR.37).

        CommandError when it refuses, or does not finish in time.
        """
        request_id = next(self._request_ids)
        report = _Report(asyncio.get_running_loop().create_future(), [])
        self._reports[request_id] = report
        command = "reading DER controls"
        try:
            request = {"requestId": request_id, **_selection(is_default, control_type, control_id)}
            answer = await self._ask(command, "GetDERControl", request, _NOT_FOUND)
            if text(answer, "status") == _NOT_FOUND:
                return ()
            async with asyncio.timeout(self._context.settings.call_timeout_s):
                return tuple(await report.done)
        except TimeoutError as error:
            raise CommandError(self._context.station_id, command, "the report was not completed in time") from error
        except OcppError as error:
            raise CommandError(self._context.station_id, command, str(error)) from error
        finally:
            self._reports.pop(request_id, None)
            report.done.cancel()

    async def _on_report(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        report = self._reports.get(integer(payload, "requestId") or 0)
        if report is None or report.done.done():
            return {}
        room = _MOST_REPORTED - len(report.controls)
        report.controls.extend(read_report(payload)[:room])
        if payload.get("tbc") is not True or room <= 0:
            report.done.set_result(report.controls)
        return {}

    async def _on_start_stop(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Follow which scheduled controls act (R04.FR.20 to R04.FR.22)."""
        self._context.heard()
        control_id = text(payload, "controlId", 36)
        superseded = payload.get("supersededIds")
        for ended in superseded if isinstance(superseded, list) else ():
            self._started.discard(str(ended))
        if control_id is not None and payload.get("started") is True and len(self._started) < _MOST_REPORTED:
            self._started.add(control_id)
        elif control_id is not None:
            self._started.discard(control_id)
        return {}

    async def _on_alarm(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Take an alarm, which replaces the one before it, or its end (R05.FR.01 to R05.FR.04)."""
        self._context.heard()
        control_type = text(payload, "controlType", 40) or "?"
        event = text(payload, "gridEventFault", 40)
        if payload.get("alarmEnded") is True:
            self._alarm = None
            return {}
        since_utc = from_wire_time(payload.get("timestamp")) or utc_now()
        self._alarm = DerAlarm(control_type=control_type, event=event, since_utc=since_utc)
        extra = text(payload, "extraInfo", 200)
        detail = f"The DER control {control_type} deviates from what was set: {event or 'no reason given'}"
        for evse_id, point in self._context.points.items():
            if point.evse.charger.discharge_maximum_a > 0:
                words = f"{detail}, {extra}." if extra else f"{detail}."
                self._context.report(alarm_fault(event), words, evse_id)
        return {}

    async def _ask(self, command: str, action: str, request: dict[str, Any], *fine: str) -> dict[str, Any]:
        """Call the station; CommandError unless it accepts, or answers with one of the words that are fine too."""
        if self._context.version() is not OcppVersion.V21:
            raise CommandError(self._context.station_id, command, "the station is not connected with OCPP 2.1")
        answer = await demand(self._context, command, action, request)
        require(self._context, command, answer, ACCEPTED, *fine)
        return answer


def _selection(is_default: bool | None, control_type: str | None, control_id: str | None) -> dict[str, Any]:
    """Return the criteria of a request; an id makes the kind superfluous."""
    wanted: dict[str, Any] = {
        "isDefault": is_default,
        "controlType": control_type if control_id is None else None,
        "controlId": control_id,
    }
    return {key: value for key, value in wanted.items() if value is not None}
