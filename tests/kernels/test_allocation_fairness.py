"""Shares are weighted max-min fair, exactly."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from tests.kernels.allocation_judge import constraints, fair_currents
from tests.kernels.allocation_problems import (
    L1,
    L123,
    Allocate,
    Case,
    Node,
    Point,
    cases,
    fuse,
    seeded_case,
    tenths,
)
from tidewatt.kernels.allocation import BindingCode

CONTINUOUS = (0.0,)


def test_shares_follow_the_weights(allocate: Allocate) -> None:
    case = fuse(28, Point(weight=1), Point(weight=2), Point(weight=0.5))
    assert allocate(case.problem()).current_a == pytest.approx([22 / 3, 44 / 3, 6], abs=1e-9)


def test_nobody_is_below_the_minimum_for_a_heavier_one(allocate: Allocate) -> None:
    case = fuse(20, Point(weight=1), Point(weight=9))
    assert allocate(case.problem()).current_a == pytest.approx([6, 14], abs=1e-9)


def test_what_one_cannot_take_goes_to_the_others(allocate: Allocate) -> None:
    case = fuse(40, Point(maximum_a=8), Point(), Point())
    assert allocate(case.problem()).current_a == pytest.approx([8, 16, 16], abs=1e-9)


def test_a_tight_branch_leaves_its_share_to_the_other_branch(allocate: Allocate) -> None:
    nodes = (Node(import_a=(32, 32, 32)), Node(parent=0, import_a=(12, 12, 12)), Node(parent=0))
    points = (Point(circuit=1, minimum_a=0), Point(circuit=1, minimum_a=0), Point(circuit=2))
    assert allocate(Case(nodes=nodes, points=points).problem()).current_a == pytest.approx([6, 6, 20], abs=1e-9)


def test_a_busy_phase_slows_only_those_that_use_it(allocate: Allocate) -> None:
    case = fuse(20, Point(phases=L123), Point(phases=L1), Point(phases=2), base_a=(4, 0, 0))
    assert allocate(case.problem()).current_a == pytest.approx([8, 8, 12], abs=1e-9)


def test_weights_of_very_different_size_keep_the_limit(allocate: Allocate) -> None:
    light = Point(minimum_a=0, weight=1e-9)
    case = fuse(20, Point(minimum_a=0, maximum_a=3, weight=1e9), light, light)
    assert allocate(case.problem()).current_a == pytest.approx([3, 8.5, 8.5], abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(case=cases(steps=CONTINUOUS))
def test_continuous_shares_are_those_of_exact_arithmetic(allocate: Allocate, case: Case) -> None:
    answer = allocate(case.problem())
    on = [code != BindingCode.BELOW_MINIMUM for code in answer.binding.tolist()]
    expected = [float(a) * point.direction for a, point in zip(fair_currents(case, on), case.points, strict=True)]
    assert answer.current_a.tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_a_street_of_sixty_chargers_gets_the_shares_of_exact_arithmetic(allocate: Allocate, seed: int) -> None:
    case = seeded_case(seed, 60, 0.0)
    answer = allocate(case.problem())
    on = [code != BindingCode.BELOW_MINIMUM for code in answer.binding.tolist()]
    assert sum(on) > 0
    assert answer.current_a.tolist() == pytest.approx([float(a) for a in fair_currents(case, on)], abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(case=cases(steps=CONTINUOUS))
def test_who_is_kept_from_more_shares_a_full_limit_with_nobody_better_off(allocate: Allocate, case: Case) -> None:
    """The bottleneck condition, which holds for weighted max-min fair shares and no others."""
    answer = allocate(case.problem())
    taken = [abs(current_a) for current_a in answer.current_a.tolist()]
    level = [a / point.weight for a, point in zip(taken, case.points, strict=True)]
    for index, point in enumerate(case.points):
        if answer.binding[index] == BindingCode.BELOW_MINIMUM or taken[index] >= point.maximum_a:
            continue
        assert any(
            sum(float(a) * taken[other] for other, a in rule.per_a.items()) >= float(rule.room) - 1e-6
            and all(
                level[other] <= level[index] + 1e-6 or taken[other] <= case.points[other].minimum_a
                for other in rule.per_a
            )
            for rule in constraints(case)
            if index in rule.per_a
        )


@settings(deadline=None, max_examples=50)
@given(
    limit_a=tenths(0, 60),
    more_a=tenths(0, 20),
    step_a=st.sampled_from([0.0, 0.1, 1.0]),
    sizes=st.lists(st.tuples(tenths(0, 26), st.sampled_from([0.5, 1.0, 2.0])), max_size=6),
)
def test_a_higher_limit_never_lowers_the_total_of_one_circuit(
    allocate: Allocate, limit_a: float, more_a: float, step_a: float, sizes: list[tuple[float, float]]
) -> None:
    points = [Point(maximum_a=6 + extra_a, weight=weight, step_a=step_a) for extra_a, weight in sizes]
    before, after = (allocate(fuse(limit, *points).problem()).current_a.sum() for limit in (limit_a, limit_a + more_a))
    assert after >= before - 1e-9


@settings(deadline=None, max_examples=50)
@given(case=cases(steps=CONTINUOUS, min_points=1), more_a=tenths(0.1, 10))
def test_raising_the_named_limit_never_lowers_who_named_it(allocate: Allocate, case: Case, more_a: float) -> None:
    first = allocate(case.problem())
    admitted = case.with_points(
        [point for point, code in zip(case.points, first.binding, strict=True) if code != BindingCode.BELOW_MINIMUM]
    )
    before = allocate(admitted.problem())
    for index, code in enumerate(before.binding.tolist()):
        if code == BindingCode.CIRCUIT_CURRENT:
            circuit, phase = int(before.binding_circuit[index]), int(before.binding_phase[index])
            nodes = list(admitted.nodes)
            nodes[circuit] = raised(nodes[circuit], phase, more_a, charging=admitted.points[index].direction > 0)
            after = allocate(replace(admitted, nodes=tuple(nodes)).problem())
            assert abs(after.current_a[index]) >= abs(before.current_a[index]) - 1e-6


def raised(node: Node, phase: int, more_a: float, *, charging: bool) -> Node:
    """Return a circuit whose import or export limit is higher on one phase."""
    limit_a = [a + more_a * (p == phase) for p, a in enumerate(node.import_a if charging else node.export_a)]
    return replace(node, import_a=limit_a) if charging else replace(node, export_a=limit_a)
