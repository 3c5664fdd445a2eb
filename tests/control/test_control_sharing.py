"""Chargers share what the fuse has left: by weight, to a step, and nobody flickers."""

from __future__ import annotations

import math

import pytest

from tests.control.control_plant import Car, Plant, charger, meter, site
from tidewatt.site import Circuit, PerPhase, Phase, ReasonCode, Vehicle


def test_shares_follow_weights_to_a_step() -> None:
    plant = Plant(
        site(charger("a", maximum_a=32.0), charger("b", maximum_a=32.0, weight=2.0), fuse_a=35.0),
        {"a": Car(), "b": Car()},
    )
    plant.run(120)
    assert plant.current_a("a") == pytest.approx(33 / 3, abs=1)
    assert plant.current_a("b") == pytest.approx(2 * 33 / 3, abs=1)
    assert 34 < max(plant.grid_a()) <= 35


def test_each_charger_is_told_which_circuit_and_phase_bound_it() -> None:
    plant = Plant(site(charger("a"), charger("b")), {"a": Car(), "b": Car()}, house_a=lambda _: (2.0, 5.0, 3.0))
    plant.run(60)
    for charger_id in "ab":
        reason = plant.setpoint(charger_id).reason
        assert (reason.code, reason.circuit_id, reason.phase) == (ReasonCode.CIRCUIT, "main", Phase.L2)


def test_a_lone_charger_gets_its_maximum_and_says_so() -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.run(60)
    assert plant.current_a("a") == 16
    assert plant.setpoint("a").reason.code is ReasonCode.CHARGER_MAXIMUM


def test_increases_are_ramped_and_explained() -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    seen = []
    for _ in range(20):
        plant.run(1)
        seen.append((plant.current_a("a"), plant.setpoint("a").reason.code))
    currents = [current_a for current_a, _ in seen]
    assert sorted(set(currents)) == [6, 10, 14, 16]
    assert all(currents[k + 5] - currents[k] <= 4 for k in range(15))
    assert {code for current_a, code in seen if current_a < 16} == {ReasonCode.RAMP}


def test_a_newcomer_is_given_its_share_without_overload() -> None:
    cars = {"a": Car(), "b": Car(plugged=False)}
    plant = Plant(site(charger("a"), charger("b"), fuse_a=20.0), cars)
    plant.run(60)
    assert plant.current_a("a") == 16
    assert plant.setpoint("b").reason.code is ReasonCode.NOT_CONNECTED
    cars["b"].plugged = True
    plant.run(60)
    assert (plant.current_a("a"), plant.current_a("b")) == (9, 9)
    assert plant.worst_overload_s(20.0) == 0


def test_a_one_phase_vehicle_is_not_limited_by_other_phases() -> None:
    plant = Plant(
        site(charger("one"), charger("three")),
        {"one": Car(phases=1), "three": Car()},
        house_a=lambda _: (1.0, 17.0, 17.0),
    )
    plant.run(60)
    assert plant.current_a("three") == 8
    assert plant.current_a("one") == 16
    assert plant.setpoint("one").reason.code in {ReasonCode.CIRCUIT, ReasonCode.CHARGER_MAXIMUM}


def test_a_rotated_charger_counts_on_the_phases_it_is_wired_to() -> None:
    plant = Plant(
        site(
            charger("rotated", phases=(Phase.L2, Phase.L3, Phase.L1)),
            vehicles=(Vehicle(vehicle_id="zoe", name="Zoe", charger_id="rotated", phases=1),),
        ),
        {"rotated": Car(phases=1)},
        house_a=lambda _: (20.0, 15.0, 20.0),
    )
    plant.run(60)
    assert plant.current_a("rotated") == 10
    reason = plant.setpoint("rotated").reason
    assert (reason.circuit_id, reason.phase) == ("main", Phase.L2)


def test_a_sub_circuit_limits_only_what_hangs_on_it() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", import_limit_a=(16.0, 16.0, 16.0))
    plant = Plant(
        site(
            charger("a", circuit_id="garage"),
            charger("b", circuit_id="garage"),
            charger("yard"),
            fuse_a=50.0,
            circuits=(garage,),
        ),
        {"a": Car(), "b": Car(), "yard": Car()},
    )
    plant.run(60)
    assert (plant.current_a("a"), plant.current_a("b"), plant.current_a("yard")) == (8, 8, 16)
    assert plant.setpoint("a").reason.circuit_id == "garage"


def test_a_metered_sub_circuit_counts_its_other_loads() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", import_limit_a=(16.0, 16.0, 16.0))
    plant = Plant(
        site(
            charger("a", circuit_id="garage"),
            fuse_a=50.0,
            circuits=(garage,),
            meters=(meter(), meter("garage")),
        ),
        {"a": Car()},
    )
    plant.load_a["garage"] = lambda _: (0.0, 5.0, 0.0)
    plant.run(60)
    assert plant.current_a("a") == 11


def test_nothing_moves_once_nothing_changes() -> None:
    plant = Plant(
        site(charger("a"), charger("b", weight=2.0, step_a=0.1), charger("c", step_a=0.5), fuse_a=32.0),
        {"a": Car(), "b": Car(), "c": Car(phases=1, maximum_a=13.0)},
        house_a=lambda _: (3.3, 2.1, 7.7),
    )
    plant.run(180)
    settled_s = plant.now_s
    plant.run(1800)
    assert [plant.changes(charger_id, settled_s) for charger_id in "abc"] == [0, 0, 0]


def test_a_flickering_house_does_not_make_the_chargers_flicker() -> None:
    def house(now_s: float) -> PerPhase:
        """A fridge, a pump and a lamp that go on and off with periods that never meet."""
        return (5 + 0.3 * math.sin(now_s), 5 + 0.3 * math.sin(1.7 * now_s), 5 + 0.3 * math.sin(now_s / 3.1))

    plant = Plant(site(charger("a"), charger("b")), {"a": Car(), "b": Car()}, house_a=house)
    plant.run(120)
    settled_s = plant.now_s
    plant.run(1800)
    assert plant.changes("a", settled_s) + plant.changes("b", settled_s) < 60
    assert max(max(grid_a) for _, grid_a, _ in plant.log) < 25.6


def test_where_not_all_fit_they_take_turns_and_rarely_switch() -> None:
    cars = {"a": Car(), "b": Car()}
    plant = Plant(site(charger("a"), charger("b"), fuse_a=12.0), cars)
    plant.run(7200)
    assert 2 <= cars["a"].starts + cars["b"].starts <= 20
    assert cars["a"].starts
    assert cars["b"].starts
    assert plant.worst_overload_s(12.0) == 0


def test_currents_on_a_fine_grid_are_round_numbers() -> None:
    cars = {charger_id: Car() for charger_id in "abc"}
    chargers = [
        charger(charger_id, step_a=0.1, maximum_a=16.3, weight=weight)
        for charger_id, weight in zip("abc", (1.0, 1.3, 0.7), strict=True)
    ]
    plant = Plant(site(*chargers), cars, house_a=lambda now_s: (now_s % 7 * 0.37, 1.1, 0.3))
    told = set()
    for _ in range(120):
        plant.run(1)
        told |= {plant.current_a(charger_id) for charger_id in cars}
    assert len(told) > 5
    assert all(len(repr(current_a)) <= len("16.3") for current_a in told), told
