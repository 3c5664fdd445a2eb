"""From a file to a scenario: reads the tables that it names and puts them on one grid of quarter hours."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from tidewatt.site import MAIN_CIRCUIT_ID, Charger, Circuit, Site, SiteError

from .document import SimulationDocument, load_document
from .scenario import SLOT_S, Battery, Car, ChargingSession, Chemistry, Floats, Scenario, months_of
from .series import read_bdew, read_series
from .sessions import check_some, read_acn, read_own, take_part
from .tables import epoch_s

_EQUAL_SHARES = (1 / 3, 1 / 3, 1 / 3)
_FIRST_ONLY = (1.0, 0.0, 0.0)


def load_scenario(path: Path, content: str) -> Scenario:
    """Return the scenario of a simulation's file.

    Raises:
        SiteError: when something in the file, or in a table that it names, cannot be right.
        OSError: when a table cannot be read.
    """
    document = load_document(path, content)
    fields, zone = document.fields, document.fields["time_zone"]
    start_s, end_s = _time_s("start", fields["start"], zone), _time_s("end", fields["end"], zone)
    if end_s <= start_s:
        raise SiteError("simulation.end", str(fields["end"]), "Give a time after start.")
    grid = Grid(document, start_s, (end_s - start_s) // SLOT_S)
    prices = fields["prices"]
    raw = grid.series(prices, "prices")
    export = prices.get("export")
    return Scenario(
        name=document.name,
        site=document.site,
        time_zone=zone,
        start_s=start_s,
        base_a=grid.base_a(),
        import_price_per_kwh=_formula(raw, prices),
        export_price_per_kwh=np.zeros(grid.slots) if export is None else _formula(raw, export),
        peak_price_per_kw=prices.get("peak_per_kw", 0.0),
        month=months_of(start_s, grid.slots, zone),
        currency=prices.get("currency", "EUR"),
        sessions=_sessions(document, start_s, end_s),
    )


class Grid:
    """The quarter hours of a document's time, and its series on them."""

    def __init__(self, document: SimulationDocument, start_s: int, slots: int) -> None:
        self.document = document
        self.start_s = start_s
        self.slots = slots

    def series(self, entry: dict[str, Any], field: str) -> Floats:
        """Return float64[slots], the column that an entry names."""
        if "column" not in entry:
            raise SiteError(f"simulation.{field}.column", None, "Name the column of the table.")
        path, zone = self.document.path(entry["file"]), self.document.fields["time_zone"]
        return read_series(path, entry["column"], zone, self.start_s, self.slots)

    def base_a(self) -> Floats:
        """Return float64[slots, V, 3], what is not the chargers' through each circuit, those below included."""
        site = self.document.site
        base_a = np.zeros((self.slots, len(site.circuits), 3))
        for field, sign in (("loads", 1.0), ("pv", -1.0)):
            for entry in self.document.fields.get(field, ()):
                circuit = _circuit(site, entry.get("circuit", MAIN_CIRCUIT_ID), field)
                shares = entry.get("phase_shares", _EQUAL_SHARES if site.phases == 3 else _FIRST_ONLY)
                power_kw = sign * self._power_kw(entry, field)
                current_a = power_kw[:, None] * (1000 / site.voltage_v) * np.array(shares)
                while circuit is not None:
                    base_a[:, site.circuits.index(circuit)] += current_a
                    circuit = None if circuit.parent_id is None else site.circuit(circuit.parent_id)
        return base_a

    def _power_kw(self, entry: dict[str, Any], field: str) -> Floats:
        if entry.get("format", "series") == "series":
            return self.series(entry, field) * float(entry.get("multiply", 1.0))
        if "yearly_kwh" not in entry:
            raise SiteError(f"simulation.{field}.yearly_kwh", None, "Give the energy of a year that it is scaled to.")
        zone, path = self.document.fields["time_zone"], self.document.path(entry["file"])
        return read_bdew(path, entry["yearly_kwh"], zone, self.start_s, self.slots)


def _time_s(field: str, at: datetime, zone: ZoneInfo) -> int:
    try:
        at_s = epoch_s(at, zone)
    except ValueError as error:
        raise SiteError(f"simulation.{field}", str(at), f"{error}.") from None
    if at_s % SLOT_S:
        raise SiteError(f"simulation.{field}", str(at), "Give a whole quarter hour.")
    return at_s


def _formula(raw: Floats, entry: dict[str, Any]) -> Floats:
    return raw * float(entry.get("multiply", 1.0)) + float(entry.get("add_per_kwh", 0.0))


def _circuit(site: Site, circuit_id: str, field: str) -> Circuit | None:
    known = [circuit.circuit_id for circuit in site.circuits]
    if circuit_id not in known:
        raise SiteError(f"simulation.{field}.circuit", circuit_id, f"Use one of: {', '.join(known)}.")
    return site.circuit(circuit_id)


def _sessions(document: SimulationDocument, start_s: int, end_s: int) -> tuple[ChargingSession, ...]:
    entry, zone = document.fields["sessions"], document.fields["time_zone"]
    path = document.path(entry["file"])
    if entry.get("format", "tidewatt") == "tidewatt":
        stays = read_own(path, zone)
    elif "origin" in entry:
        stays = read_acn(path, _time_s("sessions.origin", entry["origin"], zone))
    else:
        remedy = "Give the time at which the 5-minute slots of the table begin to count."
        raise SiteError("simulation.sessions.origin", None, remedy)
    sessions = take_part(stays, document.site, _cars(document), start_s, end_s)
    check_some(sessions, path)
    return sessions


def _cars(document: SimulationDocument) -> dict[str, Car]:
    """Return for each charger the vehicle that charges there."""
    site = document.site
    entries = {entry["charger"]: entry for entry in document.fields.get("vehicles", ())}
    known = [charger.charger_id for charger in site.chargers]
    for charger_id in entries:
        if charger_id not in known:
            raise SiteError("simulation.vehicles.charger", charger_id, f"Use one of: {', '.join(known)}.")
    return {charger.charger_id: _car(site, charger, entries.get(charger.charger_id, {})) for charger in site.chargers}


def _car(site: Site, charger: Charger, entry: dict[str, Any]) -> Car:
    vehicle = site.vehicle_at(charger.charger_id)
    known: dict[str, Any] = {"phases": len(charger.phases), "maximum_a": charger.maximum_a}
    if vehicle is not None:
        of_site = {"phases": vehicle.phases, "maximum_a": vehicle.maximum_a}
        known |= {name: value for name, value in of_site.items() if value is not None}
    known |= {name: entry[name] for name in ("phases", "maximum_a") if name in entry}
    known["phases"] = min(known["phases"], len(charger.phases))
    return Car(**known, battery=_battery(None if vehicle is None else vehicle.battery_capacity_wh, entry))


def _battery(known_wh: float | None, entry: dict[str, Any]) -> Battery | None:
    capacity_wh = 1000 * entry["battery_kwh"] if "battery_kwh" in entry else known_wh
    if capacity_wh is None:
        return None
    # Without a word of its own, a battery is taken to charge in an hour at its best.
    highest_w = 1000 * entry["battery_kw"] if "battery_kw" in entry else capacity_wh
    return Battery(
        capacity_wh=capacity_wh,
        highest_w=highest_w,
        chemistry=Chemistry(entry.get("chemistry", Chemistry.NMC)),
        end_pct=entry.get("end_pct", 100.0),
    )
