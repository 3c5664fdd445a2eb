"""Refuses batteries that cannot be meant."""

from __future__ import annotations

import numpy as np

from tidewatt.kernels.validation import check_array, check_number, check_values, refuse

from .problem import Chemistry, Curve, Floats, LossModel, WearModel

LARGEST_KW = 1e6
LARGEST_KWH = 1e7
LARGEST_C = 1e3
LARGEST_CYCLES = 1e9


def check_range(field: str, values: object, low: float, high: float, remedy: str, *, size: int | None = None) -> int:
    """Refuse what is not an array of numbers from low to high, or NaN; return its length.

    Raises:
        ValueError: names the field, the index, the value and the remedy.
    """
    if type(values) is not np.ndarray or values.dtype != np.float64 or values.ndim != 1:
        got = f"{values.dtype}{list(values.shape)}" if type(values) is np.ndarray else type(values).__name__
        raise ValueError(f"{field}: {got} is not usable. Give an array float64[N].")
    check_values(field, values, np.float64, (values.size if size is None else size,))
    refuse(field, values, (values < low) | (values > high), remedy)
    return values.size


def check_curve(field: str, curve: Curve, low: float, high: float) -> None:
    """Refuse a curve that does not go forward, or whose values are not from low to high."""
    at, value = getattr(curve, "at", None), getattr(curve, "value", None)
    size = check_range(f"{field}.at", at, -1e6, 1e6, "Give numbers in ascending order.")
    check_range(f"{field}.value", value, low, high, f"Give a value from {low:g} to {high:g}.", size=size)
    if size == 0:
        raise ValueError(f"{field}.at: float64[0] is not usable. Give at least one point.")
    backward = np.append(False, ~(np.diff(curve.at) > 0))
    refuse(f"{field}.at", curve.at, backward | np.isnan(curve.at), "Give numbers in ascending order.")
    refuse(f"{field}.value", curve.value, np.isnan(curve.value), f"Give a value from {low:g} to {high:g}.")


def check_chemistry(chemistry: Chemistry) -> None:
    """Refuse a chemistry with a curve that is not of shares."""
    for field in Chemistry.__slots__:
        check_curve(field, getattr(chemistry, field, None), 0.0, 1.0)  # type: ignore[arg-type]


def check_losses(losses: LossModel) -> None:
    """Refuse losses that are none, or more than all."""
    check_number("fixed_kw", losses.fixed_kw, 0.0, LARGEST_KW, "Give a power in kW, zero or more.")
    check_number("proportional", losses.proportional, 0.0, 0.99, "Give a part of the power, 0 to 0.99.")
    check_number("quadratic_per_kw", losses.quadratic_per_kw, 0.0, 1.0, "Give a part of the power per kW, 0 to 1.")


def check_wear(wear: WearModel) -> None:
    """Refuse a wear model whose cycles rise with their depth."""
    check_number("price", wear.price, 0.0, 1e12, "Give the price of the battery.")
    check_number("usable_kwh", wear.usable_kwh, 1e-6, LARGEST_KWH, "Give the usable capacity in kWh, above zero.")
    size = check_range("depth_pct", wear.depth_pct, 1e-3, 100.0, "Give a depth above 0 to 100 %.")
    if size < 2:
        raise ValueError(f"depth_pct: float64[{size}] is not usable. Give at least two points.")
    check_array(wear, "depth_pct", np.float64, (size,))
    check_array(wear, "cycles", np.float64, (size,))
    depth, cycles = wear.depth_pct, wear.cycles
    refuse("depth_pct", depth, np.append(np.isnan(depth[0]), ~(np.diff(depth) > 0)), "Give depths in ascending order.")
    bad = ~((cycles >= 1.0) & (cycles <= LARGEST_CYCLES))
    refuse("cycles", cycles, bad, f"Give a number of cycles from 1 to {LARGEST_CYCLES:g}.")
    refuse("cycles", cycles, np.append(False, ~(np.diff(cycles) <= 0)), "Give fewer cycles for a greater depth.")


def plain(values: Floats) -> Floats:
    """Return the array itself where a kernel can read it in place, else a copy."""
    return values if values.flags.carray else values.copy()


def writable(values: Floats | None, size: int) -> Floats:
    """Return where to write results: the array that was given for it, or a new one.

    Raises:
        ValueError: it is of the wrong shape or type, or cannot be written.
    """
    if values is None:
        return np.empty(size)
    usable = isinstance(values, np.ndarray) and values.dtype == np.float64 and values.shape == (size,)
    if not usable or not values.flags.carray:
        raise ValueError(f"out: {type(values).__name__} is not usable. Give an array float64[{size}] to write to.")
    return values
