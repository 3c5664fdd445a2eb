"""Composite schedules to and from the wire (OCPP 1.6 chapter 5.7; OCPP 2.x part 2, K08)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
import math
from typing import Any

from .limit import Limit
from .profile import Period
from .wire import period_to_wire
from .words import OperationMode, RateUnit, Ruleset


def composite_to_wire(
    steps: Iterable[tuple[int, Limit]],
    unit: RateUnit,
    rules: Ruleset,
    *,
    rated_a: float,
    voltage_v: float,
) -> list[dict[str, Any]]:
    """Write a composite schedule's periods. Where nothing limits, the station's rating `rated_a` does."""
    return [
        period_to_wire(_period(start_s, limit, unit, rules, rated_a=rated_a, voltage_v=voltage_v), rules)
        for start_s, limit in steps
    ]


def _period(start_s: int, limit: Limit, unit: RateUnit, rules: Ruleset, *, rated_a: float, voltage_v: float) -> Period:
    def amount(current_a: float, phases: int = limit.phases) -> float:
        within_a = max(-rated_a, min(current_a, rated_a))
        return round(within_a if unit is RateUnit.A else within_a * voltage_v * phases, 1)

    if rules is not Ruleset.V21:
        # A station that discharges without the words of 2.1 says so by a negative limit.
        gives_back = limit.setpoint_a is not None and limit.setpoint_a < 0
        shown_a = limit.setpoint_a if gives_back and limit.setpoint_a is not None else limit.current_a
        return Period(start_s=start_s, limit=amount(shown_a), phases=limit.phases)
    mode = None if limit.operation_mode is OperationMode.CHARGING_ONLY else limit.operation_mode
    baseline_w, freq_watt_curve, signal_watt_curve = limit.period.curves if limit.period else (None, (), ())
    period = Period(
        start_s=start_s,
        limit=amount(limit.current_a),
        phases=limit.phases,
        discharge_limit=-amount(limit.discharge_a) if mode and math.isfinite(limit.discharge_a) else None,
        setpoint=None if limit.setpoint_a is None else amount(limit.setpoint_a),
        operation_mode=mode,
        baseline_w=baseline_w,
        freq_watt_curve=freq_watt_curve,
        signal_watt_curve=signal_watt_curve,
    )
    return period if limit.phase_a is None else _with_phases(period, limit.phase_a, amount)


def _with_phases(period: Period, phase_a: tuple[float, float, float], amount: Callable[[float, int], float]) -> Period:
    """Tell the limits of the phases apart (K08.FR.09)."""
    first, second, third = (amount(each, 1) for each in phase_a)
    return replace(period, limit=first, limit_l2=second, limit_l3=third)
