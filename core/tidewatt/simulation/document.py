"""The file of a simulation: the section `simulation` beside a site, or beside the name of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
import os
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import voluptuous as vol

from tidewatt.site import MAIN_CIRCUIT_ID, Site, SiteError
from tidewatt.site.checks import integer, listed, number, text
from tidewatt.site.schema import load_site, site_error
from tidewatt.site.sections import Key, Section
from tidewatt.site.yaml_text import parse_yaml

from .scenario import Chemistry

_ENERGY = number("Give an energy in kWh, more than zero.", above=0)
_PERCENT = number("Give a percentage above 0, at most 100.", above=0, most=100)
_FACTOR = number("Give a factor; prices are multiplied with it first, then `add_per_kwh` is added.")


def _one_of(*names: str) -> Any:
    def check(value: Any) -> str:
        if value not in names:
            raise vol.Invalid(f"Use one of: {', '.join(names)}.")
        return str(value)

    return check


def _moment(value: Any) -> datetime:
    """Accept a date, which is its midnight, or a date and time, with or without an offset."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - local in the simulation's time zone
    raise vol.Invalid("Give a date such as 2026-03-01, or a time such as 2026-03-01T06:00.")


def _zone(value: Any) -> ZoneInfo:
    try:
        return ZoneInfo(text(value))
    except ZoneInfoNotFoundError, ValueError, OSError:
        raise vol.Invalid("Give a name of the time zone database, for example Europe/Amsterdam.") from None


def _path(value: Any) -> str:
    """Accept a path, with the environment variables in it replaced."""
    expanded = os.path.expandvars(text(value))
    if "$" in expanded:
        raise vol.Invalid("Set the environment variable that it names.")
    return expanded


def _shares(value: Any) -> tuple[float, float, float]:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise vol.Invalid("Give the parts of L1, L2 and L3, for example [0.5, 0.3, 0.2].")
    l1, l2, l3 = (number("Give a part of zero or more.", least=0)(item) for item in value)
    if abs(l1 + l2 + l3 - 1) > 1e-6:
        raise vol.Invalid("The parts of L1, L2 and L3 add up to 1.")
    return (l1, l2, l3)


SESSIONS: Final = Section(
    {
        "file": Key("file", _path, "Name the table of the sessions."),
        "format": Key("format", _one_of("tidewatt", "acn")),
        "origin": Key("origin", _moment),
    }
)
_EXPORT: Final = Section(
    {"multiply": Key("multiply", _FACTOR), "add_per_kwh": Key("add_per_kwh", number("Give a price per kWh."))}
)
PRICES: Final = Section(
    {
        "file": Key("file", _path, "Name the table of the prices."),
        "column": Key("column", text, "Name the column of the prices."),
        "multiply": Key("multiply", _FACTOR),
        "add_per_kwh": Key("add_per_kwh", number("Give a price per kWh.")),
        "export": Key("export", lambda raw: _EXPORT.fields(_EXPORT(raw))),
        "peak_per_kw": Key(
            "peak_per_kw", number("Give what each kW of a month's highest quarter hour costs.", least=0)
        ),
        "currency": Key("currency", text),
    }
)
LOAD: Final = Section(
    {
        "file": Key("file", _path, "Name the table of the load."),
        "format": Key("format", _one_of("series", "bdew")),
        "circuit": Key("circuit", text),
        "column": Key("column", text),
        "multiply": Key("multiply", number("Give a factor; its sign is yours, loads are positive.")),
        "yearly_kwh": Key("yearly_kwh", _ENERGY),
        "phase_shares": Key("phase_shares", _shares),
    }
)
VEHICLE: Final = Section(
    {
        "charger": Key("charger", text, "Name the charger at which it charges."),
        "phases": Key("phases", integer("Give how many phases it charges on: 1, 2 or 3.", least=1, most=3)),
        "maximum_a": Key("maximum_a", number("Give the most it draws in A on a phase, 6 or more.", least=6)),
        "battery_kwh": Key("battery_kwh", _ENERGY),
        "battery_kw": Key("battery_kw", number("Give the highest power in kW that its battery takes.", above=0)),
        "chemistry": Key("chemistry", _one_of(*Chemistry)),
        "end_pct": Key("end_pct", _PERCENT),
    }
)
SIMULATION: Final = Section(
    {
        "start": Key("start", _moment, "Give the date on which it begins."),
        "end": Key("end", _moment, "Give the date before which it ends."),
        "time_zone": Key("time_zone", _zone, "Give the time zone of the site, for example Europe/Amsterdam."),
        "sessions": Key("sessions", SESSIONS, "Say which sessions are replayed."),
        "prices": Key("prices", PRICES, "Say what energy costs."),
        "loads": Key("loads", vol.All(listed, [LOAD])),
        "pv": Key("pv", vol.All(listed, [LOAD])),
        "vehicles": Key("vehicles", vol.All(listed, [VEHICLE])),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationDocument:
    """A checked file: the site, the fields of its section `simulation`, and the folder that its paths start from."""

    name: str
    site: Site
    fields: dict[str, Any]
    folder: Path

    def path(self, written: str) -> Path:
        """Return a path of the file; relative ones start beside it."""
        return self.folder / written


def load_document(path: Path, content: str) -> SimulationDocument:
    """Return what a simulation's file says; SiteError naming field, value and remedy for what cannot be right."""
    document = parse_yaml(content)
    raw = document.pop("simulation", None)
    if raw is None:
        remedy = "Add the section 'simulation' with start, end, time_zone, sessions and prices."
        raise SiteError("simulation", None, remedy)
    try:
        fields = SIMULATION.fields(SIMULATION(raw))
    except vol.Invalid as error:
        error.prepend(["simulation"])
        raise site_error(error, {"simulation": raw}) from None
    site = _site(document, path.parent)
    if site.meter_of(MAIN_CIRCUIT_ID) is None:
        raise SiteError("meters", [meter.meter_id for meter in site.meters], "Give the site a meter at main.")
    return SimulationDocument(name=path.stem, site=site, fields=fields, folder=path.parent)


def _site(document: Mapping[str, Any], folder: Path) -> Site:
    named = document.get("site")
    if not isinstance(named, str):
        return load_site(document)
    if len(document) > 1:
        others = sorted(set(document) - {"site"})
        raise SiteError("site", named, f"Either name a site file or describe the site here; here is also {others[0]}.")
    return load_site((folder / _path(named)).read_text(encoding="utf-8"))
