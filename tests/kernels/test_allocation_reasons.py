"""Every charger is told the constraint that kept it from more, and it is true."""

from hypothesis import given, settings
import pytest

from tests.kernels.allocation_judge import Constraint, constraints
from tests.kernels.allocation_problems import L1, L2, Allocate, Case, Node, Point, cases, fuse
from tidewatt.kernels.allocation import BindingCode

KINDS = {
    BindingCode.CIRCUIT_CURRENT: "current",
    BindingCode.CIRCUIT_POWER: "power",
    BindingCode.IMBALANCE: "imbalance",
}


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_the_named_constraint_has_no_room_for_more(allocate: Allocate, case: Case) -> None:
    answer = allocate(case.problem())
    taken = [abs(current_a) for current_a in answer.current_a.tolist()]
    for index, point in enumerate(case.points):
        code = BindingCode(int(answer.binding[index]))
        where = (int(answer.binding_circuit[index]), int(answer.binding_phase[index]))
        if code == BindingCode.MAXIMUM:
            assert where == (-1, -1)
            assert taken[index] + (point.step_a or 1e-9) > point.maximum_a - 1e-6 or not on_grid(point)
        elif code == BindingCode.BELOW_MINIMUM:
            assert taken[index] == 0
            assert any(lacks(rule, index, taken, point.minimum_a + point.step_a) for rule in named(case, index, where))
        else:
            rules = [rule for rule in named(case, index, where) if rule.kind == KINDS[code]]
            assert any(lacks(rule, index, taken, point.step_a or 1e-5) for rule in rules)


def on_grid(point: Point) -> bool:
    """Return whether the charger's grid has a point within its range."""
    return not point.step_a or point.maximum_a // point.step_a * point.step_a >= point.minimum_a


def named(case: Case, index: int, where: tuple[int, int]) -> list[Constraint]:
    """Return the constraints of a charger at a circuit and phase."""
    return [rule for rule in constraints(case) if (rule.circuit, rule.phase) == where and index in rule.per_a]


def lacks(rule: Constraint, index: int, taken: list[float], more_a: float) -> bool:
    """Return whether a constraint has no room for so much more of one charger."""
    total = sum(float(per_a) * taken[other] for other, per_a in rule.per_a.items())
    return total + float(rule.per_a[index]) * more_a > float(rule.room)


@settings(deadline=None, max_examples=50)
@given(case=cases())
def test_every_charger_has_a_reason(allocate: Allocate, case: Case) -> None:
    assert BindingCode.NONE not in allocate(case.problem()).binding.tolist()


@pytest.mark.parametrize(
    ("node", "code", "phase"),
    [
        (Node(import_a=(20, 12, 20)), BindingCode.CIRCUIT_CURRENT, 1),
        (Node(import_w=6900), BindingCode.CIRCUIT_POWER, -1),
    ],
)
def test_a_tight_branch_is_named(allocate: Allocate, node: Node, code: BindingCode, phase: int) -> None:
    tree = (Node(import_a=(63, 63, 63)), Node(parent=0, import_a=node.import_a, import_w=node.import_w))
    answer = allocate(Case(nodes=tree, points=(Point(circuit=1),)).problem())
    assert (answer.binding[0], answer.binding_circuit[0], answer.binding_phase[0]) == (code, 1, phase)


def test_imbalance_names_the_phase_that_would_be_too_high(allocate: Allocate) -> None:
    case = Case(nodes=(Node(imbalance_a=10, base_a=(3, 0, 1)),), points=(Point(phases=L1), Point(phases=L2)))
    answer = allocate(case.problem())
    assert answer.binding.tolist() == [BindingCode.IMBALANCE] * 2
    assert answer.binding_phase.tolist() == [0, 1]


def test_of_two_tight_circuits_the_nearer_is_named(allocate: Allocate) -> None:
    tree = (Node(import_a=(16, 16, 16)), Node(parent=0, import_a=(16, 16, 16)))
    answer = allocate(Case(nodes=tree, points=(Point(circuit=1),)).problem())
    assert answer.binding_circuit.tolist() == [1]


def test_a_limit_that_is_just_the_maximum_does_not_bind(allocate: Allocate) -> None:
    answer = allocate(fuse(48, Point(maximum_a=16), Point(), base_a=(0.1, 0.1, 0.1)).problem())
    assert answer.binding.tolist() == [BindingCode.MAXIMUM, BindingCode.CIRCUIT_CURRENT]
    assert allocate(fuse(32, Point()).problem()).binding.tolist() == [BindingCode.MAXIMUM]


def test_a_limit_short_of_the_maximum_by_binary_rounding_does_not_bind(allocate: Allocate) -> None:
    base_a = 0.1 + 0.2
    answer = allocate(fuse(32.3, Point(minimum_a=0), base_a=(base_a,) * 3).problem())
    assert 32.3 - base_a < 32
    assert (answer.current_a.tolist(), answer.binding.tolist()) == ([32], [BindingCode.MAXIMUM])
