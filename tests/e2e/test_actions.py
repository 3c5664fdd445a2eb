"""What a person or an automation asks of a bay, and how Home Assistant says that it cannot be."""

from __future__ import annotations

import pytest

from demo.browser import open_page
from demo.stage import Stage
from tests.e2e.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

RIGHT = {"entity_id": "select.right_bay_mode"}


async def test_mode_off_pauses_a_bay_and_fast_brings_it_back(calm: Scene) -> None:
    await calm.api.action("tidewatt.set_mode", RIGHT, mode="off")
    await calm.until_limits({"right": 0}, 20, tolerance_a=0)
    # Home Assistant tells of one entity after the other.
    await calm.until_state("sensor.right_bay_limited_by", "mode_off", 20)
    await calm.until_world(lambda world: world["vehicles"]["right"]["power_w"] == 0, "a paused vehicle", 20)

    await calm.api.action("tidewatt.set_mode", RIGHT, mode="fast")
    await calm.until_limits({"right": 6}, 120)


async def test_charging_is_stopped_and_started(calm: Scene) -> None:
    await calm.api.action("tidewatt.stop_charging", RIGHT)
    await calm.until_world(
        lambda world: world["stations"]["RIGHT"]["outlets"]["1"]["transaction"] is None, "an ended transaction", 20
    )

    await calm.api.action("tidewatt.start_charging", RIGHT)
    await calm.until_world(
        lambda world: world["stations"]["RIGHT"]["outlets"]["1"]["transaction"] is not None, "a new transaction", 20
    )
    await calm.until_state("sensor.right_bay_status", "charging", 120)


async def test_a_limit_that_cannot_be_is_refused_in_words(calm: Scene) -> None:
    with pytest.raises(RuntimeError, match="current"):
        await calm.api.action("tidewatt.set_limit", RIGHT, current_a=-5)


async def test_the_address_opens_home_assistant_without_a_login_page(calm: Scene, stage: Stage) -> None:
    async with open_page(stage.home_assistant.url) as page:
        for text in ("Left bay", "Limited by"):
            await page.get_by_text(text, exact=True).first.wait_for()
        assert "/auth/authorize" not in page.url
