"""A running site: parts come and go, what goes on is not disturbed."""

import asyncio
from dataclasses import replace
import json
import socket

import aiohttp
from modbus_connection import ModbusUnit
import pytest

from tests.patience import PATIENCE_S
from tests.runtime.conftest import MemoryStore, Running, RunSite, make_site
from tidewatt.drivers.modbus import TcpUnits
from tidewatt.runtime import SiteRuntime
from tidewatt.site import CommandError, MeterReading, ModbusEndpoint, Mode, OcppListener, SiteError, VehicleState

GRID = {"id": "grid", "circuit": "main", "entity": {"power": "sensor.grid"}}
LEFT = {"id": "left", "circuit": "main", "mode": "fast", "ocpp": {"station": "CP-1"}}
RIGHT = {"id": "right", "circuit": "main", "mode": "fast", "ocpp": {"station": "CP-2"}}


async def _call(socket: aiohttp.ClientWebSocketResponse, action: str, payload: dict[str, object]) -> dict[str, object]:
    await socket.send_json([2, "call-1", action, payload])
    while True:
        frame = json.loads(await socket.receive_str(timeout=10))
        if frame[0] == 3 and frame[1] == "call-1":
            answer: dict[str, object] = frame[2]
            return answer


@pytest.mark.parametrize(
    "sections",
    [{}, {"chargers": [LEFT]}, {"meters": [GRID]}, {"chargers": [LEFT, RIGHT], "meters": [GRID]}],
    ids=["nothing", "chargers only", "meters only", "both"],
)
async def test_runs_with_whatever_there_is(run_site: RunSite, sections: dict[str, list[object]]) -> None:
    site = make_site(**sections)

    running: Running = await run_site(site)
    snapshot, decision = await running.until(lambda *_: True)
    await running.runtime.stop()
    await running.runtime.stop()

    assert snapshot.site == site
    assert [setpoint.charger_id for setpoint in decision.setpoints] == [each.charger_id for each in site.chargers]
    assert [(meter.started, meter.stopped) for meter in running.meters] == [(1, 1)] * len(site.meters)


async def test_meter_readings_reach_control(run_site: RunSite) -> None:
    running: Running = await run_site(make_site(meters=[GRID]))
    reading = MeterReading(meter_id="grid", at_s=asyncio.get_running_loop().time(), current_a=(1.0, 2.0, 3.0))

    running.meters[0].push(reading)

    cycle = await running.until(lambda snapshot, _: snapshot.meters.get("grid") == reading)
    assert running.runtime.cycle == cycle
    assert running.runtime.health.cycles_failed == 0


async def test_what_a_vehicle_says_reaches_control(run_site: RunSite) -> None:
    running: Running = await run_site(
        make_site(chargers=[LEFT], vehicles=[{"id": "zoe", "charger": "left", "soc_entity": "sensor.zoe"}])
    )
    state = VehicleState(vehicle_id="zoe", at_s=asyncio.get_running_loop().time(), soc_pct=55.0)

    running.runtime.push_vehicle(state)

    await running.until(lambda snapshot, _: snapshot.vehicles.get("zoe") == state)


async def test_wishes_are_kept_over_restarts(run_site: RunSite) -> None:
    site, store = make_site(chargers=[LEFT]), MemoryStore()
    first: Running = await run_site(site, store)
    wish = replace(first.runtime.wish("left"), mode=Mode.SOLAR, weight=3.0)
    first.runtime.set_wish("left", wish)
    await first.until(lambda snapshot, _: snapshot.wishes.get("left") == wish)
    await first.runtime.stop()

    second: Running = await run_site(site, store)

    assert second.runtime.wish("left") == wish


async def test_address_in_use_is_named_and_nothing_stays_behind(run_site: RunSite) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site = make_site(ocpp={"host": "127.0.0.1", "port": port}, meters=[GRID])
        with pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{port}.*another host or port under 'ocpp'"):
            await run_site(site)

    running: Running = await run_site(site)
    assert running.runtime.ocpp_port == port


async def test_meter_that_cannot_be_opened_takes_everything_down_again() -> None:
    class CannotOpenError(Exception):
        pass

    async def open_unit(endpoint: ModbusEndpoint) -> ModbusUnit:
        raise CannotOpenError

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = make_site(
        ocpp={"host": "127.0.0.1", "port": port}, meters=[{"id": "grid", "circuit": "main", "modbus": {"host": "h"}}]
    )

    with pytest.raises(CannotOpenError):
        await SiteRuntime(site, store=MemoryStore(), open_unit=open_unit).start()

    socket.create_server(("127.0.0.1", port)).close()


async def test_entity_meter_needs_somebody_who_reads_entities() -> None:
    runtime = SiteRuntime(make_site(meters=[GRID]), store=MemoryStore(), open_unit=TcpUnits().open)

    with pytest.raises(SiteError, match="Only Home Assistant can read its entities") as caught:
        await runtime.start()

    assert caught.value.field == "meters.grid"


async def test_update_restarts_only_the_meters_that_are_different(run_site: RunSite) -> None:
    circuits = [{"id": each, "parent": "main", "limit_a": 16} for each in ("garage", "cellar", "attic")]
    stays = {"id": "stays", "circuit": "main", "entity": {"power": "sensor.a"}}
    changes = {"id": "changes", "circuit": "garage", "entity": {"power": "sensor.b"}}
    goes = {"id": "goes", "circuit": "cellar", "entity": {"power": "sensor.c"}}
    comes = {"id": "comes", "circuit": "attic", "entity": {"power": "sensor.d"}}
    running: Running = await run_site(make_site(circuits=circuits, meters=[stays, changes, goes]))

    changed = changes | {"entity": {"power": "sensor.e"}}
    site = make_site(circuits=circuits, meters=[stays, changed, comes])
    await running.runtime.update(site)

    assert running.runtime.site == site
    assert [(each.meter.meter_id, each.started, each.stopped) for each in running.meters] == [
        ("stays", 1, 0),
        ("changes", 1, 1),
        ("goes", 1, 1),
        ("changes", 1, 0),
        ("comes", 1, 0),
    ]


async def test_meter_that_did_not_start_in_an_update_is_tried_again_by_the_next(run_site: RunSite) -> None:
    running: Running = await run_site(make_site())
    broken = make_site(meters=[GRID | {"name": "broken"}])

    for _ in range(2):
        with pytest.raises(ConnectionError):
            await running.runtime.update(broken)
    await running.runtime.update(make_site(meters=[GRID]))

    assert [(each.meter.name, each.started, each.stopped) for each in running.meters] == [
        ("broken", 1, 0),
        ("broken", 1, 0),
        ("grid", 1, 0),
    ]


async def test_update_that_cannot_be_changes_nothing(run_site: RunSite) -> None:
    site = make_site(chargers=[LEFT])
    running: Running = await run_site(site)
    moved = replace(site, ocpp=OcppListener(port=9))

    assert running.runtime.can_update(make_site(chargers=[RIGHT]))
    assert not running.runtime.can_update(moved)
    with pytest.raises(SiteError, match="start it anew"):
        await running.runtime.update(moved)

    assert running.runtime.site == site


async def test_unknown_station_is_discovered_and_accepted_without_dropping_the_others(run_site: RunSite) -> None:
    running: Running = await run_site(make_site(chargers=[LEFT]))
    url = f"ws://127.0.0.1:{running.runtime.ocpp_port}"
    boot: dict[str, object] = {"chargePointVendor": "V", "chargePointModel": "M"}
    async with aiohttp.ClientSession() as session:
        left = await session.ws_connect(f"{url}/CP-1", protocols=["ocpp1.6"])
        assert (await _call(left, "BootNotification", boot))["status"] == "Accepted"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"{url}/CP-2", protocols=["ocpp1.6"])
        async with asyncio.timeout(PATIENCE_S):
            found = await running.discovered.get()
        assert (found.station_id, found.subprotocols) == ("CP-2", ("ocpp1.6",))
        assert list(running.runtime.discovered) == [found]

        await running.runtime.update(make_site(chargers=[LEFT, RIGHT]))
        right = await session.ws_connect(f"{url}/CP-2", protocols=["ocpp1.6"])

        assert (await _call(right, "BootNotification", boot))["status"] == "Accepted"
        assert "currentTime" in await _call(left, "Heartbeat", {})
        assert not running.runtime.discovered
        await left.close()
        await right.close()


async def test_strangers_are_remembered_up_to_a_limit(run_site: RunSite) -> None:
    running: Running = await run_site(make_site())
    url = f"ws://127.0.0.1:{running.runtime.ocpp_port}"

    async with aiohttp.ClientSession() as session:
        for number in range(70):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(f"{url}/STRANGER-{number}", protocols=["ocpp1.6"])
            async with asyncio.timeout(PATIENCE_S):
                await running.discovered.get()

    known = [station.station_id for station in running.runtime.discovered]
    assert known == [f"STRANGER-{number}" for number in range(6, 70)]


async def test_diagnostics_hold_no_secrets(run_site: RunSite) -> None:
    hidden = "correct horse battery"
    site = make_site(chargers=[LEFT | {"ocpp": {"station": "CP-1", "password": hidden, "id_tags": ["04A2FF"]}}])
    running: Running = await run_site(site)
    await running.until(lambda *_: True)
    with pytest.raises(CommandError):
        await running.runtime.port("left").start()
    with pytest.raises(KeyError):
        running.runtime.port("right")

    told = repr(running.runtime.diagnostics())

    assert "CP-1" in told
    assert hidden not in told
    assert "04A2FF" not in told
