"""Spikes are told from noise, and the end of a window is foreseen."""

from dataclasses import replace
from itertools import pairwise
import math

from hypothesis import given, strategies as st
import pytest

from tests.kernels.demand_days import SITE, fluctuating_kw, last, sample, telegrams_kw, watch
from tidewatt.kernels.demand import DemandSettings, step

THRESHOLD_KW = 25.0
"""Five percent of 500 kW."""


def spikes(loads_kw: list[float], settings: DemandSettings = SITE) -> list[bool]:
    return [answer.spike for answer, _ in watch([sample(s, kw) for s, kw in enumerate(loads_kw)], settings)]


def test_a_rise_of_more_than_the_sensitivity_is_a_spike_from_its_second_sample() -> None:
    told = spikes([200.0] * 30 + [200.0 + THRESHOLD_KW + 1] * 30)
    assert told[30:33] == [False, True, True]
    assert not any(told[:30])


def test_a_smaller_rise_is_none() -> None:
    assert not any(spikes([200.0] * 30 + [200.0 + THRESHOLD_KW - 1] * 30))


def test_a_higher_sensitivity_in_figures_hears_less() -> None:
    assert not any(spikes([200.0] * 30 + [240.0] * 30, replace(SITE, sensitivity=0.1)))
    assert any(spikes([200.0] * 30 + [207.0] * 30, replace(SITE, sensitivity=0.01)))


@given(at=st.integers(3, 50), odd_kw=st.floats(-1000, 5000))
def test_a_single_odd_sample_is_never_a_spike(at: int, odd_kw: float) -> None:
    loads_kw = [300.0] * 60
    loads_kw[at] = odd_kw
    answers = [answer for answer, _ in watch([sample(s, kw) for s, kw in enumerate(loads_kw)])]
    assert not any(answer.spike or answer.over_limit for answer in answers)
    assert answers[-1].allowed_kw - answers[-1].controllable_kw == pytest.approx(300.0)


def test_a_spike_becomes_the_new_normal_after_some_minutes() -> None:
    told = spikes([200.0] * 30 + [275.0] * 1800)
    ended = told.index(False, 40)
    assert 300 < ended - 30 < 900
    assert not any(told[ended:])


def test_a_slow_morning_is_none() -> None:
    assert not any(spikes([50.0 + 0.05 * s for s in range(5000)]))


def test_what_our_own_chargers_draw_is_no_spike() -> None:
    samples = [sample(s, 200.0 + (s > 20) * 150.0, controlled_kw=(s > 20) * 150.0) for s in range(60)]
    assert not any(answer.spike for answer, _ in watch(samples))


def test_a_load_above_the_limit_is_told_and_a_period_peak_raises_it() -> None:
    assert last([sample(s, 501.0) for s in range(60)])[0].over_limit
    assert not last([sample(s, 499.0) for s in range(60)])[0].over_limit


def test_a_breach_is_foreseen_before_it_happens() -> None:
    """A load that climbs 0.8 kW/s passes 500 kW after 375 s; the window's energy is used up after 680 s."""
    climbing = [sample(s, 200.0 + 0.8 * s) for s in range(0, 900, 2)]
    answers = [answer for answer, _ in watch(climbing, replace(SITE, connection_kw=1200.0))]
    foreseen = next(index for index, answer in enumerate(answers) if answer.breach_ahead) * 2
    broken = next(index for index, answer in enumerate(answers) if answer.energy_kwh > 500.0 * 0.25) * 2
    assert foreseen < broken - 200
    assert not answers[0].breach_ahead


def test_what_is_left_for_chargers_is_what_the_forecast_of_the_rest_leaves() -> None:
    answer, _ = last([sample(s, 300.0, controlled_kw=100.0) for s in range(0, 450, 5)])
    assert answer.controllable_kw == pytest.approx(answer.allowed_kw - 200.0)
    assert answer.forecast_kw == pytest.approx((300.0 * 445 + 300.0 * 455) / 900)


def test_a_load_that_was_not_heard_of_for_too_long_may_be_anything() -> None:
    """The whole connection is assumed: nothing is left for chargers, and the window is at risk."""
    before = last([sample(s, 300.0) for s in range(100)])[1]
    silent, _ = step(sample(130, math.nan), SITE, before)
    assert silent.controllable_kw > 0.0
    lost, _ = step(sample(161, math.nan), SITE, before)
    assert lost.controllable_kw == 0.0
    assert lost.breach_ahead


def test_where_our_own_part_is_not_known_the_rest_of_the_whole_is_taken_for_it() -> None:
    before = last([sample(s, 300.0, controlled_kw=100.0) for s in range(100)])[1]
    known, _ = step(sample(100, 300.0, controlled_kw=100.0), SITE, before)
    unknown, after = step(sample(100, 300.0, controlled_kw=math.nan), SITE, before)
    assert unknown.forecast_kw == pytest.approx(known.forecast_kw)
    assert after.load == before.load


@pytest.mark.parametrize("quantile", [0.5, 0.9])
def test_the_forecast_is_kept_as_often_as_its_quantile_says(quantile: float) -> None:
    """Half-way through a window, on loads with noise, a slow swing and machines that start and stop."""
    settings = replace(SITE, quantile=quantile)
    kept, told = 0, 0
    for seed in range(8):
        loads_kw = fluctuating_kw(seed, 8 * 900, base_kw=250.0, noise_kw=15.0)
        answers = [answer for answer, _ in watch([sample(s, kw) for s, kw in enumerate(loads_kw)], settings)]
        for start in range(900, len(loads_kw), 900):
            told += 1
            kept += sum(loads_kw[start + 1 : start + 901]) / 900 <= answers[start + 450].forecast_kw + 1e-6
    assert quantile - 0.2 <= kept / told <= min(quantile + 0.2, 1.0)


def test_a_recorded_home_is_watched_second_by_second() -> None:
    """Nine minutes of a smart meter: the energy is the sum of its seconds, and the forecast stays near the load."""
    readings = telegrams_kw()
    home = DemandSettings(connection_kw=17.25, limit_kw=2.5)
    answers = list(watch([sample(seconds, kw) for seconds, kw in readings], home))
    assert len(answers) > 500
    first, final = readings[0][0], readings[-1][0]
    for (answer, _), (seconds, _) in zip(answers, readings, strict=True):
        assert answer.left_s == 900 - seconds % 900
    last_answer = answers[-1][0]
    start = max(first, final // 900 * 900)
    drawn = sum(
        max(kw, 0.0) * (now - before) / 3600 for (before, _), (now, kw) in pairwise(readings) if before >= start
    )
    unknown = (start - final // 900 * 900) * 17.25 / 3600
    assert last_answer.energy_kwh == pytest.approx(drawn + unknown)
