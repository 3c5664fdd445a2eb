"""What a broken or hostile device answers never gets through, and never ends the driver."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
import random
import struct

from hypothesis import given, strategies as st
import pytest

from tests.drivers_modbus.conftest import Device, RunMeter
from tests.drivers_modbus.meter_registers import sdm630
from tidewatt.drivers.modbus import MeterReadError
from tidewatt.drivers.modbus.reading import to_reading
from tidewatt.drivers.modbus.registers import Measured

type Answer = Callable[[bytes], bytes]

VALUES = st.none() | st.floats()
PHASES = st.integers(1, 3).flatmap(lambda count: st.tuples(*[st.tuples(*[VALUES] * count)] * 3))


@asynccontextmanager
async def _raw_server(port: int, answer: Answer) -> AsyncIterator[None]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.read(1024):
            writer.write(answer(request))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
        server.abort_clients()
        await server.wait_closed()


def _short(request: bytes) -> bytes:
    return request[:4] + struct.pack(">HBBB2s", 5, request[6], request[7], 2, b"\0\0")


def _empty(request: bytes) -> bytes:
    return request[:4] + struct.pack(">HB", 1, request[6])


def _other_function(request: bytes) -> bytes:
    return request[:4] + struct.pack(">HBBB2s", 5, request[6], 0x03, 2, b"\0\0")


def _noise(request: bytes) -> bytes:
    return random.Random(len(request)).randbytes(300)  # noqa: S311 - noise, not a secret


def _flood(request: bytes) -> bytes:
    return request[:4] + b"\xff\xff" + bytes(60_000)


@pytest.mark.parametrize("answer", [_short, _empty, _other_function, _noise, _flood])
async def test_broken_answers_are_faults_until_right_ones_come(
    device: Device, run_meter: RunMeter, answer: Answer
) -> None:
    await device.close()
    device.input = sdm630()

    async with _raw_server(device.port, answer):
        running = await run_meter(tolerance_s=0.4)
        await running.fault()
        assert running.readings.empty()
    await device.open()

    assert (await running.reading()).current_a == pytest.approx((1.5, 2.5, 3.5))


@given(PHASES, VALUES, VALUES)
def test_a_reading_is_right_or_there_is_none(
    phases: tuple[tuple[float | None, ...], ...], imported_wh: float | None, exported_wh: float | None
) -> None:
    voltage_v, current_a, power_w = phases
    measured = Measured(
        at_s=5.0,
        voltage_v=voltage_v,
        current_a=current_a,
        power_w=power_w,
        energy_import_wh=imported_wh,
        energy_export_wh=exported_wh,
    )
    try:
        reading = to_reading(measured, meter_id="grid")
    except MeterReadError:
        return

    assert (reading.meter_id, reading.at_s) == ("grid", 5.0)
    assert None not in current_a
    for signed_a, measured_a, measured_w in zip(reading.current_a, current_a, power_w, strict=False):
        assert abs(signed_a) == abs(measured_a or 0.0) <= 10_000
        if measured_w is not None:
            assert signed_a <= 0 if measured_w < 0 else signed_a >= 0
    assert all(signed_a == 0 for signed_a in reading.current_a[len(current_a) :])
    assert (reading.power_w is None) == (None in power_w)
    assert (reading.voltage_v is None) == (None in voltage_v)
    assert (reading.energy_import_wh, reading.energy_export_wh) == (imported_wh, exported_wh)
