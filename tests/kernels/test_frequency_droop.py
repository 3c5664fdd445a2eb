"""How much is asked for at which frequency."""

import math
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.frequency_cases import ALL, EUROPEAN, FIFTY, SIXTY, in_service, reading
from tidewatt.kernels import frequency as installed
from tidewatt.kernels.frequency import FrequencyReason, FrequencySettings

SETTINGS = st.sampled_from(list(ALL.values()))


def asked(kernels: ModuleType, chosen: FrequencySettings, *frequency_hz: float) -> list[float]:
    """Return the responses over the rated power."""
    values: list[float] = kernels.frequency.droop(chosen, np.array(frequency_hz)).tolist()
    return values


def test_the_package_says_whether_it_is_compiled(uncompiled: ModuleType) -> None:
    assert str(installed._droop.__file__).endswith(".py") != installed.COMPILED
    assert uncompiled.frequency.COMPILED is False


@settings(deadline=None)
@given(chosen=SETTINGS, values=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), max_size=30))
def test_compiled_and_uncompiled_give_the_same_numbers(
    uncompiled: ModuleType, chosen: FrequencySettings, values: list[float]
) -> None:
    frequency_hz = np.array(values)
    np.testing.assert_array_equal(
        installed.droop(chosen, frequency_hz), uncompiled.frequency.droop(chosen, frequency_hz)
    )


def test_the_defaults_of_ieee_1547(kernels: ModuleType) -> None:
    """36 mHz and 5 % at 60 Hz, in proportion at 50 Hz: 1 % of 5 % of nominal beyond the dead band is 1 % of power."""
    assert asked(kernels, SIXTY, 60.0, 60.036, 59.964) == pytest.approx([0, 0, 0], abs=1e-12)
    assert asked(kernels, SIXTY, 60.066, 59.934) == pytest.approx([0.01, -0.01])
    assert asked(kernels, FIFTY, 50.03, 50.055, 49.945) == pytest.approx([0, 0.01, -0.01], abs=1e-12)


def test_european_settings_wait_for_a_fifth_of_a_hertz(kernels: ModuleType) -> None:
    assert asked(kernels, EUROPEAN, 49.81, 50.19, 50.0) == [0, 0, 0]
    assert asked(kernels, EUROPEAN, 50.7) == pytest.approx([0.2])


@pytest.mark.parametrize(("chosen", "threshold_hz"), [(SIXTY, 59.5), (FIFTY, 49.583333), (EUROPEAN, 49.583333)])
def test_all_that_can_be_shed_is_shed_before_the_grid_sheds(
    kernels: ModuleType, chosen: FrequencySettings, threshold_hz: float
) -> None:
    assert asked(kernels, chosen, threshold_hz, threshold_hz - 1)[:] == pytest.approx([-1, -1], abs=1e-5)
    (halfway,) = asked(kernels, chosen, (chosen.shed_from_hz + chosen.shed_by_hz) / 2)
    assert halfway == pytest.approx(-0.5)
    assert asked(kernels, chosen, chosen.shed_from_hz + 1e-9)[0] > -0.1


@settings(deadline=None)
@given(chosen=SETTINGS, values=st.lists(st.floats(45, 65), min_size=2, max_size=20))
def test_the_response_rises_with_the_frequency_within_plus_and_minus_one(
    kernels: ModuleType, chosen: FrequencySettings, values: list[float]
) -> None:
    responses = asked(kernels, chosen, *sorted(values))
    assert responses == sorted(responses)
    assert all(-1 <= each <= 1 for each in responses)


@settings(deadline=None)
@given(chosen=SETTINGS, part=st.floats(-0.999, 0.999))
def test_within_the_dead_band_nothing_is_asked_for(kernels: ModuleType, chosen: FrequencySettings, part: float) -> None:
    assert asked(kernels, chosen, chosen.nominal_hz + part * chosen.deadband_hz) == [0]


@settings(deadline=None)
@given(chosen=SETTINGS, frequency_hz=st.floats(45, 65))
def test_the_response_never_jumps(kernels: ModuleType, chosen: FrequencySettings, frequency_hz: float) -> None:
    here, next_to_it = asked(kernels, chosen, frequency_hz, frequency_hz + 1e-6)
    assert next_to_it - here <= 1e-5


@settings(deadline=None)
@given(
    chosen=SETTINGS,
    part=st.floats(-0.05, 0.05),
    reducible_kw=st.floats(0, 200),
    raisable_kw=st.floats(0, 200),
)
def test_in_service_the_response_is_the_droop_within_what_is_available(
    kernels: ModuleType, chosen: FrequencySettings, part: float, reducible_kw: float, raisable_kw: float
) -> None:
    state = in_service(kernels, chosen)
    frequency_hz = chosen.nominal_hz * (1 + part)
    given_reading = reading(1.0, frequency_hz, reducible_kw=reducible_kw, raisable_kw=raisable_kw)
    response, _ = kernels.frequency.step(given_reading, chosen, state)
    (asked_pu,) = asked(kernels, chosen, frequency_hz)
    assert response.response_kw == pytest.approx(min(max(100 * asked_pu, -reducible_kw), raisable_kw))
    if response.reason == FrequencyReason.DEADBAND:
        assert abs(frequency_hz - chosen.nominal_hz) <= chosen.deadband_hz
    if response.reason == FrequencyReason.LIMITED:
        assert response.response_kw in {-reducible_kw, raisable_kw}
