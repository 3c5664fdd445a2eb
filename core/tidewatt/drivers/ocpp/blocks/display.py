"""Messages on a station's display (OCPP 2.x use cases O01 to O06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
import itertools
from typing import Any

from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, from_wire_time, integer, rows, text, to_wire_time, utc_now
from tidewatt.site import CommandError

from .block import Plain, StationContext, demand, require
from .parts import Collector

_IDLE_S = 30.0
_LONGEST_TEXT = 1024


class DisplayPriority(StrEnum):
    """Which messages go before others."""

    ALWAYS_FRONT = "AlwaysFront"
    IN_FRONT = "InFront"
    NORMAL_CYCLE = "NormalCycle"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisplayMessage:
    """A message for people at the station. `message_id` None lets us choose one.

    `state` is OCPP's word for the state in which it is shown (Idle, Charging, Faulted, Unavailable, and with 2.1
    Suspended and Discharging), None for every one. `transaction_id` ties it to a transaction. `text_format` is ASCII,
    HTML, URI or UTF8, and with 2.1 QRCODE.
    """

    text: str
    message_id: int | None = None
    priority: DisplayPriority = DisplayPriority.NORMAL_CYCLE
    state: str | None = None
    starts_at_utc: datetime | None = None
    ends_at_utc: datetime | None = None
    transaction_id: str | None = None
    language: str | None = None
    text_format: str = "UTF8"


class DisplayMessages(Plain):
    """Puts messages on the display of one station; the station keeps them."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._ids = itertools.count(int(utc_now().timestamp()) % 2**31)
        self._answers: Collector[DisplayMessage] = Collector()

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers NotifyDisplayMessages."""
        return {} if version is OcppVersion.V16 else {"NotifyDisplayMessages": self._on_messages}

    def disconnected(self) -> None:
        """No answer goes on with another connection."""
        self._answers.lose()

    async def show(self, message: DisplayMessage) -> int:
        """Put a message on the display, in place of one with its id, and return the id; CommandError when refused."""
        message_id = next(self._ids) if message.message_id is None else message.message_id
        command = "showing a message"
        request = {"message": _to_wire(message, message_id)}
        require(self._context, command, await demand(self._context, command, "SetDisplayMessage", request))
        return message_id

    async def shown(self) -> tuple[DisplayMessage, ...]:
        """Return the messages that the station keeps; CommandError when it does not tell all of them."""
        command = "reading the messages"
        parts = self._answers.expect()
        try:
            answer = await demand(self._context, command, "GetDisplayMessages", {"requestId": parts.request_id})
            if require(self._context, command, answer, "Accepted", "Unknown") == "Unknown":
                return ()
            return tuple(await parts.wait(_IDLE_S))
        except OcppError as error:
            raise CommandError(self._context.station_id, command, str(error)) from error
        finally:
            self._answers.forget(parts)

    async def clear(self, message_id: int) -> None:
        """Take a message off the display; CommandError when the station does not know it or refuses."""
        command = "clearing a message"
        request = {"id": message_id}
        require(self._context, command, await demand(self._context, command, "ClearDisplayMessage", request))

    async def _on_messages(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        found = [message for row in rows(payload, "messageInfo") if (message := _from_wire(row)) is not None]
        self._answers.take(payload, found)
        return {}


def _to_wire(message: DisplayMessage, message_id: int) -> dict[str, Any]:
    content = {"format": message.text_format, "content": message.text}
    if message.language is not None:
        content["language"] = message.language
    moments = (("startDateTime", message.starts_at_utc), ("endDateTime", message.ends_at_utc))
    words = (("state", message.state), ("transactionId", message.transaction_id))
    return {
        "id": message_id,
        "priority": message.priority.value,
        "message": content,
        **{name: to_wire_time(moment.astimezone(UTC)) for name, moment in moments if moment is not None},
        **{name: word for name, word in words if word is not None},
    }


def _from_wire(row: dict[str, Any]) -> DisplayMessage | None:
    message_id, content = integer(row, "id"), child(row, "message")
    said = text(content, "content", _LONGEST_TEXT)
    if message_id is None or said is None:
        return None
    priority = text(row, "priority")
    return DisplayMessage(
        text=said,
        message_id=message_id,
        priority=DisplayPriority(priority) if priority in set(DisplayPriority) else DisplayPriority.NORMAL_CYCLE,
        state=text(row, "state"),
        starts_at_utc=from_wire_time(row.get("startDateTime")),
        ends_at_utc=from_wire_time(row.get("endDateTime")),
        transaction_id=text(row, "transactionId", 36),
        language=text(content, "language", 8),
        text_format=text(content, "format") or "UTF8",
    )
