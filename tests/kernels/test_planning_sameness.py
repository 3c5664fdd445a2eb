"""The same problem has the same plan: again, compiled or not, from read-only arrays; a hint changes little."""

import copy
from dataclasses import fields
from types import ModuleType

from hypothesis import given, settings
import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from tests.kernels.planning_judge import relative
from tests.kernels.planning_problems import Site, sites
from tidewatt.kernels.planning import Plan, PlanProblem, plan


def assert_same(one: Plan, other: Plan) -> None:
    """Compare bit by bit."""
    for field in (field.name for field in fields(Plan) if field.name != "state"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)


@settings(deadline=None, max_examples=60)
@given(site=sites())
def test_compiled_and_uncompiled_give_the_same_numbers(uncompiled: ModuleType, site: Site) -> None:
    assert_same(plan(site.problem()), uncompiled.planning.plan(site.problem()))


@pytest.mark.parametrize(
    "instance",
    [
        Instance(units=1, slots=48, family="neg", minimum=True),
        Instance(units=2, slots=24, family="mkt", peak=True, battery=True),
        Instance(units=3, slots=24, minimum=True),
    ],
    ids=lambda instance: instance.label,
)
def test_seeded_sites_are_the_same_compiled_and_uncompiled(uncompiled: ModuleType, instance: Instance) -> None:
    assert_same(plan(instance.problem()), uncompiled.planning.plan(instance.problem()))


@settings(deadline=None)
@given(site=sites())
def test_asking_twice_gives_the_same_plan_and_changes_no_input(kernels: ModuleType, site: Site) -> None:
    problem = site.problem()
    untouched = copy.deepcopy(problem)
    assert_same(kernels.planning.plan(problem), kernels.planning.plan(problem))
    for field in PlanProblem.__slots__:
        np.testing.assert_array_equal(getattr(problem, field), getattr(untouched, field))


def test_arrays_that_cannot_be_written_will_do(kernels: ModuleType) -> None:
    for instance in (Instance(units=1, slots=8), Instance(units=2, slots=8, minimum=True, peak=True)):
        problem = instance.problem()
        for field in PlanProblem.__slots__:
            if isinstance(getattr(problem, field), np.ndarray):
                getattr(problem, field).flags.writeable = False
        kernels.planning.plan(problem)


@pytest.mark.parametrize("instance", [Instance(units=3), Instance(units=50, tree=True, family="mkt", peak=True)])
def test_the_previous_plan_is_a_hint_and_no_more(instance: Instance) -> None:
    problem = instance.problem()
    first = plan(problem)
    again = plan(problem, first)
    assert abs(relative(again.objective, first.objective)) < 1e-6
    assert again.gap < 1e-6


def test_the_previous_plan_may_be_of_another_problem(kernels: ModuleType) -> None:
    for other in (Instance(units=1, slots=12), Instance(units=4, slots=8), Instance(units=2, slots=8, tree=True)):
        before = kernels.planning.plan(other.problem())
        answer = kernels.planning.plan(Instance(units=2, slots=8).problem(), before)
        assert answer.gap < 1e-5
