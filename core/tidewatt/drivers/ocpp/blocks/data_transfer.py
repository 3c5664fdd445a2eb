"""Vendor extensions, both ways (OCPP 1.6 chapters 4.3 and 5.6, OCPP 2.x use cases P01 and P02)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging
from typing import Any

from tidewatt.drivers.ocpp.dialect import ACCEPTED
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import text

from .block import Plain, StationContext, demand

_LOGGER = logging.getLogger(__name__)

_LONGEST_ID = 255
_LONGEST_MESSAGE_ID = 50

type Serve = Callable[[str | None, Any], Any]
"""Takes the message id and the data that a station sends, and returns the data of the answer, None for none.

LookupError means that it does not know the message id.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAnswer:
    """What a station answered to data: a word of OCPP, and data of its own. OCPP 1.6 has text only."""

    status: str
    data: Any = None


class DataTransfer(Plain):
    """Answers data of vendors whom somebody serves here, and sends them data."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._served: dict[str, Serve] = {}
        self._received = 0

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:  # noqa: ARG002 - alike in all versions
        """Return what answers DataTransfer."""
        return {"DataTransfer": self._on_data}

    def diagnostics(self) -> dict[str, Any]:
        """Return how many messages came, and whose are served."""
        return {"received": self._received, "served": sorted(self._served)}

    def serve(self, vendor_id: str, answer: Serve) -> None:
        """Answer the data of a vendor from now on."""
        self._served[vendor_id] = answer

    async def send(self, vendor_id: str, message_id: str | None = None, data: Any = None) -> DataAnswer:
        """Send data to the station and return its answer, also one that refuses; CommandError without an answer."""
        request: dict[str, Any] = {"vendorId": vendor_id}
        if message_id is not None:
            request["messageId"] = message_id
        if data is not None:
            request["data"] = data
        answer = await demand(self._context, f"sending data of {vendor_id}", "DataTransfer", request)
        return DataAnswer(status=text(answer, "status") or "", data=answer.get("data"))

    async def _on_data(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Answer data; nobody's vendor is unknown (P02.FR.06), nobody's message id too (P02.FR.07)."""
        self._context.heard()
        self._received += 1
        vendor_id = text(payload, "vendorId", _LONGEST_ID)
        serve = self._served.get(vendor_id or "")
        if serve is None:
            _LOGGER.debug("OCPP station %s sends data of %s", self._context.station_id, vendor_id)
            return {"status": "UnknownVendorId"}
        try:
            data = serve(text(payload, "messageId", _LONGEST_MESSAGE_ID), payload.get("data"))
        except LookupError:
            return {"status": "UnknownMessageId"}
        return {"status": ACCEPTED} | ({} if data is None else {"data": data})
