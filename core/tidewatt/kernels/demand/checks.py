"""Refuses settings, samples and states that cannot be meant."""

from __future__ import annotations

import math

from tidewatt.kernels.validation import check_kind, check_number, check_whole

from .problem import DemandSample, DemandSettings, DemandState, LoadState, PeakState, WindowState

LARGEST_KW = 1e7
LARGEST_STATE_KW = 1e9
LARGEST_KWH = 1e8
LATEST_S = 1e11
WINDOWS_S = (900, 1800, 3600)
LARGEST_PERIOD = 10**12


def check(sample: DemandSample, settings: DemandSettings, state: DemandState) -> None:
    """Return when all three are sound.

    Raises:
        ValueError: names the field, the value and the remedy.
    """
    check_kind("settings", settings, DemandSettings)
    check_kind("sample", sample, DemandSample)
    check_kind("state", state, DemandState)
    _check_settings(settings)
    _check_sample(sample)
    _check_state(state)


def _check_settings(settings: DemandSettings) -> None:
    remedy = "Give 900, 1800 or 3600."
    check_whole("window_s", settings.window_s, WINDOWS_S[0], WINDOWS_S[-1], remedy)
    if settings.window_s not in WINDOWS_S:
        raise ValueError(f"window_s: {settings.window_s!r} is not usable. {remedy}")
    check_number("connection_kw", settings.connection_kw, 1e-3, LARGEST_KW, "Give the connection's power in kW.")
    check_number("limit_kw", settings.limit_kw, 1e-3, LARGEST_KW, "Give a power above zero in kW.")
    check_number("sensitivity", settings.sensitivity, 1e-6, 10.0, "Give a part of the limit, for example 0.05.")
    check_number("guard_pct", settings.guard_pct, 0.0, 50.0, "Give 0 to 50 percent.")
    remedy = "Give a time in s, at most one demand window."
    check_number("longest_gap_s", settings.longest_gap_s, 1e-3, float(settings.window_s), remedy)
    check_number("quantile", settings.quantile, 0.5, 0.999, "Give 0.5 to 0.999.")


def _check_sample(sample: DemandSample) -> None:
    check_number("time_s", sample.time_s, 0.0, LATEST_S, "Give UTC seconds since the epoch.")
    _check_reading("power_kw", sample.power_kw)
    _check_reading("controlled_kw", sample.controlled_kw)
    check_whole("period", sample.period, -LARGEST_PERIOD, LARGEST_PERIOD, "Give the number of the billing period.")


def _check_reading(field: str, value: object) -> None:
    if not (isinstance(value, float) and math.isnan(value)):
        check_number(field, value, -LARGEST_KW, LARGEST_KW, "Give a power in kW, NaN where it is not known.")


def _check_state(state: DemandState) -> None:
    if state.window is not None:
        check_kind("window", state.window, WindowState)
        _check_window(state.window)
    if state.load is not None:
        check_kind("load", state.load, LoadState)
        _check_load(state.load)
    if state.peak is not None:
        check_kind("peak", state.peak, PeakState)
        remedy = "Give the number of the billing period."
        check_whole("peak.period", state.peak.period, -LARGEST_PERIOD, LARGEST_PERIOD, remedy)
        check_number("peak.peak_kw", state.peak.peak_kw, 0.0, LARGEST_STATE_KW, "Give an average in kW, zero or more.")


def _check_window(window: WindowState) -> None:
    check_number("window.start_s", window.start_s, 0.0, LATEST_S, "Give UTC seconds since the epoch.")
    remedy = "Give the time of the last sample, not before the window began."
    check_number("window.until_s", window.until_s, window.start_s, LATEST_S, remedy)
    for field in ("least_kwh", "most_kwh"):
        check_number(f"window.{field}", getattr(window, field), 0.0, LARGEST_KWH, "Give an energy, zero or more.")
    remedy = "Give an energy, at most most_kwh."
    check_number("window.least_kwh", window.least_kwh, 0.0, window.most_kwh, remedy)
    check_number("window.unknown_s", window.unknown_s, 0.0, LATEST_S, "Give a time, zero or more.")


def _check_load(load: LoadState) -> None:
    remedy = "Give the state that the step before returned."
    check_number("load.time_s", load.time_s, 0.0, LATEST_S, remedy)
    for field in ("last_kw", "before_kw", "heard_kw", "level_kw", "slope_kw_per_s", "base_kw"):
        check_number(f"load.{field}", getattr(load, field), -LARGEST_STATE_KW, LARGEST_STATE_KW, remedy)
    check_number("load.spread_kw", load.spread_kw, 0.0, LARGEST_STATE_KW, remedy)
    check_kind("load.spike", load.spike, bool)
