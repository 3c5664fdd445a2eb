"""Watching variables of a station, and what it reports of them (OCPP 2.x use cases N02 to N08, streams of 2.1 N11)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import batched
import logging
from typing import Any

from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, from_wire_time, integer, number, rows, text
from tidewatt.site import CommandError, FaultCode

from .block import Listeners, Plain, StationContext, demand, require, status_of
from .parts import Collector
from .variables import Variables

_LOGGER = logging.getLogger(__name__)

_IDLE_S = 30.0
_KEPT_EVENTS = 100
_MOST_ROWS = 1000
_LONGEST_VALUE = 2500
_SEVERE = 3
"""Severities from Danger (0) to Critical (3) need somebody's attention (N04, table of severities)."""


class MonitorKind(StrEnum):
    """What a monitor looks at; the last two are of OCPP 2.1."""

    UPPER = "UpperThreshold"
    LOWER = "LowerThreshold"
    DELTA = "Delta"
    PERIODIC = "Periodic"
    CLOCK_ALIGNED = "PeriodicClockAligned"
    TARGET_DELTA = "TargetDelta"
    TARGET_DELTA_RELATIVE = "TargetDeltaRelative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Monitor:
    """A monitor of one variable. `value` is the threshold, the difference, or the seconds between two reports.

    `monitor_id` is the station's; None for one that is to be set. `severity` goes from 0 (danger) to 9 (debug).
    `streams_every_s` has a periodic monitor of OCPP 2.1 send its values as a stream, in bundles of so many seconds.
    """

    key: VariableKey
    kind: MonitorKind
    value: float
    severity: int
    monitor_id: int | None = None
    during_transaction: bool = False
    streams_every_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StationEvent:
    """Something that a station noticed about a variable. `is_cleared`: it is over."""

    key: VariableKey
    at_utc: datetime | None
    value: str
    trigger: str
    is_cleared: bool = False
    severity: int | None = None
    monitor_id: int | None = None
    tech_code: str | None = None
    tech_info: str | None = None


class Monitoring(Plain):
    """Sets monitors on one station and takes the events that it reports."""

    def __init__(self, context: StationContext, variables: Variables) -> None:
        self._context = context
        self._variables = variables
        self._reports: Collector[Monitor] = Collector()
        self._monitors: dict[int, Monitor] = {}
        self._streamed: dict[int, VariableKey] = {}
        self.events: deque[StationEvent] = deque(maxlen=_KEPT_EVENTS)
        self.listeners: Listeners[StationEvent] = Listeners()

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers events and monitoring reports, and takes streams."""
        if version is OcppVersion.V16:
            return {}
        handlers = {"NotifyEvent": self._on_event, "NotifyMonitoringReport": self._on_report}
        if version is OcppVersion.V21:
            handlers |= {
                "NotifyPeriodicEventStream": self._on_stream,
                "OpenPeriodicEventStream": self._on_open_stream,
                "ClosePeriodicEventStream": self._on_close_stream,
            }
        return handlers

    def disconnected(self) -> None:
        """No report goes on with another connection, nor does a stream."""
        self._reports.lose()
        self._streamed.clear()

    def diagnostics(self) -> dict[str, Any]:
        """Return how many events came lately."""
        return {"events": len(self.events), "streams": len(self._streamed)}

    async def set(self, monitor: Monitor) -> Monitor:
        """Set a monitor, in place of the one with its id, and return it with its id; CommandError when refused."""
        command = f"watching {monitor.key}"
        row = monitor.key.to_wire() | {
            "value": monitor.value,
            "type": monitor.kind.value,
            "severity": monitor.severity,
            "transaction": monitor.during_transaction,
        }
        if monitor.monitor_id is not None:
            row["id"] = monitor.monitor_id
        if monitor.streams_every_s is not None:
            row["periodicEventStream"] = {"interval": monitor.streams_every_s}
        answer = await demand(self._context, command, "SetVariableMonitoring", {"setMonitoringData": [row]})
        result = next(iter(rows(answer, "setMonitoringResult")), {})
        require(self._context, command, result)
        found = replace(monitor, monitor_id=integer(result, "id"))
        self._remember(found)
        return found

    async def clear(self, monitor_ids: Sequence[int]) -> dict[int, str]:
        """Remove monitors; return those that the station did not remove, with its answer.

        Not more at a time than the station takes in one message (N06.FR.04).
        """
        most = self._variables.limits("ClearVariableMonitoring").items or len(monitor_ids)
        results: dict[int | None, str] = {}
        for ids in batched(monitor_ids, max(1, most), strict=False):
            request = {"id": list(ids)}
            answer = await demand(self._context, "ending monitors", "ClearVariableMonitoring", request)
            results |= {integer(row, "id"): status_of(row) for row in rows(answer, "clearMonitoringResult")}
        return {each: results.get(each, "no answer") for each in monitor_ids if results.get(each) != ACCEPTED}

    async def report(self) -> tuple[Monitor, ...]:
        """Return all monitors of the station; CommandError when it does not tell all of them."""
        command = "reading the monitors"
        parts = self._reports.expect()
        try:
            answer = await demand(self._context, command, "GetMonitoringReport", {"requestId": parts.request_id})
            if require(self._context, command, answer, "Accepted", "EmptyResultSet") == "EmptyResultSet":
                return ()
            found = await parts.wait(_IDLE_S)
        except OcppError as error:
            raise CommandError(self._context.station_id, command, str(error)) from error
        finally:
            self._reports.forget(parts)
        for monitor in found:
            self._remember(monitor)
        return tuple(found)

    async def set_level(self, severity: int) -> None:
        """Have the station report events up to a severity, 0 (danger) to 9 (debug); CommandError when it refuses."""
        command = "setting the monitoring level"
        request = {"severity": severity}
        require(self._context, command, await demand(self._context, command, "SetMonitoringLevel", request))

    async def set_base(self, base: str) -> None:
        """Activate a set of monitors: All, FactoryDefault or HardWiredOnly; CommandError when refused."""
        command = "setting the monitoring base"
        request = {"monitoringBase": base}
        require(self._context, command, await demand(self._context, command, "SetMonitoringBase", request))

    def _remember(self, monitor: Monitor) -> None:
        if monitor.monitor_id is not None and len(self._monitors) < _MOST_ROWS:
            self._monitors[monitor.monitor_id] = monitor

    async def _on_report(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        found = [
            monitor
            for row in rows(payload, "monitor")[:_MOST_ROWS]
            if (key := VariableKey.from_wire(row)) is not None
            for each in rows(row, "variableMonitoring")
            if (monitor := _monitor(key, each)) is not None
        ]
        self._reports.take(payload, found)
        return {}

    async def _on_event(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Take events; the parts of a message count one by one, whatever their order (N07.FR.03)."""
        self._context.heard()
        for row in rows(payload, "eventData")[:_MOST_ROWS]:
            event = self._event(row)
            if event is not None:
                self._take(event)
        return {}

    def _event(self, row: dict[str, Any]) -> StationEvent | None:
        key, monitor_id = VariableKey.from_wire(row), integer(row, "variableMonitoringId")
        if key is None:
            return None
        known, severity = self._monitors.get(monitor_id or 0), integer(row, "severity")
        return StationEvent(
            key=key,
            at_utc=from_wire_time(row.get("timestamp")),
            value=text(row, "actualValue", _LONGEST_VALUE) or "",
            trigger=text(row, "trigger", 50) or "",
            is_cleared=row.get("cleared") is True,
            severity=known.severity if severity is None and known is not None else severity,
            monitor_id=monitor_id,
            tech_code=text(row, "techCode", 50),
            tech_info=text(row, "techInfo", 500),
        )

    def _take(self, event: StationEvent) -> None:
        self.events.append(event)
        self._variables.note(event.key, event.value)
        if _needs_attention(event):
            detail = f"{event.key} is {event.value[:50]}"
            if event.tech_info or event.tech_code:
                detail += f" ({event.tech_info or event.tech_code})"
            self._context.report(
                FaultCode.CHARGER_FAULTED, f"The station reports: {detail}.", event.key.evse_id or None
            )
        self.listeners.tell(event)

    async def _on_open_stream(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Take a stream of a monitor that is known here; others are nobody's."""
        self._context.heard()
        stream = child(payload, "constantStreamData")
        stream_id = integer(stream, "id")
        monitor = self._monitors.get(integer(stream, "variableMonitoringId") or 0)
        if stream_id is None or monitor is None:
            return {"status": "Rejected"}
        self._streamed[stream_id] = monitor.key
        return {"status": ACCEPTED}

    async def _on_close_stream(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        self._streamed.pop(integer(payload, "id") or 0, None)
        return {}

    async def _on_stream(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Take the values of a stream; each is some seconds after the base time."""
        self._context.heard()
        key = self._streamed.get(integer(payload, "id") or 0)
        base = from_wire_time(payload.get("basetime"))
        if key is None or base is None:
            return {}
        for row in rows(payload, "data")[:_MOST_ROWS]:
            seconds, value = number(row.get("t")), text(row, "v", _LONGEST_VALUE)
            if seconds is not None and value is not None and abs(seconds) < 1e9:
                at_utc = base + timedelta(seconds=seconds)
                self._take(StationEvent(key=key, at_utc=at_utc, value=value, trigger="Periodic"))
        return {}


def _needs_attention(event: StationEvent) -> bool:
    return not event.is_cleared and event.severity is not None and event.severity <= _SEVERE


def _monitor(key: VariableKey, row: dict[str, Any]) -> Monitor | None:
    kind, value = text(row, "type", 50), number(row.get("value"))
    severity, monitor_id = integer(row, "severity"), integer(row, "id")
    if kind not in set(MonitorKind) or value is None or severity is None or monitor_id is None:
        return None
    return Monitor(
        key=key,
        kind=MonitorKind(kind),
        value=value,
        severity=severity,
        monitor_id=monitor_id,
        during_transaction=row.get("transaction") is True,
    )
