"""Trying a meter out before it is configured."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
import time

from modbus_connection import ModbusUnit

from tidewatt.site import MeterReading, ModbusMap

from .reading import to_reading
from .registers import find_registers

PROBE_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterIdentity:
    """What a meter says of itself, and one reading to compare with its display. None is not said."""

    manufacturer: str | None
    model: str
    serial: str | None
    reading: MeterReading


async def probe(unit: ModbusUnit, meter_map: ModbusMap) -> MeterIdentity:
    """Find the meter behind a unit and read it once, in full.

    Raises ModbusError when the line or the device refuses, MeterReadError when it is not such a meter, TimeoutError
    after 10 s.
    """
    async with asyncio.timeout(PROBE_TIMEOUT_S):
        registers, maker = await find_registers(unit, meter_map)
        reading = to_reading(await registers.read(time.monotonic), meter_id="probe")
    return MeterIdentity(manufacturer=maker.name, model=maker.model, serial=maker.serial, reading=reading)
