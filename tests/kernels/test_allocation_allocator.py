"""An allocator reads its arrays anew at every call, and answers as if it were new."""

from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.allocation_problems import Case, Point, cases, fuse, seeded_case
from tests.kernels.test_allocation_sameness import assert_same
from tidewatt.kernels.allocation import AllocationProblem


def test_new_values_in_the_arrays_count(kernels: ModuleType) -> None:
    problem = fuse(20, Point(), Point()).problem()
    allocator = kernels.allocation.Allocator(problem)
    assert allocator.allocate().current_a.tolist() == [10, 10]
    problem.base_a[0] = 4.0
    problem.weight[1] = 3.0
    assert allocator.allocate().current_a.tolist() == [6, 10]


def test_the_answer_is_written_anew_in_the_same_arrays(kernels: ModuleType) -> None:
    allocator = kernels.allocation.Allocator(fuse(20, Point()).problem())
    assert allocator.allocate() is allocator.allocate()


def test_a_value_that_cannot_be_is_refused_and_the_answer_stays(kernels: ModuleType) -> None:
    problem = fuse(20, Point()).problem()
    allocator = kernels.allocation.Allocator(problem)
    answer = allocator.allocate()
    problem.weight[0] = np.nan
    with pytest.raises(ValueError, match=r"weight\[0\]: nan is not usable"):
        allocator.allocate()
    assert answer.current_a.tolist() == [20]
    problem.weight[0] = 1.0
    assert allocator.allocate().current_a.tolist() == [20]


def overwrite(problem: AllocationProblem, other: AllocationProblem) -> None:
    for field in AllocationProblem.__slots__:
        getattr(problem, field)[...] = getattr(other, field)


@settings(deadline=None, max_examples=50)
@given(one=cases(), data=st.data())
def test_whatever_was_before_the_answer_is_that_of_a_new_allocator(
    kernels: ModuleType, one: Case, data: st.DataObject
) -> None:
    """Any problem of the same size may follow another: other wiring, other tree, other tiers."""
    other = data.draw(
        cases(
            min_nodes=len(one.nodes), max_nodes=len(one.nodes), min_points=len(one.points), max_points=len(one.points)
        )
    )
    problem = one.problem()
    allocator = kernels.allocation.Allocator(problem)
    allocator.allocate()
    overwrite(problem, other.problem())
    assert_same(allocator.allocate(), kernels.allocation.allocate(other.problem()))
    overwrite(problem, one.problem())
    assert_same(allocator.allocate(), kernels.allocation.allocate(one.problem()))


@pytest.mark.parametrize("step_a", [0.0, 1.0])
def test_a_street_whose_loads_and_weights_change_is_shared_as_if_new(kernels: ModuleType, step_a: float) -> None:
    problem = seeded_case(5, 60, step_a).problem()
    allocator = kernels.allocation.Allocator(problem)
    random = np.random.default_rng(5)
    for _ in range(4):
        problem.base_a[:] = random.uniform(0, 20, problem.base_a.shape)
        problem.weight[random.integers(60)] = random.uniform(0.5, 4.0)
        assert_same(allocator.allocate(), kernels.allocation.allocate(problem))
