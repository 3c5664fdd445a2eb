"""What the load that follows no orders does: its level and slope, its spikes, and a forecast with a margin."""

from __future__ import annotations

import math
from statistics import NormalDist, median

from .problem import DemandSettings, LoadState

LEVEL_S = 60.0
"""Time constant of the smoothed load. A sample that stands for longer than this is an average, not noise."""

SLOPE_S = 300.0
"""Time constant of the slope and of the spread, and how far a slope is believed to go on."""

BASE_S = 300.0
"""Time constant of the base; while it rises, it rises by at most one spike threshold in this time."""

DEVIATION_PER_MEAN = math.sqrt(math.pi / 2.0)
"""Standard deviation over mean distance of a normal distribution."""


def begin(power_kw: float, time_s: float) -> LoadState:
    """Return what is known after one sample."""
    return LoadState(
        time_s=time_s,
        last_kw=power_kw,
        before_kw=power_kw,
        heard_kw=power_kw,
        level_kw=power_kw,
        slope_kw_per_s=0.0,
        spread_kw=0.0,
        base_kw=power_kw,
        spike=False,
    )


def learn(load: LoadState, power_kw: float, time_s: float, settings: DemandSettings) -> LoadState:
    """Return what is known after another sample.

    Level and slope are Holt's double exponential smoothing with time constants instead of fixed weights, so samples
    may come at any interval; the slope is bounded to the peak-load limit per window. They see the median of the last
    three samples, through which a single odd one does not come. A spike is told one sample late for it, and is measured
    against the base as it was before.
    """
    elapsed_s = time_s - load.time_s
    expected_kw = load.level_kw + load.slope_kw_per_s * elapsed_s
    heard_kw = power_kw if elapsed_s >= LEVEL_S else median((power_kw, load.last_kw, load.before_kw))
    level_kw = expected_kw + _weight(elapsed_s, LEVEL_S) * (heard_kw - expected_kw)
    steepest = settings.limit_kw / settings.window_s
    slower = _weight(elapsed_s, SLOPE_S)
    slope = load.slope_kw_per_s + slower * ((level_kw - load.level_kw) / elapsed_s - load.slope_kw_per_s)
    return LoadState(
        time_s=time_s,
        last_kw=power_kw,
        before_kw=load.last_kw,
        heard_kw=heard_kw,
        level_kw=level_kw,
        slope_kw_per_s=min(max(slope, -steepest), steepest),
        spread_kw=load.spread_kw + slower * (abs(heard_kw - expected_kw) - load.spread_kw),
        base_kw=_followed(load.base_kw, heard_kw, elapsed_s, settings),
        spike=bool(heard_kw - load.base_kw > settings.rise_kw),
    )


def forecast_kw(load: LoadState, ahead_s: float, settings: DemandSettings) -> float:
    """Return what the mean load over the coming time stays below with the chance of the chosen quantile.

    The slope fades with `SLOPE_S`: its mean effect over a time T is slope x S x (1 - S/T x (1 - exp(-T/S))).
    """
    rise_kw = 0.0
    if ahead_s > 0.0:
        faded = -math.expm1(-ahead_s / SLOPE_S) * SLOPE_S / ahead_s
        rise_kw = load.slope_kw_per_s * SLOPE_S * (1.0 - faded)
    margin = NormalDist().inv_cdf(settings.quantile) * DEVIATION_PER_MEAN
    return load.level_kw + rise_kw + margin * load.spread_kw


def _followed(base_kw: float, heard_kw: float, elapsed_s: float, settings: DemandSettings) -> float:
    """Return the base after a sample: down with its time constant, up no faster than the threshold allows."""
    change_kw = _weight(elapsed_s, BASE_S) * (heard_kw - base_kw)
    return base_kw + min(change_kw, settings.rise_kw * elapsed_s / BASE_S)


def _weight(elapsed_s: float, constant_s: float) -> float:
    """Return the weight of a sample that comes so long after the one before."""
    return -math.expm1(-elapsed_s / constant_s)
