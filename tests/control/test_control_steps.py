"""A step of the house load is absorbed before the second next meter reading, whatever was in flight."""

from __future__ import annotations

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tidewatt.site import PerPhase, ReasonCode

FUSE_A = 25.0


def step_at(plant: Plant, at_s: float, low_a: float, high_a: float) -> None:
    """Let the house draw `high_a` on L1 from `at_s` on, and `low_a` before and on the other phases."""

    def house(now_s: float) -> PerPhase:
        return (high_a if now_s >= at_s - 1e-6 else low_a, low_a, low_a)

    plant.house_a = house


@pytest.mark.parametrize("offset_s", [0.1, 0.4, 0.7, 1.0])
def test_a_step_in_steady_state_is_absorbed_exactly(offset_s: float) -> None:
    plant = Plant(site(charger("a", maximum_a=32.0), fuse_a=32.0), {"a": Car()})
    plant.run(120)
    assert plant.current_a("a") == 30
    step_at(plant, plant.now_s + offset_s, 2.0, 17.0)
    plant.run(1)
    assert plant.current_a("a") == 15
    plant.run(1)
    assert max(plant.grid_a()) <= 32.0
    plant.run(30)
    assert plant.current_a("a") == 15
    assert plant.worst_overload_s(32.0) == 1


@pytest.mark.parametrize("report_s", [1.0, 5.0, 10.0])
@pytest.mark.parametrize("tenths", range(0, 120, 7))
def test_a_step_at_any_moment_of_a_ramp_is_absorbed(tenths: int, report_s: float) -> None:
    """The ramp of a fresh start takes about fifteen seconds, so raises are in flight at most of these moments."""
    cars = {"a": Car(report_s=report_s), "b": Car(report_s=report_s, phases=1, reaction_s=0.5)}
    plant = Plant(site(charger("a"), charger("b", weight=2.0), fuse_a=32.0), cars)
    plant.run(4)
    step_at(plant, plant.now_s + tenths / 10, 2.0, 17.0)
    plant.run(60)
    assert plant.worst_overload_s(32.0) <= 1
    assert all(car.stops == 0 for car in cars.values())
    assert max(plant.grid_a()) > 31


def test_a_step_that_leaves_less_than_the_minimum_pauses_and_comes_back_by_itself() -> None:
    cars = {"a": Car(), "b": Car()}
    plant = Plant(site(charger("a"), charger("b")), cars)
    plant.run(60)
    step_at(plant, plant.now_s + 0.3, 2.0, 22.0)
    plant.run(1)
    for charger_id in "ab":
        setpoint = plant.setpoint(charger_id)
        assert setpoint.current_a == 0
        assert setpoint.reason.code is ReasonCode.CIRCUIT
        assert setpoint.reason.circuit_id == "main"
    plant.run(10)
    plant.house_a = lambda _: (2.0, 2.0, 2.0)
    plant.run(20)
    assert {plant.setpoint(charger_id).reason.code for charger_id in "ab"} == {ReasonCode.MINIMUM_TIME}
    plant.run(60)
    assert plant.current_a("a") + plant.current_a("b") == 23
    assert [car.stops for car in cars.values()] == [1, 1]
    assert plant.worst_overload_s(FUSE_A) == 1


def test_what_one_phase_lacks_is_taken_only_from_who_uses_it() -> None:
    plant = Plant(site(charger("one", phases=(2,)), charger("three")), {"one": Car(phases=1), "three": Car()})
    plant.run(120)
    before_a = plant.current_a("one")
    step_at(plant, plant.now_s + 0.5, 2.0, 15.0)
    plant.run(5)
    assert plant.current_a("one") >= before_a
    assert plant.current_a("three") == 10


def test_a_lasting_overload_that_no_charger_causes_is_reported() -> None:
    plant = Plant(site(charger("a")), {"a": Car()}, house_a=lambda _: (30.0, 2.0, 2.0))
    plant.run(30)
    assert plant.decision is not None
    assert plant.decision.circuits[0].overloaded == (True, False, False)
    faults = [fault for fault in plant.decision.faults if fault.code == "OVERLOAD"]
    assert [fault.subject_id for fault in faults] == ["main"]
    assert "L1 carries 30.0 A of 25 A" in faults[0].detail


def test_two_thousand_seconds_of_random_steps_are_absorbed_one_by_one() -> None:
    cars = {"a": Car(), "b": Car(phases=1, reaction_s=0.5), "c": Car(report_s=5.0)}
    plant = Plant(site(charger("a"), charger("b"), charger("c", weight=0.5), fuse_a=40.0), cars)
    levels = [2.0, 17.0, 9.0, 24.0, 4.0, 12.0, 27.0, 3.0]

    def house(now_s: float) -> PerPhase:
        step = int(now_s / 23.7)
        return (levels[step % 8], levels[(step * 3) % 8], levels[(step // 2) % 8])

    plant.house_a = house
    plant.run(2000)
    assert plant.worst_overload_s(40.0) <= 1
