"""The section `emulation` of a site file is read, and whatever is wrong in it is named with its remedy."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.emulators.site_of import document, emulation_of
from tests.patience import PATIENCE_S
from tidewatt.emulators import EmulationAddresses, keep_pace, load_emulation, run_emulation
from tidewatt.ocpp.session import OcppVersion
from tidewatt.site import SiteError
from tidewatt.site.schema import load_site
from tidewatt.site.yaml_text import parse_yaml

DEMO = Path(__file__).parents[2] / "examples" / "demo.yaml"
VEHICLE = {"charger": "left", "battery_kwh": 60, "soc_pct": 30}
STATION = {"station": "S201", "version": "2.0.1"}


def refusal(**emulation: Any) -> SiteError:
    site_document = document(**emulation)
    with pytest.raises(SiteError) as refused:
        load_emulation(site_document, load_site(site_document))
    return refused.value


def test_a_whole_section_is_read() -> None:
    site_document = document(
        house_load_a={"main": [4, 3, 5], "garage": 1},
        house_load_profile=[{"after_s": 30, "current_a": 8}],
        pv_w=1500,
        stations=[
            STATION | {"reaction_s": 0.5, "rfid": "CARD", "open_to_all": True, "boot_s": 1, "rated_a": 32},
            {"station": "NEW", "version": "1.6", "connectors": [{"charger": "spare", "circuit": "garage"}]},
        ],
        vehicles=[VEHICLE | {"phases": 1, "minimum_a": 7, "maximum_a": 20, "plug_in_after_s": None}],
    )
    settings = load_emulation(site_document, load_site(site_document))
    assert settings.house_load_a == {"main": (4.0, 3.0, 5.0), "garage": (1.0, 1.0, 1.0)}
    assert settings.house_load_profile[0].current_a == (8.0, 8.0, 8.0)
    assert [station.version for station in settings.stations] == [OcppVersion.V201, OcppVersion.V16]
    assert settings.stations[1].connectors[0].charger_id == "spare"
    assert settings.vehicles[0].spec.battery_wh == 60_000
    assert settings.vehicles[0].plug_in_after_s is None


def test_stations_take_address_and_password_from_the_site() -> None:
    emulation = emulation_of(
        document(stations=[STATION, {"station": "S16", "version": "1.6", "password": "wrong", "url": "ws://there"}])
    )
    first, second = (emulation.stations[name].spec.address for name in ("S201", "S16"))
    assert (first.url, first.password) == ("ws://127.0.0.1:9000", None)
    assert (second.url, second.password) == ("ws://there", "wrong")
    own = emulation_of(document(stations=[{"station": "S16", "version": "1.6"}]))
    assert own.stations["S16"].spec.address.password == document()["chargers"][1]["ocpp"]["password"]


@pytest.mark.parametrize(
    ("emulation", "field", "value", "remedy"),
    [
        ({"houseload": 3}, "emulation.houseload", 3, "house_load_a"),
        ({"house_load_a": [1, 2]}, "emulation.house_load_a", [1, 2], "L1, L2, L3"),
        ({"house_load_a": {"attic": 1}}, "emulation.house_load_a", "attic", "main, garage"),
        ({"pv_w": -5}, "emulation.pv_w", -5, "zero or more"),
        ({"control": {"port": 70000}}, "emulation.control.port", 70000, "port"),
        ({"stations": [STATION | {"version": "1.5"}]}, "emulation.stations.1.version", "1.5", "1.6, 2.0.1"),
        ({"stations": [STATION, STATION]}, "emulation.stations.station", "S201", "once"),
        ({"stations": [{"version": "1.6"}]}, "emulation.stations.1.station", None, "connects"),
        ({"vehicles": [VEHICLE | {"charger": "moon"}]}, "emulation.vehicles.charger", "moon", "left, right, yard"),
        ({"vehicles": [VEHICLE | {"soc_pct": 101}]}, "emulation.vehicles.1.soc_pct", 101, "0 to 100"),
        ({"vehicles": [VEHICLE | {"minimum_a": 20, "maximum_a": 16}]}, "emulation.vehicles.1.minimum_a", 20, "above"),
        ({"meters": [{"meter": "moon"}]}, "emulation.meters.meter", "moon", "grid, sub"),
        ({"meters": [{"meter": "sub", "sunspec_model": 9}]}, "emulation.meters.1.sunspec_model", 9, "203"),
        (
            {"house_load_profile": [{"after_s": 0, "current_a": 1}]},
            "emulation.house_load_profile.1.after_s",
            0,
            "greater",
        ),
    ],
)
def test_what_cannot_be_emulated_is_named_with_its_remedy(
    emulation: dict[str, Any], field: str, value: Any, remedy: str
) -> None:
    refused = refusal(**emulation)
    assert (refused.field, refused.value) == (field, value)
    assert remedy in refused.remedy


def test_a_document_without_the_section_is_refused() -> None:
    site_document = document()
    del site_document["emulation"]
    with pytest.raises(SiteError, match="emulated hardware"):
        load_emulation(site_document, load_site(site_document))


def test_the_demo_site_can_be_emulated() -> None:
    demo = parse_yaml(DEMO.read_text())
    emulation = emulation_of(demo)
    assert {station.spec.address.version for station in emulation.stations.values()} == {
        OcppVersion.V16,
        OcppVersion.V201,
    }
    emulation.world.step(10)
    assert [point.plugged for point in emulation.world.points.values()] == [True, True, True]
    # Whatever the house does, every vehicle can keep charging at its minimum.
    least_a = [0.0, 0.0, 0.0]
    for vehicle in emulation.settings.vehicles:
        for phase in emulation.site.charger(vehicle.charger_id).phases[: vehicle.spec.phases]:
            least_a[phase] += vehicle.spec.minimum_a
    highest_a = [max(step.current_a[phase] for step in emulation.settings.house_load_profile) for phase in range(3)]
    assert all(house + vehicles <= 25 for house, vehicles in zip(highest_a, least_a, strict=True))


async def test_running_a_document_listens_says_where_and_stops_when_cancelled() -> None:
    ready: asyncio.Future[EmulationAddresses] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(run_emulation(document(), ready=ready.set_result))
    async with asyncio.timeout(PATIENCE_S):
        addresses = await ready
        host, port = addresses.control
        async with aiohttp.ClientSession() as client, client.get(f"http://{host}:{port}/world") as response:
            assert (await response.json())["site"] == "Quay 3"
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(host, port)


async def test_emulated_time_keeps_pace_with_the_clock_however_irregularly_it_ticks() -> None:
    emulation = emulation_of(document())
    ticks = iter([100.0, 100.1, 100.35, 100.4, 103.0])
    done = asyncio.Event()

    def clock() -> float:
        return next(ticks, 103.0)

    async def sleep(_: float) -> None:
        if emulation.time.now_s > 2.9:
            done.set()
        await asyncio.sleep(0)

    pace = asyncio.create_task(keep_pace(emulation, clock=clock, sleep=sleep))
    async with asyncio.timeout(PATIENCE_S):
        await done.wait()
    pace.cancel()
    await asyncio.gather(pace, return_exceptions=True)
    assert emulation.time.now_s == pytest.approx(3.0)
    assert emulation.world.now_s == pytest.approx(3.0)
