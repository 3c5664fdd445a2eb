"""What can be read from other entities, and what cannot."""

from typing import Any

from homeassistant.core import State
import pytest

from custom_components.tidewatt.quantities import Quantity, read_percentage, read_quantity


def state(value: str, unit: str | None) -> State:
    attributes: dict[str, Any] = {} if unit is None else {"unit_of_measurement": unit}
    return State("sensor.any", value, attributes)


@pytest.mark.parametrize(
    ("value", "unit", "expected_w"),
    [("1500", "W", 1500.0), ("1.5", "kW", 1500.0), ("-2", "kW", -2000.0), ("0", "W", 0.0)],
)
def test_power_is_read_in_watts(value: str, unit: str, expected_w: float) -> None:
    assert read_quantity(state(value, unit), Quantity.POWER) == expected_w


@pytest.mark.parametrize(("value", "unit", "expected_a"), [("6.5", "A", 6.5), ("6500", "mA", 6.5)])
def test_current_is_read_in_amperes(value: str, unit: str, expected_a: float) -> None:
    assert read_quantity(state(value, unit), Quantity.CURRENT) == expected_a


@pytest.mark.parametrize("value", ["unknown", "unavailable", "", "much", "nan", "inf"])
def test_what_is_no_number_is_no_reading(value: str) -> None:
    assert read_quantity(state(value, "W"), Quantity.POWER) is None
    assert read_percentage(state(value, "%")) is None


@pytest.mark.parametrize("unit", ["A", "kWh", None])
def test_another_unit_is_no_reading_of_power(unit: str | None) -> None:
    assert read_quantity(state("5", unit), Quantity.POWER) is None


def test_a_missing_entity_is_no_reading() -> None:
    assert read_quantity(None, Quantity.POWER) is None
    assert read_percentage(None) is None


@pytest.mark.parametrize(("value", "unit"), [("101", "%"), ("-1", "%"), ("50", "kWh")])
def test_what_cannot_be_a_state_of_charge_is_none(value: str, unit: str) -> None:
    assert read_percentage(state(value, unit)) is None


@pytest.mark.parametrize("unit", ["%", None])
def test_a_state_of_charge_is_read_in_percent(unit: str | None) -> None:
    assert read_percentage(state("81.5", unit)) == 81.5
