"""One EVSE as its station sees it: who may charge, which transaction runs, and the status that follows."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import uuid4

from tidewatt.emulators.physics import ChargingPoint
from tidewatt.ocpp.charging import ChargingProfile, TransactionView
from tidewatt.site import ChargerStatus

_CHARGING = {ChargerStatus.CHARGING, ChargerStatus.SUSPENDED_EV, ChargerStatus.SUSPENDED_EVSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Somebody may charge: by card, by the central system, or because the station is open to all.

    `trigger` and `kind`, that of the card, are in the words of OCPP 2.0.1. `profile` is to hold for the transaction.
    """

    id_tag: str
    trigger: str = "Authorized"
    kind: str = "ISO14443"
    remote_start_id: int | None = None
    profile: ChargingProfile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """An EVSE is kept for a card until a moment."""

    reservation_id: int
    id_tag: str
    until_utc_s: float


EVERYBODY = Permission(id_tag="everybody", kind="NoAuthorization")
"""Whoever plugs in, at a station that is open to all."""


@dataclass(slots=True)
class Transaction:
    """A transaction. `transaction_id` is the central system's in OCPP 1.6, and None there until it has answered."""

    transaction_id: str | None
    started_utc_s: float
    meter_start_wh: float
    permission: Permission | None
    reservation_id: int | None = None
    seq_no: int = 0

    def next_seq_no(self) -> int:
        """Return the sequence number of the next event (OCPP 2.0.1)."""
        self.seq_no += 1
        return self.seq_no - 1


class Outlet:
    """An EVSE with one or several connectors, of which one can be used at a time: `connector_id`.

    `card` is held to the reader whenever the vehicle is plugged in. `permission` waits for a cable; a transaction with
    a permission is energised. `spent` says that the plugged vehicle has had its transaction. `reported` are
    the states of its connectors last told to the central system, `status_seen` the last status there was. `priority`
    says that the transaction charges with priority.
    """

    def __init__(self, evse_id: int, point: ChargingPoint, *, card: str | None = None, connectors: int = 1) -> None:
        self.evse_id = evse_id
        self.connector_ids = range(1, connectors + 1)
        self.connector_id = 1
        self.point = point
        self.card = card
        self.permission: Permission | None = None
        self.reservation: Reservation | None = None
        self.permission_until_s = 0.0
        self.transaction: Transaction | None = None
        self.operative = True
        self.wanted_operative = True
        self.spent = False
        self.was_plugged = False
        self.status_seen = ChargerStatus.AVAILABLE
        self.reported: dict[int, str] = {}
        self.next_sample_s = 0.0
        self.priority = False

    @property
    def energised(self) -> bool:
        """Whether the station may give current."""
        return self.transaction is not None and self.transaction.permission is not None

    @property
    def wired_phases(self) -> int:
        """How many phases the outlet has."""
        return len(self.point.charger.phases)

    @property
    def view(self) -> TransactionView | None:
        """The transaction as charging profiles refer to it."""
        running = self.transaction
        if running is None:
            return None
        return TransactionView(
            transaction_id=running.transaction_id or "",
            started_utc_s=running.started_utc_s,
            soc_pct=self.point.soc_pct,
            priority=self.priority,
        )

    def begin(self, *, utc_s: float, permission: Permission | None, own_id: bool) -> Transaction:
        """Start a transaction now. `own_id` gives it an id made by the station, as OCPP 2.0.1 does."""
        self.transaction = Transaction(
            transaction_id=str(uuid4()) if own_id else None,
            started_utc_s=utc_s,
            meter_start_wh=self.point.energy_wh,
            permission=permission,
            reservation_id=self._use_reservation(permission),
        )
        self.permission = None
        self.spent = False
        self.priority = False
        return self.transaction

    def admits(self, id_tag: str) -> bool:
        """Tell whether nobody else has reserved the outlet."""
        return self.reservation is None or self.reservation.id_tag == id_tag

    @property
    def is_reserved(self) -> bool:
        """Whether the outlet waits for whoever reserved it."""
        return self.reservation is not None and self.status() is ChargerStatus.AVAILABLE

    def _use_reservation(self, permission: Permission | None) -> int | None:
        """Return the id of the reservation that somebody uses up by charging here."""
        held = self.reservation
        if held is None or permission is None or permission.id_tag != held.id_tag:
            return None
        self.reservation = None
        return held.reservation_id

    def status(self) -> ChargerStatus:
        """Return the status in the words of OCPP 1.6."""
        if not self.operative:
            return ChargerStatus.UNAVAILABLE
        if self.energised:
            return self._charging_status()
        if self.point.plugged:
            return ChargerStatus.FINISHING if self.spent else ChargerStatus.PREPARING
        return ChargerStatus.PREPARING if self.permission else ChargerStatus.AVAILABLE

    def _charging_status(self) -> ChargerStatus:
        if self.point.about_to_give and self.status_seen not in _CHARGING:
            return ChargerStatus.PREPARING
        if self.point.pilot_a == 0:
            return ChargerStatus.SUSPENDED_EVSE
        return ChargerStatus.CHARGING if self.point.vehicle_accepts else ChargerStatus.SUSPENDED_EV
