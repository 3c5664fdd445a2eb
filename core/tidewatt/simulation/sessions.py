"""Charging sessions from tables: Tidewatt's own columns, and those of recorded ACN days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from tidewatt.site import Site, SiteError

from .acceptance import gained_pct
from .scenario import Car, ChargingSession
from .tables import Row, rows_of

OWN_COLUMNS: Final = ("charger", "arrival", "departure", "energy_kwh")
ACN_COLUMNS: Final = (
    "session_id",
    "station_id",
    "arrival_5min",
    "departure_5min",
    "est_departure_5min",
    "requested_kWh",
)
_ACN_SLOT_S: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A session as its row has it, and the row for what must be said about it."""

    row: Row
    session_id: str
    charger_id: str
    arrival_s: int
    departure_s: int
    expected_departure_s: int
    wanted_wh: float


def read_own(path: Path, time_zone: ZoneInfo) -> Iterator[Stay]:
    """Yield the sessions of a table with `OWN_COLUMNS`, and `expected_departure` and `session` where it has them."""
    for row in rows_of(path, OWN_COLUMNS):
        departure_s = row.time_s("departure", time_zone)
        expected = row.given("expected_departure")
        yield Stay(
            row=row,
            session_id=row.text("session") if row.given("session") else f"{path.name}:{row.line}",
            charger_id=row.text("charger"),
            arrival_s=row.time_s("arrival", time_zone),
            departure_s=departure_s,
            expected_departure_s=row.time_s("expected_departure", time_zone) if expected else departure_s,
            wanted_wh=1000 * row.number("energy_kwh", "Give the energy in kWh, more than zero.", above=0),
        )


def read_acn(path: Path, origin_s: int) -> Iterator[Stay]:
    """Yield the sessions of a table of ACN-Data in slots of five minutes since `origin_s`."""
    remedy = "Give a number of 5-minute slots."
    for row in rows_of(path, ACN_COLUMNS):
        arrival, departure, expected = (
            round(row.number(column, remedy)) for column in ("arrival_5min", "departure_5min", "est_departure_5min")
        )
        yield Stay(
            row=row,
            session_id=row.text("session_id"),
            charger_id=row.text("station_id"),
            arrival_s=origin_s + _ACN_SLOT_S * arrival,
            departure_s=origin_s + _ACN_SLOT_S * departure,
            expected_departure_s=origin_s + _ACN_SLOT_S * expected,
            wanted_wh=1000 * row.number("requested_kWh", "Give the energy in kWh, more than zero.", above=0),
        )


def take_part(
    stays: Iterator[Stay], site: Site, cars: dict[str, Car], start_s: int, end_s: int
) -> tuple[ChargingSession, ...]:
    """Return the sessions that begin and end within a time, by arrival.

    `cars` holds for each charger the vehicle that charges there.
    SiteError for a charger that the site does not have, for departures before arrivals, and for two vehicles at once.
    """
    chargers = {charger.charger_id: index for index, charger in enumerate(site.chargers)}
    taken: list[Stay] = []
    for stay in stays:
        if stay.charger_id not in chargers:
            column = "station_id" if "station_id" in stay.row.cells else "charger"
            raise stay.row.error(column, stay.charger_id, f"The site's chargers are: {', '.join(chargers)}.")
        if stay.departure_s <= stay.arrival_s or stay.expected_departure_s <= stay.arrival_s:
            raise stay.row.error("departure", stay.session_id, "A vehicle leaves after it came.")
        if start_s <= stay.arrival_s and stay.departure_s <= end_s:
            taken.append(stay)
    taken.sort(key=lambda stay: (stay.arrival_s, chargers[stay.charger_id]))
    _check_one_at_a_time(taken)
    return tuple(_session(stay, site, chargers[stay.charger_id], cars[stay.charger_id]) for stay in taken)


def _session(stay: Stay, site: Site, charger: int, car: Car) -> ChargingSession:
    voltage_v = site.voltage_v * car.phases
    if car.battery is not None and gained_pct(car, voltage_v, stay.wanted_wh) > car.battery.end_pct * (1 + 1e-9):
        most_kwh = stay.wanted_wh / 1000 * car.battery.end_pct / gained_pct(car, voltage_v, stay.wanted_wh)
        column = "energy_kwh" if "energy_kwh" in stay.row.cells else "requested_kWh"
        raise stay.row.error(column, stay.row.cells[column], f"Its battery takes at most {most_kwh:.1f} kWh.")
    return ChargingSession(
        session_id=stay.session_id,
        charger=charger,
        arrival_s=stay.arrival_s,
        departure_s=stay.departure_s,
        expected_departure_s=stay.expected_departure_s,
        wanted_wh=stay.wanted_wh,
        car=car,
    )


def _check_one_at_a_time(stays: list[Stay]) -> None:
    ids: set[str] = set()
    for stay in stays:
        if stay.session_id in ids:
            raise stay.row.error("session", stay.session_id, "Give every session a name of its own.")
        ids.add(stay.session_id)
    by_charger = sorted(stays, key=lambda stay: (stay.charger_id, stay.arrival_s))
    for one, other in pairwise(by_charger):
        if one.charger_id == other.charger_id and other.arrival_s < one.departure_s:
            remedy = f"The vehicle of line {one.row.line} is still at {one.charger_id}: correct one of them."
            raise other.row.error("arrival", other.session_id, remedy)


def check_some(sessions: tuple[ChargingSession, ...], path: Path) -> None:
    """Refuse a table without a session in the time that is simulated."""
    if not sessions:
        raise SiteError(str(path), 0, "No session begins and ends between start and end; choose other dates.")
