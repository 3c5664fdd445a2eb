"""Taking in what a station says: statuses, transactions and meter values become the states of its chargers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
import logging
from typing import Any

from tidewatt.ocpp.wire import utc_now
from tidewatt.site import ChargerStatus, Clock

from .dialect import BootReport, StatusReport, TransactionEnd, TransactionStart, TransactionUpdate
from .evse import IN_TRANSACTION
from .lateness import LatenessJudge
from .memory import Memory, StationRecord, TransactionRecord
from .meter_values import Measurement, parse_meter_values
from .point import Point
from .sequence import missing
from .settings import OcppSettings
from .signed_values import SignedBook
from .tags import Verdict
from .tasks import Tasks
from .transactions import TransactionBook

_LOGGER = logging.getLogger(__name__)

_BOOT_GRACE = 6
"""A station that has booted gets this many times longer to show that a transaction still runs."""


class Reports:
    """Implements `StationEvents` for one station.

    `points` is the station's live mapping by EVSE. `push` sends the state of one EVSE to control, with None of all.
    `on_alive(booted)` is called for every sign of life, `on_gap` for every message of a transaction before which
    another is missing.
    """

    def __init__(
        self,
        record: StationRecord,
        book: TransactionBook,
        points: Mapping[int, Point],
        *,
        memory: Memory,
        tasks: Tasks,
        settings: OcppSettings,
        now_s: Clock,
        is_online: Callable[[], bool],
        push: Callable[[int | None], None],
        on_alive: Callable[[bool], None],
        on_gap: Callable[[TransactionRecord], None],
        signed: SignedBook,
    ) -> None:
        self._record = record
        self._book = book
        self._points = points
        self._memory = memory
        self._tasks = tasks
        self._settings = settings
        self._now_s = now_s
        self._is_online = is_online
        self._push = push
        self._on_alive = on_alive
        self._on_gap = on_gap
        self._signed = signed
        self._late = LatenessJudge()

    def booted(self, report: BootReport) -> None:
        """Take note of a start: what the station was told may be gone, and so may its transactions."""
        record = self._record
        if report.firmware != record.firmware or report.model != record.model:
            record.quirks.clear()
            record.refused.clear()
            record.message_limits.clear()
        record.vendor, record.model = report.vendor, report.model
        record.serial_number, record.firmware = report.serial_number, report.firmware
        for evse_id, point in self._points.items():
            point.limiter.forget()
            point.evse.expect_anything()
            # Nobody knows what the station still holds its vehicle to.
            point.evse.agreement = None
            point.guard.check()
            if (running := self._book.running(evse_id)) is not None:
                self._doubt(evse_id, running, _BOOT_GRACE * self._settings.lost_transaction_s)
            else:
                point.evse.record.started = False
        self._memory.save_soon()
        self._on_alive(True)
        self._push(None)

    def heard(self) -> None:
        """Take note of a sign of life."""
        self._on_alive(False)
        self._push(None)

    def status_changed(self, report: StatusReport) -> None:
        """Take a connector's state; that of the whole station (connector 0) says nothing about a charger."""
        self._on_alive(False)
        point = self._points.get(report.evse_id)
        if point is None:
            return
        running = self._book.running(report.evse_id)
        point.evse.take_status(report, running)
        if running is not None and report.status in IN_TRANSACTION:
            point.evse.transaction_sign_s = self._now_s()
        elif running is not None and _tells_of_none(report, confirmed=point.evse.transaction_is_confirmed):
            self._doubt(report.evse_id, running, self._settings.lost_transaction_s)
        self._memory.save_soon()
        self._push(report.evse_id)
        point.starter.consider()

    def authorise(self, id_tag: str | None, evse_id: int | None) -> Verdict:
        """Judge whether a tag may charge on an EVSE, or with None on any of the station's."""
        if evse_id is not None and evse_id in self._points:
            return self._points[evse_id].starter.authorise(id_tag)
        verdicts = [point.starter.authorise(id_tag) for point in self._points.values()]
        accepted = [verdict for verdict in verdicts if verdict.is_accepted]
        # A tag of no group must not come into one where everybody may charge.
        return min(accepted, key=lambda verdict: verdict.group is not None, default=Verdict(is_accepted=False))

    async def transaction_started(self, start: TransactionStart) -> str:
        """Record a transaction on disk, then return its id."""
        self._on_alive(False)
        late = start.offline or self._late.is_late(start.at_utc, utc_now())
        before = self._book.running(start.evse_id)
        transaction = self._open(start)
        point = self._points.get(start.evse_id)
        if point is not None and transaction.ended_at_utc is None:
            if transaction is not before:
                point.evse.begin_transaction(authorised=transaction.authorised, late=late)
            if not late:
                point.evse.transaction_sign_s = self._now_s()
            if start.meter_start_wh is not None:
                point.evse.count(Measurement(at_utc=start.at_utc, energy_wh=start.meter_start_wh))
        await self._memory.save()
        self._push(start.evse_id)
        if point is not None and transaction.ended_at_utc is None:
            self._check_tag(point, transaction)
            self._follow(point, late=late)
        return transaction.transaction_id

    def _open(self, start: TransactionStart) -> TransactionRecord:
        """Return the transaction of a start; one that is repeated was given up too early."""
        if start.transaction_id is None:
            transaction = self._book.open_numbered(start.evse_id, start.at_utc, start.meter_start_wh, start.id_tag)
        else:
            transaction = self._book.find(start.transaction_id) or self._book.open(
                start.transaction_id,
                start.evse_id,
                start.at_utc,
                start.meter_start_wh,
                start.id_tag,
                authorised=start.authorised,
            )
        self._book.took_place(transaction, start.at_utc, start.id_tag)
        if transaction.end_presumed:
            self._book.reopen(transaction)
        return transaction

    def _is_overtaken(self, transaction: TransactionRecord, number: int | None, at_utc: datetime | None) -> bool:
        """Note the number of a message; True if it tells of the past: it is repeated, or came after later ones."""
        is_overtaken = self._book.is_overtaken(transaction, number, at_utc)
        if missing(transaction.sequence):
            self._on_gap(transaction)
        return is_overtaken

    async def transaction_updated(self, update: TransactionUpdate) -> None:
        """Take what a running transaction reports; one that we do not know, or wrongly took for ended, is resumed."""
        self._on_alive(False)
        known = self._book.find(update.transaction_id)
        evse_id = update.evse_id or (known.evse_id if known else 0)
        measurements = self._parse(evse_id, update.meter_values)
        late = update.offline or self._are_late(measurements)
        if known is not None and self._is_overtaken(known, update.sequence, update.at_utc):
            update, late = replace(update, status=None, plugged=None), True
        transaction = known if late else await self._resume(update.transaction_id, evse_id, known)
        if transaction is None:
            return
        if known is None:
            self._is_overtaken(transaction, update.sequence, update.at_utc)
        await self._signed.take(transaction.transaction_id, update.meter_values)
        self._take_measurements(transaction.evse_id, measurements, transaction, late=late)
        if transaction.ended_at_utc is None:
            await self._take_update(update, transaction, late=late)

    async def _take_update(self, update: TransactionUpdate, transaction: TransactionRecord, *, late: bool) -> None:
        newly_authorised = update.id_tag is not None and not transaction.authorised
        if newly_authorised:
            transaction.authorised, transaction.id_tag = True, update.id_tag
            await self._memory.save()
        point = self._points.get(transaction.evse_id)
        if point is None:
            return
        if newly_authorised:
            point.evse.record.started = True
            self._check_tag(point, transaction)
        point.evse.take_vehicle_state(update.status, update.plugged, late=late)
        if not late:
            point.evse.transaction_sign_s = self._now_s()
        self._push(transaction.evse_id)
        self._follow(point, late=late)

    async def _resume(
        self, transaction_id: str, evse_id: int, known: TransactionRecord | None
    ) -> TransactionRecord | None:
        """Return the transaction that the station says is running; it knows better than we do.

        One that it ended itself stays ended: some send the last meter values after the end.
        """
        if known is not None and (known.ended_at_utc is None or not known.end_presumed):
            return known
        if evse_id not in self._points:
            return known
        if known is None:
            known = self._book.open(transaction_id, evse_id, utc_now(), None, None)
            self._points[evse_id].evse.begin_transaction(authorised=True, late=False)
        else:
            self._book.reopen(known)
        await self._memory.save()
        return known

    async def transaction_ended(self, end: TransactionEnd) -> None:
        """Record the end on disk; control sees the final energy before the session goes."""
        self._on_alive(False)
        transaction = self._book.find(end.transaction_id) or self._open_ended(end)
        if transaction is None:
            return
        self._is_overtaken(transaction, end.sequence, end.at_utc)
        await self._signed.take(transaction.transaction_id, end.meter_values)
        was_running = self._book.running(transaction.evse_id) is transaction
        late = end.offline or self._late.is_late(end.at_utc, utc_now())
        measurements = self._parse(transaction.evse_id, end.meter_values)
        if end.meter_stop_wh is not None:
            measurements.append(Measurement(at_utc=end.at_utc, energy_wh=end.meter_stop_wh))
        self._take_measurements(transaction.evse_id, measurements, transaction, late=True)
        self._push(transaction.evse_id)
        self._book.end(transaction, end.at_utc, presumed=False)
        if was_running:
            self._close_point(transaction.evse_id, interrupted=end.interrupted, unplugged=end.unplugged, late=late)
        await self._memory.save()
        self._push(transaction.evse_id)

    def _open_ended(self, end: TransactionEnd) -> TransactionRecord | None:
        """Return a record for an end that comes before anything else was heard of its transaction.

        Its start may still come, and must not open it then. What runs on the EVSE by now is another one.
        """
        if end.evse_id is None or end.evse_id not in self._points:
            return None
        return self._book.open_ended(end.transaction_id, end.evse_id, end.at_utc)

    def transaction_refused(self, transaction: TransactionRecord, *, unknown: bool) -> None:
        """Take it that the station refused to limit a transaction which it may not know; `unknown`: it said so."""
        patience = 1 if unknown else _BOOT_GRACE
        self._doubt(transaction.evse_id, transaction, patience * self._settings.lost_transaction_s)

    def measured(self, evse_id: int, meter_values: Mapping[str, Any]) -> None:
        """Take meter values that name no transaction; they count for the one that runs."""
        self._on_alive(False)
        measurements = self._parse(evse_id, meter_values)
        late = self._are_late(measurements)
        self._take_measurements(evse_id, measurements, None if late else self._book.running(evse_id), late=late)
        self._push(evse_id)

    def _parse(self, evse_id: int, meter_values: Mapping[str, Any]) -> list[Measurement]:
        point = self._points.get(evse_id)
        terminals = len(point.evse.charger.phases) if point else 3
        return parse_meter_values(meter_values, terminals, self._settings.voltage_v)

    def _are_late(self, measurements: list[Measurement]) -> bool:
        """Judge a message by its newest measurement; without one it is of now."""
        verdicts = [self._late.is_late(measurement.at_utc, utc_now()) for measurement in measurements]
        return bool(verdicts) and verdicts[-1]

    def _take_measurements(
        self, evse_id: int, measurements: list[Measurement], transaction: TransactionRecord | None, *, late: bool
    ) -> None:
        """Count energy, whatever its age, for the EVSE and the transaction; take flows only when they are of now."""
        point = self._points.get(evse_id)
        for measurement in measurements:
            if point is not None:
                point.evse.count(measurement)
            if transaction is not None:
                self._book.count(transaction, measurement)
            if point is not None and not late and (transaction is None or transaction.ended_at_utc is None):
                point.evse.measure(measurement, self._now_s())
        if measurements:
            self._memory.save_soon()

    def _follow(self, point: Point, *, late: bool) -> None:
        """Limit a transaction that runs now."""
        if not late and point.limiter.is_behind:
            self._tasks.spawn(point.limiter.catch_up())
        point.starter.consider()

    def _check_tag(self, point: Point, transaction: TransactionRecord) -> None:
        """Stop a transaction that the station began with a tag that may not charge here."""
        if transaction.id_tag is not None and not point.starter.authorise(transaction.id_tag).is_accepted:
            self._tasks.spawn(point.starter.refuse(transaction.transaction_id))

    def _doubt(self, evse_id: int, transaction: TransactionRecord, wait_s: float) -> None:
        """Take a transaction for lost unless the station shows within a while that it runs, or ends it."""
        self._tasks.spawn(self._end_unless_seen(evse_id, transaction, self._now_s(), wait_s))

    async def _end_unless_seen(
        self, evse_id: int, transaction: TransactionRecord, since_s: float, wait_s: float
    ) -> None:
        await asyncio.sleep(wait_s)
        point = self._points.get(evse_id)
        if point is None or self._book.running(evse_id) is not transaction or not self._is_online():
            return
        if point.evse.transaction_sign_s > since_s:
            return
        _LOGGER.info("%s no longer knows transaction %s", point.evse.charger.charger_id, transaction.transaction_id)
        self._book.end(transaction, utc_now(), presumed=True)
        self._close_point(evse_id, interrupted=True)
        await self._memory.save()
        self._push(evse_id)

    def _close_point(self, evse_id: int, *, interrupted: bool, unplugged: bool = False, late: bool = False) -> None:
        point = self._points.get(evse_id)
        if point is not None:
            point.evse.end_transaction(interrupted=interrupted, unplugged=unplugged, late=late)
            point.limiter.forget()
            point.starter.consider()


def _tells_of_none(report: StatusReport, *, confirmed: bool) -> bool:
    """Say whether a connector's state speaks against its transaction.

    Some stations stay at Preparing until the vehicle draws, so that only counts before they have shown the transaction.
    """
    if report.status is ChargerStatus.AVAILABLE:
        return True
    waiting = (ChargerStatus.PREPARING, ChargerStatus.FINISHING)
    return report.status in waiting and not report.occupied and not confirmed
