"""What an observer sees of a stage: Home Assistant's entities and the physical truth of the emulated world."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.emulation import EmulationProcess
from demo.home_assistant import HomeAssistantApi
from tests.readings import readings_of


@dataclass(frozen=True, slots=True)
class Scene:
    """Waits for things to become true, in Home Assistant and in the world."""

    api: HomeAssistantApi
    emulation: EmulationProcess

    def limit_a(self, bay: str) -> float | None:
        """Return the current that Home Assistant shows as a bay's limit, None while there is none."""
        return number(self.api.state(f"sensor.{bay}_bay_limit"))

    async def until_limits(self, wanted: Mapping[str, float], timeout_s: float, tolerance_a: float = 1.0) -> None:
        """Wait until the limits of these bays are as wanted, to a step."""

        def reached(_: object) -> bool:
            limits = {bay: self.limit_a(bay) for bay in wanted}
            return all(
                limit is not None and abs(limit - wanted[bay]) <= tolerance_a + 1e-9 for bay, limit in limits.items()
            )

        await self.api.wait_for(reached, f"limits {dict(wanted)}", timeout_s)

    async def until_state(self, entity_id: str, wanted: str | Callable[[str], bool], timeout_s: float) -> str:
        """Wait until an entity has a state, or one that passes a check, and return it."""
        check = wanted if callable(wanted) else lambda state: state == wanted
        await self.api.wait_for(lambda _: check(self.api.state(entity_id)), f"{entity_id} as {wanted}", timeout_s)
        return self.api.state(entity_id)

    async def readings_since(self, since_s: float, count: int, timeout_s: float = 20) -> list[list[float]]:
        """Wait for `count` readings of the grid meter after a time of the world; return the currents of each."""
        readings: list[list[float]] = []

        async def enough() -> bool:
            readings[:] = readings_of(await self.emulation.history(since_s))
            return len(readings) >= count

        await self.until(enough, f"{count} meter readings", timeout_s)
        return readings[:count]

    async def until_world(
        self, condition: Callable[[dict[str, Any]], bool], what: str, timeout_s: float
    ) -> dict[str, Any]:
        """Wait until a condition holds in the emulated world, and return the world as it then is."""
        world: dict[str, Any] = {}

        async def holds() -> bool:
            world.clear()
            world.update(await self.emulation.world())
            return condition(world)

        await self.until(holds, what, timeout_s)
        return world

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str, timeout_s: float) -> None:
        """Ask ten times a second whether something outside Home Assistant's states holds: nobody tells of it."""
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        while not await holds():
            if asyncio.get_running_loop().time() > deadline_s:
                raise TimeoutError(f"the world did not reach {what} within {timeout_s:g} s")
            await asyncio.sleep(0.1)


def number(state: str) -> float | None:
    """Return a state as a number, None when it is unknown or unavailable."""
    try:
        return float(state)
    except ValueError:
        return None
