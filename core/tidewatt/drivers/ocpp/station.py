"""One charging station: what it says goes into the states of its chargers, what they are told goes to it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
import contextlib
from dataclasses import asdict
import logging
from typing import Any

from aiohttp import WSCloseCode

from tidewatt.ocpp.budget import TokenBucket
from tidewatt.ocpp.errors import OcppClosedError, OcppFloodError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import utc_now
from tidewatt.site import (
    Charger,
    Clock,
    Fault,
    FaultCode,
    FaultListener,
    ReadingListener,
)

from .blocks import Registration, RegistrationStatus, StationContext, TransactionStatus, make_blocks
from .connection import Connection, StationSocket
from .depot import Depot
from .dialect import Commands
from .evse import Evse
from .identity import StationIdentity
from .limiter import Limiter
from .link import Link
from .link_quality import LinkWatch
from .memory import Memory, TransactionRecord
from .point import Point
from .preparation import Preparation
from .profiles import ProfileBook, WriteBudget
from .reports import Reports
from .security import StationSecurity
from .settings import OcppSettings
from .signed_values import SignedBook, SignedRecord
from .starter import Starter
from .tasks import Tasks
from .transactions import TransactionBook

_LOGGER = logging.getLogger(__name__)

_END_WITHIN_S = 5.0
"""Longest wait for what still serves a connection that was closed."""


class Station:
    """A station that is configured, connected or not.

    One connection counts: a newer one replaces it, since the older is half open.
    """

    def __init__(
        self,
        station_id: str,
        chargers: Sequence[Charger],
        *,
        memory: Memory,
        on_reading: ReadingListener,
        on_fault: FaultListener,
        clock: Clock,
        settings: OcppSettings,
        security: StationSecurity,
        depot: Depot,
    ) -> None:
        self.station_id = station_id
        self._security = security
        self._depot = depot
        self._memory = memory
        self._record = memory.station(station_id)
        self._book = TransactionBook(memory.system, self._record)
        self._on_reading = on_reading
        self._on_fault = on_fault
        self._clock = clock
        self._settings = settings
        self._tasks = Tasks(f"OCPP station {station_id}")
        # A silent station becomes ready when the grace is over; a command that came before may wait for that.
        self._link = Link(settings.boot_grace_s + 1.0)
        self.points: dict[int, Point] = {}
        budget = WriteBudget(settings, clock, lambda: len(self.points))
        self._profiles = ProfileBook(self._record, self._book.running, budget, settings, on_change=memory.save_soon)
        self._connection: Connection | None = None
        self._serving: set[Connection] = set()
        self._connects = TokenBucket(settings.connects_burst, settings.connects_per_s, clock)
        self.link_watch = LinkWatch(self.report, self.push, clock)
        self._last_heard_s = clock()
        self.refused_connections = 0
        self.signed = SignedBook(memory.document(f"signed-{station_id}", SignedRecord()))
        self._reports = Reports(
            self._record,
            self._book,
            self.points,
            memory=memory,
            tasks=self._tasks,
            settings=settings,
            now_s=clock,
            is_online=lambda: self._link.is_ready,
            push=self.push,
            on_alive=self._on_alive,
            on_gap=lambda transaction: self.block(TransactionStatus).look_for(transaction),
            signed=self.signed,
        )
        context = self._context()
        self.blocks = make_blocks(context)
        self._preparation = Preparation(context, self.blocks)
        self.configure(chargers)

    def _context(self) -> StationContext:
        """Return what the blocks may use of this station."""

        def version() -> OcppVersion | None:
            return None if self._connection is None else self._connection.version

        return StationContext(
            station_id=self.station_id,
            record=self._record,
            memory=self._memory,
            book=self._book,
            points=self.points,
            profiles=self._profiles,
            commands=self._link.commands,
            tasks=self._tasks,
            settings=self._settings,
            security=self._security,
            depot=self._depot,
            link=self.link_watch,
            clock=self._clock,
            call=self._call,
            version=version,
            report=self.report,
            push=self.push,
            heard=self._reports.heard,
            authorise=self._reports.authorise,
            lost=lambda transaction: self._reports.transaction_refused(transaction, unknown=True),
        )

    def block[T](self, kind: type[T]) -> T:
        """Return the functional block of a kind; LookupError when there is none."""
        for block in self.blocks:
            if isinstance(block, kind):
                return block
        raise LookupError(kind.__name__)

    async def _call(self, action: str, payload: dict[str, Any], *, timeout_s: float | None = None) -> dict[str, Any]:
        """Call the station; OcppClosedError when it is not connected."""
        await self._link.commands()
        if self._connection is None:
            raise OcppClosedError("The station is not connected.")
        answer = await self._connection.session.call(action, payload, timeout_s=timeout_s)
        self._profiles.heard(action, payload, answer)
        return answer

    def configure(self, chargers: Sequence[Charger]) -> None:
        """Take the chargers of this station; those that are known keep their state."""
        for evse_id in self.points.keys() - {charger.endpoint.evse_id for charger in chargers}:
            self.points.pop(evse_id).retire()
        for charger in chargers:
            evse_id = charger.endpoint.evse_id
            if evse_id not in self.points:
                self.points[evse_id] = self._new_point(charger)
            self.points[evse_id].configure(charger)
        if self._connection is not None and self._link.is_ready:
            self._tasks.spawn(self._preparation.reconfigure(self._connection))

    def _new_point(self, charger: Charger) -> Point:
        evse_id = charger.endpoint.evse_id
        record = self._record.evse(evse_id)

        def running() -> TransactionRecord | None:
            return self._book.running(evse_id)

        def admissible_a(current_a: float) -> float:
            return point.guard.admissible_a(current_a)

        evse = Evse(charger, record, voltage_v=self._settings.voltage_v)
        limiter = Limiter(
            charger,
            self._record,
            running,
            is_confirmed=lambda: evse.transaction_is_confirmed,
            on_refused=lambda transaction, unknown: self._reports.transaction_refused(transaction, unknown=unknown),
            agreement=lambda: evse.agreement,
            admissible_a=admissible_a,
            report=lambda code, detail: self.report(code, detail, evse_id),
            book=self._profiles,
            link=self._link,
            tasks=self._tasks,
            clock=self._clock,
            settings=self._settings,
        )
        starter = Starter(
            charger,
            record,
            running,
            link=self._link,
            tasks=self._tasks,
            settings=self._settings,
            on_change=self._memory.save_soon,
            on_failure=lambda detail: self.report(FaultCode.COMMAND_REJECTED, detail, evse_id),
        )
        point = Point(
            evse,
            limiter,
            starter,
            running,
            report=lambda code, detail: self.report(code, detail, evse_id),
            tasks=self._tasks,
            clock=self._clock,
            settings=self._settings,
        )
        return point

    async def serve(self, socket: StationSocket, version: OcppVersion, remote: str) -> None:
        """Talk to the station until its socket closes; an older connection is closed, it is half open."""
        connection = Connection(
            socket,
            version,
            self._reports,
            blocks=self.blocks,
            settings=self._settings,
            remote=remote,
            on_exchange=self.link_watch.answered,
        )
        self._serving.add(connection)
        self.link_watch.connected()
        previous, self._connection = self._connection, connection
        if previous is not None:
            self._tasks.spawn(previous.close())
        self._take_version(version)
        self._profiles.connected()
        self._link.open(connection.commands)
        was_away = self._clock() - self._last_heard_s > self._settings.agreement_grace_s
        for point in self.points.values():
            point.limiter.forget()
            point.evse.expect_anything()
            if was_away:
                point.evse.agreement = None
        _LOGGER.info("OCPP station %s is connected from %s with %s", self.station_id, remote, version)
        connection.tasks.spawn(socket.keep_alive(self._settings.ping_interval_s, self.link_watch.ponged))
        connection.tasks.spawn(self._stop_waiting_for_boot(connection))
        try:
            await connection.session.run()
        except OcppFloodError as error:
            self.report(FaultCode.PAYLOAD_INVALID, f"{error} Its connection was closed.")
        finally:
            if self._connection is connection:
                self._connection = None
                self._link.close()
                self._profiles.disconnected()
                for block in self.blocks:
                    block.disconnected()
                _LOGGER.info("OCPP station %s is no longer connected", self.station_id)
                self.push()
            await connection.tasks.close()
            self._serving.discard(connection)
            connection.ended.set()

    def _take_version(self, version: OcppVersion) -> None:
        """Note the version; a station that changed it cannot go on with transactions of the other."""
        if self._record.version not in ("", version):
            for transaction in self._record.transactions:
                self._book.end(transaction, utc_now(), presumed=False)
            self._record.dynamic_profiles = False
            for evse in self._record.evses.values():
                evse.floor = None
        self._record.version = version

    async def _stop_waiting_for_boot(self, connection: Connection) -> None:
        await asyncio.sleep(self._settings.boot_grace_s)
        if self._connection is connection and not self._link.is_ready:
            self._on_alive(booted=False)
            self.push()

    def _on_alive(self, booted: bool) -> None:
        """Note a sign of life; the first one, and every boot, is when the station is set up."""
        self._last_heard_s = self._clock()
        connection = self._connection
        if connection is None:
            return
        if self.block(Registration).status is RegistrationStatus.REJECTED:
            # It is told nothing until it boots anew and is accepted.
            self._link.open(connection.commands)
            return
        is_first = not self._link.is_ready
        self._link.make_ready()
        if is_first or booted:
            connection.tasks.spawn(self._preparation.run(connection, booted=booted))

    async def close(self, code: int = WSCloseCode.GOING_AWAY) -> None:
        """Close the connection, and older ones that still end; transactions on the station go on."""
        serving = tuple(self._serving)
        await asyncio.gather(*(connection.close(code) for connection in serving))
        await self._tasks.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_WITHIN_S):
                await asyncio.gather(*(connection.ended.wait() for connection in serving))

    def push(self, evse_id: int | None = None) -> None:
        """Report the state of one EVSE, or of all."""
        for number, point in self.points.items():
            if evse_id in (None, number):
                state = point.evse.state(
                    self._book.running(number),
                    online=self._link.is_ready,
                    at_s=self._last_heard_s,
                    link=self.link_watch.quality,
                )
                self._on_reading(state)

    def report(self, code: FaultCode, detail: str, evse_id: int | None = None) -> None:
        """Report a fault of one EVSE, or of all."""
        _LOGGER.warning("OCPP station %s: %s", self.station_id, detail)
        for number, point in self.points.items():
            if evse_id in (None, number):
                self._on_fault(Fault(code=code, subject_id=point.evse.charger.charger_id, detail=detail))

    async def trigger_status(self, evse_id: int) -> str:
        """Have the station tell the state of an EVSE; the status word of its answer."""
        return await (await self._commands()).trigger_status(evse_id)

    async def composite_limits(self, evse_id: int, duration_s: int) -> Sequence[float] | None:
        """Return the limits that hold on an EVSE in the next seconds, in the station's unit; None if it won't say."""
        unit = "A" if "A" in self._record.rate_units else "W"
        return await (await self._commands()).composite_limits(evse_id, duration_s, unit)

    async def _commands(self) -> Commands:
        return await self._link.commands()

    def may_connect(self) -> bool:
        """Tell whether another connection may begin now, and count it: each one costs a set-up."""
        return self._connects.take()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now."""
        return self._connection is not None

    @property
    def identity(self) -> StationIdentity:
        """What the station said of itself, also before Tidewatt was restarted."""
        record = self._record
        return StationIdentity(
            vendor=record.vendor or None,
            model=record.model or None,
            serial_number=record.serial_number or None,
            firmware=record.firmware or None,
        )

    def diagnostics(self) -> dict[str, Any]:
        """Return how the station stands. Holds no secrets: neither passwords nor tags."""
        connection, record = self._connection, self._record
        return {
            "connected": connection is not None,
            "connected_since": connection.since if connection else None,
            "remote": connection.remote if connection else None,
            "version": record.version,
            "vendor": record.vendor,
            "model": record.model,
            "firmware": record.firmware,
            "rate_units": list(record.rate_units),
            "quirks": list(record.quirks),
            "refused_settings": sorted(record.refused),
            "refused_connections": self.refused_connections,
            "link": self.link_watch.diagnostics(),
            "profiles": self._profiles.diagnostics(),
            "counters": asdict(connection.session.counters) if connection else None,
            "blocks": {type(block).__name__: block.diagnostics() for block in self.blocks},
            "evses": {
                number: {
                    "charger_id": point.evse.charger.charger_id,
                    "status": point.evse.record.status.value,
                    "floor": point.evse.record.floor,
                    "transaction_id": running.transaction_id if (running := self._book.running(number)) else None,
                }
                for number, point in self.points.items()
            },
        }
