"""A problem that cannot be meant is refused with the field, the place and the remedy."""

from dataclasses import replace
import math
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.kernels.planning_problems import Node, Site, Unit

SITE = Site(
    buy=(0.1, 0.2, 0.3),
    nodes=(Node(), Node(parent=0), Node(parent=1)),
    units=(Unit(), Unit(circuit=2, floor_kwh=5.0)),
    peak=(0, 0, -1),
    peak_price=(1.0,),
    peak_so_far_kw=(2.0,),
)


@pytest.mark.parametrize(
    ("field", "index", "value", "message"),
    [
        ("parent", 0, 0, "parent[0]: 0"),
        ("parent", 1, 2, "parent[1]: 2"),
        ("parent", 2, -1, "parent[2]: -1"),
        ("import_price_per_kwh", 1, math.nan, "import_price_per_kwh[1]: nan"),
        ("export_price_per_kwh", 0, math.inf, "export_price_per_kwh[0]: inf"),
        ("co2_kg_per_kwh", 2, -0.1, "co2_kg_per_kwh[2]: -0.1"),
        ("peak", 1, 1, "peak[1]: 1"),
        ("peak", 1, -2, "peak[1]: -2"),
        ("peak_price_per_kw", 0, -1.0, "peak_price_per_kw[0]: -1.0"),
        ("peak_so_far_kw", 0, math.nan, "peak_so_far_kw[0]: nan"),
        ("import_limit_kw", (1, 2), -1.0, "import_limit_kw[1, 2]: -1.0"),
        ("export_limit_kw", (2, 0), math.nan, "export_limit_kw[2, 0]: nan"),
        ("base_kw", (0, 1), math.inf, "base_kw[0, 1]: inf"),
        ("circuit", 0, 3, "circuit[0]: 3"),
        ("arrival_slot", 1, 3, "arrival_slot[1]: 3"),
        ("arrival_slot", 1, -1, "arrival_slot[1]: -1"),
        ("departure_slot", 0, 0, "departure_slot[0]: 0"),
        ("departure_slot", 0, 4, "departure_slot[0]: 4"),
        ("charge_limit_kw", 0, math.inf, "charge_limit_kw[0]: inf"),
        ("discharge_limit_kw", 1, -1.0, "discharge_limit_kw[1]: -1.0"),
        ("minimum_kw", 1, math.nan, "minimum_kw[1]: nan"),
        ("charge_efficiency", 0, 0.0, "charge_efficiency[0]: 0.0"),
        ("discharge_efficiency", 0, 1.1, "discharge_efficiency[0]: 1.1"),
        ("wear_per_kwh", 0, -0.1, "wear_per_kwh[0]: -0.1"),
        ("energy_kwh", 0, -1.0, "energy_kwh[0]: -1.0"),
        ("floor_kwh", 1, math.nan, "floor_kwh[1]: nan"),
        ("ceiling_kwh", 1, 4.0, "ceiling_kwh[1]: 4.0"),
        ("target_kwh", 0, 51.0, "target_kwh[0]: 51.0"),
        ("unmet_price_per_kwh", 0, math.inf, "unmet_price_per_kwh[0]: inf"),
        ("end_value_per_kwh", 1, 6.0, "end_value_per_kwh[1]: 6.0"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_its_place(
    kernels: ModuleType, field: str, index: Any, value: float, message: str
) -> None:
    problem = SITE.problem()
    getattr(problem, field)[index] = value
    with pytest.raises(ValueError, match=re.escape(f"{message} is not usable. Give ")):
        kernels.planning.plan(problem)


@pytest.mark.parametrize(
    ("field", "values", "got"),
    [
        ("slot_h", 0.0, "slot_h: 0.0"),
        ("slot_h", math.nan, "slot_h: nan"),
        ("co2_price_per_kg", "much", "co2_price_per_kg: 'much'"),
        ("import_price_per_kwh", np.zeros(0), "import_price_per_kwh: shape (0,)"),
        ("import_price_per_kwh", 0.1, "import_price_per_kwh: shape ()"),
        ("export_price_per_kwh", np.zeros(2), "export_price_per_kwh: float64[2]"),
        ("parent", np.zeros(0, np.int32), "parent: shape (0,)"),
        ("parent", np.array([-1, 0, 0]), "parent: int64[3]"),
        ("import_limit_kw", np.zeros((3, 2)), "import_limit_kw: float64[3, 2]"),
        ("base_kw", np.zeros((3, 3), np.float32), "base_kw: float32[3, 3]"),
        ("base_kw", np.zeros((3, 3)).T[::-1], "base_kw: an array with strides"),
        ("charge_limit_kw", [1.0, 2.0], "charge_limit_kw: list"),
    ],
)
def test_an_array_of_the_wrong_shape_or_type_is_named(kernels: ModuleType, field: str, values: Any, got: str) -> None:
    with pytest.raises(ValueError, match=re.escape(got)):
        kernels.planning.plan(replace(SITE.problem(), **{field: values}))


def test_a_tree_deeper_than_anything_built_is_refused(kernels: ModuleType) -> None:
    site = replace(SITE, nodes=tuple(Node(parent=level - 1) for level in range(65)))
    with pytest.raises(ValueError, match=re.escape("parent[64]: 63 is not usable. ") + ".* at most 64 levels"):
        kernels.planning.plan(site.problem())
