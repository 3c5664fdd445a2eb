"""Trying a meter before it is saved."""

from modbus_connection import ModbusConnectionError, ModbusExceptionError
import pytest

from tests.drivers_modbus.conftest import UNIT_ID, Device
from tests.drivers_modbus.meter_registers import float_body, integer_body, sdm630, sunspec
from tidewatt.drivers.modbus import MeterReadError, TcpUnits, probe
from tidewatt.site import ModbusEndpoint, ModbusMap


def _endpoint(device: Device) -> ModbusEndpoint:
    return ModbusEndpoint(host="127.0.0.1", port=device.port, unit_id=UNIT_ID)


async def test_sdm630_shows_its_currents(device: Device, units: TcpUnits) -> None:
    device.input = sdm630()

    identity = await probe(await units.open(_endpoint(device)), ModbusMap.SDM630)

    assert identity.model == "Eastron SDM630"
    assert identity.reading.current_a == pytest.approx((1.5, 2.5, 3.5))


@pytest.mark.parametrize(("model_id", "body"), [(203, integer_body()), (213, float_body())])
async def test_sunspec_meter_says_who_it_is(device: Device, units: TcpUnits, model_id: int, body: list[int]) -> None:
    device.holding = sunspec(40_000, model_id, body)

    identity = await probe(await units.open(_endpoint(device)), ModbusMap.SUNSPEC)

    assert (identity.manufacturer, identity.model, identity.serial) == ("Maker", "Model 3", "SN-42")


async def test_float_model_is_preferred_where_a_meter_has_both(device: Device, units: TcpUnits) -> None:
    device.holding = sunspec(
        40_000, 203, integer_body(current=(1, 1, 1)), before=[(213, float_body(current=(7.25, 8.25, 9.25)))]
    )

    identity = await probe(await units.open(_endpoint(device)), ModbusMap.SUNSPEC)

    assert identity.reading.current_a == pytest.approx((7.25, -8.25, 9.25))


async def test_meter_that_does_not_say_who_it_is_is_named_by_its_model(device: Device, units: TcpUnits) -> None:
    body = integer_body()
    device.put(device.holding, 40_000, [0x5375, 0x6E53, 203, len(body), *body, 0xFFFF, 0])

    identity = await probe(await units.open(_endpoint(device)), ModbusMap.SUNSPEC)

    assert (identity.manufacturer, identity.model, identity.serial) == (None, "SunSpec model 203", None)


async def test_wrong_map_is_refused(device: Device, units: TcpUnits) -> None:
    device.holding = sunspec(40_000, 203, integer_body())

    with pytest.raises(ModbusExceptionError):
        await probe(await units.open(_endpoint(device)), ModbusMap.SDM630)


async def test_no_sunspec_device_is_refused(device: Device, units: TcpUnits) -> None:
    device.input = sdm630()

    with pytest.raises(MeterReadError, match="40000, 50000, 0"):
        await probe(await units.open(_endpoint(device)), ModbusMap.SUNSPEC)


async def test_nobody_there_is_refused(device: Device, units: TcpUnits) -> None:
    await device.close()

    with pytest.raises(ModbusConnectionError, match="could not connect"):
        await probe(await units.open(_endpoint(device)), ModbusMap.SDM630)
