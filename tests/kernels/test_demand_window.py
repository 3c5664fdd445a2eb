"""The demand window: what may be drawn so that its average keeps the limit."""

from dataclasses import replace
import math

from hypothesis import given, strategies as st
import pytest

from tests.kernels.demand_days import HOME, MIDNIGHT_S, PERIOD, SITE, last, office_kw, profile_kw, sample, watch
from tidewatt.kernels.demand import DemandSample, DemandSettings, DemandState, step

QUARTER_S = 900.0


def test_at_the_begin_of_a_window_the_limit_itself_is_allowed() -> None:
    answer, _ = last([sample(0, 1.0)], HOME)
    assert (answer.allowed_kw, answer.left_s, answer.energy_kwh) == (2.5, 900.0, 0.0)


def test_what_was_saved_may_be_drawn_later_in_the_window() -> None:
    """Ten minutes at 1 kW of 2.5 kW leave 0.625 - 0.1667 kWh for five minutes."""
    answer, _ = last([sample(seconds, 1.0) for seconds in range(0, 601, 10)], HOME)
    assert answer.allowed_kw == pytest.approx((2.5 * 900 - 600 * 1.0) / 300)
    assert answer.energy_kwh == pytest.approx(1 / 6)


def test_what_was_drawn_too_much_is_made_up_for() -> None:
    answer, _ = last([sample(seconds, 3.0) for seconds in range(0, 601, 10)], HOME)
    assert answer.allowed_kw == pytest.approx((2.5 * 900 - 600 * 3.0) / 300)
    answer, _ = last([sample(seconds, 4.0) for seconds in range(0, 601, 10)], HOME)
    assert answer.allowed_kw == 0.0


def test_the_guard_band_is_kept_back() -> None:
    answer, _ = last([sample(0, 100.0)], SITE)
    assert answer.allowed_kw == pytest.approx(490.0)


def test_near_the_end_the_quotient_is_bounded_by_time_and_by_the_connection() -> None:
    idle = [sample(seconds, 0.0) for seconds in range(0, 900, 5)]
    for answer, _ in watch(idle, HOME):
        assert answer.allowed_kw <= HOME.connection_kw
        assert answer.allowed_kw * HOME.longest_gap_s <= 2.5 * 900 + 1e-9


def test_feeding_back_makes_no_room() -> None:
    answer, state = last([sample(seconds, -5.0) for seconds in range(0, 301, 10)], HOME)
    assert answer.energy_kwh == 0.0
    assert state.window is not None
    assert state.window.least_kwh == 0.0


@pytest.mark.parametrize("window_s", [900, 1800, 3600])
def test_windows_are_aligned_to_the_clock_and_end_on_it(window_s: int) -> None:
    settings = replace(HOME, window_s=window_s)
    answer, _ = last([sample(window_s - 10, 2.0), sample(window_s + 20, 2.0)], settings)
    assert answer.window_start_s == MIDNIGHT_S + window_s
    assert answer.energy_kwh == pytest.approx(2.0 * 20 / 3600)
    assert answer.unknown_s == 0.0


def test_time_before_the_first_sample_of_a_window_counts_at_the_whole_connection() -> None:
    answer, _ = last([sample(120, 1.0)], HOME)
    assert answer.unknown_s == 120.0
    assert answer.energy_kwh == pytest.approx(17.25 * 120 / 3600)


def test_a_gap_that_no_sample_vouches_for_counts_at_the_whole_connection() -> None:
    answer, _ = last([sample(0, 1.0), sample(61, 1.0), sample(71, 1.0)], HOME)
    assert answer.unknown_s == 61.0
    assert answer.energy_kwh == pytest.approx((17.25 * 61 + 1.0 * 10) / 3600)


def test_the_time_before_a_missing_reading_stays_unknown() -> None:
    before = last([sample(0, 1.0), sample(10, 1.0)], HOME)[1]
    silent, during = step(sample(30, math.nan), HOME, before)
    assert silent.unknown_s == 20.0
    assert silent.energy_kwh == pytest.approx((1.0 * 10 + 17.25 * 20) / 3600)
    assert step(sample(30, math.nan), HOME, during) == (silent, during)
    again, _ = step(sample(40, 2.0), HOME, during)
    assert again.unknown_s == 20.0
    assert again.energy_kwh == pytest.approx((1.0 * 10 + 17.25 * 20 + 2.0 * 10) / 3600)


def test_who_stops_at_a_missing_reading_does_not_hide_what_was_drawn_before() -> None:
    """All that is allowed for half a minute, then nothing: the next reading, 0 kW, is of the second half only."""
    state, drawn_kw, drawn_kws = last([sample(0, 0.0)], HOME)[1], 0.0, 0.0
    for seconds in range(30, 871, 30):
        reads = seconds % 60 == 0
        drawn_kws += drawn_kw * 30
        answer, state = step(sample(seconds, drawn_kw if reads else math.nan), HOME, state)
        drawn_kw = answer.allowed_kw if reads else 0.0
    assert drawn_kws + drawn_kw * 30 <= 2.5 * 900 + 1e-9


def test_what_runs_on_into_another_billing_period_keeps_to_its_limit() -> None:
    """The peak that was paid for is forgotten with the period, and nobody is asked before a quarter of an hour."""
    settings = replace(HOME, longest_gap_s=900.0)
    _, state = last([sample(0, 0.0), sample(900, 15.0), sample(1799, 0.0)], settings)
    answer, _ = step(sample(1799.5, 0.0), settings, state)
    assert answer.limit_kw == 15.0
    assert answer.allowed_kw * (900 - 0.5) <= 2.5 * 900 + 1e-9


def test_a_late_sample_changes_nothing() -> None:
    answer, state = last([sample(0, 1.0), sample(20, 1.0)], HOME)
    assert step(sample(15, 9.0), HOME, state)[1] is state
    assert step(sample(15, 1.0), HOME, state)[0] == answer


@pytest.mark.parametrize("jump_s", [-86400.0, -3600.0, -100.0, 100.0, 3600.0, 86400.0])
def test_after_a_jump_of_the_clock_the_window_is_unknown_up_to_then(jump_s: float) -> None:
    _, state = last([sample(86400 + seconds, 1.0) for seconds in range(0, 451, 10)], HOME)
    answer, _ = step(sample(86850 + jump_s, 1.0), HOME, state)
    into_s = (450 + jump_s) % 900
    assert answer.window_start_s == MIDNIGHT_S + 86850 + jump_s - into_s
    assert answer.unknown_s == (100.0 if jump_s == 100.0 else into_s)


@given(
    powers=st.lists(st.floats(-50, 50), min_size=1, max_size=30),
    gaps=st.lists(st.floats(0.5, 200), min_size=30, max_size=30),
)
def test_the_same_sample_twice_has_the_same_answer_and_is_counted_once(powers: list[float], gaps: list[float]) -> None:
    state, after_s = DemandState(), 0.0
    for power_kw, gap_s in zip(powers, gaps, strict=False):
        after_s += gap_s
        once = step(sample(after_s, power_kw), HOME, state)
        assert step(sample(after_s, power_kw), HOME, once[1]) == once
        state = once[1]
        assert state.window is not None
        assert 0.0 <= state.window.least_kwh <= state.window.most_kwh


@given(
    wishes=st.lists(
        st.tuples(st.floats(0.01, 1.0), st.floats(0, 1), st.sampled_from([True, True, False])),
        min_size=20,
        max_size=150,
    ),
    limit_kw=st.floats(1.0, 60.0),
    begin_s=st.floats(0, 2000),
    window_s=st.sampled_from([900, 1800, 3600]),
    longest_gap_s=st.sampled_from([60.0, 300.0, 900.0]),
)
def test_whoever_keeps_to_what_is_allowed_keeps_every_window_in_its_limit(
    wishes: list[tuple[float, float, bool]], limit_kw: float, begin_s: float, window_s: int, longest_gap_s: float
) -> None:
    """Whatever was drawn before, at most what the connection carries, and with readings missing on the way."""
    settings = DemandSettings(connection_kw=60.0, limit_kw=limit_kw, guard_pct=0.0, window_s=window_s)
    settings = replace(settings, longest_gap_s=longest_gap_s)
    time_s, drawn_kw, state, energy = begin_s, 0.0, DemandState(), dict[float, float]()
    for gap_part, part, reads in wishes:
        gap_s = gap_part * longest_gap_s
        start_s = time_s // window_s * window_s
        first_s = min(gap_s, start_s + window_s - time_s)
        energy[start_s] = energy.get(start_s, 0.0) + drawn_kw * first_s
        if first_s < gap_s:
            energy[start_s + window_s] = drawn_kw * (gap_s - first_s)
        time_s += gap_s
        # Who has no reading stops.
        answer, state = step(sample(time_s, drawn_kw if reads else math.nan), settings, state)
        drawn_kw = part * answer.allowed_kw if reads else 0.0
    unknown_s = begin_s % window_s
    for start_s, drawn_kws in energy.items():
        before_kws = unknown_s * 60.0 if start_s == begin_s - unknown_s else 0.0
        assert drawn_kws + before_kws <= max(limit_kw * window_s, before_kws) * (1 + 1e-9)


@given(power_kw=st.floats(0, 50), more_kw=st.floats(0, 50), limit_kw=st.floats(1, 50), wider_kw=st.floats(0, 50))
def test_who_draws_more_may_draw_less_and_a_higher_limit_allows_more(
    power_kw: float, more_kw: float, limit_kw: float, wider_kw: float
) -> None:
    def allowed_kw(drawn_kw: float, highest_kw: float) -> float:
        settings = replace(HOME, limit_kw=highest_kw)
        return last([sample(seconds, drawn_kw) for seconds in (0, 60, 120)], settings)[0].allowed_kw

    assert allowed_kw(power_kw + more_kw, limit_kw) <= allowed_kw(power_kw, limit_kw)
    assert allowed_kw(power_kw, limit_kw + wider_kw) >= allowed_kw(power_kw, limit_kw)


def test_an_office_with_chargers_keeps_its_limit_all_year_and_uses_it() -> None:
    """The chargers take whatever is left beside the office, in quarter hours; its peak is 1 kW below the limit."""
    load_kw = office_kw()
    limit_kw = max(load_kw) + 1.0
    settings = DemandSettings(connection_kw=400.0, limit_kw=limit_kw, longest_gap_s=900.0, guard_pct=0.0)
    state, charging_kw, averages = DemandState(), 0.0, []
    quarters = [kw for kw in load_kw for _ in range(4)]
    for quarter, base_kw in enumerate(quarters):
        time_s = MIDNIGHT_S + (quarter + 1) * QUARTER_S
        averages.append(base_kw + charging_kw)
        told = DemandSample(time_s=time_s, power_kw=averages[-1], controlled_kw=charging_kw, period=PERIOD)
        answer, state = step(told, settings, state)
        charging_kw = max(answer.allowed_kw - quarters[min(quarter + 1, len(quarters) - 1)], 0.0)
    assert max(averages) <= limit_kw + 1e-9
    assert min(averages[1:]) >= limit_kw - 1e-9


@pytest.mark.parametrize("name", ["bdew_h25.csv", "bdew_g25.csv", "bdew_l25.csv"])
def test_a_standard_day_sums_up_to_its_own_quarter_hours(name: str) -> None:
    settings = DemandSettings(connection_kw=100.0, limit_kw=1.0, longest_gap_s=900.0)
    load_kw = profile_kw(name, 3, 100_000.0)
    samples = [sample(0, 0.0), *(sample((quarter + 1) * QUARTER_S, kw) for quarter, kw in enumerate(load_kw))]
    assert len(load_kw) == 96
    assert last(samples, settings)[0].peak_kw == pytest.approx(max(load_kw))


@pytest.mark.parametrize(("before_s", "after_s"), [(900, 3600), (3600, 900), (1800, 900)])
def test_a_window_of_another_length_is_not_gone_on_with(before_s: int, after_s: int) -> None:
    """Its energy is that of other times: the window that it is now is unknown up to now, and no peak comes of it."""
    settings = replace(HOME, window_s=before_s)
    state = last([sample(seconds, 10.0) for seconds in range(0, 1401, 10)], settings)[1]
    answer, changed = step(sample(1410, 10.0), replace(HOME, window_s=after_s), state)
    start_s = 1410 // after_s * after_s
    assert answer.window_start_s == MIDNIGHT_S + start_s
    assert answer.unknown_s == 1410 - start_s
    assert changed.peak == state.peak
