"""What is believed, when nothing is done any more, and how service is entered."""

from dataclasses import asdict, replace
import json
import math
from types import ModuleType

from hypothesis import given, settings, strategies as st
import pytest

from tests.kernels.frequency_cases import ALL, FIFTY, SIXTY, answered, in_service, reading, readings
from tidewatt.kernels import frequency as installed
from tidewatt.kernels.frequency import FrequencyMode, FrequencyReading, FrequencyReason, FrequencySettings

SETTINGS = st.sampled_from(list(ALL.values()))


@pytest.mark.parametrize("artefact_hz", [math.nan, 0.0, -1.0, 40.0, 65.0, 52.9, math.inf])
def test_one_reading_that_no_grid_makes_is_passed_over(kernels: ModuleType, artefact_hz: float) -> None:
    state = in_service(kernels, FIFTY)
    before, artefact, after = [
        response
        for response, _ in answered(
            kernels, FIFTY, [reading(0.5, 49.9), reading(1.0, artefact_hz), reading(1.5, 49.9)], state
        )
    ]
    assert artefact.response_kw == before.response_kw == after.response_kw < 0
    assert artefact.reason in {FrequencyReason.MISSING, FrequencyReason.JUMP}
    assert after.reason == FrequencyReason.DROOP


def test_a_held_response_keeps_to_what_is_available_now(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    (_, state), (held, _) = answered(
        kernels, FIFTY, [reading(0.5, 49.2), reading(1.0, math.nan, reducible_kw=3.0)], state
    )
    assert held.response_kw == -3


def test_what_is_missing_for_long_ends_service(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    gone = [reading(float(second), math.nan) for second in range(1, 15)]
    responses = [response for response, _ in answered(kernels, FIFTY, [reading(0.5, 49.9), *gone], state)]
    assert [response.mode for response in responses[1:11]] == [FrequencyMode.ACTIVE] * 10
    assert (responses[11].mode, responses[11].reason) == (FrequencyMode.SAFE, FrequencyReason.STALE)
    assert all(response.response_kw == 0 and not response.discharge_allowed for response in responses[11:])


def test_a_silence_longer_than_the_hold_ends_service_too(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    ((response, _),) = answered(kernels, FIFTY, [reading(60.0, 49.9)], state)
    assert (response.mode, response.response_kw) == (FrequencyMode.WAITING, 0)


def test_a_grid_that_really_falls_out_of_the_window_is_left_at_once(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    falling = [reading(0.5 * step, 50 - 0.4 * step) for step in range(1, 12)]
    responses = [response for response, _ in answered(kernels, FIFTY, falling, state)]
    for each, response in zip(falling, responses, strict=True):
        if each.frequency_hz < 47:
            assert (response.mode, response.response_kw, response.share) == (FrequencyMode.SAFE, 0, 0)
        else:
            assert response.mode == FrequencyMode.ACTIVE
    assert [response.reason for response in responses].count(FrequencyReason.OUT_OF_WINDOW) >= 1
    assert responses[6].response_kw == -80


def test_without_voltage_no_frequency_is_believed(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    ((dead, _),) = answered(kernels, FIFTY, [reading(1.0, 49.5, lowest_voltage_pu=0.02)], state)
    assert (dead.mode, dead.reason) == (FrequencyMode.SAFE, FrequencyReason.DEAD_BUS)
    ((unknown, _),) = answered(kernels, FIFTY, [reading(1.0, 49.5, highest_voltage_pu=math.nan)], state)
    assert (unknown.mode, unknown.reason, unknown.response_kw) == (FrequencyMode.ACTIVE, FrequencyReason.NO_VOLTAGE, 0)


@pytest.mark.parametrize("name", ALL)
def test_service_is_entered_after_the_delay_along_the_ramp(kernels: ModuleType, name: str) -> None:
    chosen = ALL[name]
    stable = [reading(5.0 * step, chosen.nominal_hz - 0.25 * chosen.deadband_hz) for step in range(400)]
    responses = [response for response, _ in answered(kernels, chosen, stable)]
    for each, response in zip(stable, responses, strict=True):
        since_s = each.time_s - chosen.enter_delay_s
        expected = min(max(since_s / chosen.enter_ramp_s, 0.0), 1.0)
        assert response.share == pytest.approx(expected)
        assert response.discharge_allowed == (since_s > 0)
    assert responses[0].reason == FrequencyReason.DELAY
    assert responses[-1].mode == FrequencyMode.ACTIVE


def test_the_delay_starts_anew_with_every_disturbance(kernels: ModuleType) -> None:
    for disturbance in (
        reading(200.0, 59.4),
        reading(200.0, 60.2),
        reading(200.0, math.nan),
        reading(200.0, 60.0, lowest_voltage_pu=0.91),
        reading(200.0, 60.0, highest_voltage_pu=1.06),
        reading(200.0, 60.0, lowest_voltage_pu=math.nan),
    ):
        before = [reading(5.0 * step, 60.0) for step in range(40)]
        after = [reading(205.0 + 5.0 * step, 60.0) for step in range(80)]
        served = [response for response, _ in answered(kernels, SIXTY, [*before, disturbance, *after])]
        waited = {response.mode for response in served[: 41 + 60]}
        assert FrequencyMode.RAMPING not in waited
        assert served[41 + 60].mode == FrequencyMode.RAMPING


def test_during_the_ramp_the_response_is_a_share(kernels: ModuleType) -> None:
    steady = [reading(5.0 * step, 50.0) for step in range(91)]
    *_, (_, halfway) = answered(kernels, FIFTY, steady)
    response, _ = kernels.frequency.step(reading(450.0 + 2.0, 49.0), FIFTY, halfway)
    assert response.mode == FrequencyMode.RAMPING
    assert response.reason == FrequencyReason.LIMITED
    assert response.response_kw == pytest.approx(-response.share * 80)


@settings(deadline=None)
@given(chosen=SETTINGS, given_readings=readings())
def test_whatever_comes_the_limits_are_kept(
    kernels: ModuleType, chosen: FrequencySettings, given_readings: list[FrequencyReading]
) -> None:
    start = in_service(kernels, chosen)
    for each, (response, state) in zip(given_readings, answered(kernels, chosen, given_readings, start), strict=True):
        assert -each.reducible_kw - 1e-9 <= response.response_kw <= each.raisable_kw + 1e-9
        assert 0 <= response.share <= 1
        if response.mode in {FrequencyMode.SAFE, FrequencyMode.WAITING}:
            assert (response.response_kw, response.share, response.frequency_hz) == (0, 0, None)
        else:
            assert response.frequency_hz is not None
            assert 47 <= response.frequency_hz <= 63
        assert kernels.frequency.step(each, chosen, state) == (response, state)


@settings(deadline=None)
@given(chosen=SETTINGS, given_readings=readings())
def test_service_never_starts_before_the_delay(
    kernels: ModuleType, chosen: FrequencySettings, given_readings: list[FrequencyReading]
) -> None:
    normal_since: float | None = None
    for each, (response, _) in zip(given_readings, answered(kernels, chosen, given_readings), strict=True):
        normal = (
            chosen.enter_lowest_hz <= each.frequency_hz <= chosen.enter_highest_hz
            and chosen.enter_lowest_pu <= each.lowest_voltage_pu <= chosen.enter_highest_pu
        )
        if response.share > 0:
            return
        normal_since = (each.time_s if normal_since is None else normal_since) if normal else None
        if response.mode == FrequencyMode.RAMPING:
            assert normal_since is not None
            assert each.time_s - normal_since >= chosen.enter_delay_s


@settings(deadline=None)
@given(chosen=SETTINGS, one=st.floats(-0.05, 0.05), other=st.floats(-0.05, 0.05))
def test_of_two_frequencies_the_higher_never_draws_less(
    kernels: ModuleType, chosen: FrequencySettings, one: float, other: float
) -> None:
    state = in_service(kernels, chosen)
    lower, higher = (
        kernels.frequency.step(reading(2.0, chosen.nominal_hz * (1 + part)), chosen, state)[0].response_kw
        for part in sorted((one, other))
    )
    assert lower <= higher


@settings(deadline=None)
@given(chosen=SETTINGS, given_readings=readings())
def test_compiled_and_uncompiled_give_the_same_responses(
    uncompiled: ModuleType, chosen: FrequencySettings, given_readings: list[FrequencyReading]
) -> None:
    ours, theirs = installed.FrequencyState(), uncompiled.frequency.FrequencyState()
    for each in given_readings:
        one, ours = installed.step(each, chosen, ours)
        other, theirs = uncompiled.frequency.step(each, chosen, theirs)
        assert asdict(one) == asdict(other)
    assert asdict(ours) == asdict(theirs)


def test_the_state_survives_a_restart(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    _, state = kernels.frequency.step(reading(1.0, 49.9), FIFTY, state)
    document = json.loads(json.dumps(asdict(state), allow_nan=False))
    response = kernels.frequency.FrequencyResponse(**document.pop("response"))
    restored = kernels.frequency.FrequencyState(**document, response=response)
    assert restored == state
    after = [kernels.frequency.step(reading(3.0, 49.8), FIFTY, each) for each in (state, restored)]
    assert after[0] == after[1]


def test_a_reading_from_before_is_refused(kernels: ModuleType) -> None:
    state = in_service(kernels, FIFTY)
    with pytest.raises(ValueError, match=r"^time_s: -1.0 is not usable. Give a time after the last one, 0.0"):
        kernels.frequency.step(reading(-1.0, 50.0), FIFTY, state)


def test_a_delay_and_a_ramp_of_nothing_serve_at_once(kernels: ModuleType) -> None:
    hasty = replace(FIFTY, enter_delay_s=0.0, enter_ramp_s=0.0)
    ((response, _),) = answered(kernels, hasty, [reading(0.0, 50.1 - 0.05)])
    assert response.mode == FrequencyMode.ACTIVE
    assert response.response_kw > 0
