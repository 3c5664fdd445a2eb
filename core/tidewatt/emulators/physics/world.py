"""The site as one physical whole: what meters read is what house and vehicles really draw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
import math

from tidewatt.site import MAIN_CIRCUIT_ID, PerPhase, Site

from .history import History
from .house import House
from .point import NOMINAL_FREQUENCY_HZ, ChargingPoint

SLICE_S = 0.1
"""Time for which currents are held constant, within a half."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSample:
    """What a meter reads now. Currents and powers are signed: positive is drawn from the grid.

    Loads are taken as ohmic, so active power is voltage times current. The registers count the sum of the phases: at
    any moment a meter either imports or exports.
    """

    current_a: PerPhase
    voltage_v: PerPhase
    import_wh: float
    export_wh: float
    frequency_hz: float = NOMINAL_FREQUENCY_HZ

    @property
    def power_w(self) -> PerPhase:
        """Active power of each phase."""
        (i1, i2, i3), (u1, u2, u3) = self.current_a, self.voltage_v
        return (i1 * u1, i2 * u2, i3 * u3)

    @property
    def line_voltage_v(self) -> PerPhase:
        """Voltages L1-L2, L2-L3, L3-L1 of phases that are 120 degrees apart."""
        u1, u2, u3 = self.voltage_v
        return (_between(u1, u2), _between(u2, u3), _between(u3, u1))


class World:
    """House, charging points and circuits of a site, stepped in slices of constant current.

    Deterministic: the same steps give the same world. `frequency_hz` is the grid's, and can be set.
    """

    def __init__(self, site: Site, points: Mapping[str, ChargingPoint], house: House) -> None:
        self.site = site
        self.points = dict(points)
        self.house = house
        self.history = History()
        self.now_s = 0.0
        self.frequency_hz = NOMINAL_FREQUENCY_HZ
        self._import_wh = dict.fromkeys((circuit.circuit_id for circuit in site.circuits), 0.0)
        self._export_wh = dict(self._import_wh)
        self._inside = {circuit.circuit_id: _subtree(site, circuit.circuit_id) for circuit in site.circuits}

    def step(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass."""
        for slice_s in slices(dt_s):
            self._step_slice(slice_s)

    def _step_slice(self, slice_s: float) -> None:
        self.now_s += slice_s
        self.house.step(slice_s)
        for point in self.points.values():
            point.frequency_hz = self.frequency_hz
            point.step(slice_s)
        for circuit_id in self._import_wh:
            energy_wh = sum(self.circuit_current_a(circuit_id)) * self.site.voltage_v * slice_s / 3600
            register = self._import_wh if energy_wh >= 0 else self._export_wh
            register[circuit_id] += abs(energy_wh)
        self.history.add(self.now_s, self.circuit_current_a(MAIN_CIRCUIT_ID))

    def circuit_current_a(self, circuit_id: str) -> PerPhase:
        """Return the signed current through a circuit: all loads and vehicles at it and below it."""
        inside = self._inside[circuit_id]
        parts = [self.house.current_a(each) for each in inside]
        parts += [point.site_current_a for point in self.points.values() if point.charger.circuit_id in inside]
        return (sum(part[0] for part in parts), sum(part[1] for part in parts), sum(part[2] for part in parts))

    def circuit_sample(self, circuit_id: str) -> MeterSample:
        """Return what a meter at the head of this circuit reads."""
        voltage_v = self.site.voltage_v
        return MeterSample(
            current_a=self.circuit_current_a(circuit_id),
            voltage_v=(voltage_v, voltage_v, voltage_v) if self.site.phases > 1 else (voltage_v, 0.0, 0.0),
            import_wh=self._import_wh[circuit_id],
            export_wh=self._export_wh[circuit_id],
            frequency_hz=self.frequency_hz,
        )


def slices(dt_s: float) -> list[float]:
    """Cut a time into equal slices of about `SLICE_S`; ValueError for a negative time."""
    if dt_s < 0:
        raise ValueError(f"dt_s: {dt_s!r} is not usable. Time only moves forward.")
    count = max(1, round(dt_s / SLICE_S))
    return [dt_s / count] * count if dt_s > 0 else []


def _subtree(site: Site, circuit_id: str) -> frozenset[str]:
    inside = {circuit_id}
    for circuit in site.circuits:
        # Parents come before their children.
        if circuit.parent_id in inside:
            inside.add(circuit.circuit_id)
    return frozenset(inside)


def _between(first_v: float, second_v: float) -> float:
    return math.sqrt(first_v**2 + second_v**2 + first_v * second_v)
