"""One EVSE of a station: its state, and the two that act on it."""

from __future__ import annotations

from tidewatt.site import Charger, Setpoint

from .evse import Evse
from .limiter import Limiter
from .starter import Starter


class Point:
    """Bundles what belongs to one EVSE. It is the port by which control reaches the charger."""

    def __init__(self, evse: Evse, limiter: Limiter, starter: Starter) -> None:
        self.evse = evse
        self.limiter = limiter
        self.starter = starter

    def configure(self, charger: Charger) -> None:
        """Take the charger's new configuration."""
        self.evse.charger = self.limiter.charger = self.starter.charger = charger

    async def apply(self, setpoint: Setpoint) -> None:
        """Make the charger follow a setpoint; CommandError when it refuses or does not answer in time."""
        await self.limiter.apply(setpoint)

    async def start(self, id_tag: str | None = None) -> None:
        """Start a session for the plugged vehicle; CommandError when the charger refuses."""
        await self.starter.start(id_tag)

    async def stop(self) -> None:
        """Stop the running session; without one this does nothing. CommandError when the charger refuses."""
        await self.starter.stop()
