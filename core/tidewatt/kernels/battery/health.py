"""Who is fit to discharge, and how full a battery is that does not tell."""

from __future__ import annotations

import numpy as np

from tidewatt.kernels.validation import check_number

from .checks import LARGEST_KWH, check_range
from .problem import Flags, Floats, SocEstimate

GATE_MARGIN_PCT = 1.0
"""How far above the gate a battery has to be that was below it."""


def may_discharge(soh_pct: Floats, gate_pct: float, may: Flags | None = None) -> Flags:
    """Return bool[N], whether each battery is healthy enough to be used for more than driving.

    Args:
        soh_pct: float64[N], state of health, 0 to 150; NaN where it is not known, which passes only a gate of 0.
        gate_pct: the lowest state of health that passes, 0 to 100; 0 lets everybody pass.
        may: bool[N], the answer before; who did not pass then needs `GATE_MARGIN_PCT` more. None for no answer yet.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    size = check_range("soh_pct", soh_pct, 0.0, 150.0, "Give 0 to 150, NaN where it is not known.")
    check_number("gate_pct", gate_pct, 0.0, 100.0, "Give 0 to 100; 0 for no gate.")
    if may is not None and (not isinstance(may, np.ndarray) or may.dtype != np.bool_ or may.shape != (size,)):
        raise ValueError(f"may: {type(may).__name__} is not usable. Give an array bool[{size}], or None.")
    if gate_pct == 0.0:
        return np.ones(size, np.bool_)
    needed = np.full(size, gate_pct) if may is None else np.where(may, gate_pct, gate_pct + GATE_MARGIN_PCT)
    passed: Flags = soh_pct >= needed
    return passed


def estimate_soc(
    *,
    known_pct: Floats,
    known_deviation_pct: Floats,
    stored_kwh: Floats,
    capacity_kwh: Floats,
    capacity_deviation_kwh: Floats,
) -> SocEstimate:
    """Return how full batteries are, from when it was last known and what was stored since.

    What is not known of any of the five (NaN) leaves the answer unknown; it is never taken as empty or full.

    Args:
        known_pct: float64[N], state of charge when it was last known, 0 to 100.
        known_deviation_pct: float64[N], its standard deviation: 0.3 for whole percents.
        stored_kwh: float64[N], stored since then, after losses; negative for what was taken.
        capacity_kwh: float64[N], between 0 and 100 %, above 0.
        capacity_deviation_kwh: float64[N], its standard deviation.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    size = check_range("known_pct", known_pct, 0.0, 100.0, "Give 0 to 100, NaN where it is not known.")
    for field, values, low, high in (
        ("known_deviation_pct", known_deviation_pct, 0.0, 100.0),
        ("stored_kwh", stored_kwh, -LARGEST_KWH, LARGEST_KWH),
        ("capacity_kwh", capacity_kwh, 1e-3, LARGEST_KWH),
        ("capacity_deviation_kwh", capacity_deviation_kwh, 0.0, LARGEST_KWH),
    ):
        remedy = f"Give a number from {low:g} to {high:g}, NaN where it is not known."
        check_range(field, values, low, high, remedy, size=size)
    change_pct = 100.0 * stored_kwh / capacity_kwh
    of_capacity_pct = change_pct * capacity_deviation_kwh / capacity_kwh
    deviation_pct = np.sqrt(known_deviation_pct**2 + of_capacity_pct**2)
    soc_pct = np.where(np.isnan(deviation_pct), np.nan, np.clip(known_pct + change_pct, 0.0, 100.0))
    return SocEstimate(soc_pct=soc_pct, deviation_pct=np.where(np.isnan(soc_pct), np.nan, deviation_pct))
