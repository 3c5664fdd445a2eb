"""Modbus units over TCP, for when no one else (such as Home Assistant) keeps the connections."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from modbus_connection import ModbusConnection, ModbusTcpParams, ModbusUnit
from modbus_connection.tmodbus import ModbusConnection as TcpConnection

from tidewatt.site import ModbusEndpoint

_CLOSE_TIMEOUT_S = 1.0

type UnitOpener = Callable[[ModbusEndpoint], Awaitable[ModbusUnit]]
"""Gives the unit behind an endpoint at once; the connection itself is made by the first request."""


class TcpUnits:
    """Connections of our own, one for each host and port, shared by all meters behind it.

    `open` is a `UnitOpener`. Every request takes turns on its connection, and the next one after a loss reconnects.
    """

    def __init__(self) -> None:
        self._connections: dict[tuple[str, str, int], ModbusConnection] = {}

    async def open(self, endpoint: ModbusEndpoint) -> ModbusUnit:
        """Return the unit of an endpoint."""
        params = ModbusTcpParams(host=endpoint.host, port=endpoint.port)
        key = ("tcp", params.host, params.port)
        if key not in self._connections:
            self._connections[key] = TcpConnection(params)
        return self._connections[key].for_unit(endpoint.unit_id)

    async def close(self) -> None:
        """Close every connection. Units opened before are of no more use."""
        connections = list(self._connections.values())
        self._connections.clear()
        # A connection attempt in flight would hold its closing up; it notices by itself that it is no longer wanted.
        closings = (asyncio.wait_for(connection.close(), _CLOSE_TIMEOUT_S) for connection in connections)
        await asyncio.gather(*closings, return_exceptions=True)
