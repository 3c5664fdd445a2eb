"""A Modbus TCP server for emulated meters."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import logging

from tmodbus.exceptions import IllegalDataAddressError, IllegalDataValueError, SuppressResponseError
from tmodbus.pdu import ReadHoldingRegistersPDU, ReadInputRegistersPDU
from tmodbus.server import AsyncTcpServer, ModbusRequestRouter

from .registers import RegisterImage, RegisterKind

_LOGGER = logging.getLogger(__name__)


@dataclass(slots=True)
class MeterUnit:
    """One meter: `image` is asked on every read. While `silent`, requests arrive and nothing comes back."""

    meter_id: str
    image: Callable[[], RegisterImage]
    silent: bool = False
    reads: int = 0

    def read(self, kind: RegisterKind, function_code: int, address: int, count: int) -> list[int]:
        """Return the words of one request; a Modbus exception or silence otherwise."""
        if self.silent:
            raise SuppressResponseError
        image = self.image()
        words = image.read(address, count) if kind is image.kind else None
        if words is None:
            raise IllegalDataAddressError(function_code)
        if count > image.longest_read:
            raise IllegalDataValueError(function_code)
        self.reads += 1
        return words


class MeterServer:
    """Serves meters by unit id on one TCP port. Port 0 takes a free one; `bound_port` tells which."""

    def __init__(self, host: str, port: int, units: Mapping[int, MeterUnit]) -> None:
        self.host = host
        self.bound_port = port
        self._units = units
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; OSError when the port is taken."""
        protocol = AsyncTcpServer(self.host, self._router(), port=self.bound_port)
        # The library's own stop waits for clients to hang up; ours hangs up on them.
        self._server = await asyncio.start_server(protocol.handle_client, self.host, self.bound_port)
        self.bound_port = self._server.sockets[0].getsockname()[1]
        names = ", ".join(f"{unit.meter_id} as unit {unit_id}" for unit_id, unit in self._units.items())
        _LOGGER.info("Modbus meters listen on %s:%d: %s.", self.host, self.bound_port, names)

    async def stop(self) -> None:
        """Close the port and every connection. Safe to call twice."""
        if self._server is None:
            return
        self._server.close()
        self._server.close_clients()
        await self._server.wait_closed()
        self._server = None

    def _router(self) -> ModbusRequestRouter:
        router = ModbusRequestRouter()
        for unit_id, unit in self._units.items():
            _serve_reads(router, unit_id, unit)
        return router


def _serve_reads(router: ModbusRequestRouter, unit_id: int, unit: MeterUnit) -> None:
    @router.register(ReadInputRegistersPDU, unit_id=unit_id)
    async def read_input(_: int, request: ReadInputRegistersPDU) -> list[int]:
        return unit.read(RegisterKind.INPUT, request.function_code, request.start_address, request.quantity)

    @router.register(ReadHoldingRegistersPDU, unit_id=unit_id)
    async def read_holding(_: int, request: ReadHoldingRegistersPDU) -> list[int]:
        return unit.read(RegisterKind.HOLDING, request.function_code, request.start_address, request.quantity)
