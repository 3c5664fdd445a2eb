"""What every plan must keep, checked from the problem and the plan alone."""

import numpy as np
import pytest

from tidewatt.kernels.planning import Plan, PlanProblem, evaluate
from tidewatt.kernels.planning.problem import Floats

LIMIT_KW = 1e-6


def present(problem: PlanProblem) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """Return bool[N, T], whether a unit is there."""
    slot = np.arange(len(problem.import_price_per_kwh))
    here: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (slot >= problem.arrival_slot[:, None]) & (
        slot < problem.departure_slot[:, None]
    )
    return here


def flows(problem: PlanProblem, power_kw: Floats) -> Floats:
    """Return float64[V, T], what goes through every circuit, added up one unit and circuit at a time."""
    flow = problem.base_kw.copy()
    for unit, row in enumerate(power_kw):
        v = int(problem.circuit[unit])
        while v >= 0:
            flow[v] += row
            v = int(problem.parent[v])
    return flow


def assert_sound(problem: PlanProblem, plan: Plan) -> None:
    """Check limits, minima, energies and that the numbers of the plan belong together."""
    power, here = plan.power_kw, present(problem)
    assert np.isfinite(power).all()
    assert not power[~here].any()
    assert (power <= problem.charge_limit_kw[:, None] + LIMIT_KW).all()
    assert (power >= -problem.discharge_limit_kw[:, None] - LIMIT_KW).all()
    size = np.abs(power)
    assert ((size == 0.0) | (size >= problem.minimum_kw[:, None] - LIMIT_KW)).all()
    scale = 1.0 + np.maximum(problem.ceiling_kwh, problem.energy_kwh)[:, None]
    low = np.minimum(problem.floor_kwh, problem.energy_kwh)[:, None]
    high = np.maximum(problem.ceiling_kwh, problem.energy_kwh)[:, None]
    assert (plan.energy_kwh >= low - 1e-7 * scale).all()
    assert (plan.energy_kwh <= high + 1e-7 * scale).all()
    flow = flows(problem, power)
    assert (flow <= np.maximum(problem.import_limit_kw, problem.base_kw) + LIMIT_KW).all()
    assert (-flow <= np.maximum(problem.export_limit_kw, -problem.base_kw) + LIMIT_KW).all()
    outcome = evaluate(problem, power)
    for field in ("energy_kwh", "import_kw", "export_kw", "peak_kw", "unmet_kwh", "floor_breach_kwh"):
        np.testing.assert_array_equal(getattr(plan, field), getattr(outcome, field), err_msg=field)
    np.testing.assert_array_equal(plan.limit_breach_kw, outcome.limit_breach_kw)
    assert (plan.cost, plan.objective) == (outcome.cost, outcome.objective)
    assert plan.bound <= plan.objective
    assert plan.gap == pytest.approx((plan.objective - plan.bound) / (1.0 + abs(plan.objective)))
    assert not (plan.import_kw * plan.export_kw).any()


def relative(value: float, reference: float) -> float:
    """Return how far a value is from a reference, by the measure of `Plan.gap`."""
    return (value - reference) / (1.0 + abs(reference))
