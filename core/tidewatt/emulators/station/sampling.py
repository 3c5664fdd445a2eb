"""What the meter of a charging point measures, as OCPP names it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tidewatt.emulators.physics import ChargingPoint, TwoWayPoint

ENERGY = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
CURRENT = "Current.Import"
ENERGY_OUT = "Energy.Active.Export.Register"
POWER_OUT = "Power.Active.Export"
CURRENT_OUT = "Current.Export"
SOC = "SoC"
CURRENT_OFFERED = "Current.Offered"
VOLTAGE = "Voltage"
FREQUENCY = "Frequency"

MEASURANDS = (ENERGY, POWER, CURRENT, CURRENT_OFFERED, VOLTAGE, FREQUENCY)
"""All that a station samples."""
TWO_WAY_MEASURANDS = (ENERGY_OUT, POWER_OUT, CURRENT_OUT, SOC)
"""What one samples besides whose vehicles can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One sampled value; `phase` names the charger's own terminal, None for the sum."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None


def measurands_of(points: Iterable[ChargingPoint]) -> tuple[str, ...]:
    """Return what a station with these points can sample."""
    two_way = any(isinstance(point, TwoWayPoint) for point in points)
    return MEASURANDS + TWO_WAY_MEASURANDS if two_way else MEASURANDS


def default_measurands(points: Iterable[ChargingPoint]) -> str:
    """Return what a station samples until somebody configures it, as a list with commas."""
    usual = (ENERGY, POWER, CURRENT)
    return ",".join(each for each in measurands_of(points) if each in (*usual, *TWO_WAY_MEASURANDS))


def sample(point: ChargingPoint, measurands: Iterable[str]) -> list[Sampled]:
    """Return the values of the asked measurands; those the station does not have are left out.

    Currents and voltages are per phase in the order of the charger's terminals, whatever they are wired to.
    """
    return [value for measurand in measurands for value in _values(point, measurand)]


def _values(point: ChargingPoint, measurand: str) -> list[Sampled]:
    sums: dict[str, tuple[float | None, str]] = {
        ENERGY: (round(point.energy_wh, 1), "Wh"),
        ENERGY_OUT: (round(point.energy_out_wh, 1), "Wh"),
        POWER: (round(max(point.power_w, 0.0), 1), "W"),
        POWER_OUT: (round(max(-point.power_w, 0.0), 1), "W"),
        CURRENT_OFFERED: (round(point.pilot_a, 1), "A"),
        FREQUENCY: (round(point.frequency_hz, 3), "Hz"),
        SOC: (None if point.soc_pct is None else round(point.soc_pct, 2), "Percent"),
    }
    if measurand in sums:
        value, unit = sums[measurand]
        return [] if value is None else [Sampled(measurand=measurand, value=value, unit=unit)]
    terminals = range(1, len(point.charger.phases) + 1)
    if measurand in (CURRENT, CURRENT_OUT):
        sign = 1 if measurand == CURRENT else -1
        current_a = [round(max(sign * each, 0.0), 2) for each in point.terminal_current_a]
        return [Sampled(measurand=measurand, value=current_a[k - 1], unit="A", phase=f"L{k}") for k in terminals]
    if measurand == VOLTAGE:
        return [Sampled(measurand=measurand, value=point.voltage_v, unit="V", phase=f"L{k}-N") for k in terminals]
    return []
