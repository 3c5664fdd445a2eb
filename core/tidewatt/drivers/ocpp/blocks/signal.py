"""How strong the station's radio receives, where it says so: `DataLink.SignalStrength` of OCPP 2.x.

OCPP 1.6 has no word for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.drivers.ocpp.dialect import ACCEPTED, QUESTION_TIMEOUT_S
from tidewatt.drivers.ocpp.v2.exchange import Limits, read
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import number, rows, text

from .block import Answered, Plain, StationContext

_SIGNAL = VariableKey.parse("DataLink.SignalStrength")
_INTERVAL_S = 60.0

_MOST_ASU, _ASU_FLOOR_DBM, _DBM_PER_ASU = 31, -113.0, 2.0
"""Radios that count in ASU do so from 0 to 31, and write 99 for unknown (3GPP TS 27.007, chapter 8.5)."""
_WEAKEST_DBM = -140.0


class Signal(Plain):
    """Asks the station once a minute as long as it answers, and takes what it reports by itself."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._round = 0

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:
        """Return what looks at the station's own reports."""
        return {} if version is OcppVersion.V16 else {"NotifyEvent": self._on_event}

    async def prepare(self) -> None:
        """Begin to ask."""
        self._round += 1
        if self._context.version() is not OcppVersion.V16:
            self._context.tasks.spawn(self._keep_asking(self._round))

    def disconnected(self) -> None:
        """Ask no more; the next connection may be another."""
        self._round += 1

    def diagnostics(self) -> dict[str, Any]:
        """Return the strength in dBm, None where the station does not tell."""
        return {"signal_dbm": self._context.link.signal_dbm}

    async def _keep_asking(self, this_round: int) -> None:
        while await self._ask():
            await asyncio.sleep(_INTERVAL_S)
            if this_round != self._round:
                return

    async def _ask(self) -> bool:
        """Ask; False when the station will not say."""
        try:
            answers = await read(self._context.call, [_SIGNAL], Limits(), timeout_s=QUESTION_TIMEOUT_S)
        except OcppError:
            return False
        answer = answers.get(_SIGNAL)
        if answer is None or answer.status != ACCEPTED:
            return False
        self._take(answer.value)
        return True

    def _on_event(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        for row in rows(payload, "eventData"):
            if VariableKey.from_wire(row) == _SIGNAL:
                self._take(text(row, "actualValue"))
        return answer

    def _take(self, value: str | None) -> None:
        self._context.link.signal_dbm = signal_dbm(value)


def signal_dbm(value: str | None) -> float | None:
    """Return a strength in dBm from what a station says in dBm or ASU; None for what is neither."""
    strength = number(value)
    if strength is None:
        return None
    if _WEAKEST_DBM <= strength < 0:
        return strength
    if 0 <= strength <= _MOST_ASU:
        return _ASU_FLOOR_DBM + _DBM_PER_ASU * strength
    return None
