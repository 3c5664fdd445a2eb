"""Sharing by vector sums: within every limit, fair, explained, and more than scalar sums would give."""

from dataclasses import replace
import math
from types import ModuleType

from hypothesis import given, settings
import numpy as np
import pytest

from tests.kernels.allocation_problems import Case as Scalar, Node as ScalarNode, Point as ScalarPoint
from tests.kernels.line_to_line_sites import NONE, SPLIT, Case, Node, Point, cases, fair_a, office
from tidewatt.kernels.allocation import allocate
from tidewatt.kernels.line_to_line import L1, L1_L2, L2, L2_L3, L3, L3_L1, LineBinding, LineShare


def shared(kernels: ModuleType, case: Case) -> LineShare:
    answer: LineShare = kernels.line_to_line.LineSharing(case.site()).share(case.request())
    return answer


def fuse(limit_a: float, *points: Point) -> Case:
    return Case(nodes=(Node(limit_a=(limit_a, limit_a, limit_a, NONE)),), points=points)


def test_two_chargers_on_neighbouring_pairs_share_a_line_by_the_root_of_three(kernels: ModuleType) -> None:
    """Each has 1/sqrt(3) of the limit, where scalar sums would give each half."""
    answer = shared(kernels, fuse(40.0, Point(lines=L1_L2), Point(lines=L3_L1)))
    np.testing.assert_allclose(answer.current_a, 40 / 3**0.5, rtol=1e-12)
    assert answer.binding.tolist() == [LineBinding.LINE] * 2
    assert (answer.binding_circuit.tolist(), answer.binding_line.tolist()) == ([0, 0], [0, 0])


def test_currents_are_proportional_to_weights_until_a_maximum(kernels: ModuleType) -> None:
    case = fuse(40.0, Point(lines=L1_L2, weight=1.0), Point(lines=L1_L2, weight=3.0))
    np.testing.assert_allclose(shared(kernels, case).current_a, [10, 30])
    answer = shared(kernels, fuse(40.0, Point(weight=1.0), Point(weight=3.0, maximum_a=20.0)))
    np.testing.assert_allclose(answer.current_a, [20, 20])
    assert answer.binding.tolist() == [LineBinding.LINE, LineBinding.MAXIMUM]
    assert answer.binding_line.tolist() == [0, -1]


def test_who_does_not_use_the_full_line_rises_on(kernels: ModuleType) -> None:
    answer = shared(kernels, fuse(20.0, Point(lines=L1_L2), Point(lines=L1), Point(lines=L3)))
    assert answer.current_a[2] == pytest.approx(20.0)
    assert answer.current_a[0] == answer.current_a[1] == pytest.approx(10 / math.cos(math.pi / 12))


def test_opposite_legs_do_not_count_on_each_other_in_the_neutral(kernels: ModuleType) -> None:
    case = Case(
        nodes=(Node(limit_a=(NONE, NONE, NONE, 10.0)),), points=(Point(lines=L1), Point(lines=L2)), voltage_v=SPLIT
    )
    np.testing.assert_allclose(shared(kernels, case).current_a, [10, 10])


def test_chargers_below_their_minimum_give_way_by_weight(kernels: ModuleType) -> None:
    points = [Point(lines=L1_L2, weight=weight) for weight in (2.0, 1.0, 3.0)]
    answer = shared(kernels, fuse(15.0, *points))
    np.testing.assert_allclose(answer.current_a, [6, 0, 9])
    assert answer.binding.tolist() == [LineBinding.LINE, LineBinding.BELOW_MINIMUM, LineBinding.LINE]


def test_whole_steps_go_to_who_lacks_most(kernels: ModuleType) -> None:
    points = (Point(step_a=1.0, weight=1.0), Point(step_a=1.0, weight=1.1), Point(step_a=0.0))
    answer = shared(kernels, fuse(31.0, *points))
    assert answer.current_a[:2].tolist() == [10.0, 11.0]
    assert answer.current_a.sum() == pytest.approx(31.0)


def test_a_charger_without_a_step_between_minimum_and_maximum_is_off(kernels: ModuleType) -> None:
    answer = shared(kernels, fuse(31.0, Point(step_a=5.0, minimum_a=6.0, maximum_a=9.0)))
    assert (answer.current_a[0], answer.binding[0]) == (0.0, LineBinding.MAXIMUM)


def test_where_the_base_is_above_the_limit_nobody_on_that_line_gets_anything(kernels: ModuleType) -> None:
    case = Case(
        nodes=(Node(limit_a=(30, 30, 30, NONE), base_a=(31, 0, 0)),),
        points=(Point(lines=L1, minimum_a=0.0), Point(lines=L2_L3)),
    )
    answer = shared(kernels, case)
    assert answer.current_a.tolist() == [0.0, 30.0]
    assert answer.binding.tolist() == [LineBinding.BELOW_MINIMUM, LineBinding.LINE]


def test_power_that_is_fed_back_is_not_relied_on_beyond_its_own_size(kernels: ModuleType) -> None:
    """20 A of solar power on L1: the line carries 30 A when the charger takes 50 A, and 20 A when it takes none."""
    case = Case(
        nodes=(Node(limit_a=(30, 30, 30, NONE), base_a=(-20, 0, 0)),), points=(Point(lines=L1, maximum_a=80.0),)
    )
    assert shared(kernels, case).current_a[0] == pytest.approx(50.0)


@settings(deadline=None, max_examples=50)
@given(case=cases(max_points=5))
def test_shares_are_those_of_plain_bisection(kernels: ModuleType, case: Case) -> None:
    current_a = shared(kernels, case).current_a
    limits = np.array([node.limit_a for node in case.nodes])
    alone = case.worst_a(np.zeros(current_a.size))
    assert (case.worst_a(current_a) <= np.maximum(limits, alone) + 2e-9).all()
    if case.holds(np.zeros(current_a.size)):
        np.testing.assert_allclose(current_a, fair_a(case), atol=2e-4)


@settings(deadline=None, max_examples=50)
@given(case=cases(max_points=6, steps=(0.0, 0.1, 1.0, 0.7)))
def test_steps_and_minima_are_kept_within_every_limit(kernels: ModuleType, case: Case) -> None:
    answer = shared(kernels, case)
    limits = np.array([node.limit_a for node in case.nodes])
    worst = case.worst_a(answer.current_a)
    assert (worst <= np.maximum(limits, case.worst_a(np.zeros(answer.current_a.size))) + 2e-9).all()
    for current_a, point in zip(answer.current_a, case.points, strict=True):
        assert current_a == 0.0 or point.minimum_a - 1e-9 <= current_a <= point.maximum_a + 1e-9
        if point.step_a:
            assert abs(current_a / point.step_a - round(current_a / point.step_a)) < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_a_convex_solver_finds_the_same_fair_currents(kernels: ModuleType, seed: int) -> None:
    """Level by level: the highest common level, then who can rise on; second-order cones for the lines."""
    cvxpy = pytest.importorskip("cvxpy")
    case = office(seed, 9, limit_a=60.0, transformer_a=14.0)
    case = replace(case, points=tuple(replace(point, minimum_a=0.0) for point in case.points))
    current_a = shared(kernels, case).current_a
    weights = np.array([point.weight for point in case.points])
    amperes = np.stack([case.ampere(point).reshape(-1) for point in case.points], axis=1)
    limits = np.array([node.limit_a for node in case.nodes]).reshape(-1)
    x, level = cvxpy.Variable(len(case.points)), cvxpy.Variable()
    # Sums over every half plane of directions stand for every subset.
    rules = [x >= 0, x <= 32.0]
    for row in np.flatnonzero(np.isfinite(limits)):
        for start in np.linspace(0, 2 * np.pi, 24, endpoint=False) + 0.01:
            inside = (np.mod(np.angle(amperes[row]) - start, 2 * np.pi) < np.pi) * amperes[row]
            if np.abs(inside).any():
                vector = cvxpy.vstack([inside.real @ x, inside.imag @ x])
                rules.append(cvxpy.norm(vector) <= limits[row])
    lowest = np.min(current_a / weights)
    problem = cvxpy.Problem(cvxpy.Maximize(level), [*rules, x >= weights * level])
    problem.solve(solver=cvxpy.CLARABEL)
    assert lowest == pytest.approx(float(level.value), abs=1e-5)
    for index in np.argsort(current_a / weights):
        # Nobody can have more while all that have less, or as little, for their weight keep what they have.
        keep = current_a / weights <= current_a[index] / weights[index] + 1e-7
        keep[index] = False
        kept = [x[other] >= current_a[other] - 1e-7 for other in np.flatnonzero(keep)]
        best = cvxpy.Problem(cvxpy.Maximize(x[int(index)]), [*rules, *kept]).solve(solver=cvxpy.CLARABEL)
        assert current_a[index] == pytest.approx(best, abs=2e-4)


def scalar_a(case: Case, limit_a: float, transformer_a: float) -> float:
    """Return what sums of magnitudes allow: a charger between two lines counts in both, through the transformer too."""
    panels = len(case.nodes) - 2
    free = (math.inf,) * 3
    # Scalar sums know no winding: each line's share of a transformer limit is that of three equal currents.
    main = min(limit_a, transformer_a * 4 / 3**0.5)
    problem = Scalar(
        nodes=(
            ScalarNode(import_a=(main,) * 3, export_a=free),
            *(ScalarNode(parent=0, import_a=(0.7 * limit_a,) * 3) for _ in range(panels)),
        ),
        points=tuple(
            ScalarPoint(circuit=point.circuit - 1, phases=point.lines, weight=point.weight) for point in case.points
        ),
    ).problem()
    return float(allocate(problem).current_a.sum())


@pytest.mark.parametrize("seed", range(3))
def test_an_office_of_54_chargers_gets_more_than_scalar_sums_would_give(kernels: ModuleType, seed: int) -> None:
    case = office(seed, 54, limit_a=420.0, transformer_a=180.0)
    answer = shared(kernels, case)
    exact = kernels.line_to_line.LineSharing(case.site()).currents(case.request(), answer.current_a)
    assert exact.violated_circuit == -1
    assert answer.current_a.sum() > 1.05 * scalar_a(case, 420.0, 180.0)
