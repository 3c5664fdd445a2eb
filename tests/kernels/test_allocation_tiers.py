"""A tier has what it can take before the next gets anything."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from tests.kernels.allocation_judge import overruns
from tests.kernels.allocation_problems import L1, L2, Allocate, Case, Node, Point, cases, fuse
from tidewatt.kernels.allocation import BindingCode

GUARANTEED, FAIR = 0, 1


def test_a_guaranteed_charger_is_at_its_maximum_before_a_fair_one_gets_anything(allocate: Allocate) -> None:
    answer = allocate(fuse(40, Point(tier=GUARANTEED), Point(tier=FAIR, weight=9)).problem())
    assert answer.current_a.tolist() == [32, 8]


def test_a_fair_charger_is_paused_when_its_minimum_is_not_left(allocate: Allocate) -> None:
    answer = allocate(fuse(36, Point(tier=GUARANTEED), Point(tier=FAIR, weight=9, incumbent=True)).problem())
    assert answer.current_a.tolist() == [32, 0]
    assert answer.binding.tolist() == [BindingCode.MAXIMUM, BindingCode.BELOW_MINIMUM]


def test_within_a_tier_shares_follow_the_weights(allocate: Allocate) -> None:
    points = (Point(tier=GUARANTEED, maximum_a=10), Point(tier=FAIR, weight=1), Point(tier=FAIR, weight=2))
    assert allocate(fuse(40, *points).problem()).current_a == pytest.approx([10, 10, 20], abs=1e-9)


def test_a_fair_charger_has_what_a_guaranteed_one_cannot_use(allocate: Allocate) -> None:
    nodes = (Node(import_a=(40, 40, 40)), Node(parent=0, import_a=(10, 10, 10)))
    points = (Point(tier=GUARANTEED, circuit=1), Point(tier=FAIR))
    assert allocate(Case(nodes=nodes, points=points).problem()).current_a.tolist() == [10, 30]


def test_a_fair_charger_that_is_locked_on_keeps_its_minimum(allocate: Allocate) -> None:
    """Its contactor may not open yet: the guaranteed tier has all but that minimum."""
    answer = allocate(fuse(32, Point(tier=GUARANTEED), Point(tier=FAIR, locked_on=True)).problem())
    assert answer.current_a.tolist() == [26, 6]


def test_whole_steps_of_a_guaranteed_tier_come_before_the_next_tier(allocate: Allocate) -> None:
    points = (Point(tier=GUARANTEED, step_a=4), Point(tier=FAIR))
    assert allocate(fuse(25, *points).problem()).current_a.tolist() == [24, 0]


@pytest.mark.parametrize("tiers", [(0, 1), (3, 200), (254, 255)])
def test_only_the_order_of_the_tiers_counts(allocate: Allocate, tiers: tuple[int, int]) -> None:
    answer = allocate(fuse(40, *(Point(tier=tier) for tier in tiers)).problem())
    assert answer.current_a.tolist() == [32, 8]


@st.composite
def tiered(draw: st.DrawFn) -> Case:
    case = draw(cases())
    return case.with_points([replace(point, tier=draw(st.sampled_from([0, 1, 1, 7]))) for point in case.points])


@settings(deadline=None, max_examples=50)
@given(case=tiered())
def test_no_limit_is_exceeded(allocate: Allocate, case: Case) -> None:
    assert overruns(case, allocate(case.problem()).current_a.tolist()) == []


@settings(deadline=None, max_examples=50)
@given(case=tiered())
def test_the_first_tier_fares_as_if_it_were_alone(allocate: Allocate, case: Case) -> None:
    unlocked = case.with_points([replace(point, locked_on=False) for point in case.points])
    first = [index for index, point in enumerate(unlocked.points) if point.tier == 0]
    alone = allocate(unlocked.with_points([unlocked.points[index] for index in first]).problem())
    among = allocate(unlocked.problem()).current_a[first]
    assert among.tolist() == pytest.approx(alone.current_a.tolist(), abs=1e-9)


def test_tiers_on_different_phases_do_not_meet(allocate: Allocate) -> None:
    points = (Point(tier=GUARANTEED, phases=L1), Point(tier=FAIR, phases=L2))
    assert allocate(fuse(20, *points).problem()).current_a.tolist() == [20, 20]
