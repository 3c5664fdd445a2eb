"""The rivals of the allocation do what they are said to do, or a lead over them would mean nothing."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy.sparse import csr_matrix

from benchmarks.parts import allocation_rivals as rivals
from benchmarks.parts.allocation_instances import Instance, Kind, street

type Floats = npt.NDArray[np.float64]


def arguments(instance: Instance) -> tuple[csr_matrix, Floats, Floats, Floats]:
    problem = instance.problem
    return instance.matrix, instance.room_a, problem.maximum_a, problem.weight


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(("size", "tightness"), [(1, 1.0), (13, 0.6), (60, 1.0), (60, 1.6), (200, 1.3)])
def test_three_ways_to_max_min_fairness_agree(kind: Kind, size: int, tightness: float) -> None:
    given = arguments(street(size, seed=size, kind=kind, tightness=tightness))
    textbook_a = rivals.progressive_filling(*given)
    np.testing.assert_allclose(rivals.event_skipping(*given), textbook_a, rtol=0, atol=1e-10)
    np.testing.assert_allclose(rivals.linear_programs(*given), textbook_a, rtol=0, atol=1e-6)


def test_logarithms_favour_nobody_beyond_a_limit() -> None:
    instance = street(40, seed=3)
    current_a = rivals.proportional_fairness(*arguments(instance))()
    assert (instance.matrix @ current_a <= instance.room_a + 1e-6).all()
    assert (current_a > 0).all()


def test_in_order_the_first_gets_all_it_can_have() -> None:
    matrix, room_a = np.ones((1, 3)), np.array([40.0])
    current_a = rivals.sorted_schedule(matrix, room_a, np.array([32.0, 32.0, 32.0]), np.array([2, 0, 1]))
    np.testing.assert_allclose(current_a, [8, 0, 32], atol=0.03)


def test_in_turns_all_get_the_same_until_somebody_has_enough() -> None:
    matrix, room_a = np.ones((1, 3)), np.array([40.0])
    current_a = rivals.round_robin(matrix, room_a, np.array([5.0, 32.0, 32.0]), np.array([0, 1, 2]))
    np.testing.assert_allclose(current_a, [5, 17.5, 17.5], atol=0.11)


def test_dropping_the_lowest_leaves_nobody_below_the_minimum() -> None:
    instance = street(30, seed=1, tightness=0.6, minimum_a=6.0)
    current_a = rivals.drop_the_lowest(*arguments(instance), 6.0)
    assert (instance.matrix @ current_a <= instance.room_a + 1e-9).all()
    assert (current_a == 0).any()
    assert (current_a[current_a > 0] >= 6.0 - 1e-9).all()
