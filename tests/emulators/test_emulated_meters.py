"""Emulated meters answer real Modbus requests with what the world is like now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modbus_connection import ModbusConnection, ModbusError, ModbusExceptionError, ModbusUnit
from modbus_connection.decode import decode_float32, decode_int16, decode_string, decode_uint32
from modbus_connection.model.sunspec import scan
from modbus_connection.tmodbus import connect_tcp
import pytest

from tests.emulators.site_of import document, emulation_of
from tidewatt.emulators import Emulation, listening
from tidewatt.emulators.view import history_view
from tidewatt.site import MAIN_CIRCUIT_ID

SDM630_CURRENTS = 0x06
SDM630_POWERS = 0x0C


@asynccontextmanager
async def connected(emulation: Emulation, meter_id: str) -> AsyncIterator[ModbusUnit]:
    """Run an emulation and open a client to one of its meters."""
    units = {"grid": 1, "sub": 2}
    async with listening(emulation) as addresses:
        host, port = addresses.meters[meter_id]
        connection: ModbusConnection = await connect_tcp(host, port=port, timeout=0.3)
        try:
            yield connection.for_unit(units[meter_id])
        finally:
            await connection.close()


async def floats(unit: ModbusUnit, address: int, count: int) -> list[float]:
    words = await unit.read_input_registers(address, 2 * count)
    return [decode_float32(words[k : k + 2]) for k in range(0, 2 * count, 2)]


async def test_an_sdm630_reads_magnitudes_of_current_and_signed_power() -> None:
    async with connected(emulation_of(document(pv_w=2760)), "grid") as unit:
        assert await floats(unit, 0x00, 3) == [230, 230, 230]
        assert await floats(unit, SDM630_CURRENTS, 3) == pytest.approx([0, 1, 1])
        assert await floats(unit, SDM630_POWERS, 3) == pytest.approx([0, -230, 230])
        assert await floats(unit, 0x34, 1) == pytest.approx([0], abs=1e-3)
        assert await floats(unit, 0x46, 1) == [50]


async def test_an_sdm630_follows_the_world_from_read_to_read() -> None:
    emulation = emulation_of(document())
    async with connected(emulation, "grid") as unit:
        assert await floats(unit, SDM630_CURRENTS, 3) == [4, 3, 5]
        emulation.world.house.set_load(MAIN_CIRCUIT_ID, (19.0, 3.0, 5.0))
        assert await floats(unit, SDM630_CURRENTS, 3) == [19, 3, 5]


async def test_an_sdm630_counts_import_and_export_in_kwh() -> None:
    emulation = emulation_of(document(house_load_a=10))
    async with connected(emulation, "grid") as unit:
        emulation.step(360)
        emulation.world.house.pv_w = 13_800
        emulation.step(360)
        assert await floats(unit, 0x48, 2) == pytest.approx([0.69, 0.69], rel=1e-3)


async def test_an_sdm630_reads_a_block_of_eighty_registers_and_no_more() -> None:
    async with connected(emulation_of(document()), "grid") as unit:
        assert len(await unit.read_input_registers(0, 80)) == 80
        with pytest.raises(ModbusExceptionError):
            await unit.read_input_registers(0, 81)
        with pytest.raises(ModbusExceptionError):
            await unit.read_input_registers(0x400, 2)
        with pytest.raises(ModbusExceptionError):
            await unit.read_holding_registers(0, 2)


@pytest.mark.parametrize(("model", "length"), [(203, 105), (213, 124)])
async def test_a_sunspec_meter_is_found_by_scanning(model: int, length: int) -> None:
    emulation = emulation_of(
        document(meters=[{"meter": "grid", "port": 0}, {"meter": "sub", "port": 0, "sunspec_model": model}])
    )
    async with connected(emulation, "sub") as unit:
        models = await scan(unit, 40_000)
        common, meter = models.first(1), models.first(model)
        assert common is not None
        assert meter is not None
        assert (common.length, meter.length) == (66, length)
        assert decode_string(await unit.read_holding_registers(common.address + 2, 16)) == "Tidewatt"


async def test_a_sunspec_integer_meter_scales_its_values() -> None:
    emulation = emulation_of(document(house_load_a={"garage": [1.5, 2.25, -4]}))
    async with connected(emulation, "sub") as unit:
        emulation.step(3600)
        meter = (await scan(unit, 40_000)).first(203)
        assert meter is not None
        words = await unit.read_holding_registers(meter.address, 108)
        signed = [decode_int16([word]) for word in words]
        assert [value * 10 ** signed[6] for value in signed[3:6]] == pytest.approx([1.5, 2.25, 4])
        assert [value * 10 ** signed[15] for value in signed[8:11]] == pytest.approx([230, 230, 230])
        assert [value * 10 ** signed[22] for value in signed[18:22]] == pytest.approx([-57, 345, 518, -920], abs=1)
        assert decode_uint32(words[38:40]) == pytest.approx(57.5, abs=1)
        assert decode_uint32(words[46:48]) == 0


async def test_a_sunspec_float_meter_gives_its_values_as_they_are() -> None:
    meters = [{"meter": "grid", "port": 0}, {"meter": "sub", "port": 0, "sunspec_model": 213}]
    emulation = emulation_of(document(meters=meters, house_load_a={"garage": [1.5, 2.25, -4]}))
    async with connected(emulation, "sub") as unit:
        meter = (await scan(unit, 40_000)).first(213)
        assert meter is not None
        words = await unit.read_holding_registers(meter.address, 108)

        def value(offset: int) -> float:
            return decode_float32(words[offset : offset + 2])

        assert [value(4), value(6), value(8)] == pytest.approx([1.5, 2.25, 4])
        assert [value(30), value(32), value(34)] == pytest.approx([345, 517.5, -920])
        assert value(28) == pytest.approx(-57.5)
        assert value(26) == 50


async def test_a_sub_meter_reads_only_what_is_below_it() -> None:
    emulation = emulation_of(document(house_load_a={"main": [4, 3, 5], "garage": [2, 0, 0]}))
    assert emulation.world.circuit_sample("garage").current_a == (2, 0, 0)
    assert emulation.world.circuit_sample(MAIN_CIRCUIT_ID).current_a == (6, 3, 5)


async def test_a_silent_meter_keeps_the_connection_and_says_nothing() -> None:
    emulation = emulation_of(document())
    async with connected(emulation, "grid") as unit:
        emulation.meters["grid"].silent = True
        with pytest.raises(ModbusError):
            await unit.read_input_registers(0, 2)
        emulation.meters["grid"].silent = False
        assert await floats(unit, 0x00, 1) == [230]


async def test_what_a_meter_answered_and_when_is_kept() -> None:
    emulation = emulation_of(document())
    async with connected(emulation, "grid") as unit:
        emulation.step(3)
        await floats(unit, SDM630_CURRENTS, 3)
        emulation.meters["grid"].silent = True
        emulation.step(1)
        with pytest.raises(ModbusError):
            await unit.read_input_registers(0, 2)
    answers = history_view(emulation, 0)["answers"]["grid"]
    assert answers == [{"t_s": 3.0, "current_a": (4.0, 3.0, 5.0)}]


async def test_stopping_hangs_up_on_clients_that_stay() -> None:
    emulation = emulation_of(document())
    async with listening(emulation) as addresses:
        reader, writer = await asyncio.open_connection(*addresses.meters["grid"])
    assert await reader.read() == b""
    writer.close()
