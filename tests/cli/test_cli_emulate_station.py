"""`tidewatt emulate station`: one station against a central system, by scenario and by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Process, Tidewatt

SCENARIO = Path(__file__).parents[2] / "examples" / "scenarios" / "bad_link.yaml"


@pytest.fixture
async def url(tidewatt: Tidewatt, site_file: Path, ports: Sequence[int]) -> str:
    """Run the site and return where its stations connect to."""
    await tidewatt("emulate", "site", site_file)
    run: Process = await tidewatt("run", site_file)
    await run.line("stations connect to")
    return f"ws://127.0.0.1:{ports[1]}"


@pytest.fixture
def site_file(tmp_path: Path, ports: Sequence[int]) -> Path:
    """A site with one charger whose station is not emulated with it."""
    document = {
        "site": {"name": "One bay", "main_fuse_a": 20},
        "meters": [{"id": "grid", "circuit": "main", "modbus": {"host": "127.0.0.1", "port": ports[0]}}],
        "chargers": [{"id": "left", "circuit": "main", "mode": "fast", "ocpp": {"station": "CP-1"}}],
        "ocpp": {"host": "127.0.0.1", "port": ports[1]},
        "emulation": {"control": {"port": ports[2]}},
    }
    path = tmp_path / "one_bay.yaml"
    path.write_text(yaml.safe_dump(document))
    return path


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_a_session_over_a_bad_link_goes_as_the_scenario_says(tidewatt: Tidewatt, url: str, version: str) -> None:
    station: Process = await tidewatt(
        "emulate", "station", url, "--id", "CP-1", "--ocpp", version, "--scenario", SCENARIO
    )
    status, errors = await station.ended()
    assert (status, errors) == (0, "")
    assert station.lines[-1].endswith("stations.CP-1.outlets.1.status is available: so it is.")


async def test_a_step_that_does_not_come_true_is_named_with_what_there_was(
    tidewatt: Tidewatt, url: str, tmp_path: Path
) -> None:
    scenario = tmp_path / "never.yaml"
    condition = {"what": "stations.CP-1.outlets.1.status", "is": "charging"}
    scenario.write_text(yaml.safe_dump({"steps": [{"until": condition, "within_s": 0.5}]}))
    station: Process = await tidewatt("emulate", "station", url, "--id", "CP-1", "--scenario", scenario)
    status, errors = await station.ended()
    assert status == 1
    assert errors == (
        "tidewatt: The scenario failed at step 1: stations.CP-1.outlets.1.status is charging did not hold within "
        "0.5 s; it was available.\n"
    )


async def test_a_scenario_that_cannot_be_is_refused_before_anything_starts(tidewatt: Tidewatt, tmp_path: Path) -> None:
    scenario = tmp_path / "wrong.yaml"
    scenario.write_text(yaml.safe_dump({"steps": [{"wait_s": 1, "do": {"command": "plug"}}]}))
    station: Process = await tidewatt("emulate", "station", "ws://127.0.0.1:1", "--scenario", scenario)
    status, errors = await station.ended()
    assert status == 2
    assert "exactly one of do, wait_s, until and expect" in errors


async def test_a_station_takes_commands_by_hand(tidewatt: Tidewatt, url: str) -> None:
    station: Process = await tidewatt("emulate", "station", url, "--id", "CP-1", "--interactive", typed=True)
    await station.line("Type plug")
    await station.type("plug evse1")
    await station.line("The vehicle at evse1 is plugged in.")
    await station.type("show stations.CP-1.version")
    await station.line('"ocpp2.1"')
    await station.type("unplug nowhere")
    await station.line("Use one of: evse1.")
    await station.type("dance")
    await station.line("invalid choice")
    await station.type("quit")
    assert await station.ended() == (0, "")


async def test_several_evses_and_options_of_station_and_vehicle(tidewatt: Tidewatt, tmp_path: Path) -> None:
    options = tmp_path / "options.yaml"
    options.write_text(yaml.safe_dump({"station": {"rated_a": 32}, "vehicle": {"phases": 1}}))
    station: Process = await tidewatt(
        "emulate", "station", "ws://127.0.0.1:1", "--evses", "2", "--options", options, "--interactive", typed=True
    )
    await station.line("Type plug")
    await station.type("show stations.TIDEWATT-1.outlets.2.charger")
    await station.line('"evse2"')
    await station.type("quit")
    await station.ended()
