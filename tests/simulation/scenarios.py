"""Small scenarios written out: a site behind one fuse, vehicles that come and go, hourly prices and loads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tests.circuits import main_circuit
from tests.control.control_plant import charger, meter
from tidewatt.simulation import SLOT_S, Battery, Car, ChargingSession, Scenario
from tidewatt.simulation.scenario import months_of
from tidewatt.site import Charger, Circuit, Site

START_S = 1_772_409_600
"""2026-03-02, a Monday, 00:00 UTC."""

UTC = ZoneInfo("UTC")

SMALL = Battery(capacity_wh=40_000.0, highest_w=40_000.0)
TINY = Battery(capacity_wh=20_000.0, highest_w=15_000.0)
"""Batteries that taper early."""


def site(*chargers: Charger, fuse_a: float, circuits: tuple[Circuit, ...] = ()) -> Site:
    """Return a metered site."""
    return Site(name="Test", circuits=(main_circuit(fuse_a), *circuits), meters=(meter(),), chargers=chargers)


def one_phase(name: str, **changes: Any) -> Charger:
    """Return a charger of 6 to 16 A on L1, 3.68 kW."""
    return charger(name, phases=(0,), **changes)


def stay(
    number: int, charger_index: int, hours: tuple[float, float], wanted_kwh: float, **changes: Any
) -> ChargingSession:
    """Return a session of a one-phase vehicle of 16 A that charges at full power until it has enough."""
    arrival_s, departure_s = (START_S + round(3600 * hour) for hour in hours)
    given: dict[str, Any] = {
        "session_id": f"s{number}",
        "charger": charger_index,
        "arrival_s": arrival_s,
        "departure_s": departure_s,
        "expected_departure_s": departure_s,
        "wanted_wh": 1000 * wanted_kwh,
        "car": Car(phases=1, maximum_a=16.0),
    }
    return ChargingSession(**given | changes)


def scenario(
    of: Site,
    sessions: Sequence[ChargingSession],
    *,
    hours: int,
    price: Sequence[float] = (0.3,),
    house_a: Sequence[float] = (0.0,),
    peak_price: float = 0.0,
) -> Scenario:
    """Return a scenario of whole hours; hourly prices and currents of the house on every phase repeat."""
    slots = hours * 3600 // SLOT_S
    hour = np.arange(slots) * SLOT_S // 3600
    base_a = np.zeros((slots, len(of.circuits), 3))
    base_a[:, 0] = np.array(house_a)[hour % len(house_a)][:, None]
    return Scenario(
        name="test",
        site=of,
        time_zone=UTC,
        start_s=START_S,
        base_a=base_a,
        import_price_per_kwh=np.array(price)[hour % len(price)],
        export_price_per_kwh=np.zeros(slots),
        peak_price_per_kw=peak_price,
        month=months_of(START_S, slots, UTC),
        currency="EUR",
        sessions=tuple(sorted(sessions, key=lambda session: session.arrival_s)),
    )
