"""A vehicle that wants nothing for long gives way while others lack current, and is asked again now and then."""

from __future__ import annotations

import json

import pytest

from tests.control.control_plant import Car, Plant, charger, site
from tidewatt.control.memory import memory_document, memory_from_document
from tidewatt.site import Mode, PerPhase, ReasonCode, Wish

_QUIET_S = 180
_ASKED_AGAIN_S = 1860
"""Half an hour after its shortest pause of a minute."""


def crowd(*, fuse_a: float = 20.0, asleep: int = 1) -> Plant:
    """A full vehicle (or more: `full`, `full2`, ...) beside a hungry one that could use the whole fuse."""
    names = ["full", *(f"full{number}" for number in range(2, asleep + 1))]
    cars = {name: Car(wants=False) for name in names} | {"hungry": Car()}
    chargers = [charger(name) for name in names] + [charger("hungry", maximum_a=32.0)]
    return Plant(site(*chargers, fuse_a=fuse_a), cars)


def told(plant: Plant, charger_id: str) -> list[float]:
    """Return the currents that a charger was told in each cycle."""
    return [
        next(one.current_a for one in decision.setpoints if one.charger_id == charger_id)
        for _, _, decision in plant.log
    ]


def test_a_full_vehicle_gives_way_to_one_that_lacks_current() -> None:
    plant = crowd()
    plant.run(_QUIET_S - 20)
    assert (plant.current_a("full"), plant.current_a("hungry")) == (6, 12)
    plant.run(60)
    assert (plant.current_a("full"), plant.current_a("hungry")) == (0, 18)
    reason = plant.setpoint("full").reason
    assert (reason.code, reason.circuit_id) == (ReasonCode.VEHICLE, "main")


def test_nothing_is_taken_from_a_full_vehicle_while_there_is_enough_for_all() -> None:
    plant = crowd(fuse_a=45.0)
    plant.run(3600)
    assert (plant.current_a("full"), plant.current_a("hungry")) == (6, 32)
    assert set(told(plant, "full")) <= {0.0, 6.0}
    assert plant.changes("full") <= 1


def test_its_share_goes_to_others_only_after_it_is_paused() -> None:
    plant = crowd()
    plant.run(_QUIET_S + 60)
    for full_a, hungry_a in zip(told(plant, "full"), told(plant, "hungry"), strict=True):
        assert full_a + hungry_a <= 18
    given_up = told(plant, "full").index(0.0, 10)
    assert told(plant, "hungry")[given_up] == 12


def test_it_comes_back_when_there_is_room_for_everybody() -> None:
    plant = crowd()
    plant.run(_QUIET_S + 120)
    assert plant.current_a("full") == 0
    plant.cars["hungry"].plugged = False
    plant.run(8)
    assert plant.current_a("full") == 6


def test_it_is_asked_again_now_and_then_for_long_enough_to_wake() -> None:
    plant = crowd()
    plant.run(_QUIET_S + 60)
    since = len(plant.log)
    plant.run(2 * (_ASKED_AGAIN_S + _QUIET_S) + 60)
    offered = "".join("1" if current_a else "0" for current_a in told(plant, "full")[since:])
    turns = [len(run) for run in offered.split("0") if run]
    pauses = [len(run) for run in offered.split("1") if run]
    assert len(turns) == 2
    assert all(_QUIET_S <= seconds <= _QUIET_S + 10 for seconds in turns)
    assert max(pauses) <= _ASKED_AGAIN_S + 10


@pytest.mark.parametrize("wakes_after_s", [190, 900, 2040, 2240])
def test_a_vehicle_with_its_own_timer_starts_within_about_half_an_hour_though_the_site_is_full(
    wakes_after_s: int,
) -> None:
    plant = crowd()
    plant.run(wakes_after_s)
    timed = plant.cars["full"]
    timed.wants = True
    plant.run(_ASKED_AGAIN_S + 10)
    assert timed.starts == 1
    plant.run(60)
    assert (plant.current_a("full"), plant.current_a("hungry")) == (9, 9)
    plant.run(600)
    assert timed.stops == 0
    assert plant.worst_overload_s(20.0) == 0


def test_it_gets_its_turn_also_where_not_even_the_minima_fit() -> None:
    cars = {"timed": Car(wants=False), "b": Car(), "c": Car()}
    plant = Plant(site(charger("timed"), charger("b"), charger("c"), fuse_a=15.0), cars)
    plant.run(1000)
    assert plant.current_a("timed") == 0
    assert plant.current_a("b") + plant.current_a("c") == 13
    cars["timed"].wants = True
    plant.run(_ASKED_AGAIN_S + 60)
    assert cars["timed"].starts >= 1
    plant.run(2 * 3600)
    assert plant.worst_overload_s(15.0) == 0
    assert max(car.stops for car in cars.values()) <= 6


@pytest.mark.parametrize("wakes_at_s", [178, 180, 182, 183, 184, 185, 187])
def test_one_that_wakes_in_the_moment_it_gives_way_overloads_nothing(wakes_at_s: int) -> None:
    plant = crowd(asleep=2, fuse_a=24.0)
    plant.run(wakes_at_s)
    plant.cars["full"].wants = plant.cars["full2"].wants = True
    plant.run(240)
    assert plant.worst_overload_s(24.0) == 0


@pytest.mark.parametrize("wakes_at_s", [1, 2, 5, 30])
def test_one_that_wakes_during_its_turn_goes_on(wakes_at_s: int) -> None:
    plant = crowd()
    plant.run(_QUIET_S + 60)
    while plant.current_a("full") == 0:
        plant.run(1)
    plant.run(wakes_at_s)
    plant.cars["full"].wants = True
    plant.run(1200)
    assert (plant.current_a("full"), plant.current_a("hungry")) == (9, 9)
    assert plant.cars["full"].stops == 0
    assert plant.worst_overload_s(20.0) == 0


def test_a_new_vehicle_has_its_own_time() -> None:
    plant = crowd()
    plant.run(_QUIET_S + 60)
    full = plant.cars["full"]
    full.plugged = False
    plant.run(10)
    full.plugged, full.wants = True, True
    plant.run(90)
    assert (plant.current_a("full"), plant.current_a("hungry")) == (9, 9)


def test_another_session_is_asked_at_once() -> None:
    plant = crowd()
    plant.run(_QUIET_S + 60)
    full = plant.cars["full"]
    full.finished = True
    plant.run(5)
    full.finished, full.wants = False, True
    plant.run(30)
    assert plant.current_a("full") >= 6


def test_choosing_a_mode_anew_asks_it_at_once() -> None:
    plant = crowd()
    plant.run(_QUIET_S + 60)
    plant.wishes["full"] = Wish(mode=Mode.OFF)
    plant.run(5)
    plant.wishes["full"] = Wish(mode=Mode.FAST)
    plant.run(15)
    assert plant.current_a("full") == 6


def test_full_vehicles_do_not_flap_where_what_is_left_comes_and_goes() -> None:
    def house(now_s: float) -> PerPhase:
        """A load that leaves room for a full vehicle every other half minute."""
        return (2.0, 2.0, 2.0 + 12.0 * (int(now_s / 30) % 2))

    plant = crowd(fuse_a=42.0)
    plant.house_a = house
    plant.run(3600)
    runs = "".join("1" if current_a else "0" for current_a in told(plant, "full"))
    assert min(len(run) for run in runs[10:].strip("1").split("1") if run) >= 60
    assert min(len(run) for run in runs[10:].strip("1").split("0") if run) >= _QUIET_S
    assert plant.changes("full") <= 2 * 3600 / (_QUIET_S + 60)


def test_many_full_vehicles_leave_the_fuse_to_those_that_draw() -> None:
    plant = crowd(asleep=3, fuse_a=32.0)
    plant.run(4300)
    drawn_a = told(plant, "hungry")[300:]
    assert sum(drawn_a) / len(drawn_a) > 0.9 * 30
    assert plant.worst_overload_s(32.0) == 0


@pytest.mark.parametrize("seconds", [100, 230, 1500])
def test_a_restart_changes_nothing(seconds: int) -> None:
    stayed, restarted = crowd(), crowd()
    stayed.run(seconds)
    restarted.run(seconds)
    document = json.loads(json.dumps(memory_document(restarted.memory)))
    restarted.memory = memory_from_document(document, restarted.now_s)
    stayed.run(700)
    restarted.run(700)
    assert restarted.log == stayed.log


def test_a_memory_from_before_this_was_remembered_loads() -> None:
    plant = crowd()
    plant.run(20)
    document = memory_document(plant.memory)
    for remembered in document["chargers"].values():
        del remembered["quiet_since_s"]
    plant.memory = memory_from_document(document, plant.now_s)
    plant.run(_QUIET_S + 30)
    assert plant.current_a("full") == 0
