"""Loads for tests of the demand watch: the way through a day, recorded and made up ones."""

from collections.abc import Iterator, Sequence
import csv
import math
import os
from pathlib import Path
import re

import numpy as np
import pytest

from tidewatt.kernels.demand import DemandAnswer, DemandSample, DemandSettings, DemandState, step

MIDNIGHT_S = 1_790_000_000 // 86400 * 86400.0
"""A midnight, and so the begin of a window of any length."""

PERIOD = 202609
SITE = DemandSettings(connection_kw=800.0)
HOME = DemandSettings(connection_kw=17.25, limit_kw=2.5, guard_pct=0.0)


def sample(after_s: float, power_kw: float, *, controlled_kw: float = 0.0, period: int = PERIOD) -> DemandSample:
    """Return a sample so long after midnight."""
    return DemandSample(time_s=MIDNIGHT_S + after_s, power_kw=power_kw, controlled_kw=controlled_kw, period=period)


def watch(
    samples: Sequence[DemandSample], settings: DemandSettings = SITE, state: DemandState | None = None
) -> Iterator[tuple[DemandAnswer, DemandState]]:
    """Go through the samples and yield every answer with the state after it."""
    memory = DemandState() if state is None else state
    for each in samples:
        answer, memory = step(each, settings, memory)
        yield answer, memory


def last(
    samples: Sequence[DemandSample], settings: DemandSettings = SITE, state: DemandState | None = None
) -> tuple[DemandAnswer, DemandState]:
    """Return the last answer and state."""
    return list(watch(samples, settings, state))[-1]


def data(*parts: str) -> Path:
    """Return a recorded file, or skip the test."""
    folder = os.environ.get("TIDEWATT_DATA")
    if not folder:
        pytest.skip("TIDEWATT_DATA names no folder with recorded data")
    path = Path(folder, *parts)
    if not path.exists():
        pytest.skip(f"{path.name} is not in the folder that TIDEWATT_DATA names")
    return path


def office_kw() -> list[float]:
    """Return the hourly load of a medium office over a year."""
    with data("loads", "doe_medium_office_los_angeles.csv").open(newline="") as file:
        return [float(row["Electricity:Facility [kW](Hourly)"]) for row in csv.DictReader(file)]


def profile_kw(name: str, column: int, yearly_kwh: float) -> list[float]:
    """Return the quarter hours of a day of a standard load profile, which is given in kWh for 1,000,000 kWh a year."""
    with data("loads", name).open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[2:]
    return [4.0 * float(row[column]) * yearly_kwh / 1e6 for row in rows if len(row) > column and row[column]]


def telegrams_kw() -> list[tuple[float, float]]:
    """Return time after the first and net power of every telegram of a recorded smart meter, one each second."""
    text = data("dsmr", "ttyUSB0-raw.txt").read_text(encoding="latin-1")
    readings = []
    for telegram in text.split("!"):
        clock = re.search(r"0-0:1\.0\.0\((\d{12})[SW]\)", telegram)
        drawn = re.search(r"1-0:1\.7\.0\(([\d.]+)\*kW\)", telegram)
        given = re.search(r"1-0:2\.7\.0\(([\d.]+)\*kW\)", telegram)
        if clock and drawn and given:
            digits = clock.group(1)
            seconds = int(digits[6:8]) * 3600 + int(digits[8:10]) * 60 + int(digits[10:12])
            readings.append((float(seconds), float(drawn.group(1)) - float(given.group(1))))
    return readings


def fluctuating_kw(seed: int, seconds: int, *, base_kw: float, noise_kw: float) -> list[float]:
    """Return a load each second: a slow swing, noise with a memory of half a minute, and machines that start."""
    random = np.random.default_rng(seed)
    noise, running, load = 0.0, 0.0, []
    for second in range(seconds):
        noise += (-noise + noise_kw * random.standard_normal() * math.sqrt(60.0)) / 30.0
        if random.random() < 1 / 600:
            running = 0.0 if running else float(random.uniform(0.05, 0.2)) * base_kw
        swing = 0.15 * base_kw * math.sin(2 * math.pi * second / 7200)
        load.append(base_kw + swing + noise + running)
    return load
