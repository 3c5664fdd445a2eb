"""No allocation breaks a limit, whatever the vehicles then really do."""

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.allocation_judge import overruns
from tests.kernels.allocation_problems import (
    L1,
    L2,
    L12,
    L123,
    UNLIMITED,
    Allocate,
    Case,
    Node,
    Point,
    cases,
    fuse,
    seeded_case,
)
from tidewatt.kernels.allocation import BindingCode


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_no_limit_is_exceeded(allocate: Allocate, case: Case) -> None:
    assert overruns(case, allocate(case.problem()).current_a.tolist()) == []


@settings(deadline=None, max_examples=50)
@given(case=cases(), data=st.data())
def test_no_limit_is_exceeded_when_any_charger_takes_less_or_nothing(
    allocate: Allocate, case: Case, data: st.DataObject
) -> None:
    given_a = allocate(case.problem()).current_a.tolist()
    taken_a = [a * data.draw(st.sampled_from([0.0, 0.0, 0.3, 1.0])) for a in given_a]
    assert overruns(case, taken_a) == []


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_no_limit_is_exceeded_when_every_discharge_fails(allocate: Allocate, case: Case) -> None:
    assert overruns(case, np.maximum(allocate(case.problem()).current_a, 0).tolist()) == []


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_every_current_is_zero_or_within_its_signed_range(allocate: Allocate, case: Case) -> None:
    for point, current_a in zip(case.points, allocate(case.problem()).current_a.tolist(), strict=True):
        magnitude_a = current_a * point.direction
        assert current_a == 0 or point.minimum_a - 1e-9 <= magnitude_a <= point.maximum_a + 1e-9


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_headroom_is_what_charging_leaves_of_the_import_limit(allocate: Allocate, case: Case) -> None:
    problem = case.problem()
    answer = allocate(problem)
    left_a = problem.import_limit_a - problem.base_a
    for index, point in enumerate(case.points):
        circuit = point.circuit
        while circuit >= 0 and point.direction > 0:
            left_a[circuit] -= answer.current_a[index] * np.array(
                [bool(point.phases >> phase & 1) for phase in range(3)]
            )
            circuit = case.nodes[circuit].parent
    np.testing.assert_allclose(answer.headroom_a, left_a, atol=1e-9)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("step_a", [0.0, 1.0])
def test_a_street_of_sixty_chargers_keeps_every_limit(allocate: Allocate, seed: int, step_a: float) -> None:
    case = seeded_case(seed, 60, step_a)
    assert overruns(case, allocate(case.problem()).current_a.tolist()) == []


def test_discharging_makes_no_room_for_charging(allocate: Allocate) -> None:
    case = fuse(10, Point(), Point(direction=-1, maximum_a=16))
    assert allocate(case.problem()).current_a.tolist() == [10, -16]


def test_charging_makes_no_room_for_discharging(allocate: Allocate) -> None:
    case = Case(nodes=(Node(export_a=(8, 8, 8)),), points=(Point(maximum_a=32), Point(direction=-1, maximum_a=32)))
    assert allocate(case.problem()).current_a.tolist() == [32, -8]


def test_the_house_load_makes_room_for_discharging(allocate: Allocate) -> None:
    case = Case(nodes=(Node(export_a=(0, 0, 0), base_a=(9, 12, 11)),), points=(Point(direction=-1),))
    assert allocate(case.problem()).current_a.tolist() == [-9]


def test_sun_behind_the_meter_makes_room_for_charging(allocate: Allocate) -> None:
    assert allocate(fuse(10, Point(), base_a=(-12, -8, -10)).problem()).current_a.tolist() == [18]


@pytest.mark.parametrize("minimum_a", [0.0, 6.0])
def test_a_base_above_its_limit_pauses_even_the_locked_and_says_where(allocate: Allocate, minimum_a: float) -> None:
    nodes = (Node(import_a=(63, 63, 63)), Node(parent=0, import_a=(16, 16, 16), base_a=(10, 16.5, 3)))
    locked = Point(circuit=1, minimum_a=minimum_a, locked_on=True)
    answer = allocate(Case(nodes=nodes, points=(locked,)).problem())
    assert answer.current_a.tolist() == [0]
    assert answer.binding[0] == (BindingCode.BELOW_MINIMUM if minimum_a else BindingCode.CIRCUIT_CURRENT)
    assert (answer.binding_circuit[0], answer.binding_phase[0]) == (1, 1)
    assert answer.headroom_a[1].tolist() == [6, -0.5, 13]


def test_a_power_limit_counts_the_voltage_of_each_phase(allocate: Allocate) -> None:
    case = Case(nodes=(Node(import_w=6900),), points=(Point(phases=L1), Point(phases=L2)), voltage_v=(230, 115, 230))
    assert allocate(case.problem()).current_a == pytest.approx([20, 20], abs=1e-9)


def test_a_three_phase_charger_is_free_of_the_imbalance_limit(allocate: Allocate) -> None:
    case = Case(nodes=(Node(imbalance_a=20),), points=(Point(phases=L1), Point(phases=L123)))
    assert allocate(case.problem()).current_a.tolist() == [20, 32]


def test_a_load_on_another_phase_is_not_relied_on_against_imbalance(allocate: Allocate) -> None:
    case = Case(nodes=(Node(imbalance_a=20),), points=(Point(phases=L1), Point(phases=L2)))
    assert allocate(case.problem()).current_a.tolist() == [20, 20]


def test_two_phases_of_one_charger_load_the_third_s_imbalance_once(allocate: Allocate) -> None:
    case = Case(nodes=(Node(imbalance_a=20, base_a=(5, 5, 2)),), points=(Point(phases=L12),))
    assert allocate(case.problem()).current_a.tolist() == [17]


def test_charging_and_discharging_unbalance_together(allocate: Allocate) -> None:
    case = Case(nodes=(Node(imbalance_a=20),), points=(Point(phases=L1), Point(phases=L2, direction=-1)))
    assert allocate(case.problem()).current_a.tolist() == [10, -10]


def test_a_base_out_of_balance_leaves_the_light_phases_usable(allocate: Allocate) -> None:
    case = Case(
        nodes=(Node(imbalance_a=10, base_a=(25, 5, 5)),), points=(Point(phases=L1), Point(phases=L2, maximum_a=16))
    )
    answer = allocate(case.problem())
    assert answer.current_a.tolist() == [0, 10]
    assert answer.binding.tolist() == [BindingCode.BELOW_MINIMUM, BindingCode.IMBALANCE]
    assert answer.binding_phase.tolist() == [0, 1]


def test_a_site_without_chargers_has_headroom_only(allocate: Allocate) -> None:
    answer = allocate(fuse(25, base_a=(4, 3, 5)).problem())
    assert answer.current_a.shape == answer.binding.shape == (0,)
    assert answer.headroom_a.tolist() == [[21, 22, 20]]


def test_without_limits_everybody_gets_the_maximum(allocate: Allocate) -> None:
    answer = allocate(fuse(UNLIMITED, Point(), Point(maximum_a=16)).problem())
    assert answer.current_a.tolist() == [32, 16]
    assert answer.binding.tolist() == [BindingCode.MAXIMUM] * 2
    assert answer.headroom_a.tolist() == [[UNLIMITED] * 3]
