"""Modes, people's limits, the sun, and the times that spare the contactors."""

from __future__ import annotations

import math

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tidewatt.control import ControlSettings
from tidewatt.site import Charger, Mode, PerPhase, ReasonCode, Wish


def sunny_site(*chargers: Charger) -> Plant:
    """Return a plant behind a wide fuse with a one-phase vehicle at each charger."""
    return Plant(site(*chargers, fuse_a=63.0), {one.charger_id: Car(phases=len(one.phases)) for one in chargers})


def export(plant: Plant, current_a: float) -> None:
    """Let the roof feed `current_a` into L1 beyond what the house needs."""
    plant.house_a = lambda _: (-current_a, 0.0, 0.0)


def test_off_is_off_at_once_and_on_again_without_waiting() -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.run(20)
    plant.wishes["a"] = Wish(mode=Mode.OFF)
    plant.run(1)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (0, ReasonCode.MODE_OFF)
    plant.wishes["a"] = Wish(mode=Mode.FAST)
    plant.run(2)
    assert plant.current_a("a") == 6


@pytest.mark.parametrize(
    ("limit_a", "expected_a"), [(9.0, 9), (5.9, 0), (0.0, 0), (-3.0, 0), (40.0, 16), (math.nan, 0)]
)
def test_a_persons_limit_is_kept(limit_a: float, expected_a: float) -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.wishes["a"] = Wish(mode=Mode.FAST, limit_a=limit_a)
    plant.run(60)
    assert plant.current_a("a") == expected_a
    if limit_a != 40.0:
        assert plant.setpoint("a").reason.code is ReasonCode.USER_LIMIT


def test_a_lifted_limit_is_no_reason_any_more() -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.run(20)
    plant.wishes["a"] = Wish(mode=Mode.FAST, limit_a=0.0)
    plant.run(2)
    plant.wishes["a"] = Wish(mode=Mode.FAST)
    plant.run(1)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (0, ReasonCode.MINIMUM_TIME)


def test_wishes_replace_what_is_configured_but_never_exceed_it() -> None:
    plant = Plant(site(charger("a"), charger("b"), fuse_a=22.0), {"a": Car(), "b": Car()})
    plant.wishes = {
        "a": Wish(mode=Mode.FAST, maximum_a=32.0),
        "b": Wish(mode=Mode.FAST, minimum_a=8.0, weight=0.25),
    }
    plant.run(120)
    assert (plant.current_a("a"), plant.current_a("b")) == (12, 8)
    plant.cars["b"].plugged = False
    plant.run(60)
    assert plant.current_a("a") == 16


def test_solar_waits_for_the_sun_then_follows_it() -> None:
    plant = sunny_site(charger("a", phases=(0,), mode=Mode.SOLAR))
    export(plant, 3.0)
    plant.run(200)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (0, ReasonCode.NO_SOLAR)
    export(plant, 10.0)
    plant.run(50)
    assert plant.current_a("a") == 0
    plant.run(40)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (10, ReasonCode.SOLAR)


def test_solar_goes_on_at_the_minimum_through_a_cloud() -> None:
    plant = sunny_site(charger("a", phases=(0,), mode=Mode.SOLAR))
    export(plant, 10.0)
    plant.run(120)
    export(plant, 1.0)
    plant.run(10)
    assert plant.current_a("a") == 6
    plant.run(150)
    assert plant.current_a("a") == 6
    plant.run(60)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (0, ReasonCode.NO_SOLAR)


def test_solar_counts_the_surplus_of_all_phases_together() -> None:
    plant = sunny_site(charger("a", mode=Mode.SOLAR))
    plant.house_a = lambda _: (-30.0, 2.0, 4.0)
    plant.run(120)
    assert plant.current_a("a") == 8


def test_two_solar_chargers_share_the_sun_by_weight() -> None:
    plant = sunny_site(
        charger("a", phases=(0,), mode=Mode.SOLAR), charger("b", phases=(0,), mode=Mode.SOLAR, weight=2.0)
    )
    export(plant, 21.0)
    plant.run(180)
    assert (plant.current_a("a"), plant.current_a("b")) == (7, 14)


def test_a_fast_charger_does_not_count_as_sun() -> None:
    plant = sunny_site(charger("fast", phases=(1,)), charger("sun", phases=(0,), mode=Mode.SOLAR))
    export(plant, 12.0)
    plant.run(180)
    assert (plant.current_a("fast"), plant.current_a("sun")) == (16, 0)
    plant.wishes["fast"] = Wish(mode=Mode.OFF)
    plant.run(120)
    assert plant.current_a("sun") == 12


def test_minimum_plus_solar_always_charges() -> None:
    plant = sunny_site(charger("a", phases=(0,), mode=Mode.MIN_SOLAR))
    plant.run(60)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (6, ReasonCode.SOLAR)
    export(plant, 13.0)
    plant.run(60)
    assert plant.current_a("a") == 13
    export(plant, 0.0)
    plant.run(2)
    assert plant.current_a("a") == 6


def test_passing_clouds_do_not_wear_the_contactor() -> None:
    plant = sunny_site(charger("a", phases=(0,), mode=Mode.SOLAR))

    def clouds(now_s: float) -> PerPhase:
        """A new cloud every three minutes, under a sky that is bright for half an hour and dull for another."""
        bright = int(now_s / 1800) % 2 == 0
        return (-(14.0 if bright else 3.0) * (0.2 + abs(math.sin(now_s / 60))), 0.0, 0.0)

    plant.house_a = clouds
    plant.run(7200)
    assert 1 <= plant.cars["a"].starts <= 4


def test_the_current_holds_still_while_the_sun_flickers_within_a_step() -> None:
    plant = sunny_site(charger("a", phases=(0,), mode=Mode.SOLAR))
    plant.house_a = lambda now_s: (-10.2 + 0.5 * math.sin(now_s), 0.0, 0.0)
    plant.run(180)
    settled_s = plant.now_s
    plant.run(600)
    assert plant.changes("a", settled_s) == 0


def test_a_pause_by_overload_lasts_the_minimum_time_off() -> None:
    settings = ControlSettings(minimum_off_s=120.0)
    plant = Plant(site(charger("a")), {"a": Car()}, settings=settings)
    plant.run(30)
    plant.house_a = lambda _: (22.0, 2.0, 2.0)
    plant.run(5)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (0, ReasonCode.CIRCUIT)
    plant.house_a = lambda _: (2.0, 2.0, 2.0)
    plant.run(110)
    assert (plant.current_a("a"), plant.setpoint("a").reason.code) == (0, ReasonCode.MINIMUM_TIME)
    plant.run(20)
    assert plant.current_a("a") >= 6


def test_a_heavier_newcomer_does_not_displace_who_has_just_started() -> None:
    cars = {"a": Car(), "b": Car(plugged=False)}
    plant = Plant(site(charger("a"), charger("b", weight=3.0), fuse_a=12.0), cars)
    plant.run(20)
    cars["b"].plugged = True
    plant.run(30)
    assert plant.current_a("a") > 0
    assert plant.setpoint("b").reason.code is ReasonCode.BELOW_MINIMUM
    plant.run(60)
    assert plant.current_a("b") > 0
    assert cars["a"].stops == 1
