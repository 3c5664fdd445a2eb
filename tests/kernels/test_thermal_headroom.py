"""How much load, and for how long, the limits of a transformer allow."""

from dataclasses import replace
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.thermal_cases import CLASSES, DISTRIBUTION, ambients, sampled, transformers
from tidewatt.kernels.thermal import (
    LONG_EMERGENCY,
    NORMAL_CYCLIC,
    SHORT_EMERGENCY,
    LoadingBound,
    LoadingLimits,
    ThermalState,
    Transformer,
)
from tidewatt.kernels.thermal.problem import Floats

WARM_DAY = np.full(96, 25.0)

LIMITS = st.builds(
    LoadingLimits, load_factor=st.floats(0.5, 3), hot_spot_c=st.floats(80, 160), top_oil_c=st.floats(60, 115)
)


@settings(deadline=None, max_examples=60)
@given(transformer=transformers(), before=st.floats(0, 1.5), ambient_c=ambients(), limits=LIMITS)
def test_the_found_load_keeps_every_limit_at_every_instant_and_a_little_more_breaks_one(
    kernels: ModuleType, transformer: Transformer, before: float, ambient_c: Floats, limits: LoadingLimits
) -> None:
    window = kernels.thermal.ThermalWindow(transformer, steps=24, step_s=900.0)
    state = window.steady_state(load_factor=before, ambient_c=20.0)
    found = window.headroom(state, ambient_c, limits)
    assert 0 <= found.load_factor <= limits.load_factor
    oil_peak_c, hot_peak_c = sampled(transformer, state, found.load_factor, ambient_c, step_s=900.0)
    if found.bound == LoadingBound.ALREADY_EXCEEDED:
        assert found.load_factor == 0
        assert oil_peak_c > limits.top_oil_c - 0.1 or hot_peak_c > limits.hot_spot_c - 0.1
        return
    assert oil_peak_c <= limits.top_oil_c + 1e-9
    assert hot_peak_c <= limits.hot_spot_c + 1e-9
    assert hot_peak_c <= found.hot_spot_c + 1e-9
    assert found.top_oil_c == pytest.approx(oil_peak_c, abs=1e-9)
    if found.bound == LoadingBound.LOAD_FACTOR:
        assert found.load_factor == limits.load_factor
    elif found.bound == LoadingBound.TOP_OIL:
        assert found.top_oil_c == pytest.approx(limits.top_oil_c, abs=1e-4)
    else:
        assert hot_peak_c == pytest.approx(limits.hot_spot_c, abs=0.1)


@settings(deadline=None, max_examples=40)
@given(
    transformer=transformers(),
    loads=st.tuples(st.floats(0, 1.2), st.floats(0, 3)),
    ambient_c=ambients(),
    limits=LIMITS,
)
def test_an_overload_lasts_until_just_before_a_limit(
    kernels: ModuleType,
    transformer: Transformer,
    loads: tuple[float, float],
    ambient_c: Floats,
    limits: LoadingLimits,
) -> None:
    before, load = loads
    window = kernels.thermal.ThermalWindow(transformer, steps=24, step_s=900.0)
    state = window.steady_state(load_factor=before, ambient_c=20.0)
    lasting_s = window.lasting_s(state, ambient_c, limits, load_factor=load)
    assert 0 <= lasting_s <= 24 * 900
    whole, rest_s = divmod(lasting_s, 900)
    walked = state
    oil_peak_c, hot_peak_c = state.top_oil_c, state.hot_spot_c
    for ambient, duration_s in [(ambient_c[step], 900.0) for step in range(int(whole))] + [
        (ambient_c[min(int(whole), 23)], rest_s)
    ]:
        oil_c, hot_c = sampled(transformer, walked, load, np.array([ambient]), step_s=duration_s)
        oil_peak_c, hot_peak_c = max(oil_peak_c, oil_c), max(hot_peak_c, hot_c)
        walked = window.advance(walked, load_factor=load, ambient_c=float(ambient), duration_s=duration_s)
    if lasting_s > 0:
        assert oil_peak_c <= limits.top_oil_c + 1e-7
        assert hot_peak_c <= limits.hot_spot_c + 1e-7
    if 0 < lasting_s < 24 * 900:
        later = window.advance(walked, load_factor=load, ambient_c=float(ambient_c[int(whole)]), duration_s=60.0)
        near_oil = max(oil_peak_c, later.top_oil_c) > limits.top_oil_c - 0.1
        assert near_oil or max(hot_peak_c, later.hot_spot_c) > limits.hot_spot_c - 0.1


@settings(deadline=None, max_examples=40)
@given(transformer=transformers(), before=st.floats(0, 1.2), ambient_c=ambients(), limits=LIMITS)
def test_headroom_and_lasting_agree(
    kernels: ModuleType, transformer: Transformer, before: float, ambient_c: Floats, limits: LoadingLimits
) -> None:
    window = kernels.thermal.ThermalWindow(transformer, steps=24, step_s=900.0)
    state = window.steady_state(load_factor=before, ambient_c=20.0)
    found = window.headroom(state, ambient_c, limits)
    if found.load_factor > 0:
        a_little_less = 0.999 * found.load_factor
        assert window.lasting_s(state, ambient_c, limits, load_factor=a_little_less) >= 24 * 900 * 0.999
    if found.bound in {LoadingBound.TOP_OIL, LoadingBound.HOT_SPOT}:
        more = found.load_factor + 0.02
        peaks = sampled(transformer, state, more, ambient_c, step_s=900.0)
        if peaks[0] > limits.top_oil_c or peaks[1] > limits.hot_spot_c:
            assert window.lasting_s(state, ambient_c, limits, load_factor=more) < 24 * 900


@settings(deadline=None, max_examples=40)
@given(transformer=transformers(), before=st.floats(0, 1.2), ambient_c=ambients(), warmer=st.floats(0, 20))
def test_a_warmer_day_leaves_less(
    kernels: ModuleType, transformer: Transformer, before: float, ambient_c: Floats, warmer: float
) -> None:
    window = kernels.thermal.ThermalWindow(transformer, steps=24, step_s=900.0)
    state = window.steady_state(load_factor=before, ambient_c=20.0)
    cool = window.headroom(state, ambient_c, NORMAL_CYCLIC).load_factor
    assert window.headroom(state, ambient_c + warmer, NORMAL_CYCLIC).load_factor <= cool + 1e-3


@pytest.mark.parametrize("name", CLASSES)
def test_what_has_settled_at_a_limit_may_stay_there(kernels: ModuleType, name: str) -> None:
    window = kernels.thermal.ThermalWindow(CLASSES[name], steps=96, step_s=900.0)
    settled = window.steady_state(load_factor=1.1, ambient_c=25.0)
    limits = LoadingLimits(load_factor=1.5, hot_spot_c=settled.hot_spot_c + 1e-9, top_oil_c=150.0)
    found = window.headroom(settled, WARM_DAY, limits)
    assert found.load_factor == pytest.approx(1.1, abs=1e-6)
    assert found.bound == LoadingBound.HOT_SPOT
    assert window.lasting_s(settled, WARM_DAY, limits, load_factor=1.09) == 96 * 900


def test_the_rating_is_the_limit_unless_more_is_allowed(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    found = window.headroom(window.steady_state(load_factor=0.3, ambient_c=0.0), np.zeros(96), LoadingLimits())
    assert found.load_factor == 1.0
    assert found.bound == LoadingBound.LOAD_FACTOR
    assert window.lasting_s(window.steady_state(ambient_c=0.0), np.zeros(96), LoadingLimits(), load_factor=1.01) == 0


def test_an_emergency_allows_more_and_a_short_one_most(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    state = window.steady_state(load_factor=0.5, ambient_c=25.0)
    loads = [
        window.headroom(state, WARM_DAY, limits).load_factor
        for limits in (LoadingLimits(), NORMAL_CYCLIC, LONG_EMERGENCY, SHORT_EMERGENCY)
    ]
    assert loads == sorted(loads)
    assert 1.0 < loads[1] < loads[2] < loads[3] < 1.5


def test_a_short_evening_may_carry_more_than_a_long_one(kernels: ModuleType) -> None:
    loads = []
    for steps in (2, 8, 24, 96):
        window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=steps, step_s=900.0)
        state = window.steady_state(load_factor=0.5, ambient_c=25.0)
        loads.append(window.headroom(state, np.full(steps, 25.0), NORMAL_CYCLIC).load_factor)
    assert loads == sorted(loads, reverse=True)
    assert loads[0] == 1.5


def test_what_is_already_too_warm_gets_nothing(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=4, step_s=900.0)
    hot = ThermalState(top_oil_c=106.0, quick_k=5.0, slow_k=0.0)
    found = window.headroom(hot, np.full(4, 25.0), NORMAL_CYCLIC)
    assert (found.load_factor, found.bound) == (0.0, LoadingBound.ALREADY_EXCEEDED)
    assert window.lasting_s(hot, np.full(4, 25.0), NORMAL_CYCLIC, load_factor=0.0) == 0.0


def test_unknown_is_taken_as_rated_load(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    assert window.steady_state(ambient_c=20.0) == window.steady_state(load_factor=1.0, ambient_c=20.0)
    cool = window.headroom(window.steady_state(load_factor=0.4, ambient_c=25.0), WARM_DAY, NORMAL_CYCLIC)
    unknown = window.headroom(window.steady_state(ambient_c=25.0), WARM_DAY, NORMAL_CYCLIC)
    assert unknown.load_factor <= cool.load_factor


@pytest.mark.parametrize("step_s", [60.0, 300.0, 900.0, 3600.0, 21600.0])
def test_the_length_of_the_steps_hardly_matters(kernels: ModuleType, step_s: float) -> None:
    """A day at one ambient: peaks between the ends are found in steps of six hours as in those of a minute."""
    steps = int(86400 / step_s)
    onan = CLASSES["power ONAN"]
    window = kernels.thermal.ThermalWindow(onan, steps=steps, step_s=step_s)
    state = window.steady_state(load_factor=0.2, ambient_c=25.0)
    limits = replace(NORMAL_CYCLIC, top_oil_c=150.0)
    found = window.headroom(state, np.full(steps, 25.0), limits)
    assert found.load_factor == pytest.approx(1.21, abs=0.2)
    reference = kernels.thermal.ThermalWindow(onan, steps=96, step_s=900.0)
    assert found.load_factor == pytest.approx(reference.headroom(state, WARM_DAY, limits).load_factor, abs=2e-4)


@pytest.mark.parametrize(("steps", "step_s"), [(2000, 1e7), (24, 86400.0)])
def test_very_long_steps_leave_as_much_as_short_ones(kernels: ModuleType, steps: int, step_s: float) -> None:
    """The overshoot of a power transformer lasts an hour of the first step, which may have many months."""
    onan = CLASSES["power ONAN"]
    limits = replace(NORMAL_CYCLIC, top_oil_c=150.0)
    reference = kernels.thermal.ThermalWindow(onan, steps=480, step_s=900.0)
    long = kernels.thermal.ThermalWindow(onan, steps=steps, step_s=step_s)
    state = long.steady_state(load_factor=0.2, ambient_c=25.0)
    least = reference.headroom(state, np.full(480, 25.0), limits).load_factor
    ambient_c = np.full(steps, 25.0)
    assert long.headroom(state, ambient_c, limits).load_factor == pytest.approx(least, abs=1e-3)
    assert long.lasting_s(state, ambient_c, limits, load_factor=least - 1e-3) == steps * step_s
    assert 0 < long.lasting_s(state, ambient_c, limits, load_factor=least + 0.01) < 86400
