"""Taking a station, an EVSE or a connector out of service and back (OCPP 1.6 chapter 5.2, OCPP 2.x G03 and G04)."""

from __future__ import annotations

from typing import Any

from tidewatt.ocpp.frames import OcppVersion

from .block import Plain, StationContext, Taken, demand, require


class Availability(Plain):
    """Changes the availability of one station. The station itself remembers it over restarts."""

    def __init__(self, context: StationContext) -> None:
        self._context = context

    async def change(self, *, is_operative: bool, evse_id: int | None = None, connector_id: int | None = None) -> Taken:
        """Put an EVSE, or with None the whole station, into service or out of it; CommandError when it refuses.

        While a transaction runs there, the station waits for its end.
        """
        command = "putting into service" if is_operative else "taking out of service"
        word = "Operative" if is_operative else "Inoperative"
        if self._context.version() is OcppVersion.V16:
            request: dict[str, Any] = {"connectorId": evse_id or 0, "type": word}
        else:
            request = {"operationalStatus": word}
            if evse_id is not None:
                request["evse"] = {"id": evse_id} | ({} if connector_id is None else {"connectorId": connector_id})
        answer = await demand(self._context, command, "ChangeAvailability", request)
        return Taken(require(self._context, command, answer, *Taken))
