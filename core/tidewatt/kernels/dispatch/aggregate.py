"""Closes the loop on the sum: a PID controller with feed-forward between a setpoint and what the meter shows.

The setpoint goes straight through (feed-forward); the controller only works off what the meter shows differently from
what it ought to show by now. That is the mean of what was asked for between the shortest and the longest delay ago:
waiting for commands to take effect is no error. The error therefore holds nothing but disturbances (lost commands,
units that left, meters that are off), and none of what bounds or ramps kept from the output, so nothing winds up.

Sources of the parts: Aström, Hägglund, Advanced PID Control (2006): derivative on the measurement with a first-order
filter, bumpless change of parameters and of mode by setting the integral; for the model of the
delay, Smith's predictor.
"""

from __future__ import annotations

from dataclasses import dataclass
import math

from tidewatt.kernels.validation import check_kind, check_number, check_whole

from .fleet import Reach

LARGEST_KW = 1e9
LARGEST_STATE = 1e300
LONGEST_S = 86400.0
MOST_REMEMBERED = 1000
"""Asked-for powers that are kept to model the delay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlSettings:
    """How the loop answers.

    Attributes:
        shortest_delay_s: soonest that a command shows on the meter, 0 to 86,400.
        longest_delay_s: latest that most commands show, from the shortest to 86,400.
        gain: kW of correction per kW of error, 0 to 10.
        integral_s: time in which a lasting error is corrected once by its own size, 0.001 or more; infinite for none.
        derivative_s: s of rate of the measurement that counts against it, 0 to 86,400.
        filter_s: time constant of the filter of that rate, 0 to 86,400.
        ramp_kw_per_s: how fast the output may change, above zero; infinite for at once.
    """

    shortest_delay_s: float
    longest_delay_s: float
    gain: float = 0.1
    integral_s: float
    derivative_s: float = 0.0
    filter_s: float = 0.0
    ramp_kw_per_s: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlState:
    """What the loop remembers from step to step; serialisable.

    Attributes:
        output_kw: the last output.
        integral_kw: the integral part of the correction.
        measured_kw: the last measurement.
        rate_kw_per_s: its filtered rate.
        asked: pairs of length in s and kW, the newest last: what was asked for, without corrections, until this step.
        asked_kw: what is asked for since.
        settings: those of the last step, to tell when they change.
        manual: whether the last output was given rather than controlled.
    """

    output_kw: float
    integral_kw: float
    measured_kw: float
    rate_kw_per_s: float
    asked: tuple[tuple[float, float], ...]
    asked_kw: float
    settings: ControlSettings
    manual: bool


def begin(settings: ControlSettings, measured_kw: float) -> ControlState:
    """Return the state of a loop that has been at the measured power by hand until now.

    Raises:
        ValueError: a setting or the measurement cannot be meant.
    """
    check_settings(settings)
    check_number("measured_kw", measured_kw, -LARGEST_KW, LARGEST_KW, "Give the power that the meter shows.")
    return ControlState(
        output_kw=measured_kw,
        integral_kw=0.0,
        measured_kw=measured_kw,
        rate_kw_per_s=0.0,
        asked=((settings.longest_delay_s, measured_kw),),
        asked_kw=measured_kw,
        settings=settings,
        manual=True,
    )


def step(
    state: ControlState,
    settings: ControlSettings,
    *,
    setpoint_kw: float,
    measured_kw: float,
    reach: Reach,
    dt_s: float,
    manual_kw: float | None = None,
) -> tuple[float, ControlState]:
    """Return the power to dispatch now, and the state for the next step.

    The output stays within the reach, and within the ramp unless the reach does not allow it. With `manual_kw` that
    is the output, within the same limits. The first output after manual operation is the last manual one, and the
    first after a change of settings is what the old ones give; what differs from the setpoint is then worked off as
    an error. The next state depends on the arguments only.

    Raises:
        ValueError: a number cannot be meant.
    """
    check_state(state)
    check_settings(settings)
    check_kind("reach", reach, Reach)
    check_number("setpoint_kw", setpoint_kw, -LARGEST_KW, LARGEST_KW, "Give the power in kW.")
    check_number("measured_kw", measured_kw, -LARGEST_KW, LARGEST_KW, "Give the power that the meter shows.")
    check_number("lowest_kw", reach.lowest_kw, -LARGEST_KW * 100, LARGEST_KW * 100, "Give the reach of the fleet.")
    check_number("highest_kw", reach.highest_kw, reach.lowest_kw, LARGEST_KW * 100, "Give no less than lowest_kw.")
    check_number("dt_s", dt_s, 1e-3, LONGEST_S, f"Give a time from 0.001 to {LONGEST_S:g} s.")
    if manual_kw is not None:
        check_number("manual_kw", manual_kw, -LARGEST_KW, LARGEST_KW, "Give the power in kW, or None.")
    past = state.settings
    asked = _recent((*state.asked, (dt_s, state.asked_kw)), max(past.longest_delay_s, settings.longest_delay_s))
    low_kw, high_kw = _window(state.output_kw, settings.ramp_kw_per_s * dt_s, reach)
    error_kw = _mean(asked, past) - measured_kw
    rate = _rate(state, past, measured_kw, dt_s)
    fast_kw = _fast(past, error_kw, rate)
    integral_kw = state.integral_kw + error_kw * dt_s / past.integral_s
    if manual_kw is not None:
        output_kw = min(max(manual_kw, low_kw), high_kw)
        correction_kw = 0.0
    else:
        if state.manual:
            integral_kw = state.output_kw - setpoint_kw - fast_kw
        correction_kw = fast_kw + integral_kw
        output_kw = min(max(setpoint_kw + correction_kw, low_kw), high_kw)
    if settings != past:
        error_kw = _mean(asked, settings) - measured_kw
        rate = _rate(state, settings, measured_kw, dt_s)
        integral_kw = correction_kw - _fast(settings, error_kw, rate)
    return output_kw, ControlState(
        output_kw=output_kw,
        integral_kw=0.0 if manual_kw is not None else integral_kw,
        measured_kw=measured_kw,
        rate_kw_per_s=rate,
        asked=asked,
        asked_kw=output_kw - correction_kw,
        settings=settings,
        manual=manual_kw is not None,
    )


def _window(output_kw: float, ramp_kw: float, reach: Reach) -> tuple[float, float]:
    """Return the outputs that the ramp allows, and where that is outside of the reach, its nearer end."""
    low_kw = min(max(output_kw - ramp_kw, reach.lowest_kw), reach.highest_kw)
    high_kw = max(min(output_kw + ramp_kw, reach.highest_kw), reach.lowest_kw)
    return low_kw, high_kw


def _rate(state: ControlState, settings: ControlSettings, measured_kw: float, dt_s: float) -> float:
    """Return how fast the measurement changes, filtered."""
    rate = (measured_kw - state.measured_kw) / dt_s
    return state.rate_kw_per_s + (rate - state.rate_kw_per_s) * dt_s / (settings.filter_s + dt_s)


def _fast(settings: ControlSettings, error_kw: float, rate_kw_per_s: float) -> float:
    """Return the proportional and the derivative part."""
    return settings.gain * error_kw - settings.derivative_s * rate_kw_per_s


def _recent(asked: tuple[tuple[float, float], ...], longest_s: float) -> tuple[tuple[float, float], ...]:
    """Return the newest pairs that together reach back far enough, at least one."""
    back_s = 0.0
    for place in range(len(asked) - 1, -1, -1):
        back_s += asked[place][0]
        if back_s >= longest_s or len(asked) - place == MOST_REMEMBERED:
            return asked[place:]
    return asked


def _mean(asked: tuple[tuple[float, float], ...], settings: ControlSettings) -> float:
    """Return the mean of what was asked for between the longest and the shortest delay ago.

    What was asked for before the oldest pair counts as that pair.
    """
    near_s, far_s = settings.shortest_delay_s, settings.longest_delay_s
    total_kws, back_s = 0.0, 0.0
    for length_s, power_kw in reversed(asked):
        begin_s, back_s = back_s, back_s + length_s
        if near_s == far_s and back_s >= near_s:
            return power_kw
        total_kws += power_kw * max(0.0, min(back_s, far_s) - max(begin_s, near_s))
    if near_s == far_s:
        return asked[0][1]
    total_kws += asked[0][1] * max(0.0, far_s - max(back_s, near_s))
    return total_kws / (far_s - near_s)


def check_settings(settings: ControlSettings) -> None:
    """Return when the settings are sound; ValueError naming field, value and remedy otherwise."""
    check_kind("settings", settings, ControlSettings)
    shortest_s, longest_s = settings.shortest_delay_s, settings.longest_delay_s
    check_number("shortest_delay_s", shortest_s, 0.0, LONGEST_S, f"Give a time from 0 to {LONGEST_S:g} s.")
    check_number("longest_delay_s", longest_s, shortest_s, LONGEST_S, "Give a time that is not below the shortest.")
    check_number("gain", settings.gain, 0.0, 10.0, "Give a number from 0 to 10.")
    check_number("integral_s", settings.integral_s, 1e-3, math.inf, "Give 0.001 s or more.")
    check_number("derivative_s", settings.derivative_s, 0.0, LONGEST_S, f"Give a time from 0 to {LONGEST_S:g} s.")
    check_number("filter_s", settings.filter_s, 0.0, LONGEST_S, f"Give a time from 0 to {LONGEST_S:g} s.")
    check_number("ramp_kw_per_s", settings.ramp_kw_per_s, 1e-6, math.inf, "Give a rate of 0.000001 kW/s or more.")


def check_state(state: ControlState) -> None:
    """Return when a state can have come of a step; ValueError naming field, value and remedy otherwise."""
    check_kind("state", state, ControlState)
    check_settings(state.settings)
    for field in ("output_kw", "integral_kw", "measured_kw", "rate_kw_per_s", "asked_kw"):
        check_number(field, getattr(state, field), -LARGEST_STATE, LARGEST_STATE, "Give what a step returned.")
    check_kind("manual", state.manual, bool)
    check_kind("asked", state.asked, tuple)
    check_whole("asked", len(state.asked), 1, MOST_REMEMBERED, f"Give 1 to {MOST_REMEMBERED} pairs.")
    for pair in state.asked:
        check_kind("asked", pair, tuple)
        check_whole("asked", len(pair), 2, 2, "Give pairs of length and power.")
        check_number("asked", pair[0], 0.0, LONGEST_S, "Give a length in s first.")
        check_number("asked", pair[1], -LARGEST_STATE, LARGEST_STATE, "Give a power in kW second.")
