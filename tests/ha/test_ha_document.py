"""A config entry holds a site in parts, and gives it back whole."""

from typing import Any

from hypothesis import given
import pytest

from custom_components.tidewatt.document import (
    Part,
    entry_from_site,
    orphans,
    site_from_entry,
    site_from_parts,
)
from tests.ha.conftest import entry_of
from tests.strategies.sites import sites
from tidewatt.site import Site, SiteError
from tidewatt.site.schema import load_site


@given(site=sites())
def test_every_site_survives_the_way_into_an_entry_and_back(site: Site) -> None:
    parts = entry_from_site(site)
    held = [
        Part(
            part_id=subentry["subentry_id"],
            kind=subentry["subentry_type"],
            name=subentry["title"],
            data=subentry["data"],
        )
        for subentry in parts.subentries
    ]

    assert site_from_parts(parts.title, parts.data, held) == site


def test_an_entry_gives_the_site_that_the_file_describes(document: dict[str, Any]) -> None:
    assert site_from_entry(entry_of(document)) == load_site(document)


def test_circuits_may_be_added_in_any_order(document: dict[str, Any]) -> None:
    document["circuits"] = [
        {"id": "attic", "name": "Attic", "parent": "garage", "limit_a": 10},
        {"id": "garage", "name": "Garage", "parent": "main", "limit_a": 20},
    ]
    parts = [
        Part(part_id=item["id"], kind="circuit", name=item["name"], data=_without_id(item))
        for item in document["circuits"]
    ]

    site = site_from_parts("Site", {"site": {"main_fuse_a": 25}, "ocpp": {}}, parts)

    assert [circuit.circuit_id for circuit in site.circuits] == ["main", "garage", "attic"]


def test_a_circuit_that_feeds_itself_is_refused() -> None:
    circular = Part(part_id="ring", kind="circuit", name="Ring", data={"parent": "ring", "limit_a": 10})

    with pytest.raises(SiteError, match="parent"):
        site_from_parts("Site", {"site": {"main_fuse_a": 25}, "ocpp": {}}, [circular])


def test_a_meter_without_its_circuit_and_a_vehicle_without_its_charger_are_orphans() -> None:
    meter = Part(part_id="m", kind="meter", name="Meter", data={"circuit": "gone"})
    vehicle = Part(part_id="v", kind="vehicle", name="Zoe", data={"charger": "gone"})
    at_home = Part(part_id="n", kind="meter", name="Grid", data={"circuit": "main"})

    assert orphans([meter, vehicle, at_home]) == [meter, vehicle]


def _without_id(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in ("id", "name")}
