"""Power cuts, lost networks and strangers: no transaction, no energy count and no limit is lost."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
import yaml

from demo.home_assistant import HomeAssistantApi
from demo.stage import Stage
from tests.e2e.scene import Scene, number

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

BAYS = ("left", "middle", "right")


def transactions(world: dict[str, Any]) -> dict[str, str | None]:
    """Return each station's running transaction."""
    running = {station_id: station["outlets"]["1"]["transaction"] for station_id, station in world["stations"].items()}
    return {station_id: each and each["id"] for station_id, each in running.items()}


def energies(api: HomeAssistantApi) -> dict[str, float]:
    """Return every energy count that Home Assistant shows, in kWh."""
    names = [f"sensor.{bay}_bay_{count}" for bay in BAYS for count in ("energy", "session_energy")]
    return {name: value for name in names if (value := number(api.state(name))) is not None}


async def test_killing_home_assistant_loses_no_transaction_and_no_energy(calm: Scene, stage: Stage) -> None:
    await calm.api.wait_for(lambda _: len(energies(calm.api)) == 6, "all energy counts", 60)
    before = transactions(await calm.emulation.world())
    counted = energies(calm.api)
    assert None not in before.values()

    await stage.home_assistant.kill()
    await stage.home_assistant.start()

    async with HomeAssistantApi.connect(stage.home_assistant.url, stage.home_assistant.token) as api:
        again = Scene(api, stage.emulation)
        for bay in BAYS:
            await again.until_state(f"sensor.{bay}_bay_status", "charging", 60)
        await api.wait_for(lambda _: len(energies(api)) == 6, "all energy counts", 60)
        assert transactions(await stage.emulation.world()) == before
        assert all(energies(api)[name] >= count for name, count in counted.items())
        # It goes on to control: a wish still reaches the station.
        await api.action("tidewatt.set_limit", {"entity_id": "select.left_bay_mode"}, current_a=6)
        await again.until_limits({"left": 6}, 30, tolerance_a=0)
        assert transactions(await stage.emulation.world()) == before


async def test_a_station_that_drops_and_reconnects_resumes(calm: Scene) -> None:
    before = transactions(await calm.emulation.world())

    await calm.emulation.command("station_offline", station="MIDDLE")
    await calm.until_state("sensor.middle_bay_limited_by", "charger_unavailable", 20)
    await calm.until_state("sensor.middle_bay_fault", "node_unreachable", 20)

    await calm.emulation.command("station_online", station="MIDDLE")
    await calm.until_state("sensor.middle_bay_status", "charging", 60)
    await calm.until_state("sensor.middle_bay_fault", "ok", 60)
    assert transactions(await calm.emulation.world()) == before


@pytest.mark.parametrize("password", ["not-the-password", None])
async def test_a_wrong_password_is_refused(calm: Scene, stage: Stage, password: str | None) -> None:
    headers = {} if password is None else {"Authorization": aiohttp.encode_basic_auth("LEFT", password)}
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(f"{ocpp_url(stage)}/LEFT", protocols=["ocpp1.6"], headers=headers)

    assert refusal.value.status == 401
    assert calm.api.state("sensor.left_bay_status") == "charging"


async def test_an_unknown_station_is_refused_and_shows_up_as_discovered(calm: Scene, stage: Stage) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect(f"{ocpp_url(stage)}/STRANGER", protocols=["ocpp2.0.1"])
    assert refusal.value.status == 404

    await calm.until(lambda: discovered(calm.api, "STRANGER"), "the discovered station", 20)


async def discovered(api: HomeAssistantApi, station_id: str) -> bool:
    """Return whether Home Assistant offers to add a station."""
    flows = await api.call("config_entries/flow/progress")
    return any(station_id in str(flow["context"].get("title_placeholders")) for flow in flows)


def ocpp_url(stage: Stage) -> str:
    """Return the address of the central system."""
    listener = yaml.safe_load(stage.site_file.read_text())["ocpp"]
    return f"ws://{listener['host']}:{listener['port']}"
