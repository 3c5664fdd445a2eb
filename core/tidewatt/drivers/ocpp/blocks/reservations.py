"""Keeping an EVSE free for somebody (OCPP 1.6 chapters 5.2 and 5.13, OCPP 2.x use cases H01 to H04)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
import itertools
from typing import Any

from tidewatt.drivers.ocpp.memory import ReservationRecord
from tidewatt.drivers.ocpp.tags import id_token
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import integer, to_wire_time, utc_now
from tidewatt.site import CommandError

from .block import Answered, Plain, StationContext, demand, require

_MOST = 20


class Reservations(Plain):
    """Reserves EVSEs of one station and remembers it over restarts until it is used up, ends or is taken back."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._ids = itertools.count(int(utc_now().timestamp()) % 2**31)

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers ReservationStatusUpdate."""
        return {} if version is OcppVersion.V16 else {"ReservationStatusUpdate": self._on_update}

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:
        """Return what looks at the transactions that use reservations up."""
        return {"StartTransaction" if version is OcppVersion.V16 else "TransactionEvent": self._after_transaction}

    def diagnostics(self) -> dict[str, Any]:
        """Return how many there are; never for whom."""
        return {"open": len(self.open())}

    def open(self) -> tuple[ReservationRecord, ...]:
        """Return the reservations that hold."""
        now = utc_now()
        found = [each for each in self._context.record.reservations if each.expires_at_utc > now]
        if len(found) < len(self._context.record.reservations):
            self._context.record.reservations[:] = found
            self._context.memory.save_soon()
        return tuple(found)

    async def reserve(self, id_tag: str, expires_at: datetime, evse_id: int | None = None) -> ReservationRecord:
        """Keep an EVSE, or with None any one of the station, free for a tag until then; CommandError when refused.

        Tags of the same list may use it too.
        """
        command = "reserving"
        if expires_at <= utc_now():
            raise CommandError(self._context.station_id, command, "its end lies in the past")
        if len(self.open()) >= _MOST:
            raise CommandError(self._context.station_id, command, f"there are {_MOST} already")
        reservation = ReservationRecord(next(self._ids), evse_id or 0, id_tag, expires_at)
        answer = await demand(self._context, command, "ReserveNow", self._request(reservation))
        require(self._context, command, answer)
        self._context.record.reservations.append(reservation)
        await self._context.memory.save()
        return reservation

    def _request(self, reservation: ReservationRecord) -> dict[str, Any]:
        expiry = to_wire_time(reservation.expires_at_utc)
        group = self._context.authorise(reservation.id_tag, None).group
        if self._context.version() is OcppVersion.V16:
            request: dict[str, Any] = {
                "connectorId": reservation.evse_id,
                "expiryDate": expiry,
                "idTag": reservation.id_tag,
                "reservationId": reservation.reservation_id,
            }
            return request if group is None else request | {"parentIdTag": group}
        request = {
            "id": reservation.reservation_id,
            "expiryDateTime": expiry,
            "idToken": id_token(reservation.id_tag),
        }
        if reservation.evse_id:
            request["evseId"] = reservation.evse_id
        return request if group is None else request | {"groupIdToken": id_token(group, "Central")}

    async def cancel(self, reservation_id: int) -> None:
        """Take a reservation back; CommandError when the station does not know it, which ends it here as well."""
        command = "taking a reservation back"
        answer = await demand(self._context, command, "CancelReservation", {"reservationId": reservation_id})
        self._end(reservation_id)
        require(self._context, command, answer)

    async def _on_update(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Take note that a reservation expired, was removed, or was used by nobody: it is over each time."""
        self._context.heard()
        self._end(integer(payload, "reservationId"))
        return {}

    def _after_transaction(self, payload: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        self._end(integer(payload, "reservationId"))
        return answer

    def _end(self, reservation_id: int | None) -> None:
        reservations = self._context.record.reservations
        left = [each for each in reservations if each.reservation_id != reservation_id]
        if len(left) < len(reservations):
            reservations[:] = left
            self._context.memory.save_soon()
