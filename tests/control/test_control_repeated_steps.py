"""A load that rises again while the chargers still answer to its last rise."""

from __future__ import annotations

import pytest

from tests.control.control_plant import Car, Plant, charger, site

FUSE_A = 60.0
STEP_A = 3.0
BEGIN_S = 1150.45
CALM_S = 150.0


def rising_house(gap_s: float, steps: int, *, report_s: float, reaction_s: float) -> Plant:
    """Return a plant of three busy chargers whose house load rose by `STEP_A` every `gap_s` seconds."""

    def house_a(now_s: float) -> tuple[float, float, float]:
        risen = min(steps, max(0, 1 + int((now_s - BEGIN_S) // gap_s)))
        load_a = 2.0 + STEP_A * risen
        return (load_a, load_a, load_a)

    names = ("one", "two", "three")
    chargers = [charger(name, maximum_a=32.0) for name in names]
    cars = {name: Car(report_s=report_s, reaction_s=reaction_s) for name in names}
    plant = Plant(site(*chargers, fuse_a=FUSE_A), cars, house_a=house_a)
    plant.run(CALM_S + steps * gap_s + 20)
    return plant


@pytest.mark.parametrize("report_s", [1.0, 3.0, 10.0, 60.0])
@pytest.mark.parametrize("gap_s", [2.0, 3.0, 5.0])
def test_each_step_is_absorbed_before_the_second_next_reading(report_s: float, gap_s: float) -> None:
    plant = rising_house(gap_s, steps=4, report_s=report_s, reaction_s=0.4)

    assert plant.worst_overload_s(FUSE_A) == 1


@pytest.mark.parametrize("report_s", [1.0, 60.0])
def test_a_load_that_rises_every_second_is_over_no_longer_than_it_rises(report_s: float) -> None:
    plant = rising_house(1.0, steps=4, report_s=report_s, reaction_s=0.4)

    assert plant.worst_overload_s(FUSE_A) <= 4


@pytest.mark.parametrize("reaction_s", [2.0, 4.0])
def test_slow_vehicles_are_given_their_time_once_and_not_paused(reaction_s: float) -> None:
    plant = rising_house(8.0, steps=4, report_s=3.0, reaction_s=reaction_s)

    assert plant.worst_overload_s(FUSE_A) <= reaction_s
    assert all(car.stops == 0 for car in plant.cars.values())
