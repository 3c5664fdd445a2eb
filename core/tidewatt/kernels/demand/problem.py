"""What a demand watch is told, what it remembers and what it answers.

Power is in kW and positive when drawn from the grid; times are UTC seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSettings:
    """How a site is metered and how carefully it is kept.

    Attributes:
        connection_kw: the most the connection can carry. This is what is assumed of time that nothing is known about,
            and the most that is ever allowed.
        limit_kw: peak-load limit: the highest average over a demand window that is wanted.
        sensitivity: a load that rises above its base by more than this part of `limit_kw` is a spike.
        window_s: length of a demand window: 900, 1800 or 3600. Windows begin at multiples of it since the epoch.
        guard_pct: part of each window's energy that is kept back for what meters and chargers do not do exactly.
        longest_gap_s: how long a sample vouches for the time before it, and for how long an answer may stay in force
            before the next one; at most `window_s`.
        quantile: chance that the load stays below its forecast, 0.5 to 0.999.
    """

    connection_kw: float
    limit_kw: float = 500.0
    sensitivity: float = 0.05
    window_s: int = 900
    guard_pct: float = 2.0
    longest_gap_s: float = 60.0
    quantile: float = 0.9

    @property
    def rise_kw(self) -> float:
        """The rise above the base that counts as a spike."""
        return self.sensitivity * self.limit_kw


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandSample:
    """One reading of the meter at the grid connection.

    Attributes:
        time_s: when it was taken.
        power_kw: mean power since the sample before (also one without a power), or the momentary power of a meter that
            reports every few seconds; positive from the grid; NaN where the meter did not answer.
        period: number of the billing period, for example 202611; another number starts another peak.
        controlled_kw: part of `power_kw` that follows our orders (chargers, batteries); NaN where it is not known.
    """

    time_s: float
    power_kw: float
    period: int
    controlled_kw: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowState:
    """What is known of the demand window in progress.

    Attributes:
        start_s: when it began.
        until_s: when the last sample was taken.
        least_kwh: drawn since the start, unknown time taken as nothing: what is billed at the least.
        most_kwh: drawn since the start, unknown time taken at `connection_kw`: what is billed at the most.
        unknown_s: how much of the time since the start nothing is known about.
    """

    start_s: float
    until_s: float
    least_kwh: float
    most_kwh: float
    unknown_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadState:
    """What is known of the load that does not follow our orders.

    Attributes:
        time_s: when it was last heard of.
        last_kw: the last sample.
        before_kw: the sample before that.
        heard_kw: the last sample without what a single odd one does.
        level_kw: the smoothed load.
        slope_kw_per_s: how fast it changes.
        spread_kw: mean distance of the samples from what was expected of them.
        base_kw: what a spike is measured against; it follows slowly.
        spike: the load has risen above its base by more than the sensitivity.
    """

    time_s: float
    last_kw: float
    before_kw: float
    heard_kw: float
    level_kw: float
    slope_kw_per_s: float
    spread_kw: float
    base_kw: float
    spike: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakState:
    """The highest average of a finished window in a billing period, as far as it is certain."""

    period: int
    peak_kw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandState:
    """Everything that is remembered from step to step; plain numbers, to be kept over a restart. Empty at first."""

    window: WindowState | None = None
    load: LoadState | None = None
    peak: PeakState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandAnswer:
    """What may be drawn from now on, and what is to be expected.

    Attributes:
        allowed_kw: the most that may be drawn from the grid from now on; 0 to `connection_kw`.
        controllable_kw: what of it is left for what follows our orders, beside the forecast of everything else.
        limit_kw: highest window average that costs nothing more: the peak-load limit, or the period's peak if higher.
        peak_kw: highest average of a finished window in this billing period.
        window_start_s: when the window began.
        left_s: how long it still lasts.
        energy_kwh: drawn in it so far, at the most.
        unknown_s: how much of its time so far nothing is known about.
        forecast_kw: average that the window will end with if our orders stay as they are, at the chosen quantile.
        spike: the load that does not follow our orders has risen above its base by more than the sensitivity.
        over_limit: the load is above the limit at this moment.
        breach_ahead: the forecast is above the limit: the window will break it unless something is done.
    """

    allowed_kw: float
    controllable_kw: float
    limit_kw: float
    peak_kw: float
    window_start_s: float
    left_s: float
    energy_kwh: float
    unknown_s: float
    forecast_kw: float
    spike: bool
    over_limit: bool
    breach_ahead: bool
