"""The energy of clock-aligned demand windows, and the power that keeps the present one within its limit."""

from __future__ import annotations

import math

from .problem import DemandSettings, WindowState

HOUR_S = 3600.0


def count(
    window: WindowState | None, time_s: float, power_kw: float, settings: DemandSettings
) -> tuple[WindowState, float]:
    """Return the window at a time, and the average of a window that ended on the way there (0 where none did).

    A power vouches for the time since the last sample, over the end of a window too, unless that is too long ago; of
    such time, and of the time before a power of NaN, nothing is known. Power fed back makes no room: meters count what
    is drawn.
    Where the clock was set back, or the windows were of another length, the window that it is now begins afresh, with
    nothing known of it.
    """
    start_s = math.floor(time_s / settings.window_s) * float(settings.window_s)
    if window is None or not _fits(window, settings) or time_s < window.until_s - settings.longest_gap_s:
        return _grown(_empty(start_s), time_s, math.nan, settings), 0.0
    if time_s <= window.until_s:
        return window, 0.0
    if time_s - window.until_s > settings.longest_gap_s:
        power_kw = math.nan
    if start_s <= window.start_s:
        return _grown(window, time_s, power_kw, settings), 0.0
    ended = _grown(window, window.start_s + settings.window_s, power_kw, settings)
    average_kw = ended.least_kwh * HOUR_S / settings.window_s
    return _grown(_empty(start_s), time_s, power_kw, settings), average_kw


def allowed_kw(window: WindowState, limit_kw: float, settings: DemandSettings) -> float:
    """Return the power that would use up the window's energy just at its end, 0 to `connection_kw`.

    That is (limit x window - energy so far) / time left, less the guard band. Towards the end the quotient grows
    without bounds, and what is switched on then runs on into the next window: the time left is therefore taken as at
    least `longest_gap_s`. So no power is ever allowed that could, until the next answer, take more than a window holds.
    The next window may begin a billing period, where the peak so far counts no more: what could run on into it has to
    fit under `settings.limit_kw`.
    """
    usable_s = (1.0 - settings.guard_pct / 100.0) * settings.window_s
    before_end_s = left_s(window, settings)
    over_s = max(before_end_s, settings.longest_gap_s)
    power_kw = max(limit_kw * usable_s - window.most_kwh * HOUR_S, 0.0) / over_s
    if before_end_s < over_s:
        power_kw = min(power_kw, settings.limit_kw * usable_s / (over_s - before_end_s))
    return min(power_kw, settings.connection_kw)


def left_s(window: WindowState, settings: DemandSettings) -> float:
    """Return how long the window still lasts."""
    return max(window.start_s + settings.window_s - window.until_s, 0.0)


def _fits(window: WindowState, settings: DemandSettings) -> bool:
    """Whether it is a window of this length: what was remembered may have been one of another."""
    return window.start_s % settings.window_s == 0.0 and window.until_s <= window.start_s + settings.window_s


def _empty(start_s: float) -> WindowState:
    return WindowState(start_s=start_s, until_s=start_s, least_kwh=0.0, most_kwh=0.0, unknown_s=0.0)


def _grown(window: WindowState, time_s: float, power_kw: float, settings: DemandSettings) -> WindowState:
    """Return the window with the time from its last sample to the given one added."""
    seconds = time_s - window.until_s
    known = not math.isnan(power_kw)
    drawn_kw = max(power_kw, 0.0) if known else 0.0
    most_kw = drawn_kw if known else settings.connection_kw
    return WindowState(
        start_s=window.start_s,
        until_s=time_s,
        least_kwh=window.least_kwh + drawn_kw * seconds / HOUR_S,
        most_kwh=window.most_kwh + most_kw * seconds / HOUR_S,
        unknown_s=window.unknown_s + (0.0 if known else seconds),
    )
