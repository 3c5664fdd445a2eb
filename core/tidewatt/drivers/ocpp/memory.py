"""What the central system must not forget: transactions, registers, models and quirks of its stations."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
import time
from typing import Any

from tidewatt.ocpp.charging import StoreSnapshot
from tidewatt.site import ChargerStatus, StateStore

from .document import Document
from .register import EnergyCount

DOCUMENT = "ocpp"
"""Name of the document in the state store."""


@dataclass(slots=True)
class TransactionRecord:
    """One transaction. `energy` counts from its start; `ended_at_utc` None while it runs.

    `authorised` False is a transaction that a station opened for a plugged vehicle before anybody authorised it.
    `end_presumed` is an end that the station did not tell, and may prove wrong. `exported` counts what the vehicle
    gave back. `sequence` holds the sequence numbers that have come (OCPP 2.x), as ranges from first to last;
    `newest_at_utc` is when the newest of these messages was written.
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
    exported: EnergyCount | None = None
    sequence: list[tuple[int, int]] = field(default_factory=list)
    newest_at_utc: datetime | None = None

    @property
    def energy_wh(self) -> float:
        """Energy since the start; zero as long as no register value told."""
        return self.energy.total_wh if self.energy else 0.0


@dataclass(slots=True)
class EvseRecord:
    """What is remembered of one EVSE.

    `floor` describes the default profile that the station is known to hold. `held` is set by a person's stop and
    keeps Tidewatt from starting the vehicle again; `started` once a transaction began, or could not be begun, since
    it was plugged in. `remote_tag` is the tag that a remote start was asked with. `register` follows the meter's
    register of energy into vehicles, `exported` that of energy out of them. `lower_limit_a` is the limit below ours
    that was last told of.
    """

    status: ChargerStatus = ChargerStatus.UNAVAILABLE
    plugged: bool | None = None
    register: EnergyCount | None = None
    floor: str | None = None
    held: bool = False
    started: bool = False
    remote_tag: str | None = None
    exported: EnergyCount | None = None
    lower_limit_a: float | None = None


@dataclass(slots=True)
class SecurityEventRecord:
    """A security event that a station reported."""

    kind: str
    at_utc: datetime
    detail: str | None = None


@dataclass(slots=True)
class ReservationRecord:
    """An EVSE, or with `evse_id` 0 any of its station, that is kept free for a tag."""

    reservation_id: int
    evse_id: int
    id_tag: str
    expires_at_utc: datetime


@dataclass(slots=True)
class FirmwareRecord:
    """An update of the firmware: OCPP's word for how far it is, and what a station still fetches of us.

    `request_id` is None where the version has no such thing (OCPP 1.6). `file` and `token` are None where the station
    fetches it elsewhere.
    """

    status: str
    started_at_utc: datetime
    request_id: int | None = None
    changed_at_utc: datetime | None = None
    file: str | None = None
    token: str | None = field(default=None, repr=False)


@dataclass(slots=True)
class StationRecord:
    """What is remembered of one station. `refused` maps settings it did not take to the refused value.

    `clock_skew_s` is how far its clock is known to be ahead of ours, which the times in profiles allow for.
    `security_profile` is the highest of 2 and 3 that it was seen with: it is not let in with less (A05).
    `message_limits` says how many items and bytes it takes in one message, by action (OCPP 2.x). `local_list` are the
    tags of its local authorisation list with the EVSEs that each may use (none: all), as of `local_list_version`;
    `cached_for` are those that its authorisation cache was last emptied for, None if it never was.
    `profiles` are the charging profiles that it should hold, `profile_writes` how many it has accepted by EVSE,
    `dynamic_profiles` tells whether it knows those of 2.1.
    """

    version: str = ""
    vendor: str = ""
    model: str = ""
    serial_number: str = ""
    firmware: str = ""
    rate_units: tuple[str, ...] = ("A",)
    max_stack_level: int | None = None
    dynamic_profiles: bool = False
    profiles: StoreSnapshot = field(default_factory=StoreSnapshot)
    profile_writes: dict[int, int] = field(default_factory=dict)
    quirks: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    evses: dict[int, EvseRecord] = field(default_factory=dict)
    transactions: list[TransactionRecord] = field(default_factory=list)
    security_profile: int = 0
    message_limits: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)
    local_list: dict[str, tuple[int, ...]] = field(default_factory=dict)
    local_list_version: int = 0
    cached_for: list[str] | None = None
    security_events: list[SecurityEventRecord] = field(default_factory=list)
    clock_skew_s: float = 0.0
    reservations: list[ReservationRecord] = field(default_factory=list)
    firmware_update: FirmwareRecord | None = None
    registration: str = "Accepted"

    def evse(self, evse_id: int) -> EvseRecord:
        """Return the record of an EVSE, a fresh one when there is none."""
        return self.evses.setdefault(evse_id, EvseRecord())


@dataclass(slots=True)
class SystemRecord:
    """The whole document."""

    next_transaction_id: int
    stations: dict[str, StationRecord] = field(default_factory=dict)


class Memory:
    """Keeps the document in a state store, and beside it what blocks have too much of to write it every time.

    `save` returns when everything recorded so far is on disk; concurrent callers share one write. `save_soon` writes
    within the interval.
    """

    def __init__(self, store: StateStore, interval_s: float) -> None:
        self._store = store
        self._interval_s = interval_s
        # Counting from the Unix time keeps ids unique even if the document was lost.
        self._main = Document(store, DOCUMENT, SystemRecord(next_transaction_id=int(time.time())), interval_s)
        self._others: dict[str, Document[Any]] = {}

    @property
    def system(self) -> SystemRecord:
        """What is recorded of all stations."""
        return self._main.value

    async def load(self) -> None:
        """Take over the stored document, if there is a usable one."""
        first_id = self.system.next_transaction_id
        system = await self._main.load()
        system.next_transaction_id = max(system.next_transaction_id, first_id)

    def station(self, station_id: str) -> StationRecord:
        """Return the record of a station, a fresh one when there is none."""
        return self.system.stations.setdefault(station_id, StationRecord())

    def document[T](self, name: str, value: T) -> Document[T]:
        """Return a document of its own, which `close` writes too; `value` is what it holds as long as none is stored.

        A name leads to the same document every time.
        """
        name = f"{DOCUMENT}-{name}"
        if name not in self._others:
            self._others[name] = Document(self._store, name, value, self._interval_s)
        document: Document[T] = self._others[name]
        return document

    async def save(self) -> None:
        """Write what was recorded so far; errors of the store are raised."""
        await self._main.save()

    def save_soon(self) -> None:
        """Write what was recorded within the interval."""
        self._main.save_soon()

    async def close(self) -> None:
        """Write what is not on disk yet."""
        for document in (self._main, *self._others.values()):
            await document.close()
