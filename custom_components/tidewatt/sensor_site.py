"""The sensors of the site, of a circuit and of a meter."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from homeassistant.const import EntityCategory

from tidewatt.control import CircuitDecision
from tidewatt.site import Phase

from .descriptions import (
    TidewattSensorDescription,
    choice,
    current,
    duration,
    energy,
    kilo,
    milli,
    on_phase,
    power,
    total,
    voltage,
)
from .views import Health, MeterView, SiteView


def _grid_power(view: SiteView) -> float | None:
    return None if view.reading is None else total(view.reading.power_w)


def _circuit_current(view: CircuitDecision, phase: Phase) -> float | None:
    return on_phase(view.current_a, phase)


def _headroom(view: CircuitDecision, phase: Phase) -> float | None:
    return on_phase(view.headroom_a, phase)


def _circuit_sensors(current_key: str) -> tuple[TidewattSensorDescription[CircuitDecision], ...]:
    return (
        *(
            current(current_key, phase, partial(_circuit_current, phase=phase), lambda view: view.current_a is not None)
            for phase in Phase
        ),
        *(
            current("headroom", phase, partial(_headroom, phase=phase), lambda view: view.headroom_a is not None)
            for phase in Phase
        ),
    )


def _health_attributes(view: SiteView) -> Mapping[str, Any]:
    return {
        "faults": list(view.faults),
        "cycles_failed": view.controller.cycles_failed,
        "commands_failed": view.controller.commands_failed,
    }


def _cycle_time(view: SiteView) -> float | None:
    return milli(view.controller.cycle_duration_s)


def _command_latency(view: SiteView) -> float | None:
    return milli(view.controller.command_latency_s)


def _is_read(view: MeterView) -> bool:
    return view.reading is not None


def _power(view: MeterView) -> float | None:
    return None if view.reading is None else total(view.reading.power_w)


def _import(view: MeterView) -> float | None:
    return None if view.reading is None else kilo(view.reading.energy_import_wh)


def _export(view: MeterView) -> float | None:
    return None if view.reading is None else kilo(view.reading.energy_export_wh)


def _current(view: MeterView, phase: Phase) -> float | None:
    return None if view.reading is None else on_phase(view.reading.current_a, phase)


def _voltage(view: MeterView, phase: Phase) -> float | None:
    return None if view.reading is None else on_phase(view.reading.voltage_v, phase)


SITE_SENSORS: tuple[TidewattSensorDescription[SiteView], ...] = (
    power("grid_power", _grid_power, lambda view: _grid_power(view) is not None),
    choice(
        "health",
        [health.value for health in Health],
        lambda view: view.health,
        lambda _: True,
        attributes_fn=_health_attributes,
        entity_category=EntityCategory.DIAGNOSTIC,
    ),
    duration("cycle_time", _cycle_time, lambda _: True),
    duration("command_latency", _command_latency, lambda _: True),
)

MAIN_CIRCUIT_SENSORS = _circuit_sensors("grid_current")
"""The sensors of the main fuse, which belong to the site."""

CIRCUIT_SENSORS = _circuit_sensors("current")

METER_SENSORS: tuple[TidewattSensorDescription[MeterView], ...] = (
    power("power", _power, _is_read),
    energy("energy_import", _import, _is_read),
    energy("energy_export", _export, _is_read),
    *(current("current", phase, partial(_current, phase=phase), _is_read) for phase in Phase),
    *(voltage("voltage", phase, partial(_voltage, phase=phase), _is_read) for phase in Phase),
)
