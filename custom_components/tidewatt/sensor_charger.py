"""The sensors of a charger and of a vehicle."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory

from tidewatt.site import ChargerStatus, FaultCode, Phase

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
