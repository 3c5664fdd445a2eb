"""Discharging takes every permission there is; each one that lacks has its reason, and most a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
import math

import pytest

from tests.circuits import main_circuit
from tests.control.control_plant import Car, Plant, charger, meter, site
from tidewatt.control.wishes import check_wish
from tidewatt.site import (
    Charger,
    Circuit,
    DischargeWish,
    EntityMeterEndpoint,
    FaultCode,
    LinkQuality,
    Mode,
    ReasonCode,
    SiteError,
    Vehicle,
    VehicleState,
    Wish,
)

STATION = charger("a", discharge_maximum_a=16.0)
KNOWN = Vehicle(vehicle_id="v", name="V", charger_id="a", battery_capacity_wh=60_000.0, minimum_soc_pct=30.0)


def wished(until_soc_pct: float | None = None) -> Wish:
    return Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=11_040.0, until_soc_pct=until_soc_pct))


def discharging(vehicle: Vehicle | None = KNOWN, *, soc_pct: float = 60.0) -> Plant:
    """Return a plant whose vehicle gives back 16 A into a connection that takes them."""
    root = replace(main_circuit(25.0), export_limit_a=(25.0, 25.0, 25.0))
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", import_limit_a=(20.0, 20.0, 20.0))
    of = site(STATION, circuits=(garage,), meters=(meter(), meter("garage")), vehicles=(vehicle,) if vehicle else ())
    running = Plant(replace(of, circuits=(root, garage)), {"a": Car(gives_a=16.0, stored_wh=600 * soc_pct)})
    running.wishes["a"] = wished()
    running.run(50)
    assert running.current_a("a") == -16
    assert fault_codes(running) == []
    return running


def fault_codes(of: Plant) -> list[FaultCode]:
    assert of.decision is not None
    return [fault.code for fault in of.decision.faults]


def outcome(of: Plant) -> tuple[float, ReasonCode]:
    setpoint = of.setpoint("a")
    return setpoint.current_a, setpoint.reason.code


def _withdraw_agreement(of: Plant) -> None:
    of.cars["a"].gives_a = None


def _absurd_agreement(of: Plant) -> None:
    of.cars["a"].gives_a = math.nan


def _withdraw_configuration(of: Plant) -> None:
    of.site = replace(of.site, chargers=(replace(STATION, discharge_maximum_a=0.0),))


def _slow_link(of: Plant) -> None:
    of.cars["a"].link = LinkQuality(round_trip_s=1.1)


def _lossy_link(of: Plant) -> None:
    of.cars["a"].link = LinkQuality(round_trip_s=0.1, loss=0.21)


def _unknown_link(of: Plant) -> None:
    of.cars["a"].link = None


def _absurd_link(of: Plant) -> None:
    of.cars["a"].link = LinkQuality(round_trip_s=math.nan)


def _no_soc(of: Plant) -> None:
    of.cars["a"].tells_soc = False


def _empty(of: Plant) -> None:
    of.cars["a"].stored_wh = 0.30 * 60_000


@pytest.mark.parametrize(
    ("lose", "reason", "fault"),
    [
        (_withdraw_agreement, ReasonCode.DISCHARGE_NOT_AGREED, FaultCode.BIDIRECTIONAL_UNSUPPORTED),
        (_absurd_agreement, ReasonCode.DISCHARGE_NOT_AGREED, FaultCode.BIDIRECTIONAL_UNSUPPORTED),
        (_withdraw_configuration, ReasonCode.DISCHARGE_NOT_AGREED, FaultCode.BIDIRECTIONAL_UNSUPPORTED),
        (_slow_link, ReasonCode.LINK_POOR, FaultCode.LATENCY_OVER_BUDGET),
        (_lossy_link, ReasonCode.LINK_POOR, FaultCode.LATENCY_OVER_BUDGET),
        (_unknown_link, ReasonCode.LINK_POOR, FaultCode.LATENCY_OVER_BUDGET),
        (_absurd_link, ReasonCode.LINK_POOR, FaultCode.LATENCY_OVER_BUDGET),
        (_no_soc, ReasonCode.SOC_UNKNOWN, FaultCode.BMS_TIMEOUT),
        (_empty, ReasonCode.BATTERY_FLOOR, FaultCode.BATTERY_LOWER_LIMIT),
    ],
)
def test_what_is_taken_away_ends_the_discharge_with_its_reason_and_fault(
    lose: Callable[[Plant], None], reason: ReasonCode, fault: FaultCode
) -> None:
    running = discharging()
    lose(running)
    running.run(5)
    assert outcome(running) == (0, reason)
    assert fault in fault_codes(running)
    running.run(60)
    assert running.current_a("a") == 0, "a charger that is to discharge and may not does not charge"


@pytest.mark.parametrize("silent", ["main-meter", "garage-meter"])
def test_any_lost_meter_ends_the_discharge(silent: str) -> None:
    running = discharging()
    running.silent_meters.add(silent)
    running.run(15)
    assert outcome(running) == (0, ReasonCode.FAIL_SAFE)
    running.silent_meters.clear()
    running.run(40)
    assert running.current_a("a") == -16


def test_a_charger_that_is_not_measured_does_not_discharge() -> None:
    running = discharging()
    running.cars["a"].reports = False
    running.run(100)
    assert outcome(running) == (0, ReasonCode.UNMEASURED)


def test_a_total_that_cannot_tell_the_phases_apart_is_not_enough() -> None:
    running = discharging()
    total = replace(meter(), endpoint=EntityMeterEndpoint(power_entity_ids=("sensor.total",)))
    running.site = replace(running.site, meters=(total, meter("garage")))
    running.run(2)
    assert outcome(running) == (0, ReasonCode.UNMEASURED)
    assert running.setpoint("a").reason.circuit_id == "main"


def test_a_meter_that_is_read_rarely_is_not_enough() -> None:
    running = discharging()
    slow = replace(meter(), tolerance_s=60.0)
    running.site = replace(running.site, meters=(slow, meter("garage")))
    for _ in range(4):
        running.silent_meters.add("main-meter")
        running.run(28)
        assert outcome(running) == (0, ReasonCode.UNMEASURED)
        running.silent_meters.clear()
        running.run(2)
        assert running.current_a("a") == 0
    running.run(80)
    assert running.current_a("a") == -16


def test_less_than_the_vehicle_can_give_is_a_rest() -> None:
    running = discharging()
    running.cars["a"].gives_least_a = 4.5
    running.wishes["a"] = Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=3600.0))
    running.run(5)
    assert running.current_a("a") == -5
    running.wishes["a"] = Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=3000.0))
    running.run(5)
    assert outcome(running) == (0, ReasonCode.DISCHARGE)


def test_no_vehicle_and_no_station_is_told_to_discharge() -> None:
    running = discharging()
    running.cars["a"].plugged = False
    running.run(2)
    assert outcome(running) == (0, ReasonCode.NOT_CONNECTED)


def test_no_wish_is_no_discharge() -> None:
    running = discharging()
    running.wishes["a"] = Wish(mode=Mode.OFF)
    running.run(1)
    assert running.current_a("a") == 0


@pytest.mark.parametrize("vehicle", [None, KNOWN])
def test_a_battery_is_never_taken_below_its_floor(vehicle: Vehicle | None) -> None:
    floor_pct = 20.0 if vehicle is None else 30.0
    running = discharging(vehicle, soc_pct=floor_pct + 2.0)
    running.run(600)
    assert outcome(running) == (0, ReasonCode.BATTERY_FLOOR)
    assert FaultCode.BATTERY_LOWER_LIMIT in fault_codes(running)
    assert floor_pct <= running.cars["a"].soc_pct < floor_pct + 0.6


def test_a_floor_holds_also_with_a_state_of_charge_that_is_told_rarely() -> None:
    running = discharging(soc_pct=31.0)
    running.cars["a"].report_s = 80.0
    running.run(900)
    assert running.current_a("a") == 0
    assert running.cars["a"].soc_pct >= 30.0


def test_a_battery_at_its_floor_has_to_recover_before_it_is_taken_from_again() -> None:
    running = discharging()
    running.cars["a"].stored_wh = 0.30 * 60_000
    running.run(5)
    running.cars["a"].stored_wh = 0.319 * 60_000
    running.run(30)
    assert outcome(running) == (0, ReasonCode.BATTERY_FLOOR)
    running.cars["a"].stored_wh = 0.33 * 60_000
    running.run(30)
    assert running.current_a("a") < 0


def test_a_discharge_ends_where_it_was_to_end() -> None:
    running = discharging()
    running.wishes["a"] = wished(until_soc_pct=59.0)
    running.run(300)
    assert outcome(running) == (0, ReasonCode.SOC_REACHED)
    assert fault_codes(running) == []
    assert 59.0 <= running.cars["a"].soc_pct < 59.6


def test_no_wish_reaches_below_the_vehicles_floor() -> None:
    running = discharging(soc_pct=31.0)
    running.wishes["a"] = wished(until_soc_pct=5.0)
    running.run(300)
    assert outcome(running) == (0, ReasonCode.BATTERY_FLOOR)
    assert running.cars["a"].soc_pct >= 30.0


def test_of_two_states_of_charge_the_lower_one_counts() -> None:
    running = discharging()
    running.vehicles["v"] = VehicleState(vehicle_id="v", at_s=running.now_s, soc_pct=29.0)
    running.run(2)
    assert outcome(running) == (0, ReasonCode.BATTERY_FLOOR)


@pytest.mark.parametrize(
    ("age_s", "soc_pct"), [(901.0, 80.0), (0.0, None), (0.0, math.nan), (0.0, 140.0), (math.nan, 80.0)]
)
def test_an_old_or_absurd_state_of_charge_is_none(age_s: float, soc_pct: float | None) -> None:
    running = discharging()
    running.cars["a"].tells_soc = False
    running.vehicles["v"] = VehicleState(vehicle_id="v", at_s=running.now_s - age_s, soc_pct=soc_pct)
    running.run(5)
    assert outcome(running) == (0, ReasonCode.SOC_UNKNOWN)


def test_an_entity_alone_may_tell_the_state_of_charge() -> None:
    running = discharging()
    running.cars["a"].tells_soc = False
    running.vehicles["v"] = VehicleState(vehicle_id="v", at_s=running.now_s, soc_pct=60.0)
    running.run(30)
    assert running.current_a("a") == -16


def test_a_link_has_to_be_clearly_good_again() -> None:
    running = discharging()
    for round_trip_s, expected in ((1.01, ReasonCode.LINK_POOR), (0.95, ReasonCode.LINK_POOR)):
        running.cars["a"].link = LinkQuality(round_trip_s=round_trip_s)
        running.run(20)
        assert outcome(running) == (0, expected)
    running.cars["a"].link = LinkQuality(round_trip_s=0.75)
    running.run(30)
    assert running.current_a("a") < 0
    running.cars["a"].link = LinkQuality(round_trip_s=0.95)
    running.run(10)
    assert running.current_a("a") < 0


def test_a_power_too_small_to_be_told_is_a_rest() -> None:
    running = discharging()
    running.wishes["a"] = Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=600.0))
    running.run(5)
    assert outcome(running) == (0, ReasonCode.DISCHARGE)


@pytest.mark.parametrize(
    ("station", "discharge", "field"),
    [
        (charger("a"), DischargeWish(power_w=3000.0), "power_w"),
        (STATION, DischargeWish(power_w=0.0), "power_w"),
        (STATION, DischargeWish(power_w=math.nan), "power_w"),
        (STATION, DischargeWish(power_w=-3000.0), "power_w"),
        (STATION, DischargeWish(power_w=3000.0, until_soc_pct=101.0), "until_soc_pct"),
        (STATION, DischargeWish(power_w=3000.0, until_soc_pct=math.nan), "until_soc_pct"),
    ],
)
def test_what_cannot_be_wished_is_refused_by_field(station: Charger, discharge: DischargeWish, field: str) -> None:
    with pytest.raises(SiteError) as refused:
        check_wish(station, Wish(mode=Mode.FAST, discharge=discharge))
    assert refused.value.field == f"wishes.a.discharge.{field}"
