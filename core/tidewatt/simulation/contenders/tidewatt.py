"""Tidewatt itself: `decide`, cycle by cycle where something is going on, and with jumps where nothing is.

In life a cycle runs every second. Here cycles are left out only where they would have said the same: the last one left
nothing pending in its memory, and `decide`, asked as of the last second before the next change, answers the same. If it
does not, the second in which it begins to say otherwise (a timer runs out, a turn to charge comes) is searched for, and
the jump ends before it. So the jumps know none of control's timers and remain right when those change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tidewatt.control import Memory, Snapshot, decide
from tidewatt.control.memory import ChargerMemory, CircuitMemory
from tidewatt.simulation.plant import Plant, Plugged
from tidewatt.site import ChargerState, ChargerStatus, MeterReading, Mode, PerPhase, Session, Wish

_RESTLESS_S = 5
"""Cycles that are run one by one after currents changed: raises follow each other in this time."""

_NONE: PerPhase = (0.0, 0.0, 0.0)


class _Answer(NamedTuple):
    """What a cycle said: a current for each charger, and who counts as waiting (see `_counts`)."""

    told_a: list[float]
    counts: list[int]


class TidewattFair:
    """`decide` with every charger in fast mode: fair shares within all limits, whatever the price."""

    name = "tidewatt fair"

    def __init__(self) -> None:
        self._memory = Memory()
        self._told_a: list[float] | None = None
        self._changed_s = 0
        self._foreseen: tuple[int, _Answer, Memory] | None = None
        self.cycles = 0

    def wishes(self, plant: Plant) -> Mapping[str, Wish]:
        """Return what is wished of every charger now."""
        return {charger.charger_id: Wish(mode=Mode.FAST) for charger in plant.scenario.site.chargers}

    def act(self, plant: Plant, *, jumping: bool) -> int:
        """See `Contender`."""
        wishes, before, foreseen = self.wishes(plant), self._memory, self._foreseen
        if foreseen is not None and foreseen[0] == plant.now_s:
            answer, self._memory = foreseen[1:]
        else:
            answer, self._memory = self._cycle(snapshot(plant, plant.now_s, wishes), before)
        self._foreseen = None
        if answer.told_a != self._told_a:
            self._changed_s = plant.now_s
        self._told_a = answer.told_a
        plant.tell(answer.told_a)
        if not jumping or not _rested(before, self._memory):
            return 1
        if plant.empty:
            return max(1, plant.seconds_to_arrival() - 1)
        return 1 if plant.now_s - self._changed_s < _RESTLESS_S else self._hold_s(plant, answer, wishes)

    def _cycle(self, seen: Snapshot, memory: Memory) -> tuple[_Answer, Memory]:
        self.cycles += 1
        decision, after = decide(seen, memory)
        return _Answer([setpoint.current_a for setpoint in decision.setpoints], _counts(memory, after)), after

    def _hold_s(self, plant: Plant, answer: _Answer, wishes: Mapping[str, Wish]) -> int:
        """Return the seconds for which cycles would say the same, at most to the last one before the next change."""
        same_s, most_s = 1, plant.seconds_to_change() - 1
        if most_s <= 1 or self._says(plant, most_s, answer, wishes):
            return max(1, most_s)
        if not _level(self._memory):
            return 1
        other_s = most_s
        while other_s - same_s > 1:
            middle_s = (same_s + other_s) // 2
            if self._says(plant, middle_s, answer, wishes):
                same_s = middle_s
            else:
                other_s = middle_s
        return same_s

    def _says(self, plant: Plant, seconds: int, answer: _Answer, wishes: Mapping[str, Wish]) -> bool:
        """Say whether `decide` would answer so in so many seconds if nothing changed until then."""
        at_s, memory = plant.now_s + seconds, self._memory
        if any(answer.counts):
            # While waiting time counts, what a cycle says depends on what the one before it has counted.
            _, memory = self._cycle(snapshot(plant, at_s - 1, wishes), memory)
        foreseen, memory = self._cycle(snapshot(plant, at_s, wishes), memory)
        if foreseen == answer:
            self._foreseen = (at_s, foreseen, memory)
        return foreseen == answer


def snapshot(plant: Plant, now_s: int, wishes: Mapping[str, Wish]) -> Snapshot:
    """Return what control sees at a time if the plant is then as it is now: everything measured, and just now."""
    site, now = plant.scenario.site, float(now_s)
    flows_a = dict(zip((circuit.circuit_id for circuit in site.circuits), plant.circuit_currents_a(), strict=True))
    return Snapshot(
        now_s=now,
        site=site,
        meters={
            meter.meter_id: MeterReading(meter_id=meter.meter_id, at_s=now, current_a=_three(flows_a[meter.circuit_id]))
            for meter in site.meters
        },
        chargers={
            charger.charger_id: _state(charger.charger_id, now, car, told_a)
            for charger, car, told_a in zip(site.chargers, plant.plugged, plant.told_a, strict=True)
        },
        vehicles={},
        wishes=wishes,
    )


def _state(charger_id: str, now: float, car: Plugged | None, told_a: float) -> ChargerState:
    if car is None:
        return ChargerState(
            charger_id=charger_id,
            at_s=now,
            online=True,
            status=ChargerStatus.AVAILABLE,
            plugged=False,
            measured_at_s=now,
            current_a=_NONE,
        )
    count = len(car.wires)
    drawn_a = car.current_a
    return ChargerState(
        charger_id=charger_id,
        at_s=now,
        online=True,
        status=_status(car, told_a),
        plugged=True,
        measured_at_s=now,
        current_a=(drawn_a, drawn_a if count > 1 else 0.0, drawn_a if count > 2 else 0.0),
        session=Session(transaction_id=car.session.session_id, started_at_utc="", energy_wh=car.got_wh),
    )


def _status(car: Plugged, told_a: float) -> ChargerStatus:
    if not car.wants:
        return ChargerStatus.SUSPENDED_EV
    return ChargerStatus.CHARGING if told_a > 0 else ChargerStatus.SUSPENDED_EVSE


def _three(row: list[float]) -> PerPhase:
    return (row[0], row[1], row[2])


def _rested(before: Memory, after: Memory) -> bool:
    """Say whether a cycle left everything as it found it but for what merely counts the time."""
    return all(
        charger_id in before.chargers and _same_charger(before.chargers[charger_id], charger)
        for charger_id, charger in after.chargers.items()
    ) and all(
        circuit_id in before.circuits and _same_circuit(before.circuits[circuit_id], circuit)
        for circuit_id, circuit in after.circuits.items()
    )


def _same_charger(one: ChargerMemory, other: ChargerMemory) -> bool:
    """Compare all but the deficit, which counts waiting time, and currents told that nothing shows any more."""
    return one.told[-1:] == other.told[-1:] and (
        (one.connected, one.on_since_s, one.off_since_s, one.raised_at_s)
        == (other.connected, other.on_since_s, other.off_since_s, other.raised_at_s)
        and (one.phases, one.phases_seen, one.phases_since_s, one.vehicle_limit_a, one.deviating)
        == (other.phases, other.phases_seen, other.phases_since_s, other.vehicle_limit_a, other.deviating)
        and (one.quiet_since_s, one.sun_since_s, one.shade_since_s)
        == (other.quiet_since_s, other.sun_since_s, other.shade_since_s)
    )


def _same_circuit(one: CircuitMemory, other: CircuitMemory) -> bool:
    """Compare all but the falling estimate, which only holds raises back."""
    return (one.base_a, one.drawn_a, one.overloaded_since_s) == (other.base_a, other.drawn_a, other.overloaded_since_s)


def _counts(before: Memory, after: Memory) -> list[int]:
    """Return for each charger whether a cycle counted its waiting time up (1), down (-1) or not at all."""
    counts = []
    for charger_id, one in after.chargers.items():
        waited_s = before.chargers[charger_id].deficit if charger_id in before.chargers else 0.0
        counts.append((one.deficit > waited_s) - (one.deficit < waited_s))
    return counts


def _level(memory: Memory) -> bool:
    """Say whether no falling estimate is on its way."""
    return all(circuit.held_a == circuit.base_a for circuit in memory.circuits.values())
