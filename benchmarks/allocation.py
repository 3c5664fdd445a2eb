"""Sharing current among chargers on a tree of circuits, from a garage to a district."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import cycle

import numpy as np

from benchmarks.parts.allocation_instances import Instance, street
from benchmarks.parts.allocation_rivals import (
    event_skipping,
    linear_programs,
    progressive_filling,
    proportional_fairness,
    round_robin,
    sorted_schedule,
)
from benchmarks.parts.report import Row
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.timing import best_of
from tidewatt.kernels.allocation import AllocationProblem, Allocator, allocate

TITLE = "sharing current among 100 to 100,000 chargers, against exact NumPy, solvers, sorted and round robin"

SIZES = (100, 1_000, 10_000, 100_000)
FULL_SIZES = (10, *SIZES, 1_000_000)
MUST_S = {100: 20e-6, 1_000: 100e-6, 10_000: 2e-3, 100_000: 30e-3}
AIM_S = {100: 6e-6, 1_000: 45e-6, 10_000: 0.8e-3, 100_000: 12e-3}
MUST_LEAD, AIM_LEAD, LEAD_FROM = 50.0, 250.0, 1_000
EXACT_A = 1e-9
WITHIN_A = 1e-6

SKIPPING_UP_TO = 100_000
VARIANTS = 7
ACN_SIZE = 54
"""The chargers of the garage that comes with ACN-Sim."""

MAIN, THROUGHOUT = "main binds", "limits bind throughout"
"""With few limits that bind, textbook filling has few events to go through; its lead counts where there are many."""

OURS, WHOLE = "tidewatt", "tidewatt, minimum and steps"
NUMPY, SKIPPING = "NumPy, progressive filling", "NumPy, events skipped"
PROGRAMS, LOGARITHMS = "linear programs (HiGHS)", "logarithms (cvxpy, CLARABEL)"
SORTED, TURNS = "sorted, as in ACN-Sim", "round robin, as in ACN-Sim"
FLOOR = "copying 12 columns"

type Seconds = defaultdict[str, dict[int, float]]
"""Of each label, by size."""


async def run(*, full: bool = False) -> list[Row]:
    """Measure every size and rival; with `full` more of both, and draw the picture."""
    seconds: Seconds = defaultdict(dict)
    rows: list[Row] = []
    for size in FULL_SIZES if full else SIZES:
        rows += _fill(MAIN, street(size), defaultdict(dict))
        rows += _fill(THROUGHOUT, _wide_main(size), seconds, textbook_up_to=100_000 if full else 10_000)
        rows.append(_whole(size, seconds))
    rows += [_rival(PROGRAMS, size, seconds) for size in ((100, 1_000) if full else (100,))]
    rows += [_rival(LOGARITHMS, size, seconds) for size in ((100, 1_000, 10_000) if full else (100, 1_000))]
    rows += [_rival(SORTED, size, seconds) for size in ((ACN_SIZE, 1_000) if full else (ACN_SIZE,))]
    rows += [_rival(TURNS, size, seconds) for size in ((ACN_SIZE, 1_000) if full else (ACN_SIZE,))]
    rows += [_floor(size, seconds) for size in SIZES]
    if full:
        curves = [
            Curve(label, sorted(points), [points[size] for size in sorted(points)], ours=label in (OURS, WHOLE))
            for label, points in seconds.items()
        ]
        draw("allocation", "Sharing current among chargers", "chargers", curves, targets=list(MUST_S.items()))
    return rows


def _wide_main(size: int) -> Instance:
    """Return a street whose upper circuits carry twice as much: limits bind on every level, in hundreds of places."""
    instance = street(size)
    limit_a = instance.problem.import_limit_a.copy()
    limit_a[np.unique(instance.problem.parent[1:])] *= 2
    return Instance(replace(instance.problem, import_limit_a=limit_a), instance.matrix, limit_a.reshape(-1))


class _Cycles:
    """A site that is allocated again and again.

    Between two cycles every meter reads something else, and one charger in a hundred can take another maximum: with
    nothing new in it, a cycle would be measured that never comes.
    """

    def __init__(self, problem: AllocationProblem) -> None:
        random = np.random.default_rng(0)
        size = problem.circuit.size
        self._problem = replace(problem, base_a=problem.base_a.copy(), maximum_a=problem.maximum_a.copy())
        self._tapering = random.choice(size, -(-size // 100), replace=False)
        bases_a = [problem.base_a + random.uniform(0, 0.2, problem.base_a.shape) for _ in range(VARIANTS)]
        maxima_a = [random.uniform(10, 32, self._tapering.size) for _ in range(VARIANTS)]
        self._news = cycle(zip(bases_a, maxima_a, strict=True))
        self._allocator = Allocator(self._problem)

    def change(self) -> None:
        """Let time go by."""
        base_a, maximum_a = next(self._news)
        np.copyto(self._problem.base_a, base_a)
        self._problem.maximum_a[self._tapering] = maximum_a

    def seconds(self, budget_s: float) -> float:
        """Return how long one cycle takes."""
        return best_of(self._allocator.allocate, budget_s=budget_s, least=3, before=self.change).median_s


def _fill(kind: str, instance: Instance, seconds: Seconds, *, textbook_up_to: int = 10_000) -> list[Row]:
    """Return time, lead and errors of the exact fill: no minimum, no steps."""
    problem = instance.problem
    size = problem.circuit.size
    name = f"{size:,} chargers, {kind}"
    arguments = (instance.matrix, instance.room_a, problem.maximum_a, problem.weight)
    seconds[OURS][size] = _Cycles(problem).seconds(0.4)
    current_a = allocate(problem).current_a
    rows = []
    if size <= textbook_up_to:
        timing = best_of(partial(progressive_filling, *arguments), budget_s=0.3, least=1)
        seconds[NUMPY][size] = timing.median_s
        rows.append(_lead(name, NUMPY, size, seconds, target=kind == THROUGHOUT))
    if size <= SKIPPING_UP_TO:
        timing = best_of(partial(event_skipping, *arguments), budget_s=0.3, least=1)
        seconds[SKIPPING][size] = timing.median_s
        rows.append(_lead(name, SKIPPING, size, seconds, target=False))
        off_a = float(np.abs(current_a - event_skipping(*arguments)).max())
        rows.append(Row(row=f"{name}, off NumPy", value=off_a, unit="A", must=EXACT_A))
    over_a = float(np.maximum(instance.matrix @ current_a - instance.room_a, 0.0).max())
    rows.append(Row(row=f"{name}, over a limit", value=over_a, unit="A", must=WITHIN_A))
    once_s = best_of(partial(allocate, problem), budget_s=0.2, least=2).median_s
    rows.append(_told(f"{name}, from scratch", once_s, size))
    return [_time(name, OURS, size, seconds, target=True), *rows]


def _whole(size: int, seconds: Seconds) -> Row:
    """Return the time of all there is: two tiers, a minimum that not everybody can have, whole amperes."""
    problem = street(size, tightness=0.6, minimum_a=6.0, step_a=1.0).problem
    index = np.arange(size)
    tier = (index % 4 == 0).astype(np.uint8)
    problem = replace(problem, locked_on=index % 5 == 0, incumbent=index % 2 == 0, tier=tier)
    seconds[WHOLE][size] = _Cycles(problem).seconds(0.4)
    return _time(f"{size:,} chargers, 6 A minimum, 1 A steps", WHOLE, size, seconds, target=False)


def _rival(label: str, size: int, seconds: Seconds) -> Row:
    """Return the time of the fill against one of the slow ways, which is run once or twice."""
    instance = _wide_main(size)
    problem = instance.problem
    arguments = (instance.matrix, instance.room_a, problem.maximum_a, problem.weight)
    order = np.random.default_rng(size).permutation(size)
    ways: dict[str, Callable[[], Callable[[], object]]] = {
        PROGRAMS: lambda: partial(linear_programs, *arguments),
        LOGARITHMS: lambda: proportional_fairness(*arguments),
        SORTED: lambda: partial(sorted_schedule, instance.matrix.toarray(), *arguments[1:3], order),
        TURNS: lambda: partial(round_robin, instance.matrix.toarray(), *arguments[1:3], order),
    }
    seconds[label][size] = best_of(ways[label](), budget_s=0.3, least=1).median_s
    seconds[OURS].setdefault(size, _Cycles(problem).seconds(0.2))
    return _time(f"{size:,} chargers", OURS, size, seconds, rival=label)


def _floor(size: int, seconds: Seconds) -> Row:
    """Return the time of the fill against touching its numbers once."""
    columns = np.random.default_rng(0).random((12, size))
    target = np.empty_like(columns)
    seconds[FLOOR][size] = best_of(partial(np.copyto, target, columns), budget_s=0.2).median_s
    return _time(f"{size:,} chargers", OURS, size, seconds, rival=FLOOR)


def _time(name: str, label: str, size: int, seconds: Seconds, *, rival: str | None = None, target: bool = False) -> Row:
    unit, factor = _unit(size)
    return Row(
        row=name,
        value=seconds[label][size] * factor,
        unit=unit,
        rival=rival,
        rival_value=None if rival is None else seconds[rival][size] * factor,
        must=MUST_S[size] * factor if target and size in MUST_S else None,
        aim=AIM_S[size] * factor if target and size in AIM_S else None,
    )


def _told(name: str, taken_s: float, size: int) -> Row:
    """Return a time that is nobody's target."""
    unit, factor = _unit(size)
    return Row(row=name, value=taken_s * factor, unit=unit)


def _unit(size: int) -> tuple[str, float]:
    return ("us", 1e6) if size <= 1_000 else ("ms", 1e3)


def _lead(name: str, rival: str, size: int, seconds: Seconds, *, target: bool) -> Row:
    """Return how many times as fast as exact NumPy."""
    wanted = target and size >= LEAD_FROM
    return Row(
        row=f"{name}, lead over {rival}",
        value=seconds[rival][size] / seconds[OURS][size],
        unit="x",
        must=MUST_LEAD if wanted else None,
        aim=AIM_LEAD if wanted else None,
        at_least=True,
    )
