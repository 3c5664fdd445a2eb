"""The transactions of one station: who opened them, which are running, what they counted."""

from __future__ import annotations

from datetime import datetime

from . import sequence
from .memory import StationRecord, SystemRecord, TransactionRecord
from .meter_values import Measurement
from .register import counted_from_zero

_KEPT_ENDED = 10
"""Ended transactions that are remembered per station, to recognise late and repeated messages."""


class TransactionBook:
    """Opens, finds and ends transactions in the record of one station. Saving it is the caller's task."""

    def __init__(self, system: SystemRecord, station: StationRecord) -> None:
        self._system = system
        self._station = station

    def running(self, evse_id: int) -> TransactionRecord | None:
        """Return the transaction that runs on an EVSE."""
        return next(
            (
                transaction
                for transaction in reversed(self._station.transactions)
                if transaction.evse_id == evse_id and transaction.ended_at_utc is None
            ),
            None,
        )

    def find(self, transaction_id: str) -> TransactionRecord | None:
        """Return a running or recently ended transaction by its id."""
        return next(
            (item for item in reversed(self._station.transactions) if item.transaction_id == transaction_id), None
        )

    def open_numbered(
        self, evse_id: int, started_at_utc: datetime, meter_start_wh: float | None, id_tag: str | None
    ) -> TransactionRecord:
        """Open a transaction of OCPP 1.6, whose id we choose.

        A station that never got our answer asks again with the same start and meter reading: it gets the same id.
        """
        for known in self._station.transactions:
            if (known.evse_id, known.started_at_utc, known.meter_start_wh) == (evse_id, started_at_utc, meter_start_wh):
                return known
        transaction_id = self._system.next_transaction_id
        self._system.next_transaction_id += 1
        return self.open(str(transaction_id), evse_id, started_at_utc, meter_start_wh, id_tag)

    def open(
        self,
        transaction_id: str,
        evse_id: int,
        started_at_utc: datetime,
        meter_start_wh: float | None,
        id_tag: str | None,
        *,
        authorised: bool = True,
    ) -> TransactionRecord:
        """Open a transaction whose id is given; one that still runs on the EVSE has ended without telling us."""
        if (previous := self.running(evse_id)) is not None:
            self.end(previous, started_at_utc, presumed=True)
        transaction = TransactionRecord(
            transaction_id=transaction_id,
            evse_id=evse_id,
            started_at_utc=started_at_utc,
            id_tag=id_tag,
            meter_start_wh=meter_start_wh,
            authorised=authorised,
        )
        transaction.energy = counted_from_zero(None, meter_start_wh, started_at_utc)
        self._station.transactions.append(transaction)
        self._forget_old()
        return transaction

    def open_ended(self, transaction_id: str, evse_id: int, ended_at_utc: datetime) -> TransactionRecord:
        """Record a transaction of which nothing but its end is known; what runs on the EVSE is not touched."""
        transaction = TransactionRecord(transaction_id, evse_id, ended_at_utc, ended_at_utc=ended_at_utc)
        self._station.transactions.append(transaction)
        self._forget_old()
        return transaction

    def count(self, transaction: TransactionRecord, measurement: Measurement) -> None:
        """Take register values of a transaction; without a value at its start the first one is its zero."""
        at_utc = measurement.at_utc
        transaction.energy = counted_from_zero(transaction.energy, measurement.energy_wh, at_utc)
        transaction.exported = counted_from_zero(transaction.exported, measurement.exported_wh, at_utc)

    def is_overtaken(self, transaction: TransactionRecord, number: int | None, at_utc: datetime | None) -> bool:
        """Note the number of a message of a transaction; True if it is a repetition, or something later came before it.

        A message that is newer by its timestamp is never overtaken: some stations do not count, or begin anew.
        """
        if number is None:
            return False
        is_newest = sequence.is_newest(transaction.sequence, number)
        sequence.note(transaction.sequence, number)
        newest_at_utc = transaction.newest_at_utc
        if is_newest or (at_utc is not None and newest_at_utc is not None and at_utc > newest_at_utc):
            transaction.newest_at_utc = at_utc or newest_at_utc
            return False
        return True

    def took_place(self, transaction: TransactionRecord, start: datetime, id_tag: str | None) -> None:
        """Note what the start of a transaction says that was heard of before."""
        transaction.started_at_utc = min(transaction.started_at_utc, start)
        transaction.id_tag = transaction.id_tag or id_tag

    def end(self, transaction: TransactionRecord, at_utc: datetime, *, presumed: bool) -> None:
        """End a transaction. A presumed end yields to one that the station tells; the first of a kind stays."""
        if transaction.ended_at_utc is None or (transaction.end_presumed and not presumed):
            transaction.ended_at_utc, transaction.end_presumed = at_utc, presumed

    def reopen(self, transaction: TransactionRecord) -> None:
        """Take back an end that was presumed; what was opened on the EVSE since has ended instead."""
        if (newer := self.running(transaction.evse_id)) is not None:
            self.end(newer, newer.started_at_utc, presumed=True)
        transaction.ended_at_utc, transaction.end_presumed = None, False

    def _forget_old(self) -> None:
        ended = [item for item in self._station.transactions if item.ended_at_utc is not None]
        for transaction in ended[:-_KEPT_ENDED]:
            self._station.transactions.remove(transaction)
