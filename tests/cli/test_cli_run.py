"""A site on the command line: real processes, real sockets, and what they leave behind."""

from collections.abc import Sequence
from pathlib import Path
import re
import signal
import socket
from typing import Any

import aiohttp
import pytest
import yaml

from tests.cli.conftest import Process, Tidewatt


async def _world(ports: Sequence[int]) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{ports[2]}/world") as response:
        world: dict[str, Any] = await response.json()
        return world


async def _emulate(tidewatt: Tidewatt, site_file: Path) -> Process:
    process: Process = await tidewatt("emulate", "site", site_file)
    await process.line("Stations are calling")
    return process


async def test_power_is_shared_recorded_and_replayed(
    tidewatt: Tidewatt, site_file: Path, tmp_path: Path, ports: Sequence[int]
) -> None:
    trace = tmp_path / "trace.jsonl"
    await _emulate(tidewatt, site_file)
    run: Process = await tidewatt(
        "run", site_file, "--state", tmp_path / "state", "--trace", trace, "--status-every", 0.5
    )
    await run.line(f"stations connect to ws://127.0.0.1:{ports[1]}")

    # 20 A for both beside 2 A of the house: 9 A each.
    line = await run.line("left fast: may 9 A, draws 9.0 A")
    while "right fast: may 9 A, draws 9.0 A" not in line:
        line = await run.line("left fast: may 9 A, draws 9.0 A")
    status, errors = await run.stop()
    replay: Process = await tidewatt("replay", trace)
    replayed, complaints = await replay.ended()

    assert (status, errors) == (0, "")
    assert re.search(r"main L1 \d+\.\d/20 L2 \d+\.\d/20 L3 \d+\.\d/20 A", line)
    assert "by circuit (main" in line
    assert (replayed, complaints) == (0, "")
    assert re.fullmatch(r"\d+ cycles, all decided as recorded", replay.lines[-1])

    trace.write_text(trace.read_text().replace('"current_a":9.0', '"current_a":8.0'))
    changed: Process = await tidewatt("replay", trace)
    assert (await changed.ended())[0] == 1
    assert re.match(r"cycle \d+ differs, line \d+: ", changed.lines[-1])


async def test_file_that_is_no_trace_is_refused(tidewatt: Tidewatt, site_file: Path) -> None:
    replay: Process = await tidewatt("replay", site_file)
    status, errors = await replay.ended()

    assert status == 1
    assert f"tidewatt: {site_file}, line 1: " in errors


async def test_wish_from_the_command_line_holds_over_restarts(
    tidewatt: Tidewatt, site_file: Path, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    run: Process = await tidewatt("run", site_file, "--state", state, "--mode", "left=off", "--status-every", 0.2)
    await run.line("left off: may 0 A, draws ? A, by")
    await run.stop(signal.SIGINT)

    again: Process = await tidewatt("run", site_file, "--state", state, "--status-every", 0.2)

    assert "right fast" in await again.line("left off")


async def test_state_is_kept_where_the_desktop_keeps_it(tidewatt: Tidewatt, site_file: Path, tmp_path: Path) -> None:
    run: Process = await tidewatt("run", site_file, "--mode", "left=off", "--status-every", 0.2)
    await run.line("left off")
    await run.stop()

    assert list((tmp_path / "xdg" / "tidewatt" / "two_bays").glob("*.json"))


@pytest.fixture
def left_only(site_file: Path) -> Path:
    """The site file without its right bay."""
    document = yaml.safe_load(site_file.read_text())
    del document["chargers"][1], document["emulation"]
    path = site_file.with_name("left_only.yaml")
    path.write_text(yaml.safe_dump(document))
    return path


async def test_station_that_is_not_in_the_site_file_is_announced(
    tidewatt: Tidewatt, site_file: Path, left_only: Path
) -> None:
    run: Process = await tidewatt("run", left_only)
    await run.line("Running")

    await _emulate(tidewatt, site_file)

    assert await run.line("CP-2") == "Station CP-2 called from 127.0.0.1 and is not in the site file"


async def test_mode_of_an_unknown_charger_is_refused(tidewatt: Tidewatt, site_file: Path) -> None:
    run: Process = await tidewatt("run", site_file, "--mode", "centre=off")

    assert await run.ended() == (2, "tidewatt: --mode: 'centre' is not usable. Use one of: left, right.\n")


async def test_address_in_use_is_named_with_a_remedy(
    tidewatt: Tidewatt, site_file: Path, tmp_path: Path, ports: Sequence[int]
) -> None:
    with socket.create_server(("127.0.0.1", ports[1])):
        run: Process = await tidewatt("run", site_file, "--state", tmp_path / "state")
        status, errors = await run.ended()

    assert status == 1
    assert errors.splitlines()[-1].startswith(f"tidewatt: ocpp: cannot listen on 127.0.0.1:{ports[1]}")
    assert "set another host or port under 'ocpp'" in errors


async def test_entity_meter_needs_home_assistant(tidewatt: Tidewatt, tmp_path: Path) -> None:
    site_file = tmp_path / "site.yaml"
    site_file.write_text(
        "site: {name: A, main_fuse_a: 20}\nmeters: [{id: grid, circuit: main, entity: {power: sensor.grid}}]\n"
    )

    run: Process = await tidewatt("run", site_file, "--state", tmp_path / "state")
    status, errors = await run.ended()

    assert status == 2
    assert "meters.grid" in errors
    assert "Only Home Assistant" in errors


async def test_emulation_is_changed_from_the_command_line(
    tidewatt: Tidewatt, site_file: Path, ports: Sequence[int]
) -> None:
    await _emulate(tidewatt, site_file)

    for arguments in (
        ("house-load", "20", "4", "4.5"),
        ("meter-silent", "grid"),
        ("vehicle-ignores-limit", "left", "on"),
        ("unplug", "right"),
    ):
        inject: Process = await tidewatt("inject", "--site", site_file, *arguments)
        assert await inject.ended() == (0, "")
    world = await _world(ports)
    evenly: Process = await tidewatt("inject", "--site", site_file, "house-load", "7")

    assert await evenly.ended() == (0, "")
    assert (await _world(ports))["house"]["current_a"] == [7, 7, 7]
    assert world["house"] == {"current_a": [20, 4, 4.5], "pv_w": 0}
    assert world["meters"]["grid"]["silent"] is True
    assert world["vehicles"]["left"]["ignores_limit"] is True
    assert world["vehicles"]["right"]["plugged"] is False


async def test_refused_injection_says_why(tidewatt: Tidewatt, site_file: Path, ports: Sequence[int]) -> None:
    await _emulate(tidewatt, site_file)

    inject: Process = await tidewatt("inject", "--url", f"http://127.0.0.1:{ports[2]}", "meter-silent", "gird")

    assert await inject.ended() == (1, "tidewatt: meter: 'gird' is not usable. Use one of: grid.\n")


async def test_injection_without_an_emulation_says_how_to_start_one(tidewatt: Tidewatt, ports: Sequence[int]) -> None:
    inject: Process = await tidewatt("inject", "--url", f"http://127.0.0.1:{ports[2]}", "pv", "5000")
    status, errors = await inject.ended()

    assert status == 1
    assert errors.startswith(f"tidewatt: No emulation answers at http://127.0.0.1:{ports[2]}")
    assert "tidewatt emulate" in errors


@pytest.mark.parametrize("taken", [0, 2], ids=["meter", "control"])
async def test_emulation_names_an_address_in_use(
    tidewatt: Tidewatt, site_file: Path, ports: Sequence[int], taken: int
) -> None:
    with socket.create_server(("127.0.0.1", ports[taken])):
        emulation: Process = await tidewatt("emulate", "site", site_file)
        status, errors = await emulation.ended()

    assert status == 1
    assert errors.startswith("tidewatt: The emulated hardware cannot listen: ")
    assert str(ports[taken]) in errors
    assert f"change it in {site_file}" in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_emulation_ends_cleanly(tidewatt: Tidewatt, site_file: Path, number: signal.Signals) -> None:
    emulation = await _emulate(tidewatt, site_file)

    status, errors = await emulation.stop(number)

    assert status == 0
    assert "Traceback" not in errors
