"""What holds whatever control is shown: limits, determinism, idempotence, and no exception ever."""

from __future__ import annotations

import math

from hypothesis import given, settings, strategies as st

from tests.control.control_snapshots import NOW_S, sites, snapshots
from tidewatt.control import Decision, Memory, Snapshot, decide
from tidewatt.control.memory import memory_document, memory_from_document
from tidewatt.site import Site


def assert_usable(of: Site, decision: Decision) -> None:
    assert [setpoint.charger_id for setpoint in decision.setpoints] == [one.charger_id for one in of.chargers]
    for setpoint, one in zip(decision.setpoints, of.chargers, strict=True):
        assert setpoint.current_a == 0 or 6.0 <= setpoint.current_a <= one.maximum_a, setpoint
        steps = setpoint.current_a / one.step_a
        assert math.isclose(steps, round(steps), abs_tol=1e-6), setpoint


def currents(decision: Decision) -> list[float]:
    return [setpoint.current_a for setpoint in decision.setpoints]


def assert_within_limits(snapshot: Snapshot, decision: Decision) -> None:
    """Other loads and all that the chargers may draw stay within every limit that the other loads alone keep."""
    of = snapshot.site
    for circuit, stand in zip(of.circuits, decision.circuits, strict=True):
        below = {circuit.circuit_id}
        for other in of.circuits:
            if other.parent_id in below:
                below.add(other.circuit_id)
        for phase in range(3):
            if stand.overloaded[phase]:
                continue
            base_a = stand.base_a[phase] if stand.base_a else 0.0
            sum_a = base_a + sum(
                setpoint.current_a
                for setpoint, one in zip(decision.setpoints, of.chargers, strict=True)
                if one.circuit_id in below and phase in one.phases[: _phases(of, one.charger_id)]
            )
            assert sum_a <= max(circuit.import_limit_a[phase], base_a) + 1e-6, (circuit.circuit_id, phase, stand)


def _phases(of: Site, charger_id: str) -> int:
    vehicle = of.vehicle_at(charger_id)
    return 3 if vehicle is None or vehicle.phases is None else vehicle.phases


@st.composite
def runs(draw: st.DrawFn, *, sane: bool = False) -> list[Snapshot]:
    """A few snapshots of one site in a row, some of them seconds apart and some minutes."""
    of = draw(sites())
    now_s, run = NOW_S, []
    for _ in range(draw(st.integers(1, 6))):
        run.append(draw(snapshots(of, now_s, sane=sane)))
        now_s += draw(st.sampled_from((0.2, 1.0, 5.0, 61.0, 300.0)))
    return run


@settings(max_examples=150, deadline=None)
@given(run=runs())
def test_whatever_is_reported_the_setpoints_can_be_followed(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        assert_usable(snapshot.site, decision)


@settings(max_examples=150, deadline=None)
@given(run=runs())
def test_no_circuit_is_given_more_than_its_limit(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        assert_within_limits(snapshot, decision)


@settings(max_examples=100, deadline=None)
@given(run=runs())
def test_the_same_inputs_give_the_same_decision_and_memory(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        first, second = decide(snapshot, memory), decide(snapshot, memory)
        assert first == second
        memory = first[1]


@settings(max_examples=200, deadline=None)
@given(run=runs(sane=True))
def test_the_same_snapshot_again_changes_no_setpoint(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        again, _ = decide(snapshot, memory)
        assert currents(again) == currents(decision)


@settings(max_examples=60, deadline=None)
@given(run=runs())
def test_memory_survives_a_store(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        _, memory = decide(snapshot, memory)
        document = memory_document(memory)
        restored = memory_from_document(document, snapshot.now_s)
        assert memory_document(restored) == document
