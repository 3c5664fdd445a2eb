"""From a meter reading on the wire to the profiles on the wire: whole processes over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
import socket
import statistics
import sys
import tempfile

import yaml

from benchmarks.parts.plant import Plant, running
from benchmarks.parts.report import Row

TITLE = "meter reading on the wire to profile on the wire, 1, 10 and 50 chargers"

METER_INTERVAL_S = 0.25
STEPS = 12
STEP_S = 0.5
STEP_A = 0.25
START_A = 10.0
HOUSE_A = 5.0
MUST_P99_AT_50_MS = 100.0
RIVAL = "bare relay"


async def run() -> list[Row]:
    """Measure Tidewatt and the bare relay, one after the other, at each size."""
    rows = []
    for count in (1, 10, 50):
        ours = await _measure(count, _tidewatt)
        rival = await _measure(count, _relay)
        rows += [
            _row(f"p50, {count} chargers", _percentile(ours, 50), _percentile(rival, 50)),
            _row(
                f"p99, {count} chargers",
                _percentile(ours, 99),
                _percentile(rival, 99),
                must=MUST_P99_AT_50_MS if count == 50 else None,
            ),
            Row(
                row=f"share of p50 spent in Tidewatt, {count} chargers",
                value=100 * max(0.0, 1 - _percentile(rival, 50) / _percentile(ours, 50)),
                unit="%",
            ),
        ]
    return rows


def _row(name: str, value: float, rival_value: float, must: float | None = None) -> Row:
    return Row(row=name, value=value, unit="ms", rival=RIVAL, rival_value=rival_value, must=must)


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


async def _measure(count: int, launch: Callable[[Plant, int, Path], list[str]]) -> list[float]:
    """Return the latencies in ms of every profile that a step of the house provoked."""
    latencies: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with Plant(count, HOUSE_A) as plant:
            port = _free_port()
            async with running(launch(plant, port, Path(folder))):
                await plant.connect(port)
                await plant.until_drawing(START_A)
                for _ in range(STEPS):
                    plant.step(STEP_A * count)
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
    site_file = folder / "site.yaml"
    site_file.write_text(yaml.safe_dump(document))
    return [sys.executable, "-m", "tidewatt.cli", "run", str(site_file), "--state", str(folder / "state")]


def _relay(plant: Plant, port: int, _: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.parts.relay", str(plant.meter_port), str(port), str(METER_INTERVAL_S)]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
