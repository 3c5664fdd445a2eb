"""Refuses fleets and settings that cannot be meant, with the field, the index and the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tidewatt.kernels.validation import check_number, check_values as check_array_values, refuse

from .fleet import DispatchSettings, Fleet, Law, Singles

INFINITE = float("inf")

RANGES: dict[str, tuple[float, float]] = {
    "soc_pct": (0.0, 100.0),
    "soh_pct": (0.0, 200.0),
    "temperature_c": (-100.0, 300.0),
    "soc_floor_pct": (0.0, 100.0),
    "soc_ceiling_pct": (0.0, 100.0),
    "target_soc_pct": (0.0, 100.0),
    "departure_h": (0.0, INFINITE),
    "capacity_kwh": (0.1, 1e5),
    "charge_limit_kw": (0.0, 1e4),
    "discharge_limit_kw": (0.0, 1e4),
    "ramp_kw_per_s": (0.0, INFINITE),
    "weight": (1e-3, 1e3),
    "cycles": (0.0, 1e6),
    "previous_kw": (-1e6, 1e6),
}
"""What values may be, far beyond anything that is built and near enough that every count of steps is exact.

In the order in which the kernel has them.
"""

KINDS: dict[str, np.dtype[Any]] = {
    **dict.fromkeys(RANGES, np.dtype(np.float32)),
    "previous_kw": np.dtype(np.float64),
    "reachable": np.dtype(np.bool_),
}

MAY_BE_UNKNOWN = ("soc_pct", "soh_pct", "temperature_c")

SETTINGS: dict[str, tuple[float, float]] = {
    "period_s": (0.01, 86400.0),
    "step_kw": (0.01, 100.0),
    "soc_share": (0.0, 1e3),
    "cycle_share": (0.0, 1e3),
    "departure_share": (0.0, 1e3),
    "rated_cycles": (1.0, 1e6),
    "horizon_h": (0.01, 8760.0),
    "lowest_soh_pct": (0.0, 200.0),
    "highest_temperature_c": (-100.0, 300.0),
}


def check_settings(settings: DispatchSettings) -> None:
    """Return when the settings are sound; ValueError naming field, value and remedy otherwise."""
    for field, (least, most) in SETTINGS.items():
        check_number(field, getattr(settings, field, None), least, most, f"Give a number from {least:g} to {most:g}.")
    if not isinstance(settings.law, Law):
        raise ValueError(f"law: {settings.law!r} is not usable. Give a Law.")  # noqa: TRY004 - as for all values
    if not settings.soc_share + settings.cycle_share + settings.departure_share >= 1e-3:
        raise ValueError("soc_share: no share at all is not usable. Give one of the shares more than zero.")


def check_shapes(fleet: Fleet, units: int) -> None:
    """Return when all columns are arrays of the right length and type; ValueError otherwise."""
    shape = (units,)
    for field, kind in KINDS.items():
        check_array_values(field, getattr(fleet, field, None), kind, shape)


def ranges() -> Singles:
    """Return float32[14 * 2], least and most of each column, as the kernel wants them."""
    return np.array([*RANGES.values()], np.float32).reshape(-1)


def check_values(fleet: Fleet) -> None:
    """Return when all values can be meant; ValueError naming the first that cannot otherwise."""
    for field, (least, most) in RANGES.items():
        values = getattr(fleet, field)
        kind = values.dtype.type
        bad = ~((values >= kind(least)) & (values <= kind(most)))
        remedy = f"Give {least:g} or more." if most == INFINITE else f"Give a number from {least:g} to {most:g}."
        if field in MAY_BE_UNKNOWN:
            bad &= ~np.isnan(values)
            remedy = f"{remedy[:-1]}, or NaN where it is not known."
        refuse(field, values, bad, remedy)
    below = fleet.soc_ceiling_pct < fleet.soc_floor_pct
    refuse("soc_ceiling_pct", fleet.soc_ceiling_pct, below, "Give a ceiling that is not below the floor.")
