"""The interior point against HiGHS: the same optimum, a true bound, and powers within every limit."""

from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Literal

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from tests.kernels.planning_relaxation_judge import optimum
from tests.kernels.planning_relaxation_problems import problem_of
from tidewatt.kernels.planning.interior import Relaxation, relax
from tidewatt.kernels.planning.penalties import highest, lowest
from tidewatt.kernels.planning.problem import Floats, Integers, PlanProblem

EXACT = 1e-6


def assert_within_limits(problem: PlanProblem, answer: Relaxation) -> None:
    """Check every hard limit of a plan."""
    slot = np.arange(problem.import_price_per_kwh.size)
    there = (slot >= problem.arrival_slot[:, None]) & (slot < problem.departure_slot[:, None])
    charge, discharge = answer.charge_kw, answer.discharge_kw
    assert np.all(charge >= 0)
    assert np.all(discharge >= 0)
    assert np.all(charge <= problem.charge_limit_kw[:, None] * there + EXACT)
    assert np.all(discharge <= problem.discharge_limit_kw[:, None] * there + EXACT)
    stored = problem.charge_efficiency[:, None] * charge - discharge / problem.discharge_efficiency[:, None]
    energy = problem.energy_kwh[:, None] + problem.slot_h * np.cumsum(stored, axis=1)
    assert np.all(energy >= lowest(problem)[:, None] - EXACT)
    assert np.all(energy <= highest(problem)[:, None] + EXACT)
    power = np.zeros_like(problem.base_kw)
    np.add.at(power, problem.circuit, charge - discharge)
    for v in range(len(power) - 1, 0, -1):
        power[problem.parent[v]] += power[v]
    power += problem.base_kw
    assert np.all(power <= np.maximum(problem.import_limit_kw, problem.base_kw) + EXACT)
    assert np.all(power >= np.minimum(-problem.export_limit_kw, problem.base_kw) - EXACT)


@settings(deadline=None, max_examples=150)
@given(
    seed=st.integers(0, 2**32 - 1),
    units=st.integers(0, 6),
    slots=st.integers(1, 12),
    circuits=st.integers(1, 5),
)
def test_it_finds_the_optimum_and_proves_it(seed: int, units: int, slots: int, circuits: int) -> None:
    problem = problem_of(seed, units=units, slots=slots, circuits=circuits)
    answer = relax(problem)
    best = optimum(problem)
    scale = 1 + abs(best)
    assert answer.bound <= best + 1e-8 * scale
    assert answer.objective >= best - 1e-7 * scale
    assert answer.objective - answer.bound <= 1e-5 * scale
    assert_within_limits(problem, answer)


@pytest.mark.parametrize("seed", range(6))
def test_compiled_and_uncompiled_give_the_same_bits(uncompiled: ModuleType, seed: int) -> None:
    problem = problem_of(seed, units=2, slots=8, circuits=3)
    compiled = relax(problem)
    plain = import_module(f"{uncompiled.__name__}.planning.interior").relax(problem)
    for field in ("charge_kw", "discharge_kw", "price_per_kwh", "energy_price_per_kwh"):
        assert np.array_equal(getattr(compiled, field), getattr(plain, field)), field
    assert (compiled.objective, compiled.bound) == (plain.objective, plain.bound)


@pytest.mark.parametrize("seed", range(20))
def test_a_start_from_earlier_prices_ends_at_the_same_optimum(seed: int) -> None:
    problem = problem_of(seed, units=4, slots=12, circuits=3)
    earlier = relax(problem_of(seed + 1, units=4, slots=12, circuits=3))
    cold, warm = relax(problem), relax(problem, previous=earlier.state)
    scale = 1 + abs(cold.objective)
    assert abs(warm.objective - cold.objective) <= 1e-5 * scale
    assert warm.bound <= cold.objective + 1e-8 * scale
    assert_within_limits(problem, warm)


@pytest.mark.parametrize("family", ["std", "mkt"])
@pytest.mark.parametrize("units", [30, 200])
def test_the_plan_of_a_slot_later_takes_fewer_steps(family: Literal["std", "mkt"], units: int) -> None:
    day = Instance(units=units, family=family).problem()
    earlier = _window(day, 0, 92)
    before = relax(earlier)
    stored = earlier.charge_efficiency * before.charge_kw[:, 0]
    taken = before.discharge_kw[:, 0] / earlier.discharge_efficiency
    energy = np.clip(earlier.energy_kwh + earlier.slot_h * (stored - taken), lowest(earlier), highest(earlier))
    later = replace(_window(day, 1, 93), energy_kwh=energy)
    cold, warm = relax(later), relax(later, previous=before.state)
    assert max(cold.gap, warm.gap) <= EXACT
    assert abs(warm.objective - cold.objective) <= EXACT * (1 + abs(cold.objective))
    assert warm.iterations < cold.iterations
    assert_within_limits(later, warm)


def test_prices_of_long_ago_are_not_started_from() -> None:
    day = Instance(units=30).problem()
    before, later = relax(_window(day, 0, 86)), _window(day, 10, 96)
    assert relax(later, previous=before.state).iterations == relax(later).iterations


def _window(problem: PlanProblem, first: int, last: int) -> PlanProblem:
    """Return the problem between two slots; who is there at an end of it is there up to that end."""

    def cut[Values: (Floats, Integers)](values: Values) -> Values:
        return np.ascontiguousarray(values[..., first:last])

    arrival = np.clip(problem.arrival_slot - first, 0, last - first - 1)
    return replace(
        problem,
        import_price_per_kwh=cut(problem.import_price_per_kwh),
        export_price_per_kwh=cut(problem.export_price_per_kwh),
        co2_kg_per_kwh=cut(problem.co2_kg_per_kwh),
        peak=cut(problem.peak),
        import_limit_kw=cut(problem.import_limit_kw),
        export_limit_kw=cut(problem.export_limit_kw),
        base_kw=cut(problem.base_kw),
        arrival_slot=arrival,
        departure_slot=np.clip(problem.departure_slot - first, arrival + 1, last - first),
    )


def test_prices_of_another_site_are_not_started_from() -> None:
    problem = problem_of(3, units=4, slots=12, circuits=3)
    earlier = relax(problem_of(3, units=5, slots=12, circuits=3))
    assert relax(problem, previous=earlier.state).iterations == relax(problem).iterations


def test_the_same_problem_gives_the_same_answer() -> None:
    problem = problem_of(5, units=6, slots=12, circuits=4)
    first, second = relax(problem), relax(problem)
    assert np.array_equal(first.charge_kw, second.charge_kw)
    assert (first.objective, first.bound) == (second.objective, second.bound)


def test_the_problem_is_not_written_to() -> None:
    problem = problem_of(7, units=4, slots=12, circuits=3)
    for name in problem.__dataclass_fields__:
        field = getattr(problem, name)
        if isinstance(field, np.ndarray):
            field.flags.writeable = False
    relax(problem)
