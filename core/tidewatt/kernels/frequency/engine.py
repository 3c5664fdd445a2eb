"""One reading, one response."""

from __future__ import annotations

from dataclasses import replace
import math

import numpy as np

from tidewatt.kernels.validation import check_values, refuse

from ._droop import Droop
from .problem import (
    Floats,
    FrequencyMode,
    FrequencyReading,
    FrequencyReason,
    FrequencyResponse,
    FrequencySettings,
    FrequencyState,
)

LARGEST_HZ = 1e6
IN_SERVICE = frozenset({FrequencyMode.RAMPING, FrequencyMode.ACTIVE})
HELD_FOR_A_WHILE = frozenset({FrequencyReason.MISSING, FrequencyReason.JUMP, FrequencyReason.NO_VOLTAGE})


def droop(settings: FrequencySettings, frequency_hz: Floats) -> Floats:
    """Return what the droop and the shedding ask for at N frequencies, as if each were believed.

    Args:
        settings: dead band, droop and shedding.
        frequency_hz: float64[N], Hz.

    Returns:
        float64[N], over the rated power: 1 to draw that much more, -1 to draw that much less. 0 for NaN.

    Raises:
        ValueError: the array is not usable.
    """
    check_values("frequency_hz", frequency_hz, np.float64, (np.size(frequency_hz),))
    refuse("frequency_hz", frequency_hz, np.abs(frequency_hz) > LARGEST_HZ, "Give Hz; NaN if there is none.")
    response_pu = np.empty(frequency_hz.size)
    _prepared(settings).many(frequency_hz, response_pu)
    return response_pu


def step(
    reading: FrequencyReading, settings: FrequencySettings, state: FrequencyState
) -> tuple[FrequencyResponse, FrequencyState]:
    """Return the response to a reading, and what to remember.

    A reading of the same time as the last one changes nothing and gets the last response again.

    Raises:
        ValueError: the reading is older than the last one.
    """
    if state.time_s is not None and reading.time_s <= state.time_s:
        if reading.time_s < state.time_s:
            raise ValueError(
                f"time_s: {reading.time_s!r} is not usable. Give a time after the last one, {state.time_s!r}, "
                "or start anew with `FrequencyState()`."
            )
        return state.response, state
    verdict = _verdict(reading, settings, state)
    mode, since_s, reason = _mode(reading, settings, state, verdict)
    believed_hz, believed_s = state.believed_hz, state.believed_s
    if verdict is None:
        believed_hz, believed_s = float(reading.frequency_hz), float(reading.time_s)
    if mode in IN_SERVICE:
        response = _response(reading, settings, believed_hz, _share(reading, settings, mode, since_s))
        if response.share >= 1:
            mode = FrequencyMode.ACTIVE
        response = replace(response, mode=mode, reason=reason or response.reason)
    else:
        response = FrequencyResponse(mode=mode, reason=reason or FrequencyReason.NOT_NORMAL)
    remembered = FrequencyState(
        time_s=float(reading.time_s),
        mode=mode,
        since_s=since_s,
        believed_s=believed_s,
        believed_hz=believed_hz,
        response=response,
    )
    return response, remembered


def _verdict(reading: FrequencyReading, settings: FrequencySettings, state: FrequencyState) -> FrequencyReason | None:
    """Return why the frequency is not acted on, or None if it is."""
    hz = reading.frequency_hz
    if math.isnan(reading.lowest_voltage_pu) or math.isnan(reading.highest_voltage_pu):
        return FrequencyReason.NO_VOLTAGE
    if reading.lowest_voltage_pu < settings.present_voltage_pu:
        return FrequencyReason.DEAD_BUS
    if math.isnan(hz) or hz <= 0:
        return FrequencyReason.MISSING
    if state.believed_s is not None and reading.time_s - state.believed_s <= settings.hold_s:
        furthest_hz = settings.rate_limit_hz_per_s * (reading.time_s - state.believed_s)
        if not abs(hz - state.believed_hz) <= furthest_hz:
            return FrequencyReason.JUMP
    if not settings.lowest_hz <= hz <= settings.highest_hz:
        return FrequencyReason.OUT_OF_WINDOW
    return None


def _mode(
    reading: FrequencyReading, settings: FrequencySettings, state: FrequencyState, verdict: FrequencyReason | None
) -> tuple[FrequencyMode, float, FrequencyReason | None]:
    """Return the mode, since when, and the reason where it is not that of the response itself."""
    now_s = float(reading.time_s)
    known = state.believed_s is not None and now_s - state.believed_s <= settings.hold_s
    if verdict is not None:
        if state.mode in IN_SERVICE and verdict in HELD_FOR_A_WHILE and known:
            return FrequencyMode(state.mode), state.since_s, verdict
        stale = state.mode in IN_SERVICE and verdict in HELD_FOR_A_WHILE
        return FrequencyMode.SAFE, now_s, FrequencyReason.STALE if stale else verdict
    mode, since_s = (FrequencyMode(state.mode), state.since_s) if known else (FrequencyMode.SAFE, now_s)
    if mode in IN_SERVICE:
        return mode, since_s, None
    if not _normal(reading, settings):
        return FrequencyMode.SAFE, now_s, FrequencyReason.NOT_NORMAL
    if mode == FrequencyMode.SAFE:
        since_s = now_s
    if now_s - since_s >= settings.enter_delay_s:
        return FrequencyMode.RAMPING, now_s, None
    return FrequencyMode.WAITING, since_s, FrequencyReason.DELAY


def _normal(reading: FrequencyReading, settings: FrequencySettings) -> bool:
    """Whether frequency and voltage are such that one may enter service."""
    return (
        settings.enter_lowest_hz <= reading.frequency_hz <= settings.enter_highest_hz
        and settings.enter_lowest_pu <= reading.lowest_voltage_pu
        and reading.highest_voltage_pu <= settings.enter_highest_pu
    )


def _share(reading: FrequencyReading, settings: FrequencySettings, mode: FrequencyMode, since_s: float) -> float:
    """Return how much of the way into service is gone."""
    if mode == FrequencyMode.ACTIVE or reading.time_s - since_s >= settings.enter_ramp_s:
        return 1.0
    return max(0.0, (reading.time_s - since_s) / settings.enter_ramp_s)


def _response(
    reading: FrequencyReading, settings: FrequencySettings, frequency_hz: float, share: float
) -> FrequencyResponse:
    """Return the response within what is available, with the reason as if it were not held."""
    asked_kw = settings.rated_kw * float(_prepared(settings).one(frequency_hz))
    given_kw = min(max(asked_kw, -share * reading.reducible_kw), share * reading.raisable_kw) + 0.0
    if asked_kw == 0:
        reason = FrequencyReason.DEADBAND
    elif given_kw != asked_kw:
        reason = FrequencyReason.LIMITED
    elif frequency_hz < settings.shed_from_hz:
        reason = FrequencyReason.SHEDDING
    else:
        reason = FrequencyReason.DROOP
    return FrequencyResponse(response_kw=given_kw, share=share, reason=reason, frequency_hz=frequency_hz)


def _prepared(settings: FrequencySettings) -> Droop:
    return Droop(
        nominal_hz=settings.nominal_hz,
        deadband_hz=settings.deadband_hz,
        droop=settings.droop,
        shed_from_hz=settings.shed_from_hz,
        shed_by_hz=settings.shed_by_hz,
    )
