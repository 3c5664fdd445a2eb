"""Meters and vehicles made of other entities."""

from datetime import timedelta
import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.tidewatt.entity_sources import EntityMeter, EntitySoc
from tests.circuits import main_circuit
from tidewatt.site import EntityMeterEndpoint, Meter, MeterReading, ModbusEndpoint, Site, VehicleState

NOW_S = 1000.0
POWER = ("sensor.p1", "sensor.p2", "sensor.p3")
CURRENT = ("sensor.i1", "sensor.i2", "sensor.i3")


def site(phases: int = 3) -> Site:
    return Site(name="Site", phases=phases, voltage_v=230.0, circuits=(main_circuit(25, phases),))


class Follow:
    """A meter of entities and what it pushed."""

    def __init__(self, hass: HomeAssistant, endpoint: EntityMeterEndpoint, site: Site) -> None:
        self.readings: list[MeterReading] = []
        meter = Meter(meter_id="grid", name="Grid", circuit_id="main", endpoint=endpoint)
        self.meter = EntityMeter(hass, meter, site=site, push=self.readings.append, clock=lambda: NOW_S)


def show(hass: HomeAssistant, entity_id: str, value: float | str, unit: str) -> None:
    hass.states.async_set(entity_id, str(value), {"unit_of_measurement": unit}, force_update=True)


async def started(hass: HomeAssistant, endpoint: EntityMeterEndpoint, where: Site) -> Follow:
    follow = Follow(hass, endpoint, where)
    await follow.meter.start()
    return follow


async def test_powers_become_signed_currents(hass: HomeAssistant) -> None:
    for entity_id, power_w in zip(POWER, (2300, -460, 0), strict=True):
        show(hass, entity_id, power_w, "W")

    follow = await started(hass, EntityMeterEndpoint(power_entity_ids=POWER), site())

    (reading,) = follow.readings
    assert reading.current_a == (10.0, -2.0, 0.0)
    assert reading.power_w == (2300.0, -460.0, 0.0)


async def test_one_total_counts_in_full_on_every_phase_and_keeps_its_sum(hass: HomeAssistant) -> None:
    show(hass, "sensor.total", 6.9, "kW")

    follow = await started(hass, EntityMeterEndpoint(power_entity_ids=("sensor.total",)), site())

    (reading,) = follow.readings
    assert reading.current_a == (30.0, 30.0, 30.0)
    assert reading.power_w is not None
    assert sum(reading.power_w) == pytest.approx(6900)


async def test_one_phase_leaves_the_others_at_zero(hass: HomeAssistant) -> None:
    show(hass, "sensor.total", 2300, "W")

    follow = await started(hass, EntityMeterEndpoint(power_entity_ids=("sensor.total",)), site(phases=1))

    assert follow.readings[0].current_a == (10.0, 0.0, 0.0)
    assert follow.readings[0].power_w == (2300.0, 0.0, 0.0)


async def test_currents_are_taken_as_they_are(hass: HomeAssistant) -> None:
    for entity_id, current_a in zip(CURRENT, (1.5, -2.0, 3.0), strict=True):
        show(hass, entity_id, current_a, "A")

    follow = await started(hass, EntityMeterEndpoint(current_entity_ids=CURRENT), site())

    assert follow.readings[0].current_a == (1.5, -2.0, 3.0)
    assert follow.readings[0].power_w is None


@pytest.mark.parametrize("lost", ["unavailable", "unknown", "much"])
async def test_while_one_entity_cannot_be_read_there_is_no_reading(hass: HomeAssistant, lost: str) -> None:
    for entity_id in CURRENT:
        show(hass, entity_id, 1, "A")
    follow = await started(hass, EntityMeterEndpoint(current_entity_ids=CURRENT), site())
    follow.readings.clear()

    show(hass, CURRENT[1], lost, "A")
    show(hass, CURRENT[0], 2, "A")
    await hass.async_block_till_done()
    assert follow.readings == []

    show(hass, CURRENT[1], 5, "A")
    await hass.async_block_till_done()
    assert follow.readings[-1].current_a == (2.0, 5.0, 1.0)


async def test_a_reading_is_as_old_as_the_oldest_entity_in_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    for entity_id in CURRENT:
        show(hass, entity_id, 1, "A")
    follow = await started(hass, EntityMeterEndpoint(current_entity_ids=CURRENT), site())

    freezer.tick(timedelta(seconds=7))
    show(hass, CURRENT[0], 2, "A")
    await hass.async_block_till_done()

    assert follow.readings[-1].at_s == pytest.approx(NOW_S - 7)


async def test_a_repeated_value_is_a_new_reading(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    show(hass, "sensor.total", 2300, "W")
    follow = await started(hass, EntityMeterEndpoint(power_entity_ids=("sensor.total",)), site())
    freezer.tick(timedelta(seconds=7))

    hass.states.async_set("sensor.total", "2300", {"unit_of_measurement": "W"})
    await hass.async_block_till_done()

    assert follow.readings[-1].at_s == NOW_S
    assert len(follow.readings) == 2


async def test_nothing_is_pushed_after_the_stop(hass: HomeAssistant) -> None:
    show(hass, "sensor.total", 2300, "W")
    follow = await started(hass, EntityMeterEndpoint(power_entity_ids=("sensor.total",)), site())
    await follow.meter.stop()
    await follow.meter.stop()

    show(hass, "sensor.total", 0, "W")
    await hass.async_block_till_done()

    assert len(follow.readings) == 1


async def test_a_state_of_charge_that_disappears_is_unknown(hass: HomeAssistant) -> None:
    states: list[VehicleState] = []
    show(hass, "sensor.soc", 80, "%")
    source = EntitySoc(hass, "zoe", "sensor.soc", states.append, lambda: NOW_S)
    await source.start()

    hass.states.async_remove("sensor.soc")
    await hass.async_block_till_done()
    await source.stop()

    assert [state.soc_pct for state in states] == [80.0, None]


def test_a_meter_of_another_kind_is_refused(hass: HomeAssistant) -> None:
    meter = Meter(meter_id="grid", name="Grid", circuit_id="main", endpoint=ModbusEndpoint(host="meter"))

    with pytest.raises(TypeError, match="grid"):
        EntityMeter(hass, meter, site=site(), push=print, clock=lambda: NOW_S)


async def test_losing_and_finding_an_entity_is_logged_once(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="custom_components.tidewatt.entity_sources")
    show(hass, "sensor.total", 2300, "W")
    await started(hass, EntityMeterEndpoint(power_entity_ids=("sensor.total",)), site())

    for value in ("unavailable", "unknown", "2300", "2400"):
        show(hass, "sensor.total", value, "W")
        await hass.async_block_till_done()

    said = [record.getMessage() for record in caplog.records if record.name.endswith("entity_sources")]
    assert [("cannot" in message) for message in said] == [True, False]
