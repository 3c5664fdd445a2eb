"""What flows in the lines: exact phasor sums, and the first line that cannot carry them."""

from collections.abc import Callable
from dataclasses import replace
import math
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.line_to_line_sites import SPLIT, Case, Node, Point, cases, tenths
from tidewatt.kernels.line_to_line import L1, L1_L2, L2, L2_L3, L3, L3_L1, THREE_PHASE, LineCurrents, LineSharing

type Currents = Callable[..., LineCurrents]


@pytest.fixture
def currents(kernels: ModuleType) -> Currents:
    def ask(case: Case, *current_a: float) -> LineCurrents:
        sharing: LineSharing = kernels.line_to_line.LineSharing(case.site())
        return sharing.currents(case.request(), np.array(current_a, np.float64))

    return ask


def wired(*lines: int) -> Case:
    return Case(nodes=(Node(),), points=tuple(Point(lines=each) for each in lines))


@pytest.mark.parametrize(
    ("lines", "expected_a"),
    [
        ((L1,), (10, 0, 0, 10)),
        ((THREE_PHASE,), (10, 10, 10, 0)),
        ((L1_L2,), (10, 10, 0, 0)),
        ((L2_L3,), (0, 10, 10, 0)),
        ((L3_L1,), (10, 0, 10, 0)),
        ((L1, L2, L3), (10, 10, 10, 0)),
        ((L1, L2), (10, 10, 0, 10)),
        ((L1_L2, L3_L1), (10 * 3**0.5, 10, 10, 0)),
        ((L1_L2, L2_L3, L3_L1), (10 * 3**0.5,) * 3 + (0,)),
        ((L1_L2, L1), (10 * 2 * math.cos(math.pi / 12), 10, 0, 10)),
    ],
)
def test_currents_add_up_as_the_textbook_says(
    currents: Currents, lines: tuple[int, ...], expected_a: tuple[float, ...]
) -> None:
    answer = currents(wired(*lines), *[10.0] * len(lines))
    np.testing.assert_allclose(np.abs(answer.line_a)[0], expected_a, atol=1e-9)


def test_on_a_split_phase_the_neutral_carries_the_difference_and_the_worst_case_knows_it(currents: Currents) -> None:
    answer = currents(replace(wired(L1, L2, L1_L2), voltage_v=SPLIT), 10.0, 8.0, 20.0)
    np.testing.assert_allclose(np.abs(answer.line_a), [[30, 28, 0, 2]], atol=1e-9)
    np.testing.assert_allclose(answer.worst_a, [[30, 28, 0, 10]], atol=1e-9)


def test_power_factors_turn_the_currents(currents: Currents) -> None:
    points = (Point(lines=L1, lag_deg=30.0), Point(lines=L1, lag_deg=-30.0))
    answer = currents(Case(nodes=(Node(),), points=points), 10.0, 10.0)
    assert abs(answer.line_a[0, 0]) == pytest.approx(10 * 3**0.5)


def test_through_a_transformer_the_power_stays_and_opposite_lines_cancel(currents: Currents) -> None:
    """480 V to 120/208 V: a charger between L1 and L2 loads the primary lines by 1/4, 1/2 and 1/4."""
    case = Case(
        voltage_v=tuple(480 / 3**0.5 * np.exp(-1j * np.radians(angle)) for angle in (-30, 90, 210)),
        nodes=(Node(), Node(parent=0, turns_ratio=4.0)),
        points=(Point(circuit=1, lines=L1_L2), Point(circuit=1, lines=L2_L3), Point(circuit=1, lines=L3_L1)),
    )
    one = currents(case, 10.0, 0.0, 0.0)
    np.testing.assert_allclose(np.abs(one.line_a), [[2.5, 5.0, 2.5, 0.0], [10.0, 10.0, 0.0, 0.0]], atol=1e-9)
    power_va = (np.array(case.voltage_v) * one.line_a[0, :3].conj()).sum()
    assert power_va == pytest.approx(10.0 * 120 * 3**0.5)
    balanced = currents(case, 10.0, 10.0, 10.0)
    np.testing.assert_allclose(np.abs(balanced.line_a[0]), [7.5, 7.5, 7.5, 0], atol=1e-9)
    assert balanced.worst_a[0, 0] == pytest.approx(7.5)


def test_what_is_unsure_of_the_base_is_added_in_the_worst_direction(currents: Currents) -> None:
    case = Case(nodes=(Node(base_a=(3 + 4j, 0, 0), unsure_a=(2.0, 1.0, 0.0)),), points=(Point(lines=L1),))
    answer = currents(case, 0.0)
    np.testing.assert_allclose(answer.line_a, np.array([[3 + 4j, 0j, 0j, 3 + 4j]]))
    np.testing.assert_allclose(answer.worst_a, [[7, 1, 0, 8]])


def test_the_first_violated_line_is_named(currents: Currents) -> None:
    tree = (Node(limit_a=(99, 99, 99, 99)), Node(parent=0, limit_a=(30, 20, 30, 5)), Node(parent=1))
    case = Case(nodes=tree, points=(Point(circuit=2, lines=L1_L2), Point(circuit=2, lines=L3)))
    kept = currents(case, 20.0, 5.0)
    assert (kept.violated_circuit, kept.violated_line) == (-1, -1)
    line = currents(case, 20.1, 5.0)
    assert (line.violated_circuit, line.violated_line) == (1, 1)
    neutral = currents(case, 20.0, 5.1)
    assert (neutral.violated_circuit, neutral.violated_line) == (1, 3)


@settings(deadline=None, max_examples=60)
@given(case=cases(), data=st.data())
def test_the_sums_are_those_of_every_subset(kernels: ModuleType, case: Case, data: st.DataObject) -> None:
    current_a = np.array([data.draw(tenths(0, 40)) for _ in case.points], np.float64)
    answer = kernels.line_to_line.LineSharing(case.site()).currents(case.request(), current_a)
    np.testing.assert_allclose(answer.line_a, case.lines_a(current_a), atol=1e-9)
    np.testing.assert_allclose(answer.worst_a, case.worst_a(current_a), atol=1e-9)
    assert (answer.violated_circuit == -1) == case.holds(current_a)
