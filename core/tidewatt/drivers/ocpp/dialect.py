"""What the OCPP versions have in common: the words in which a station and a version's wire format meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol

from tidewatt.ocpp.charging import ChargingProfile, Purpose
from tidewatt.ocpp.session import OcppCallError, OcppSession
from tidewatt.ocpp.wire import number, rows, text
from tidewatt.site import ChargerStatus

from .tags import Verdict

ACCEPTED = "Accepted"
"""The answer of a station that does what it was asked; everything else is its reason not to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BootReport:
    """A station has started and says what it is."""

    vendor: str
    model: str
    serial_number: str
    firmware: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """A connector's state. `occupied` is OCPP 2.x's Occupied, which `status` then resolves by the transaction."""

    evse_id: int
    connector_id: int
    status: ChargerStatus
    plugged: bool | None
    occupied: bool = False
    error: str | None = None
    at_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionStart:
    """A transaction began on an EVSE; `transaction_id` None lets us choose it (OCPP 1.6)."""

    evse_id: int
    transaction_id: str | None
    id_tag: str | None
    at_utc: datetime
    meter_start_wh: float | None = None
    authorised: bool = True
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionUpdate:
    """What a running transaction reports: the vehicle's state (None: unchanged), a tag, meter values.

    `evse_id` is None where the station leaves it out because it said so when the transaction began. `at_utc` is when
    it was so, None where only the meter values say. `sequence` is the message's number within its transaction, None
    where the version has none (OCPP 1.6).
    """

    transaction_id: str
    evse_id: int | None
    status: ChargerStatus | None = None
    plugged: bool | None = None
    id_tag: str | None = None
    meter_values: Mapping[str, Any] = field(default_factory=dict)
    offline: bool = False
    sequence: int | None = None
    at_utc: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionEnd:
    """A transaction ended, with the register at its end if the station says.

    `interrupted` is an end that nobody wished for: the station lost power or was restarted. `unplugged` is one that
    the vehicle brought about by going. `evse_id` is None where the station leaves it out.
    """

    transaction_id: str
    at_utc: datetime
    meter_stop_wh: float | None = None
    meter_values: Mapping[str, Any] = field(default_factory=dict)
    interrupted: bool = False
    unplugged: bool = False
    offline: bool = False
    sequence: int | None = None
    evse_id: int | None = None


class StationEvents(Protocol):
    """What a version's handlers tell the station. Everything is keyed by EVSE (OCPP 1.6: connector)."""

    def booted(self, report: BootReport) -> None:
        """Take note that the station started."""

    def heard(self) -> None:
        """Take note that the station is alive."""

    def status_changed(self, report: StatusReport) -> None:
        """Take a connector's state."""

    def authorise(self, id_tag: str | None, evse_id: int | None) -> Verdict:
        """Judge whether a tag may charge on an EVSE, or with None on any of the station's."""

    async def transaction_started(self, start: TransactionStart) -> str:
        """Record a transaction durably and return its id; a repeated start gives the same id."""

    async def transaction_updated(self, update: TransactionUpdate) -> None:
        """Take what a running transaction reports; one that we do not know is resumed."""

    async def transaction_ended(self, end: TransactionEnd) -> None:
        """Record the end of a transaction durably."""

    def measured(self, evse_id: int, meter_values: Mapping[str, Any]) -> None:
        """Take a `MeterValues` payload of an EVSE that names no transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a station is asked to behave.

    `measures_export`: it may be discharged, so what comes back is measured too. `admits_anyone`: who charges needs not
    be known, so unknown tags may charge while the station is offline as well. `message_limits` is what is known of how
    much it takes in one message.
    """

    meter_interval_s: int
    ping_interval_s: int
    heartbeat_interval_s: int
    measures_export: bool = False
    admits_anyone: bool = True
    message_limits: Mapping[str, tuple[int | None, int | None]] = field(default_factory=dict)


LEAST_ATTEMPTS: Final = 10
"""How often a station is to send a message of a transaction that was not taken, before it drops it (OCPP 1.6 chapter
3.7.1, E13.FR.02). As its waits grow each time, that is the better part of an hour: a full disk may be cleared."""


@dataclass(slots=True, kw_only=True)
class Capabilities:
    """What a station said it can do; None and empty where it did not say.

    `message_limits` are the items and bytes that it takes in one message, by action (OCPP 2.x).
    """

    rate_units: tuple[str, ...] = ()
    max_stack_level: int | None = None
    dynamic_profiles: bool = False
    refused: dict[str, str] = field(default_factory=dict)
    message_limits: dict[str, tuple[int | None, int | None]] = field(default_factory=dict)


class Commands(Protocol):
    """What a station of one OCPP version is asked, at one connection.

    The methods return the status word of the station's answer, a CALLERROR's code included; they raise
    OcppTimeoutError, OcppClosedError and OcppBusyError like `OcppSession.call`.
    """

    async def configure(self, wanted: Wanted, refused: Mapping[str, str]) -> Capabilities:
        """Find out what the station can do and have it measure as wanted; settings it refuses are remembered."""

    async def trigger_status(self, evse_id: int) -> str:
        """Ask for the state of an EVSE."""

    async def trigger_transaction(self, evse_id: int) -> str:
        """Ask for meter values, and where the version can, the state of the running transaction."""

    async def request_start(self, evse_id: int, id_tag: str) -> str:
        """Ask to start a transaction."""

    async def request_stop(self, transaction_id: str) -> str:
        """Ask to stop a transaction."""

    async def set_profile(self, profile: ChargingProfile) -> str:
        """Install a profile in place of the one with the same purpose and stack level."""

    async def update_profile(self, profile_id: int, amounts: Mapping[str, float]) -> str:
        """Give a dynamic profile new amounts, named as in `Period` (2.1; older versions refuse)."""

    async def clear_profiles(self, evse_id: int, purpose: Purpose) -> str:
        """Remove all profiles of a purpose from an EVSE."""

    async def clear_profile(self, profile_id: int) -> str:
        """Remove one profile."""

    async def request_profiles(self, request_id: int) -> str:
        """Ask for reports of all profiles, which come as messages of their own (2.x; 1.6 refuses)."""

    async def composite_limits(self, evse_id: int, duration_s: int, rate_unit: str) -> Sequence[float] | None:
        """Return the limits that hold in the next seconds, one per period; None when the station will not say."""


QUESTION_TIMEOUT_S: Final = 5.0
"""For what may be left unanswered, such as set-up questions: until then the station can be given no limit."""


async def ask(session: OcppSession, action: str, payload: dict[str, Any], *, timeout_s: float | None = None) -> str:
    """Call and return the status word of the answer; the peer's CALLERROR counts as an answer in words."""
    try:
        answer = await session.call(action, payload, timeout_s=timeout_s)
    except OcppCallError as error:
        return str(error)
    return text(answer, "status") or "an answer without status"


async def trigger(session: OcppSession, request: dict[str, Any]) -> str:
    """Send TriggerMessage, which stations leave unanswered, and return the status word of the answer."""
    return await ask(session, "TriggerMessage", request, timeout_s=QUESTION_TIMEOUT_S)


def schedule_limits(schedule: dict[str, Any], rate_unit: str) -> list[float] | None:
    """Return the limits of a composite schedule's periods; None when it is in another unit or says nothing."""
    if text(schedule, "chargingRateUnit") not in (rate_unit, None):
        return None
    limits = [number(period.get("limit")) for period in rows(schedule, "chargingSchedulePeriod")]
    return [limit for limit in limits if limit is not None] or None
