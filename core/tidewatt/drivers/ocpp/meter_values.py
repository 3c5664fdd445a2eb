"""MeterValues of all versions of OCPP as measurements of one charging point.

The versions differ in how a value and its unit are written; both are read here. Signs follow Tidewatt: import into
the vehicle is positive, so `.Export` measurands count negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
import math
from typing import Any

from tidewatt.ocpp.wire import child, from_wire_time, integer, number, rows, text
from tidewatt.site import PHASE_COUNT, PerPhase

_ENERGY = "Energy.Active.Import.Register"
_EXPORT = "Energy.Active.Export.Register"
_POWER = "Power.Active"
_CURRENT = "Current"
_VOLTAGE = "Voltage"
_SOC = ("SoC", "Display.PresentSOC")
"""The state of charge, in the words of all versions and, from the vehicle's display, of 2.1."""
_LOCATIONS = ("Outlet", "Inlet")
_TERMINALS = {"L1": 0, "L1-N": 0, "L2": 1, "L2-N": 1, "L3": 2, "L3-N": 2}
_BELIEVABLE = {_ENERGY: 1e12, _EXPORT: 1e12, _POWER: 1e6, _CURRENT: 1e3, _VOLTAGE: 1e3}
"""Largest magnitudes in Wh, W, A and V that a charging point can have."""

_MOST_MOMENTS = 1000
_MOST_SAMPLES = 200
"""What is read of one message; more is no measurement but an attack on those who wait for their turn."""

_DISCERNIBLE_A = 1.0
"""Below this a current says nothing about how many phases are in use."""

type _Values = dict[int | None, float]
"""Values of one measurand by terminal; None is the value without a phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a station measured at one moment. `current_a` is per terminal of the charger; None is unknown.

    `energy_wh` and `exported_wh` are the registers of energy into and out of the vehicle.
    """

    at_utc: datetime | None
    current_a: PerPhase | None = None
    power_w: float | None = None
    energy_wh: float | None = None
    exported_wh: float | None = None
    soc_pct: float | None = None

    @property
    def is_electrical(self) -> bool:
        """Tell whether it says how much flows now, not only how much has flowed."""
        return self.current_a is not None or self.power_w is not None


def parse_meter_values(payload: Any, terminals: int, nominal_v: float) -> list[Measurement]:
    """Read the `meterValue` list of a payload for a charging point with that many terminals, in its order.

    Whatever is not understood (signed data, other locations, other units) is left out, never guessed. Of endless lists
    the newest moments are read.
    """
    return [_measurement(row, terminals, nominal_v) for row in rows(payload, "meterValue")[-_MOST_MOMENTS:]]


def _measurement(row: dict[str, Any], terminals: int, nominal_v: float) -> Measurement:
    samples = rows(row, "sampledValue")[:_MOST_SAMPLES]
    by_measurand = _collect(samples)
    power = _net(by_measurand, _POWER)
    voltage_v = _voltages(by_measurand.get(_VOLTAGE, {}), nominal_v)
    return Measurement(
        at_utc=from_wire_time(row.get("timestamp")),
        current_a=_currents(_net(by_measurand, _CURRENT), power, voltage_v, terminals),
        power_w=_total(power),
        energy_wh=_total(by_measurand.get(_ENERGY, {})),
        exported_wh=_total(by_measurand.get(_EXPORT, {})),
        soc_pct=_state_of_charge(samples),
    )


def _state_of_charge(samples: Iterable[dict[str, Any]]) -> float | None:
    """Return the lowest state of charge told, which is measured in the vehicle and has no other location or phase."""
    told = [number(sample.get("value")) for sample in samples if text(sample, "measurand") in _SOC]
    return min((value for value in told if value is not None and 0 <= value <= 100), default=None)


def _collect(samples: Iterable[dict[str, Any]]) -> dict[str, _Values]:
    """Sort samples by measurand and terminal; the outlet goes before the inlet."""
    found: dict[str, _Values] = {}
    ranked = [(location, sample) for sample in samples if (location := _location_rank(sample)) is not None]
    for _, sample in sorted(ranked, key=lambda item: item[0]):
        value = _value(sample)
        phase = text(sample, "phase")
        measurand = text(sample, "measurand") or _ENERGY
        if value is None or not _is_believable(measurand, value) or (phase is not None and phase not in _TERMINALS):
            continue
        found.setdefault(measurand, {}).setdefault(_TERMINALS[phase] if phase else None, value)
    return found


def _location_rank(sample: dict[str, Any]) -> int | None:
    location = text(sample, "location") or _LOCATIONS[0]
    return _LOCATIONS.index(location) if location in _LOCATIONS else None


def _value(sample: dict[str, Any]) -> float | None:
    """Return the value in W, Wh, A or V."""
    value = number(sample.get("value"))
    if value is None or text(sample, "format") == "SignedData":
        return None
    measure = child(sample, "unitOfMeasure")
    unit = text(measure, "unit") or text(sample, "unit") or ""
    multiplier = integer(measure, "multiplier") or 0
    if not -9 <= multiplier <= 9:
        return None
    return value * 10.0**multiplier * (1e3 if unit in ("kW", "kWh") else 1e-3 if unit == "mA" else 1.0)


def _is_believable(measurand: str, value: float) -> bool:
    largest = (limit for quantity, limit in _BELIEVABLE.items() if measurand.startswith(quantity))
    return abs(value) <= next(largest, math.inf)


def _net(by_measurand: dict[str, _Values], quantity: str) -> _Values:
    """Return import minus export, by terminal."""
    imported = by_measurand.get(f"{quantity}.Import", {})
    exported = by_measurand.get(f"{quantity}.Export", {})
    return {key: imported.get(key, 0.0) - exported.get(key, 0.0) for key in [*imported, *(exported.keys() - imported)]}


def _total(values: _Values) -> float | None:
    if None in values:
        return values[None]
    return sum(values.values()) if values else None


def _per_terminal(values: _Values) -> PerPhase | None:
    """Return the values by terminal when there are any; a terminal that is not mentioned carries nothing."""
    if not any(terminal in values for terminal in range(PHASE_COUNT)):
        return None
    return (values.get(0, 0.0), values.get(1, 0.0), values.get(2, 0.0))


def _voltages(measured: _Values, nominal_v: float) -> PerPhase:
    """Return the voltage at each terminal: measured there, measured without a phase, or nominal."""
    common_v = measured.get(None, nominal_v)
    return (measured.get(0, common_v), measured.get(1, common_v), measured.get(2, common_v))


def _currents(current: _Values, power: _Values, voltage_v: PerPhase, terminals: int) -> PerPhase | None:
    """Return the current per terminal from what there is: currents, else powers per phase.

    A total power on several phases does not tell where it flows, so it gives no currents.
    """
    if (per_terminal := _per_terminal(current)) is not None:
        return per_terminal
    if None in current:
        used = _terminals_in_use(current[None], _total(power), voltage_v[0], terminals)
        return _first(current[None], used)
    per_phase_w = _per_terminal(power)
    if per_phase_w is None and terminals == 1 and None in power:
        per_phase_w = (power[None], 0.0, 0.0)
    if per_phase_w is None or min(voltage_v) <= 0:
        return None
    l1, l2, l3 = (watts / volts if watts else 0.0 for watts, volts in zip(per_phase_w, voltage_v, strict=True))
    return (l1, l2, l3)


def _terminals_in_use(current_a: float, power_w: float | None, voltage_v: float, terminals: int) -> int:
    """Tell on how many terminals a current without phase flows: on all, unless the power says it cannot."""
    if power_w is None or abs(current_a) < _DISCERNIBLE_A or voltage_v <= 0:
        return terminals
    return min(max(round(power_w / (voltage_v * current_a)), 1), terminals)


def _first(value: float, count: int) -> PerPhase:
    l1, l2, l3 = (value if terminal < count else 0.0 for terminal in range(PHASE_COUNT))
    return (l1, l2, l3)
