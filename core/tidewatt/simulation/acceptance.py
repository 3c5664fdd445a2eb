"""What current a vehicle accepts as its battery fills: the taper of its battery, in steps of its on-board charger."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import lru_cache
import math
from typing import Final

import numpy as np

from tidewatt.kernels.battery import LFP, NMC, LossModel, efficiency, power_limits

from .scenario import Car, ChargingSession, Chemistry

STEP_A: Final = 1.0
"""An on-board charger lowers its current in steps of this size, and ends with one of them."""

_SOC_STEPS: Final = 2001
_CHEMISTRIES: Final = {Chemistry.NMC: NMC, Chemistry.LFP: LFP}


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


def acceptance_of(session: ChargingSession, voltage_v: float) -> Acceptance:
    """Return the acceptance of a vehicle that has charged to the end of its wishes when the session has what it wants.

    `voltage_v` is the sum over the phases it uses.
    """
    car = session.car
    if car.battery is None:
        return Acceptance((0.0,), (car.maximum_a,))
    start_pct = car.battery.end_pct - gained_pct(car, voltage_v, session.wanted_wh)
    wh_per_pct = session.wanted_wh / gained_pct(car, voltage_v, session.wanted_wh)
    from_pct, current_a = _steps(car, voltage_v)
    first = max(bisect_right(from_pct, start_pct) - 1, 0)
    from_wh = [0.0, *((pct - start_pct) * wh_per_pct for pct in from_pct[first + 1 :])]
    return Acceptance(tuple(from_wh), current_a[first:])


def gained_pct(car: Car, voltage_v: float, energy_wh: float) -> float:
    """Return by how much an energy through the cable charges a vehicle whose battery is known, in percent."""
    if car.battery is None:
        return math.nan
    return 100 * energy_wh * _efficiency(car.maximum_a * voltage_v) / car.battery.capacity_wh


@lru_cache(maxsize=256)
def _efficiency(power_w: float) -> float:
    """Return the part of a power that reaches a battery; that of full power is taken for all."""
    return float(efficiency(LossModel(), np.array([power_w / 1000]))[0])


@lru_cache(maxsize=256)
def _steps(car: Car, voltage_v: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return from which state of charge on which current is accepted: the battery's taper, as the cable sees it."""
    soc_pct = np.linspace(0.0, 100.0, _SOC_STEPS)
    if car.battery is None:
        return (0.0,), (car.maximum_a,)
    highest_kw = np.full(_SOC_STEPS, car.battery.highest_w / 1000)
    chemistry = _CHEMISTRIES[car.battery.chemistry]
    limits = power_limits(chemistry, charge_kw=highest_kw, discharge_kw=np.zeros(_SOC_STEPS), soc_pct=soc_pct)
    limit_a = 1000 * limits.charge_kw / _efficiency(car.maximum_a * voltage_v) / voltage_v
    current_a = np.clip(np.ceil(limit_a / STEP_A - 1e-9) * STEP_A, STEP_A, car.maximum_a)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(current_a)) + 1))
    return tuple(soc_pct[starts].tolist()), tuple(current_a[starts].tolist())
