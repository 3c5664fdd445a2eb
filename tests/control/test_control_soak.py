"""Hours of everything at once: vehicles come, go and sleep, the house and the sun step about, reports are late."""

from __future__ import annotations

import random

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tidewatt.site import Mode


@pytest.mark.parametrize("seed", range(8))
def test_no_overload_outlives_the_reaction_to_it(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same events in every run, nothing secret
    names = "abcdef"[: chance.randint(2, 6)]
    fuse_a = chance.choice([25.0, 35.0, 63.0])
    modes = [Mode.FAST, Mode.FAST, Mode.SOLAR, Mode.MIN_SOLAR]
    cars = {
        name: Car(
            phases=chance.choice([1, 3]),
            report_s=chance.choice([1.0, 3.0, 5.0, 10.0]),
            reaction_s=chance.choice([0.3, 0.5]),
            maximum_a=chance.choice([10.0, 16.0, 32.0]),
            plugged=chance.random() < 0.5,
        )
        for name in names
    }
    chargers = [
        charger(
            name,
            weight=chance.choice([0.5, 1.0, 2.0]),
            step_a=chance.choice([1.0, 0.1]),
            mode=chance.choice(modes),
        )
        for name in names
    ]
    load_a = [3.0, 3.0, 3.0]
    plant = Plant(site(*chargers, fuse_a=fuse_a), cars, house_a=lambda _: (load_a[0], load_a[1], load_a[2]))
    for _ in range(1800):
        if chance.random() < 0.04:
            load_a[chance.randrange(3)] = chance.uniform(-10, fuse_a - 3)
        if chance.random() < 0.02:
            car = cars[chance.choice(names)]
            car.plugged = not car.plugged
        if chance.random() < 0.005:
            car = cars[chance.choice(names)]
            car.wants = not car.wants
        plant.run(1)
    assert plant.worst_overload_s(fuse_a) <= 2
