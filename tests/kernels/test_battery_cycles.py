"""Rainflow cycles, whole series and value by value, and what they wear."""

from collections.abc import Callable
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.battery_series import ASTM_COUNTS, ASTM_FIGURE_6, by_range, textbook
from tidewatt.kernels import battery
from tidewatt.kernels.battery import Cycles, WearModel

PERCENTS = st.lists(st.integers(0, 100).map(float), max_size=60)


def counted(kernels: ModuleType, values: list[float]) -> dict[float, float]:
    cycles: Cycles = kernels.battery.rainflow(np.array(values, np.float64))
    return by_range(cycles.range, cycles.count)


def test_the_published_example_has_its_published_counts(kernels: ModuleType) -> None:
    cycles = kernels.battery.rainflow(ASTM_FIGURE_6)
    assert by_range(cycles.range, cycles.count) == ASTM_COUNTS
    whole = cycles.count == 1.0
    assert (cycles.range[whole].tolist(), cycles.mean[whole].tolist()) == ([4.0], [1.0])


def test_the_published_example_has_its_published_counts_value_by_value(kernels: ModuleType) -> None:
    counter = kernels.battery.CycleCounter(series=1, low=-4.0, step=1.0, steps=9)
    for value in ASTM_FIGURE_6:
        counter.add(np.array([[value]]))
    assert by_range(counter.ranges(), counter.counts()[0]) == ASTM_COUNTS


@given(values=st.lists(st.floats(-1e6, 1e6), max_size=40))
def test_a_series_counts_as_in_the_textbook(kernels: ModuleType, values: list[float]) -> None:
    assert counted(kernels, values) == textbook(values)


@given(values=PERCENTS)
def test_value_by_value_counts_as_the_whole_series(kernels: ModuleType, values: list[float]) -> None:
    counter = kernels.battery.CycleCounter(series=1)
    for value in values:
        counter.add(np.array([[value]]))
    assert by_range(counter.ranges(), counter.counts()[0]) == counted(kernels, values)


@given(values=PERCENTS)
def test_every_turning_point_is_in_a_cycle(kernels: ModuleType, values: list[float]) -> None:
    """Twice the sum of all cycles is the way up and down."""
    cycles = kernels.battery.rainflow(np.array(values, np.float64))
    way = float(np.abs(np.diff(np.array(values))).sum()) if values else 0.0
    assert 2.0 * float(cycles.range @ cycles.count) == pytest.approx(way)


@given(series=st.lists(PERCENTS.filter(bool), min_size=2, max_size=4), cut=st.integers(0, 60))
def test_many_series_are_counted_beside_each_other_and_survive_a_restart(
    kernels: ModuleType, series: list[list[float]], cut: int
) -> None:
    """Values that are missing are passed over."""
    length = max(map(len, series))
    values = np.full((length, len(series)), np.nan)
    for column, each in enumerate(series):
        values[: len(each), column] = each
    before = kernels.battery.CycleCounter(series=len(series))
    before.add(values[:cut])
    after = kernels.battery.CycleCounter(series=len(series), state=before.state())
    after.add(values[cut:])
    for column, each in enumerate(series):
        assert by_range(after.ranges(), after.counts()[column]) == counted(kernels, each)


def test_the_memory_is_enough_for_the_longest_wait(kernels: ModuleType) -> None:
    """Ranges that get smaller by one step each time are the most that can wait."""
    values = np.array([(k // 2 if k % 2 else 100 - k // 2) for k in range(101)], np.float64)
    counter = kernels.battery.CycleCounter(series=1)
    for _ in range(3):
        counter.add(values[:, None])
    assert by_range(counter.ranges(), counter.counts()[0]) == counted(kernels, [*values, *values, *values])


@given(values=PERCENTS)
def test_compiled_and_uncompiled_count_the_same(uncompiled: ModuleType, values: list[float]) -> None:
    series = np.array(values, np.float64)
    one, other = battery.rainflow(series), uncompiled.battery.rainflow(series)
    for field in ("range", "mean", "count"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


WEAR = WearModel(price=8000.0, usable_kwh=60.0, depth_pct=np.array([10.0, 100.0]), cycles=np.array([10_000.0, 1_000.0]))
"""Cycles times depth is the same at every depth: each kWh costs the same."""


@pytest.fixture
def wear_per_kwh(kernels: ModuleType) -> Callable[..., list[float]]:
    return lambda model, *depths: kernels.battery.wear_per_kwh(model, np.array(depths, np.float64)).tolist()


def test_wear_per_kwh_is_the_price_over_everything_that_goes_through(
    wear_per_kwh: Callable[..., list[float]],
) -> None:
    assert wear_per_kwh(WEAR, 100.0, 50.0, 10.0, 1.0) == pytest.approx([8000.0 / 60_000.0] * 4)


def test_deeper_cycles_cost_more_per_kwh_with_the_usual_curve(wear_per_kwh: Callable[..., list[float]]) -> None:
    costs = wear_per_kwh(WearModel(price=8000.0, usable_kwh=60.0), 1.0, 5.0, 10.0, 20.0, 50.0, 80.0, 100.0)
    assert costs == sorted(costs)
    assert costs[-1] == pytest.approx(8000.0 / 60_000.0)


def test_life_is_used_up_by_the_cycles_it_lasts(kernels: ModuleType) -> None:
    used = kernels.battery.life_used
    assert used(WEAR, np.array([100.0]), np.array([1000.0])) == pytest.approx(1.0)
    assert used(WEAR, np.array([10.0, 100.0]), np.array([5000.0, 250.0])) == pytest.approx(0.75)
    assert used(WEAR, np.zeros(0), np.zeros(0)) == 0.0


@settings(deadline=None)
@given(depths=st.lists(st.floats(1e-6, 100.0), max_size=20))
def test_the_life_curve_is_the_same_uncompiled_and_falls(uncompiled: ModuleType, depths: list[float]) -> None:
    model = WearModel(price=1.0, usable_kwh=1.0)
    at = np.sort(np.array(depths, np.float64))
    cycles = battery.cycles_to_end(model, at)
    np.testing.assert_array_equal(cycles, uncompiled.battery.cycles_to_end(model, at))
    assert (np.diff(cycles) <= 1e-9 * cycles[1:]).all()
