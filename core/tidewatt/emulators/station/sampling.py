"""What the meter of a charging point measures, as OCPP names it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tidewatt.emulators.physics import ChargingPoint
from tidewatt.emulators.physics.world import NOMINAL_FREQUENCY_HZ

ENERGY = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
CURRENT = "Current.Import"
CURRENT_OFFERED = "Current.Offered"
VOLTAGE = "Voltage"
FREQUENCY = "Frequency"

MEASURANDS = (ENERGY, POWER, CURRENT, CURRENT_OFFERED, VOLTAGE, FREQUENCY)
"""All a station can sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One sampled value; `phase` names the charger's own terminal, None for the sum."""

    measurand: str
    value: float
    unit: str
    phase: str | None = None


def sample(point: ChargingPoint, measurands: Iterable[str]) -> list[Sampled]:
    """Return the values of the asked measurands; those the station does not have are left out.

    Currents and voltages are per phase in the order of the charger's terminals, whatever they are wired to.
    """
    return [value for measurand in measurands for value in _values(point, measurand)]


def _values(point: ChargingPoint, measurand: str) -> list[Sampled]:
    sums = {
        ENERGY: (round(point.energy_wh, 1), "Wh"),
        POWER: (round(point.power_w, 1), "W"),
        CURRENT_OFFERED: (round(point.pilot_a, 1), "A"),
        FREQUENCY: (NOMINAL_FREQUENCY_HZ, "Hz"),
    }
    if measurand in sums:
        value, unit = sums[measurand]
        return [Sampled(measurand=measurand, value=value, unit=unit)]
    terminals = range(1, len(point.charger.phases) + 1)
    if measurand == CURRENT:
        current_a = [round(each, 2) for each in point.terminal_current_a]
        return [Sampled(measurand=measurand, value=current_a[k - 1], unit="A", phase=f"L{k}") for k in terminals]
    if measurand == VOLTAGE:
        return [Sampled(measurand=measurand, value=point.voltage_v, unit="V", phase=f"L{k}-N") for k in terminals]
    return []
