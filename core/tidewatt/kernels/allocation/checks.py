"""Refuses problems that cannot be meant, with the field, the index and the remedy."""

from __future__ import annotations

import numpy as np

from tidewatt.kernels.validation import check_array, refuse

from .problem import AllocationProblem

SMALLEST_STEP_A = 1e-3
"""Handing out steps takes time with their number; no charger resolves less than a milliampere."""

LARGEST_A = 1e4
LARGEST_BASE_A = 1e6
LARGEST_V = 1e5
WEIGHTS = (1e-9, 1e9)
"""Far beyond anything that is built, and near enough that no quotient or sum of the kernel overflows."""

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
}


def check(problem: AllocationProblem) -> None:
    """Return when the problem is sound; ValueError naming field, index, value and remedy otherwise."""
    _check_shapes(problem)
    _check_circuits(problem)
    _check_chargers(problem)


def _check_shapes(problem: AllocationProblem) -> None:
    circuits = np.shape(problem.parent)[0] if np.ndim(problem.parent) == 1 else 0
    if circuits == 0:
        raise ValueError(f"parent: shape {np.shape(problem.parent)} is not usable. Give one entry for each circuit.")
    chargers = np.shape(problem.circuit)[0] if np.ndim(problem.circuit) == 1 else 0
    for field, (dtype, tail) in CIRCUIT_SHAPES.items():
        check_array(problem, field, dtype, (circuits, *tail))
    for field, dtype in CHARGER_SHAPES.items():
        check_array(problem, field, dtype, (chargers,))
    check_array(problem, "voltage_v", np.float64, (3,))


def _check_circuits(problem: AllocationProblem) -> None:
    parent = problem.parent
    if parent[0] != -1:
        raise ValueError(f"parent[0]: {parent[0]} is not usable. Give -1: the first circuit is the root.")
    forward = (parent < 0) | (parent >= np.arange(parent.shape[0]))
    forward[0] = False
    refuse("parent", parent, forward, "Give the index of a circuit listed before; there is one root and no cycle.")
    limits = ("import_limit_a", "export_limit_a", "total_import_limit_w", "total_export_limit_w", "imbalance_limit_a")
    for field in limits:
        values = getattr(problem, field)
        refuse(field, values, ~(values >= 0), "Give a magnitude, zero or more; infinity for no limit.")
    base = problem.base_a
    refuse("base_a", base, ~(np.abs(base) <= LARGEST_BASE_A), "Give a signed current; 0 where there is no meter.")
    voltage = problem.voltage_v
    refuse("voltage_v", voltage, ~((voltage >= 0) & (voltage <= LARGEST_V)), "Give the voltage to neutral in V.")


def _check_chargers(problem: AllocationProblem) -> None:
    circuit, phases, direction = problem.circuit, problem.phases, problem.direction
    last = problem.parent.shape[0] - 1
    refuse("circuit", circuit, (circuit < 0) | (circuit > last), f"Give the index of a circuit, 0 to {last}.")
    refuse("phases", phases, (phases < 1) | (phases > 7), "Give a mask of one to three phases, 1 to 7.")
    refuse("direction", direction, np.abs(direction) != 1, "Give 1 to charge or -1 to discharge.")
    minimum, maximum, step = problem.minimum_a, problem.maximum_a, problem.step_a
    refuse("minimum_a", minimum, ~((minimum >= 0) & (minimum <= LARGEST_A)), "Give a magnitude in A, zero or more.")
    fits = (maximum >= minimum) & (maximum <= LARGEST_A)
    refuse("maximum_a", maximum, ~fits, f"Give a current from minimum_a to {LARGEST_A:g} A.")
    coarse = (step == 0) | ((step >= SMALLEST_STEP_A) & (step <= LARGEST_A))
    refuse("step_a", step, ~coarse, f"Give 0 for any current, or a step of at least {SMALLEST_STEP_A:g} A.")
    weight, deficit = problem.weight, problem.deficit
    refuse("weight", weight, ~((weight >= WEIGHTS[0]) & (weight <= WEIGHTS[1])), "Give a share, 1e-9 to 1e9.")
    refuse("deficit", deficit, ~(np.isfinite(deficit) & (deficit >= 0)), "Give zero or more.")
