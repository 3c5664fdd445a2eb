"""What the central system must not forget: transactions, registers, models and quirks of its stations."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
import logging
import time

import msgspec

from tidewatt.site import ChargerStatus, StateStore

from .register import EnergyCount

_LOGGER = logging.getLogger(__name__)

DOCUMENT = "ocpp"
"""Name of the document in the state store."""


@dataclass(slots=True)
class TransactionRecord:
    """One transaction. `energy` counts from its start; `ended_at_utc` None while it runs.

    `authorised` False is a transaction that a station opened for a plugged vehicle before anybody authorised it.
    `end_presumed` is an end that the station did not tell, and may prove wrong.
    """

    transaction_id: str
    evse_id: int
    started_at_utc: datetime
    id_tag: str | None = None
    meter_start_wh: float | None = None
    energy: EnergyCount | None = None
    ended_at_utc: datetime | None = None
    end_presumed: bool = False
    authorised: bool = True

    @property
    def energy_wh(self) -> float:
        """Energy since the start; zero as long as no register value told."""
        return self.energy.total_wh if self.energy else 0.0


@dataclass(slots=True)
class EvseRecord:
    """What is remembered of one EVSE.

    `floor` describes the default profile that the station is known to hold. `held` is set by a person's stop and
    keeps Tidewatt from starting the vehicle again; `started` once a transaction began, or could not be begun, since
    it was plugged in. `remote_tag` is the tag that a remote start was asked with.
    """

    status: ChargerStatus = ChargerStatus.UNAVAILABLE
    plugged: bool | None = None
    register: EnergyCount | None = None
    floor: str | None = None
    held: bool = False
    started: bool = False
    remote_tag: str | None = None


@dataclass(slots=True)
class StationRecord:
    """What is remembered of one station. `refused` maps settings it did not take to the refused value."""

    version: str = ""
    vendor: str = ""
    model: str = ""
    serial_number: str = ""
    firmware: str = ""
    rate_units: tuple[str, ...] = ("A",)
    max_stack_level: int | None = None
    quirks: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    evses: dict[int, EvseRecord] = field(default_factory=dict)
    transactions: list[TransactionRecord] = field(default_factory=list)

    def evse(self, evse_id: int) -> EvseRecord:
        """Return the record of an EVSE, a fresh one when there is none."""
        return self.evses.setdefault(evse_id, EvseRecord())


@dataclass(slots=True)
class SystemRecord:
    """The whole document."""

    next_transaction_id: int
    stations: dict[str, StationRecord] = field(default_factory=dict)


class Memory:
    """Keeps the document in a state store.

    `save` returns when everything recorded so far is on disk; concurrent callers share one write. `save_soon` writes
    within the interval.
    """

    def __init__(self, store: StateStore, interval_s: float) -> None:
        # Counting from the Unix time keeps ids unique even if the document was lost.
        self.system = SystemRecord(next_transaction_id=int(time.time()))
        self._store = store
        self._interval_s = interval_s
        self._writing = asyncio.Lock()
        self._changes = 0
        self._written = 0
        self._later: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Take over the stored document, if there is a usable one."""
        document = await self._store.load(DOCUMENT)
        if document is None:
            return
        try:
            stored = msgspec.convert(document, SystemRecord, str_keys=True)
        except msgspec.ValidationError:
            _LOGGER.exception("The stored OCPP transactions cannot be read and are started anew")
            return
        stored.next_transaction_id = max(stored.next_transaction_id, self.system.next_transaction_id)
        self.system = stored

    def station(self, station_id: str) -> StationRecord:
        """Return the record of a station, a fresh one when there is none."""
        return self.system.stations.setdefault(station_id, StationRecord())

    async def save(self) -> None:
        """Write what was recorded so far; errors of the store are raised."""
        self._changes += 1
        wanted = self._changes
        async with self._writing:
            if self._written >= wanted:
                return
            covered = self._changes
            await self._store.save(DOCUMENT, msgspec.to_builtins(self.system, str_keys=True))
            self._written = covered

    def save_soon(self) -> None:
        """Write what was recorded within the interval."""
        self._changes += 1
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._save_later(), name="ocpp memory")

    async def close(self) -> None:
        """Write what is not on disk yet."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.gather(self._later, return_exceptions=True)
        if self._written < self._changes:
            await self._save_or_log()

    async def _save_later(self) -> None:
        while self._written < self._changes:
            await asyncio.sleep(self._interval_s)
            await self._save_or_log()

    async def _save_or_log(self) -> None:
        try:
            await self.save()
        except OSError:
            _LOGGER.exception("The OCPP transactions could not be stored")
