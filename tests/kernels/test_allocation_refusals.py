"""A problem that cannot be meant is refused with the field, the place and the remedy."""

from dataclasses import replace
import math
import re
from typing import Any

import numpy as np
import pytest

from tests.kernels.allocation_problems import Allocate, Case, Node, Point

CASE = Case(
    nodes=(Node(import_a=(25, 25, 25)), Node(parent=0), Node(parent=1)),
    points=(Point(circuit=1), Point(circuit=2, phases=4)),
)


@pytest.mark.parametrize(
    ("field", "index", "value", "message"),
    [
        ("parent", 0, 0, "parent[0]: 0"),
        ("parent", 1, 2, "parent[1]: 2"),
        ("parent", 2, 2, "parent[2]: 2"),
        ("parent", 2, -1, "parent[2]: -1"),
        ("parent", 1, -7, "parent[1]: -7"),
        ("import_limit_a", (1, 2), -1.0, "import_limit_a[1, 2]: -1.0"),
        ("import_limit_a", (0, 0), math.nan, "import_limit_a[0, 0]: nan"),
        ("export_limit_a", (2, 1), math.nan, "export_limit_a[2, 1]: nan"),
        ("total_import_limit_w", 1, -5.0, "total_import_limit_w[1]: -5.0"),
        ("total_export_limit_w", 1, math.nan, "total_export_limit_w[1]: nan"),
        ("imbalance_limit_a", 2, -0.1, "imbalance_limit_a[2]: -0.1"),
        ("base_a", (0, 1), math.nan, "base_a[0, 1]: nan"),
        ("base_a", (0, 1), math.inf, "base_a[0, 1]: inf"),
        ("voltage_v", 2, -230.0, "voltage_v[2]: -230.0"),
        ("voltage_v", 2, math.inf, "voltage_v[2]: inf"),
        ("circuit", 0, 3, "circuit[0]: 3"),
        ("circuit", 1, -1, "circuit[1]: -1"),
        ("phases", 1, 0, "phases[1]: 0"),
        ("phases", 1, 8, "phases[1]: 8"),
        ("direction", 0, 0, "direction[0]: 0"),
        ("direction", 0, -128, "direction[0]: -128"),
        ("minimum_a", 0, -6.0, "minimum_a[0]: -6.0"),
        ("minimum_a", 0, math.nan, "minimum_a[0]: nan"),
        ("maximum_a", 1, 5.0, "maximum_a[1]: 5.0"),
        ("maximum_a", 1, math.inf, "maximum_a[1]: inf"),
        ("step_a", 0, -1.0, "step_a[0]: -1.0"),
        ("step_a", 0, 1e-6, "step_a[0]: 1e-06"),
        ("step_a", 0, math.inf, "step_a[0]: inf"),
        ("weight", 1, 0.0, "weight[1]: 0.0"),
        ("weight", 1, math.inf, "weight[1]: inf"),
        ("weight", 1, 1e-12, "weight[1]: 1e-12"),
        ("weight", 0, math.nan, "weight[0]: nan"),
        ("maximum_a", 1, 1e9, "maximum_a[1]: 1000000000.0"),
        ("base_a", (2, 0), -1e9, "base_a[2, 0]: -1000000000.0"),
        ("deficit", 0, -1.0, "deficit[0]: -1.0"),
        ("deficit", 0, math.nan, "deficit[0]: nan"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_place(
    allocate: Allocate, field: str, index: Any, value: float, message: str
) -> None:
    problem = CASE.problem()
    getattr(problem, field)[index] = value
    with pytest.raises(ValueError, match=re.escape(f"{message} is not usable. Give ")):
        allocate(problem)


@pytest.mark.parametrize(
    ("field", "values", "got"),
    [
        ("parent", np.zeros(0, np.int32), "parent: shape (0,)"),
        ("parent", np.zeros((1, 1), np.int32), "parent: shape (1, 1)"),
        ("parent", np.array([-1, 0, 0], np.int64), "parent: int64[3]"),
        ("import_limit_a", np.zeros((3, 2)), "import_limit_a: float64[3, 2]"),
        ("base_a", np.zeros((3, 3), np.float32), "base_a: float32[3, 3]"),
        ("voltage_v", 230.0, "voltage_v: float"),
        ("weight", np.ones(3), "weight: float64[3]"),
        ("phases", np.ones(2, np.int64), "phases: int64[2]"),
        ("locked_on", [True, False], "locked_on: list"),
        ("circuit", np.int32(1), "circuit: int32"),
    ],
)
def test_an_array_of_the_wrong_shape_or_type_is_named(allocate: Allocate, field: str, values: Any, got: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{got} is not usable. Give ")):
        allocate(replace(CASE.problem(), **{field: values}))
