"""A site is whole or it is not built: its parts fit together and can be found."""

from dataclasses import replace
import math
import pickle

from hypothesis import given, settings
import pytest

from tests.circuits import main_circuit
from tests.strategies.sites import sites
from tidewatt.site import (
    Charger,
    Circuit,
    Meter,
    ModbusEndpoint,
    OcppEndpoint,
    Phase,
    Site,
    SiteError,
    per_phase,
)


def _charger(charger_id: str = "left", circuit_id: str = "main") -> Charger:
    endpoint = OcppEndpoint(station_id=f"station of {charger_id}")
    return Charger(charger_id=charger_id, name=charger_id, circuit_id=circuit_id, endpoint=endpoint)


@given(sites())
@settings(max_examples=25, deadline=None)
def test_every_part_is_found_by_its_id(site: Site) -> None:
    assert all(site.circuit(each.circuit_id) is each for each in site.circuits)
    assert all(site.charger(each.charger_id) is each for each in site.chargers)
    assert all(site.meter_of(each.circuit_id) is each for each in site.meters)
    assert all(site.vehicle_at(each.charger_id) is each for each in site.vehicles)
    assert pickle.loads(pickle.dumps(site)) == site  # noqa: S301 - our own bytes


def test_what_there_is_not_is_a_key_error_or_none() -> None:
    site = Site(name="A", circuits=(main_circuit(25),), chargers=(_charger(),))

    for find in (site.circuit, site.charger):
        with pytest.raises(KeyError, match="right"):
            find("right")
    assert site.meter_of("main") is None
    assert site.vehicle_at("left") is None


@pytest.mark.parametrize("limit_a", [-1.0, math.inf, math.nan])
def test_no_circuit_without_a_limit(limit_a: float) -> None:
    with pytest.raises(SiteError, match="rating of its fuse") as caught:
        Circuit(circuit_id="garage", name="Garage", parent_id="main", import_limit_a=(16.0, 16.0, limit_a))

    assert caught.value.field == "circuits.garage.import_limit_a"


def test_parents_come_before_their_children() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="cellar", import_limit_a=per_phase(16.0))
    cellar = replace(garage, circuit_id="cellar", parent_id="main")

    Site(name="A", circuits=(main_circuit(25), cellar, garage))
    with pytest.raises(SiteError, match="Use one of: main"):
        Site(name="A", circuits=(main_circuit(25), garage, cellar))


def test_charger_needs_phases_that_the_site_has() -> None:
    one_phase = replace(_charger(), phases=(Phase.L1,))

    Site(name="A", phases=1, circuits=(main_circuit(25, 1),), chargers=(one_phase,))
    with pytest.raises(SiteError, match="1 phase"):
        Site(name="A", phases=1, circuits=(main_circuit(25, 1),), chargers=(_charger(),))


@pytest.mark.parametrize("interval_s", [0.0, -1.0, 10.0, math.nan])
def test_meter_is_read_more_often_than_it_goes_stale(interval_s: float) -> None:
    endpoint = ModbusEndpoint(host="meter", interval_s=interval_s)

    with pytest.raises(SiteError, match="less than tolerance_s"):
        Meter(meter_id="grid", name="Grid", circuit_id="main", endpoint=endpoint, tolerance_s=10.0)
