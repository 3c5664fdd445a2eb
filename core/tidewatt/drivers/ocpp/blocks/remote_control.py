"""What a person has a station do: unlock, say something, start anew (OCPP 1.6 chapter 5, 2.x F05, F06, B11, B12)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from tidewatt.ocpp.frames import OcppVersion

from .block import Plain, StationContext, Taken, demand, require

_TRIGGERS_OF_16 = (
    "BootNotification",
    "DiagnosticsStatusNotification",
    "FirmwareStatusNotification",
    "Heartbeat",
    "MeterValues",
    "StatusNotification",
)
"""Messages that OCPP 1.6 itself lets be triggered; others need the messages of its security extension."""

_STATUS = "StatusNotification"


class ResetKind(StrEnum):
    """How a station starts anew. The words are those of OCPP 2.x."""

    ON_IDLE = "OnIdle"
    IMMEDIATE = "Immediate"
    IMMEDIATE_AND_RESUME = "ImmediateAndResume"


class RemoteControl(Plain):
    """Unlocks connectors, triggers messages and restarts one station."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    async def unlock(self, evse_id: int, connector_id: int = 1) -> None:
        """Unlock a connector whose plug is stuck; CommandError when the station does not (F05)."""
        is_16 = self._context.version() is OcppVersion.V16
        request = {"connectorId": evse_id} if is_16 else {"evseId": evse_id, "connectorId": connector_id}
        command = "unlocking the connector"
        require(self._context, command, await demand(self._context, command, "UnlockConnector", request), "Unlocked")

    async def trigger(self, message: str, evse_id: int | None = None, connector_id: int | None = None) -> None:
        """Have a station send a message, for an EVSE or the whole station; CommandError when it does not (F06).

        ValueError for a StatusNotification of OCPP 2.x without an EVSE: there is one for each connector (F06.FR.13).
        """
        command = f"asking for {message}"
        request: dict[str, Any] = {"requestedMessage": message}
        action = "TriggerMessage"
        if self._context.version() is OcppVersion.V16:
            action = action if message in _TRIGGERS_OF_16 else "ExtendedTriggerMessage"
            if evse_id is not None:
                request["connectorId"] = evse_id
        elif evse_id is None:
            if message == _STATUS:
                raise ValueError("Name the EVSE whose state is to be told.")
        else:
            connector_id = 1 if connector_id is None and message == _STATUS else connector_id
            request["evse"] = {"id": evse_id} | ({} if connector_id is None else {"connectorId": connector_id})
        require(self._context, command, await demand(self._context, command, action, request))

    async def reset(self, kind: ResetKind, evse_id: int | None = None) -> Taken:
        """Restart the station, or one EVSE of it (OCPP 2.x); CommandError when it refuses.

        OCPP 1.6 knows a hard and a soft reset, which end running transactions; OCPP 2.x waits for their end with
        `ON_IDLE` and answers that it is scheduled (B12.FR.01), 2.1 goes on with them after `IMMEDIATE_AND_RESUME`.
        """
        if self._context.version() is OcppVersion.V16:
            request: dict[str, Any] = {"type": "Soft" if kind is ResetKind.ON_IDLE else "Hard"}
        else:
            request = {"type": kind.value} | ({} if evse_id is None else {"evseId": evse_id})
        answer = await demand(self._context, "resetting", "Reset", request)
        return Taken(require(self._context, "resetting", answer, *Taken))
