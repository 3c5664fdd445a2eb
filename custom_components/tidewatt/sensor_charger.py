"""The sensors of a charger and of a vehicle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, SIGNAL_STRENGTH_DECIBELS_MILLIWATT, EntityCategory, UnitOfTime

from tidewatt.site import ChargerStatus, FaultCode, LinkQuality, Phase

from .descriptions import TidewattSensorDescription, choice, current, energy, kilo, on_phase, power
from .views import REASONS, ChargerView, VehicleView, reason_word

NO_FAULT = "ok"

DISCHARGING = "discharging"
"""OCPP calls a vehicle that gives back charging; people do not."""


def _always(_view: ChargerView) -> bool:
    return True


def _is_measured(view: ChargerView) -> bool:
    return view.measured is not None


def _has_said(view: ChargerView) -> bool:
    return view.reachable is not None and view.reachable.status is not ChargerStatus.UNAVAILABLE


def _status(view: ChargerView) -> str | None:
    if view.reachable is None:
        return None
    is_discharging = view.reachable.status is ChargerStatus.CHARGING and view.is_discharging
    return DISCHARGING if is_discharging else view.reachable.status.value


def _power(view: ChargerView) -> float | None:
    return None if view.measured is None or view.measured.power_w is None else round(view.measured.power_w, 1)


def _current(view: ChargerView, terminal: Phase) -> float | None:
    return None if view.measured is None else on_phase(view.measured.current_a, terminal)


def _energy(view: ChargerView) -> float | None:
    return None if view.state is None else kilo(view.state.energy_wh)


def _energy_discharged(view: ChargerView) -> float | None:
    return None if view.state is None else kilo(view.state.energy_discharged_wh)


def _soc(view: ChargerView) -> float | None:
    return None if view.reachable is None else view.reachable.soc_pct


def _session_energy(view: ChargerView) -> float | None:
    return None if view.state is None or view.state.session is None else kilo(view.state.session.energy_wh)


def _limit(view: ChargerView) -> float:
    return round(view.setpoint.current_a, 2)


def _reason(view: ChargerView) -> str:
    return reason_word(view.setpoint.reason)


def _reason_attributes(view: ChargerView) -> Mapping[str, Any]:
    reason = view.setpoint.reason
    return {
        "circuit": None if reason.circuit_id is None else view.site.circuit(reason.circuit_id).name,
        "phase": None if reason.phase is None else reason.phase.name,
    }


def _fault(view: ChargerView) -> str:
    return view.faults[0].code.lower() if view.faults else NO_FAULT


def _fault_attributes(view: ChargerView) -> Mapping[str, Any]:
    return {"detail": view.faults[0].detail if view.faults else None}


def _link(view: ChargerView) -> LinkQuality | None:
    return None if view.reachable is None else view.reachable.link


def _round_trip_ms(view: ChargerView) -> float | None:
    link = _link(view)
    return None if link is None or link.round_trip_s is None else round(1000 * link.round_trip_s, 1)


def _loss_pct(view: ChargerView) -> float | None:
    link = _link(view)
    return None if link is None else round(100 * link.loss, 1)


def _signal_dbm(view: ChargerView) -> float | None:
    link = _link(view)
    return None if link is None else link.signal_dbm


LINK_SENSORS: tuple[TidewattSensorDescription[ChargerView], ...] = (
    TidewattSensorDescription(
        key="round_trip_time",
        translation_key="round_trip_time",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_round_trip_ms,
        available_fn=lambda view: _round_trip_ms(view) is not None,
    ),
    TidewattSensorDescription(
        key="link_loss",
        translation_key="link_loss",
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_loss_pct,
        available_fn=lambda view: _loss_pct(view) is not None,
    ),
    TidewattSensorDescription(
        key="signal_strength",
        translation_key="signal_strength",
        device_class=SensorDeviceClass.SIGNAL_STRENGTH,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=_signal_dbm,
        available_fn=lambda view: _signal_dbm(view) is not None,
    ),
)
"""How well a station is reached; off at first."""

CHARGER_SENSORS: tuple[TidewattSensorDescription[ChargerView], ...] = (
    choice(
        "status",
        [*(status.value for status in ChargerStatus if status is not ChargerStatus.UNAVAILABLE), DISCHARGING],
        _status,
        _has_said,
    ),
    power("power", _power, _is_measured),
    # What the register said last stays true while the charger is away: it only grows.
    energy("energy", _energy, lambda view: _energy(view) is not None),
    energy("session_energy", _session_energy, lambda view: view.state is not None),
    *(current("current", phase, partial(_current, terminal=phase), _is_measured) for phase in Phase),
    current("limit", None, _limit, _always),
    choice("limited_by", list(REASONS.values()), _reason, _always, attributes_fn=_reason_attributes),
    choice(
        "fault",
        [NO_FAULT, *(code.value.lower() for code in FaultCode)],
        _fault,
        _always,
        attributes_fn=_fault_attributes,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    *LINK_SENSORS,
)


def _state_of_charge[ViewT](soc_fn: Callable[[ViewT], float | None]) -> TidewattSensorDescription[ViewT]:
    return TidewattSensorDescription(
        key="state_of_charge",
        translation_key="state_of_charge",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=soc_fn,
        available_fn=lambda view: soc_fn(view) is not None,
    )


DISCHARGER_SENSORS: tuple[TidewattSensorDescription[ChargerView], ...] = (
    energy("energy_discharged", _energy_discharged, lambda view: _energy_discharged(view) is not None),
    _state_of_charge(_soc),
)
"""What a charger has besides if it is configured to discharge."""


def _vehicle_soc(view: VehicleView) -> float | None:
    return view.soc_pct


VEHICLE_SENSORS: tuple[TidewattSensorDescription[VehicleView], ...] = (_state_of_charge(_vehicle_soc),)
