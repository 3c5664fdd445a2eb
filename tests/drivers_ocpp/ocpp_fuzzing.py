"""A central system that is fed damaged frames, and what must hold whatever they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
import json
import logging
from random import Random
from typing import Any

from tests.drivers_ocpp.ocpp_mutations import Mutator
from tests.drivers_ocpp.ocpp_rig import FAST, charger, setpoint
from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp import CentralSystem, OcppSettings
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.site import OcppListener

ACCEPTED = {"status": "Accepted"}
CALM_ANSWERS: dict[str, Any] = {"GetConfiguration": {"configurationKey": []}}

BATCH = 25
"""Frames that are sent before their answers are waited for; OCPP allows one, we take up to 64."""

CALM = "calm"
START = "2026-11-20T10:00:00Z"
PATIENT: dict[str, Any] = FAST | {
    "call_timeout_s": 5.0,
    "frames_burst": 10**9,
    "frames_per_s": 1e9,
    "increases_burst": 10**9,
    "increases_per_minute": 1e9,
    "connects_burst": 10**9,
    "ping_interval_s": 3600.0,
    "save_interval_s": 1.0,
}
"""Settings that let as many frames through as can be served."""


class ForgetfulStore:
    """A state store that keeps nothing but takes what JSON can hold."""

    async def load(self, name: str) -> dict[str, Any] | None:  # noqa: ARG002 - a store's shape
        """Return that nothing is stored."""
        return None

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Take a document."""


class Wire:
    """A station's WebSocket in memory, as both its ends see it."""

    def __init__(self) -> None:
        self.to_us: asyncio.Queue[str | None] = asyncio.Queue()
        self.to_station: asyncio.Queue[str | None] = asyncio.Queue()

    async def send_str(self, data: str) -> None:
        """Send a frame to the station."""
        self.to_station.put_nowait(data)

    async def receive_str(self) -> str | None:
        """Return the next frame of the station."""
        return await self.to_us.get()

    async def keep_alive(self, interval_s: float, on_round_trip: Callable[[float | None], None] | None = None) -> None:
        """Stay, without pings."""

    async def close(self, code: int = 1000) -> None:  # noqa: ARG002 - a socket's shape
        """End both directions."""
        self.to_us.put_nowait(None)
        self.to_station.put_nowait(None)


class Problems(logging.Handler):
    """Keeps what was logged as an error: nothing that a peer sends may be one."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record with its traceback."""
        if len(self.found) < 20:
            self.found.append(logging.Formatter().format(record))


@contextmanager
def no_errors() -> Iterator[Problems]:
    """Fail when anything is logged as an error meanwhile, by us or by the web server on our behalf."""
    problems = Problems()
    loggers = [logging.getLogger(name) for name in ("tidewatt", "aiohttp")]
    for logger in loggers:
        logger.addHandler(problems)
    try:
        yield problems
        assert problems.found == []
    finally:
        for logger in loggers:
            logger.removeHandler(problems)


class FuzzedStation:
    """The station's end of a wire: sends damaged frames, and answers with damaged answers."""

    def __init__(self, station_id: str, mutator: Mutator, outcomes: Counter[str]) -> None:
        self.station_id = station_id
        self.wire = Wire()
        self._mutator = mutator
        self._outcomes = outcomes
        self._rounds = 0
        self.last: list[str] = []

    async def batch(self) -> int:
        """Send some frames and wait until all were dealt with; return how many."""
        self._rounds += 1
        end = f"end-{self._rounds}"
        self.last = [self._mutator.frame() for _ in range(BATCH)]
        for frame in self.last:
            self.wire.to_us.put_nowait(frame)
        self.wire.to_us.put_nowait(json.dumps([2, end, "Heartbeat", {}]))
        answers = 0
        while True:
            async with asyncio.timeout(PATIENCE_S):
                raw = await self.wire.to_station.get()
            if raw is None:
                self._outcomes["closed"] += 1
                raise ConnectionResetError(f"{self.station_id} was cut off after {self.last}")
            kind, message_id, *rest = json.loads(raw)
            if kind == 2:
                self.wire.to_us.put_nowait(self._mutator.answer(message_id, rest[0]))
                answers += 1
            elif message_id == end:
                self._outcomes["served"] += 1
                return BATCH + answers
            else:
                self._outcomes["result" if kind == 3 else f"error {rest[0]}"] += 1


class Fuzzing:
    """A central system with three stations that are fuzzed, one of each version, and one that is not."""

    def __init__(self, system: CentralSystem, seed: int) -> None:
        self.system = system
        self.outcomes: Counter[str] = Counter()
        self.limits: list[float] = []
        self._seed = seed
        self._stations: list[FuzzedStation] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._calm = Wire()
        self._currents = 0

    async def start(self) -> None:
        """Connect everybody."""
        for version in OcppVersion:
            self._connect(version, 0)
        station = self.system.station(f"charger {CALM}")
        self._tasks.append(asyncio.create_task(station.serve(self._calm, OcppVersion.V16, "calm")))
        self._tasks.append(asyncio.create_task(self._be_calm()))
        for frame in (
            [2, "b", "BootNotification", {"chargePointVendor": "Calm", "chargePointModel": "One"}],
            [
                2,
                "t",
                "StartTransaction",
                {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-11-20T10:00:00Z"},
            ],
        ):
            self._calm.to_us.put_nowait(json.dumps(frame))

    def _connect(self, version: OcppVersion, number: int) -> None:
        mutator = Mutator(version, Random(f"{self._seed} {version} {number}"))  # noqa: S311 - no secret
        fuzzed = FuzzedStation(f"fuzzed {version}", mutator, self.outcomes)
        self._stations.append(fuzzed)
        station = self.system.station(f"charger {fuzzed.station_id}")
        self._tasks.append(asyncio.create_task(station.serve(fuzzed.wire, version, "fuzz")))

    async def feed(self, inputs: int) -> int:
        """Send so many frames, over ever new connections; return how many it was."""
        sent = rounds = 0
        while sent < inputs:
            rounds += 1
            for station in tuple(self._stations):
                sent += await station.batch()
            if rounds % 100 == 0:
                await self._reconnect(rounds)
                await self.limit_the_calm_one()
        return sent

    async def _reconnect(self, number: int) -> None:
        """Replace each fuzzed station's connection by a new one."""
        old, self._stations = self._stations, []
        for version in OcppVersion:
            self._connect(version, number)
        for station in old:
            await station.wire.close()
        self._tasks = [task for task in self._tasks if not task.done()]

    async def limit_the_calm_one(self) -> None:
        """Have the good station take a limit; it must get this one, and soon."""
        self._currents = (self._currents + 1) % 10
        current_a = 6.0 + self._currents
        async with asyncio.timeout(PATIENCE_S):
            await self.system.port(f"charger {CALM}").apply(setpoint(current_a, f"charger {CALM}"))
        assert self.limits[-1] == current_a, "the good station was given another limit"

    async def _be_calm(self) -> None:
        """Answer like a station that does what it is told."""
        while (raw := await self._calm.to_station.get()) is not None:
            kind, message_id, *rest = json.loads(raw)
            if kind != 2:
                continue
            action, payload = rest
            if action == "SetChargingProfile":
                periods = payload["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"]
                self.limits.append(periods[0]["limit"])
            self._calm.to_us.put_nowait(json.dumps([3, message_id, CALM_ANSWERS.get(action, ACCEPTED)]))

    def counters(self) -> Counter[str]:
        """Return what the sessions counted, all stations together."""
        total: Counter[str] = Counter()
        for shown in self.system.diagnostics().values():
            total.update(shown["counters"] or {})
        return total

    async def stop(self) -> None:
        """End everything."""
        for station in self._stations:
            await station.wire.close()
        await self._calm.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def fuzzing(seed: int) -> AsyncIterator[Fuzzing]:
    """Run a central system for fuzzing; what it logs as an error fails."""
    names = [*(f"fuzzed {version}" for version in OcppVersion), CALM]
    chargers = [charger(f"charger {name}", name, discharge_maximum_a=16.0) for name in names]
    system = CentralSystem(
        OcppListener(port=0),
        chargers,
        store=ForgetfulStore(),
        on_reading=lambda _: None,
        on_fault=lambda _: None,
        on_discovered=lambda _: None,
        settings=OcppSettings(**PATIENT),
    )
    run = Fuzzing(system, seed)
    with no_errors():
        await system.start()
        try:
            await run.start()
            yield run
        finally:
            await run.stop()
            await system.stop()
