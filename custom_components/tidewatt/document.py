"""Turns a config entry with its subentries into a site, and back.

An entry holds the site file of `tidewatt.site.schema` in parts: `site` and `ocpp` in the entry's data, every circuit,
meter, charger and vehicle in a subentry. A part's id is its subentry id and its name the subentry's title, so renaming
changes nothing but the name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry, ConfigSubentryDataWithId

from tidewatt.site import MAIN_CIRCUIT_ID, Phase, Site, SiteError
from tidewatt.site.schema import dump_site, load_site

from .const import (
    CONF_CHARGER,
    CONF_CIRCUIT,
    CONF_EVSE,
    CONF_OCPP,
    CONF_PARENT,
    CONF_SITE,
    CONF_STATION,
    SUBENTRY_CHARGER,
    SUBENTRY_CIRCUIT,
    SUBENTRY_METER,
    SUBENTRY_VEHICLE,
)

SECTIONS = {
    SUBENTRY_CIRCUIT: "circuits",
    SUBENTRY_METER: "meters",
    SUBENTRY_CHARGER: "chargers",
    SUBENTRY_VEHICLE: "vehicles",
}
"""The list of the site file that holds the parts of each subentry type."""


PLACES = {SUBENTRY_METER: CONF_CIRCUIT, SUBENTRY_VEHICLE: CONF_CHARGER}
"""The key that says where a part belongs which means nothing without that place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One circuit, meter, charger or vehicle as a subentry holds it."""

    part_id: str
    kind: str
    name: str
    data: Mapping[str, Any]

    @classmethod
    def of(cls, subentry: ConfigSubentry) -> Part:
        """Return the part that a subentry holds."""
        return cls(part_id=subentry.subentry_id, kind=subentry.subentry_type, name=subentry.title, data=subentry.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryParts:
    """What a config entry for a site is made of, ready for Home Assistant's storage."""

    title: str
    data: dict[str, Any]
    subentries: tuple[ConfigSubentryDataWithId, ...]


def site_from_entry(entry: ConfigEntry) -> Site:
    """Return the site an entry describes, without orphans; SiteError when its parts do not fit together."""
    return site_from_parts(entry.title, entry.data, placed(map(Part.of, entry.subentries.values())))


def placed(parts: Iterable[Part]) -> list[Part]:
    """Return the parts without those that are orphans among them."""
    everyone = list(parts)
    lost = orphans(everyone)
    return [part for part in everyone if part not in lost]


def orphans(parts: Sequence[Part]) -> list[Part]:
    """Return the meters whose circuit was removed and the vehicles whose charger was: nothing can be done with them."""
    ids = {part.part_id for part in parts} | {MAIN_CIRCUIT_ID}
    return [part for part in parts if part.kind in PLACES and part.data[PLACES[part.kind]] not in ids]


def site_from_parts(name: str, data: Mapping[str, Any], parts: Iterable[Part]) -> Site:
    """Return the site made of an entry's name and data and these parts; SiteError when they do not fit together."""
    document: dict[str, Any] = {CONF_SITE: {"name": name, **data[CONF_SITE]}, CONF_OCPP: dict(data[CONF_OCPP])}
    for section in SECTIONS.values():
        document[section] = []
    for part in parts:
        document[SECTIONS[part.kind]].append({"id": part.part_id, "name": part.name, **part.data})
    document[SECTIONS[SUBENTRY_CIRCUIT]] = _parents_first(document[SECTIONS[SUBENTRY_CIRCUIT]])
    return load_site(document)


def entry_from_site(site: Site) -> EntryParts:
    """Return the entry that describes a site: the inverse of `site_from_entry`, with the site's own ids."""
    document = dump_site(site)
    head = dict(document[CONF_SITE])
    title = head.pop("name")
    subentries = [
        _subentry_data(kind, item) for kind, section in SECTIONS.items() for item in document.get(section, [])
    ]
    return EntryParts(
        title=title, data={CONF_SITE: head, CONF_OCPP: dict(document[CONF_OCPP])}, subentries=tuple(subentries)
    )


def describe(error: SiteError, site_name: str, parts: Iterable[Part]) -> dict[str, str]:
    """Return the placeholders that say what does not fit, with the names of site and parts for their ids."""
    names = {MAIN_CIRCUIT_ID: site_name} | {part.part_id: part.name for part in parts}
    section, *path = error.field.split(".")
    values = error.value if isinstance(error.value, list | tuple) else [error.value]
    return {
        "field": ", ".join(names.get(step, step) for step in path or [section]),
        "value": ", ".join(in_words(value, names) for value in values),
        "remedy": error.remedy,
    }


def in_words(value: object, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return a refused value as people write it, with names for ids."""
    if isinstance(value, Phase):
        return value.name
    return f"{value:g}" if isinstance(value, float) else names.get(str(value), str(value))


def charger_unique_id(data: Mapping[str, Any]) -> str:
    """Return the unique id of a charger's subentry: no EVSE of a station is configured twice in one site."""
    return f"{SUBENTRY_CHARGER}_{data[CONF_OCPP][CONF_STATION]}_{data[CONF_OCPP].get(CONF_EVSE, 1)}"


def _subentry_data(kind: str, item: Mapping[str, Any]) -> ConfigSubentryDataWithId:
    data = {key: value for key, value in item.items() if key not in ("id", "name")}
    return ConfigSubentryDataWithId(
        subentry_id=item["id"],
        subentry_type=kind,
        title=item["name"],
        data=data,
        unique_id=charger_unique_id(data) if kind == SUBENTRY_CHARGER else None,
    )


def _parents_first(circuits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the circuits with every parent before its children; those without a known parent come last."""
    ordered: list[dict[str, Any]] = []
    known = {MAIN_CIRCUIT_ID}
    waiting = list(circuits)
    while (ready := next((circuit for circuit in waiting if circuit[CONF_PARENT] in known), None)) is not None:
        waiting.remove(ready)
        ordered.append(ready)
        known.add(ready["id"])
    return ordered + waiting
