"""From a meter reading on the wire to the profiles on the wire: whole processes over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
import socket
import statistics
import sys
import tempfile

import yaml

from benchmarks.parts.plant import Plant, running
from benchmarks.parts.report import Row

TITLE = "meter reading on the wire to profile on the wire, 1, 10 and 50 chargers"

METER_INTERVAL_S = 0.15
STEPS = 8
# A reading lies between two steps: a step that comes while the last one's answer does looks like no answer.
STEP_S = 0.4
STEP_A = 0.2
SEEN_TO_FOLLOW_S = 2.5
COUNTS = (1, 10, 50)
START_A = 10.0
RISEN_A = 9.5
HOUSE_A = 5.0
MUST_P99_AT_50_MS = 100.0
RIVAL = "bare relay"


async def run(*, full: bool = False) -> list[Row]:
    """Measure the bare relay, then Tidewatt, at each size."""
    del full  # there is no more to this table
    rivals = {count: await _measure_relay(count) for count in COUNTS}
    ours = await _measure_tidewatt()
    rows = []
    for count in COUNTS:
        must = MUST_P99_AT_50_MS if count == 50 else None
        p50, rival_p50 = _percentile(ours[count], 50), _percentile(rivals[count], 50)
        share = 100 * max(0.0, 1 - rival_p50 / p50)
        rows += [
            _row(f"p50, {count} chargers", p50, rival_p50),
            _row(f"p99, {count} chargers", _percentile(ours[count], 99), _percentile(rivals[count], 99), must),
            Row(row=f"share of p50 spent in Tidewatt, {count} chargers", value=share, unit="%"),
        ]
    return rows


def _row(name: str, value: float, rival_value: float, must: float | None = None) -> Row:
    return Row(row=name, value=value, unit="ms", rival=RIVAL, rival_value=rival_value, must=must)


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


async def _measure_relay(count: int) -> list[float]:
    """Return the latencies in ms of the rival."""
    async with Plant(count, HOUSE_A) as plant:
        port = _free_port()
        argv = [sys.executable, "-m", "benchmarks.parts.relay", str(plant.meter_port), str(port), str(METER_INTERVAL_S)]
        async with running(argv):
            await plant.connect(port)
            await plant.until_drawing(RISEN_A)
            return await _step(plant)


async def _measure_tidewatt() -> dict[int, list[float]]:
    """Return the latencies in ms by number of chargers. The sites rise to their shares at once and step in turn."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        plants = {count: await stack.enter_async_context(Plant(count, HOUSE_A)) for count in COUNTS}
        for plant in plants.values():
            port = _free_port()
            await stack.enter_async_context(running(_tidewatt(plant, port, folder)))
            await plant.connect(port)
        await asyncio.gather(*(plant.until_drawing(RISEN_A) for plant in plants.values()))
        # While a raise is not seen to be followed, a step rolls it back instead of reducing anew.
        await asyncio.sleep(SEEN_TO_FOLLOW_S)
        return {count: await _step(plant) for count, plant in plants.items()}


async def _step(plant: Plant) -> list[float]:
    """Raise the house load again and again and return the latency of every profile that this provoked."""
    latencies: list[float] = []
    for _ in range(STEPS):
        plant.step(STEP_A * len(plant.stations))
        await asyncio.sleep(STEP_S)
        latencies += plant.latencies_ms()
    return latencies


def _tidewatt(plant: Plant, port: int, folder: Path) -> list[str]:
    """Return the command that runs a site of one-phase chargers that are due `START_A` each."""
    charger = {"circuit": "main", "phases": ["L1"], "maximum_a": 16, "step_a": 0.1, "mode": "fast"}
    document = {
        "site": {"name": "Bench", "main_fuse_a": HOUSE_A + START_A * len(plant.stations)},
        "meters": [
            {
                "id": "grid",
                "name": "Grid meter",
                "circuit": "main",
                "modbus": {"host": "127.0.0.1", "port": plant.meter_port, "interval_s": METER_INTERVAL_S},
            }
        ],
        "chargers": [
            {**charger, "id": station.station_id, "name": station.station_id, "ocpp": {"station": station.station_id}}
            for station in plant.stations
        ],
        "ocpp": {"host": "127.0.0.1", "port": port},
    }
    name = f"site-{len(plant.stations)}"
    site_file = folder / f"{name}.yaml"
    site_file.write_text(yaml.safe_dump(document))
    return [sys.executable, "-m", "tidewatt.cli", "run", str(site_file), "--state", str(folder / name)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
