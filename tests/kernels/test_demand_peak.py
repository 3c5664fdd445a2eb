"""The billing period's peak: what is paid for anyway may be used."""

from dataclasses import asdict
import json

import numpy as np
import pytest

from tests.kernels.demand_days import HOME, PERIOD, last, sample
from tidewatt.kernels.demand import DemandSample, DemandState, LoadState, PeakState, WindowState, step


def quarter(start_s: float, power_kw: float, period: int = PERIOD) -> list[DemandSample]:
    """Return a quarter hour of samples up to its end, where the next one begins."""
    return [sample(start_s + seconds, power_kw, period=period) for seconds in range(30, 901, 30)]


def after(*powers_kw: float) -> DemandState:
    """Return the state after so many quarter hours from midnight on."""
    samples = [sample(0, 0.0)]
    for index, power_kw in enumerate(powers_kw):
        samples += quarter(900.0 * index, power_kw)
    return last(samples, HOME)[1]


def test_the_peak_is_the_highest_average_of_a_finished_window() -> None:
    answer, _ = last([sample(0, 0.0), *quarter(0, 1.0), *quarter(900, 4.0), *quarter(1800, 3.0)], HOME)
    assert answer.peak_kw == pytest.approx(4.0)


def test_a_peak_above_the_limit_is_the_limit_that_follows() -> None:
    answer, _ = step(sample(1810, 1.0), HOME, after(1.0, 4.0))
    assert answer.limit_kw == pytest.approx(4.0)
    assert answer.allowed_kw == pytest.approx((4.0 * 900 - 10.0) / 890)


def test_a_peak_below_the_limit_changes_nothing() -> None:
    assert step(sample(910, 1.0), HOME, after(1.0))[0].limit_kw == 2.5


def test_another_period_begins_with_no_peak_and_the_window_that_ended_counts_in_its_own() -> None:
    state = last(quarter(900, 6.0)[:-1], HOME, after(4.0))[1]
    answer, state = step(sample(1800, 6.0, period=PERIOD + 1), HOME, state)
    assert (answer.peak_kw, answer.limit_kw) == (0.0, 2.5)
    assert state.peak == PeakState(period=PERIOD + 1, peak_kw=0.0)


def test_only_what_was_certainly_drawn_raises_the_peak() -> None:
    """Ten minutes of the quarter hour are unknown: they hold the window down, but make no peak."""
    samples = [sample(600, 3.0), *(sample(seconds, 3.0) for seconds in range(630, 901, 30))]
    answer, _ = last([*samples, sample(930, 3.0)], HOME)
    assert answer.peak_kw == pytest.approx(3.0 * 300 / 900)
    assert last(samples[:-1], HOME)[0].allowed_kw == 0.0


def test_numbers_of_numpy_make_a_plain_state() -> None:
    told = [
        DemandSample(time_s=np.float64(seconds), power_kw=np.float64(1.0), period=PERIOD, controlled_kw=np.float64(0.5))
        for seconds in (0, 10, 20)
    ]
    plain = [DemandSample(time_s=float(each.time_s), power_kw=1.0, period=PERIOD, controlled_kw=0.5) for each in told]
    assert last(told, HOME) == last(plain, HOME)
    assert json.dumps(asdict(last(told, HOME)[1])) == json.dumps(asdict(last(plain, HOME)[1]))


def test_the_state_survives_a_restart_as_text() -> None:
    state = after(1.0, 4.0)
    told = json.loads(json.dumps(asdict(state)))
    restored = DemandState(
        window=WindowState(**told["window"]), load=LoadState(**told["load"]), peak=PeakState(**told["peak"])
    )
    assert restored == state
    answer, _ = step(sample(86400.0, 1.0), HOME, restored)
    assert answer.limit_kw == pytest.approx(4.0)
