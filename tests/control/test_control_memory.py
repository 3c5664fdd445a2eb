"""Memory survives a restart: the decisions after it are those that would have been made without."""

from __future__ import annotations

import json

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tidewatt.control import Memory
from tidewatt.control.memory import memory_document, memory_from_document
from tidewatt.site import Mode, Phase, ReasonCode


def eventful_plant() -> Plant:
    """A plant in which ramps, pauses, sun timers and learning are all under way at most times."""
    plant = Plant(
        site(charger("a"), charger("b", mode=Mode.SOLAR), charger("c", weight=2.0), fuse_a=20.0),
        {"a": Car(), "b": Car(phases=1), "c": Car(phases=1, maximum_a=9.0)},
    )
    plant.house_a = lambda now_s: (16.0, 2.0, 2.0) if int(now_s / 40) % 2 else (-12.0, -1.0, 0.0)
    return plant


@pytest.mark.parametrize("seconds", [3, 30, 45, 100, 161, 250])
def test_decisions_after_a_restart_are_the_same(seconds: int) -> None:
    stayed, restarted = eventful_plant(), eventful_plant()
    stayed.run(seconds)
    restarted.run(seconds)
    document = json.loads(json.dumps(memory_document(restarted.memory)))
    restarted.memory = memory_from_document(document, restarted.now_s)
    stayed.run(200)
    restarted.run(200)
    assert restarted.log == stayed.log


def test_a_machine_restart_that_resets_the_clock_changes_no_timer() -> None:
    plant = Plant(site(charger("a")), {"a": Car()})
    plant.run(20)
    plant.house_a = lambda _: (23.0, 2.0, 2.0)
    plant.run(5)
    assert plant.current_a("a") == 0
    document = memory_document(plant.memory)
    reborn = Plant(site(charger("a")), {"a": Car()})
    reborn.memory = memory_from_document(document, reborn.now_s)
    reborn.run(50)
    assert (reborn.current_a("a"), reborn.setpoint("a").reason.code) == (0, ReasonCode.MINIMUM_TIME)
    reborn.run(10)
    assert reborn.current_a("a") == 6


def test_an_empty_memory_survives_too() -> None:
    assert memory_from_document(memory_document(Memory()), 5.0) == Memory()


def test_memory_forgets_chargers_that_are_gone() -> None:
    plant = Plant(site(charger("a"), charger("b")), {"a": Car(), "b": Car()})
    plant.run(20)
    before = plant.memory.chargers["a"]
    plant.site = site(charger("a"))
    plant.run(1)
    assert list(plant.memory.chargers) == ["a"]
    assert plant.memory.chargers["a"].on_since_s == before.on_since_s


@pytest.mark.parametrize("back_after_s", [0.3, 1.0, 3.0])
def test_a_power_cut_pauses_nobody_whose_station_just_went_on(back_after_s: float) -> None:
    names = ("a", "b", "c")
    plant = Plant(
        site(charger("a"), charger("b", weight=2.0), charger("c", phases=(Phase.L3,))),
        {"a": Car(), "b": Car(), "c": Car(phases=1)},
        house_a=lambda _: (1.0, 1.0, 1.0),
    )
    plant.run(60)
    document = json.loads(json.dumps(memory_document(plant.memory)))

    # Control is back before any meter or station: the stations went on with what they were told.
    plant.memory = memory_from_document(document, plant.now_s)
    plant.meters.clear()
    for name in names:
        plant.cars[name].online, plant.cars[name].state = False, None
    plant.cycle()
    for position, name in enumerate(names):
        plant.run(back_after_s if position else 0.2)
        plant.cars[name].online = True
        plant.cars[name].next_report_s = plant.now_s + 1.5
    plant.run(30)

    assert [plant.cars[name].stops for name in names] == [0, 0, 0]
    assert plant.worst_overload_s(25.0) <= 1
