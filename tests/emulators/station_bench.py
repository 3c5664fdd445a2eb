"""A scripted central system and an emulation whose time passes fifty times as fast as ours."""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

from aiohttp import web

from tests.emulators.site_of import emulation_of
from tests.patience import PATIENCE_S
from tidewatt.emulators import Emulation, EmulationAddresses, listening
from tidewatt.emulators.station import Outlet, Station
from tidewatt.ocpp.session import OcppSession, OcppVersion
from tidewatt.ocpp.sockets import AiohttpSocket

STEP_S = 0.1
PACE = 50

type Payload = dict[str, Any]
type Answer = Callable[[Payload], Payload]

_DATE = "2027-01-01T00:00:00Z"
_V16_ACTIONS = (
    "Authorize",
    "MeterValues",
    "StartTransaction",
    "StopTransaction",
    "StatusNotification",
    "Heartbeat",
    "FirmwareStatusNotification",
    "DiagnosticsStatusNotification",
    "LogStatusNotification",
)
_V201_ACTIONS = (
    "Authorize",
    "MeterValues",
    "TransactionEvent",
    "StatusNotification",
    "Heartbeat",
    "ReportChargingProfiles",
    "FirmwareStatusNotification",
    "LogStatusNotification",
    "NotifyReport",
    "NotifyDisplayMessages",
    "NotifyMonitoringReport",
    "NotifyCustomerInformation",
    "ReservationStatusUpdate",
    "NotifyEvent",
    "NotifyEVChargingNeeds",
    "NotifyEVChargingSchedule",
    "NotifyChargingLimit",
    "ClearedChargingLimit",
)
_V21_ACTIONS = (
    *_V201_ACTIONS,
    "NotifyPriorityCharging",
    "PullDynamicScheduleUpdate",
    "ReportDERControl",
    "NotifyDERStartStop",
    "NotifyDERAlarm",
)
_ACTIONS = {OcppVersion.V16: _V16_ACTIONS, OcppVersion.V201: _V201_ACTIONS, OcppVersion.V21: _V21_ACTIONS}


class ScriptedCentral:
    """Accepts every station, records what each says, and answers as `answers` tells."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, Payload]] = []
        self.sessions: dict[str, OcppSession] = {}
        self.credentials: dict[str, str | None] = {}
        self.answers: dict[str, Answer] = {}
        self.refuse_with: int | None = None
        self.url = ""
        self._changed = asyncio.Condition()
        self._transaction_ids = count(100)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[ScriptedCentral]:
        """Serve on a free port."""
        app = web.Application()
        app.add_routes([web.get("/{station}", self._accept)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await self.hang_up()
            await runner.cleanup()

    async def hang_up(self) -> None:
        """Close all connections."""
        for session in list(self.sessions.values()):
            await session.close()

    async def call(self, station_id: str, action: str, payload: Payload) -> Payload:
        """Call a station once it is connected."""
        await self._until(lambda: station_id in self.sessions)
        return await self.sessions[station_id].call(action, payload)

    def heard(self, station_id: str, action: str, **fields: Any) -> list[Payload]:
        """Return what a station said so far, of one action, with these fields."""
        return [
            payload
            for station, said, payload in self.calls
            if (station, said) == (station_id, action) and fields.items() <= payload.items()
        ]

    async def hears(self, station_id: str, action: str, *, times: int = 1, **fields: Any) -> Payload:
        """Wait until a station has said this so often, and return the last of it."""
        await self._until(lambda: len(self.heard(station_id, action, **fields)) >= times)
        return self.heard(station_id, action, **fields)[times - 1]

    async def _until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(condition)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_with is not None:
            return web.Response(status=self.refuse_with)
        station_id = request.match_info["station"]
        sent = request.headers.get("Authorization")
        self.credentials[station_id] = None if sent is None else b64decode(sent.removeprefix("Basic ")).decode()
        socket = web.WebSocketResponse(protocols=[version.value for version in OcppVersion])
        await socket.prepare(request)
        version = OcppVersion(str(socket.ws_protocol))
        session = OcppSession(AiohttpSocket(socket), version, self._handlers(station_id, version))
        self.sessions[station_id] = session
        await self._notify()
        try:
            await session.run()
        finally:
            if self.sessions.get(station_id) is session:
                del self.sessions[station_id]
            await self._notify()
        return socket

    def _handlers(self, station_id: str, version: OcppVersion) -> dict[str, Any]:
        actions = ("BootNotification", *_ACTIONS[version])
        return {action: self._handler(station_id, action, version) for action in actions}

    def _handler(self, station_id: str, action: str, version: OcppVersion) -> Any:
        async def handle(payload: Payload) -> Payload:
            self.calls.append((station_id, action, payload))
            await self._notify()
            answer = self.answers.get(action)
            return self._usual(action, version) if answer is None else answer(payload)

        return handle

    def _usual(self, action: str, version: OcppVersion) -> Payload:
        info = "idTagInfo" if version is OcppVersion.V16 else "idTokenInfo"
        accepted: Payload = {info: {"status": "Accepted"}}
        if action == "StartTransaction":
            return accepted | {"transactionId": next(self._transaction_ids)}
        usual: dict[str, Payload] = {
            "BootNotification": {"status": "Accepted", "currentTime": _DATE, "interval": 300},
            "Heartbeat": {"currentTime": _DATE},
            "Authorize": accepted,
            "NotifyEVChargingNeeds": {"status": "Accepted"},
            "NotifyEVChargingSchedule": {"status": "Accepted"},
            "PullDynamicScheduleUpdate": {"status": "Rejected"},
        }
        return usual.get(action, {})


class Bench:
    """An emulation that runs against a scripted central system."""

    def __init__(self, emulation: Emulation, central: ScriptedCentral) -> None:
        self.emulation = emulation
        self.central = central
        self._tick = asyncio.Event()

    @property
    def addresses(self) -> EmulationAddresses:
        """Where the emulation listens."""
        return self._addresses

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Bench]:
        """Run the emulation, fifty times as fast as real time."""
        async with listening(self.emulation) as self._addresses:
            tasks = [asyncio.create_task(work) for work in (self._pace(), self.emulation.run_stations())]
            try:
                yield self
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let time pass until something is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._tick.clear()
                await self._tick.wait()

    async def passes(self, seconds: float) -> None:
        """Let emulated seconds pass."""
        due_s = self.emulation.time.now_s + seconds
        await self.until(lambda: self.emulation.time.now_s >= due_s)

    def station(self, station_id: str) -> Station:
        """Return a station."""
        return self.emulation.stations[station_id]

    def outlet(self, station_id: str, evse_id: int = 1) -> Outlet:
        """Return an outlet of a station."""
        return self.station(station_id).outlets[evse_id]

    def drawn_a(self, charger_id: str) -> float:
        """Return the highest current at a charger's terminals."""
        return max(self.emulation.world.points[charger_id].terminal_current_a)

    async def draws(self, charger_id: str, current_a: float) -> None:
        """Let time pass until a vehicle draws so much."""
        await self.until(lambda: abs(self.drawn_a(charger_id) - current_a) < 1e-6)

    async def _pace(self) -> None:
        while True:
            await asyncio.sleep(STEP_S / PACE)
            self.emulation.step(STEP_S)
            self._tick.set()


@asynccontextmanager
async def bench_of(site_document: dict[str, Any]) -> AsyncIterator[Bench]:
    """Run the emulation of a document against a scripted central system on a free port."""
    async with ScriptedCentral().listening() as central:
        emulation_section = site_document["emulation"]
        for station in emulation_section.get("stations", []):
            station.setdefault("url", central.url)
        async with Bench(emulation_of(site_document), central).running() as bench:
            yield bench
