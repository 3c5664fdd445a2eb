"""Which amounts the operation modes of OCPP 2.1 need, allow and forbid (K01.FR.111 to K01.FR.146, Q02 to Q10)."""

from __future__ import annotations

from collections.abc import Collection
import math

from .profile import Period, Schedule
from .words import OperationMode, Purpose, RateUnit, Ruleset

_AMOUNTS = ("limit", "discharge_limit", "setpoint", "setpoint_reactive")

_NEEDS: dict[OperationMode, frozenset[str]] = {
    OperationMode.CHARGING_ONLY: frozenset({"limit"}),
    OperationMode.CENTRAL_SETPOINT: frozenset({"setpoint"}),
    OperationMode.CENTRAL_FREQUENCY: frozenset({"setpoint"}),
}
_ALLOWS: dict[OperationMode, frozenset[str]] = {
    OperationMode.CENTRAL_SETPOINT: frozenset({"limit", "discharge_limit", "setpoint_reactive"}),
    OperationMode.CENTRAL_FREQUENCY: frozenset({"limit", "discharge_limit"}),
    OperationMode.EXTERNAL_SETPOINT: frozenset({"limit", "discharge_limit"}),
}
_MODES: dict[Purpose, frozenset[OperationMode]] = {
    Purpose.TX: frozenset(OperationMode),
    Purpose.TX_DEFAULT: frozenset(OperationMode),
    Purpose.PRIORITY: frozenset({OperationMode.CHARGING_ONLY}),
    Purpose.STATION_MAX: frozenset({OperationMode.CHARGING_ONLY}),
    Purpose.EXTERNAL: frozenset(
        {OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS, OperationMode.EXTERNAL_SETPOINT}
    ),
    Purpose.LOCAL_GENERATION: frozenset({OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS}),
}


def mode_refusal(
    period: Period,
    schedule: Schedule,
    purpose: Purpose,
    rules: Ruleset,
    *,
    supported: Collection[OperationMode] = frozenset(OperationMode),
    from_outside: bool = False,
) -> str | None:
    """Return the reason code why a period's amounts do not fit its operation mode, None when they do.

    Before 2.1 there is a limit and nothing else. What comes `from_outside` is what external modes are steered by: its
    amounts are free.
    """
    if not all(_is_finite(value) for value in _numbers(period)):
        return "InvalidSchedule"
    if rules is not Ruleset.V21:
        return None if period.limit is not None else "InvalidSchedule"
    mode = period.mode
    if mode not in _MODES[purpose] or (mode is not OperationMode.CHARGING_ONLY and mode not in supported):
        return "InvalidOperationMode"
    if mode is OperationMode.LOCAL_FREQUENCY:
        reason = _curve_refusal(period, schedule)
        if reason is not None:
            return reason
    if not from_outside and not _amounts_fit(period):
        return "InvalidSchedule"
    return _phase_refusal(period, purpose)


def _amounts_fit(period: Period) -> bool:
    given = {name for name in _AMOUNTS if any(value is not None for value in _phases(period, name))}
    needed = _NEEDS.get(period.mode, frozenset())
    return needed <= given <= needed | _ALLOWS.get(period.mode, frozenset()) and _signs_fit(period)


def _signs_fit(period: Period) -> bool:
    """A discharge limit is never positive; the setpoints of the phases have one direction."""
    if any(value is not None and value > 0 for value in _phases(period, "discharge_limit")):
        return False
    setpoints = [value for value in _phases(period, "setpoint") if value is not None]
    return all(value >= 0 for value in setpoints) or all(value <= 0 for value in setpoints)


def _curve_refusal(period: Period, schedule: Schedule) -> str | None:
    """LocalFrequency needs a baseline and a curve in W (Q08.FR.02, Q08.FR.03, Q08.FR.05)."""
    if schedule.unit is not RateUnit.W:
        return "UnsupportedRateUnit"
    if period.baseline_w is None or len(period.freq_watt_curve) < 2 or len(period.signal_watt_curve) == 1:
        return "NoFreqWattCurve"
    return None


def _phase_refusal(period: Period, purpose: Purpose) -> str | None:
    """Amounts per phase are for transactions (K01.FR.144) and need that of L1 beside them (K01.FR.146)."""
    for name in _AMOUNTS:
        first, *others = _phases(period, name)
        if any(value is not None for value in others) and (first is None or purpose is not Purpose.TX):
            return "PhaseConflict"
    return None


def _phases(period: Period, name: str) -> tuple[float | None, ...]:
    return tuple(getattr(period, name + suffix) for suffix in ("", "_l2", "_l3"))


def _numbers(period: Period) -> tuple[float | None, ...]:
    points = (*period.freq_watt_curve, *period.signal_watt_curve)
    return (
        *(value for name in _AMOUNTS for value in _phases(period, name)),
        period.baseline_w,
        *(number for point in points for number in (point.at, point.power_w)),
    )


def _is_finite(value: float | None) -> bool:
    return value is None or math.isfinite(value)
