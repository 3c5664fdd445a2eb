"""Meter values of both versions become currents, power and energy in Tidewatt's units and signs."""

from __future__ import annotations

from typing import Any

from hypothesis import given, strategies as st
import pytest

from tidewatt.drivers.ocpp.meter_values import Measurement, parse_meter_values


def sample(value: object, measurand: str | None = None, phase: str | None = None, **more: Any) -> dict[str, Any]:
    fields = {"value": value, "measurand": measurand, "phase": phase} | more
    return {key: field for key, field in fields.items() if field is not None}


def parse(*samples: dict[str, Any], terminals: int = 3) -> Measurement:
    payload = {"meterValue": [{"timestamp": "2026-11-20T10:00:00Z", "sampledValue": list(samples)}]}
    [measurement] = parse_meter_values(payload, terminals, 230.0)
    return measurement


@pytest.mark.parametrize(
    ("written", "expected_wh"),
    [
        (sample("1234"), 1234),
        (sample("1.234", unit="kWh"), 1234),
        (sample(1234.5), 1234.5),
        (sample(1.2, unitOfMeasure={"unit": "kWh"}), 1200),
        (sample(1.2, unitOfMeasure={"unit": "Wh", "multiplier": 3}), 1200),
        (sample("7", "Energy.Active.Import.Register", location="Inlet"), 7),
        (sample("7", "Energy.Active.Import.Register", location="EV"), None),
        (sample("1a2b", format="SignedData"), None),
        (sample("nan"), None),
        (sample("inf"), None),
        (sample(None), None),
        (sample(True), None),
        (sample(1, unitOfMeasure={"multiplier": 400}), None),
    ],
)
def test_energy_is_read_in_watt_hours(written: dict[str, Any], expected_wh: float | None) -> None:
    assert parse(written).energy_wh == expected_wh


def test_energy_per_phase_is_added_up_unless_there_is_a_total() -> None:
    register = "Energy.Active.Import.Register"
    phases = [sample("100", register, phase) for phase in ("L1", "L2", "L3")]
    assert parse(*phases).energy_wh == 300
    assert parse(*phases, sample("305", register)).energy_wh == 305


def test_the_outlet_goes_before_the_inlet() -> None:
    assert parse(sample("900", location="Inlet"), sample("800", location="Outlet")).energy_wh == 800


@pytest.mark.parametrize("names", [("L1", "L2", "L3"), ("L1-N", "L2-N", "L3-N")])
def test_currents_are_sorted_by_terminal(names: tuple[str, str, str]) -> None:
    amps = [sample(str(amp), "Current.Import", name) for amp, name in zip((1, 2, 3), names, strict=True)]
    neutral = sample("9", "Current.Import", "N")
    assert parse(*reversed(amps), neutral).current_a == (1, 2, 3)


def test_a_terminal_that_is_not_mentioned_carries_nothing() -> None:
    assert parse(sample("16", "Current.Import", "L1")).current_a == (16, 0, 0)


def test_export_counts_negative() -> None:
    measurement = parse(
        sample("0", "Current.Import", "L1"),
        sample("10", "Current.Export", "L1"),
        sample("2.3", "Power.Active.Export", unit="kW"),
    )
    assert (measurement.current_a, measurement.power_w) == ((-10, 0, 0), -2300)


@pytest.mark.parametrize(
    ("power_w", "expected_a"),
    [(3 * 16 * 230, (16, 16, 16)), (2 * 16 * 225, (16, 16, 0)), (16 * 228, (16, 0, 0)), (None, (16, 16, 16))],
)
def test_a_current_without_phase_flows_where_the_power_lets_it(
    power_w: float | None, expected_a: tuple[float, float, float]
) -> None:
    samples = [sample("16", "Current.Import")]
    if power_w is not None:
        samples.append(sample(str(power_w), "Power.Active.Import", unit="W"))
    assert parse(*samples).current_a == expected_a


def test_a_current_without_phase_on_a_one_phase_charger_is_on_its_terminal() -> None:
    assert parse(sample("16", "Current.Import"), terminals=1).current_a == (16, 0, 0)


def test_power_per_phase_tells_currents_by_the_measured_voltage() -> None:
    measurement = parse(
        sample("2.0", "Power.Active.Import", "L1", unit="kW"),
        sample("4.6", "Power.Active.Import", "L2", unit="kW"),
        sample("200", "Voltage", "L1-N"),
    )
    assert (measurement.current_a, measurement.power_w) == ((10, 20, 0), 6600)


def test_total_power_tells_the_current_only_where_there_is_one_phase() -> None:
    power = sample("2300", "Power.Active.Import")
    assert parse(power, terminals=1).current_a == (10, 0, 0)
    assert parse(power, terminals=3).current_a is None
    assert parse(power, terminals=3).power_w == 2300


def test_a_voltage_of_zero_divides_nothing() -> None:
    assert parse(sample("2300", "Power.Active.Import"), sample("0", "Voltage"), terminals=1).current_a is None


def test_what_no_charging_point_can_have_is_not_believed() -> None:
    measurement = parse(
        sample("1e300"),
        sample("1e9", "Power.Active.Import"),
        sample("-4000", "Current.Import", "L1"),
        sample("16", "Current.Import", "L2"),
    )
    assert (measurement.energy_wh, measurement.power_w, measurement.current_a) == (None, None, (0, 16, 0))


def test_every_moment_is_a_measurement_of_its_own() -> None:
    moments = ["2026-11-20T10:00:00Z", "2026-11-20T11:00:05+01:00", "yesterday", None]
    payload = {"meterValue": [{"timestamp": moment, "sampledValue": [sample("1")]} for moment in moments]}
    first, second, *unknown = parse_meter_values(payload, 3, 230.0)
    assert first.at_utc is not None
    assert second.at_utc is not None
    assert (second.at_utc - first.at_utc).total_seconds() == 5
    assert [measurement.at_utc for measurement in unknown] == [None, None]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
wild_samples = st.fixed_dictionaries(
    {},
    optional={
        "value": json_values,
        "measurand": st.sampled_from(["Current.Import", "Power.Active.Import", "Voltage"]) | json_values,
        "phase": st.sampled_from(["L1", "L2", "N"]) | json_values,
        "unit": st.sampled_from(["A", "kW"]) | json_values,
        "unitOfMeasure": st.fixed_dictionaries({"multiplier": json_values}) | json_values,
        "location": json_values,
    },
)


@given(
    payload=st.fixed_dictionaries(
        {
            "meterValue": st.lists(
                st.fixed_dictionaries({"timestamp": json_values, "sampledValue": st.lists(wild_samples, max_size=5)})
                | json_values,
                max_size=3,
            )
        }
    )
    | json_values,
    terminals=st.integers(1, 3),
)
def test_whatever_a_station_sends_is_read_without_an_error(payload: Any, terminals: int) -> None:
    for measurement in parse_meter_values(payload, terminals, 230.0):
        assert measurement.energy_wh is None or isinstance(measurement.energy_wh, float)


def test_of_endless_lists_the_newest_moments_are_read() -> None:
    moments = [{"sampledValue": [{"value": str(number)}]} for number in range(50_000)]
    read = parse_meter_values({"meterValue": moments}, 3, 230)
    assert len(read) == 1000
    assert read[-1].energy_wh == 49_999
    endless = {"meterValue": [{"sampledValue": [{"value": "7"}] * 50_000}]}
    assert [measurement.energy_wh for measurement in parse_meter_values(endless, 3, 230)] == [7]
