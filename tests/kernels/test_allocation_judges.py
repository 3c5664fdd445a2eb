"""Against exact NumPy and against mixed-integer optima from HiGHS, on seeded streets."""

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.parts.allocation_instances import Instance, Kind, street
from benchmarks.parts.allocation_milp import Objective as Judge, best, value
from benchmarks.parts.allocation_rivals import event_skipping
from tests.kernels.allocation_problems import Allocate
from tidewatt.kernels import COMPILED
from tidewatt.kernels.allocation import BindingCode, Objective, allocate as installed

SEEDS = range(4)
UTILITY_SEEDS = range(10)
"""The mean of four is still a matter of luck."""


def over_a(instance: Instance, current_a: npt.NDArray[np.float64]) -> float:
    """Return the largest excess over a limit, free of the rounding of long sums."""
    loads = instance.matrix.multiply(current_a).astype(np.longdouble).toarray().sum(axis=1)
    return float((loads - instance.room_a).max())


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("seed", SEEDS)
def test_shares_are_those_of_exact_numpy(allocate: Allocate, kind: Kind, seed: int) -> None:
    instance = street(120, seed=seed, kind=kind)
    problem = instance.problem
    exact_a = event_skipping(instance.matrix, instance.room_a, problem.maximum_a, problem.weight)
    np.testing.assert_allclose(allocate(problem).current_a, exact_a, rtol=0, atol=1e-9)


@pytest.mark.skipif(not COMPILED, reason="takes minutes as plain Python")
def test_ten_thousand_chargers_get_the_shares_of_exact_numpy_within_every_limit() -> None:
    instance = street(10_000)
    problem = instance.problem
    current_a = installed(problem).current_a
    exact_a = event_skipping(instance.matrix, instance.room_a, problem.maximum_a, problem.weight)
    np.testing.assert_allclose(current_a, exact_a, rtol=0, atol=1e-9)


@pytest.mark.skipif(not COMPILED, reason="takes minutes as plain Python")
@pytest.mark.parametrize(("minimum_a", "step_a"), [(0.0, 0.0), (6.0, 1.0)])
def test_limits_over_a_hundred_thousand_chargers_hold_to_a_billionth_of_an_ampere(
    minimum_a: float, step_a: float
) -> None:
    instance = street(100_000, minimum_a=minimum_a, step_a=step_a, tightness=0.8)
    current_a = installed(instance.problem).current_a.astype(np.longdouble)
    matrix = instance.matrix
    loads = np.add.reduceat(np.append(current_a[matrix.indices], 0), matrix.indptr[:-1])
    loads[np.diff(matrix.indptr) == 0] = 0
    assert float((loads - instance.room_a).max()) <= 1e-9


@pytest.mark.parametrize("kind", [Kind.SINGLE, Kind.THREE])
@pytest.mark.parametrize("chargers", [20, 60])
def test_in_one_phase_class_the_admitted_weight_is_the_optimum(allocate: Allocate, kind: Kind, chargers: int) -> None:
    for seed in SEEDS:
        instance = street(chargers, seed=seed, kind=kind, tightness=0.6, minimum_a=6.0)
        assert served(instance, allocate(instance.problem).current_a) == pytest.approx(optimum(instance), rel=1e-6)


@pytest.mark.parametrize("chargers", [10, 20, 40, 60])
def test_in_mixed_phases_the_admitted_weight_is_within_a_hundredth_of_the_optimum(
    allocate: Allocate, chargers: int
) -> None:
    for seed in SEEDS:
        instance = street(chargers, seed=seed, tightness=0.6, minimum_a=6.0)
        assert served(instance, allocate(instance.problem).current_a) >= 0.99 * optimum(instance)


def served(instance: Instance, current_a: npt.NDArray[np.float64]) -> float:
    return float(instance.problem.weight[current_a > 3.0].sum())


def optimum(instance: Instance) -> float:
    return served(instance, best(instance, Judge.SERVED).current_a)


def utility_losses(chargers: int, kind: Kind, tightness: float) -> list[float]:
    """Return what the allocation for utility loses of the best there is, on every seed."""
    losses = []
    for seed in UTILITY_SEEDS:
        instance = street(chargers, seed=seed, kind=kind, tightness=tightness, minimum_a=6.0)
        answer = installed(instance.problem, objective=Objective.UTILITY)
        assert over_a(instance, answer.current_a) <= 1e-9
        losses.append(1 - value(instance, answer.current_a, Judge.UTILITY) / best(instance, Judge.UTILITY).value)
    return losses


@pytest.mark.skipif(not COMPILED, reason="the search takes its time as plain Python")
@pytest.mark.parametrize("tightness", [0.6, 1.0])
@pytest.mark.parametrize("chargers", [10, 20, 40, 60])
def test_in_mixed_phases_the_utility_is_near_the_optimum(chargers: int, tightness: float) -> None:
    losses = utility_losses(chargers, Kind.MIXED, tightness)
    assert max(losses) <= 0.03
    assert np.mean(losses) <= 0.01


@pytest.mark.skipif(not COMPILED, reason="the search takes its time as plain Python")
@pytest.mark.parametrize("kind", [Kind.SINGLE, Kind.THREE])
@pytest.mark.parametrize("tightness", [0.6, 1.0])
def test_in_one_phase_class_the_utility_is_always_within_a_hundredth(kind: Kind, tightness: float) -> None:
    assert max(utility_losses(40, kind, tightness)) <= 0.01


def test_a_charger_paused_for_the_gain_of_others_is_told_so(allocate: Allocate) -> None:
    """Both minima fit; 6 A are worth 4 ln(31/25) to the heavy one and 0.2 ln 2 to the light one."""
    instance = street(2, seed=1, kind=Kind.THREE, minimum_a=6.0)
    problem = instance.problem
    problem.import_limit_a[:] = 25.0
    problem.maximum_a[:] = 32.0
    problem.weight[:] = (4.0, 0.2)
    served_both = allocate(problem)
    assert served_both.current_a.tolist() == [19, 6]
    answer = allocate(problem, objective=Objective.UTILITY)  # type: ignore[call-arg]  # the fixture's plain type
    assert answer.current_a == pytest.approx([25, 0], abs=1e-9)
    assert answer.binding.tolist() == [BindingCode.CIRCUIT_CURRENT, BindingCode.OUTWEIGHED]
    assert (answer.binding_circuit[1], answer.binding_phase[1]) == (0, 0)
