"""Who is on when not everybody can have 6 A: how much is lost against the best there is, and what the best costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
import time

import numpy as np
import numpy.typing as npt

from benchmarks.parts.allocation_instances import Instance, Kind, street
from benchmarks.parts.allocation_milp import Objective, best, value
from benchmarks.parts.allocation_rivals import drop_the_lowest
from benchmarks.parts.report import Row
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.timing import best_of
from tidewatt.kernels.allocation import Allocator, Objective as Purpose

TITLE = "admission at 6 A and fair shares above it, against the best by mixed-integer program (HiGHS)"

SIZES = (10, 20, 40, 60)
LARGE_SIZES = (200, 1_000)
SEEDS, FULL_SEEDS = 10, 20
TIGHTNESS, MINIMUM_A = 0.6, 6.0
PATIENCE_S, FULL_PATIENCE_S = 2.0, 60.0

MUST_SERVED_PCT, AIM_SERVED_PCT = 1.0, 0.2
UNIFORM_PCT = 1e-4
"""As near to nothing as HiGHS is asked to come to the optimum."""
MUST_UTILITY_PCT, AIM_UTILITY_PCT = 3.0, 1.0

COMMON = "lowest weights dropped"
PROGRAM = "HiGHS, mixed-integer"

type Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One instance: seconds of each way, and what ours and the common way lose, in percent of the best."""

    ours_s: float
    common_s: float
    program_s: float
    ours_pct: float
    common_pct: float
    proven: bool


async def run(*, full: bool = False) -> list[Row]:
    """Measure losses and times; with `full` more seeds, and the picture."""
    seeds, patience_s = (FULL_SEEDS, FULL_PATIENCE_S) if full else (SEEDS, PATIENCE_S)
    rows: list[Row] = []
    curves: dict[int, list[Outcome]] = {}
    for size in SIZES:
        curves[size] = _outcomes(Kind.MIXED, size, Objective.SERVED, seeds, patience_s)
        rows += _losses(f"{size} mixed chargers", curves[size], MUST_SERVED_PCT, AIM_SERVED_PCT)
        rows.append(_time(f"{size} mixed chargers", curves[size]))
    for kind in (Kind.SINGLE, Kind.THREE):
        name = f"{SIZES[-1]} {kind.value}-phase chargers"
        rows += _losses(name, _outcomes(kind, SIZES[-1], Objective.SERVED, seeds, patience_s), UNIFORM_PCT, UNIFORM_PCT)
    for size in SIZES:
        outcomes = _outcomes(Kind.MIXED, size, Objective.UTILITY, seeds, patience_s)
        rows += _losses(f"{size} mixed chargers, utility", outcomes, MUST_UTILITY_PCT, AIM_UTILITY_PCT)
    if full:
        for size in LARGE_SIZES:
            curves[size] = _outcomes(Kind.MIXED, size, Objective.SERVED, 3, patience_s)
            rows.append(_time(f"{size:,} mixed chargers", curves[size]))
        _picture(curves)
    return rows


def _outcomes(kind: Kind, size: int, objective: Objective, seeds: int, patience_s: float) -> list[Outcome]:
    return [_outcome(kind, size, objective, seed, patience_s) for seed in range(seeds)]


def _outcome(kind: Kind, size: int, objective: Objective, seed: int, patience_s: float) -> Outcome:
    instance = street(size, seed=seed, kind=kind, tightness=TIGHTNESS, minimum_a=MINIMUM_A)
    problem = instance.problem
    ours = Allocator(problem, objective=Purpose[objective.name]).allocate
    common = partial(drop_the_lowest, instance.matrix, instance.room_a, problem.maximum_a, problem.weight, MINIMUM_A)
    started = time.perf_counter()
    optimum = best(instance, objective, time_limit_s=patience_s)
    program_s = time.perf_counter() - started
    ceiling = _worth(instance, optimum.current_a, objective)
    return Outcome(
        ours_s=best_of(ours, budget_s=0.02).median_s,
        common_s=best_of(common, budget_s=0.02, least=1).median_s,
        program_s=program_s,
        ours_pct=100 * (1 - _worth(instance, ours().current_a, objective) / ceiling),
        common_pct=100 * (1 - _worth(instance, common(), objective) / ceiling),
        proven=optimum.proven,
    )


def _worth(instance: Instance, current_a: Floats, objective: Objective) -> float:
    """Return the admitted weight, or the utility of the currents.

    The program for the admitted weight counts currents too, to break ties; that part is not a matter of admission.
    """
    if objective is Objective.UTILITY:
        return value(instance, current_a, objective)
    return float(instance.problem.weight[current_a > MINIMUM_A / 2].sum())


def _losses(name: str, outcomes: Sequence[Outcome], must: float, aim: float) -> list[Row]:
    """Return the mean and the largest loss; where the program ran out of time, against the best that it found."""
    open_ended = sum(not outcome.proven for outcome in outcomes)
    suffix = f" ({open_ended} of {len(outcomes)} optima unproven)" if open_ended else ""
    kinds: tuple[tuple[str, Callable[[list[float]], float]], ...] = (
        ("mean", lambda x: sum(x) / len(x)),
        ("largest", max),
    )
    return [
        Row(
            row=f"{name}, {kind} loss{suffix}",
            value=of([outcome.ours_pct for outcome in outcomes]),
            unit="%",
            rival=COMMON,
            rival_value=of([outcome.common_pct for outcome in outcomes]),
            must=must,
            aim=aim,
        )
        for kind, of in kinds
    ]


def _time(name: str, outcomes: Sequence[Outcome]) -> Row:
    return Row(
        row=f"{name}, time",
        value=1e3 * _median([outcome.ours_s for outcome in outcomes]),
        unit="ms",
        rival=PROGRAM,
        rival_value=1e3 * _median([outcome.program_s for outcome in outcomes]),
    )


def _picture(measured: dict[int, list[Outcome]]) -> None:
    sizes = sorted(measured)
    ways: tuple[tuple[str, Callable[[Outcome], float]], ...] = (
        ("tidewatt", lambda outcome: outcome.ours_s),
        (COMMON, lambda outcome: outcome.common_s),
        (PROGRAM, lambda outcome: outcome.program_s),
    )
    curves = [
        Curve(
            label, sizes, [_median([of(outcome) for outcome in measured[size]]) for size in sizes], label == "tidewatt"
        )
        for label, of in ways
    ]
    draw("admission", "Deciding who is on at 6 A, and sharing above it", "chargers", curves)


def _median(values: Sequence[float]) -> float:
    return float(np.median(values))
