"""Chargers that know whole steps only."""

from hypothesis import given, settings
import pytest

from tests.kernels.allocation_judge import constraints
from tests.kernels.allocation_problems import Allocate, Case, Point, cases, fuse
from tidewatt.kernels.allocation import BindingCode


@settings(deadline=None, max_examples=50)
@given(case=cases(steps=(0.1, 0.7, 1.0)))
def test_every_current_is_a_whole_number_of_steps(allocate: Allocate, case: Case) -> None:
    for point, current_a in zip(case.points, allocate(case.problem()).current_a.tolist(), strict=True):
        assert current_a == round(current_a / point.step_a) * point.step_a


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_whoever_is_on_below_the_maximum_has_no_room_for_another_step(allocate: Allocate, case: Case) -> None:
    answer = allocate(case.problem())
    taken = [abs(current_a) for current_a in answer.current_a.tolist()]
    rules = constraints(case)
    for index, point in enumerate(case.points):
        if answer.binding[index] in {BindingCode.MAXIMUM, BindingCode.BELOW_MINIMUM}:
            continue
        more_a = point.step_a or 1e-5
        assert any(
            sum(float(a) * taken[other] for other, a in rule.per_a.items()) + float(rule.per_a[index]) * more_a
            > float(rule.room)
            for rule in rules
            if index in rule.per_a
        )


def test_a_step_left_over_goes_to_whoever_lacks_most_for_its_weight(allocate: Allocate) -> None:
    """Fair are 7.5 and 22.5 A; rounded down, both lack half an ampere, which is more to the lighter one."""
    case = fuse(30, Point(step_a=1, weight=1), Point(step_a=1, weight=3))
    assert allocate(case.problem()).current_a.tolist() == [8, 22]


def test_what_rounding_frees_goes_to_a_charger_without_steps(allocate: Allocate) -> None:
    case = fuse(25, Point(step_a=4), Point())
    assert allocate(case.problem()).current_a == pytest.approx([12, 13], abs=1e-9)


def test_a_minimum_off_the_grid_is_rounded_up(allocate: Allocate) -> None:
    case = fuse(6.5, Point(step_a=4, minimum_a=6))
    answer = allocate(case.problem())
    assert (answer.current_a.tolist(), answer.binding.tolist()) == ([0], [BindingCode.BELOW_MINIMUM])


def test_a_range_without_a_grid_point_is_a_pause_by_the_charger_s_own_maximum(allocate: Allocate) -> None:
    answer = allocate(fuse(25, Point(step_a=4, minimum_a=6, maximum_a=7)).problem())
    assert (answer.current_a.tolist(), answer.binding.tolist()) == ([0], [BindingCode.MAXIMUM])


def test_a_maximum_off_the_grid_is_rounded_down_and_named(allocate: Allocate) -> None:
    answer = allocate(fuse(25, Point(step_a=1, maximum_a=15.9)).problem())
    assert (answer.current_a.tolist(), answer.binding.tolist()) == ([15], [BindingCode.MAXIMUM])


def test_a_tenth_of_an_ampere_is_kept_in_spite_of_binary_rounding(allocate: Allocate) -> None:
    case = fuse(16.3, Point(step_a=0.1, maximum_a=16), base_a=(0.1, 0.2, 0.3))
    assert allocate(case.problem()).current_a == pytest.approx([16], abs=1e-9)


def test_a_minimum_on_the_grid_stays_there_in_spite_of_binary_rounding(allocate: Allocate) -> None:
    case = fuse(4.5, Point(step_a=0.7, minimum_a=4.2, maximum_a=4.2))
    assert allocate(case.problem()).current_a == pytest.approx([4.2], abs=1e-9)
