"""The site file: what people write is what they get, and what cannot be right is explained."""

import json
import subprocess
import sys

from hypothesis import given, settings
import pytest
import yaml

from tests.strategies.sites import sites
from tidewatt.site import (
    EntityMeterEndpoint,
    EntitySocEndpoint,
    ModbusEndpoint,
    ModbusMap,
    Mode,
    OcppEndpoint,
    OcppListener,
    Phase,
    Site,
    SiteError,
)
from tidewatt.site.schema import dump_site, load_site

HARBOUR = """
site: {name: Harbour Street 7, phases: 3, voltage_v: 230, main_fuse_a: 25, export_limit_a: 10}
circuits:
  - {id: garage, name: Garage, parent: main, limit_a: [20, 16, 16], total_limit_w: 11000}
meters:
  - {id: grid, name: Grid meter, circuit: main, tolerance_s: 10,
     modbus: {host: 192.0.2.7, port: 5020, unit: 2, map: sunspec, interval_s: 0.5}}
  - {id: sub, circuit: garage, entity: {power: [sensor.l1, sensor.l2, sensor.l3]}}
chargers:
  - id: left
    name: Left bay
    circuit: garage
    phases: [L2, L3, L1]
    minimum_a: 6
    maximum_a: 16
    step_a: 0.1
    safe_a: 0
    discharge_maximum_a: 12
    weight: 2
    mode: fast
    ocpp: {station: CP-1, evse: 2, password: secret, id_tags: [04A2, 04B3]}
  - {id: right, circuit: main, phases: L3, mode: off, ocpp: {station: CP-2}}
vehicles:
  - {id: zoe, name: Zoe, charger: left, phases: 3, maximum_a: 16, battery_kwh: 52.5, minimum_soc_pct: 35,
     soc_entity: sensor.zoe_soc}
ocpp: {host: 0.0.0.0, port: 9001}
emulation: {house_load_a: [1, 2, 3], whatever: else}
"""


def test_every_key_reaches_its_field() -> None:
    site = load_site(HARBOUR)

    assert (site.name, site.phases, site.voltage_v) == ("Harbour Street 7", 3, 230)
    main, garage = site.circuits
    assert (main.import_limit_a, main.export_limit_a) == ((25, 25, 25), (10, 10, 10))
    assert (garage.parent_id, garage.import_limit_a, garage.total_import_limit_w) == ("main", (20, 16, 16), 11000)
    grid, sub = site.meters
    assert grid.endpoint == ModbusEndpoint(
        host="192.0.2.7", port=5020, unit_id=2, map=ModbusMap.SUNSPEC, interval_s=0.5
    )
    assert grid.tolerance_s == 10
    assert sub.endpoint == EntityMeterEndpoint(power_entity_ids=("sensor.l1", "sensor.l2", "sensor.l3"))
    left = site.charger("left")
    assert left.endpoint == OcppEndpoint(
        station_id="CP-1",
        evse_id=2,
        password="secret",  # noqa: S106 - as in the file above
        id_tags=("04A2", "04B3"),
    )
    assert left.phases == (Phase.L2, Phase.L3, Phase.L1)
    assert (left.minimum_a, left.maximum_a, left.step_a, left.safe_a, left.weight) == (6, 16, 0.1, 0, 2)
    assert (left.discharge_maximum_a, site.vehicles[0].minimum_soc_pct) == (12, 35)
    assert left.mode is Mode.FAST
    (zoe,) = site.vehicles
    assert (zoe.charger_id, zoe.phases, zoe.maximum_a, zoe.battery_capacity_wh) == ("left", 3, 16, 52500)
    assert zoe.endpoint == EntitySocEndpoint(soc_entity_id="sensor.zoe_soc")
    assert site.ocpp == OcppListener(host="0.0.0.0", port=9001)  # noqa: S104 - what the file says


def test_what_is_left_out_is_cautious() -> None:
    site = load_site(HARBOUR)

    assert site.circuit("garage").export_limit_a == (0, 0, 0)

    right = site.charger("right")
    assert right.name == "right"
    assert right.safe_a == 6
    assert right.mode is Mode.OFF
    assert right.phases == (Phase.L3,)
    assert load_site("site: {name: A, main_fuse_a: 16}").ocpp == OcppListener(host="127.0.0.1", port=9000)


def test_bare_off_is_a_mode_although_yaml_reads_it_as_false() -> None:
    assert yaml.safe_load("mode: off") == {"mode": False}
    assert load_site(HARBOUR).charger("right").mode is Mode.OFF


def test_one_phase_site_has_no_limit_on_phases_it_does_not_have() -> None:
    site = load_site("site: {name: Flat, phases: 1, main_fuse_a: 40}")

    assert site.circuits[0].import_limit_a == (40, 0, 0)


@given(sites())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read_back_equal(site: Site) -> None:
    document = dump_site(site)

    assert load_site(document) == site
    assert load_site(yaml.safe_dump(document, allow_unicode=True)) == site
    assert load_site(json.loads(json.dumps(document))) == site


def test_written_file_is_one_people_would_write() -> None:
    document = dump_site(load_site(HARBOUR))

    assert document["site"]["main_fuse_a"] == 25
    assert document["circuits"][0]["limit_a"] == [20, 16, 16]
    assert document["chargers"][0]["phases"] == ["L2", "L3", "L1"]
    assert document["chargers"][1]["mode"] == "off"
    assert "password" not in document["chargers"][1]["ocpp"]


WRONG: list[tuple[str, str, str, str]] = [
    ("main_fuse_a: 25, ", "", "site.main_fuse_a", "never assumed"),
    ("main_fuse_a: 25", "main_fuze_a: 25", "site.main_fuze_a", "Did you mean main_fuse_a?"),
    ("main_fuse_a: 25", "main_fuse_a: -1", "site.main_fuse_a", "rating of the fuse"),
    ("main_fuse_a: 25", "main_fuse_a: '25'", "site.main_fuse_a", "plain number"),
    ("main_fuse_a: 25", "main_fuse_a: true", "site.main_fuse_a", "plain number"),
    ("main_fuse_a: 25", "main_fuse_a: .nan", "site.main_fuse_a", "plain number"),
    ("main_fuse_a: 25", "main_fuse_a: [25, 25]", "site.main_fuse_a", "L1, L2, L3"),
    ("phases: 3, voltage", "phases: 2, voltage", "site.phases", "1 or 3"),
    ("voltage_v: 230", "voltage_v: 23", "site.voltage_v", "230"),
    ("name: Harbour Street 7", "name: ''", "site.name", "not empty"),
    ("limit_a: [20, 16, 16], ", "", "circuits.garage.limit_a", "never assumed"),
    ("limit_a: [20, 16, 16]", "limit_a: [20, x, 16]", "circuits.garage.limit_a", "plain number"),
    ("parent: main", "parent: mian", "circuits.garage.parent", "main"),
    ("id: garage, name", "id: main, name", "circuits", "once"),
    ("circuit: garage, entity", "circuit: main, entity", "meters.circuit", "at most one meter"),
    ("tolerance_s: 10", "tolerance_s: 0", "meters.grid.tolerance_s", "age in seconds"),
    ("interval_s: 0.5", "interval_s: 10", "meters.grid.modbus.interval_s", "less than tolerance_s"),
    ("interval_s: 0.5", "interval_s: 0", "meters.grid.modbus.interval_s", "seconds between"),
    ("map: sunspec", "map: sdm63", "meters.grid.modbus.map", "sdm630, sunspec"),
    ("port: 5020", "port: 70000", "meters.grid.modbus.port", "65535"),
    ("unit: 2", "unit: 256", "meters.grid.modbus.unit", "255"),
    ("host: 192.0.2.7, ", "", "meters.grid.modbus.host", "host name"),
    ("entity: {power:", "entity: {current: sensor.a, power:", "meters.sub.entity", "either power or current"),
    ("sensor.l1, sensor.l2", "sensor.l1", "meters.sub.entity", "one for each"),
    (", entity: {power: [sensor.l1, sensor.l2, sensor.l3]}", "", "meters.sub", "either modbus or entity"),
    ("phases: [L2, L3, L1]", "phases: [L2, L4]", "chargers.left.phases", "L1, L2, L3"),
    ("phases: [L2, L3, L1]", "phases: [L2, L2]", "chargers.left.phases", "different phases"),
    ("minimum_a: 6", "minimum_a: 5", "chargers.left.minimum_a", "IEC 61851"),
    ("maximum_a: 16\n", "maximum_a: 5\n", "chargers.left.maximum_a", "minimum_a (6 A)"),
    ("safe_a: 0", "safe_a: 3", "chargers.left.safe_a", "0 (pause)"),
    ("discharge_maximum_a: 12", "discharge_maximum_a: -1", "chargers.left.discharge_maximum_a", "zero or more"),
    ("minimum_soc_pct: 35", "minimum_soc_pct: 101", "vehicles.zoe.minimum_soc_pct", "must leave"),
    ("weight: 2", "weight: 0", "chargers.left.weight", "greater than zero"),
    ("mode: fast", "mode: fats", "chargers.left.mode", "off, fast, solar, min_solar"),
    ("mode: fast", "mode: [fast]", "chargers.left.mode", "off, fast, solar, min_solar"),
    ("    ocpp: {station: CP-1, evse: 2, password: secret, id_tags: [04A2, 04B3]}", "", "chargers.left.ocpp", "CP-1"),
    ("station: CP-1", "station: 17", "chargers.left.ocpp.station", "quotes"),
    ("evse: 2", "evse: 0", "chargers.left.ocpp.evse", "1 for the first"),
    ("charger: left", "charger: lfet", "vehicles.zoe.charger", "left, right"),
    ("battery_kwh: 52.5", "battery_kwh: 0", "vehicles.zoe.battery_kwh", "kWh"),
    ("chargers:", "charger:", "charger", "Did you mean chargers?"),
    ("chargers:", "chargers: 5\nx:", "x", "The keys here are"),
]


@pytest.mark.parametrize(("right", "wrong", "field", "remedy"), WRONG)
def test_what_cannot_be_right_is_named_with_its_remedy(right: str, wrong: str, field: str, remedy: str) -> None:
    assert right in HARBOUR

    with pytest.raises(SiteError) as caught:
        load_site(HARBOUR.replace(right, wrong, 1))

    assert caught.value.field == field
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("site: {name: A", "line 1", "expected"),
        ("site: {name: A, main_fuse_a: 16}\nsite: {name: B, main_fuse_a: 500}", "line 2", "site given twice"),
        ("just words", "site file", "str"),
        ("", "site file", "NoneType"),
        ("\x00", "site file", "special characters"),
        ("a: &a [*a]", "a", "no such key"),
        ("? [1, 2]\n: 3", "line 1", "unhashable"),
        ("site: !!python/object/apply:os.system [ls]", "line 1", "could not determine a constructor"),
        ("circuits: []", "site", "Describe the connection"),
        ("site:", "site", "Give keys with values"),
        ("site: {name: A, main_fuse_a: 16}\nchargers: {a: 1}", "chargers", "Give a list"),
        ("site: {name: A, main_fuse_a: 16}\nchargers: [5]", "chargers.1", "Give keys with values"),
        ("site: {name: A, main_fuse_a: 16}\nchargers: [{name: x}]", "chargers.1.id", "id of its own"),
        ("site: {name: A, main_fuse_a: 16, 5: 5}", "site.5", "no such key"),
    ],
)
def test_broken_text_is_explained(text: str, field: str, says: str) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(text)

    assert caught.value.field == field
    assert says in str(caught.value)


def test_empty_sections_are_empty_lists() -> None:
    assert load_site("site: {name: A, main_fuse_a: 16}\ncircuits:\nmeters:\n").meters == ()


@pytest.mark.parametrize(
    ("right", "wrong", "field"),
    [
        ("secret", "123456", "chargers.left.ocpp.password"),
        ("chargers:", "charger:", "charger"),
        ("    ocpp: {station: CP-1", "    ocp: {station: CP-1", "chargers.left.ocp"),
    ],
)
def test_passwords_stay_out_of_messages(right: str, wrong: str, field: str) -> None:
    with pytest.raises(SiteError) as caught:
        load_site(HARBOUR.replace(right, wrong))

    assert caught.value.field == field
    assert not any(word in str(caught.value) for word in ("123456", "secret"))


def test_given_document_is_left_as_it_was() -> None:
    document = yaml.safe_load(HARBOUR)

    load_site(document)

    assert document == yaml.safe_load(HARBOUR)


def test_same_without_home_assistant() -> None:
    """Home Assistant puts its own library under the name voluptuous; here the original one does the checking."""
    program = (
        "import sys; from tidewatt.site.schema import dump_site, load_site; from tidewatt.site import SiteError\n"
        "import voluptuous; assert 'homeassistant' not in sys.modules and 'voluptuous' in voluptuous.__file__\n"
        "text = sys.stdin.read(); assert load_site(dump_site(load_site(text))) == load_site(text)\n"
        "for wrong in ('main_fuze_a', 'x', ''):\n"
        "    try: load_site(text.replace('main_fuse_a', wrong) if wrong else text.replace('chargers:', 'charger:'))\n"
        "    except SiteError as error: print(error)\n"
    )
    done = subprocess.run(  # noqa: S603 - our own text, no shell
        [sys.executable, "-c", program], input=HARBOUR, capture_output=True, text=True, check=True, timeout=60
    )

    typo, unknown, section = done.stdout.splitlines()
    assert typo == "site.main_fuze_a: 25 is not usable. There is no such key. Did you mean main_fuse_a?"
    assert unknown.startswith("site.x: 25 is not usable. There is no such key. The keys here are: name, phases,")
    assert section == "charger: '...' is not usable. There is no such key. Did you mean chargers?"
