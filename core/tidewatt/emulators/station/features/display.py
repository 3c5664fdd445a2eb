"""Messages on the station's display (OCPP 2.x O01 to O06)."""

from __future__ import annotations

from collections.abc import Mapping

from tidewatt.emulators.station.answers import ACCEPTED, Payload
from tidewatt.ocpp.session import Handler

from .feature import Host

MOST_MESSAGES = 20


class Display:
    """Keeps the messages it was given, as they were."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.messages: dict[int, Payload] = {}

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {
            "SetDisplayMessage": self._set,
            "GetDisplayMessages": self._get,
            "ClearDisplayMessage": self._clear,
        }

    def observe(self) -> None:
        """Take down messages whose time is over."""
        now = self._host.time.timestamp()
        over = [key for key, message in self.messages.items() if message.get("endDateTime", "~") < now]
        for key in over:
            del self.messages[key]

    async def _set(self, payload: Payload) -> Payload:
        message = payload["message"]
        if message["id"] not in self.messages and len(self.messages) >= MOST_MESSAGES:
            return {"status": "Rejected"}
        self.messages[message["id"]] = message
        return ACCEPTED

    async def _get(self, payload: Payload) -> Payload:
        found = [message for message in self.messages.values() if _meets(message, payload)]
        if not found:
            return {"status": "Unknown"}
        report = {"requestId": payload["requestId"], "messageInfo": found}
        self._host.soon(lambda: self._host.notify("NotifyDisplayMessages", report))
        return ACCEPTED

    async def _clear(self, payload: Payload) -> Payload:
        return {"status": "Unknown"} if self.messages.pop(payload["id"], None) is None else ACCEPTED


def _meets(message: Payload, wanted: Payload) -> bool:
    return (
        ("id" not in wanted or message["id"] in wanted["id"])
        and wanted.get("priority", message["priority"]) == message["priority"]
        and wanted.get("state", message.get("state")) == message.get("state")
    )
