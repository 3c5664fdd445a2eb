"""Refuses problems that cannot be meant, with the field, the index and the remedy."""

from __future__ import annotations

import math

import numpy as np

from tidewatt.kernels.validation import check_array, check_kind, check_number, check_tree, check_values, refuse

from ._ranges import first_outside, first_whole_outside
from .problem import Floats, Integers, InteriorState, Plan, PlanProblem

SLOT_H = (1e-3, 1e3)
LARGEST_PRICE = 1e4
LARGEST_PENALTY = 1e6
LARGEST_KW = 1e6
LARGEST_BASE_KW = 1e7
LARGEST_KWH = 1e8
SMALLEST_EFFICIENCY = 0.01
"""Far beyond anything that is built or sold, and near enough that no quotient or sum of the kernel overflows."""

PRICE = (-LARGEST_PRICE, LARGEST_PRICE, f"Give a price from {-LARGEST_PRICE:g} to {LARGEST_PRICE:g}.")
PENALTY = (0.0, LARGEST_PENALTY, f"Give a price from 0 to {LARGEST_PENALTY:g}.")
LIMIT = (0.0, math.inf, "Give a magnitude in kW, zero or more; infinity for no limit.")
BASE = (-LARGEST_BASE_KW, LARGEST_BASE_KW, f"Give a signed power of at most {LARGEST_BASE_KW:g} kW.")
POWER = (0.0, LARGEST_KW, f"Give a magnitude from 0 to {LARGEST_KW:g} kW.")
ENERGY = (0.0, LARGEST_KWH, f"Give an energy from 0 to {LARGEST_KWH:g} kWh.")
EFFICIENCY = (SMALLEST_EFFICIENCY, 1.0, f"Give a part of one, {SMALLEST_EFFICIENCY:g} to 1.")

RANGES: dict[str, tuple[str, tuple[float, float, str]]] = {
    "import_price_per_kwh": ("T", PRICE),
    "export_price_per_kwh": ("T", PRICE),
    "co2_kg_per_kwh": ("T", (0.0, LARGEST_PRICE, f"Give emissions from 0 to {LARGEST_PRICE:g} kg per kWh.")),
    "peak_price_per_kw": ("P", PENALTY),
    "peak_so_far_kw": ("P", (0.0, LARGEST_BASE_KW, f"Give a magnitude from 0 to {LARGEST_BASE_KW:g} kW.")),
    "import_limit_kw": ("VT", LIMIT),
    "export_limit_kw": ("VT", LIMIT),
    "base_kw": ("VT", BASE),
    "charge_limit_kw": ("N", POWER),
    "discharge_limit_kw": ("N", POWER),
    "minimum_kw": ("N", POWER),
    "charge_efficiency": ("N", EFFICIENCY),
    "discharge_efficiency": ("N", EFFICIENCY),
    "wear_per_kwh": ("N", (0.0, LARGEST_PRICE, f"Give a price from 0 to {LARGEST_PRICE:g}.")),
    "energy_kwh": ("N", ENERGY),
    "floor_kwh": ("N", ENERGY),
    "ceiling_kwh": ("N", ENERGY),
    "target_kwh": ("N", ENERGY),
    "unmet_price_per_kwh": ("N", PENALTY),
    "end_value_per_kwh": ("N", PENALTY),
}
"""Axes and range of every field of numbers: T slots, V circuits, N units, P peaks."""

WHOLE: dict[str, str] = {"peak": "T", "parent": "V", "circuit": "N", "arrival_slot": "N", "departure_slot": "N"}
"""Axes of every field of whole numbers."""


def check(problem: PlanProblem) -> None:
    """Return when the problem is sound.

    Raises:
        ValueError: names field, index, value and remedy.
    """
    sizes = {
        "T": _entries(problem.import_price_per_kwh, "import_price_per_kwh", "slot", 1),
        "V": _entries(problem.parent, "parent", "circuit", 1),
        "N": _entries(problem.circuit, "circuit", "unit", 0),
        "P": _entries(problem.peak_price_per_kw, "peak_price_per_kw", "peak", 0),
    }
    low, high = SLOT_H
    check_number("slot_h", problem.slot_h, low, high, f"Give the length of a slot in hours, {low:g} to {high:g}.")
    remedy = f"Give a price from {-LARGEST_PRICE:g} to {LARGEST_PRICE:g}."
    check_number("co2_price_per_kg", problem.co2_price_per_kg, -LARGEST_PRICE, LARGEST_PRICE, remedy)
    for field, (axes, allowed) in RANGES.items():
        _check_range(problem, field, tuple(sizes[axis] for axis in axes), allowed)
    for field, axes in WHOLE.items():
        check_array(problem, field, np.int32, tuple(sizes[axis] for axis in axes))
    _check_places(problem, sizes)
    _check_order(problem)


def check_previous(previous: Plan) -> None:
    """Return when a plan can be started from, whatever site it is of.

    Raises:
        ValueError: names the field, what was given and what is expected.
    """
    check_kind("previous", previous, Plan)
    if previous.state is not None:
        check_kind("previous.state", previous.state, InteriorState)
        for field in InteriorState.__slots__:
            values = getattr(previous.state, field)
            check_values(f"previous.state.{field}", values, np.float64, getattr(values, "shape", ()))


def check_powers(problem: PlanProblem, power_kw: Floats) -> None:
    """Return when the powers fit a sound problem.

    Raises:
        ValueError: names index, value and remedy.
    """
    shape = (problem.circuit.shape[0], problem.import_price_per_kwh.shape[0])
    check_values("power_kw", power_kw, np.float64, shape)
    remedy = f"Give a signed power of at most {LARGEST_KW:g} kW."
    refuse("power_kw", power_kw, ~(np.abs(power_kw) <= LARGEST_KW), remedy)


def _entries(values: Floats | Integers, field: str, thing: str, least: int) -> int:
    if np.ndim(values) != 1 or np.shape(values)[0] < least:
        raise ValueError(f"{field}: shape {np.shape(values)} is not usable. Give one entry for each {thing}.")
    return int(np.shape(values)[0])


def _check_range(problem: PlanProblem, field: str, shape: tuple[int, ...], allowed: tuple[float, float, str]) -> None:
    check_array(problem, field, np.float64, shape)
    values: Floats = getattr(problem, field)
    low, high, remedy = allowed
    if first_outside(values.reshape(-1), low, high) >= 0:
        refuse(field, values, ~((values >= low) & (values <= high)), remedy)


def _check_places(problem: PlanProblem, sizes: dict[str, int]) -> None:
    """Refuse indices of what does not exist, a tree that is none, and stays that end before they begin."""
    check_tree(problem.parent)
    slots = sizes["T"]
    _check_whole(problem, "circuit", 0, sizes["V"] - 1, "Give the index of a circuit.")
    _check_whole(problem, "peak", -1, sizes["P"] - 1, "Give the index of a peak, or -1 for none.")
    _check_whole(problem, "arrival_slot", 0, slots - 1, "Give a slot of the plan.")
    arrival, departure = problem.arrival_slot, problem.departure_slot
    bad = (departure <= arrival) | (departure > slots)
    refuse("departure_slot", departure, bad, f"Give a slot after arrival_slot, at most {slots}.")


def _check_whole(problem: PlanProblem, field: str, low: int, high: int, remedy: str) -> None:
    values: Integers = getattr(problem, field)
    if first_whole_outside(values, low, high) >= 0:
        refuse(field, values, (values < low) | (values > high), f"{remedy[:-1]}, {low} to {high}.")


def _check_order(problem: PlanProblem) -> None:
    """Refuse energies and prices that contradict each other."""
    ceiling, target, value = problem.ceiling_kwh, problem.target_kwh, problem.end_value_per_kwh
    refuse("ceiling_kwh", ceiling, ceiling < problem.floor_kwh, "Give an energy of at least floor_kwh.")
    refuse("target_kwh", target, target > ceiling, "Give an energy of at most ceiling_kwh.")
    remedy = "Give a price of at most unmet_price_per_kwh: energy is not worth more above the target than below."
    refuse("end_value_per_kwh", value, value > problem.unmet_price_per_kwh, remedy)
