"""Discharge that a meter sees is counted on as room for charging, and no more of it."""

from dataclasses import replace
import math

from hypothesis import given, settings, strategies as st
import pytest

from tests.kernels.allocation_judge import overruns
from tests.kernels.allocation_problems import L1, L2, L3, L123, UNLIMITED, Allocate, Case, Node, Point, cases, fuse
from tidewatt.kernels.allocation import BindingCode


def discharging(maximum_a: float, relied_a: float, phases: int = L123) -> Point:
    return Point(direction=-1, maximum_a=maximum_a, relied_a=relied_a, phases=phases)


def test_metered_discharge_makes_room(allocate: Allocate) -> None:
    answer = allocate(fuse(10, Point(), discharging(16, 12)).problem())
    assert answer.current_a.tolist() == [22, -16]
    assert answer.headroom_a.tolist() == [[0, 0, 0]]


def test_no_more_is_counted_on_than_the_charger_is_given(allocate: Allocate) -> None:
    case = Case(nodes=(Node(import_a=(10,) * 3, export_a=(8,) * 3),), points=(Point(), discharging(16, 12)))
    answer = allocate(case.problem())
    assert answer.current_a.tolist() == [18, -8]
    assert answer.binding.tolist() == [BindingCode.CIRCUIT_CURRENT] * 2


def test_it_makes_room_on_its_own_phases_only(allocate: Allocate) -> None:
    case = fuse(10, Point(phases=L1), Point(phases=L2), discharging(16, 12, phases=L2))
    assert allocate(case.problem()).current_a.tolist() == [10, 22, -16]


def test_it_makes_room_in_the_power_limit(allocate: Allocate) -> None:
    case = Case(nodes=(Node(import_w=6900),), points=(Point(), discharging(16, 10)))
    assert allocate(case.problem()).current_a == pytest.approx([20, -16], abs=1e-9)


def test_it_lets_another_charger_be_on(allocate: Allocate) -> None:
    points = (Point(maximum_a=6), Point(maximum_a=6), discharging(16, 12))
    assert allocate(fuse(6, *points).problem()).current_a.tolist() == [6, 6, -16]


def test_a_charger_that_charges_is_not_counted_on(allocate: Allocate) -> None:
    assert allocate(fuse(10, Point(relied_a=20)).problem()).current_a.tolist() == [10]


def test_what_charging_leaves_of_an_imbalance_is_for_discharging(allocate: Allocate) -> None:
    """On L2 the first charger has two thirds of the imbalance to L3, the discharge the rest: 6.67 and 3.33 A.

    With the 2 A to count on, the three-phase charger rises to 6 A, the first falls to 6 A, and 4 A are left.
    """
    case = Case(
        nodes=(Node(import_a=(4, 12, UNLIMITED), imbalance_a=10),),
        points=(
            Point(phases=L2, minimum_a=0, weight=2),
            Point(minimum_a=0, weight=8),
            Point(phases=L3, minimum_a=0, direction=-1),
            Point(phases=L1, minimum_a=0, maximum_a=2, direction=-1, relied_a=2),
        ),
    )
    answer = allocate(case.problem())
    assert answer.current_a == pytest.approx([6, 6, -4, -2], abs=1e-9)
    assert answer.binding[2] == BindingCode.IMBALANCE


@st.composite
def relied(draw: st.DrawFn) -> Case:
    case = draw(cases())
    return case.with_points([replace(point, relied_a=draw(st.sampled_from([0.0, 5.0, 30.0]))) for point in case.points])


@settings(deadline=None, max_examples=50)
@given(case=relied(), data=st.data())
def test_no_limit_is_exceeded_while_the_metered_discharge_goes_on(
    allocate: Allocate, case: Case, data: st.DataObject
) -> None:
    given_a = allocate(case.problem()).current_a.tolist()
    taken_a = []
    for current_a, point in zip(given_a, case.points, strict=True):
        part_a = current_a * data.draw(st.sampled_from([0.0, 0.5, 1.0]))
        taken_a.append(min(part_a, max(current_a, -point.relied_a)) if current_a < 0 else part_a)
    assert [one for one in overruns(case, taken_a) if "export" not in one and "imbalance" not in one] == []
    assert overruns(case, given_a) == []


@settings(deadline=None, max_examples=50)
@given(case=relied())
def test_whoever_is_told_its_own_maximum_has_it(allocate: Allocate, case: Case) -> None:
    answer = allocate(case.problem())
    for index, point in enumerate(case.points):
        on_grid = math.floor(point.maximum_a / point.step_a + 1e-9) * point.step_a if point.step_a else point.maximum_a
        if answer.binding[index] == BindingCode.MAXIMUM and on_grid >= point.minimum_a:
            assert abs(answer.current_a[index]) == pytest.approx(on_grid, abs=1e-9)
