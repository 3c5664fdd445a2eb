"""The driver of one Modbus meter: reads it on a steady beat and pushes what it says."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time

from modbus_connection import ModbusError, ModbusUnit

from tidewatt.site import Clock, Fault, FaultCode, FaultListener, Meter, MeterReading, ModbusEndpoint, ReadingListener

from .errors import MeterReadError
from .reading import to_reading
from .registers import MeterRegisters, find_registers
from .units import UnitOpener

_LOGGER = logging.getLogger(__name__)

_LONGEST_READ_S = 3.0
_LONGEST_BACKOFF_S = 5.0
_RECYCLE_AFTER = 3
_RECYCLE_TIMEOUT_S = 1.0


class ModbusMeter:
    """A `Driver` for a meter whose endpoint is a `ModbusEndpoint`.

    Readings are due every `interval_s`, counted from the start, so that they do not drift; a beat that passes while
    one is still being read is left out. A reading carries the time it was asked for, and only a fresh and complete
    one is ever pushed. While the meter does not answer, it is tried again after `interval_s`, doubling up to 5 s, and
    the fault is reported once, until it answers again. TypeError for a meter with another kind of endpoint.
    """

    def __init__(
        self,
        meter: Meter,
        open_unit: UnitOpener,
        *,
        on_reading: ReadingListener,
        on_fault: FaultListener,
        clock: Clock = time.monotonic,
    ) -> None:
        if not isinstance(meter.endpoint, ModbusEndpoint):
            raise TypeError(f"{meter.meter_id} is not on Modbus: {meter.endpoint!r}")
        self._meter = meter
        self._endpoint = meter.endpoint
        self._open_unit = open_unit
        self._on_reading = on_reading
        self._on_fault = on_fault
        self._clock = clock
        # Shorter than the tolerance, so that a meter that hangs is noticed before control calls it lost.
        self._timeout_s = min(_LONGEST_READ_S, meter.tolerance_s / 2)
        self._registers: MeterRegisters | None = None
        self._failures = 0
        self._reported: FaultCode | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read, and return without waiting for the meter. What opening its unit raises is passed on."""
        unit = await self._open_unit(self._endpoint)
        self._task = asyncio.create_task(self._run(unit), name=f"modbus meter {self._meter.meter_id}")

    async def stop(self) -> None:
        """Stop reading. Safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self, unit: ModbusUnit) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            reading = await self._try_to_read(unit)
            if reading is not None:
                self._on_reading(reading)
                due = _next_beat(due, loop.time(), self._endpoint.interval_s)
            else:
                due = loop.time() + _backoff_s(self._failures, self._endpoint.interval_s)
            await asyncio.sleep(due - loop.time())

    async def _try_to_read(self, unit: ModbusUnit) -> MeterReading | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                reading = await self._read(unit)
        except TimeoutError:
            await self._failed(unit, FaultCode.CHARGER_UNREACHABLE, f"no answer within {self._timeout_s:g} s")
        except (ModbusError, OSError) as error:
            await self._failed(unit, FaultCode.CHARGER_UNREACHABLE, str(error))
        except MeterReadError as error:
            await self._failed(unit, FaultCode.PAYLOAD_INVALID, str(error))
        except Exception as error:  # noqa: BLE001 - whatever a device provokes, a site must not go on without its meter
            await self._failed(unit, FaultCode.PAYLOAD_INVALID, repr(error))
        else:
            self._recovered()
            return reading
        return None

    async def _read(self, unit: ModbusUnit) -> MeterReading:
        if self._registers is None:
            self._registers, _ = await find_registers(unit, self._endpoint.map)
        return to_reading(await self._registers.read(self._clock), meter_id=self._meter.meter_id)

    async def _failed(self, unit: ModbusUnit, code: FaultCode, why: str) -> None:
        self._failures += 1
        # The device may come back as another one, with its models elsewhere.
        self._registers = None
        if self._reported is not code:
            self._reported = code
            detail = f"{why}; trying again"
            _LOGGER.warning("Meter %s at %s: %s", self._meter.meter_id, self._where, detail)
            self._on_fault(Fault(code=code, subject_id=self._meter.meter_id, detail=detail))
        if self._failures % _RECYCLE_AFTER == 0:
            # A peer that lost the connection without saying so answers only on a new one.
            with contextlib.suppress(ModbusError, OSError, TimeoutError):
                async with asyncio.timeout(_RECYCLE_TIMEOUT_S):
                    await unit.disconnect()

    def _recovered(self) -> None:
        if self._failures:
            _LOGGER.info("Meter %s at %s answers again", self._meter.meter_id, self._where)
        self._failures = 0
        self._reported = None

    @property
    def _where(self) -> str:
        return f"{self._endpoint.host}:{self._endpoint.port} unit {self._endpoint.unit_id}"


def _next_beat(due: float, now: float, interval_s: float) -> float:
    """Return the first beat after `now` of those that are `interval_s` apart and include `due`."""
    return due + interval_s * max(1, math.floor((now - due) / interval_s) + 1)


def _backoff_s(failures: int, interval_s: float) -> float:
    doublings = min(failures - 1, 10)
    longest_s = max(interval_s, _LONGEST_BACKOFF_S)
    return min(longest_s, interval_s * 2.0**doublings)
