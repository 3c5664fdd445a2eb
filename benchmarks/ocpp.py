"""What an OCPP message costs: Tidewatt's central system beside the stack that Home Assistant users have today."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import itertools
import json
import statistics
import sys
import time
from typing import Final

import aiohttp
import psutil

from benchmarks.parts.ocpp_words import PER_MINUTE, VERSIONS, frames, minute, opening
from benchmarks.parts.report import Row

TITLE = "messages a second and stations per core of the central system, all charging and measuring every 5 s"

RIVAL: Final = "ocpp + websockets"
STATIONS: Final = 50
SECONDS: Final = 3.0
FULL_SECONDS: Final = 6.0
ROUNDS: Final = 2
FULL_ROUNDS: Final = 3
MODULES: Final = {"tidewatt": "benchmarks.parts.ocpp_tidewatt", "rival": "benchmarks.parts.ocpp_rival"}
MUST_RATIO: Final = 1.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What serving took: processor seconds for each message, and how long stations waited for an answer in ms."""

    cpu_s: float
    per_s: float
    p99_ms: float

    @property
    def messages_per_core(self) -> float:
        """Messages that a core serves in a second."""
        return 1.0 / self.cpu_s

    @property
    def stations_per_core(self) -> float:
        """Charging stations that a core serves."""
        return self.messages_per_core * 60.0 / PER_MINUTE


async def run(*, full: bool = False) -> list[Row]:
    """Load both in turn, several times, and compare the medians."""
    seconds, rounds = (FULL_SECONDS, FULL_ROUNDS) if full else (SECONDS, ROUNDS)
    rows = []
    for version in VERSIONS:
        costs: dict[str, list[Cost]] = {name: [] for name in MODULES}
        for _ in range(rounds):
            for name, module in MODULES.items():
                costs[name].append(await _measure(module, version, seconds))
        rows += _rows(version, _median(costs["tidewatt"]), _median(costs["rival"]))
    return rows


def _rows(version: str, ours: Cost, rival: Cost) -> list[Row]:
    def row(what: str, value: float, rival_value: float, unit: str, *, at_least: bool) -> Row:
        must = rival_value * MUST_RATIO if at_least else None
        name = f"{version}: {what}"
        return Row(row=name, value=value, unit=unit, rival=RIVAL, rival_value=rival_value, must=must, at_least=at_least)

    return [
        row("messages per core", ours.messages_per_core, rival.messages_per_core, "1/s", at_least=True),
        row("stations per core", ours.stations_per_core, rival.stations_per_core, "", at_least=True),
        row(f"messages with {STATIONS} at full speed", ours.per_s, rival.per_s, "1/s", at_least=True),
        row(f"p99 of an answer, {STATIONS} at full speed", ours.p99_ms, rival.p99_ms, "ms", at_least=False),
    ]


def _median(costs: list[Cost]) -> Cost:
    return Cost(
        statistics.median(cost.cpu_s for cost in costs),
        statistics.median(cost.per_s for cost in costs),
        statistics.median(cost.p99_ms for cost in costs),
    )


@dataclass(slots=True)
class Load:
    """Stations that talk as fast as they are answered, from a common start on, for some seconds."""

    url: str
    version: str
    seconds: float
    session: aiohttp.ClientSession
    ready: asyncio.Barrier = field(default_factory=lambda: asyncio.Barrier(STATIONS + 1))
    waited_s: list[float] = field(default_factory=list)

    async def talk(self, number: int) -> None:
        """Be one station: boot, start, wait for the others, then talk."""
        async with self.session.ws_connect(f"{self.url}/S{number}", protocols=[self.version]) as socket:
            transaction_id = 0
            beginning = opening(self.version, number)
            for frame in itertools.islice(frames(beginning), len(beginning)):
                answer = await _call(socket, frame)
                transaction_id = answer.get("transactionId", transaction_id)
            await self.ready.wait()
            until_s = time.perf_counter() + self.seconds
            for frame in frames(minute(self.version, number, transaction_id)):
                asked_s = time.perf_counter()
                if asked_s >= until_s:
                    break
                await socket.send_str(frame)
                await _answer(socket)
                self.waited_s.append(time.perf_counter() - asked_s)


async def _measure(module: str, version: str, seconds: float) -> Cost:
    """Load a central system and return what it took."""
    async with _serving(module) as (port, process), aiohttp.ClientSession() as session:
        load = Load(f"http://127.0.0.1:{port}", version, seconds, session)
        stations = [asyncio.create_task(load.talk(number)) for number in range(STATIONS)]
        await load.ready.wait()
        before_s, started_s = _cpu_s(process), time.perf_counter()
        await asyncio.gather(*stations)
        took_s, spent_s = time.perf_counter() - started_s, _cpu_s(process) - before_s
    answers = len(load.waited_s)
    return Cost(spent_s / answers, answers / took_s, 1000 * statistics.quantiles(load.waited_s, n=100)[98])


async def _call(socket: aiohttp.ClientWebSocketResponse, frame: str) -> dict[str, int]:
    await socket.send_str(frame)
    answer: dict[str, int] = json.loads(await _answer(socket))[2]
    return answer


async def _answer(socket: aiohttp.ClientWebSocketResponse) -> str:
    """Return the next answer. What the central system asks of the station meanwhile is accepted."""
    while True:
        text: str = await socket.receive_str()
        if text.startswith("[3"):
            return text
        if not text.startswith("[2"):
            raise RuntimeError(f"The central system refused a message: {text}")
        await socket.send_str(json.dumps([3, json.loads(text)[1], {"status": "Accepted"}]))


@asynccontextmanager
async def _serving(module: str) -> AsyncIterator[tuple[int, psutil.Process]]:
    """Run a central system as a process of its own; yields its port and the process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, str(STATIONS), stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise RuntimeError(f"{module} did not start.")
        yield int(line), psutil.Process(process.pid)
    finally:
        process.terminate()
        await process.wait()


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
