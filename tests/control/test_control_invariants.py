"""What holds whatever control is shown: limits, determinism, idempotence, and no exception ever."""

from __future__ import annotations

from itertools import product
import math

from hypothesis import given, settings, strategies as st

from tests.control.control_snapshots import NOW_S, busy_snapshots, sites, snapshots
from tidewatt.control import CircuitDecision, Decision, Memory, Snapshot, decide
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


class Doubts:
    """For how long a meter's reading may or may not have in it what a charger was last told or drew."""

    def __init__(self) -> None:
        self.told_a: dict[str, float] = {}
        self.online: set[str] = set()
        self.until_s: dict[str, float] = {}

    def see(self, snapshot: Snapshot, decision: Decision) -> None:
        """Take in what is decided: a change, and what a charger does that was away, show some seconds later."""
        settled_s = snapshot.now_s + snapshot.settings.settle_s
        online = {key for key, state in snapshot.chargers.items() if state.online}
        for setpoint in decision.setpoints:
            key = setpoint.charger_id
            if key not in online:
                self.until_s[key] = math.inf
            elif key not in self.online or setpoint.current_a != self.told_a.get(key, 0.0):
                self.until_s[key] = settled_s
            self.told_a[key] = setpoint.current_a
        self.online = online

    def about(self, snapshot: Snapshot, charger_ids: set[str]) -> bool:
        """Return whether any reading is in doubt about any of some chargers."""
        until_s = max((self.until_s.get(key, math.inf) for key in charger_ids), default=-math.inf)
        return not all(reading.at_s >= until_s for reading in snapshot.meters.values())


def assert_within_limits(snapshot: Snapshot, decision: Decision, doubts: Doubts) -> None:
    """Other loads and all that the chargers may draw stay within every limit that the other loads alone keep.

    Where some of it may be counted twice, in the reading and as what a charger is told, chargers that are on may stay
    on at no more than before; only that may seem to be too much.
    """
    of = snapshot.site
    stands = {stand.circuit_id: stand for stand in decision.circuits}
    for circuit, phase in product(of.circuits, range(3)):
        if stands[circuit.circuit_id].overloaded[phase]:
            continue
        told = {
            setpoint.charger_id: setpoint.current_a
            for setpoint, one in zip(decision.setpoints, of.chargers, strict=True)
            if one.charger_id in _below(of, circuit.circuit_id) and phase in one.phases[: _phases(of, one.charger_id)]
        }
        base_a = _base_a(of, stands, circuit.circuit_id, phase)
        if base_a + sum(told.values()) > max(circuit.import_limit_a[phase], base_a) + 1e-6:
            assert doubts.about(snapshot, _below(of, circuit.circuit_id)), (circuit.circuit_id, phase, told, base_a)
            before = {key: doubts.told_a.get(key, 0.0) for key in told}
            assert all(told[key] <= before[key] for key in told), (circuit.circuit_id, phase, told, before)


def _base_a(of: Site, stands: dict[str, CircuitDecision], circuit_id: str, phase: int) -> float:
    """Return the other loads in a circuit: by its own meter, or by those of the circuits below it."""
    base_a = stands[circuit_id].base_a
    if base_a is not None:
        return base_a[phase]
    return sum(_base_a(of, stands, one.circuit_id, phase) for one in of.circuits if one.parent_id == circuit_id)


def _below(of: Site, circuit_id: str) -> set[str]:
    """Return the chargers at a circuit and at all below it."""
    below = {circuit_id}
    for other in of.circuits:
        if other.parent_id in below:
            below.add(other.circuit_id)
    return {one.charger_id for one in of.chargers if one.circuit_id in below}


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


@st.composite
def busy_runs(draw: st.DrawFn) -> list[Snapshot]:
    """A few seconds of a site on which not everybody can have what they want."""
    of, run, now_s = draw(sites()), [], NOW_S
    for _ in range(draw(st.integers(2, 12))):
        run.append(draw(busy_snapshots(of, now_s)))
        now_s += draw(st.sampled_from((0.2, 1.0, 5.0)))
    return run


@settings(max_examples=150, deadline=None)
@given(run=runs())
def test_whatever_is_reported_the_setpoints_can_be_followed(run: list[Snapshot]) -> None:
    memory = Memory()
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        assert_usable(snapshot.site, decision)


@settings(max_examples=150, deadline=None)
@given(run=runs() | busy_runs())
def test_no_circuit_is_given_more_than_its_limit(run: list[Snapshot]) -> None:
    memory, doubts = Memory(), Doubts()
    for snapshot in run:
        decision, memory = decide(snapshot, memory)
        assert_within_limits(snapshot, decision, doubts)
        doubts.see(snapshot, decision)


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
