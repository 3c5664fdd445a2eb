"""What a functional block is, and what it may use of its station."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from tidewatt.drivers.ocpp.caller import Caller
from tidewatt.drivers.ocpp.depot import Depot
from tidewatt.drivers.ocpp.dialect import ACCEPTED, Commands
from tidewatt.drivers.ocpp.link_quality import LinkWatch
from tidewatt.drivers.ocpp.memory import Memory, StationRecord, TransactionRecord
from tidewatt.drivers.ocpp.point import Point
from tidewatt.drivers.ocpp.profiles import ProfileBook
from tidewatt.drivers.ocpp.security import StationSecurity
from tidewatt.drivers.ocpp.settings import OcppSettings
from tidewatt.drivers.ocpp.tags import Verdict
from tidewatt.drivers.ocpp.tasks import Tasks
from tidewatt.drivers.ocpp.transactions import TransactionBook
from tidewatt.ocpp.errors import OcppCallError, OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler
from tidewatt.ocpp.wire import child, text
from tidewatt.site import Clock, CommandError, FaultCode


@dataclass(frozen=True, slots=True, kw_only=True)
class StationContext:
    """A station as its blocks see it.

    `points` is the station's live mapping by EVSE, `profiles` sends and remembers charging profiles by `commands`.
    `version` is None while no connection exists. `report` names a fault of one EVSE or (None) of all, `push` has
    control see the state of one or all anew, `heard` notes a sign of life, `lost` takes a transaction for ended unless
    the station shows soon that it runs, `authorise` judges whether a tag may charge on an EVSE or (None) on any,
    `depot` is where files for and of stations are handed over, `link` follows how well the station is reached.
    """

    station_id: str
    record: StationRecord
    memory: Memory
    book: TransactionBook
    points: Mapping[int, Point]
    profiles: ProfileBook
    commands: Callable[[], Awaitable[Commands]]
    tasks: Tasks
    settings: OcppSettings
    security: StationSecurity
    clock: Clock
    call: Caller
    version: Callable[[], OcppVersion | None]
    report: Callable[[FaultCode, str, int | None], None]
    push: Callable[[int | None], None]
    heard: Callable[[], None]
    lost: Callable[[TransactionRecord], None]
    authorise: Callable[[str | None, int | None], Verdict]
    depot: Depot
    link: LinkWatch


async def demand(
    context: StationContext, command: str, action: str, payload: dict[str, Any], *, timeout_s: float | None = None
) -> dict[str, Any]:
    """Call the station for a person and return its answer; CommandError, naming the command, if there is none."""
    try:
        return await context.call(action, payload, timeout_s=timeout_s)
    except OcppError as error:
        raise CommandError(context.station_id, command, str(error)) from error


def spoken(context: StationContext, command: str) -> OcppVersion:
    """Return the version that the station speaks; CommandError, naming the command, while it is not connected."""
    version = context.version()
    if version is None:
        raise CommandError(context.station_id, command, "it is not connected")
    return version


def status_of(answer: dict[str, Any]) -> str:
    """Return the status word of an answer with the station's reason, if it gives one (OCPP 2.x `statusInfo`)."""
    status = text(answer, "status") or "an answer without status"
    info = child(answer, "statusInfo")
    words = [word for key in ("reasonCode", "additionalInfo") if (word := text(info, key))]
    return f"{status} ({': '.join(words)})" if words and status != ACCEPTED else status


def require(context: StationContext, command: str, answer: dict[str, Any], *accepted: str) -> str:
    """Return the status word of an answer if it is one of these (Accepted where none are named), else CommandError."""
    if text(answer, "status") not in (accepted or (ACCEPTED,)):
        raise CommandError(context.station_id, command, status_of(answer))
    return str(answer["status"])


class Taken(StrEnum):
    """How a station took a wish that it may put off until its transactions have ended."""

    NOW = "Accepted"
    LATER = "Scheduled"


class Listeners[T]:
    """Those who want to know of something."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[[T], None]] = []

    def subscribe(self, callback: Callable[[T], None]) -> Callable[[], None]:
        """Call back with everything new; returns what ends that."""
        self._callbacks.append(callback)
        return lambda: self._callbacks.remove(callback)

    def tell(self, news: T) -> None:
        """Call back all who want to know."""
        for callback in tuple(self._callbacks):
            callback(news)


class Plain:
    """A block that answers nothing by itself, needs no set-up and keeps nothing of a connection."""

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:  # noqa: ARG002 - nothing in any version
        """Return nothing: no messages come by themselves."""
        return {}

    async def prepare(self) -> None:
        """Nothing needs to be set up."""

    def disconnected(self) -> None:
        """Nothing is kept of a connection."""

    def diagnostics(self) -> dict[str, Any]:
        """Return nothing: there is nothing to tell."""
        return {}


type Answered = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
"""Looks at a message that was answered: request and answer in, the answer out as it is sent."""


@runtime_checkable
class Observer(Protocol):
    """A block that looks at messages which others answer."""

    def afterwards(self, version: OcppVersion) -> Mapping[str, Answered]:
        """Return what is called with a version's messages once they are answered; it may add to the answer."""


@runtime_checkable
class Guard(Protocol):
    """A block that decides which messages are taken at all."""

    def refuses(self, action: str) -> OcppCallError | None:
        """Return the error to answer a message with instead of taking it; None lets it through."""


class Block(Protocol):
    """One functional block of one station."""

    def handlers(self, version: OcppVersion) -> Mapping[str, Handler]:
        """Return what answers this block's messages in a version; empty where the version has none."""

    async def prepare(self) -> None:
        """Set the station up, once it was heard on a new connection or has booted.

        OcppTimeoutError is reported and the next block's turn comes; OcppClosedError ends the set-up.
        """

    def disconnected(self) -> None:
        """Take note that the connection is gone."""

    def diagnostics(self) -> dict[str, Any]:
        """Return how the block stands. Holds no secrets."""
