"""Settings, readings, and chargers that have long been in service."""

from collections.abc import Iterable, Iterator
import csv
import math
from pathlib import Path
from types import ModuleType

from hypothesis import strategies as st

from tidewatt.kernels.frequency import FrequencyReading, FrequencyResponse, FrequencySettings, FrequencyState

IBERIA = Path(__file__).with_name("frequency_iberia_20250428.csv")
IBERIA_NOMINAL_V = 27_000.0
"""About the mean of the hour before the event; the source names no nominal voltage."""

FIFTY = FrequencySettings.ieee_1547(nominal_hz=50.0, rated_kw=100.0)
SIXTY = FrequencySettings.ieee_1547(nominal_hz=60.0, rated_kw=100.0)
EUROPEAN = FrequencySettings.en_50549(rated_kw=100.0)
ALL = {"IEEE 1547 at 50 Hz": FIFTY, "IEEE 1547 at 60 Hz": SIXTY, "EN 50549": EUROPEAN}


def reading(time_s: float, frequency_hz: float, **changes: float) -> FrequencyReading:
    """Return a reading at nominal voltage of chargers that draw 80 kW and could draw 40 kW more."""
    values = {
        "lowest_voltage_pu": 1.0,
        "highest_voltage_pu": 1.0,
        "reducible_kw": 80.0,
        "raisable_kw": 40.0,
    } | changes
    return FrequencyReading(time_s=time_s, frequency_hz=frequency_hz, **values)


def answered(
    kernels: ModuleType,
    settings: FrequencySettings,
    readings: Iterable[FrequencyReading],
    state: FrequencyState | None = None,
) -> Iterator[tuple[FrequencyResponse, FrequencyState]]:
    """Yield the responses to readings, one after the other."""
    state = state or kernels.frequency.FrequencyState()
    for each in readings:
        response, state = kernels.frequency.step(each, settings, state)
        yield response, state


def in_service(kernels: ModuleType, settings: FrequencySettings, until_s: float = 0.0) -> FrequencyState:
    """Return the state after so long at nominal frequency that nothing is left of the ramp."""
    span_s = settings.enter_delay_s + settings.enter_ramp_s + 10
    count = math.ceil(span_s / 5)
    readings = (reading(until_s - 5.0 * (count - place), settings.nominal_hz) for place in range(count + 1))
    *_, (response, state) = answered(kernels, settings, readings)
    assert response.share == 1
    return state


def recorded(path: Path, columns: tuple[str, ...], frequency: str, time: str) -> Iterator[tuple[str, FrequencyReading]]:
    """Yield the local time and the reading of every row of a recording."""
    with path.open(encoding="utf-8") as lines:
        for row in csv.DictReader(line for line in lines if not line.startswith("#")):
            clock = row[time].rpartition(" ")[2]
            hours, minutes, seconds = (int(part) for part in clock.split(":"))
            phases_pu = [float(row[column]) / IBERIA_NOMINAL_V for column in columns]
            missing = any(math.isnan(phase) for phase in phases_pu)
            yield (
                clock,
                reading(
                    3600.0 * hours + 60.0 * minutes + seconds,
                    float(row[frequency]),
                    lowest_voltage_pu=math.nan if missing else min(phases_pu),
                    highest_voltage_pu=math.nan if missing else max(phases_pu),
                ),
            )


def iberia() -> list[tuple[str, FrequencyReading]]:
    """Return the extract that is part of the tests."""
    return list(recorded(IBERIA, ("l1_v", "l2_v", "l3_v"), "frequency_hz", "time"))


def frequencies() -> st.SearchStrategy[float]:
    """Frequencies of a grid and of no grid."""
    return st.one_of(st.floats(46, 64), st.sampled_from([math.nan, 0.0, 40.0, -1.0, math.inf, 50.0, 60.0]))


def readings(least: int = 1, most: int = 30) -> st.SearchStrategy[list[FrequencyReading]]:
    """Readings of anything, a little or a long time apart."""
    voltages = st.one_of(st.floats(0.8, 1.2), st.sampled_from([math.nan, 0.0, 1.0]))
    one = st.tuples(st.floats(0.01, 400), frequencies(), voltages, st.floats(0, 200), st.floats(0, 200))

    def timed(values: list[tuple[float, float, float, float, float]]) -> list[FrequencyReading]:
        time_s, result = 0.0, []
        for step_s, frequency_hz, voltage_pu, reducible_kw, raisable_kw in values:
            time_s += step_s
            result.append(
                reading(
                    time_s,
                    frequency_hz,
                    lowest_voltage_pu=voltage_pu,
                    highest_voltage_pu=voltage_pu,
                    reducible_kw=reducible_kw,
                    raisable_kw=raisable_kw,
                )
            )
        return result

    return st.lists(one, min_size=least, max_size=most).map(timed)
