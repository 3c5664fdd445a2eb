"""Reads physical quantities from the states of other entities. What cannot be read is None, never zero."""

from __future__ import annotations

from enum import Enum
import math

from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    PERCENTAGE,
    UnitOfElectricCurrent,
    UnitOfPower,
)
from homeassistant.core import State
from homeassistant.util.unit_conversion import BaseUnitConverter, ElectricCurrentConverter, PowerConverter


class Quantity(Enum):
    """A quantity that another entity can have, with the unit it is read in."""

    POWER = (PowerConverter, UnitOfPower.WATT)
    CURRENT = (ElectricCurrentConverter, UnitOfElectricCurrent.AMPERE)

    def convert(self, value: float, unit: str | None) -> float | None:
        """Return a value in this quantity's unit; None when the unit is not one of this quantity."""
        converter: type[BaseUnitConverter] = self.value[0]
        if unit not in converter.VALID_UNITS:
            return None
        return converter.convert(value, unit, self.value[1])


def read_quantity(state: State | None, quantity: Quantity) -> float | None:
    """Return what an entity says in W or A; None while it is missing, not a number or in another unit."""
    value = _number(state)
    if state is None or value is None:
        return None
    return quantity.convert(value, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))


def read_percentage(state: State | None) -> float | None:
    """Return what an entity says in percent; None while it is missing, not a number, in a unit or out of range."""
    value = _number(state)
    if state is None or value is None or not 0 <= value <= 100:
        return None
    return value if state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) in (PERCENTAGE, None) else None


def _number(state: State | None) -> float | None:
    if state is None:
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
