"""Asking a station for what is missing of its transactions (OCPP 2.x use cases E13 and E14: GetTransactionStatus)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
import logging
from typing import Any

from tidewatt.drivers.ocpp.dialect import QUESTION_TIMEOUT_S
from tidewatt.drivers.ocpp.memory import TransactionRecord
from tidewatt.drivers.ocpp.sequence import missing
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion

from .block import Plain, StationContext, demand

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionState:
    """What a station says of a transaction. `is_ongoing` None: it does not say, or was not asked of a certain one."""

    is_ongoing: bool | None
    has_queued_messages: bool


class TransactionStatus(Plain):
    """Compares the transactions that we know with those of the station: after a reconnection and after a gap."""

    def __init__(self, context: StationContext) -> None:
        self._context = context
        self._looking_for: set[str] = set()
        self._given_up: dict[str, int] = {}

    async def prepare(self) -> None:
        """Ask whether the transactions that we take for running still run."""
        if self._context.version() in (None, OcppVersion.V16):
            return
        for evse_id in tuple(self._context.points):
            running = self._context.book.running(evse_id)
            if running is not None:
                await self._confirm(running)

    async def _confirm(self, running: TransactionRecord) -> None:
        state = await self._ask(running.transaction_id)
        if state is not None and state.is_ongoing is False and not state.has_queued_messages:
            self._context.lost(running)

    def disconnected(self) -> None:
        """What is missing may come with the next connection."""
        self._looking_for.clear()

    def diagnostics(self) -> dict[str, Any]:
        """Return how many messages of which transactions never came."""
        return {"missing_messages": dict(self._given_up)}

    async def status(self, transaction_id: str | None = None) -> TransactionState:
        """Ask for a transaction, or with None for messages of any that still wait; CommandError without an answer."""
        answer = await demand(self._context, "asking for a transaction", *_request(transaction_id))
        return _read(answer)

    def look_for(self, transaction: TransactionRecord) -> None:
        """Find out about the messages that a transaction lacks, unless they come by themselves soon."""
        transaction_id = transaction.transaction_id
        if transaction_id not in self._looking_for and transaction_id not in self._given_up:
            self._looking_for.add(transaction_id)
            self._context.tasks.spawn(self._look_for(transaction))

    async def _look_for(self, transaction: TransactionRecord) -> None:
        transaction_id = transaction.transaction_id
        try:
            while missing(transaction.sequence):
                await asyncio.sleep(self._context.settings.lost_transaction_s)
                state = await self._ask(transaction_id)
                if state is None:
                    return
                if not state.has_queued_messages:
                    break
            self._note_missing(transaction)
        finally:
            self._looking_for.discard(transaction_id)

    def _note_missing(self, transaction: TransactionRecord) -> None:
        """Take note of what will not come any more: energy is counted by register, so none is lost with it."""
        count = sum(last - first + 1 for first, last in missing(transaction.sequence))
        if count:
            self._given_up[transaction.transaction_id] = count
            _LOGGER.info("%s: %d messages of a transaction never came", self._context.station_id, count)
        while len(self._given_up) > len(self._context.record.transactions):
            del self._given_up[next(iter(self._given_up))]

    async def _ask(self, transaction_id: str) -> TransactionState | None:
        try:
            return _read(await self._context.call(*_request(transaction_id), timeout_s=QUESTION_TIMEOUT_S))
        except OcppError as error:
            _LOGGER.debug("%s does not tell of its transactions: %s", self._context.station_id, error)
            return None


def _request(transaction_id: str | None) -> tuple[str, dict[str, Any]]:
    return "GetTransactionStatus", {} if transaction_id is None else {"transactionId": transaction_id}


def _read(answer: dict[str, Any]) -> TransactionState:
    ongoing = answer.get("ongoingIndicator")
    return TransactionState(
        is_ongoing=ongoing if isinstance(ongoing, bool) else None,
        has_queued_messages=answer.get("messagesInQueue") is True,
    )
