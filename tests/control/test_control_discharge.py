"""A vehicle that gives back: what it covers, what it never exceeds, and how it turns."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
import json
from pathlib import Path

import pytest

from tests.circuits import main_circuit
from tests.control.control_plant import Car, Plant, charger, meter, site
from tidewatt.control import TraceWriter, replay
from tidewatt.control.memory import memory_document, memory_from_document
from tidewatt.site import (
    Charger,
    Circuit,
    DischargeWish,
    FaultCode,
    Mode,
    PerPhase,
    Phase,
    ReasonCode,
    Site,
    Vehicle,
    Wish,
)

STATION = charger("a", discharge_maximum_a=16.0)


def wished(power_w: float = 11_040.0, until_soc_pct: float | None = None) -> Wish:
    return Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=power_w, until_soc_pct=until_soc_pct))


def exporting(of: Site, export_a: float) -> Site:
    """Return the site with a main fuse through which something may be fed back."""
    root = replace(main_circuit(25.0), export_limit_a=(export_a, export_a, export_a))
    return replace(of, circuits=(root, *of.circuits[1:]))


def plant(
    *chargers: Charger, export_a: float = 0.0, house_a: PerPhase = (8.3, 9.3, 12.3), vehicles: tuple[Vehicle, ...] = ()
) -> Plant:
    """Return a plant in which all vehicles agreed to give back 16 A, resting and measured."""
    points = chargers or (STATION,)
    of = exporting(site(*points, vehicles=vehicles), export_a)
    made = Plant(of, {one.charger_id: Car(phases=len(one.phases), gives_a=16.0) for one in points})
    made.house_a = lambda _: house_a
    made.wishes = {one.charger_id: Wish(mode=Mode.OFF) for one in points}
    made.run(20)
    return made


def currents(of: Plant, charger_id: str = "a") -> list[float]:
    return [
        next(one.current_a for one in decision.setpoints if one.charger_id == charger_id) for _, _, decision in of.log
    ]


def fault_codes(of: Plant) -> list[FaultCode]:
    assert of.decision is not None
    return [fault.code for fault in of.decision.faults]


def test_what_is_wished_is_given_back_where_the_connection_lets_it() -> None:
    running = plant(export_a=16.0)
    running.wishes["a"] = wished(power_w=4200.0)
    running.run(60)
    # 4200 W on three phases of 230 V are 6.09 A, and the charger knows whole A.
    assert running.current_a("a") == -6
    assert running.setpoint("a").reason.code is ReasonCode.DISCHARGE
    assert running.seen_a == pytest.approx((2.3, 3.3, 6.3))


@pytest.mark.parametrize("mode", [Mode.FAST, Mode.SOLAR, Mode.MIN_SOLAR])
def test_it_gives_back_in_any_mode_but_off_also_where_it_could_not_charge(mode: Mode) -> None:
    """A person's limit below the charger's minimum keeps it from charging, the missing sun from solar charging."""
    running = plant(replace(STATION, minimum_a=8.0, safe_a=0.0), export_a=16.0)
    running.wishes["a"] = replace(wished(), mode=mode, limit_a=7.0)
    running.run(60)
    assert (running.current_a("a"), running.setpoint("a").reason.code) == (-7, ReasonCode.USER_LIMIT)


def test_where_nothing_may_be_fed_back_only_the_load_is_covered() -> None:
    running = plant()
    running.wishes["a"] = wished()
    running.run(60)
    setpoint = running.setpoint("a")
    assert setpoint.current_a == -7
    assert (setpoint.reason.code, setpoint.reason.circuit_id, setpoint.reason.phase) == (
        ReasonCode.EXPORT_LIMIT,
        "main",
        Phase.L1,
    )
    assert running.worst_excess_s(0.0) == 0


def test_an_export_limit_counts_on_each_phase() -> None:
    running = plant(export_a=3.0, house_a=(8.3, 1.3, 12.3))
    running.wishes["a"] = wished()
    running.run(60)
    assert (running.current_a("a"), running.setpoint("a").reason.phase) == (-3, Phase.L2)
    assert running.worst_excess_s(3.0) == 0


def test_a_circuit_below_keeps_its_own_export_limit() -> None:
    garage = Circuit(circuit_id="garage", name="Garage", parent_id="main", import_limit_a=(20.0, 20.0, 20.0))
    inside = replace(STATION, circuit_id="garage")
    of = exporting(site(inside, circuits=(garage,), meters=(meter(), meter("garage"))), 16.0)
    running = Plant(of, {"a": Car(gives_a=16.0)})
    running.load_a["garage"] = lambda _: (3.8, 3.8, 3.8)
    running.run(2)
    running.wishes["a"] = wished()
    running.run(60)
    assert (running.current_a("a"), running.setpoint("a").reason.circuit_id) == (-3, "garage")


def test_the_vehicle_follows_a_falling_load_at_once_and_a_rising_one_slowly() -> None:
    running = plant()
    running.wishes["a"] = wished()
    running.run(60)
    running.house_a = lambda _: (3.0, 9.3, 12.3)
    running.run(1)
    assert running.current_a("a") == -2
    running.run(5)
    assert running.worst_excess_s(0.0) == 1
    running.house_a = lambda _: (9.0, 9.3, 12.3)
    running.run(2)
    assert running.current_a("a") >= -3
    running.run(40)
    assert running.current_a("a") == -8
    steps = [before - after for before, after in pairwise(currents(running)) if after < before]
    assert max(steps) <= running.settings.increase_step_a


def test_the_sun_is_not_topped_up_with_a_battery() -> None:
    running = plant(house_a=(-4.0, -4.0, -4.0))
    running.wishes["a"] = wished()
    running.run(60)
    assert (running.current_a("a"), running.setpoint("a").reason.code) == (0, ReasonCode.EXPORT_LIMIT)


def test_one_vehicle_is_not_emptied_into_another() -> None:
    running = plant(STATION, charger("b"), house_a=(4.3, 4.3, 4.3))
    running.wishes = {"a": wished(), "b": Wish(mode=Mode.FAST)}
    running.run(90)
    assert (running.current_a("a"), running.current_a("b")) == (-3, 16)
    assert running.seen_a == pytest.approx((17.3, 17.3, 17.3))


def test_no_charging_relies_on_a_discharge() -> None:
    running = plant(STATION, charger("b"), house_a=(14.3, 14.3, 14.3))
    running.wishes = {"a": wished(), "b": Wish(mode=Mode.FAST)}
    running.run(90)
    assert (running.current_a("a"), running.current_a("b")) == (-13, 10)
    running.cars["a"].gives_a = None
    running.cars["a"].drawn_a = running.cars["a"].follows_a = 0.0
    running.run(10)
    assert running.worst_overload_s(25.0) == 0


def test_the_surplus_of_the_sun_is_counted_without_what_is_discharged() -> None:
    running = plant(STATION, charger("b", phases=(Phase.L1,)), export_a=16.0, house_a=(2.0, 2.0, 2.0))
    running.wishes = {"a": wished(), "b": Wish(mode=Mode.SOLAR)}
    running.run(200)
    assert running.current_a("a") < -10
    assert (running.current_a("b"), running.setpoint("b").reason.code) == (0, ReasonCode.NO_SOLAR)


def test_two_share_what_may_be_given_back_by_weight() -> None:
    running = plant(STATION, charger("b", discharge_maximum_a=16.0, weight=2.0), house_a=(10.0, 10.0, 10.0))
    running.wishes = {"a": wished(), "b": wished()}
    running.run(90)
    assert (running.current_a("a"), running.current_a("b")) == (-3, -6)
    assert running.worst_excess_s(0.0) == 0


def test_a_rotated_single_phase_charger_covers_its_own_phase() -> None:
    running = plant(charger("a", phases=(Phase.L3,), discharge_maximum_a=16.0))
    running.wishes["a"] = wished(power_w=3680.0)
    running.run(60)
    assert running.current_a("a") == -11
    assert running.seen_a == pytest.approx((8.3, 9.3, 1.3))


@pytest.mark.parametrize(
    ("bound", "expected_a", "code"),
    [
        ("configuration", -10, ReasonCode.CHARGER_MAXIMUM),
        ("agreement", -9, ReasonCode.VEHICLE),
        ("vehicle", -8, ReasonCode.VEHICLE),
        ("person", -6, ReasonCode.USER_LIMIT),
    ],
)
def test_the_least_of_all_limits_holds(bound: str, expected_a: float, code: ReasonCode) -> None:
    station = replace(STATION, discharge_maximum_a=10.0) if bound == "configuration" else STATION
    known = Vehicle(vehicle_id="v", name="V", charger_id="a", maximum_a=8.0)
    running = plant(station, export_a=20.0, vehicles=(known,) if bound == "vehicle" else ())
    running.cars["a"].gives_a = 9.0 if bound == "agreement" else 16.0
    running.wishes["a"] = replace(wished(), limit_a=6.0 if bound == "person" else None)
    running.run(60)
    assert (running.current_a("a"), running.setpoint("a").reason.code) == (expected_a, code)


def test_a_turn_goes_through_zero_and_rests_there() -> None:
    running = plant(export_a=16.0)
    running.wishes["a"] = Wish(mode=Mode.FAST)
    running.run(40)
    assert running.current_a("a") > 6
    running.log.clear()
    running.wishes["a"] = wished()
    running.run(40)
    running.wishes["a"] = Wish(mode=Mode.FAST)
    running.run(40)
    told = currents(running)
    first, back = told.index(-4.0), len(told) - told[::-1].index(min(told))
    assert told[:first] == [0.0] * 10
    assert running.current_a("a") > 6
    assert told[back : back + 10] == [0.0] * 10
    reasons = {
        decision.setpoints[0].reason.code for _, _, decision in running.log if not decision.setpoints[0].current_a
    }
    assert reasons == {ReasonCode.REVERSAL}
    assert all(before * after >= 0 for before, after in pairwise(told))


def test_off_is_off_whatever_else_is_wished() -> None:
    running = plant(export_a=16.0)
    running.wishes["a"] = wished()
    running.run(30)
    assert running.current_a("a") < 0
    running.wishes["a"] = replace(wished(), mode=Mode.OFF)
    running.run(1)
    assert (running.current_a("a"), running.setpoint("a").reason.code) == (0, ReasonCode.MODE_OFF)


def test_a_charger_that_is_lost_may_go_on_giving_until_its_setpoint_expires() -> None:
    running = plant(STATION, charger("b", discharge_maximum_a=16.0), house_a=(12.3, 12.3, 12.3))
    running.wishes = {"a": wished(power_w=4140.0), "b": wished()}
    running.run(60)
    assert (running.current_a("a"), running.current_a("b")) == (-6, -5)
    running.cars["a"].online = False
    running.run(1)
    assert FaultCode.CHARGER_UNREACHABLE in fault_codes(running)
    running.run(100)
    assert running.current_a("b") >= -5
    assert running.worst_excess_s(0.0) == 0
    running.cars["a"].follows_a = 0.0
    running.run(60)
    # By then it has fallen to its safe current: nothing is set aside, and nothing relied on what it may draw.
    assert running.current_a("b") == -5
    running.cars["a"].plugged = False
    running.cars["a"].online = True
    running.run(60)
    assert running.current_a("b") == -11
    assert running.worst_excess_s(0.0) == 0


def test_what_a_lost_charger_covered_is_no_room_for_charging() -> None:
    running = plant(STATION, charger("b"), house_a=(16.3, 16.3, 16.3))
    running.wishes = {"a": wished(), "b": Wish(mode=Mode.FAST)}
    running.run(90)
    assert (running.current_a("a"), running.current_a("b")) == (-15, 8)
    running.cars["a"].online = False
    running.run(60)
    running.cars["a"].follows_a = 0.0
    running.run(30)
    assert running.worst_overload_s(25.0) == 0


def test_a_vehicle_that_gives_more_than_it_was_told_is_stopped_and_set_aside() -> None:
    running = plant()
    running.wishes["a"] = wished()
    running.run(60)
    running.cars["a"].obeys_when_giving = False
    running.house_a = lambda _: (3.0, 9.3, 12.3)
    running.run(30)
    assert running.current_a("a") == 0
    assert {FaultCode.CURRENT_DEVIATION, FaultCode.DISCHARGE_LIMIT} <= set(fault_codes(running))


def test_a_vehicle_that_gives_less_than_it_was_told_is_no_deviation() -> None:
    running = plant(export_a=16.0)
    running.wishes["a"] = wished()
    running.cars["a"].maximum_a = 32.0
    running.run(30)
    running.cars["a"].gives_a = 16.0
    running.cars["a"].phases = 2
    running.run(60)
    assert fault_codes(running) == []


def test_decisions_after_a_restart_are_the_same() -> None:
    stayed, restarted = plant(), plant()
    for one in (stayed, restarted):
        one.wishes["a"] = wished()
        one.house_a = lambda now_s: (12.0, 9.3, 12.3) if int(now_s / 20) % 2 else (3.0, 9.3, 12.3)
        one.run(45)
    document = json.loads(json.dumps(memory_document(restarted.memory)))
    restarted.memory = memory_from_document(document, restarted.now_s)
    for one in (stayed, restarted):
        one.run(60)
    assert restarted.log == stayed.log


def test_a_memory_from_before_discharging_was_known_is_read() -> None:
    document = memory_document(plant().memory)
    for charger_memory in document["chargers"].values():
        for name in ("gave_last", "floor_reached", "link_poor"):
            del charger_memory[name]
    for circuit_memory in document["circuits"].values():
        for name in ("cover_a", "excess_since_s"):
            del circuit_memory[name]
    memory = memory_from_document(document, 5.0)
    assert not memory.chargers["a"].gave_last


def test_a_trace_of_a_discharge_is_decided_as_recorded(tmp_path: Path) -> None:
    running = plant()
    running.wishes["a"] = wished(until_soc_pct=50.0)
    with TraceWriter(tmp_path / "trace.jsonl") as trace:
        for _ in range(40):
            before = running.memory
            running.run(1)
            assert running.decision is not None
            trace.record(running.snapshot(), before, running.decision)
    result = replay(tmp_path / "trace.jsonl")
    assert (result.cycles, result.difference) == (40, None)
    assert running.current_a("a") < 0
