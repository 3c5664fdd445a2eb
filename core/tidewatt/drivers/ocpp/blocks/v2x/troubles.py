"""Faults of V2X in the words of stations: reasons, error codes and events become the named faults of V7."""

from __future__ import annotations

from collections.abc import Iterator
import re
from typing import Any

from tidewatt.drivers.ocpp.blocks.block import StationContext
from tidewatt.drivers.ocpp.point import Point
from tidewatt.ocpp.wire import child, integer, rows, text
from tidewatt.site import FaultCode

_WORDS: tuple[tuple[re.Pattern[str], FaultCode], ...] = tuple(
    (re.compile(pattern), code)
    for pattern, code in (
        (r"phase(mismatch|rotation|sequence|order)|(current|voltage)imbalance", FaultCode.PHASE_MISMATCH),
        (
            r"gridsync|lossofmains|islanding|antiisland|gridfault|(over|under)(frequency|voltage)",
            FaultCode.GRID_SYNC_LOST,
        ),
        (
            r"bms.*(timeout|lost|noresponse)|(timeout|lost).*bms|evcommunication(lost|error|timeout)",
            FaultCode.BMS_TIMEOUT,
        ),
        (r"(battery|soc|v2x).*(lowerlimit|toolow|minimum)|lower(soc)?limit(reached)?", FaultCode.BATTERY_LOWER_LIMIT),
        (r"(v2g|v2x|discharg).*limit", FaultCode.DISCHARGE_LIMIT),
        (
            r"(bidirectional|bpt|v2[gx]).*(unsupported|notsupported|rejected)|reqenergytransferrejected",
            FaultCode.BIDIRECTIONAL_UNSUPPORTED,
        ),
        (r"(signal|schedule|setpoint).*timeout", FaultCode.SIGNAL_TIMEOUT),
    )
)
"""What is looked for in a word from which everything but letters and digits was taken, the first that fits counts."""

_ALARMS = {
    "CurrentImbalance": FaultCode.PHASE_MISMATCH,
    "VoltageImbalance": FaultCode.PHASE_MISMATCH,
    "PhaseRotation": FaultCode.PHASE_MISMATCH,
    "OverCurrent": FaultCode.DISCHARGE_LIMIT,
}
"""Grid events of a DER alarm that are more than a lost grid (OCPP 2.1 GridEventFaultEnumType)."""

_MOST_EVENTS = 200


def fault_of(word: str | None) -> FaultCode | None:
    """Return the fault that a station's word names; None for words that mean nothing here."""
    bare = re.sub(r"[^a-z0-9]", "", (word or "").lower())
    return next((code for pattern, code in _WORDS if pattern.search(bare)), None)


def alarm_fault(grid_event: str | None) -> FaultCode:
    """Return the fault of a DER alarm: the inverter left the grid's normal range, unless its event says more."""
    return _ALARMS.get(grid_event or "", FaultCode.GRID_SYNC_LOST)


def status_troubles(payload: dict[str, Any]) -> Iterator[tuple[FaultCode, str]]:
    """Yield what a StatusNotification of OCPP 1.6 tells, in its own or its vendor's words."""
    for key in ("errorCode", "vendorErrorCode", "info"):
        word = text(payload, key)
        code = fault_of(word)
        if code is not None:
            yield code, f"The station reports {word}."
            return


def event_troubles(payload: dict[str, Any]) -> Iterator[tuple[int | None, FaultCode, str]]:
    """Yield what a NotifyEvent tells with the EVSE it happened on, None where it is the station's."""
    for event in rows(payload, "eventData")[:_MOST_EVENTS]:
        if event.get("cleared") is True or text(event, "actualValue") in ("false", "0"):
            continue
        component, variable = child(event, "component"), child(event, "variable")
        words = (text(event, "techCode"), text(event, "techInfo"), text(variable, "name"))
        found = next(((code, word) for word in words if (code := fault_of(word)) is not None), None)
        if found is not None:
            yield integer(child(component, "evse"), "id"), found[0], f"The station reports {found[1]}."


def transaction_trouble(payload: dict[str, Any], *, discharging: bool) -> tuple[FaultCode, str] | None:
    """Return what a TransactionEvent tells: why the vehicle stopped, or that nobody hears it any more."""
    reason = text(child(payload, "transactionInfo"), "stoppedReason")
    trigger = text(payload, "triggerReason")
    if discharging and "SOCLIMITREACHED" in ((reason or "").upper(), (trigger or "").upper()):
        return FaultCode.BATTERY_LOWER_LIMIT, "The vehicle's battery reached its limit while it discharged."
    if reason == "PowerQuality":
        return FaultCode.GRID_SYNC_LOST, "The transaction ended because of the quality of the grid's power."
    for word in (reason, trigger):
        code = fault_of(word)
        if code is not None:
            return code, f"The station reports {word}."
    return None


class Troubles:
    """Reports what one station tells, for the chargers that may discharge; others have no faults of V2X."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    def take_transaction(self, payload: dict[str, Any], evse_id: int, point: Point) -> None:
        """Take a TransactionEvent."""
        trouble = transaction_trouble(payload, discharging=point.guard.is_discharging)
        if trouble is not None:
            self._report(*trouble, evse_id)

    def take_status(self, payload: dict[str, Any]) -> None:
        """Take a StatusNotification of OCPP 1.6."""
        for code, detail in status_troubles(payload):
            # Connector 0 is the whole station.
            self._report(code, detail, integer(payload, "connectorId") or None)

    def take_events(self, payload: dict[str, Any]) -> None:
        """Take a NotifyEvent."""
        for evse_id, code, detail in event_troubles(payload):
            self._report(code, detail, evse_id)

    def _report(self, code: FaultCode, detail: str, evse_id: int | None) -> None:
        for number, point in self._context.points.items():
            if evse_id in (None, number) and point.evse.charger.discharge_maximum_a > 0:
                self._context.report(code, detail, number)
