"""What a station keeps about a person, to be told or deleted (OCPP 2.x use cases N09 and N10)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidewatt.drivers.ocpp.tags import id_token
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import text
from tidewatt.site import CommandError

from .block import Plain, StationContext, demand, require
from .local_list import LocalList
from .parts import Collector

_LONGEST_PART = 512
_IDLE_S = 30.0
_COMMAND = "asking for customer information"


class CustomerInformation(Plain):
    """Asks one station for what it keeps about a tag or a customer, and has it deleted."""

    def __init__(self, context: StationContext, local_list: LocalList) -> None:
        self._context = context
        self._local_list = local_list
        self._answers: Collector[str] = Collector()

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers NotifyCustomerInformation."""
        return {} if version is OcppVersion.V16 else {"NotifyCustomerInformation": self._on_part}

    def disconnected(self) -> None:
        """No answer goes on with another connection."""
        self._answers.lose()

    async def report(self, *, tag: str | None = None, customer: str | None = None, clear: bool = False) -> str:
        """Return what the station keeps about a tag or a customer identifier, and with `clear` have it deleted then.

        CommandError when the station refuses, does not know whom is meant, or does not tell everything.
        """
        parts = self._answers.expect()
        try:
            await self._ask(parts.request_id, tag, customer, report=True, clear=clear)
            told = "".join(await parts.wait(_IDLE_S))
        except OcppError as error:
            raise CommandError(self._context.station_id, _COMMAND, str(error)) from error
        finally:
            self._answers.forget(parts)
        if clear:
            await self._local_list.renew()
        return told

    async def clear(self, *, tag: str | None = None, customer: str | None = None) -> None:
        """Have the station delete what it keeps about a tag or a customer identifier; CommandError when it refuses.

        What the station does to its local list then would leave its version wrong, so the list is sent anew
        (N10.FR.02).
        """
        parts = self._answers.expect()
        try:
            await self._ask(parts.request_id, tag, customer, report=False, clear=True)
        finally:
            self._answers.forget(parts)
        await self._local_list.renew()

    async def _ask(self, request_id: int, tag: str | None, customer: str | None, *, report: bool, clear: bool) -> None:
        if (tag is None) == (customer is None):
            raise ValueError("Name either a tag or a customer.")
        request: dict[str, Any] = {"requestId": request_id, "report": report, "clear": clear}
        if tag is not None:
            request["idToken"] = id_token(tag)
        else:
            request["customerIdentifier"] = customer
        require(self._context, _COMMAND, await demand(self._context, _COMMAND, "CustomerInformation", request))

    async def _on_part(self, payload: dict[str, Any]) -> dict[str, Any]:
        self._context.heard()
        self._answers.take(payload, [text(payload, "data", _LONGEST_PART) or ""])
        return {}
