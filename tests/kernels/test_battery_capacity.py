"""The capacity is learnt from sessions, through rounding, jumps and turns."""

from dataclasses import replace
import math

from hypothesis import given, strategies as st
import pytest

from tests.kernels.battery_series import session
from tidewatt.kernels.battery import (
    CapacityAnswer,
    CapacityReading,
    CapacitySettings,
    CapacityState,
    finish_capacity,
    learn_capacity,
)

CAR = CapacitySettings(nominal_kwh=60.0)


def learnt(
    *sessions: list[CapacityReading], state: CapacityState | None = None
) -> tuple[CapacityAnswer, CapacityState]:
    memory = CapacityState() if state is None else state
    for readings in sessions:
        for reading in readings:
            _, memory = learn_capacity(reading, CAR, memory)
    return finish_capacity(CAR, memory)


@pytest.mark.parametrize("told_pct", [0.1, 0.5, 1.0, 2.0, 5.0])
@pytest.mark.parametrize("way", [(12.3, 81.7), (81.7, 12.3)], ids=["charging", "discharging"])
def test_however_the_state_of_charge_is_rounded_the_capacity_is_found(
    told_pct: float, way: tuple[float, float]
) -> None:
    readings = session(1, from_pct=way[0], to_pct=way[1], capacity_kwh=54.0, told_pct=told_pct)
    answer, _ = learnt(readings)
    assert answer.capacity_kwh == pytest.approx(54.0, rel=0.002)
    assert answer.soh_pct == pytest.approx(90.0, rel=0.002)
    assert answer.deviation_kwh == pytest.approx(0.02 * 54.0, rel=0.05)


@given(from_pct=st.floats(5, 60), span_pct=st.floats(13, 35), capacity_kwh=st.floats(40, 70))
def test_from_a_short_span_the_capacity_is_still_within_a_percent(
    from_pct: float, span_pct: float, capacity_kwh: float
) -> None:
    answer, _ = learnt(session(1, from_pct=from_pct, to_pct=from_pct + span_pct, capacity_kwh=capacity_kwh))
    assert answer.capacity_kwh == pytest.approx(capacity_kwh, rel=0.01)


def test_a_span_that_is_too_short_says_nothing() -> None:
    answer, state = learnt(session(1, from_pct=50.0, to_pct=58.0, capacity_kwh=54.0))
    assert math.isnan(answer.capacity_kwh)
    assert math.isnan(answer.deviation_kwh)
    assert state == CapacityState()


def test_spans_are_averaged_and_the_more_there_are_the_surer_it_is() -> None:
    low = session(1, from_pct=20, to_pct=80, capacity_kwh=54.0, meter=0.98)
    high = session(2, from_pct=20, to_pct=80, capacity_kwh=54.0, meter=1.02)
    one, _ = learnt(low)
    both, _ = learnt(low, high)
    assert both.capacity_kwh == pytest.approx(54.0, rel=0.003)
    assert both.deviation_kwh < one.deviation_kwh


@pytest.mark.parametrize("jump_pct", [-20.0, -5.0, 5.0, 20.0])
def test_a_jump_of_the_sensor_does_not_count(jump_pct: float) -> None:
    readings = session(1, from_pct=20, to_pct=70, capacity_kwh=54.0)
    shifted = [replace(each, soc_pct=each.soc_pct + (index > 700) * jump_pct) for index, each in enumerate(readings)]
    answer, _ = learnt(shifted)
    assert answer.capacity_kwh == pytest.approx(54.0, rel=0.01)


def test_a_value_that_flickers_does_not_end_the_span() -> None:
    readings = session(1, from_pct=20, to_pct=35, capacity_kwh=54.0)
    flickering = [
        replace(each, soc_pct=each.soc_pct - (index % 2 and index % 27 == 1)) for index, each in enumerate(readings)
    ]
    answer, _ = learnt(flickering)
    assert answer.capacity_kwh == pytest.approx(54.0, rel=0.02)


def test_there_and_back_are_two_spans() -> None:
    there = session(1, from_pct=20, to_pct=60, capacity_kwh=54.0)
    top_kwh = there[-1].energy_kwh
    back = [
        replace(each, session=1, energy_kwh=top_kwh + each.energy_kwh)
        for each in session(1, from_pct=60, to_pct=30, capacity_kwh=54.0)
    ]
    answer, state = learnt([*there, *back])
    assert state.spans == 2
    assert answer.capacity_kwh == pytest.approx(54.0, rel=0.005)


def test_one_span_that_contradicts_is_doubted_and_three_in_a_row_are_believed() -> None:
    state = CapacityState()
    for number in range(5):
        _, state = learnt(session(number, from_pct=20, to_pct=80, capacity_kwh=54.0), state=state)
    for number, believed_kwh in ((5, 54.0), (6, 54.0), (7, 40.0)):
        answer, state = learnt(session(number, from_pct=20, to_pct=80, capacity_kwh=40.0), state=state)
        assert answer.capacity_kwh == pytest.approx(believed_kwh, rel=0.005)


def test_readings_without_a_state_of_charge_and_repeated_ones_change_nothing() -> None:
    readings = session(1, from_pct=20, to_pct=60, capacity_kwh=54.0)
    twice = [each for reading in readings for each in (reading, reading, replace(reading, soc_pct=math.nan))]
    assert learnt(twice) == learnt(readings)


def test_an_energy_that_cannot_be_the_batterys_is_left_out() -> None:
    answer, _ = learnt(session(1, from_pct=20, to_pct=80, capacity_kwh=54.0, meter=0.2))
    assert math.isnan(answer.capacity_kwh)
