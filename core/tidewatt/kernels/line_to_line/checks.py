"""Refuses sites and requests that cannot be meant."""

from __future__ import annotations

import numpy as np

from tidewatt.kernels.validation import check_array, check_tree, check_values, refuse

from .problem import Floats, LineRequest, LineSite

LARGEST_V = 1e5
LARGEST_A = 2e3
LARGEST_BASE_A = 1e6
SMALLEST_STEP_A = 0.01
WEIGHTS = (1e-9, 1e9)
RATIOS = (1e-3, 1e3)
"""Far beyond anything that is built, and near enough that no sum or square of the kernel overflows."""


def check_site(site: LineSite) -> None:
    """Return when the site is sound.

    Raises:
        ValueError: names the field, the index, the value and the remedy.
    """
    circuits, chargers = _length(site, "parent"), _length(site, "circuit")
    if circuits == 0:
        raise ValueError("parent: int32[0] is not usable. Give one entry for each circuit.")
    check_array(site, "voltage_v", np.complex128, (3,))
    check_array(site, "parent", np.int32, (circuits,))
    check_array(site, "turns_ratio", np.float64, (circuits,))
    check_array(site, "circuit", np.int32, (chargers,))
    check_array(site, "lines", np.uint8, (chargers,))
    check_array(site, "lag_deg", np.float64, (chargers,))
    voltage, parent, ratio = site.voltage_v, site.parent, site.turns_ratio
    refuse("voltage_v", voltage, ~(np.abs(voltage) <= LARGEST_V), "Give the voltage to neutral in V, as a phasor.")
    check_tree(parent)
    root = np.arange(circuits) == 0
    refuse("turns_ratio", ratio, root & (ratio != 0), "Give 0: nothing is above the root.")
    usable = (ratio == 0) | ((ratio >= RATIOS[0]) & (ratio <= RATIOS[1]))
    refuse("turns_ratio", ratio, ~usable, "Give 0 for no transformer, else a ratio from 0.001 to 1000.")
    circuit, lines, lag = site.circuit, site.lines, site.lag_deg
    known = (circuit >= 0) & (circuit < circuits)
    refuse("circuit", circuit, ~known, f"Give the index of a circuit, 0 to {circuits - 1}.")
    refuse("lines", lines, (lines < 1) | (lines > 7), "Give a mask of lines, 1 to 7.")
    refuse("lag_deg", lag, ~(np.abs(lag) <= 90), "Give an angle from -90 to 90.")


def check_request(site: LineSite, request: LineRequest) -> None:
    """Return when the request is sound and fits the site.

    Raises:
        ValueError: names the field, the index, the value and the remedy.
    """
    circuits, chargers = site.parent.size, site.circuit.size
    check_array(request, "limit_a", np.float64, (circuits, 4))
    check_array(request, "base_a", np.complex128, (circuits, 3))
    check_array(request, "base_unsure_a", np.float64, (circuits, 3))
    for field in ("minimum_a", "maximum_a", "step_a", "weight"):
        check_array(request, field, np.float64, (chargers,))
    limit, base, unsure = request.limit_a, request.base_a, request.base_unsure_a
    refuse("limit_a", limit, ~(limit >= 0), "Give a magnitude, zero or more; infinity for no limit.")
    refuse("base_a", base, ~(np.abs(base) <= LARGEST_BASE_A), "Give a current phasor in A.")
    sound = (unsure >= 0) & (unsure <= LARGEST_BASE_A)
    refuse("base_unsure_a", unsure, ~sound, "Give a magnitude in A, 0 where there is nothing unsure.")
    minimum, maximum, step, weight = request.minimum_a, request.maximum_a, request.step_a, request.weight
    refuse("minimum_a", minimum, ~((minimum >= 0) & (minimum <= LARGEST_A)), "Give a current in A, zero or more.")
    fits = (maximum >= minimum) & (maximum <= LARGEST_A)
    refuse("maximum_a", maximum, ~fits, f"Give a current from minimum_a to {LARGEST_A:g} A.")
    coarse = (step == 0) | ((step >= SMALLEST_STEP_A) & (step <= LARGEST_A))
    refuse("step_a", step, ~coarse, f"Give 0 for any current, or a step of at least {SMALLEST_STEP_A:g} A.")
    refuse("weight", weight, ~((weight >= WEIGHTS[0]) & (weight <= WEIGHTS[1])), "Give a share, 1e-9 to 1e9.")


def check_currents(site: LineSite, current_a: Floats) -> None:
    """Return when these can be the chargers' currents.

    Raises:
        ValueError: names the field, the index, the value and the remedy.
    """
    check_values("current_a", current_a, np.float64, (site.circuit.size,))
    sound = (current_a >= 0) & (current_a <= LARGEST_A)
    refuse("current_a", current_a, ~sound, f"Give a current from 0 to {LARGEST_A:g} A.")


def _length(site: LineSite, field: str) -> int:
    values = getattr(site, field, None)
    return int(values.shape[0]) if isinstance(values, np.ndarray) and values.ndim == 1 else 0
