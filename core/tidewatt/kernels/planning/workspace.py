"""The arrays in which the solver of one unit, its dual and its branching work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .problem import Floats

type Indices = npt.NDArray[np.intp]
type Marks = npt.NDArray[np.uint8]

POINTS = 6
"""Corners of a slot's cost without kinks: both ends, rest, the least power each way, no exchange with the grid."""


@dataclass(slots=True, kw_only=True)
class UnitTerms:
    """What the solver knows of a unit besides its slots.

    Attributes:
        stay: how many slots it is there.
        slot_h: length of a slot.
        charge_efficiency: energy stored per energy drawn.
        discharge_efficiency: energy given per energy taken from store.
        wear: cost of each kWh given.
        minimum_kw: lowest power other than zero.
        start_kwh: stored at arrival.
        low_kwh: never below.
        high_kwh: never above.
        floor_kwh: where a unit that arrives below is to be lifted to.
        rise_kwh: by how much charging at full power lifts it each slot; negative where the floor is kept anyway.
        floor_price: what each kWh less than that counts at the end of each slot.
        target_kwh: wanted at departure.
        unmet_price: what each kWh short of it counts.
        end_value: worth of each kWh above it.
    """

    stay: int
    slot_h: float
    charge_efficiency: float
    discharge_efficiency: float
    wear: float
    minimum_kw: float
    start_kwh: float
    low_kwh: float
    high_kwh: float
    floor_kwh: float
    rise_kwh: float
    floor_price: float
    target_kwh: float
    unmet_price: float
    end_value: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Workspace:
    """Arrays over the K slots of a stay, of up to S kinks and M points each; longer than a stay that is shorter.

    Attributes:
        low_kw: float64[K], lowest power allowed.
        high_kw: float64[K], highest.
        net_kw: float64[K], exchange with the grid without the unit.
        buy: float64[K], price where that is import.
        sell: float64[K], price where it is export.
        tilt: float64[K], further price of each kWh drawn.
        kinks: intp[K], how many kinks there are.
        kink_kw: float64[K, S], from which power on
        kink_price: float64[K, S], each kWh costs so much more.
        points: intp[K], corners of the hull of a slot's cost.
        point_kw: float64[K, M], their powers, ascending.
        point_kwh: float64[K, M], what these store.
        point_cost: float64[K, M], what they cost.
        bridge: uint8[K, M], 1 where no power attains the hull between this point and the next.
        power_kw: float64[K], the solution.
        stored_kwh: float64[K], what it stores.
        least_worth: float64[K], of a stored kWh, as the solution allows.
        most_worth: float64[K], likewise.
        worth: float64[K], the dual.
    """

    low_kw: Floats
    high_kw: Floats
    net_kw: Floats
    buy: Floats
    sell: Floats
    tilt: Floats
    kinks: Indices
    kink_kw: Floats
    kink_price: Floats
    points: Indices
    point_kw: Floats
    point_kwh: Floats
    point_cost: Floats
    bridge: Marks
    power_kw: Floats
    stored_kwh: Floats
    least_worth: Floats
    most_worth: Floats
    worth: Floats

    @classmethod
    def of(cls, slots: int, kinks: int) -> Self:
        """Allocate for so many slots and kinks."""
        points = POINTS + kinks
        rows = ("low_kw", "high_kw", "net_kw", "buy", "sell", "tilt", "power_kw", "stored_kwh")
        duals = ("least_worth", "most_worth", "worth")
        arrays: dict[str, Any] = {name: np.zeros(slots) for name in (*rows, *duals)}
        arrays |= {name: np.zeros(slots, np.intp) for name in ("kinks", "points")}
        arrays |= {name: np.zeros((slots, kinks)) for name in ("kink_kw", "kink_price")}
        arrays |= {name: np.zeros((slots, points)) for name in ("point_kw", "point_kwh", "point_cost")}
        return cls(**arrays, bridge=np.zeros((slots, points), np.uint8))
