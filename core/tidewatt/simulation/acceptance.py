"""What current a vehicle accepts as its battery fills: the taper of its battery, in steps of its on-board charger."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
import math
from typing import Final

import numpy as np

from .scenario import Car, ChargingSession

STEP_A: Final = 1.0
"""An on-board charger lowers its current in steps of this size, and ends with one of them."""

_SOC_STEPS: Final = 2001


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Steps: from `from_wh[k]` of energy through the cable on, the vehicle accepts `current_a[k]`."""

    from_wh: tuple[float, ...]
    current_a: tuple[float, ...]

    def at(self, got_wh: float) -> float:
        """Return the current accepted with so much energy taken."""
        return self.current_a[bisect_right(self.from_wh, got_wh + 1e-6) - 1]

    def next_change_wh(self, got_wh: float) -> float:
        """Return the energy at which the next step begins, infinite after the last."""
        following = bisect_right(self.from_wh, got_wh + 1e-6)
        return self.from_wh[following] if following < len(self.from_wh) else math.inf


def acceptance_of(session: ChargingSession) -> Acceptance:
    """Return the acceptance of a vehicle that ends its session full to `end_pct`."""
    car = session.car
    if car.battery_wh is None:
        return Acceptance((0.0,), (car.maximum_a,))
    start_pct = session.end_pct - 100 * session.wanted_wh * car.efficiency / car.battery_wh
    cable_wh_per_pct = car.battery_wh / 100 / car.efficiency
    from_pct, current_a = _steps(car)
    first = max(bisect_right(from_pct, start_pct) - 1, 0)
    from_wh = [0.0, *((pct - start_pct) * cable_wh_per_pct for pct in from_pct[first + 1 :])]
    return Acceptance(tuple(from_wh), current_a[first:])


@lru_cache(maxsize=256)
def _steps(car: Car) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return from which state of charge on which current is accepted, in falling steps."""
    soc_pct = np.linspace(0.0, 100.0, _SOC_STEPS)
    room = np.clip((100 - soc_pct) / max(100 - car.taper_from_pct, 1e-9), 0.0, 1.0)
    current_a = np.clip(np.ceil(car.maximum_a * room / STEP_A - 1e-9) * STEP_A, STEP_A, car.maximum_a)
    changes = np.flatnonzero(np.diff(current_a)) + 1
    starts = np.concatenate(([0], changes))
    return tuple(soc_pct[starts].tolist()), tuple(current_a[starts].tolist())
