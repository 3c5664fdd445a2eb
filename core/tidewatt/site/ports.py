"""The small Protocols at which drivers, control, stores and faces meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .commands import Setpoint
from .reasons import Fault
from .states import ChargerState, MeterReading, VehicleState

type Reading = MeterReading | ChargerState | VehicleState
"""Everything a driver can report."""

type ReadingListener = Callable[[Reading], None]
"""Where a driver pushes its readings. Called on the event loop; must not block."""

type FaultListener = Callable[[Fault], None]
"""Where a driver reports a fault that it saw itself, once for each time it happens."""

type Clock = Callable[[], float]
"""Monotonic seconds."""


class ChargerPort(Protocol):
    """How control reaches one charger, whatever it speaks."""

    async def apply(self, setpoint: Setpoint) -> None:
        """Make the charger follow a setpoint; CommandError when it refuses or does not answer in time."""

    async def start(self, id_tag: str | None = None) -> None:
        """Start a session for the plugged vehicle; CommandError when the charger refuses."""

    async def stop(self) -> None:
        """Stop the running session; without one this does nothing. CommandError when the charger refuses."""


class Driver(Protocol):
    """Something that runs beside control and pushes readings until it is stopped."""

    async def start(self) -> None:
        """Open what is needed and return; keeps running in tasks of its own."""

    async def stop(self) -> None:
        """Close everything that `start` opened. Safe to call twice."""


class StateStore(Protocol):
    """Durable documents by name. What `save` returned from survives a power cut."""

    async def load(self, name: str) -> dict[str, Any] | None:
        """Return the document, or None when there is none or it cannot be read (which is logged)."""

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Replace the document atomically; returns once it is on disk."""
