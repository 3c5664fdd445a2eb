"""Checking the schedule that a vehicle chose (NotifyEVChargingSchedule) against what it was given."""

from __future__ import annotations

from typing import Any

from tidewatt.ocpp.wire import child, number, rows, text

_TOLERANCE = 1.01
_ROUNDING_W = 100.0
"""Vehicles plan in steps of their own; this much more is rounding."""

_MOST_PERIODS = 1024
_PHASES = ("", "_L2", "_L3")
_VALUES = ("limit", "setpoint", "dischargeLimit")


def schedule_refusal(
    payload: dict[str, Any], *, charge_w: float, discharge_w: float, voltage_v: float, phases: int
) -> str | None:
    """Return why a vehicle's schedule breaks the limits given, in words; None when it keeps them.

    `charge_w` and `discharge_w` are magnitudes over all phases (K15.FR.11, K15.FR.12, K17.FR.11, K18.FR.11).
    """
    schedule = child(payload, "chargingSchedule")
    unit = text(schedule, "chargingRateUnit")
    if unit not in ("A", "W"):
        return f"its unit {unit!r} is neither A nor W"
    periods = rows(schedule, "chargingSchedulePeriod")[:_MOST_PERIODS]
    if not periods:
        return "it has no periods"
    for period in periods:
        used = number(period.get("numberPhases")) or phases
        for name in _VALUES:
            if any(period.get(name + phase) is not None and number(period[name + phase]) is None for phase in _PHASES):
                return f"its {name} is no number"
            power_w = _power_w(period, name, voltage_v * min(used, phases) if unit == "A" else None)
            if power_w is None:
                continue
            if power_w > charge_w * _TOLERANCE + _ROUNDING_W:
                return f"{name} {power_w:.0f} W is more than {charge_w:.0f} W"
            if -power_w > (discharge_w * _TOLERANCE + _ROUNDING_W if discharge_w > 0 else 0.0):
                return f"{name} {power_w:.0f} W discharges more than {discharge_w:.0f} W"
    return None


def _power_w(period: dict[str, Any], name: str, volts: float | None) -> float | None:
    """Return a value over all phases in W. `volts` turns A per phase into W; None for values in W."""
    values = [number(period.get(name + phase)) for phase in _PHASES]
    first = values[0]
    if first is None:
        return None
    others = [value for value in values[1:] if value is not None]
    if volts is None:
        return first + sum(others)
    return (max(first, *others) if first >= 0 else min(first, *others)) * volts if others else first * volts
