"""A vehicle that charges with alternating current: battery, on-board charger and its obedience to the pilot."""

from __future__ import annotations

from dataclasses import dataclass

from tidewatt.site import MINIMUM_CURRENT_A

from .delay import DelayLine

TAPERED_A = 1.0
"""Least current of the constant-voltage stage, just before the battery is full."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSpec:
    """What a vehicle is. `phases` 1, 2 or 3 conductors of its on-board charger.

    Below `minimum_a` it sleeps. Above `taper_from_pct` the constant-voltage stage lowers the current linearly with the
    state of charge. It follows a change of the pilot after `reaction_s`; on-board chargers rise softly, at
    `rise_a_per_s`, and fall fast, at `fall_a_per_s`. IEC 61851-1 (table A.6) gives them 5 s; most need less than one.
    """

    battery_wh: float
    soc_pct: float
    phases: int = 3
    minimum_a: float = MINIMUM_CURRENT_A
    maximum_a: float = 16.0
    efficiency: float = 0.9
    taper_from_pct: float = 80.0
    reaction_s: float = 0.2
    rise_a_per_s: float = 8.0
    fall_a_per_s: float = 80.0


class Vehicle:
    """One vehicle at a charging point.

    `current_a` is drawn on each conductor in use; `drawn_wh` counts what came through the cable, `stored_wh` what is
    in the battery. `ignores_limit` is a fault: it draws all it can while the contactor is closed.
    """

    def __init__(self, spec: VehicleSpec) -> None:
        self.spec = spec
        self.stored_wh = spec.battery_wh * spec.soc_pct / 100
        self.drawn_wh = 0.0
        self.current_a = 0.0
        self.ignores_limit = False
        self._now_s = 0.0
        self._pilot_a = DelayLine(spec.reaction_s, 0.0)

    @property
    def soc_pct(self) -> float:
        """State of charge in percent."""
        return 100 * self.stored_wh / self.spec.battery_wh

    @property
    def full(self) -> bool:
        """Whether the battery takes no more."""
        return self.soc_pct >= 100 - 1e-6

    @property
    def acceptance_a(self) -> float:
        """Return the current the battery takes at most, by its constant-current, constant-voltage curve."""
        if self.full:
            return 0.0
        room = (100 - self.soc_pct) / max(100 - self.spec.taper_from_pct, 1e-9)
        return max(TAPERED_A, self.spec.maximum_a * min(1.0, room))

    def accepts(self, pilot_a: float) -> bool:
        """Tell whether the vehicle charges at this pilot current, rather than sleeping or being full."""
        return not self.full and (self.ignores_limit or pilot_a >= self.spec.minimum_a)

    def step(self, dt_s: float, *, pilot_a: float, powered: bool, conductors: int, voltage_v: float) -> None:
        """Charge for `dt_s` seconds with the pilot at `pilot_a` (0 is a pause).

        `powered` says whether the contactor is closed, `conductors` how many phases it connects.
        """
        self._pilot_a.put(self._now_s, pilot_a)
        self._now_s += dt_s
        seen_a = self._pilot_a.seen(self._now_s)
        used = min(conductors, self.spec.phases)
        if not powered or used == 0:
            self.current_a = 0.0
            return
        self._move_towards(self._target_a(seen_a), dt_s)
        self._store(used * voltage_v, dt_s)

    def _target_a(self, seen_a: float) -> float:
        if not self.accepts(seen_a):
            return 0.0
        return self.acceptance_a if self.ignores_limit else min(seen_a, self.acceptance_a)

    def _move_towards(self, target_a: float, dt_s: float) -> None:
        lowest_a = self.current_a - self.spec.fall_a_per_s * dt_s
        highest_a = self.current_a + self.spec.rise_a_per_s * dt_s
        self.current_a = min(max(target_a, lowest_a), highest_a)

    def _store(self, conductors_v: float, dt_s: float) -> None:
        """Integrate one step; the step that fills the battery draws only what still fits."""
        hours = dt_s / 3600
        room_wh = max(0.0, self.spec.battery_wh - self.stored_wh) / self.spec.efficiency
        self.current_a = min(self.current_a, room_wh / (conductors_v * hours))
        energy_wh = conductors_v * self.current_a * hours
        self.drawn_wh += energy_wh
        self.stored_wh += energy_wh * self.spec.efficiency
