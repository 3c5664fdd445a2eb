"""The blackout of 28 April 2025, as recorded: act on the fall, never on what the dead bus shows, come back late."""

import os
from pathlib import Path
from types import ModuleType

import pytest

from tests.kernels.frequency_cases import FIFTY, answered, iberia, in_service, reading, recorded
from tidewatt.kernels.frequency import FrequencyMode, FrequencyReason, FrequencyResponse

DATA = pytest.mark.skipif("TIDEWATT_DATA" not in os.environ, reason="TIDEWATT_DATA names no folder of recorded data")
COLUMNS = ("AnalyzerL1PhaseVoltage", "AnalyzerL2PhaseVoltage", "AnalyzerL3PhaseVoltage")


def test_the_fall_is_acted_on_and_the_dead_bus_is_not(kernels: ModuleType) -> None:
    rows = iberia()
    state = in_service(kernels, FIFTY, until_s=rows[0][1].time_s - 2)
    responses = dict(
        zip(
            [clock for clock, _ in rows],
            [response for response, _ in answered(kernels, FIFTY, [each for _, each in rows], state)],
            strict=True,
        )
    )
    assert responses["12:32:50"].reason == FrequencyReason.DEADBAND
    assert -10 < responses["12:33:18"].response_kw < 0
    assert responses["12:33:20"].response_kw == -80
    assert responses["12:33:20"].frequency_hz == 48.556
    assert responses["12:33:22"].response_kw == -80
    dead = [response for clock, response in responses.items() if clock >= "12:33:24"]
    assert all((each.response_kw, each.share, each.mode) == (0, 0, FrequencyMode.SAFE) for each in dead)


def test_when_the_grid_is_back_service_waits(kernels: ModuleType) -> None:
    rows = iberia()
    state = in_service(kernels, FIFTY, until_s=rows[0][1].time_s - 2)
    end_s = rows[-1][1].time_s
    back = [reading(end_s + 2.0 * step, 50.0) for step in range(1, 400)]
    replies = list(answered(kernels, FIFTY, [*(each for _, each in rows), *back], state))[len(rows) :]
    for each, (response, _) in zip(back, replies, strict=True):
        assert (response.share > 0) == (each.time_s - back[0].time_s > FIFTY.enter_delay_s)
    assert replies[-1][0].mode == FrequencyMode.ACTIVE


@DATA
def test_the_whole_recording(kernels: ModuleType) -> None:
    path = Path(os.environ["TIDEWATT_DATA"]) / "frequency" / "toledo_20250428_2s.csv"
    rows = list(recorded(path, COLUMNS, "AnalyzerL1Frequency", "time"))
    responses: dict[str, FrequencyResponse] = dict(
        zip(
            [clock for clock, _ in rows],
            [response for response, _ in answered(kernels, FIFTY, [each for _, each in rows])],
            strict=True,
        )
    )
    readings = dict(rows)
    in_service_from = next(clock for clock, response in responses.items() if response.share > 0)
    assert in_service_from > "11:05:00"
    assert responses["12:33:20"].response_kw == -80
    for clock, response in responses.items():
        if clock >= "12:33:24":
            assert (response.response_kw, response.share) == (0, 0)
        elif clock >= "11:12:00":
            assert response.mode == FrequencyMode.ACTIVE
        if response.frequency_hz is not None:
            assert response.frequency_hz > 47
        if readings[clock].frequency_hz == 40.0:
            assert response.response_kw == 0
