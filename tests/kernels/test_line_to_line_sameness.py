"""The same request has the same answer: again, from a used workspace, compiled or not; nonsense is refused."""

import copy
from dataclasses import fields, replace
import math
import re
from types import ModuleType
from typing import Any

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.line_to_line_sites import NONE, Case, Node, Point, cases, office
from tidewatt.kernels import line_to_line
from tidewatt.kernels.line_to_line import LineRequest, LineShare, LineSharing, LineSite

STEPS = (0.0, 0.1, 1.0)
CASE = Case(
    nodes=(Node(limit_a=(30, 30, 30, NONE)), Node(parent=0)), points=(Point(), Point(circuit=1, lines=6, weight=2.0))
)


def assert_same(one: LineShare, other: LineShare) -> None:
    for field in fields(LineShare):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)


def test_the_package_says_whether_it_is_compiled(uncompiled: ModuleType) -> None:
    modules = (line_to_line._admission, line_to_line._filling)
    assert all(not str(module.__file__).endswith(".py") for module in modules) == line_to_line.COMPILED
    assert uncompiled.line_to_line.COMPILED is False


@settings(deadline=None, max_examples=60)
@given(case=cases(steps=STEPS))
def test_compiled_and_uncompiled_give_the_same_numbers(uncompiled: ModuleType, case: Case) -> None:
    one, other = LineSharing(case.site()), uncompiled.line_to_line.LineSharing(case.site())
    answer = one.share(case.request())
    assert_same(answer, other.share(case.request()))
    flows, others = (each.currents(case.request(), answer.current_a) for each in (one, other))
    np.testing.assert_array_equal(flows.line_a, others.line_a)
    np.testing.assert_array_equal(flows.worst_a, others.worst_a)


@settings(deadline=None, max_examples=30)
@given(case=cases(steps=STEPS))
def test_a_used_workspace_answers_like_a_new_one_and_changes_no_input(kernels: ModuleType, case: Case) -> None:
    sharing = kernels.line_to_line.LineSharing(case.site())
    request = case.request()
    untouched = copy.deepcopy(request)
    first = sharing.share(request)
    sharing.share(replace(request, limit_a=request.limit_a * 0.5))
    sharing.currents(request, np.zeros(len(case.points)))
    assert_same(sharing.share(request), first)
    for field in fields(LineRequest):
        np.testing.assert_array_equal(getattr(request, field.name), getattr(untouched, field.name))


def test_a_large_office_is_the_same_compiled_and_uncompiled(uncompiled: ModuleType) -> None:
    case = office(3, 200, limit_a=1500.0, transformer_a=700.0)
    answer = LineSharing(case.site()).share(case.request())
    assert_same(answer, uncompiled.line_to_line.LineSharing(case.site()).share(case.request()))


@pytest.mark.parametrize(
    ("field", "index", "value"),
    [
        ("voltage_v", 0, complex(math.nan, 0)),
        ("voltage_v", 1, 1e9),
        ("parent", 0, 0),
        ("parent", 1, 1),
        ("parent", 1, -1),
        ("turns_ratio", 0, 1.0),
        ("turns_ratio", 1, -4.0),
        ("turns_ratio", 1, math.inf),
        ("circuit", 0, 2),
        ("circuit", 1, -1),
        ("lines", 0, 0),
        ("lines", 0, 8),
        ("lag_deg", 1, math.nan),
        ("lag_deg", 1, 91.0),
        ("limit_a", (0, 0), -1.0),
        ("limit_a", (1, 3), math.nan),
        ("base_a", (0, 1), complex(0, math.inf)),
        ("base_unsure_a", (0, 1), -1.0),
        ("minimum_a", 0, -6.0),
        ("maximum_a", 0, 5.0),
        ("maximum_a", 0, 1e9),
        ("step_a", 0, 1e-9),
        ("weight", 1, 0.0),
        ("weight", 1, math.nan),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_place(
    kernels: ModuleType, field: str, index: Any, value: Any
) -> None:
    site, request = CASE.site(), CASE.request()
    getattr(site if field in LineSite.__slots__ else request, field)[index] = value
    where = ", ".join(map(str, index)) if isinstance(index, tuple) else str(index)
    with pytest.raises(ValueError, match=re.escape(f"{field}[{where}]: ") + ".* is not usable. Give "):
        kernels.line_to_line.LineSharing(site).share(request)


def test_too_many_directions_in_one_line_are_refused(kernels: ModuleType) -> None:
    points = tuple(Point(lines=1, lag_deg=index / 10) for index in range(33))
    with pytest.raises(ValueError, match=r"lag_deg: 33 different directions .* are not usable. Round "):
        kernels.line_to_line.LineSharing(Case(nodes=(Node(),), points=points).site())


def test_currents_that_cannot_be_are_refused(kernels: ModuleType) -> None:
    sharing = kernels.line_to_line.LineSharing(CASE.site())
    for current_a in (np.zeros(3), np.array([1.0, -1.0]), np.array([1.0, math.nan]), [1.0, 2.0], None):
        with pytest.raises(ValueError, match=r"^current_a.* is not usable. Give "):
            sharing.currents(CASE.request(), current_a)


DTYPES = (np.float64, np.int32, np.uint8, np.complex128, np.float32, np.int64, np.bool_)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_whatever_bytes_are_thrown_at_it_it_answers_or_refuses(kernels: ModuleType, data: st.DataObject) -> None:
    def thrown(values: np.ndarray[Any, Any]) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            shape = data.draw(st.lists(st.integers(0, 3), max_size=2))
            return np.zeros(shape, data.draw(st.sampled_from(DTYPES)))
        size = values.nbytes
        return np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), values.dtype).reshape(values.shape)

    def any_of(example: Any) -> Any:
        names = [field.name for field in fields(example) if data.draw(st.integers(0, 4)) == 0]
        return replace(example, **{name: thrown(getattr(example, name)) for name in names})

    try:
        with np.errstate(all="ignore"):
            sharing = kernels.line_to_line.LineSharing(any_of(CASE.site()))
            answer = sharing.share(any_of(CASE.request()))
            sharing.currents(CASE.request(), thrown(answer.current_a))
    except ValueError:
        return
    assert np.isfinite(answer.current_a).all()


def test_a_tree_deeper_than_anything_built_is_refused(kernels: ModuleType) -> None:
    nodes = (Node(), *(Node(parent=level) for level in range(64)))
    with pytest.raises(ValueError, match=re.escape("parent[64]: 63 is not usable. ") + ".* at most 64 levels"):
        kernels.line_to_line.LineSharing(Case(nodes=nodes, points=(Point(),)).site())
