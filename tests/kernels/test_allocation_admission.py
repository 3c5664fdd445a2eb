"""Who is on when not everybody can be."""

from dataclasses import replace

from hypothesis import given, settings, strategies as st
import pytest

from tests.kernels.allocation_judge import best_score, scores
from tests.kernels.allocation_problems import L1, L2, L12, L123, Allocate, Case, Node, Point, fuse, nodes, points
from tidewatt.kernels.allocation import INCUMBENT_BONUS, BindingCode


def who_is_on(allocate: Allocate, case: Case) -> list[bool]:
    return [bool(current_a) for current_a in allocate(case.problem()).current_a]


def test_the_heavier_charger_is_on_when_only_one_can_be(allocate: Allocate) -> None:
    assert who_is_on(allocate, fuse(10, Point(weight=1), Point(weight=2))) == [False, True]


def test_the_one_that_is_on_stays_on_against_a_slightly_heavier_one(allocate: Allocate) -> None:
    assert who_is_on(allocate, fuse(10, Point(incumbent=True), Point(weight=1.2))) == [True, False]


def test_the_one_that_is_on_yields_to_a_much_heavier_one(allocate: Allocate) -> None:
    assert who_is_on(allocate, fuse(10, Point(incumbent=True), Point(weight=1.3))) == [False, True]


def test_waiting_outgrows_every_weight(allocate: Allocate) -> None:
    case = fuse(10, Point(weight=50, incumbent=True), Point(weight=0.1, deficit=70))
    assert who_is_on(allocate, case) == [False, True]


def test_a_locked_charger_is_on_before_any_other(allocate: Allocate) -> None:
    case = fuse(10, Point(weight=0.1, locked_on=True), Point(weight=50, incumbent=True, deficit=100))
    assert who_is_on(allocate, case) == [True, False]


def test_many_that_need_little_are_on_before_one_in_the_way_of_all(allocate: Allocate) -> None:
    """By score alone the three-phase charger would come first."""
    case = fuse(6, Point(weight=2, phases=L123), Point(weight=1.5, phases=L1), Point(weight=1.5, phases=L2))
    assert who_is_on(allocate, case) == [False, True, True]


def test_an_exchange_finds_what_neither_order_does(allocate: Allocate) -> None:
    """Orders by score and by density both begin with the first charger, which blocks the other two."""
    nodes_ = (Node(import_a=(12, 100, 100)),)
    sizes = ((7.0, 8.0), (6.0, 6.5), (6.0, 6.5))
    case = Case(
        nodes=nodes_,
        points=tuple(Point(phases=L1, minimum_a=minimum_a, weight=weight) for minimum_a, weight in sizes),
    )
    assert who_is_on(allocate, case) == [False, True, True]


def test_the_better_of_two_orders_stays(allocate: Allocate) -> None:
    """Exchanges from the order by score end at 5.5."""
    sizes = ((L123, 12, 3), (L12, 6, 2.5), (L1, 6, 1.5), (L1, 6, 2), (L12, 12, 2.5))
    case = fuse(18, *(Point(phases=phases, minimum_a=low_a, weight=weight) for phases, low_a, weight in sizes))
    assert who_is_on(allocate, case) == [False, True, True, True, False]


def test_a_charger_without_a_minimum_takes_what_is_left(allocate: Allocate) -> None:
    assert allocate(fuse(8, Point(minimum_a=0, weight=1), Point(weight=9)).problem()).current_a == pytest.approx(
        [0.8, 7.2], abs=1e-9
    )


@st.composite
def one_class(draw: st.DrawFn) -> Case:
    """Return chargers of one phase class with equal minima, where descending score is optimal."""
    tree = tuple(replace(node, imbalance_a=float("inf"), import_w=float("inf")) for node in draw(nodes(max_size=4)))
    phases = draw(st.sampled_from([L1, L123]))
    chargers = draw(st.lists(points(len(tree), (0.0,)), max_size=7))
    return Case(
        nodes=tree,
        points=tuple(
            replace(point, phases=phases, direction=1, minimum_a=6.0, maximum_a=16.0, locked_on=False)
            for point in chargers
        ),
    )


@settings(deadline=None, max_examples=50)
@given(case=one_class())
def test_in_one_phase_class_no_set_of_chargers_has_a_higher_score(allocate: Allocate, case: Case) -> None:
    on = who_is_on(allocate, case)
    won = sum(score for score, is_on in zip(scores(case, INCUMBENT_BONUS), on, strict=True) if is_on)
    assert won == pytest.approx(best_score(case, INCUMBENT_BONUS), abs=1e-9)


@settings(deadline=None, max_examples=50)
@given(case=one_class())
def test_who_is_on_stays_on_when_nothing_else_changes(allocate: Allocate, case: Case) -> None:
    fresh = case.with_points([replace(point, incumbent=False) for point in case.points])
    first = allocate(fresh.problem())
    again = allocate(
        fresh.with_points(
            [replace(point, incumbent=bool(a)) for point, a in zip(fresh.points, first.current_a, strict=True)]
        ).problem()
    )
    assert again.current_a.tolist() == first.current_a.tolist()


@settings(deadline=None, max_examples=50)
@given(
    limit_a=st.integers(6, 40),
    chargers=st.lists(st.tuples(st.integers(1, 7), st.sampled_from([1.0, 1.5, 2.0, 4.0])), min_size=1, max_size=7),
)
def test_in_mixed_phases_the_score_is_near_the_best(
    allocate: Allocate, limit_a: int, chargers: list[tuple[int, float]]
) -> None:
    case = fuse(limit_a, *(Point(phases=phases, weight=weight) for phases, weight in chargers))
    on = who_is_on(allocate, case)
    won = sum(score for score, is_on in zip(scores(case, INCUMBENT_BONUS), on, strict=True) if is_on)
    assert won >= 0.75 * best_score(case, INCUMBENT_BONUS)


def test_a_refused_charger_is_told_the_circuit_and_phase_that_lack_most(allocate: Allocate) -> None:
    tree = (Node(import_a=(20, 20, 20)), Node(parent=0, import_a=(16, 16, 16), base_a=(11, 13, 5)))
    answer = allocate(Case(nodes=tree, points=(Point(circuit=1),)).problem())
    assert answer.binding.tolist() == [BindingCode.BELOW_MINIMUM]
    assert (answer.binding_circuit.tolist(), answer.binding_phase.tolist()) == ([1], [1])
