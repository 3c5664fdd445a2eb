"""How a sensor of Tidewatt is described, and the kinds of sensors that occur more than once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorEntityDescription, SensorStateClass
from homeassistant.const import (
    EntityCategory,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfPower,
    UnitOfTime,
)
from homeassistant.helpers.typing import StateType

from tidewatt.site import PerPhase, Phase


@dataclass(frozen=True, kw_only=True)
class TidewattSensorDescription[ViewT](SensorEntityDescription):
    """A sensor of one view.

    It is unavailable while `available_fn` says that its source is lost, and unknown while `value_fn` has no value.
    `phase` is set where a sensor exists once per phase of the site.
    """

    value_fn: Callable[[ViewT], StateType]
    available_fn: Callable[[ViewT], bool]
    attributes_fn: Callable[[ViewT], Mapping[str, Any]] = lambda _: {}
    phase: Phase | None = None


def power[ViewT](
    key: str, value_fn: Callable[[ViewT], StateType], available_fn: Callable[[ViewT], bool]
) -> TidewattSensorDescription[ViewT]:
    """Describe a sensor of power in W."""
    return TidewattSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.POWER,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfPower.WATT,
        suggested_display_precision=0,
        value_fn=value_fn,
        available_fn=available_fn,
    )


def energy[ViewT](
    key: str, value_fn: Callable[[ViewT], StateType], available_fn: Callable[[ViewT], bool]
) -> TidewattSensorDescription[ViewT]:
    """Describe a counter of energy in kWh that the energy dashboard can use."""
    return TidewattSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.ENERGY,
        state_class=SensorStateClass.TOTAL_INCREASING,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        suggested_display_precision=2,
        value_fn=value_fn,
        available_fn=available_fn,
    )


def current[ViewT](
    key: str, phase: Phase | None, value_fn: Callable[[ViewT], StateType], available_fn: Callable[[ViewT], bool]
) -> TidewattSensorDescription[ViewT]:
    """Describe a sensor of current in A, of one phase of the site or of none."""
    name = key if phase is None else f"{key}_{phase.name.lower()}"
    return TidewattSensorDescription(
        key=name,
        translation_key=name,
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        value_fn=value_fn,
        available_fn=available_fn,
        phase=phase,
    )


def voltage[ViewT](
    key: str, phase: Phase, value_fn: Callable[[ViewT], StateType], available_fn: Callable[[ViewT], bool]
) -> TidewattSensorDescription[ViewT]:
    """Describe a sensor of voltage in V. Few look at it, so it starts disabled."""
    name = f"{key}_{phase.name.lower()}"
    return TidewattSensorDescription(
        key=name,
        translation_key=name,
        device_class=SensorDeviceClass.VOLTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricPotential.VOLT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        suggested_display_precision=1,
        value_fn=value_fn,
        available_fn=available_fn,
        phase=phase,
    )


def duration[ViewT](
    key: str, value_fn: Callable[[ViewT], StateType], available_fn: Callable[[ViewT], bool]
) -> TidewattSensorDescription[ViewT]:
    """Describe a diagnostic sensor of a time in ms. It changes all the time, so it starts disabled."""
    return TidewattSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        suggested_display_precision=1,
        value_fn=value_fn,
        available_fn=available_fn,
    )


def choice[ViewT](
    key: str,
    options: list[str],
    value_fn: Callable[[ViewT], str | None],
    available_fn: Callable[[ViewT], bool],
    *,
    attributes_fn: Callable[[ViewT], Mapping[str, Any]] = lambda _: {},
    entity_category: EntityCategory | None = None,
) -> TidewattSensorDescription[ViewT]:
    """Describe a sensor whose value is one of a few words."""
    return TidewattSensorDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.ENUM,
        options=options,
        entity_category=entity_category,
        value_fn=value_fn,
        available_fn=available_fn,
        attributes_fn=attributes_fn,
    )


def on_phase(values: PerPhase | None, phase: Phase) -> float | None:
    """Return the value of one phase, to the hundredth."""
    return None if values is None else round(values[phase], 2)


def total(values: PerPhase | None) -> float | None:
    """Return the sum over the phases, to the tenth."""
    return None if values is None else round(sum(values), 1)


def milli(value_s: float | None) -> float | None:
    """Return seconds as ms, to the hundredth."""
    return None if value_s is None else round(value_s * 1000, 2)


def kilo(value: float | None) -> float | None:
    """Return Wh as kWh, to the Wh."""
    return None if value is None else round(value / 1000, 3)
