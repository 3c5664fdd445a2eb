"""What a feature of an emulated station is, and what it may use of its station."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from tidewatt.emulators.physics import Clock
from tidewatt.emulators.station.outbox import Letter
from tidewatt.emulators.station.outlet import Outlet
from tidewatt.emulators.station.variables import Variables
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.session import Handler


class Host(Protocol):
    """A station as its features see it."""

    time: Clock
    variables: Variables
    firmware_version: str
    outlets: dict[int, Outlet]
    triggers: dict[str, Callable[[], None]]
    on_reboot: list[Callable[[], None]]

    @property
    def station_id(self) -> str:
        """The station's identity."""

    @property
    def version(self) -> OcppVersion:
        """The OCPP version it speaks."""

    def notify(self, action: str, payload: dict[str, Any]) -> None:
        """Send a message that is lost when it cannot be sent now."""

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Call the central system; OcppError when there is no answer."""

    def post(self, letter: Letter) -> None:
        """Send a message now, or whenever there is a connection again."""

    def reconnect(self) -> None:
        """Drop the connection and make a new one."""

    def soon(self, action: Callable[[], None]) -> None:
        """Do something after the present answer."""

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the station."""

    def restart_with(self, firmware_version: str) -> None:
        """Boot into other firmware."""


class Feature(Protocol):
    """One thing a station can do beside charging."""

    def handlers(self) -> Mapping[str, Handler]:
        """Return what answers the feature's messages in the station's version."""

    def observe(self) -> None:
        """Do what time has come for; called after every slice of the world."""
