"""The whole story on the command line: three vehicles behind one fuse, everything that gets lost, a step, a replay."""

from collections.abc import Sequence
from pathlib import Path
import re
import signal
from typing import Any

import aiohttp
import pytest
import yaml

from demo.emulation import EmulatedWorld
from tests.cli.conftest import Process, Tidewatt
from tests.readings import readings_of

BAYS = {"left": ("1.6", ["L1", "L2", "L3"], 1), "middle": ("2.0.1", ["L2", "L3", "L1"], 2), "right": ("1.6", ["L3"], 1)}
FUSE_A = 25.0
METER_DIGIT_A = 0.05
L3 = 2


@pytest.fixture
def harbour(tmp_path: Path, ports: Sequence[int]) -> Path:
    """One-phase, three-phase and rotated three-phase, with weights 1, 2 and 1."""
    modbus, ocpp, control = ports
    document = {
        "site": {"name": "Harbour Street 7", "main_fuse_a": FUSE_A},
        "meters": [
            {"id": "grid", "circuit": "main", "tolerance_s": 3, "modbus": {"host": "127.0.0.1", "port": modbus}}
        ],
        "chargers": [
            {
                "id": bay,
                "circuit": "main",
                "phases": phases,
                "weight": weight,
                "mode": "fast",
                "ocpp": {"station": bay.upper(), "password": f"password of {bay}"},
            }
            for bay, (_, phases, weight) in BAYS.items()
        ],
        "ocpp": {"host": "127.0.0.1", "port": ocpp},
        "emulation": {
            "control": {"host": "127.0.0.1", "port": control},
            "house_load_a": [1, 1, 1],
            "stations": [
                {"station": bay.upper(), "version": version, "reaction_s": 0.2, "boot_s": 0.5}
                for bay, (version, _, _) in BAYS.items()
            ],
            "vehicles": [
                {"charger": bay, "phases": len(phases), "battery_kwh": 60, "soc_pct": 20}
                for bay, (_, phases, _) in BAYS.items()
            ],
        },
    }
    path = tmp_path / "harbour.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


async def _transactions(world: EmulatedWorld) -> dict[str, Any]:
    """Return what runs on each station."""
    stations = (await world.world())["stations"]
    return {station: each["outlets"]["1"]["transaction"] for station, each in stations.items()}


async def _until(run: Process, **setpoints_a: int) -> str:
    """Wait for a status line in which every bay may draw just this."""
    while True:
        line = await run.line("may ")
        if all(f"{bay} fast: may {current_a} A" in line for bay, current_a in setpoints_a.items()):
            return line


async def _replayed(tidewatt: Tidewatt, trace: Path) -> str:
    replay: Process = await tidewatt("replay", trace)
    status, errors = await replay.ended()
    assert (status, errors) == (0, ""), replay.lines
    return replay.lines[-1]


def over_the_fuse(history: dict[str, Any]) -> list[bool]:
    """Tell of each reading whether L3 was over the fuse; nothing before there were some over it and some after."""
    over = [reading[L3] > FUSE_A + METER_DIGIT_A for reading in readings_of(history)]
    return over if True in over and len(over) - over.index(True) >= 5 else []


async def _refusal(port: int, station_id: str, password: str | None) -> int:
    """Return the HTTP status with which a station is turned away."""
    headers = {} if password is None else {"Authorization": aiohttp.encode_basic_auth(station_id, password)}
    url = f"ws://127.0.0.1:{port}/{station_id}"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(url, protocols=["ocpp1.6"], headers=headers)
    return refusal.value.status


@pytest.mark.timeout(240)
async def test_three_vehicles_behind_one_fuse(
    tidewatt: Tidewatt, harbour: Path, tmp_path: Path, ports: Sequence[int]
) -> None:
    emulation: Process = await tidewatt("emulate", "site", harbour)
    await emulation.line("Stations are calling")
    world = EmulatedWorld(f"http://127.0.0.1:{ports[2]}")
    options = ("--state", tmp_path / "state", "--status-every", 0.2)
    run: Process = await tidewatt("run", harbour, *options, "--trace", tmp_path / "first.jsonl")

    # 24 A are left on L3 for weights 1, 2 and 1.
    line = await _until(run, left=6, middle=12, right=6)
    assert line.count("by circuit (main L3)") == len(BAYS)

    await world.command("meter_silent", meter="grid")
    assert (await _until(run, left=6, middle=6, right=6)).count("by fail_safe") == len(BAYS)
    await world.command("meter_resume", meter="grid")
    await _until(run, left=6, middle=12, right=6)

    # Power cut: nothing is lost, and control goes on where it was.
    before = await _transactions(world)
    await run.stop(signal.SIGKILL)
    run = await tidewatt("run", harbour, *options, "--trace", tmp_path / "second.jsonl")
    await _until(run, left=6, middle=12, right=6)
    after = await _transactions(world)
    assert {station: each["id"] for station, each in after.items()} == {
        station: each["id"] for station, each in before.items()
    }
    assert all(after[station]["energy_wh"] > before[station]["energy_wh"] for station in before)

    # A lost network: the others keep clear of what the station may draw, and its session is resumed.
    await world.command("station_offline", station="MIDDLE")
    while "by unavailable" not in await run.line("may "):
        pass
    await world.command("station_online", station="MIDDLE")
    await _until(run, left=6, middle=12, right=6)
    assert (await _transactions(world))["MIDDLE"]["id"] == before["MIDDLE"]["id"]

    assert await _refusal(ports[1], "STRANGER", None) == 404
    assert await _refusal(ports[1], "LEFT", None) == 401
    assert await _refusal(ports[1], "LEFT", "not the password") == 401

    while len(readings_of(await world.history((await world.world())["now_s"] - 3))) < 2:
        await run.line("may ")
    stepped_s = (await world.world())["now_s"]
    await world.command("house_load", current_a=[1, 1, 16])
    while not (over := over_the_fuse(await world.history(stepped_s))) or any(over[-3:]):
        await run.line("may ")
    # The first reading may be from before the step, and a busy machine may miss one before it is put right.
    assert 1 <= over.count(True) <= 2
    assert True not in over[over.index(False, over.index(True)) :], "put right once and for all"

    status, errors = await run.stop()
    assert status == 0
    assert all("LEFT: It was refused" in line for line in errors.splitlines()), errors
    for trace in ("first.jsonl", "second.jsonl"):
        assert re.fullmatch(r"\d+ cycles, all decided as recorded", await _replayed(tidewatt, tmp_path / trace))
