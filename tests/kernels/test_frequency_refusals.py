"""What cannot be meant is refused with its name, its value and a remedy."""

from dataclasses import asdict, replace
import math
import re
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.kernels.frequency_cases import FIFTY, reading
from tidewatt.kernels.frequency import FrequencyMode, FrequencyResponse, FrequencyState


@pytest.mark.parametrize("field", asdict(FIFTY))
@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, None, "50", True, 10**400])
def test_settings_that_cannot_be_are_named(kernels: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: .* is not usable. Give a number from "):
        kernels.frequency.FrequencySettings(**asdict(FIFTY) | {field: value})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("lowest_hz", 46.9),
        ("highest_hz", 63.1),
        ("shed_from_hz", 49.99),
        ("shed_by_hz", 49.8),
        ("shed_by_hz", 46.0),
        ("enter_lowest_hz", 50.1),
        ("enter_highest_hz", 49.9),
        ("enter_lowest_pu", 0.4),
        ("enter_highest_pu", 0.99),
    ],
)
def test_settings_that_contradict_each_other_are_named(kernels: ModuleType, field: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: {value} is not usable. Give a number from "):
        kernels.frequency.FrequencySettings(**asdict(FIFTY) | {field: value})


@pytest.mark.parametrize("nominal_hz", [16.7, 400.0, math.nan, None])
def test_a_grid_of_another_frequency_is_refused(kernels: ModuleType, nominal_hz: Any) -> None:
    with pytest.raises(ValueError, match=rf"^nominal_hz: {nominal_hz} is not usable. Give 50 or 60"):
        kernels.frequency.FrequencySettings.ieee_1547(nominal_hz=nominal_hz, rated_kw=10.0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_s", math.nan),
        ("time_s", math.inf),
        ("frequency_hz", None),
        ("frequency_hz", "50"),
        ("frequency_hz", 10**400),
        ("lowest_voltage_pu", None),
        ("highest_voltage_pu", True),
        ("reducible_kw", -1.0),
        ("reducible_kw", math.nan),
        ("raisable_kw", math.inf),
    ],
)
def test_readings_that_cannot_be_are_named(kernels: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: {re.escape(repr(value))} is not usable. Give "):
        kernels.frequency.FrequencyReading(**asdict(reading(0.0, 50.0)) | {field: value})


@pytest.mark.parametrize(
    "changes",
    [
        {"time_s": math.nan},
        {"believed_s": math.inf},
        {"believed_hz": -1.0},
        {"since_s": None},
        {"mode": 4},
        {"mode": "ACTIVE"},
        {"believed_s": 1.0},
        {"believed_s": 10.5, "time_s": 10.0},
        {"since_s": 0.0, "mode": FrequencyMode.WAITING},
        {"since_s": 10.5, "time_s": 10.0, "mode": FrequencyMode.RAMPING},
    ],
)
def test_a_state_that_no_step_left_is_refused(kernels: ModuleType, changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^{next(iter(changes))}: .* is not usable. Give what the step before left"):
        kernels.frequency.FrequencyState(**changes)


def test_a_state_without_a_response_is_refused(kernels: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"^response: NoneType is not usable. Give FrequencyResponse"):
        kernels.frequency.FrequencyState(response=None)


@pytest.mark.parametrize(
    ("field", "value"),
    [("response_kw", math.nan), ("share", 1.1), ("mode", 9), ("reason", -1), ("frequency_hz", math.nan)],
)
def test_a_response_that_no_step_gave_is_refused(kernels: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: {value} is not usable. Give what the step before left"):
        kernels.frequency.FrequencyResponse(**{field: value})


@pytest.mark.parametrize("values", [[50.0], None, np.ones((2, 2)), np.ones(2, np.float32), np.ones(6)[::2]])
def test_frequencies_that_are_no_array_are_refused(kernels: ModuleType, values: Any) -> None:
    with pytest.raises(ValueError, match=r"^frequency_hz: .* is not usable. Give an array float64"):
        kernels.frequency.droop(FIFTY, values)


@pytest.mark.parametrize("value", [math.inf, -math.inf, 1e300])
def test_a_frequency_beyond_all_measure_is_refused(kernels: ModuleType, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^frequency_hz\[1\]: {re.escape(str(value))} is not usable. Give Hz"):
        kernels.frequency.droop(FIFTY, np.array([50.0, value]))


def test_what_is_unknown_at_first_is_out_of_service() -> None:
    assert FrequencyState().response == FrequencyResponse()
    assert not FrequencyResponse().discharge_allowed
    assert replace(FrequencyResponse(), share=0.1).discharge_allowed
