"""Whose call goes next: OCPP-J lets each side have one call outstanding (part 4, 4.1.1), and limits go first."""

from __future__ import annotations

import asyncio
from bisect import insort
from dataclasses import dataclass, field
from enum import IntEnum
import itertools

from .errors import OcppBusyError

_MAX_WAITING = 32


class Urgency(IntEnum):
    """What a call is about; a lower number goes first."""

    LIMIT = 0
    ORDER = 1
    QUESTION = 2


_LIMITS = frozenset(
    {
        "AFRRSignal",
        "ClearChargingProfile",
        "ClearDERControl",
        "NotifyAllowedEnergyTransfer",
        "RemoteStopTransaction",
        "RequestStopTransaction",
        "SetChargingProfile",
        "SetDERControl",
        "UpdateDynamicSchedule",
        "UsePriorityCharging",
    }
)
"""What decides how much flows."""

_ORDERS = frozenset(
    {
        "CancelReservation",
        "ChangeAvailability",
        "RemoteStartTransaction",
        "RequestStartTransaction",
        "ReserveNow",
        "Reset",
        "UnlockConnector",
    }
)
"""What a person waits for. Everything else is a question or a setting."""


def urgency_of(action: str) -> Urgency:
    """Return how urgent the calls of an action are."""
    return Urgency.LIMIT if action in _LIMITS else Urgency.ORDER if action in _ORDERS else Urgency.QUESTION


@dataclass(slots=True, order=True)
class Turn:
    """The right to have a call outstanding, once `granted`."""

    urgency: Urgency
    number: int
    granted: asyncio.Future[None] = field(compare=False)
    since_s: float = field(default=0.0, compare=False)
    giving_way: asyncio.TimerHandle | None = field(default=None, compare=False)


class Turns:
    """Gives turns one at a time, the most urgent first, and among equals in order.

    A limit does not wait until a question that stays unanswered runs out of time: while one waits, any other call
    counts as timed out for the purpose of its turn after `patience_s`, as OCPP-J leaves to each side to choose. Its
    answer is still taken when it comes in its own time.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._numbers = itertools.count()
        self._holder: Turn | None = None
        self._waiting: list[Turn] = []

    async def take(self, urgency: Urgency) -> Turn:
        """Wait for a turn; OcppBusyError when too many of the same urgency or a higher one wait already."""
        loop = asyncio.get_running_loop()
        turn = Turn(urgency, next(self._numbers), loop.create_future())
        before = (self._holder is not None) + sum(waiting.urgency <= urgency for waiting in self._waiting)
        if before >= _MAX_WAITING:
            raise OcppBusyError(f"{before} calls wait already.")
        insort(self._waiting, turn)
        self._grant_next()
        self._hurry()
        try:
            await turn.granted
        except asyncio.CancelledError:
            self.end(turn)
            raise
        return turn

    def end(self, turn: Turn) -> None:
        """Give a turn back, or no longer wait for it. Safe to call twice."""
        if self._holder is turn:
            self._holder = None
            if turn.giving_way is not None:
                turn.giving_way.cancel()
            self._grant_next()
        elif turn in self._waiting:
            self._waiting.remove(turn)

    def _grant_next(self) -> None:
        while self._holder is None and self._waiting:
            turn = self._waiting.pop(0)
            if not turn.granted.done():
                self._holder = turn
                turn.since_s = asyncio.get_running_loop().time()
                turn.granted.set_result(None)
        self._hurry()

    def _hurry(self) -> None:
        """Have the holder give way, in time, to a limit that waits."""
        holder = self._holder
        if holder is None or holder.urgency is Urgency.LIMIT or holder.giving_way is not None:
            return
        if self._limit_waits:
            at_s = holder.since_s + self._patience_s
            holder.giving_way = asyncio.get_running_loop().call_at(at_s, self._give_way, holder)

    def _give_way(self, holder: Turn) -> None:
        holder.giving_way = None
        if self._limit_waits:
            self.end(holder)

    @property
    def _limit_waits(self) -> bool:
        return bool(self._waiting) and self._waiting[0].urgency is Urgency.LIMIT
