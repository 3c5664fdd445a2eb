"""The same problem has the same answer: again, in another order, compiled or not."""

import copy
from dataclasses import replace
from types import ModuleType
from typing import Any

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.allocation_problems import Allocate, Case, Node, Point, cases, seeded_case
from tidewatt import kernels
from tidewatt.kernels import allocation
from tidewatt.kernels.allocation import Allocation

FIELDS = ("current_a", "binding", "binding_circuit", "binding_phase")


def assert_same(one: Allocation, other: Allocation) -> None:
    """Compare bit by bit."""
    for field in (*FIELDS, "headroom_a"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field), err_msg=field)


def test_the_package_says_whether_it_is_compiled(uncompiled: ModuleType) -> None:
    from_extensions = all(
        not str(module.__file__).endswith(".py")
        for module in (allocation._admission, allocation._filling, allocation._rows)
    )
    assert from_extensions == kernels.COMPILED == allocation.COMPILED
    assert uncompiled.COMPILED is False


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_compiled_and_uncompiled_give_the_same_numbers(allocate_uncompiled: Allocate, case: Case) -> None:
    assert_same(allocation.allocate(case.problem()), allocate_uncompiled(case.problem()))


@pytest.mark.parametrize("step_a", [0.0, 0.1, 1.0])
def test_a_crowded_street_is_the_same_compiled_and_uncompiled(allocate_uncompiled: Allocate, step_a: float) -> None:
    problem = seeded_case(11, 120, step_a).problem()
    assert_same(allocation.allocate(problem), allocate_uncompiled(problem))


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_asking_twice_gives_the_same_answer_and_changes_no_input(allocate: Allocate, case: Case) -> None:
    problem = case.problem()
    untouched = copy.deepcopy(problem)
    assert_same(allocate(problem), allocate(problem))
    for field in allocation.AllocationProblem.__slots__:
        np.testing.assert_array_equal(getattr(problem, field), getattr(untouched, field))


@settings(deadline=None, max_examples=50)
@given(case=cases(), data=st.data())
def test_the_order_of_the_chargers_does_not_matter(allocate: Allocate, case: Case, data: st.DataObject) -> None:
    distinct = case.with_points(list(dict.fromkeys(case.points)))
    order = data.draw(st.permutations(range(len(distinct.points))))
    straight = allocate(distinct.problem())
    shuffled = allocate(distinct.with_points([distinct.points[index] for index in order]).problem())
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(shuffled, field), getattr(straight, field)[order], err_msg=field)
    np.testing.assert_array_equal(shuffled.headroom_a, straight.headroom_a)


@pytest.mark.parametrize(
    "difference",
    [
        {"circuit": 1},
        {"phases": 3},
        {"minimum_a": 5.0},
        {"maximum_a": 31.0},
        {"step_a": 0.5},
        {"weight": 1.25, "incumbent": False},
        {"weight": 1.125, "deficit": 0.125, "incumbent": False},
        {"locked_on": True},
    ],
    ids=str,
)
@pytest.mark.parametrize("limit_a", [10, 13, 19.3])
def test_two_chargers_that_differ_little_may_be_listed_either_way(
    allocate: Allocate, limit_a: float, difference: dict[str, Any]
) -> None:
    """On these limits there is one step, or one minimum, for one of the two."""
    point = Point(step_a=1, incumbent=True)
    pair = [point, replace(point, **difference)]
    case = Case(nodes=(Node(import_a=(limit_a,) * 3), Node(parent=0)), points=())
    straight = allocate(case.with_points(pair).problem())
    reversed_ = allocate(case.with_points(pair[::-1]).problem())
    for field in FIELDS:
        assert getattr(reversed_, field).tolist() == getattr(straight, field).tolist()[::-1]


def test_arrays_that_cannot_be_written_are_welcome(allocate: Allocate) -> None:
    problem = seeded_case(3, 20, 1.0).problem()
    for field in allocation.AllocationProblem.__slots__:
        getattr(problem, field).flags.writeable = False
    assert allocate(problem).current_a.sum() > 0
