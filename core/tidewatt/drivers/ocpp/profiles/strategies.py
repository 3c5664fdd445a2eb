"""Ways to bring a setpoint to a station, each for what some stations can do.

All of them lie over the floor: a default profile at the safe current that never expires. None of them touches the
maximum of the whole station, which installers set and which stations always write to flash memory.
"""

from __future__ import annotations

from typing import Protocol

from tidewatt.drivers.ocpp.dialect import ACCEPTED, Commands
from tidewatt.drivers.ocpp.memory import TransactionRecord
from tidewatt.ocpp.charging import ChargingProfile, OperationMode, ProfileKind
from tidewatt.site import Clock

from .book import ProfileBook
from .build import ProfileMaker, Slot, Wanted

_TRANSACTION_COST = 1.0
_DEFAULT_COST = 2.0
"""A default must survive a loss of power, so every station writes it to flash memory (K01.FR.27); of the profiles of
transactions many do not."""

_FITS = 0.75
_SLACK_S = 5
"""A dynamic profile is kept while its time to live is at least this share of what is wanted, and not longer by more."""


class Strategy(Protocol):
    """A way to have a transaction follow a setpoint."""

    def cost(self, wanted: Wanted, running: TransactionRecord) -> float:
        """Return how much of the write budget it takes; 0 when nothing is written to flash memory."""

    async def send(self, commands: Commands, wanted: Wanted, running: TransactionRecord) -> str:
        """Bring the setpoint to the station; the status word of its answer."""


class TransactionProfiles:
    """A TxProfile that expires, for every setpoint a new one."""

    def __init__(self, book: ProfileBook, maker: ProfileMaker) -> None:
        self._book = book
        self._maker = maker

    def cost(self, wanted: Wanted, running: TransactionRecord) -> float:  # noqa: ARG002 - always the same
        """Return the cost of one profile."""
        return _TRANSACTION_COST

    async def send(self, commands: Commands, wanted: Wanted, running: TransactionRecord) -> str:
        """Install the profile of the setpoint in place of the one before."""
        return await self._book.install(commands, self._maker.transaction(wanted, running))


class DefaultProfiles:
    """A TxDefaultProfile above the floor that expires, for stations that take no TxProfile."""

    def __init__(self, book: ProfileBook, maker: ProfileMaker) -> None:
        self._book = book
        self._maker = maker

    def cost(self, wanted: Wanted, running: TransactionRecord) -> float:  # noqa: ARG002 - always the same
        """Return the cost of one profile."""
        return _DEFAULT_COST

    async def send(self, commands: Commands, wanted: Wanted, running: TransactionRecord) -> str:  # noqa: ARG002 - for all
        """Install the default of the setpoint in place of the one before."""
        return await self._book.install(commands, self._maker.default(wanted))


class DynamicProfiles:
    """One dynamic TxProfile of OCPP 2.1 whose amount is updated, which wears nothing (K28).

    Its duration is the dead-man switch: without an update for that long the station falls to the floor, which only
    charges (K28.FR.13).
    """

    def __init__(self, book: ProfileBook, maker: ProfileMaker, clock: Clock) -> None:
        self._book = book
        self._maker = maker
        self._clock = clock

    def cost(self, wanted: Wanted, running: TransactionRecord) -> float:
        """Return 0 when an update is enough."""
        return _TRANSACTION_COST if self._held(wanted, running) is None else 0.0

    async def send(self, commands: Commands, wanted: Wanted, running: TransactionRecord) -> str:
        """Update the profile, or install it where the station has none that fits."""
        held = self._held(wanted, running)
        if held is not None:
            answer = await self._update(commands, held, wanted)
            if answer == ACCEPTED:
                return answer
        profile = self._maker.dynamic(wanted, running, self._mode(wanted, running))
        answer = await self._book.install(commands, profile)
        if answer != ACCEPTED:
            return answer
        # Only an update starts the watchdog of stations that do not stamp a new profile themselves (K28.FR.09).
        return await self._update(commands, profile, wanted)

    async def _update(self, commands: Commands, held: ChargingProfile, wanted: Wanted) -> str:
        return await self._book.update(commands, held.profile_id, self._maker.amounts(held, wanted.current_a))

    def _held(self, wanted: Wanted, running: TransactionRecord) -> ChargingProfile | None:
        """Return the dynamic profile that the station should have, if it can carry the setpoint."""
        held = self._present(running)
        if held is None or held.schedule.periods[0].mode is not self._mode(wanted, running):
            return None
        duration_s, wanted_s = held.schedule.duration_s or 0, wanted.remaining_s(self._clock())
        return held if _FITS * wanted_s <= duration_s <= wanted_s + _SLACK_S else None

    def _present(self, running: TransactionRecord) -> ChargingProfile | None:
        held = self._book.find(Slot.TRANSACTION.profile_id(self._maker.evse_id))
        is_ours = held is not None and held.kind is ProfileKind.DYNAMIC
        return held if is_ours and held is not None and held.transaction_id == running.transaction_id else None

    def _mode(self, wanted: Wanted, running: TransactionRecord) -> OperationMode:
        """A transaction that has discharged stays with setpoints: turning around is then an update, too."""
        present = self._present(running)
        has_discharged = present is not None and present.schedule.periods[0].mode is OperationMode.CENTRAL_SETPOINT
        return OperationMode.CENTRAL_SETPOINT if wanted.current_a < 0 or has_discharged else OperationMode.CHARGING_ONLY
