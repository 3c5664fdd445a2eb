"""Reservations of an EVSE for a card (OCPP 1.6 5.14, 5.2; OCPP 2.x H01 to H04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from tidewatt.emulators.station.answers import ACCEPTED, REJECTED, Payload
from tidewatt.emulators.station.outlet import Outlet, Reservation
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.site import ChargerStatus

from .feature import Host

_ANSWERS = {
    ChargerStatus.FAULTED: "Faulted",
    ChargerStatus.UNAVAILABLE: "Unavailable",
}


class Reservations:
    """Keeps at most one reservation for each outlet, until it is used, cancelled or expired."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._is_v16 = host.version is OcppVersion.V16

    def handlers(self) -> Mapping[str, Handler]:
        """Return the handlers by action."""
        return {"ReserveNow": self._reserve, "CancelReservation": self._cancel}

    def observe(self) -> None:
        """Give up reservations whose time is over; OCPP 2.x tells the central system."""
        for outlet in self._host.outlets.values():
            held = outlet.reservation
            if held is not None and self._host.time.utc_s >= held.until_utc_s:
                outlet.reservation = None
                if not self._is_v16:
                    expired = {"reservationId": held.reservation_id, "reservationUpdateStatus": "Expired"}
                    self._host.notify("ReservationStatusUpdate", expired)

    async def _reserve(self, payload: Payload) -> Payload:
        until = datetime.fromisoformat(payload["expiryDate" if self._is_v16 else "expiryDateTime"])
        reservation = Reservation(
            reservation_id=payload["reservationId" if self._is_v16 else "id"],
            id_tag=payload["idTag"] if self._is_v16 else payload["idToken"]["idToken"],
            until_utc_s=until.timestamp(),
        )
        outlets = self._outlets(payload.get("connectorId" if self._is_v16 else "evseId") or 0)
        if not outlets:
            return REJECTED
        # The same id again replaces the reservation that had it (H01.FR.02).
        self._forget(reservation.reservation_id)
        free = next((each for each in outlets if _is_free(each)), None)
        if free is None:
            return {"status": _ANSWERS.get(outlets[0].status(), "Occupied")}
        free.reservation = reservation
        return ACCEPTED

    async def _cancel(self, payload: Payload) -> Payload:
        return ACCEPTED if self._forget(payload["reservationId"]) else REJECTED

    def _forget(self, reservation_id: int) -> bool:
        for outlet in self._host.outlets.values():
            if outlet.reservation is not None and outlet.reservation.reservation_id == reservation_id:
                outlet.reservation = None
                return True
        return False

    def _outlets(self, evse_id: int) -> Sequence[Outlet]:
        if evse_id == 0:
            return list(self._host.outlets.values())
        outlet = self._host.outlets.get(evse_id)
        return [] if outlet is None else [outlet]


def _is_free(outlet: Outlet) -> bool:
    return outlet.status() is ChargerStatus.AVAILABLE and outlet.reservation is None
