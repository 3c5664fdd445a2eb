"""The present connection of a station, as those see it that send commands."""

from __future__ import annotations

import asyncio

from tidewatt.ocpp.errors import OcppClosedError

from .dialect import Commands


class Link:
    """Leads to the station while it is connected. A station is ready once it has booted or said anything else.

    Commands wait up to `patience_s` for that.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._commands: Commands | None = None
        self._ready = asyncio.Event()

    @property
    def is_ready(self) -> bool:
        """Tell whether commands can be sent at once."""
        return self._ready.is_set()

    def open(self, commands: Commands) -> None:
        """Lead to a new connection, which is not ready yet."""
        self._commands = commands
        self._ready.clear()

    def make_ready(self) -> None:
        """Let commands through."""
        self._ready.set()

    def close(self) -> None:
        """Lead nowhere."""
        self._commands = None
        self._ready.clear()

    async def commands(self) -> Commands:
        """Return the connection's commands; OcppClosedError when there is none, or it is not ready in time."""
        if self._commands is not None and not self._ready.is_set():
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._ready.wait()
            except TimeoutError as error:
                raise OcppClosedError("The station is connected but has not said anything yet.") from error
        if self._commands is None:
            raise OcppClosedError("The station is not connected.")
        return self._commands
