"""Everything on the site that is not a charging vehicle: loads per circuit and photovoltaics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidewatt.site import MAIN_CIRCUIT_ID, PHASE_COUNT, PerPhase


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadStep:
    """The house load at the main circuit becomes `current_a`, `after_s` seconds after the step before it."""

    after_s: float
    current_a: PerPhase


class House:
    """Loads in A per phase and circuit, a repeating profile for the main circuit, and PV in W spread over the phases.

    PV of `pv_w` > 0 feeds in: it counts negative at the main circuit.
    """

    def __init__(
        self,
        load_a: Mapping[str, PerPhase],
        *,
        profile: Sequence[LoadStep] = (),
        pv_w: float = 0.0,
        phases: int = PHASE_COUNT,
        voltage_v: float = 230.0,
    ) -> None:
        self.pv_w = pv_w
        self._load_a = dict(load_a)
        self._profile = tuple(profile)
        self._phases = phases
        self._voltage_v = voltage_v
        self._next = 0
        self._until_next_s = profile[0].after_s if profile else float("inf")

    def set_load(self, circuit_id: str, current_a: PerPhase) -> None:
        """Set the load of a circuit from now on. Setting the main circuit's ends the profile."""
        self._load_a[circuit_id] = current_a
        if circuit_id == MAIN_CIRCUIT_ID:
            self._until_next_s = float("inf")

    def current_a(self, circuit_id: str) -> PerPhase:
        """Return the signed current of what is connected to this circuit itself."""
        l1, l2, l3 = self._load_a.get(circuit_id, (0.0, 0.0, 0.0))
        if circuit_id != MAIN_CIRCUIT_ID:
            return (l1, l2, l3)
        pv_a = [self.pv_w / self._phases / self._voltage_v if phase < self._phases else 0.0 for phase in range(3)]
        return (l1 - pv_a[0], l2 - pv_a[1], l3 - pv_a[2])

    def step(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass; a change that falls into them holds for all of them."""
        self._until_next_s -= dt_s
        while self._until_next_s < 0:
            self._load_a[MAIN_CIRCUIT_ID] = self._profile[self._next].current_a
            self._next = (self._next + 1) % len(self._profile)
            self._until_next_s += self._profile[self._next].after_s
