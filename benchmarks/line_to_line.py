"""Sharing by vector sums on an office with chargers between two lines, against sums of magnitudes in the same run."""

from __future__ import annotations

import csv
from dataclasses import dataclass
import math
import os
from pathlib import Path

import numpy as np

from benchmarks.parts.report import Row
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.timing import best_of
from tidewatt.kernels.allocation import AllocationProblem, allocate
from tidewatt.kernels.line_to_line import LineRequest, LineSharing, LineSite

TITLE = "chargers between two lines of 120/208 V: vector sums against sums of magnitudes"

PAIRS = (3, 6, 5)
PAIR_V = 120.0 * 3**0.5
PRIMARY_V = 480.0
SLOT_H = 1 / 12
SLOTS = 288
STATIONS = 54
RATINGS_KVA = (30.0, 45.0, 60.0)
SIZES = (54, 1_000, 10_000)
RIVAL = "sums of magnitudes, by the allocation kernel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A vehicle at a station from one slot to another, in need of some energy."""

    station: int
    arrival: int
    departure: int
    energy_kwh: float


async def run(*, full: bool = False) -> list[Row]:
    """Measure delivered energy at three ratings of the transformer, and the time of one cycle at three sizes."""
    rows = []
    for name, days in _days(full=full).items():
        wanted_kwh = sum(session.energy_kwh for day in days for session in day)
        for rating_kva in RATINGS_KVA:
            exact, scalar = (
                100 * sum(_delivered_kwh(day, rating_kva, vectors=vectors) for day in days) / wanted_kwh
                for vectors in (True, False)
            )
            rows.append(
                Row(
                    row=f"energy delivered, {name}, {rating_kva:g} kVA",
                    value=exact,
                    unit="%",
                    rival=RIVAL,
                    rival_value=scalar,
                )
            )
    ours, rivals = [], []
    for chargers in SIZES:
        rating_kva = 60.0 * chargers / STATIONS
        sharing, request = LineSharing(_site(chargers)), _request(chargers, rating_kva)
        problem = _problem(chargers, rating_kva)
        ours.append(best_of(lambda: sharing.share(request), budget_s=0.5).median_s)  # noqa: B023 - called at once
        rivals.append(best_of(lambda: allocate(problem), budget_s=0.5).median_s)  # noqa: B023 - called at once
        rows.append(
            Row(
                row=f"one cycle, {chargers} chargers",
                value=ours[-1] * 1e6,
                unit="us",
                rival=RIVAL,
                rival_value=rivals[-1] * 1e6,
            )
        )
    if full:
        curves = [Curve("vector sums", SIZES, ours, ours=True), Curve("sums of magnitudes", SIZES, rivals)]
        draw("line_to_line", TITLE, "chargers", curves)
    return rows


def _days(*, full: bool) -> dict[str, list[list[Session]]]:
    """Return made-up working days, and recorded ones where there are any."""
    days = {"5 made-up days": [_made_up(seed) for seed in range(5)]}
    folder = os.environ.get("TIDEWATT_DATA")
    path = Path(folder, "acn", "caltech_2019_03_first_half_sessions.csv") if folder else None
    if path is not None and path.exists():
        days["recorded days at Caltech"] = _recorded(path)[:: 1 if full else 3]
    return days


def _made_up(seed: int) -> list[Session]:
    random = np.random.default_rng(seed)
    sessions = []
    for station in range(STATIONS):
        arrival = int(np.clip(random.normal(9.0, 1.5) * 12, 0, SLOTS - 2))
        departure = int(np.clip(arrival + random.normal(7.0, 2.0) * 12, arrival + 1, SLOTS - 1))
        energy_kwh = min(float(random.lognormal(2.3, 0.6)), (departure - arrival) * SLOT_H * 32 * PAIR_V / 1e3)
        sessions.append(Session(station=station, arrival=arrival, departure=departure, energy_kwh=energy_kwh))
    return sessions


def _recorded(path: Path) -> list[list[Session]]:
    """Return the sessions by the day of their arrival; to which lines a station was connected is not recorded."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    stations = {name: index for index, name in enumerate(sorted({row["station_id"] for row in rows}))}
    days: dict[int, list[Session]] = {}
    for row in rows:
        arrival, departure = int(row["arrival_5min"]), int(row["departure_5min"])
        day = arrival // SLOTS
        days.setdefault(day, []).append(
            Session(
                station=stations[row["station_id"]],
                arrival=arrival - day * SLOTS,
                departure=min(departure - day * SLOTS, SLOTS - 1),
                energy_kwh=float(row["requested_kWh"]),
            )
        )
    return list(days.values())


def _delivered_kwh(sessions: list[Session], rating_kva: float, *, vectors: bool) -> float:
    """Share a day slot by slot, the most urgent with the greatest weight; both ways are asked the same."""
    count = len(sessions)
    lines = np.array([PAIRS[session.station % 3] for session in sessions], np.uint8)
    left_kwh = np.array([session.energy_kwh for session in sessions])
    arrival = np.array([session.arrival for session in sessions])
    departure = np.array([session.departure for session in sessions])
    sharing = LineSharing(_site(count, lines))
    for slot in range(SLOTS):
        here = (arrival <= slot) & (slot < departure)
        wanted_a = np.minimum(32.0, left_kwh * 1e3 / (PAIR_V * SLOT_H)) * here
        wanted_a[wanted_a < 6.0] = 0.0
        weight = np.clip(left_kwh / np.maximum(departure - slot, 1), 1e-3, 1e3)
        if vectors:
            current_a = sharing.share(_request(count, rating_kva, wanted_a, weight)).current_a
        else:
            current_a = allocate(_problem(count, rating_kva, wanted_a, weight, lines)).current_a
        left_kwh = left_kwh - current_a * PAIR_V * SLOT_H / 1e3
    return float(sum(session.energy_kwh for session in sessions) - left_kwh.sum())


def _site(chargers: int, lines: np.ndarray | None = None) -> LineSite:
    """Return a transformer from 480 V to 120/208 V with its chargers on panels of 27."""
    panels = 1 + (chargers - 1) // 27
    return LineSite(
        voltage_v=PRIMARY_V / 3**0.5 * np.exp(-2j * np.pi / 3 * np.arange(3)),
        parent=np.array([-1, 0, *[1] * panels], np.int32),
        turns_ratio=np.array([0.0, PRIMARY_V / 120.0, *[0.0] * panels]),
        circuit=2 + np.arange(chargers, dtype=np.int32) // 27,
        lines=np.resize(np.array(PAIRS, np.uint8), chargers) if lines is None else lines,
        lag_deg=np.zeros(chargers),
    )


def _request(
    chargers: int, rating_kva: float, wanted_a: np.ndarray | None = None, weight: np.ndarray | None = None
) -> LineRequest:
    panels = 1 + (chargers - 1) // 27
    limit_a = np.full((2 + panels, 4), math.inf)
    limit_a[0, :3] = rating_kva * 1e3 / (3**0.5 * PRIMARY_V)
    limit_a[1, :3] = rating_kva * 1e3 / (3**0.5 * PAIR_V)
    maximum_a = np.full(chargers, 32.0) if wanted_a is None else wanted_a
    return LineRequest(
        limit_a=limit_a,
        base_a=np.zeros((2 + panels, 3), np.complex128),
        base_unsure_a=np.zeros((2 + panels, 3)),
        minimum_a=np.minimum(6.0, maximum_a),
        maximum_a=maximum_a,
        step_a=np.zeros(chargers),
        weight=_weights(chargers) if weight is None else weight,
    )


def _problem(
    chargers: int,
    rating_kva: float,
    wanted_a: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    lines: np.ndarray | None = None,
) -> AllocationProblem:
    """Return the same for sums of magnitudes: a charger between two lines counts fully in both."""
    panels = 1 + (chargers - 1) // 27
    import_limit_a = np.full((1 + panels, 3), math.inf)
    import_limit_a[0] = rating_kva * 1e3 / (3**0.5 * PAIR_V)
    maximum_a = np.full(chargers, 32.0) if wanted_a is None else wanted_a
    free = np.full(1 + panels, math.inf)
    off = np.zeros(chargers, np.bool_)
    return AllocationProblem(
        parent=np.array([-1, *[0] * panels], np.int32),
        import_limit_a=import_limit_a,
        export_limit_a=np.full((1 + panels, 3), math.inf),
        base_a=np.zeros((1 + panels, 3)),
        total_import_limit_w=free,
        total_export_limit_w=free,
        imbalance_limit_a=free,
        voltage_v=np.full(3, 120.0),
        circuit=1 + np.arange(chargers, dtype=np.int32) // 27,
        phases=np.resize(np.array(PAIRS, np.uint8), chargers) if lines is None else lines,
        minimum_a=np.minimum(6.0, maximum_a),
        maximum_a=maximum_a,
        direction=np.ones(chargers, np.int8),
        step_a=np.zeros(chargers),
        weight=_weights(chargers) if weight is None else weight,
        locked_on=off,
        incumbent=off,
        deficit=np.zeros(chargers),
        tier=np.zeros(chargers, np.uint8),
        relied_a=np.zeros(chargers),
    )


def _weights(chargers: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(0.5, 4.0, chargers).round(3)
