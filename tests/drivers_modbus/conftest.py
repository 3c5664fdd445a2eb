"""A Modbus TCP server on loopback whose registers tests write, and meters that read it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import pytest
from tmodbus.exceptions import IllegalDataAddressError, SuppressResponseError
from tmodbus.pdu import ReadHoldingRegistersPDU, ReadInputRegistersPDU
from tmodbus.server import AsyncTcpServer, ModbusRequestRouter

from tidewatt.drivers.modbus import ModbusMeter, TcpUnits
from tidewatt.site import Fault, Meter, MeterReading, ModbusEndpoint, ModbusMap, Reading

UNIT_ID = 7
ANSWER_WITHIN_S = 20


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests speak to real sockets on loopback."""


@dataclass
class Device:
    """A device under unit id 7: what is not in its registers is an illegal address; silent, it answers nothing."""

    input: dict[int, int] = field(default_factory=dict)
    holding: dict[int, int] = field(default_factory=dict)
    silent: bool = False
    connections: int = 0
    port: int = 0
    requests: list[tuple[str, int, int]] = field(default_factory=list)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _clients: set[asyncio.Task[None]] = field(default_factory=set)

    def put(self, table: dict[int, int], address: int, words: Sequence[int]) -> None:
        """Write words from an address on."""
        table.update(enumerate(words, address))

    async def request(self) -> None:
        """Wait until something is asked from now on."""
        self._arrived.clear()
        await asyncio.wait_for(self._arrived.wait(), ANSWER_WITHIN_S)

    async def open(self) -> None:
        """Listen, on the same port as before if there was one."""
        protocol = AsyncTcpServer("127.0.0.1", self._router(), port=self.port)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            task = asyncio.current_task()
            assert task is not None
            self._clients.add(task)
            await protocol.handle_client(reader, writer)

        self._server = await asyncio.start_server(serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Hang up on everybody and stop listening."""
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()
            self._server = None
        if self._clients:
            await asyncio.wait(self._clients)
            self._clients.clear()

    def _router(self) -> ModbusRequestRouter:
        router = ModbusRequestRouter()

        @router.register(ReadInputRegistersPDU, unit_id=UNIT_ID)
        async def read_input(_: int, request: ReadInputRegistersPDU) -> list[int]:
            return self._read("input", request.function_code, request.start_address, request.quantity)

        @router.register(ReadHoldingRegistersPDU, unit_id=UNIT_ID)
        async def read_holding(_: int, request: ReadHoldingRegistersPDU) -> list[int]:
            return self._read("holding", request.function_code, request.start_address, request.quantity)

        return router

    def _read(self, kind: str, function_code: int, address: int, count: int) -> list[int]:
        self.requests.append((kind, address, count))
        self._arrived.set()
        if self.silent:
            raise SuppressResponseError
        table = self.input if kind == "input" else self.holding
        try:
            return [table[each] for each in range(address, address + count)]
        except KeyError:
            raise IllegalDataAddressError(function_code) from None


@pytest.fixture
async def device() -> AsyncIterator[Device]:
    device = Device()
    await device.open()
    yield device
    await device.close()


@pytest.fixture
async def units() -> AsyncIterator[TcpUnits]:
    units = TcpUnits()
    yield units
    await units.close()


@dataclass
class Running:
    """A running meter and what it has said."""

    meter: ModbusMeter
    readings: asyncio.Queue[MeterReading]
    faults: asyncio.Queue[Fault]

    async def reading(self) -> MeterReading:
        """Wait for the next reading."""
        return await asyncio.wait_for(self.readings.get(), ANSWER_WITHIN_S)

    async def fault(self) -> Fault:
        """Wait for the next fault."""
        return await asyncio.wait_for(self.faults.get(), ANSWER_WITHIN_S)


type RunMeter = Callable[..., Awaitable[Running]]


@pytest.fixture
async def run_meter(device: Device, units: TcpUnits) -> AsyncIterator[RunMeter]:
    """Start a meter that reads the device; stopped at the end of the test."""
    running: list[Running] = []

    async def start(
        meter_map: ModbusMap = ModbusMap.SDM630, *, tolerance_s: float = 10, interval_s: float = 0.05
    ) -> Running:
        readings: asyncio.Queue[MeterReading] = asyncio.Queue()
        faults: asyncio.Queue[Fault] = asyncio.Queue()

        def keep(reading: Reading) -> None:
            assert isinstance(reading, MeterReading)
            readings.put_nowait(reading)

        endpoint = ModbusEndpoint(
            host="127.0.0.1", port=device.port, unit_id=UNIT_ID, map=meter_map, interval_s=interval_s
        )
        meter = Meter(meter_id="grid", name="Grid", circuit_id="main", endpoint=endpoint, tolerance_s=tolerance_s)
        driver = ModbusMeter(meter, units.open, on_reading=keep, on_fault=faults.put_nowait)
        await driver.start()
        running.append(Running(driver, readings, faults))
        return running[-1]

    yield start
    for each in running:
        await each.meter.stop()
