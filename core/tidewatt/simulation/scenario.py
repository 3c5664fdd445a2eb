"""What a simulation is about: a site, the sessions at its chargers, and loads and prices in quarter hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from tidewatt.site import Site

SLOT_S: Final = 900
"""Loads and prices are constant within quarter hours that begin at whole quarter hours of UTC."""

type Floats = NDArray[np.float64]


class Chemistry(StrEnum):
    """What a battery is made of, which says how it tapers (`tidewatt.kernels.battery`)."""

    NMC = "nmc"
    LFP = "lfp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Battery:
    """A battery of `capacity_wh` that takes `highest_w` at its best; `end_pct` is what its driver lets it charge to."""

    capacity_wh: float
    highest_w: float
    chemistry: Chemistry = Chemistry.NMC
    end_pct: float = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Car:
    """The vehicle of a session, as physics has it.

    `phases` counts the terminals of the charger that it uses. Without a `battery` its state of charge is unknown and it
    charges at full current until it has what it wants.
    """

    phases: int
    maximum_a: float
    battery: Battery | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargingSession:
    """One vehicle's stay at a charger, from `arrival_s` to before `departure_s` (seconds of the Unix epoch).

    `wanted_wh` is what it takes through the cable when it can, `expected_departure_s` what its driver says on arrival.
    """

    session_id: str
    charger: int
    arrival_s: int
    departure_s: int
    expected_departure_s: int
    wanted_wh: float
    car: Car


def months_of(start_s: int, slots: int, time_zone: ZoneInfo) -> NDArray[np.int64]:
    """Return int64[slots], the local month of each quarter hour, counted on and on."""
    at = (datetime.fromtimestamp(start_s + SLOT_S * slot, time_zone) for slot in range(slots))
    return np.fromiter((12 * each.year + each.month for each in at), np.int64, slots)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scenario:
    """A site over K quarter hours.

    Attributes:
        name: what the outcome is called.
        site: circuits, meters and chargers; V circuits and N chargers.
        time_zone: in which days begin.
        start_s: when it begins, seconds of the Unix epoch, a whole quarter hour.
        base_a: float64[K, V, 3], current per phase through each circuit that is not the chargers', all circuits below
            included; negative where the sun feeds in.
        import_price_per_kwh: float64[K], of energy from the grid.
        export_price_per_kwh: float64[K], paid for energy into the grid.
        peak_price_per_kw: what each kW of the highest mean import of a quarter hour costs in every calendar month.
        month: int64[K], months since year 0, of the local time at which each quarter hour begins.
        currency: of the prices.
        sessions: by arrival; those at one charger do not overlap.
    """

    name: str
    site: Site
    time_zone: ZoneInfo
    start_s: int
    base_a: Floats
    import_price_per_kwh: Floats
    export_price_per_kwh: Floats
    peak_price_per_kw: float
    month: NDArray[np.int64]
    currency: str
    sessions: tuple[ChargingSession, ...]

    @property
    def slots(self) -> int:
        """The number of quarter hours."""
        return len(self.import_price_per_kwh)

    @property
    def end_s(self) -> int:
        """When it is over, seconds of the Unix epoch."""
        return self.start_s + self.slots * SLOT_S

    @property
    def base_kw(self) -> Floats:
        """float64[K, V], power through each circuit that is not the chargers'."""
        power_kw: Floats = self.base_a.sum(axis=2) * (self.site.voltage_v / 1000)
        return power_kw

    def local(self, at_s: float) -> datetime:
        """Return a time as clocks at the site show it."""
        return datetime.fromtimestamp(at_s, self.time_zone)
