"""The sensors of a charger and of a vehicle."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import PERCENTAGE, EntityCategory

from tidewatt.site import ChargerStatus, FaultCode, Phase, ReasonCode

from .descriptions import TidewattSensorDescription, choice, current, energy, kilo, on_phase, power
from .views import ChargerView, VehicleView

NO_FAULT = "ok"

# "unavailable" is Home Assistant's own word for an entity without a state.
REASONS = {code: "charger_unavailable" if code is ReasonCode.UNAVAILABLE else code.value for code in ReasonCode}


def _always(_view: ChargerView) -> bool:
    return True


def _is_measured(view: ChargerView) -> bool:
    return view.measured is not None


def _has_said(view: ChargerView) -> bool:
    return view.reachable is not None and view.reachable.status is not ChargerStatus.UNAVAILABLE


def _status(view: ChargerView) -> str | None:
    return None if view.reachable is None else view.reachable.status.value


def _power(view: ChargerView) -> float | None:
    return None if view.measured is None or view.measured.power_w is None else round(view.measured.power_w, 1)


def _current(view: ChargerView, terminal: Phase) -> float | None:
    return None if view.measured is None else on_phase(view.measured.current_a, terminal)


def _energy(view: ChargerView) -> float | None:
    return None if view.state is None else kilo(view.state.energy_wh)


def _session_energy(view: ChargerView) -> float | None:
    return None if view.state is None or view.state.session is None else kilo(view.state.session.energy_wh)


def _limit(view: ChargerView) -> float:
    return round(view.setpoint.current_a, 2)


def _reason(view: ChargerView) -> str:
    return REASONS[view.setpoint.reason.code]


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
        [status.value for status in ChargerStatus if status is not ChargerStatus.UNAVAILABLE],
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

VEHICLE_SENSORS: tuple[TidewattSensorDescription[VehicleView], ...] = (
    TidewattSensorDescription(
        key="state_of_charge",
        translation_key="state_of_charge",
        device_class=SensorDeviceClass.BATTERY,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=0,
        value_fn=lambda view: view.soc_pct,
        available_fn=lambda view: view.soc_pct is not None,
    ),
)
