"""Vendor extensions that stations send (OCPP 1.6 chapter 4.3, OCPP 2.x use case P02)."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import text

from .block import StationContext

_LOGGER = logging.getLogger(__name__)


class DataTransfer:
    """Answers data of vendors, none of whom is known here (P02.FR.06)."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._received = 0

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:  # noqa: ARG002 - alike in all versions
        """Return what answers DataTransfer."""
        return {"DataTransfer": self._on_data}

    async def prepare(self) -> None:
        """Nothing needs to be set up."""

    def disconnected(self) -> None:
        """Nothing is kept of a connection."""

    def diagnostics(self) -> dict[str, Any]:
        """Return how many messages came."""
        return {"received": self._received}

    async def _on_data(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        self._received += 1
        _LOGGER.debug("OCPP station %s sends data of %s", self._context.station_id, text(payload, "vendorId"))
        return {"status": "UnknownVendorId"}
