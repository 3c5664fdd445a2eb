"""Two hundred stations of all versions, faults all the time, and a central system that must lose nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import json
from pathlib import Path
from random import Random
import statistics
import sys
import tempfile
import time
from typing import Any, Final

from benchmarks.parts.report import Row
from benchmarks.parts.soak_faults import Weather
from tidewatt.emulators import Emulation, load_emulation
from tidewatt.site.schema import load_site

TITLE = "200 stations under injected faults, ten minutes with --full: commands, transactions, tasks, memory"

STATIONS: Final = 200
VERSIONS: Final = ("1.6", "2.0.1", "2.1")
SECONDS: Final = 12.0
FULL_SECONDS: Final = 600.0
SETTLED_WITHIN_S: Final = 90.0
START_WITHIN_S: Final = 60.0
TICK_S: Final = 0.1
SEED: Final = 4

MUST_P99_MS: Final = 100.0
MUST_GROWTH_MB: Final = 10.0
KEPT_SHARE: Final = 0.001
"""Registers are told in whole Wh, so an energy may differ by two of them, and by this share."""


@dataclass(slots=True)
class Seen:
    """The central system's reports, and its last words."""

    reports: list[dict[str, Any]] = field(default_factory=list)
    last: dict[str, Any] = field(default_factory=dict)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def until(self, condition: Callable[[dict[str, Any]], bool], within_s: float) -> None:
        """Wait until a report says so; TimeoutError when none does."""
        async with asyncio.timeout(within_s):
            while not self.reports or not condition(self.reports[-1]):
                self.came.clear()
                await self.came.wait()

    def take(self, line: bytes) -> None:
        """Take a line of the central system's."""
        report = json.loads(line)
        if "left" in report:
            self.last = report
        else:
            self.reports.append(report)
        self.came.set()


async def run(*, full: bool = False) -> list[Row]:
    """Soak, and judge what became of it."""
    seconds = FULL_SECONDS if full else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        async with _central(Path(folder)) as (port, seen):
            emulation = _emulation(port)
            weather = Weather(emulation, Random(SEED))  # noqa: S311 - faults, not secrets
            disturbed: list[tuple[float, dict[str, float]]] = []
            stations = asyncio.create_task(emulation.run_stations())
            pace = asyncio.create_task(_keep_pace(emulation, weather, disturbed))
            try:
                await seen.until(lambda report: report["sessions"] == STATIONS, START_WITHIN_S)
                storm = asyncio.create_task(weather.run())
                first = len(seen.reports)
                await asyncio.sleep(seconds)
                storm.cancel()
                last = len(seen.reports)
                weather.calm()
                await seen.until(lambda report: _is_settled(emulation, report), SETTLED_WITHIN_S)
                back = seen.reports[-1]["online"]
            finally:
                for task in (stations, pace):
                    task.cancel()
                await asyncio.gather(stations, pace, return_exceptions=True)
    return _rows(seen, seen.reports[first:last], weather, disturbed, back=back)


def _rows(
    seen: Seen,
    reports: list[dict[str, Any]],
    weather: Weather,
    disturbed: list[tuple[float, dict[str, float]]],
    *,
    back: int,
) -> list[Row]:
    commands = [command for report in reports for command in report["commands"]]
    calm = [took_s for station, at_s, took_s, done in commands if done and not _was_disturbed(station, at_s, disturbed)]
    failed = [1 for station, at_s, _, done in commands if not done and not _was_disturbed(station, at_s, disturbed)]
    memory = [report["rss_mb"] for report in reports]
    quarter = max(1, len(memory) // 4)
    growth_mb = statistics.median(memory[-quarter:]) - statistics.median(memory[quarter : 2 * quarter])
    told = {end.key: end.energy_wh for end in weather.ended}
    lost = [key for key, energy_wh in told.items() if not _is_kept(energy_wh, seen.last["energy_wh"].get(key))]
    p99_ms = 1000 * statistics.quantiles(calm, n=100)[98]
    return [
        Row(row="things that happened to stations", value=weather.events, unit=""),
        Row(row="commands to undisturbed stations", value=len(calm), unit=""),
        Row(row="of them refused or unanswered", value=len(failed), unit="", must=0),
        Row(row="p50 of a command", value=1000 * statistics.median(calm), unit="ms"),
        Row(row="p99 of a command", value=p99_ms, unit="ms", must=MUST_P99_MS),
        Row(row="p99 of the event loop's delay", value=_p99([report["lag_ms"] for report in reports]), unit="ms"),
        Row(row="transactions that ended", value=len(told), unit=""),
        Row(row="of them lost, or with wrong energy", value=len(lost), unit="", must=0),
        Row(row="growth of memory", value=growth_mb, unit="MB", must=MUST_GROWTH_MB),
        Row(row="memory at the end", value=memory[-1], unit="MB"),
        Row(row="tasks left after the end", value=len(seen.last["left"]), unit="", must=0),
        Row(row="stations back at the end", value=back, unit="", must=STATIONS, at_least=True),
    ]


def _is_kept(energy_wh: float, kept_wh: float | None) -> bool:
    return kept_wh is not None and abs(kept_wh - energy_wh) <= 2.0 + KEPT_SHARE * energy_wh


def _p99(values: list[float]) -> float:
    return statistics.quantiles(values, n=100)[98]


def _was_disturbed(charger_id: str, at_s: float, disturbed: list[tuple[float, dict[str, float]]]) -> bool:
    """Tell whether something was wrong with a station when it was told something, or began within the second."""
    station_id = f"S{charger_id.removeprefix('c')}"
    return any(station_id in stations for moment_s, stations in disturbed if at_s - 1.5 <= moment_s <= at_s + 1.5)


def _is_settled(emulation: Emulation, report: dict[str, Any]) -> bool:
    """Tell whether every station is back and has told everything."""
    stations = emulation.stations.values()
    return report["online"] == STATIONS and all(station.ready and not len(station.outbox) for station in stations)


async def _keep_pace(emulation: Emulation, weather: Weather, disturbed: list[tuple[float, dict[str, float]]]) -> None:
    """Step the emulation in real time and note, once a second, which stations are disturbed."""
    before_s, noted_s = time.monotonic(), 0.0
    while True:
        await asyncio.sleep(TICK_S)
        now_s = time.monotonic()
        emulation.step(now_s - before_s)
        before_s = now_s
        weather.note()
        if emulation.time.now_s - noted_s >= 1.0:
            noted_s = emulation.time.now_s
            still = {name: until_s for name, until_s in weather.disturbed_until_s.items() if until_s > noted_s}
            disturbed.append((time.time(), still))


def _emulation(port: int) -> Emulation:
    numbers = range(STATIONS)
    document = {
        "site": {"name": "Soak", "main_fuse_a": 100_000},
        "chargers": [{"id": f"c{number}", "circuit": "main", "ocpp": {"station": f"S{number}"}} for number in numbers],
        "emulation": {
            "control": {"port": 0},
            "stations": [
                {
                    "station": f"S{number}",
                    "version": VERSIONS[number % len(VERSIONS)],
                    "url": f"ws://127.0.0.1:{port}",
                    "boot_s": 2,
                }
                for number in numbers
            ],
            "vehicles": [
                {"charger": f"c{number}", "battery_kwh": 1000, "soc_pct": 5, "plug_in_after_s": number / 20}
                for number in numbers
            ],
        },
    }
    site = load_site(document)
    return Emulation(site, load_emulation(document, site), random=Random(SEED))  # noqa: S311 - jitter


@asynccontextmanager
async def _central(folder: Path) -> AsyncIterator[tuple[int, Seen]]:
    """Run the central system as a process of its own; afterwards its last words are heard."""
    argv = [sys.executable, "-m", "benchmarks.parts.soak_central", str(STATIONS), str(folder)]
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE, limit=1 << 24)
    seen = Seen()
    listening: asyncio.Task[None] | None = None
    try:
        if process.stdout is None or not (line := await process.stdout.readline()):
            raise RuntimeError("The central system did not start.")
        listening = asyncio.create_task(_listen(process.stdout, seen))
        yield int(line), seen
    finally:
        process.terminate()
        if listening is not None:
            await listening
        await process.wait()


async def _listen(stream: asyncio.StreamReader, seen: Seen) -> None:
    while line := await stream.readline():
        seen.take(line)
