"""Says what is wrong with a problem that cannot be meant: the field, the index, the value and the remedy."""

from __future__ import annotations

import numpy as np

from tidewatt.kernels.validation import MOST_LEVELS, check_array

from ._checks import FIELDS, LARGEST_A, LARGEST_BASE_A, LARGEST_DEFICIT, LARGEST_V, SMALLEST_STEP_A, SMALLEST_V
from .problem import AllocationProblem

CIRCUIT_SHAPES: dict[str, tuple[type[np.generic], tuple[int, ...]]] = {
    "parent": (np.int32, ()),
    "import_limit_a": (np.float64, (3,)),
    "export_limit_a": (np.float64, (3,)),
    "base_a": (np.float64, (3,)),
    "total_import_limit_w": (np.float64, ()),
    "total_export_limit_w": (np.float64, ()),
    "imbalance_limit_a": (np.float64, ()),
}
CHARGER_SHAPES: dict[str, type[np.generic]] = {
    "circuit": np.int32,
    "phases": np.uint8,
    "minimum_a": np.float64,
    "maximum_a": np.float64,
    "direction": np.int8,
    "step_a": np.float64,
    "weight": np.float64,
    "locked_on": np.bool_,
    "incumbent": np.bool_,
    "deficit": np.float64,
    "tier": np.uint8,
    "relied_a": np.float64,
}

LIMIT = "Give a magnitude, zero or more; infinity for no limit."
REMEDIES = {
    "parent": (
        "Give the index of a circuit listed before, -1 for the first; there is one root, no cycle, and at most "
        f"{MOST_LEVELS} levels."
    ),
    "import_limit_a": LIMIT,
    "export_limit_a": LIMIT,
    "base_a": f"Give a signed current of at most {LARGEST_BASE_A:g} A; 0 where there is no meter.",
    "total_import_limit_w": LIMIT,
    "total_export_limit_w": LIMIT,
    "imbalance_limit_a": LIMIT,
    "voltage_v": f"Give {SMALLEST_V:g} to {LARGEST_V:g} V to neutral, or 0 for a phase that does not exist.",
    "circuit": "Give the index of a circuit.",
    "phases": "Give a mask of one to three phases, 1 to 7.",
    "direction": "Give 1 to charge or -1 to discharge.",
    "minimum_a": f"Give a magnitude from 0 to {LARGEST_A:g} A.",
    "maximum_a": f"Give a current from minimum_a to {LARGEST_A:g} A.",
    "step_a": f"Give 0 for any current, or a step of {SMALLEST_STEP_A:g} to {LARGEST_A:g} A.",
    "weight": "Give a share, 1e-9 to 1e9.",
    "deficit": f"Give 0 to {LARGEST_DEFICIT:g}.",
    "relied_a": f"Give a magnitude from 0 to {LARGEST_A:g} A.",
}


def check_shapes(problem: AllocationProblem) -> None:
    """Return when every array has its type and shape; ValueError naming the field otherwise."""
    circuits = np.shape(problem.parent)[0] if np.ndim(problem.parent) == 1 else 0
    if circuits == 0:
        raise ValueError(f"parent: shape {np.shape(problem.parent)} is not usable. Give one entry for each circuit.")
    chargers = np.shape(problem.circuit)[0] if np.ndim(problem.circuit) == 1 else 0
    for field, (dtype, tail) in CIRCUIT_SHAPES.items():
        check_array(problem, field, dtype, (circuits, *tail))
    for field, dtype in CHARGER_SHAPES.items():
        check_array(problem, field, dtype, (chargers,))
    check_array(problem, "voltage_v", np.float64, (3,))


def refusal(problem: AllocationProblem, fault: int, place: int) -> ValueError:
    """Return the error for a fault that `_checks.Checks` found."""
    field = FIELDS[fault]
    values = getattr(problem, field)
    index = np.unravel_index(place, values.shape)
    where = ", ".join(str(position) for position in index)
    return ValueError(f"{field}[{where}]: {values[index]} is not usable. {REMEDIES[field]}")
