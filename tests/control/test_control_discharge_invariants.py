"""What holds of discharging whatever control is shown: permissions, limits, the way through zero, determinism."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any, Final

from hypothesis import given, settings, strategies as st

from tests.circuits import main_circuit
from tests.control.control_plant import Car, Plant, charger, meter, site
from tests.control.control_snapshots import NOW_S, sites, snapshots
from tidewatt.control import Decision, Memory, Snapshot, decide
from tidewatt.control.memory import memory_document, memory_from_document
from tidewatt.site import (
    Charger,
    ChargerState,
    ChargerStatus,
    Circuit,
    DischargeWish,
    LinkQuality,
    MeterReading,
    Mode,
    PerPhase,
    Session,
    Setpoint,
    Site,
    VehicleState,
    Wish,
)

READINGS_IN_EXCESS: Final = 2
"""So many readings in a row may show more fed back than may be, after a load went away."""

_absurd = st.sampled_from((math.nan, math.inf, -math.inf, -1.0, 1e300))
_loads = st.tuples(*[st.floats(-5.0, 25.0).map(lambda value: round(value, 1))] * 3)
_percent = st.floats(0.0, 100.0) | _absurd | st.none()
_links = st.none() | st.builds(
    LinkQuality,
    round_trip_s=st.sampled_from((0.05, 0.9, 1.2, math.nan, None)),
    loss=st.sampled_from((0.0, 0.09, 0.5, math.nan)),
)


def _bidirectional(of: Site, discharge_maximum_a: float, export_a: float) -> Site:
    """Let every charger of a site give back so much, through circuits that let so much through."""
    return replace(
        of,
        circuits=tuple(replace(one, export_limit_a=(export_a, export_a, 2 * export_a)) for one in of.circuits),
        chargers=tuple(replace(one, discharge_maximum_a=discharge_maximum_a) for one in of.chargers),
    )


@st.composite
def shown(draw: st.DrawFn, of: Site, now_s: float) -> Snapshot:
    """Vehicles that may give back, at most one thing of which is missing or absurd; or anything at all."""
    snapshot = draw(snapshots(of, now_s)) if draw(st.integers(0, 3)) == 0 else _calm(of, now_s, draw(_loads))
    chargers = {
        charger_id: replace(
            replace(
                state,
                discharge_maximum_a=16.0,
                soc_pct=draw(st.sampled_from((70.0, 70.0, 21.0))),
                soc_at_s=now_s,
                link=LinkQuality(round_trip_s=0.1),
            ),
            **draw(_changes(now_s)),
        )
        for charger_id, state in snapshot.chargers.items()
    }
    wishes = {one.charger_id: draw(_wishes) for one in of.chargers if draw(st.integers(0, 5))}
    vehicles = {
        one.vehicle_id: VehicleState(vehicle_id=one.vehicle_id, at_s=now_s, soc_pct=draw(_percent))
        for one in of.vehicles
        if draw(st.integers(0, 3)) == 0
    }
    return replace(snapshot, chargers=chargers, wishes=wishes, vehicles=vehicles)


def _calm(of: Site, now_s: float, load_a: PerPhase) -> Snapshot:
    """Everything is there and at rest."""
    return Snapshot(
        now_s=now_s,
        site=of,
        meters={one.meter_id: MeterReading(meter_id=one.meter_id, at_s=now_s, current_a=load_a) for one in of.meters},
        chargers={
            one.charger_id: ChargerState(
                charger_id=one.charger_id,
                at_s=now_s,
                online=True,
                status=ChargerStatus.CHARGING,
                plugged=True,
                measured_at_s=now_s,
                current_a=(0.0, 0.0, 0.0),
                session=Session(transaction_id="1", started_at_utc="2026-01-01T00:00:00Z", energy_wh=1.0),
            )
            for one in of.chargers
        },
        vehicles={},
        wishes={},
    )


def _changes(now_s: float) -> st.SearchStrategy[dict[str, Any]]:
    """Nothing, mostly; else one permission that lacks, or an odd measurement."""
    return st.sampled_from((0, 0, 0, 0, 0, 1)).flatmap(
        lambda change: (
            st.one_of(
                st.fixed_dictionaries({"discharge_maximum_a": st.sampled_from((9.5, 0.0, None, math.nan))}),
                st.fixed_dictionaries({"soc_pct": _percent}),
                st.fixed_dictionaries({"soc_at_s": st.sampled_from((now_s - 5.0, now_s - 2000.0, math.nan, None))}),
                st.fixed_dictionaries({"link": _links}),
                st.fixed_dictionaries({"online": st.just(value=False)}),
                st.fixed_dictionaries(
                    {"current_a": st.sampled_from((None, (-6.0, 0.0, 0.0), (-16.0,) * 3, (6.0,) * 3))}
                ),
            )
            if change
            else st.just({})
        )
    )


_wishes = st.sampled_from((0, 0, 0, 0, 1)).flatmap(
    lambda change: (
        st.builds(
            Wish,
            mode=st.sampled_from(Mode),
            limit_a=st.none() | st.sampled_from((0.0, 7.0, math.nan)),
            discharge=st.none() | st.builds(DischargeWish, power_w=st.just(3000.0) | _absurd, until_soc_pct=_percent),
        )
        if change
        else st.just(Wish(mode=Mode.FAST, discharge=DischargeWish(power_w=11_040.0)))
    )
)


@st.composite
def runs(draw: st.DrawFn) -> list[Snapshot]:
    """A few snapshots of one site in a row."""
    most_a, export_a = draw(st.sampled_from((0.0, 16.0, 16.0, 32.0))), draw(st.sampled_from((0.0, 8.0, 40.0)))
    of = _bidirectional(draw(sites()), most_a, export_a)
    now_s, run = NOW_S, []
    for _ in range(draw(st.integers(2, 8))):
        run.append(draw(shown(of, now_s)))
        now_s += draw(st.sampled_from((1.0, 5.0, 11.0, 11.0, 61.0)))
    return run


def may_discharge(snapshot: Snapshot, one: Charger, memory: Memory) -> bool:
    """The permissions in plain words: all of what a single look can tell must hold."""
    state, wish = snapshot.chargers.get(one.charger_id), snapshot.wishes.get(one.charger_id)
    if state is None or wish is None or wish.discharge is None or wish.mode is Mode.OFF or not state.online:
        return False
    vehicle = snapshot.site.vehicle_at(one.charger_id)
    floor_pct = 20.0 if vehicle is None else vehicle.minimum_soc_pct
    told = [state.soc_pct if state.soc_at_s is not None and snapshot.now_s - state.soc_at_s <= 900.0 else None]
    if vehicle is not None and vehicle.vehicle_id in snapshot.vehicles:
        told.append(snapshot.vehicles[vehicle.vehicle_id].soc_pct)
    usable = [soc_pct for soc_pct in told if soc_pct is not None and 0 <= soc_pct <= 100]
    until_pct = wish.discharge.until_soc_pct
    return (
        one.discharge_maximum_a > 0
        and (state.discharge_maximum_a or 0.0) > 0
        and state.link is not None
        and (state.link.round_trip_s or math.nan) <= 1.0
        and state.link.loss <= 0.2
        and bool(usable)
        and min(usable) > floor_pct
        and (until_pct is None or math.isnan(until_pct) or min(usable) > until_pct)
        and state.measured_at_s is not None
    )


def highest_given_a(snapshot: Snapshot, one: Charger) -> float:
    state, wish = snapshot.chargers[one.charger_id], snapshot.wishes[one.charger_id]
    limits = (one.discharge_maximum_a, state.discharge_maximum_a, wish.limit_a)
    return min(limit_a for limit_a in limits if limit_a is not None)


@settings(max_examples=120, deadline=None)
@given(run=runs())
def test_nobody_discharges_without_every_permission(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        for setpoint, one in zip(decision.setpoints, snapshot.site.chargers, strict=True):
            if setpoint.current_a < 0:
                assert may_discharge(snapshot, one, memory), setpoint
                assert -setpoint.current_a <= highest_given_a(snapshot, one) + 1e-6
                steps = setpoint.current_a / one.step_a
                assert math.isclose(steps, round(steps), abs_tol=1e-6)
            elif setpoint.current_a > 0:
                wish = snapshot.wishes.get(one.charger_id)
                assert wish is None or wish.discharge is None


@settings(max_examples=120, deadline=None)
@given(run=runs())
def test_no_charger_turns_without_resting(run: list[Snapshot]) -> None:
    memory = Memory()
    last: dict[str, tuple[float, float]] = {}
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        for setpoint in decision.setpoints:
            at_s, current_a = last.get(setpoint.charger_id, (-math.inf, 0.0))
            if current_a * setpoint.current_a < 0:
                assert snapshot.now_s - at_s >= snapshot.settings.reversal_s
            if setpoint.current_a != 0:
                last[setpoint.charger_id] = (snapshot.now_s, setpoint.current_a)


@settings(max_examples=60, deadline=None)
@given(run=runs())
def test_the_same_inputs_give_the_same_decision_and_memory(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        first, second = decide(snapshot, memory), decide(snapshot, memory)
        assert first == second
        memory = first[1]
        restored = memory_from_document(memory_document(memory), snapshot.now_s)
        assert memory_document(restored) == memory_document(memory)


@st.composite
def plants(draw: st.DrawFn) -> Plant:
    """A street in miniature: a house, one to three vehicles that give back, perhaps one that charges."""
    garage = Circuit(
        circuit_id="garage",
        name="Garage",
        parent_id="main",
        import_limit_a=(25.0, 25.0, 25.0),
        export_limit_a=(40.0,) * 3,
    )
    below = draw(st.booleans())
    points = tuple(
        charger(
            f"c{number}",
            circuit_id="garage" if below else "main",
            phases=draw(st.sampled_from(((0, 1, 2), (1, 2, 0), (2,), (0,)))),
            step_a=draw(st.sampled_from((1.0, 0.5, 0.1))),
            weight=draw(st.sampled_from((1.0, 2.0))),
            discharge_maximum_a=draw(st.sampled_from((16.0, 10.0))),
        )
        for number in range(draw(st.integers(1, 3)))
    )
    export_a = draw(st.sampled_from((0.0, 0.0, 5.0)))
    root = replace(main_circuit(40.0), export_limit_a=(export_a, export_a, export_a))
    of = site(*points, circuits=(garage,) if below else (), meters=(meter(), meter("garage")) if below else None)
    cars = {
        one.charger_id: Car(
            phases=len(one.phases),
            gives_a=draw(st.sampled_from((16.0, 7.3))),
            reaction_s=draw(st.sampled_from((0.2, 0.4, 0.9))),
            report_s=draw(st.sampled_from((1.0, 3.0, 10.0, 30.0))),
            stored_wh=draw(st.sampled_from((12_100.0, 36_000.0))),
        )
        for one in points
    }
    made = Plant(replace(of, circuits=(root, *of.circuits[1:])), cars)
    made.wishes = {
        one.charger_id: Wish(
            mode=Mode.FAST,
            discharge=DischargeWish(power_w=draw(st.sampled_from((2300.0, 11_040.0))))
            if number == 0 or draw(st.booleans())
            else None,
        )
        for number, one in enumerate(points)
    }
    return made


@settings(max_examples=25, deadline=None)
@given(running=plants(), loads=st.lists(_loads, min_size=2, max_size=4))
def test_a_street_keeps_export_limits_and_floors(running: Plant, loads: list[PerPhase]) -> None:
    limits = running.site.circuits[0].export_limit_a
    for load in loads:
        running.house_a = lambda _, load=load: load  # type: ignore[misc] # bound early on purpose
        began_s = running.now_s
        running.run(40)
        excess = [
            (at_s, grid_a)
            for at_s, grid_a, decision in running.log
            if at_s > began_s and _gives_into_excess(running, decision, grid_a, load, limits)
        ]
        assert len(excess) <= READINGS_IN_EXCESS, excess
        assert all(at_s - began_s <= READINGS_IN_EXCESS + 1 for at_s, _ in excess), excess
    for car in running.cars.values():
        assert car.soc_pct >= 20.0


def _gives_into_excess(
    running: Plant,
    decision: Decision,
    grid_a: PerPhase,
    load: PerPhase,
    limits: PerPhase,
) -> bool:
    """Say whether a phase feeds back more than it may, and not only because the house does."""
    return any(
        grid_a[phase] < -limits[phase] - 0.05 and grid_a[phase] < load[phase] - 0.05 for phase in range(3)
    ) and any(_gives(setpoint) or running.cars[setpoint.charger_id].drawn_a < 0 for setpoint in decision.setpoints)


def _gives(setpoint: Setpoint) -> bool:
    return setpoint.current_a < 0
