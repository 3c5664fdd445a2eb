"""One setpoint to a fleet of ten thousand to a million units, and to each unit its power and its reason."""

from __future__ import annotations

from collections import defaultdict
from itertools import cycle

from benchmarks.parts.dispatch_rivals import bisected, copied, fleet, sorted_merit
from benchmarks.parts.report import Row
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.timing import Timing, best_of
from tidewatt.kernels.dispatch import Dispatcher, DispatchSettings, Fleet, Law

TITLE = (
    "a setpoint shared among 10,000 to 1,000,000 units, against NumPy by sorting and by bisection, and against copying"
)

SIZES = (10_000, 100_000, 1_000_000)
FULL_SIZES = (100, 1_000, *SIZES)
MUST_S = {10_000: 0.2e-3, 100_000: 2e-3, 1_000_000: 20e-3}
AIM_S = {10_000: 0.08e-3, 100_000: 0.8e-3, 1_000_000: 9e-3}
MUST_KW = 0.05
PARTS = (0.4, 0.41, 0.4, 0.55, 0.56, 0.5)
"""Setpoints, as parts of the way from the lowest to the highest sum: small moves and two large ones."""

OURS, STRICT = "tidewatt", "tidewatt, strict order"
SORTED, BISECTED, FLOOR = "NumPy, by sorting", "NumPy, by bisection", "copying the columns"


async def run(*, full: bool = False) -> list[Row]:
    """Measure every size, law and rival; with `full` small fleets too, and draw the picture."""
    seconds: dict[str, dict[int, float]] = defaultdict(dict)
    rows: list[Row] = []
    for size in FULL_SIZES if full else SIZES:
        rows += _size(size, seconds, budget_s=3.0 if full else 0.8)
    if full:
        curves = [
            Curve(label, list(points), list(points.values()), ours=label in (OURS, STRICT))
            for label, points in seconds.items()
        ]
        draw("dispatch", "One setpoint to a fleet", "units", curves, targets=[(size, MUST_S[size]) for size in SIZES])
    return rows


def _size(size: int, seconds: dict[str, dict[int, float]], *, budget_s: float) -> list[Row]:
    """Measure one size."""
    some = fleet(size)
    ours, error_kw = _ours(some, Law.PROPORTIONAL, budget_s)
    strict, strict_error_kw = _ours(some, Law.STRICT, budget_s)
    setpoint_kw = sum(_setpoints(some)) / len(PARTS)
    rivals = {
        SORTED: best_of(lambda: sorted_merit(some, setpoint_kw), budget_s=budget_s, least=3),
        BISECTED: best_of(lambda: bisected(some, setpoint_kw), budget_s=budget_s, least=3),
        FLOOR: best_of(copied(some), budget_s=budget_s / 2),
    }
    for label, timing in {OURS: ours, STRICT: strict, **rivals}.items():
        seconds[label][size] = timing.median_s
    must_ms, aim_ms = (1e3 * target[size] if size in target else None for target in (MUST_S, AIM_S))
    rows = [
        Row(
            row=f"{size:,} units",
            value=1e3 * ours.median_s,
            unit="ms",
            rival=label,
            rival_value=1e3 * timing.median_s,
            must=must_ms,
            aim=aim_ms,
        )
        for label, timing in rivals.items()
    ]
    strict_row = Row(
        row=f"{size:,} units, strict order",
        value=1e3 * strict.median_s,
        unit="ms",
        rival=SORTED,
        rival_value=1e3 * rivals[SORTED].median_s,
        must=must_ms,
        aim=aim_ms,
    )
    error = round(max(error_kw, strict_error_kw), 6)
    return [*rows, strict_row, Row(row=f"{size:,} units, sum off the setpoint", value=error, unit="kW", must=MUST_KW)]


def _setpoints(some: Fleet) -> list[float]:
    reach = Dispatcher(some.soc_pct.size, DispatchSettings(period_s=10.0)).reach(some)
    return [reach.lowest_kw + part * (reach.highest_kw - reach.lowest_kw) for part in PARTS]


def _ours(some: Fleet, law: Law, budget_s: float) -> tuple[Timing, float]:
    """Measure a dispatcher that goes from setpoint to setpoint; return also how far a sum is off at most."""
    dispatcher = Dispatcher(some.soc_pct.size, DispatchSettings(period_s=10.0, law=law))
    setpoints = _setpoints(some)
    errors_kw = [abs(float(dispatcher.dispatch(some, one).power_kw.sum()) - one) for one in setpoints]
    turns = cycle(setpoints)
    return best_of(lambda: dispatcher.dispatch(some, next(turns)), budget_s=budget_s), max(errors_kw)
