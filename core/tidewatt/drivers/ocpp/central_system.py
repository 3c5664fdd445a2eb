"""The central system that charging stations connect to, on WebSockets served by aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
import logging
import time
from typing import Any, NoReturn

from aiohttp import WSCloseCode, web

from tidewatt.ocpp.sockets import MAX_FRAME_BYTES, AiohttpSocket
from tidewatt.site import (
    Charger,
    ChargerPort,
    Clock,
    CommandError,
    FaultCode,
    FaultListener,
    OcppEndpoint,
    OcppListener,
    ReadingListener,
    Setpoint,
    StateStore,
)

from .access import best_version, station_id_of
from .blocks import RemoteControl, ResetKind
from .connection import VERSIONS
from .depot import Depot
from .doors import Doors
from .memory import Memory
from .notices import Notices
from .point import Point
from .security import Peer, Refusal, SecurityEvent, SecurityKeeper, der_chain
from .settings import OcppSettings
from .station import Station

_LOGGER = logging.getLogger(__name__)

_CLOSE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class DiscoveredStation:
    """A station that nobody configured tried to connect. `subprotocols` are the OCPP versions it offered."""

    station_id: str
    remote: str
    subprotocols: tuple[str, ...]
    sent_password: bool


class CentralSystem:
    """A driver for all OCPP stations of a site.

    Stations connect to `ws://host:port/<anything>/<station id>`, or to `wss://` on the port for TLS. Those that no
    charger names are refused and reported to `on_discovered`; `security` decides about the others.
    """

    def __init__(
        self,
        listener: OcppListener,
        chargers: Sequence[Charger],
        *,
        store: StateStore,
        on_reading: ReadingListener,
        on_fault: FaultListener,
        on_discovered: Callable[[DiscoveredStation], None],
        on_security_event: Callable[[SecurityEvent], None] = lambda _event: None,
        clock: Clock = time.monotonic,
        settings: OcppSettings | None = None,
    ) -> None:
        self._listener = listener
        self._chargers = tuple(chargers)
        self._on_reading = on_reading
        self._on_fault = on_fault
        self._on_discovered = on_discovered
        self._clock = clock
        self._settings = settings or OcppSettings()
        self._memory = Memory(store, self._settings.save_interval_s)
        self._notices = Notices(self._settings.notice_interval_s, clock)
        self._stations: dict[str, Station] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._doors: Doors | None = None
        self._remotes: dict[str, str] = {}
        self._depot = Depot(clock)
        self.security = SecurityKeeper(listener, store, record=self._memory.station, on_event=on_security_event)

    @property
    def bound_port(self) -> int:
        """Port that is listened on, known once started; differs from the configured one if that is 0."""
        return self._listener.port if self._doors is None else self._doors.plain_port

    async def start(self) -> None:
        """Take over what was remembered, report the chargers as offline, and listen.

        OSError if a port is taken, SiteError for certificate files that are no use.
        """
        await self._memory.load()
        self._stations.clear()
        await self.security.start(_endpoints(self._chargers))
        self._configure_stations()
        self._doors = Doors(
            self._listener,
            self._settings,
            self._clock,
            self._connect,
            depot=self._depot,
            on_refused=self._handshake_failed,
        )
        try:
            await self._doors.open(self.security.context)
        except OSError:
            await self.stop()
            raise
        self.security.tls_port = self._doors.tls_port

    async def stop(self) -> None:
        """Close all connections as going away and store what is not yet. Sessions on the stations go on."""
        doors, self._doors = self._doors, None
        if doors is not None:
            doors.shut()
        await asyncio.gather(*(station.close() for station in self._stations.values()), *self._closing)
        await self.security.stop()
        if doors is not None:
            await doors.close()
            await self._memory.close()

    def port(self, charger_id: str) -> ChargerPort:
        """Return how control reaches a charger. It may be asked for before `start` and survives reconfiguration."""
        return _Port(charger_id, self._point)

    def station(self, charger_id: str) -> Station:
        """Return the station of a charger, once started; KeyError for one that is not configured here."""
        return self._stations[self._charger(charger_id).endpoint.station_id]

    def set_battery(
        self, charger_id: str, *, minimum_soc_pct: float, soc_pct: float | None, soc_at_s: float | None = None
    ) -> None:
        """Tell the floor of the battery of a charger's vehicle, and what the vehicle said of its state of charge when.

        Nothing is discharged at or below the floor, 20 % where nobody set one, nor while no state of charge is known.
        KeyError for a charger that is not configured here.
        """
        self._point(charger_id).guard.take_battery(minimum_soc_pct, soc_pct, soc_at_s)

    async def reset(self, charger_id: str, *, hard: bool = False) -> None:
        """Restart the station of a charger, at once or when idle; CommandError when it refuses."""
        kind = ResetKind.IMMEDIATE if hard else ResetKind.ON_IDLE
        await self.station(charger_id).block(RemoteControl).reset(kind)

    def update_chargers(self, chargers: Sequence[Charger]) -> None:
        """Take a new configuration, also before `start`.

        Stations whose password or security changed must connect anew; others stay connected.
        """
        before = _terms(self._chargers)
        self._chargers = tuple(chargers)
        after = _terms(self._chargers)
        if self._doors is None:
            return
        self.security.configure(_endpoints(self._chargers))
        for station_id in before.keys() - after.keys():
            self._close_later(self._stations.pop(station_id))
        for station_id in before.keys() & after.keys():
            if before[station_id] != after[station_id]:
                self._close_later(self._stations[station_id])
        self._configure_stations()

    def security_diagnostics(self) -> dict[str, Any]:
        """Return how the authority stands and what the gate kept out. Holds no secrets."""
        gate = {} if self._doors is None else self._doors.gate.diagnostics()
        return self.security.diagnostics() | {"gate": gate}

    async def revoke_certificates(self, charger_id: str) -> int:
        """Take back all certificates of a charger's station and end its connection; return how many there were."""
        station = self.station(charger_id)
        count = await self.security.authority.revoke(station.station_id)
        await station.close()
        return count

    def allow_lower_profile(self, charger_id: str) -> None:
        """Let a charger's station come with a lower security profile than it was seen with: a person's decision."""
        self.security.allow_lower(self.station(charger_id).station_id)
        self._memory.save_soon()

    def diagnostics(self) -> dict[str, Any]:
        """Return how every station stands. Holds no secrets."""
        return {station_id: station.diagnostics() for station_id, station in self._stations.items()}

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        station_id = station_id_of(request.raw_path)
        offered = _offered(request)
        station = self._stations.get(station_id or "")
        if station is None:
            if station_id is not None:
                self._discover(station_id, request, offered)
            raise web.HTTPNotFound(headers={"Connection": "close"})
        peer = _peer(request)
        verdict = self.security.judge(station.station_id, peer)
        if isinstance(verdict, Refusal):
            self._refuse(station, verdict)
        if await self.security.admit(station.station_id, verdict):
            await self._memory.save()
        if not station.may_connect():
            raise web.HTTPTooManyRequests(headers={"Connection": "close", "Retry-After": "5"})
        self._remotes[station.station_id] = peer.remote
        self._depot.note_address(station.station_id, request.scheme, request.host)
        if self._doors is not None:
            self._doors.gate.admitted(request.protocol)
        version = best_version(offered, VERSIONS)
        socket = web.WebSocketResponse(
            protocols=(version,) if version else (),
            autoping=False,
            max_msg_size=MAX_FRAME_BYTES,
            timeout=_CLOSE_TIMEOUT_S,
        )
        try:
            await socket.prepare(request)
        except ValueError as error:
            # aiohttp takes it for granted that these headers are ASCII.
            raise web.HTTPBadRequest(headers={"Connection": "close"}) from error
        if version is None:
            if self._notices.is_due(station.station_id):
                _LOGGER.warning("OCPP station %s offers no version that is spoken here: %s", station_id, offered)
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR)
        else:
            abort = None if request.transport is None else request.transport.abort
            await station.serve(AiohttpSocket(socket, abort=abort), version, request.remote or "?")
        return socket

    def _refuse(self, station: Station, refusal: Refusal) -> NoReturn:
        station.refused_connections += 1
        if self._notices.is_due(station.station_id):
            station.report(FaultCode.ACCESS_DENIED, f"It was refused: {refusal.reason}")
        headers = {"Connection": "close"}
        if refusal.status is HTTPStatus.UNAUTHORIZED:
            raise web.HTTPUnauthorized(headers=headers | {"WWW-Authenticate": 'Basic realm="OCPP"'})
        raise web.HTTPForbidden(headers=headers)

    def _handshake_failed(self, remote: str, reason: str) -> None:
        """Tell of a TLS handshake that failed. Who it was is only known by the address it was last seen at."""
        found = [
            self._stations[station_id]
            for station_id in self.security.suspects(lambda name: self._stations[name].is_connected)
            if self._remotes.get(station_id, remote) == remote
        ]
        for station in found:
            station.refused_connections += 1
            if self._notices.is_due(station.station_id):
                station.report(FaultCode.ACCESS_DENIED, f"A station at {remote} was refused: {reason}")
        if not found and self._notices.is_due(f"@{remote}"):
            _LOGGER.warning("Somebody at %s was refused: %s", remote, reason)

    def _discover(self, station_id: str, request: web.Request, offered: tuple[str, ...]) -> None:
        if self._notices.is_due(f"?{station_id}"):
            self._on_discovered(
                DiscoveredStation(
                    station_id=station_id,
                    remote=request.remote or "?",
                    subprotocols=offered,
                    sent_password=_authorization(request) is not None,
                )
            )

    def _configure_stations(self) -> None:
        for station_id, chargers in _by_station(self._chargers).items():
            if station_id in self._stations:
                self._stations[station_id].configure(chargers)
            else:
                self._stations[station_id] = Station(
                    station_id,
                    chargers,
                    memory=self._memory,
                    on_reading=self._on_reading,
                    on_fault=self._on_fault,
                    clock=self._clock,
                    settings=self._settings,
                    security=self.security.of(station_id),
                    depot=self._depot,
                )
            self._stations[station_id].push()

    def _close_later(self, station: Station) -> None:
        task = asyncio.create_task(station.close(), name=f"closing OCPP station {station.station_id}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _charger(self, charger_id: str) -> Charger:
        for charger in self._chargers:
            if charger.charger_id == charger_id:
                return charger
        raise KeyError(charger_id)

    def _point(self, charger_id: str) -> Point:
        endpoint = self._charger(charger_id).endpoint
        return self._stations[endpoint.station_id].points[endpoint.evse_id]


class _Port:
    """Leads to a charger's EVSE as it is configured at the time of the command."""

    def __init__(self, charger_id: str, point: Callable[[str], Point]) -> None:
        self._charger_id = charger_id
        self._point = point

    async def apply(self, setpoint: Setpoint) -> None:
        """Make the charger follow a setpoint; CommandError when it refuses or does not answer in time."""
        await self._find().apply(setpoint)

    async def start(self, id_tag: str | None = None) -> None:
        """Start a session for the plugged vehicle; CommandError when the charger refuses."""
        await self._find().start(id_tag)

    async def stop(self) -> None:
        """Stop the running session; without one this does nothing. CommandError when the charger refuses."""
        await self._find().stop()

    def _find(self) -> Point:
        try:
            return self._point(self._charger_id)
        except KeyError as error:
            answer = "it is not configured, or the central system is not running"
            raise CommandError(self._charger_id, "reaching it", answer) from error


def _by_station(chargers: Sequence[Charger]) -> dict[str, list[Charger]]:
    stations: dict[str, list[Charger]] = {}
    for charger in chargers:
        stations.setdefault(charger.endpoint.station_id, []).append(charger)
    return stations


def _endpoints(chargers: Sequence[Charger]) -> dict[str, tuple[OcppEndpoint, ...]]:
    return {
        station_id: tuple(charger.endpoint for charger in points)
        for station_id, points in _by_station(chargers).items()
    }


def _terms(chargers: Sequence[Charger]) -> dict[str, object]:
    """Return on which terms each station may connect, to be compared."""
    return {station_id: [_terms_of(each) for each in points] for station_id, points in _endpoints(chargers).items()}


def _terms_of(endpoint: OcppEndpoint) -> object:
    return endpoint.password, endpoint.security_profile, endpoint.strict_certificates, endpoint.addresses


def _peer(request: web.Request) -> Peer:
    tls = request.transport.get_extra_info("ssl_object") if request.transport is not None else None
    return Peer(
        remote=request.remote or "?",
        authorization=_authorization(request),
        encrypted=tls is not None,
        chain=() if tls is None else der_chain(tls),
    )


def _offered(request: web.Request) -> tuple[str, ...]:
    header = ",".join(request.headers.getall("Sec-WebSocket-Protocol", ()))
    return tuple(name[:32] for part in header.split(",")[:16] if (name := part.strip()))


def _authorization(request: web.Request) -> str | None:
    return request.headers.get("Authorization")
