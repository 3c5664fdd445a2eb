"""Planning charging and discharging over a day: vehicles, batteries, tariffs, circuits, peaks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import partial
import time

import numpy as np

from benchmarks.parts.plan_instances import Instance
from benchmarks.parts.plan_lp import program
from benchmarks.parts.plan_rivals import cheapest_slots, conic
from benchmarks.parts.report import Row
from benchmarks.parts.scaling import Curve, draw
from benchmarks.parts.timing import best_of
from tidewatt.kernels.planning import Plan, PlanProblem, evaluate, plan

TITLE = "planning 1 to 10,000 vehicles over 96 quarter hours, against HiGHS, cvxpy + CLARABEL and cheapest slots"

MUST_MS = {1: 1.5, 3: 1.5, 200: 60.0, 1_000: 450.0, 10_000: 4_000.0}
AIM_MS = {1: 0.4, 3: 0.4, 200: 20.0, 1_000: 150.0, 10_000: 1_800.0}
MUST_OFF, AIM_OFF = 1e-3, 1e-6
MUST_OVER_KW = 1e-6
MUST_SIMPLEX, AIM_SIMPLEX = 1 / 4, 1 / 10
MUST_CONIC, AIM_CONIC = 1 / 20, 1 / 80

INSTANCES = (
    Instance(units=1),
    Instance(units=1, family="mkt", minimum=True),
    Instance(units=1, peak=True),
    Instance(units=3),
    Instance(units=3, family="mkt", battery=True, peak=True),
    Instance(units=3, minimum=True),
    Instance(units=200),
    Instance(units=200, family="mkt", tree=True, peak=True),
    Instance(units=1_000),
    Instance(units=1_000, family="mkt", tree=True),
)
FULL = (
    *INSTANCES,
    Instance(units=1, slots=192, family="mkt"),
    Instance(units=3, slots=192, family="mkt"),
    Instance(units=50, tree=True, minimum=True),
    Instance(units=200, slots=192, family="mkt"),
    Instance(units=1_000, family="mkt", tree=True, peak=True),
    Instance(units=10_000),
    Instance(units=10_000, family="mkt", tree=True),
)
SCALING = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000)

SIMPLEX, INTERIOR, CONIC, GREEDY = "HiGHS simplex", "HiGHS IPX", "cvxpy + CLARABEL", "cheapest slots"
OURS, WARM = "tidewatt", "from the plan before"

type Seconds = defaultdict[str, dict[int, float]]
"""Of each label, by size."""


async def run(*, full: bool = False) -> list[Row]:
    """Measure every site and rival; with `full` more of both, and draw the picture."""
    rows: list[Row] = []
    for instance in FULL if full else INSTANCES:
        rows += _site(instance, full=full)
    rows += [_warm(units) for units in (3, 200)]
    if full:
        _draw()
    return rows


def _site(instance: Instance, *, full: bool) -> list[Row]:
    """Return time, rivals and accuracy on one site."""
    problem, units, day = instance.problem(), instance.units, instance.slots == 96
    timing = best_of(partial(plan, problem), budget_s=0.6, least=2)
    seconds, answer = timing.median_s, plan(problem)
    must, aim = (MUST_MS.get(units), AIM_MS.get(units)) if day else (None, None)
    label = instance.label
    rows = [Row(row=label, value=1e3 * seconds, unit="ms", must=must, aim=aim)]
    if units <= (1_000 if full else 200) or instance == Instance(units=1_000):
        rows += _against_highs(label, problem, answer, seconds, minimum=instance.minimum)
    if units <= (200 if full else 3) and day:
        begin = time.perf_counter()
        conic(problem)
        theirs = time.perf_counter() - begin
        must, aim = (None, None) if instance.minimum else (MUST_CONIC, AIM_CONIC)
        rows.append(_ratio(f"{label}, time", CONIC, seconds / theirs, must, aim))
    greedy = evaluate(problem, cheapest_slots(problem)).objective
    excess = (greedy - answer.objective) / abs(answer.objective)
    rows.append(Row(row=f"{label}, cost of {GREEDY} above ours", value=100.0 * excess, unit="%"))
    rows.append(Row(row=f"{label}, over a limit", value=_over_kw(problem, answer), unit="kW", must=MUST_OVER_KW))
    rows.append(Row(row=f"{label}, gap to the bound", value=answer.gap, unit=""))
    return rows


def _against_highs(label: str, problem: PlanProblem, answer: Plan, seconds: float, *, minimum: bool) -> list[Row]:
    """Return both of HiGHS's ways, and how far the plan is from its optimum: only the relaxation's with minima."""
    model = program(problem)
    simplex, interior = model.solve("simplex"), model.solve("ipm", crossover=False)
    off = (answer.objective - simplex.objective) / (1.0 + abs(simplex.objective))
    must, aim = (None, None) if minimum else (MUST_SIMPLEX, AIM_SIMPLEX)
    rows = [
        _ratio(f"{label}, time", SIMPLEX, seconds / simplex.seconds, must, aim),
        _ratio(f"{label}, time", INTERIOR, seconds / interior.seconds),
    ]
    if minimum:
        return [*rows, Row(row=f"{label}, above the relaxation", value=off, unit="")]
    return [*rows, Row(row=f"{label}, off {SIMPLEX}", value=abs(off), unit="", must=MUST_OFF, aim=AIM_OFF)]


def _ratio(row: str, rival: str, ratio: float, must: float | None = None, aim: float | None = None) -> Row:
    """Return our time over a rival's."""
    return Row(row=f"{row} over {rival}'s", value=ratio, unit="", must=must, aim=aim)


def _over_kw(problem: PlanProblem, answer: Plan) -> float:
    """Return the most that a circuit carries above its limit and its base."""
    flow = evaluate(problem, answer.power_kw).flow_kw
    over = np.maximum(
        flow - np.maximum(problem.import_limit_kw, problem.base_kw),
        -flow - np.maximum(problem.export_limit_kw, -problem.base_kw),
    )
    return max(float(over.max()), 0.0)


def _warm(units: int) -> Row:
    """Return the time of the plan a quarter of an hour later: the load is a little different, the prices are known."""
    problem = Instance(units=units).problem()
    before = plan(problem)
    later = replace(problem, base_kw=problem.base_kw + 0.2)
    cold = best_of(partial(plan, later), budget_s=0.5, least=3).median_s
    warm = best_of(partial(plan, later, before), budget_s=0.5, least=3).median_s
    return Row(row=f"{units:,} x 96 {WARM}", value=1e3 * warm, unit="ms", rival="from scratch", rival_value=1e3 * cold)


def _draw() -> None:
    """Draw how the time grows with the number of vehicles."""
    seconds: Seconds = defaultdict(dict)
    for units in SCALING:
        problem = Instance(units=units, family="mkt").problem()
        seconds[OURS][units] = best_of(partial(plan, problem), budget_s=0.5, least=2).median_s
        tree = Instance(units=units, family="mkt", tree=True).problem()
        seconds[f"{OURS}, tree"][units] = best_of(partial(plan, tree), budget_s=0.5, least=2).median_s
        if units <= 3_000:
            model = program(problem)
            seconds[SIMPLEX][units] = model.solve("simplex").seconds
            seconds[INTERIOR][units] = model.solve("ipm", crossover=False).seconds
        if units <= 300:
            seconds[CONIC][units] = best_of(partial(conic, problem), budget_s=0.0, least=1).median_s
        seconds[GREEDY][units] = best_of(partial(cheapest_slots, problem), budget_s=0.1, least=1).median_s
    curves = [
        Curve(label, sorted(points), [points[size] for size in sorted(points)], ours=label.startswith(OURS))
        for label, points in seconds.items()
    ]
    targets = [(units, must / 1e3) for units, must in MUST_MS.items()]
    draw("planning", "Planning vehicles over 96 quarter hours", "vehicles", curves, targets=targets)
