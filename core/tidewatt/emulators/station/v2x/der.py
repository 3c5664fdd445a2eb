"""Controls of a distributed energy resource: what the grid's operator lets a station do (OCPP 2.1, section R).

A control with a lower priority number supersedes one of its kind; a scheduled one supersedes the default while it
runs (R04).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Any

from tidewatt.emulators.physics import Clock

type Payload = dict[str, Any]

FIELDS = {
    "LimitMaxDischarge": "limitMaxDischarge",
    "FreqDroop": "freqDroop",
    "FreqWatt": "curve",
}
"""The controls that this station follows, and the field of each."""
MOST_CONTROLS = 32
NOMINAL_HZ = 50.0


@dataclass(slots=True, kw_only=True)
class Control:
    """One control as installed; the times are None for defaults, which hold always."""

    control_id: str
    kind: str
    is_default: bool
    priority: int
    settings: Payload
    start_utc_s: float | None = None
    end_utc_s: float | None = None
    is_superseded: bool = False
    started: bool = False

    def runs(self, utc_s: float) -> bool:
        """Tell whether its time is now."""
        begun = self.start_utc_s is None or utc_s >= self.start_utc_s
        return begun and (self.end_utc_s is None or utc_s < self.end_utc_s)


class DerControls:
    """The controls of one EVSE's station. `tell` sends a message, `soon` does something after the present answer."""

    def __init__(
        self, clock: Clock, *, tell: Callable[[str, Payload], None], soon: Callable[[Callable[[], None]], None]
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._soon = soon
        self._controls: dict[str, Control] = {}

    def handlers(self) -> Mapping[str, Callable[[Payload], Any]]:
        """Return what answers the central system."""
        return {"SetDERControl": self._set, "GetDERControl": self._get, "ClearDERControl": self._clear}

    def observe(self) -> None:
        """Start and end scheduled controls whose time has come, and say so (R04.FR.20)."""
        now_s = self._clock.utc_s
        for control in list(self._controls.values()):
            if control.is_default:
                continue
            runs = control.runs(now_s) and not control.is_superseded
            if runs != control.started:
                control.started = runs
                self._tell_start_stop(control, started=runs)
            if control.end_utc_s is not None and now_s >= control.end_utc_s:
                del self._controls[control.control_id]

    def discharge_share(self, frequency_hz: float) -> float:
        """Return the share of its discharging power that the station may use now, 0 to 1."""
        share = 1.0
        limit = self._active("LimitMaxDischarge")
        if limit is not None and limit.settings.get("pctMaxDischargePower") is not None:
            share = limit.settings["pctMaxDischargePower"] / 100
        droop = self._active("FreqDroop")
        if droop is not None:
            over_hz = frequency_hz - droop.settings["overFreq"]
            if over_hz > 0:
                full_hz = NOMINAL_HZ * max(droop.settings["overDroop"], 1e-6) / 100
                share = min(share, 1.0 - over_hz / full_hz)
        curve = self._active("FreqWatt")
        if curve is not None:
            share = min(share, _on_curve(curve.settings["curveData"], frequency_hz) / 100)
        return min(max(share, 0.0), 1.0)

    def alarm(self, kind: str, grid_event: str | None, *, ended: bool) -> None:
        """Report that a control's protection acted, or no longer does."""
        payload: Payload = {"controlType": kind, "timestamp": self._clock.timestamp(), "alarmEnded": ended}
        if grid_event is not None:
            payload["gridEventFault"] = grid_event
        self._tell("NotifyDERAlarm", payload)

    def _active(self, kind: str) -> Control | None:
        """Return the control of a kind in force: scheduled before default, and the most important first."""
        now_s = self._clock.utc_s
        running = [
            each
            for each in self._controls.values()
            if each.kind == kind and not each.is_superseded and each.runs(now_s)
        ]
        return min(running, key=lambda each: (each.is_default, each.priority), default=None)

    async def _set(self, payload: Payload) -> Payload:
        kind = payload["controlType"]
        if kind not in FIELDS:
            return {"status": "NotSupported"}
        settings = payload.get(FIELDS[kind])
        start, duration_s = (settings or {}).get("startTime"), (settings or {}).get("duration")
        timed = start is not None or duration_s is not None
        full = payload["controlId"] not in self._controls and len(self._controls) >= MOST_CONTROLS
        # A default has no time, a scheduled one needs it (R04.FR.13), and its field must fit its type (R04.FR.16).
        if settings is None or full or payload["isDefault"] == timed:
            return {"status": "Rejected"}
        start_utc_s = self._clock.utc_s if start is None else datetime.fromisoformat(start).timestamp()
        control = Control(
            control_id=payload["controlId"],
            kind=kind,
            is_default=payload["isDefault"],
            priority=settings["priority"],
            settings=settings,
            start_utc_s=None if payload["isDefault"] else start_utc_s,
            end_utc_s=None if duration_s is None else start_utc_s + duration_s,
        )
        superseded = self._supersede(control)
        self._controls[control.control_id] = control
        return {"status": "Accepted"} | ({"supersededIds": superseded} if superseded else {})

    def _supersede(self, new: Control) -> list[str]:
        """Let the more important of two controls of one kind win; returns who lost (R04.FR.03, R04.FR.08)."""
        lost: list[str] = []
        for held in self._controls.values():
            if held.kind != new.kind or held.is_default != new.is_default or held.control_id == new.control_id:
                continue
            if held.is_superseded or held.priority == new.priority:
                continue
            loser = held if new.priority < held.priority else new
            loser.is_superseded = True
            lost.append(loser.control_id)
        return lost

    async def _get(self, payload: Payload) -> Payload:
        if payload.get("controlType") not in (None, *FIELDS):
            return {"status": "NotSupported"}
        found = [each for each in self._controls.values() if _matches(each, payload)]
        if not found:
            return {"status": "NotFound"}
        self._soon(partial(self._tell, "ReportDERControl", _report(payload["requestId"], found)))
        return {"status": "Accepted"}

    async def _clear(self, payload: Payload) -> Payload:
        if payload.get("controlId") is None and payload.get("controlType") not in (None, *FIELDS):
            return {"status": "NotSupported"}
        found = [each for each in self._controls.values() if _matches(each, payload)]
        for each in found:
            del self._controls[each.control_id]
            if each.started:
                self._soon(partial(self._tell_start_stop, each, started=False))
        return {"status": "Accepted" if found else "NotFound"}

    def _tell_start_stop(self, control: Control, *, started: bool) -> None:
        payload: Payload = {
            "controlId": control.control_id,
            "started": started,
            "timestamp": self._clock.timestamp(),
        }
        lost = [each.control_id for each in self._controls.values() if each.kind == control.kind and each.is_superseded]
        self._tell("NotifyDERStartStop", payload | ({"supersededIds": lost} if started and lost else {}))


def _matches(control: Control, wanted: Payload) -> bool:
    return (
        wanted.get("controlId") in (None, control.control_id)
        and (wanted.get("controlId") is not None or wanted.get("controlType") in (None, control.kind))
        and wanted.get("isDefault") in (None, control.is_default)
    )


def _report(request_id: int, controls: list[Control]) -> Payload:
    document: Payload = {"requestId": request_id, "tbc": False}
    for each in controls:
        field = FIELDS[each.kind]
        row = {"id": each.control_id, "isDefault": each.is_default, "isSuperseded": each.is_superseded}
        row[field] = each.settings
        if field == "curve":
            row["curveType"] = each.kind
        document.setdefault(field, []).append(row)
    return document


def _on_curve(points: list[Payload], at: float) -> float:
    ordered = sorted((float(point["x"]), float(point["y"])) for point in points)
    if at <= ordered[0][0]:
        return ordered[0][1]
    for (left_x, left_y), (right_x, right_y) in pairwise(ordered):
        if at <= right_x:
            share = (at - left_x) / (right_x - left_x) if right_x > left_x else 1.0
            return left_y + share * (right_y - left_y)
    return ordered[-1][1]
