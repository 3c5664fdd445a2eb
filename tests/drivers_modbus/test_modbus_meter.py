"""A Modbus meter on a real socket: what it pushes, and what it never pushes."""

import asyncio
import logging
import math

from hypothesis import given, strategies as st
from modbus_connection import ModbusUnit
from modbus_connection.mock import MockModbusConnection
import pytest

from tests.drivers_modbus.conftest import ANSWER_WITHIN_S, UNIT_ID, Device, RunMeter
from tests.drivers_modbus.meter_registers import INT16_UNKNOWN, float_body, integer_body, sdm630, sunspec
from tidewatt.drivers.modbus import ModbusMeter, TcpUnits
from tidewatt.drivers.modbus.meter import _next_beat
from tidewatt.site import (
    EntityMeterEndpoint,
    Fault,
    FaultCode,
    Meter,
    MeterReading,
    ModbusEndpoint,
    ModbusMap,
    Reading,
)


async def test_sdm630_reading_has_signed_currents_and_si_units(device: Device, run_meter: RunMeter) -> None:
    device.input = sdm630(power_w=(345, -575, 0))

    reading = await (await run_meter()).reading()

    assert reading.meter_id == "grid"
    assert reading.current_a == pytest.approx((1.5, -2.5, 3.5))
    assert reading.power_w == pytest.approx((345, -575, 0))
    assert reading.voltage_v == pytest.approx((230, 231, 232))
    assert reading.energy_import_wh == 12_500
    assert reading.energy_export_wh == 250


async def test_three_phases_exporting(device: Device, run_meter: RunMeter) -> None:
    device.input = sdm630(current_a=(10, 11, 12), power_w=(-2300, -2530, -2760))

    assert (await (await run_meter()).reading()).current_a == pytest.approx((-10, -11, -12))


async def test_sdm630_is_read_in_two_requests_and_the_currents_come_last(device: Device, run_meter: RunMeter) -> None:
    device.input = sdm630()

    await (await run_meter()).reading()

    assert device.requests[:2] == [("input", 0x48, 4), ("input", 0, 18)]


async def test_readings_follow_the_meter_and_their_times_grow(device: Device, run_meter: RunMeter) -> None:
    device.input = sdm630(current_a=(1, 1, 1))
    running = await run_meter()
    first = await running.reading()
    device.input = sdm630(current_a=(9, 9, 9))

    later = await running.reading()
    while later.current_a == pytest.approx((1, 1, 1)):
        later = await running.reading()

    assert later.current_a == pytest.approx((9, 9, 9))
    assert later.at_s > first.at_s


@given(st.floats(0, 1e9), st.floats(0, 1e6, exclude_max=True), st.floats(0.05, 60))
def test_beats_do_not_drift_and_missed_ones_are_left_out(due: float, late_s: float, interval_s: float) -> None:
    following = _next_beat(due, due + late_s, interval_s)

    beats = (following - due) / interval_s
    assert math.isclose(beats, round(beats), abs_tol=1e-3)
    assert round(beats) >= 1
    assert following >= due + late_s - 1e-6
    assert following <= due + late_s + interval_s + 1e-6


@pytest.mark.parametrize("base", [40_000, 50_000, 0])
@pytest.mark.parametrize(
    ("model_id", "body"), [(203, integer_body()), (204, integer_body()), (213, float_body()), (214, float_body())]
)
async def test_sunspec_meter_is_found_wherever_it_is(
    device: Device, run_meter: RunMeter, base: int, model_id: int, body: list[int]
) -> None:
    device.holding = sunspec(base, model_id, body, before=[(103, [0] * 50)])

    reading = await (await run_meter(ModbusMap.SUNSPEC)).reading()

    assert reading.current_a == pytest.approx((1.5, -2.5, 3.5))
    assert reading.voltage_v == pytest.approx((230, 231, 232))
    assert reading.power_w == pytest.approx((345, -575, 805))
    assert (reading.energy_import_wh, reading.energy_export_wh) == (12_500, 250)


@pytest.mark.parametrize(
    ("model_id", "body", "current_a"),
    [
        (201, integer_body(current=(150, INT16_UNKNOWN, INT16_UNKNOWN)), (1.5, 0, 0)),
        (211, float_body(current=(1.5, math.nan, math.nan)), (1.5, 0, 0)),
        (202, integer_body(current=(150, 250, INT16_UNKNOWN)), (1.5, -2.5, 0)),
        (212, float_body(current=(1.5, 2.5, math.nan)), (1.5, -2.5, 0)),
    ],
)
async def test_phases_that_a_model_does_not_have_carry_nothing(
    device: Device, run_meter: RunMeter, model_id: int, body: list[int], current_a: tuple[float, float, float]
) -> None:
    device.holding = sunspec(40_000, model_id, body)

    assert (await (await run_meter(ModbusMap.SUNSPEC)).reading()).current_a == pytest.approx(current_a)


async def test_current_keeps_its_own_sign_where_the_power_is_unknown(device: Device, run_meter: RunMeter) -> None:
    unknown = (INT16_UNKNOWN, INT16_UNKNOWN, INT16_UNKNOWN)
    device.holding = sunspec(40_000, 204, integer_body(current=(150, -250, 350), power=unknown, voltage=unknown))

    reading = await (await run_meter(ModbusMap.SUNSPEC)).reading()

    assert reading.current_a == pytest.approx((1.5, -2.5, 3.5))
    assert reading.power_w is None
    assert reading.voltage_v is None


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (integer_body(current=(150, INT16_UNKNOWN, 350)), "current of L2"),
        (integer_body(current_exponent=-0x8000), "current of L1"),
        (integer_body(current_exponent=11), "current of L1"),
        (integer_body(current_exponent=5), "impossible"),
    ],
)
async def test_unknown_or_impossible_integers_are_never_pushed(
    device: Device, run_meter: RunMeter, body: list[int], says: str
) -> None:
    device.holding = sunspec(40_000, 203, body)

    running = await run_meter(ModbusMap.SUNSPEC)
    fault = await running.fault()

    assert (fault.code, fault.subject_id) == (FaultCode.PAYLOAD_INVALID, "grid")
    assert says in fault.detail
    assert running.readings.empty()


@pytest.mark.parametrize(
    "registers",
    [
        sdm630(current_a=(1, math.nan, 1)),
        sdm630(current_a=(1, math.inf, 1)),
        sdm630(current_a=(1, 20_000, 1)),
        sdm630(power_w=(1, -math.inf, 1)),
        sdm630(voltage_v=(230, 230, 5000)),
        sdm630(voltage_v=(230, 230, -1)),
        sdm630(import_kwh=-5),
    ],
)
async def test_unknown_or_impossible_floats_are_never_pushed(
    device: Device, run_meter: RunMeter, registers: dict[int, int]
) -> None:
    device.input = registers

    running = await run_meter()

    assert (await running.fault()).code is FaultCode.PAYLOAD_INVALID
    assert running.readings.empty()


async def test_silence_is_reported_once_and_ends_by_itself(
    device: Device, run_meter: RunMeter, caplog: pytest.LogCaptureFixture
) -> None:
    device.input = sdm630()
    caplog.set_level(logging.INFO, "tidewatt")
    running = await run_meter(tolerance_s=0.4)
    await running.reading()

    device.silent = True
    fault = await running.fault()
    await device.request()
    while not running.readings.empty():
        running.readings.get_nowait()
    device.silent = False
    device.input = sdm630(current_a=(5, 5, 5))

    assert (await running.reading()).current_a == pytest.approx((5, 5, 5))
    assert (fault.code, fault.subject_id) == (FaultCode.CHARGER_UNREACHABLE, "grid")
    assert "no answer within 0.2 s" in fault.detail
    assert running.faults.empty()
    assert caplog.text.count("no answer within") == 1
    assert caplog.text.count("answers again") == 1


async def test_meter_that_restarts_is_read_again(device: Device, run_meter: RunMeter) -> None:
    device.input = sdm630()
    running = await run_meter()
    await running.reading()

    await device.close()
    fault = await running.fault()
    while not running.readings.empty():
        running.readings.get_nowait()
    await device.open()

    assert (await running.reading()).current_a == pytest.approx((1.5, 2.5, 3.5))
    assert fault.code is FaultCode.CHARGER_UNREACHABLE
    assert running.faults.empty()


async def test_sunspec_meter_that_comes_back_elsewhere_is_found_again(device: Device, run_meter: RunMeter) -> None:
    device.holding = sunspec(40_000, 203, integer_body())
    running = await run_meter(ModbusMap.SUNSPEC)
    await running.reading()

    device.holding = sunspec(40_000, 203, integer_body(current=(999, 999, 999)), before=[(103, [0] * 50)])
    reading = await running.reading()
    while reading.current_a[0] == 1.5:
        reading = await running.reading()

    assert reading.current_a == pytest.approx((9.99, -9.99, 9.99))


async def test_device_that_is_no_meter_is_reported(device: Device, run_meter: RunMeter) -> None:
    device.holding = sunspec(40_000, 103, [0] * 50)

    fault = await (await run_meter(ModbusMap.SUNSPEC)).fault()

    assert fault.code is FaultCode.PAYLOAD_INVALID
    assert "1, 103" in fault.detail


async def test_anything_unforeseen_is_a_fault_and_not_the_end() -> None:
    unit = MockModbusConnection().for_unit(UNIT_ID)
    unit.fail_requests(ZeroDivisionError("odd"))
    readings: asyncio.Queue[Reading] = asyncio.Queue()
    faults: asyncio.Queue[Fault] = asyncio.Queue()
    meter = Meter(
        meter_id="grid", name="Grid", circuit_id="main", endpoint=ModbusEndpoint(host="127.0.0.1", interval_s=0.05)
    )

    async def open_unit(_: ModbusEndpoint) -> ModbusUnit:
        return unit

    driver = ModbusMeter(meter, open_unit, on_reading=readings.put_nowait, on_fault=faults.put_nowait)
    await driver.start()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            assert "odd" in (await faults.get()).detail
            unit.fail_requests(None)
            unit.load_raw({"input": {str(address): word for address, word in sdm630().items()}})
            assert isinstance(await readings.get(), MeterReading)
    finally:
        await driver.stop()


async def test_stops_at_once_while_the_meter_is_silent_and_stops_twice(device: Device, run_meter: RunMeter) -> None:
    device.silent = True
    running = await run_meter()
    await device.request()

    async with asyncio.timeout(1):
        await running.meter.stop()
    await running.meter.stop()

    assert running.readings.empty()
    assert running.faults.empty()


async def test_meters_behind_one_address_share_a_connection(device: Device, run_meter: RunMeter) -> None:
    device.input = sdm630()

    one, other = await run_meter(), await run_meter()
    await one.reading()
    await other.reading()

    assert device.connections == 1


async def test_entity_meter_is_refused() -> None:
    meter = Meter(
        meter_id="grid",
        name="Grid",
        circuit_id="main",
        endpoint=EntityMeterEndpoint(power_entity_ids=("sensor.grid",)),
    )

    with pytest.raises(TypeError, match="grid is not on Modbus"):
        ModbusMeter(meter, TcpUnits().open, on_reading=lambda _: None, on_fault=lambda _: None)
