"""What control learns of vehicles, and what it does about those that do not do as they are told."""

from __future__ import annotations

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tidewatt.site import Fault, FaultCode, ReasonCode, Vehicle


def charger_faults(plant: Plant, code: FaultCode) -> list[Fault]:
    assert plant.decision is not None
    return [fault for fault in plant.decision.faults if fault.code is code]


def test_what_a_vehicle_does_not_take_goes_to_the_others() -> None:
    plant = Plant(site(charger("small"), charger("big")), {"small": Car(maximum_a=7.0), "big": Car()})
    plant.run(120)
    assert plant.current_a("small") == 9
    assert plant.setpoint("small").reason.code is ReasonCode.VEHICLE
    assert plant.current_a("big") == 14
    settled_s = plant.now_s
    plant.run(600)
    assert plant.changes("small", settled_s) == 0


def test_a_vehicle_that_wants_more_again_gets_more_again() -> None:
    car = Car(maximum_a=8.0)
    plant = Plant(site(charger("a")), {"a": car})
    plant.run(120)
    assert plant.current_a("a") == 10
    car.maximum_a = 32.0
    plant.run(120)
    assert plant.current_a("a") == 16
    assert plant.setpoint("a").reason.code is ReasonCode.CHARGER_MAXIMUM


def test_a_configured_vehicle_limit_binds_at_once() -> None:
    vehicle = Vehicle(vehicle_id="zoe", name="Zoe", charger_id="a", maximum_a=10.0)
    plant = Plant(site(charger("a"), vehicles=(vehicle,)), {"a": Car()})
    plant.run(60)
    assert plant.current_a("a") == 10
    assert plant.setpoint("a").reason.code is ReasonCode.VEHICLE


def test_nothing_is_kept_for_a_vehicle_whose_session_is_over() -> None:
    car = Car()
    plant = Plant(site(charger("a"), charger("b"), fuse_a=17.0), {"a": car, "b": Car()})
    plant.run(60)
    car.finished = True
    plant.run(60)
    assert (plant.current_a("a"), plant.current_a("b")) == (0, 15)
    assert plant.setpoint("a").reason.code is ReasonCode.VEHICLE
    car.finished = False
    plant.run(15)
    assert plant.current_a("a") >= 6
    assert plant.worst_overload_s(17.0) == 0


def test_a_full_vehicle_is_offered_the_minimum_so_that_it_can_wake() -> None:
    car = Car()
    plant = Plant(site(charger("a"), charger("b"), fuse_a=20.0), {"a": car, "b": Car()})
    plant.run(60)
    car.wants = False
    plant.run(60)
    assert plant.current_a("a") == 6
    assert plant.setpoint("a").reason.code is ReasonCode.VEHICLE
    assert plant.current_a("b") == 12
    car.wants = True
    plant.run(60)
    assert (plant.current_a("a"), plant.current_a("b")) == (9, 9)
    assert plant.worst_overload_s(20.0) == 0


def test_phases_are_assumed_until_seen_and_forgotten_at_unplugging() -> None:
    car = Car(phases=1)
    plant = Plant(site(charger("a")), {"a": car}, house_a=lambda _: (2.0, 15.0, 2.0))
    plant.run(4)
    assert plant.current_a("a") <= 10
    plant.run(60)
    assert plant.current_a("a") == 16
    car.plugged = False
    plant.run(10)
    car.plugged, car.phases = True, 3
    plant.run(60)
    assert plant.current_a("a") == 10
    assert plant.worst_overload_s(25.0) == 0


def test_a_vehicle_that_ignores_its_limit_is_reported_and_the_others_make_room() -> None:
    car = Car(maximum_a=16.0)
    plant = Plant(site(charger("bad"), charger("good"), fuse_a=24.0), {"bad": car, "good": Car()})
    plant.run(60)
    assert (plant.current_a("bad"), plant.current_a("good")) == (11, 11)
    car.obeys = False
    plant.run(20)
    (fault,) = charger_faults(plant, FaultCode.CURRENT_DEVIATION)
    assert fault.subject_id == "bad"
    assert "draws 16.0 A although it was told 11 A" in fault.detail
    assert plant.current_a("good") == 6
    assert max(plant.grid_a()) <= 24
    car.obeys = True
    plant.run(120)
    assert not charger_faults(plant, FaultCode.CURRENT_DEVIATION)
    assert (plant.current_a("bad"), plant.current_a("good")) == (11, 11)


def test_a_disobedient_vehicle_that_does_not_fit_is_told_to_pause() -> None:
    car = Car(maximum_a=16.0)
    plant = Plant(site(charger("bad")), {"bad": car})
    plant.run(60)
    car.obeys = False
    plant.house_a = lambda _: (12.0, 12.0, 12.0)
    plant.run(30)
    assert plant.current_a("bad") <= 13
    plant.house_a = lambda _: (22.0, 12.0, 12.0)
    plant.run(30)
    assert plant.current_a("bad") == 0


def test_an_offline_charger_keeps_its_last_current_reserved_and_its_safe_current_later() -> None:
    car = Car()
    plant = Plant(site(charger("away"), charger("here"), fuse_a=26.0), {"away": car, "here": Car()})
    plant.run(60)
    assert (plant.current_a("away"), plant.current_a("here")) == (12, 12)
    car.online = False
    plant.run(30)
    setpoint = plant.setpoint("away")
    assert (setpoint.current_a, setpoint.reason.code) == (0, ReasonCode.UNAVAILABLE)
    (fault,) = charger_faults(plant, FaultCode.CHARGER_UNREACHABLE)
    assert (fault.subject_id, "12 A are set aside" in fault.detail) == ("away", True)
    assert plant.current_a("here") == 12
    car.follows_a = 6.0
    plant.run(120)
    assert plant.current_a("here") == 16
    car.online = True
    plant.run(60)
    assert (plant.current_a("away"), plant.current_a("here")) == (12, 12)
    assert plant.worst_overload_s(26.0) == 0


def test_a_charger_that_was_never_heard_of_is_reported_and_gets_nothing() -> None:
    plant = Plant(site(charger("ghost"), charger("real")), {"real": Car()})
    plant.run(60)
    assert plant.setpoint("ghost").reason.code is ReasonCode.UNAVAILABLE
    assert [fault.subject_id for fault in charger_faults(plant, FaultCode.CHARGER_UNREACHABLE)] == ["ghost"]
    assert plant.current_a("real") == 16


def test_a_charger_without_measurements_is_reckoned_with_at_its_setpoint() -> None:
    cars = {"blind": Car(reports=False), "b": Car()}
    plant = Plant(site(charger("blind"), charger("b")), cars)
    plant.run(300)
    assert sorted((plant.current_a("blind"), plant.current_a("b"))) == [11, 12]
    plant.house_a = lambda _: (9.0, 2.0, 2.0)
    plant.run(60)
    assert max(plant.grid_a()) <= 25
    assert plant.worst_overload_s(25.0) <= 1


@pytest.mark.parametrize("reaction_s", [0.3, 1.5, 3.0])
def test_slow_chargers_do_not_make_it_oscillate(reaction_s: float) -> None:
    cars = {"a": Car(reaction_s=reaction_s), "b": Car(reaction_s=reaction_s, report_s=10.0)}
    plant = Plant(site(charger("a"), charger("b", weight=2.0)), cars)
    plant.run(200)
    settled_s = plant.now_s
    plant.run(600)
    assert plant.changes("a", settled_s) == plant.changes("b", settled_s) == 0
    assert plant.worst_overload_s(25.0) == 0


def test_a_charger_that_comes_back_after_a_restart_is_not_paused_before_it_is_measured() -> None:
    cars = {"a": Car(report_s=5.0), "b": Car(report_s=5.0)}
    plant = Plant(site(charger("a"), charger("b")), cars)
    plant.run(60)
    for car in cars.values():
        car.online = False
    silent = plant.meters.pop("main-meter")
    plant.silent_meters.add(silent.meter_id)
    plant.run(1)
    plant.silent_meters.clear()
    for car in cars.values():
        plant.run(2)
        car.online = True
        car.next_report_s = plant.now_s + 5.0
    plant.run(60)
    assert all((car.starts, car.stops) == (1, 0) for car in cars.values())
    assert plant.worst_overload_s(25.0) == 0


def test_a_vehicle_that_ignores_its_limit_is_paused_when_nobody_else_can_end_the_overload() -> None:
    bad = Car()
    house_a = [2.0]
    plant = Plant(
        site(charger("bad"), charger("good"), fuse_a=20.0),
        {"bad": bad, "good": Car()},
        house_a=lambda _: (house_a[0], 2.0, 2.0),
    )
    plant.run(60)
    bad.obeys, bad.maximum_a = False, 16.0
    house_a[0] = 8.0
    plant.run(4)
    assert plant.current_a("bad") == 9, "first the others make room"
    plant.run(2)
    assert (plant.current_a("bad"), plant.setpoint("bad").reason.code) == (0, ReasonCode.CIRCUIT)
    bad.obeys = True
    plant.run(5)
    assert max(plant.grid_a()) <= 20
    house_a[0] = 2.0
    plant.run(45)
    assert plant.current_a("bad") == 0, "a pause lasts a while"
    plant.run(60)
    assert (plant.current_a("bad"), plant.current_a("good")) == (9, 9)
