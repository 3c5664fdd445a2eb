"""What a station lets flow in each of OCPP 2.1's operation modes, beside what the charging profiles say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from tidewatt.ocpp.charging import Limit, OperationMode, Period
from tidewatt.ocpp.charging.profile import CurvePoint


@dataclass(frozen=True, slots=True, kw_only=True)
class GridView:
    """What a station measures of the grid, and the signal it was last given.

    `load_w` is what the site's connection draws without this EVSE; `own_w` what the EVSE draws.
    """

    frequency_hz: float
    load_w: float
    signal: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Between which loads of the connection LocalLoadBalancing keeps it, in W; offsets bring it back inside (Q09)."""

    upper_w: float
    lower_w: float
    upper_offset_w: float = 0.0
    lower_offset_w: float = 0.0

    def power_w(self, load_w: float) -> float:
        """Return what the EVSE draws, or gives, so that the connection stays between the thresholds."""
        if load_w > self.upper_w:
            return self.upper_w - self.upper_offset_w - load_w
        if load_w < self.lower_w:
            return self.lower_w + self.lower_offset_w - load_w
        return 0.0


def steered(limit: Limit, grid: GridView, thresholds: Callable[[], Thresholds], per_ampere_w: float) -> Limit:
    """Return a limit with the setpoint of modes in which the station decides by itself."""
    power_w: float | None = None
    if limit.operation_mode is OperationMode.LOCAL_FREQUENCY and limit.period is not None:
        power_w = frequency_power_w(limit.period, grid)
    elif limit.operation_mode is OperationMode.LOCAL_LOAD_BALANCING:
        power_w = thresholds().power_w(grid.load_w)
    elif limit.operation_mode is OperationMode.EXTERNAL_SETPOINT and limit.setpoint_a is None:
        # Nobody outside gives a setpoint: nothing is to flow.
        power_w = 0.0
    if power_w is None or per_ampere_w <= 0:
        return limit
    setpoint_a = max(-limit.discharge_a, min(power_w / per_ampere_w, limit.current_a))
    return replace(limit, setpoint_a=setpoint_a)


def frequency_power_w(period: Period, grid: GridView) -> float:
    """Return baseline, frequency curve and signal curve together (Q08)."""
    power_w = (period.baseline_w or 0.0) + on_curve(period.freq_watt_curve, grid.frequency_hz)
    if grid.signal is not None and period.signal_watt_curve:
        power_w += on_curve(period.signal_watt_curve, grid.signal)
    return power_w


def on_curve(points: Sequence[CurvePoint], at: float) -> float:
    """Return the power on straight lines between the points; beyond them that of the nearest."""
    if not points:
        return 0.0
    ordered = sorted(points, key=lambda point: point.at)
    if at <= ordered[0].at:
        return ordered[0].power_w
    for left, right in pairwise(ordered):
        if at <= right.at:
            share = (at - left.at) / (right.at - left.at) if right.at > left.at else 1.0
            return left.power_w + share * (right.power_w - left.power_w)
    return ordered[-1].power_w
