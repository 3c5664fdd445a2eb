"""The loop on the sum: nothing winds up, nothing jumps, limits and ramps hold, and it settles."""

from dataclasses import replace
import math
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from tidewatt.kernels.dispatch import ControlSettings, ControlState, Reach, begin, step

DT_S = 10.0
PLAIN = ControlSettings(shortest_delay_s=0.0, longest_delay_s=20.0, integral_s=40.0)
WIDE = Reach(lowest_kw=-1e6, highest_kw=1e6)
POWERS = st.floats(-1000, 1000)
SETTINGS = st.builds(
    ControlSettings,
    shortest_delay_s=st.sampled_from([0.0, 5.0]),
    longest_delay_s=st.sampled_from([5.0, 20.0, 35.0]),
    gain=st.floats(0, 0.3),
    integral_s=st.sampled_from([40.0, 60.0, math.inf]),
    derivative_s=st.sampled_from([0.0, 0.5]),
    filter_s=st.sampled_from([0.0, 20.0]),
    ramp_kw_per_s=st.sampled_from([1.0, 20.0, math.inf]),
)


def one(state: ControlState, chosen: ControlSettings = PLAIN, **arguments: Any) -> tuple[float, ControlState]:
    """Take one step."""
    return step(state, chosen, **{"reach": WIDE, "dt_s": DT_S, **arguments})


def ran(
    chosen: ControlSettings,
    setpoint_kw: float,
    steps: int,
    *,
    state: ControlState | None = None,
    reach: Reach = WIDE,
    away_kw: float = 0.0,
) -> tuple[list[float], ControlState]:
    """Close the loop on a plant that does what it is told one period late, less `away_kw`."""
    state = state or replace(begin(chosen, -away_kw), manual=False)
    outputs = [state.output_kw]
    for _ in range(steps):
        output_kw, state = one(state, chosen, setpoint_kw=setpoint_kw, measured_kw=outputs[-1] - away_kw, reach=reach)
        outputs.append(output_kw)
    return outputs, state


def test_the_setpoint_goes_straight_through() -> None:
    state = replace(begin(PLAIN, 0.0), manual=False)
    assert one(state, setpoint_kw=50.0, measured_kw=0.0)[0] == 50.0


def test_waiting_for_commands_is_no_error() -> None:
    """With the delay that the settings name, the correction stays at nothing through a step."""
    exact = replace(PLAIN, shortest_delay_s=10.0, longest_delay_s=10.0)
    outputs, state = ran(exact, 50.0, 20)
    assert outputs[1:] == [50.0] * 20
    assert state.integral_kw == 0.0


@pytest.mark.parametrize("away_kw", [-8.0, 5.0])
def test_what_stays_away_is_made_up_for(away_kw: float) -> None:
    outputs, _ = ran(PLAIN, 50.0, 60, away_kw=away_kw)
    assert outputs[-1] - away_kw == pytest.approx(50.0, abs=0.01)


@settings(deadline=None)
@given(chosen=SETTINGS, setpoint_kw=POWERS, measured_kw=POWERS, reach=st.tuples(POWERS, POWERS), manual=st.booleans())
def test_the_output_is_within_reach_and_ramp(
    chosen: ControlSettings, setpoint_kw: float, measured_kw: float, reach: tuple[float, float], manual: bool
) -> None:
    low, high = sorted(reach)
    state = replace(begin(chosen, 20.0), manual=manual)
    output_kw, _ = one(
        state, chosen, setpoint_kw=setpoint_kw, measured_kw=measured_kw, reach=Reach(lowest_kw=low, highest_kw=high)
    )
    assert low <= output_kw <= high
    nearest = min(max(20.0, low), high)
    assert abs(output_kw - nearest) <= chosen.ramp_kw_per_s * DT_S * (1 + 1e-12)


@settings(deadline=None)
@given(chosen=SETTINGS, demand_kw=st.floats(200, 1e6), away_kw=st.floats(-10, 10), long=st.integers(20, 200))
def test_nothing_winds_up_at_the_limits(chosen: ControlSettings, demand_kw: float, away_kw: float, long: int) -> None:
    """However long and however far out of reach: the correction is that of the disturbance alone."""
    chosen = replace(chosen, ramp_kw_per_s=math.inf, shortest_delay_s=10.0, longest_delay_s=10.0)
    tight = Reach(lowest_kw=-100.0, highest_kw=100.0)
    outputs, state = ran(chosen, demand_kw, long, reach=tight, away_kw=away_kw)
    assert outputs[-1] == 100.0
    assert abs(state.integral_kw) <= 1.5 * abs(away_kw) + 1.0


@settings(deadline=None)
@given(demand_kw=st.floats(150, 1e6), long=st.integers(20, 300))
def test_coming_back_from_the_limit_is_like_never_having_been_there(demand_kw: float, long: int) -> None:
    tight = Reach(lowest_kw=-100.0, highest_kw=100.0)
    exact = replace(PLAIN, shortest_delay_s=10.0, longest_delay_s=10.0)
    _, state = ran(exact, demand_kw, long, reach=tight)
    back, _ = ran(exact, 40.0, 10, state=state, reach=tight)
    assert back[1:] == pytest.approx([40.0] * 10)


@settings(deadline=None)
@given(manual_kw=POWERS, setpoint_kw=POWERS, measured_kw=POWERS, chosen=SETTINGS)
def test_taking_over_from_manual_moves_nothing(
    manual_kw: float, setpoint_kw: float, measured_kw: float, chosen: ControlSettings
) -> None:
    chosen = replace(chosen, ramp_kw_per_s=math.inf)
    _, state = one(begin(chosen, 0.0), chosen, setpoint_kw=0.0, measured_kw=measured_kw, manual_kw=manual_kw)
    output_kw, _ = one(state, chosen, setpoint_kw=setpoint_kw, measured_kw=measured_kw)
    assert output_kw == pytest.approx(manual_kw, abs=1e-9)


def test_after_taking_over_the_setpoint_is_reached() -> None:
    _, state = one(begin(PLAIN, 30.0), setpoint_kw=0.0, measured_kw=30.0, manual_kw=30.0)
    outputs, _ = ran(PLAIN, 80.0, 60, state=state)
    assert outputs[1] == pytest.approx(30.0)
    assert outputs[-1] == pytest.approx(80.0, abs=0.01)
    assert max(outputs) < 80.0 + 0.02 * 50


@settings(deadline=None)
@given(old=SETTINGS, new=SETTINGS, setpoint_kw=POWERS, readings=st.lists(POWERS, min_size=2, max_size=6))
def test_new_settings_move_nothing(
    old: ControlSettings, new: ControlSettings, setpoint_kw: float, readings: list[float]
) -> None:
    new = replace(new, ramp_kw_per_s=old.ramp_kw_per_s)
    state = replace(begin(old, 0.0), manual=False)
    for measured_kw in readings[:-1]:
        _, state = one(state, old, setpoint_kw=setpoint_kw, measured_kw=measured_kw)
    same, _ = one(state, old, setpoint_kw=setpoint_kw, measured_kw=readings[-1])
    changed, after = one(state, new, setpoint_kw=setpoint_kw, measured_kw=readings[-1])
    assert changed == same
    assert after.settings == new


def test_new_settings_go_on_from_where_the_old_ones_were() -> None:
    """At rest the next output does not jump either, whatever the gains."""
    _, state = ran(PLAIN, 50.0, 100, away_kw=5.0)
    sharper = replace(PLAIN, gain=0.3, integral_s=80.0, derivative_s=1.0, filter_s=5.0)
    outputs, _ = ran(sharper, 50.0, 5, state=state, away_kw=5.0)
    assert outputs == pytest.approx([state.output_kw] * 6, abs=1e-6)


def test_the_derivative_goes_against_movement() -> None:
    damped = replace(PLAIN, derivative_s=1.0, gain=0.0, integral_s=math.inf)
    state = replace(begin(damped, 0.0), manual=False)
    assert one(state, damped, setpoint_kw=0.0, measured_kw=20.0)[0] == pytest.approx(-2.0)
    slow = replace(damped, filter_s=10.0)
    state = replace(begin(slow, 0.0), manual=False)
    assert one(state, slow, setpoint_kw=0.0, measured_kw=20.0)[0] == pytest.approx(-1.0)


def test_a_delay_longer_than_the_memory_is_that_of_its_oldest() -> None:
    endless = replace(PLAIN, longest_delay_s=86400.0)
    state = replace(begin(endless, 0.0), manual=False)
    for _ in range(1200):
        _, state = one(state, endless, setpoint_kw=10.0, measured_kw=10.0, dt_s=0.01)
    assert len(state.asked) == 1000


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("shortest_delay_s", -1.0),
        ("longest_delay_s", math.nan),
        ("gain", -0.1),
        ("gain", True),
        ("integral_s", 0.0),
        ("derivative_s", math.inf),
        ("filter_s", -1.0),
        ("ramp_kw_per_s", 0.0),
    ],
)
def test_settings_that_cannot_be_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: .* is not usable\. Give "):
        begin(replace(PLAIN, **{field: value}), 0.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("setpoint_kw", math.nan),
        ("measured_kw", math.inf),
        ("dt_s", 0.0),
        ("dt_s", "10"),
        ("manual_kw", math.nan),
        ("reach", Reach(lowest_kw=math.nan, highest_kw=0.0)),
        ("reach", Reach(lowest_kw=1.0, highest_kw=0.0)),
    ],
)
def test_numbers_that_cannot_be_are_refused(field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r" is not usable\. Give "):
        one(begin(PLAIN, 0.0), **{"setpoint_kw": 0.0, "measured_kw": 0.0, field: value})
