"""Magnitudes far apart: weights, steps and depths that nobody builds, and that must not lead astray."""

from collections.abc import Sequence
from dataclasses import replace
import heapq
import math
import re

from hypothesis import given, settings, strategies as st
import pytest

from tests.kernels.allocation_judge import constraints, fair_currents, overruns
from tests.kernels.allocation_problems import L1, L2, L3, Allocate, Case, Node, Point, fuse, nodes

FEATHER, ANVIL = 1e-9, 1e9
"""The least and the greatest weight."""

NONE = math.inf


def test_what_a_heavy_charger_leaves_behind_does_not_hide_a_light_one(allocate: Allocate) -> None:
    """The second charger is stopped by its power limit before it rises.

    What the root's L1 then fills with is 1e-18 of what was expected, and less than the rounding of it.
    """
    circuits = (Node(import_a=(18, 30, NONE)), Node(parent=0, import_w=8 * 230))
    points = (
        Point(phases=L1, minimum_a=0, weight=FEATHER),
        Point(phases=L1, circuit=1, weight=ANVIL),
        Point(phases=L2, circuit=1, minimum_a=0, weight=ANVIL),
        Point(phases=L2, minimum_a=0, maximum_a=5, weight=FEATHER),
        Point(phases=L3, circuit=1, minimum_a=0, maximum_a=0.5, weight=ANVIL),
    )
    answer = allocate(Case(nodes=circuits, points=points).problem())
    assert answer.current_a == pytest.approx([12, 6, 1.5, 5, 0.5], abs=1e-9)


@st.composite
def far_apart(draw: st.DrawFn) -> Case:
    """Return small sites with weights at both ends and everybody let in."""
    tree = draw(nodes(max_size=3))
    chargers = st.builds(
        Point,
        circuit=st.integers(0, len(tree) - 1),
        phases=st.integers(1, 7),
        minimum_a=st.sampled_from([0.0, 0.0, 6.0]),
        maximum_a=st.sampled_from([6.0, 16.0, 32.0]),
        weight=st.sampled_from([FEATHER, 1.0, ANVIL]),
    )
    return Case(nodes=tree, points=tuple(draw(st.lists(chargers, min_size=1, max_size=6))))


@settings(deadline=None, max_examples=50)
@given(case=far_apart())
def test_shares_are_exact_whatever_the_weights(allocate: Allocate, case: Case) -> None:
    taken = allocate(case.problem()).current_a.tolist()
    on = [current > 0 or point.minimum_a == 0 for current, point in zip(taken, case.points, strict=True)]
    assert taken == pytest.approx([float(current) for current in fair_currents(case, on)], abs=1e-7)


def test_a_voltage_between_none_and_any_is_refused(allocate: Allocate) -> None:
    """With next to no voltage a power limit would be filled up by next to nothing."""
    case = Case(nodes=(Node(import_w=0),), points=(Point(minimum_a=0, weight=FEATHER),), voltage_v=(5e-324, 0, 0))
    with pytest.raises(ValueError, match=re.escape("voltage_v[0]: 5e-324 is not usable. Give 1 to 100000 V ")):
        allocate(case.problem())


def one_by_one(case: Case, fair_a: Sequence[float]) -> list[float]:
    """Round fair currents down and hand steps out singly, each to who lacks most for its weight."""
    rules = constraints(case)
    steps = [math.floor(a / point.step_a + 1e-9) for a, point in zip(fair_a, case.points, strict=True)]
    left = [
        float(rule.room) - sum(float(a) * steps[i] * case.points[i].step_a for i, a in rule.per_a.items())
        for rule in rules
    ]

    def key(index: int) -> float:
        return (steps[index] * case.points[index].step_a - fair_a[index]) / case.points[index].weight

    waiting = [(key(index), index) for index in range(len(fair_a))]
    heapq.heapify(waiting)
    while waiting:
        _, index = heapq.heappop(waiting)
        point = case.points[index]
        if (steps[index] + 1) * point.step_a > point.maximum_a + 1e-9:
            continue
        mine = [(r, float(rule.per_a[index])) for r, rule in enumerate(rules) if index in rule.per_a]
        if all(per_a * (point.step_a - 1e-9) <= left[r] for r, per_a in mine):
            for r, per_a in mine:
                left[r] -= per_a * point.step_a
            steps[index] += 1
            heapq.heappush(waiting, (key(index), index))
    return [count * point.step_a for count, point in zip(steps, case.points, strict=True)]


@settings(deadline=None, max_examples=50)
@given(
    coarse_a=st.sampled_from([7.0, 11.0, 13.0]),
    fine_a=st.lists(st.sampled_from([0.004, 0.01, 0.03]), min_size=1, max_size=5),
    weights=st.lists(st.sampled_from([0.5, 0.7, 1.0, 1.3, 2.9]), min_size=6, max_size=6),
    limits_a=st.tuples(st.integers(10, 90), st.integers(10, 90), st.integers(10, 90)),
    phases=st.lists(st.sampled_from([1, 2, 3, 7]), min_size=6, max_size=6),
)
def test_fine_steps_beside_coarse_ones_are_handed_out_as_if_one_by_one(
    allocate: Allocate,
    *,
    coarse_a: float,
    fine_a: list[float],
    weights: list[float],
    limits_a: tuple[int, int, int],
    phases: list[int],
) -> None:
    """Equal lacks may be filled in either order, which is one fine step."""
    points = [
        Point(minimum_a=0, maximum_a=32, step_a=step_a, weight=weight + index / 1000, phases=mask)
        for index, (step_a, weight, mask) in enumerate(zip([coarse_a, *fine_a], weights, phases, strict=False))
    ]
    case = Case(nodes=(Node(import_a=limits_a),), points=tuple(points))
    tops = [math.floor(32 / point.step_a + 1e-9) * point.step_a for point in points]
    smooth = [replace(point, step_a=0, maximum_a=top) for point, top in zip(points, tops, strict=True)]
    fair_a = allocate(case.with_points(smooth).problem()).current_a.tolist()
    taken = allocate(case.problem()).current_a.tolist()
    assert taken == pytest.approx(one_by_one(case, fair_a), abs=0.031)
    assert overruns(case, taken) == []


def test_the_finest_steps_take_what_the_coarsest_leave(allocate: Allocate) -> None:
    """A charger cannot take its step of 10,000 A; ten million steps of a milliampere are for the others."""
    case = fuse(
        9_999,
        Point(minimum_a=0, maximum_a=10_000, step_a=0.001),
        Point(minimum_a=0, maximum_a=10_000, step_a=0.001, weight=2),
        Point(minimum_a=0, maximum_a=10_000, step_a=10_000, weight=1e6),
    )
    assert allocate(case.problem()).current_a == pytest.approx([3_333, 6_666, 0], abs=0.002)


@pytest.mark.parametrize("levels", [64, 65])
def test_a_tree_deeper_than_anything_built_is_refused(allocate: Allocate, levels: int) -> None:
    chain = tuple(Node(parent=level - 1, import_a=(40,) * 3) for level in range(levels))
    problem = Case(nodes=chain, points=(Point(circuit=levels - 1),)).problem()
    if levels == 64:
        assert allocate(problem).current_a.tolist() == [32]
    else:
        with pytest.raises(ValueError, match=re.escape("parent[64]: 63 is not usable. ") + ".* at most 64 levels"):
            allocate(problem)
