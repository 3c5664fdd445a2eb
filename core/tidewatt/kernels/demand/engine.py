"""One step of a demand watch: a sample in, what is allowed now out."""

from __future__ import annotations

from dataclasses import replace
import math

from . import load as loads, window as windows
from .checks import check
from .problem import DemandAnswer, DemandSample, DemandSettings, DemandState, LoadState, PeakState, WindowState


def step(sample: DemandSample, settings: DemandSettings, state: DemandState) -> tuple[DemandAnswer, DemandState]:
    """Return what is allowed from now on, and what is to be remembered.

    Whoever keeps to `allowed_kw`, asks again within `longest_gap_s` and reports truly keeps every window's average
    within `limit_kw`, whatever was drawn before, unless the window's energy so far has broken it already.

    The peak of the billing period counts what was certainly drawn, since it raises the limit; the window counts what
    may have been drawn at most. A sample of a time that was heard before changes nothing, so a repeated one has the
    same answer. One that is older than the last by more than `longest_gap_s` means that the clock was set back. Where
    the meter does not answer (NaN), the time since the last sample is taken at `connection_kw` for good: who acts on
    that answer draws something else from then on, and the next sample says nothing of the time before.

    Raises:
        ValueError: a value cannot be meant; names the field, the value and the remedy.
    """
    check(sample, settings, state)
    # NumPy's numbers are welcome, but the state is plain.
    sample = replace(
        sample,
        time_s=float(sample.time_s),
        power_kw=float(sample.power_kw),
        controlled_kw=float(sample.controlled_kw),
    )
    window, ended_kw = windows.count(state.window, sample.time_s, sample.power_kw, settings)
    peak = _peak(state.peak, ended_kw, sample.period)
    if window is state.window:
        return _answer(sample, settings, window, state.load, state.peak or peak), state
    load = _load(sample, settings, state.load)
    return _answer(sample, settings, window, load, peak), DemandState(window=window, load=load, peak=peak)


def _peak(peak: PeakState | None, ended_kw: float, period: int) -> PeakState:
    """Return the peak after a window ended with the given average. It belongs to the period that was."""
    if peak is None or peak.period != period:
        return PeakState(period=period, peak_kw=0.0)
    return replace(peak, peak_kw=max(peak.peak_kw, ended_kw))


def _load(sample: DemandSample, settings: DemandSettings, load: LoadState | None) -> LoadState | None:
    """Return what is known of the load that follows no orders: after a gap nothing, and it is learnt anew."""
    if load is not None and not -settings.longest_gap_s <= sample.time_s - load.time_s <= settings.longest_gap_s:
        load = None
    power_kw = sample.power_kw - sample.controlled_kw
    if math.isnan(power_kw):
        return load
    if load is None or sample.time_s <= load.time_s:
        return loads.begin(power_kw, sample.time_s)
    return loads.learn(load, power_kw, sample.time_s, settings)


def _answer(
    sample: DemandSample, settings: DemandSettings, window: WindowState, load: LoadState | None, peak: PeakState
) -> DemandAnswer:
    limit_kw = max(settings.limit_kw, peak.peak_kw)
    allowed_kw = windows.allowed_kw(window, limit_kw, settings)
    left_s = windows.left_s(window, settings)
    # Of what is not known the most is assumed.
    uncontrolled_kw = settings.connection_kw if load is None else loads.forecast_kw(load, left_s, settings)
    controlled_kw = sample.controlled_kw
    if math.isnan(controlled_kw):
        total_kw = settings.connection_kw if math.isnan(sample.power_kw) else sample.power_kw
        controlled_kw = max(total_kw - uncontrolled_kw, 0.0)
    ahead_kwh = max(uncontrolled_kw + controlled_kw, 0.0) * left_s / windows.HOUR_S
    forecast_kw = (window.most_kwh + ahead_kwh) * windows.HOUR_S / settings.window_s
    return DemandAnswer(
        allowed_kw=allowed_kw,
        controllable_kw=min(max(allowed_kw - uncontrolled_kw, 0.0), settings.connection_kw),
        limit_kw=limit_kw,
        peak_kw=peak.peak_kw,
        window_start_s=window.start_s,
        left_s=left_s,
        energy_kwh=window.most_kwh,
        unknown_s=window.unknown_s,
        forecast_kw=forecast_kw,
        spike=load is not None and load.spike,
        over_limit=(sample.power_kw if load is None else load.heard_kw + controlled_kw) > limit_kw,
        breach_ahead=forecast_kw > limit_kw,
    )
