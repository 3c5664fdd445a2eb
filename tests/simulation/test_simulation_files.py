"""The file of a simulation and the tables it names: what is read from them, and what is said of mistakes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
import gzip
from pathlib import Path

import numpy as np
import pytest

from tidewatt.simulation import Battery, Car, Chemistry, Scenario, load_scenario
from tidewatt.site import SiteError

DOCUMENT = """
site: {name: Home, main_fuse_a: 25}
meters: [{id: grid, circuit: main, modbus: {host: 192.0.2.1}}]
chargers: [{id: left, circuit: main, ocpp: {station: A}}, {id: right, circuit: main, ocpp: {station: B}}]
vehicles: [{id: zoe, charger: left, phases: 1, battery_kwh: 50}]
simulation:
  start: 2026-03-28
  end: 2026-03-30
  time_zone: Europe/Berlin
  sessions: {file: sessions.csv}
  prices: {file: prices.csv, column: eur_per_mwh, multiply: 0.0012, add_per_kwh: 0.1, export: {multiply: 0.001}}
"""
SESSIONS = """charger,arrival,departure,energy_kwh
left,2026-03-28T18:00,2026-03-29T07:00,10
right,2026-03-28T20:00:00+01:00,2026-03-29T09:00:00+02:00,5.5
"""
LOAD = "  loads: [{{file: load.csv, column: kw, {rest}}}]\n"

type Folder = Callable[..., Scenario]


def hours(first: str, values: list[float], column: str = "eur_per_mwh") -> str:
    start_s = datetime.fromisoformat(first).timestamp()
    lines = [
        f"{datetime.fromtimestamp(start_s + 3600 * hour, UTC).isoformat()},{value}" for hour, value in enumerate(values)
    ]
    return "\n".join([f"utc,{column}", *lines, ""])


PRICES = hours("2026-03-27T23:00+00:00", [100.0] * 47)


@pytest.fixture
def load(tmp_path: Path) -> Folder:
    """Write a file with its tables, by name, and load it."""

    def write(document: str = DOCUMENT, **tables: str) -> Scenario:
        for name, text in ({"sessions": SESSIONS, "prices": PRICES} | tables).items():
            (tmp_path / f"{name}.csv").write_text(text)
        return load_scenario(tmp_path / "two_days.yaml", document)

    return write


def test_days_on_which_clocks_change_have_their_length(load: Folder) -> None:
    scenario = load()

    # 24 hours and 23.
    assert scenario.slots == 47 * 4
    assert scenario.local(scenario.start_s).isoformat() == "2026-03-28T00:00:00+01:00"
    assert scenario.local(scenario.end_s).isoformat() == "2026-03-30T00:00:00+02:00"


def test_sessions_are_read_in_local_time_or_with_their_offset(load: Folder) -> None:
    left, right = load().sessions

    assert (left.departure_s - left.arrival_s) / 3600 == 12
    assert (right.departure_s - right.arrival_s) / 3600 == 12
    assert (left.wanted_wh, right.wanted_wh) == (10_000, 5_500)
    assert left.expected_departure_s == left.departure_s


def test_the_vehicle_is_the_one_of_the_site(load: Folder) -> None:
    left, right = load().sessions

    assert left.car == Car(phases=1, maximum_a=16.0, battery=Battery(capacity_wh=50_000, highest_w=50_000))
    assert right.car == Car(phases=3, maximum_a=16.0)


def test_vehicles_can_be_told_otherwise(load: Folder) -> None:
    battery = "battery_kwh: 40, battery_kw: 60, chemistry: lfp, end_pct: 80"
    vehicles = f"  vehicles: [{{charger: right, phases: 2, maximum_a: 13, {battery}}}]\n"
    _, right = load(DOCUMENT + vehicles).sessions

    expected = Battery(capacity_wh=40_000, highest_w=60_000, chemistry=Chemistry.LFP, end_pct=80.0)
    assert right.car == Car(phases=2, maximum_a=13.0, battery=expected)


def test_prices_follow_the_formula(load: Folder) -> None:
    scenario = load()

    np.testing.assert_allclose(scenario.import_price_per_kwh, 0.22)
    np.testing.assert_allclose(scenario.export_price_per_kwh, 0.1)


def test_a_missing_hour_is_bridged_and_a_hole_is_not(load: Folder) -> None:
    lines = hours("2026-03-27T23:00+00:00", [float(hour) for hour in range(47)]).splitlines()

    bridged = load(prices="\n".join(lines[:10] + lines[11:]))
    np.testing.assert_allclose(bridged.import_price_per_kwh[36:40], 0.1 + 0.0012 * 8)
    with pytest.raises(SiteError, match=r"prices.csv line 11, utc: .* Rows are missing before this one: fill the hole"):
        load(prices="\n".join(lines[:10] + lines[12:]))


def test_tables_that_end_too_early_are_refused(load: Folder) -> None:
    with pytest.raises(SiteError, match="covers the time from start to end"):
        load(prices=hours("2026-03-27T23:00+00:00", [100.0] * 46))


def test_loads_and_sun_add_up_on_the_way_to_the_root(load: Folder) -> None:
    circuits = "circuits: [{id: annex, parent: main, limit_a: 16}]\n"
    loads = (
        "  loads:\n"
        "    - {file: load.csv, column: kw}\n"
        "    - {file: load.csv, column: kw, circuit: annex, phase_shares: [1, 0, 0]}\n"
        "  pv: [{file: load.csv, column: kw, multiply: 0.5}]\n"
    )
    scenario = load(circuits + DOCUMENT + loads, load=hours("2026-03-27T23:00+00:00", [0.69] * 47, "kw"))

    np.testing.assert_allclose(scenario.base_a[0], [[3.5, 0.5, 0.5], [3.0, 0.0, 0.0]])


def test_finer_and_coarser_series_become_means_of_quarter_hours(load: Folder) -> None:
    minutes = [f"{datetime.fromtimestamp(1774652400 + 300 * n, UTC).isoformat()},{n % 3}" for n in range(47 * 12)]
    scenario = load(DOCUMENT + LOAD.format(rest=""), load="\n".join(["utc,kw", *minutes]))

    np.testing.assert_allclose(scenario.base_kw[:, 0], 1.0)


def test_a_standard_profile_is_scaled_to_its_year_and_follows_the_clock(load: Folder, tmp_path: Path) -> None:
    months = ",".join(",".join((f"M{month}",) * 3) for month in range(12))
    lines = [f",{months}", f"[kWh],{','.join(['SA,FT,WT'] * 12)}"]
    lines += [f"{slot},{','.join(['20,30,10'] * 12)}" for slot in range(96)]
    # The first hour of the day stands out.
    lines[2:6] = [f"{slot},{','.join(['40,40,40'] * 12)}" for slot in range(4)]
    document = DOCUMENT + "  loads: [{file: load.csv, format: bdew, yearly_kwh: 4000}]\n"
    base_kw = load(document, load="\n".join(lines)).base_kw[:, 0]

    year_kwh = 365 * 4 * 40 + 92 * (20 * 52 + 30 * 52 + 10 * 261)
    assert base_kw[8] == pytest.approx(4 * 20 * 4000 / year_kwh)
    # Saturday and, from its midnight on, Sunday; both begin with the hour that stands out.
    assert [base_kw[0] / base_kw[8], base_kw[96] / base_kw[8], base_kw[100] / base_kw[8]] == pytest.approx([2, 2, 1.5])


def test_recorded_days_of_acn_count_slots_of_five_minutes(load: Folder) -> None:
    document = DOCUMENT.replace("{file: sessions.csv}", "{file: sessions.csv, format: acn, origin: 2026-03-28}")
    header = "session_id,station_id,arrival_5min,departure_5min,est_departure_5min,requested_kWh"
    (session,) = load(document, sessions=f"{header}\n1_2,right,12,36,30,4.5\n").sessions

    assert session.arrival_s == load().start_s + 3600
    assert (session.departure_s, session.expected_departure_s) == (
        session.arrival_s + 2 * 3600,
        session.arrival_s + 5400,
    )


def test_compressed_tables_and_variables_in_paths(
    load: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "packed.csv.gz").write_bytes(gzip.compress(PRICES.encode()))
    monkeypatch.setenv("TABLES", str(tmp_path))
    scenario = load(DOCUMENT.replace("file: prices.csv", 'file: "${TABLES}/packed.csv.gz"'))

    np.testing.assert_allclose(scenario.import_price_per_kwh, 0.22)


def test_a_site_of_its_own_file(load: Folder, tmp_path: Path) -> None:
    site, simulation = DOCUMENT.split("simulation:")
    (tmp_path / "home.yaml").write_text(site)

    assert load(f"site: home.yaml\nsimulation:{simulation}").site == load().site


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        ("simulation:", "emulation:", r"simulation: None is not usable. Add the section 'simulation'"),
        ("start: 2026-03-28", "begin: 2026-03-28", r"simulation.begin: .* There is no such key"),
        ("start: 2026-03-28", "start: soon", r"simulation.start: 'soon' is not usable. Give a date"),
        ("start: 2026-03-28", "start: 2026-03-28T00:10", r"simulation.start: .* Give a whole quarter hour"),
        (
            "start: 2026-03-28",
            "start: 2026-03-29T02:30",
            r"simulation.start: .* Clocks in Europe/Berlin skip this time",
        ),
        ("end: 2026-03-30", "end: 2026-03-27", r"simulation.end: .* Give a time after start"),
        (
            "Europe/Berlin",
            "Middle/Earth",
            r"simulation.time_zone: 'Middle/Earth' is not usable. Give a name of the time",
        ),
        ("{file: sessions.csv}", "{format: acn}", r"simulation.sessions.file: None is not usable. Name the table"),
        (
            "{file: sessions.csv}",
            "{file: sessions.csv, format: acn}",
            r"simulation.sessions.origin: None is not usable",
        ),
        ("column: eur_per_mwh", "column: price", r"prices.csv line 1: .* The column price is missing"),
        ("file: prices.csv", "file: '${NO_SUCH_VARIABLE}/x'", r"prices.file: .* Set the environment variable"),
        ("meters: [{id: grid, circuit: main, modbus: {host: 192.0.2.1}}]", "", r"meters: \[\] is not usable"),
        ("site: {name: Home, main_fuse_a: 25}", "site: home.yaml", r"Either name a site file or describe the site"),
    ],
)
def test_mistakes_in_the_file_name_field_value_and_remedy(load: Folder, written: str, instead: str, says: str) -> None:
    assert written in DOCUMENT
    with pytest.raises(SiteError, match=says):
        load(DOCUMENT.replace(written, instead))


@pytest.mark.parametrize(
    ("written", "instead", "says"),
    [
        (
            "left,",
            "middle,",
            r"sessions.csv line 2, charger: 'middle' is not usable. The site's chargers are: left, right",
        ),
        ("07:00,10", "07:00,ten", r"sessions.csv line 2, energy_kwh: 'ten' is not usable. Give the energy in kWh"),
        ("07:00,10", "07:00,0", r"sessions.csv line 2, energy_kwh: '0' is not usable"),
        ("07:00,10", "07:00,60", r"sessions.csv line 2, energy_kwh: '60' .* Its battery takes at most 57.8 kWh"),
        ("07:00,10", "07:00", r"sessions.csv line 2: .* Give the 4 columns that the header names"),
        ("2026-03-29T07:00", "2026-03-29T02:15", r"line 2, departure: .* Clocks in Europe/Berlin skip this time"),
        ("2026-03-29T07:00", "tomorrow", r"line 2, departure: 'tomorrow' is not usable"),
        ("2026-03-29T07:00", "2026-03-28T07:00", r"line 2, departure: .* A vehicle leaves after it came"),
        ("right,", "left,", r"sessions.csv line 3, arrival: .* The vehicle of line 2 is still at left"),
        ("2026-03-2", "2025-03-2", r"No session begins and ends between start and end"),
    ],
)
def test_mistakes_in_a_table_name_line_column_value_and_remedy(
    load: Folder, written: str, instead: str, says: str
) -> None:
    assert written in SESSIONS
    with pytest.raises(SiteError, match=says):
        load(sessions=SESSIONS.replace(written, instead))
