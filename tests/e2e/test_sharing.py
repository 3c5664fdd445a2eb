"""Three vehicles behind a 25 A main fuse: one-phase, three-phase and rotated three-phase, through Home Assistant."""

from __future__ import annotations

import pytest

from tests.e2e.scene import Scene

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

FUSE_A = 25.0
METER_DIGIT_A = 0.05
L3 = 2
SETTLE_S = 120.0
# 24 A are left on L3 for weights 1 (left), 2 (middle) and 1 (right).
BY_WEIGHT = {"left": 6.0, "middle": 12.0, "right": 6.0}
SAFE = {"left": 6.0, "middle": 6.0, "right": 6.0}


async def test_shares_follow_the_weights_and_say_what_bound_them(calm: Scene) -> None:
    await calm.until_limits(BY_WEIGHT, SETTLE_S)

    world = await calm.until_world(
        lambda world: all(abs(world["vehicles"][bay]["current_a"][0] - BY_WEIGHT[bay]) <= 1 for bay in BY_WEIGHT),
        "vehicles that draw their shares",
        10,
    )
    assert max(world["phases"]["current_a"]) <= FUSE_A + METER_DIGIT_A
    for bay in BY_WEIGHT:
        # The last step towards the share may still be on its way.
        await calm.until_state(f"sensor.{bay}_bay_limited_by", "circuit", 60)
        limited_by = calm.api.states[f"sensor.{bay}_bay_limited_by"]
        assert (limited_by["a"]["circuit"], limited_by["a"]["phase"]) == ("Main fuse", "L3")


async def test_a_changed_weight_moves_the_shares(calm: Scene) -> None:
    await calm.api.action("number.set_value", {"entity_id": "number.left_bay_weight"}, value=2)
    await calm.api.action("number.set_value", {"entity_id": "number.middle_bay_weight"}, value=1)

    await calm.until_limits({"left": 12.0, "middle": 6.0, "right": 6.0}, SETTLE_S)


async def test_a_house_load_step_is_absorbed_before_the_second_next_reading(calm: Scene) -> None:
    await calm.until_limits(BY_WEIGHT, SETTLE_S)
    await calm.readings_since((await calm.emulation.world())["now_s"], 8)
    stepped_s = (await calm.emulation.world())["now_s"]

    await calm.emulation.command("house_load", current_a=[1, 1, 16])

    first, second, *later = await calm.readings_since(stepped_s, 6)
    assert first[L3] > FUSE_A
    assert all(reading[L3] <= FUSE_A + METER_DIGIT_A for reading in (second, *later)), [first, second, *later]
    # 9 A are left on L3: one bay goes on, and what it may draw is all there is.
    assert sum((calm.limit_a(bay) or 0.0) > 0 for bay in BY_WEIGHT) == 1
    await calm.until_state("binary_sensor.harbour_street_7_overload", "off", 20)


async def test_a_lost_meter_brings_all_to_safe_current_and_back(calm: Scene) -> None:
    await calm.until_limits(BY_WEIGHT, SETTLE_S)

    await calm.emulation.command("meter_silent", meter="grid")
    await calm.until_limits(SAFE, 20, tolerance_a=0)
    await calm.until_state("sensor.harbour_street_7_controller_health", "fail_safe", 20)
    for bay in SAFE:
        await calm.until_state(f"sensor.{bay}_bay_limited_by", "fail_safe", 20)
    await calm.until_state("sensor.harbour_street_7_grid_power", "unavailable", 20)
    await calm.until_world(
        lambda world: all(vehicle["current_a"][0] <= 6 for vehicle in world["vehicles"].values()),
        "vehicles at the safe current",
        10,
    )

    await calm.emulation.command("meter_resume", meter="grid")
    await calm.until_limits(BY_WEIGHT, SETTLE_S)
    # What a driver reported is shown for a minute.
    await calm.until_state("sensor.harbour_street_7_controller_health", "ok", 90)


async def test_no_phase_exceeds_the_fuse_but_for_the_reaction_to_a_step(calm: Scene) -> None:
    await calm.until_limits(BY_WEIGHT, SETTLE_S)
    begun_s = (await calm.emulation.world())["now_s"]

    for load_a in ([1, 1, 4], [1, 1, 1], [5, 1, 1], [1, 7, 2]):
        stepped_s = (await calm.emulation.world())["now_s"]
        await calm.emulation.command("house_load", current_a=load_a)
        await calm.readings_since(stepped_s, 6)

    readings = await calm.readings_since(begun_s, 20)
    over = [index for index, reading in enumerate(readings) if max(reading) > FUSE_A + METER_DIGIT_A]
    assert all(index + 1 not in over for index in over), "an overload outlived its first reading"
