"""From what a meter's registers say to a `MeterReading`, or to the reason why there is none."""

from __future__ import annotations

import math

from tidewatt.site import PHASE_COUNT, MeterReading, PerPhase

from .errors import MeterReadError
from .registers import Measured

_LARGEST = {"voltage_v": 1e3, "current_a": 1e4, "power_w": 1e7, "energy_import_wh": 1e13, "energy_export_wh": 1e13}
"""Magnitudes that no connection of a site reaches: beyond them the registers hold something else."""


def to_reading(measured: Measured, *, meter_id: str) -> MeterReading:
    """Return the reading; a phase the meter does not have carries nothing.

    A current gets the sign of its phase's active power (positive from the grid, also at zero), or keeps its own where
    the meter does not know the power. Raises MeterReadError when a current is unknown or any value is impossible.
    """
    for quantity, largest in _LARGEST.items():
        _refuse_impossible(quantity, getattr(measured, quantity), largest)
    current_a = tuple(
        _signed(current_a, power_w, phase)
        for phase, (current_a, power_w) in enumerate(zip(measured.current_a, measured.power_w, strict=True))
    )
    return MeterReading(
        meter_id=meter_id,
        at_s=measured.at_s,
        current_a=_filled(current_a),
        power_w=_known(measured.power_w),
        voltage_v=_known(measured.voltage_v),
        energy_import_wh=measured.energy_import_wh,
        energy_export_wh=measured.energy_export_wh,
    )


def _refuse_impossible(quantity: str, value: float | tuple[float | None, ...] | None, largest: float) -> None:
    values = value if isinstance(value, tuple) else (value,)
    smallest = -largest if quantity in ("current_a", "power_w") else 0.0
    for each in values:
        if each is not None and not (math.isfinite(each) and smallest <= each <= largest):
            raise MeterReadError(f"{quantity} of {each:g} is impossible; is this the right map and unit?")


def _signed(current_a: float | None, power_w: float | None, phase: int) -> float:
    if current_a is None:
        raise MeterReadError(f"the meter does not know the current of L{phase + 1}")
    sign_of = current_a if power_w is None else power_w
    return -abs(current_a) if sign_of < 0 else abs(current_a)


def _known(values: tuple[float | None, ...]) -> PerPhase | None:
    numbers = tuple(value for value in values if value is not None)
    return _filled(numbers) if len(numbers) == len(values) else None


def _filled(values: tuple[float, ...]) -> PerPhase:
    l1, l2, l3 = values + (0.0,) * (PHASE_COUNT - len(values))
    return (l1, l2, l3)
