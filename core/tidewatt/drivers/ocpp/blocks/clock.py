"""The station's clock: measured from what it says, told of when it is wrong, and allowed for in profiles.

Stations set their clock by the times in BootNotification and Heartbeat answers, if so configured (OCPP 1.6 chapters
4.2 and 4.6, B01.FR.06 and G02.FR.06). One that does not, or has lost its time server, drops or never begins charging
profiles, which name absolute times.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
import logging
from typing import Any

from tidewatt.drivers.ocpp.clock import SKEW_S, ClockWatch, looks_like_a_zone
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import from_wire_time, rows, utc_now
from tidewatt.site import FaultCode

from .block import Answered, Plain, StationContext

_LOGGER = logging.getLogger(__name__)

_STAMPED = {
    OcppVersion.V16: ("StartTransaction", "StatusNotification", "StopTransaction"),
    OcppVersion.V201: ("StatusNotification", "TransactionEvent"),
    OcppVersion.V21: ("StatusNotification", "TransactionEvent"),
}
_REPEAT_S = 30.0
"""A clock that stays wrong is told of again: faults are shown for a minute."""
_CHANGE_S = 10.0
"""Profiles are written anew when the clock turns out to be off by so much more or less."""


class StationClock(Plain):
    """Keeps `StationRecord.clock_skew_s`: by how much profiles shift, 0 where that is not known to be right."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._watch = ClockWatch()
        self._reported_s = float("-inf")

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:
        """Return what looks at the messages that carry the time they were written."""
        looks: dict[str, Answered] = dict.fromkeys(_STAMPED[version], self._on_stamped)
        return looks | {"MeterValues": self._on_meter_values, "BootNotification": self._on_boot}

    def disconnected(self) -> None:
        """Measure anew on the next connection."""
        self._forget()

    def diagnostics(self) -> dict[str, Any]:
        """Return how far the clock is ahead in seconds, and what of it profiles allow for."""
        return {"skew_s": self._watch.skew_s, "allowed_for_s": self._context.record.clock_skew_s}

    def _on_boot(self, _: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        """Measure anew: the answer tells the time."""
        self._forget()
        return answer

    def _on_stamped(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        if payload.get("offline") is not True:
            self._take(from_wire_time(payload.get("timestamp")))
        return answer

    def _on_meter_values(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        values = rows(payload, "meterValue")
        if values:
            self._take(from_wire_time(values[-1].get("timestamp")))
        return answer

    def _forget(self) -> None:
        self._watch = ClockWatch()
        self._context.record.clock_skew_s = 0.0

    def _take(self, stamped_at: datetime | None) -> None:
        if stamped_at is None:
            return
        self._watch.take(stamped_at, utc_now())
        skew_s = self._watch.skew_s
        if skew_s is None:
            return
        is_wrong = abs(skew_s) > SKEW_S
        self._allow_for(skew_s if is_wrong and not looks_like_a_zone(skew_s) else 0.0)
        if is_wrong:
            self._report(skew_s)

    def _allow_for(self, skew_s: float) -> None:
        record = self._context.record
        if abs(record.clock_skew_s - skew_s) < _CHANGE_S:
            return
        record.clock_skew_s = float(round(skew_s))
        for point in self._context.points.values():
            point.limiter.forget()
            if point.limiter.is_behind:
                self._context.tasks.spawn(point.limiter.catch_up())

    def _report(self, skew_s: float) -> None:
        now_s = self._context.clock()
        if now_s - self._reported_s < _REPEAT_S:
            return
        self._reported_s = now_s
        way = "ahead of" if skew_s > 0 else "behind"
        cure = (
            "It seems to tell the time of another zone: set it to UTC."
            if looks_like_a_zone(skew_s)
            else "Limits allow for that; set it, or give it a time server."
        )
        self._context.report(FaultCode.CLOCK_SKEWED, f"Its clock is {abs(skew_s):.0f} s {way} ours. {cure}", None)
