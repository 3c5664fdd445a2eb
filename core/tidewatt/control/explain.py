"""Stage nine: the decision as others read it: setpoints with reasons, circuits, and named faults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tidewatt.site import Fault, FaultCode, PerPhase, Setpoint

from .bound import charger_fault
from .cycle import Cycle
from .estimate import CircuitEstimate
from .layout import Layout
from .memory import Memory
from .model import CircuitDecision, Decision, DischargeDecision
from .point import Point
from .share import Rooms
from .vehicle import deviation_fault

OVERLOAD_FAULT_S: Final = 10.0
"""An overload that lasts this long is more than a reaction to a step: it is reported."""


def explain(
    cycle: Cycle, points: list[Point], estimates: list[CircuitEstimate], rooms: Rooms, after: Memory
) -> Decision:
    """Put the decision together. `after` is the memory after this cycle."""
    layout = cycle.layout
    return Decision(
        setpoints=tuple(
            Setpoint(
                charger_id=point.charger.charger_id,
                current_a=point.setpoint_a,
                reason=point.reason,
                valid_for_s=cycle.settings.setpoint_validity_s,
            )
            for point in points
        ),
        circuits=tuple(
            CircuitDecision(
                circuit_id=node.circuit.circuit_id,
                current_a=one.current_a,
                base_a=one.base_a,
                headroom_a=None if one.current_a is None else _per_phase(row),
                overloaded=one.overloaded,
            )
            for node, one, row in zip(layout.nodes, estimates, rooms.headroom_a, strict=True)
        ),
        faults=(
            *cycle.meters.faults,
            *_charger_faults(points),
            *_overload_faults(layout, estimates, after),
            *_excess_faults(layout, estimates, after),
        ),
        discharges=tuple(
            DischargeDecision(
                charger_id=point.charger.charger_id, forbidden_by=point.give_forbidden, soc_pct=point.soc_pct
            )
            for point in points
            if point.charger.discharge_maximum_a > 0
        ),
    )


def _per_phase(row: list[float]) -> PerPhase:
    return (row[0], row[1], row[2])


def _charger_faults(points: list[Point]) -> list[Fault]:
    faults = []
    for point in points:
        fault = charger_fault(point)
        if fault is not None:
            faults.append(fault)
        elif point.deviating:
            faults.append(deviation_fault(point))
        elif point.give_fault is not None:
            faults.append(point.give_fault)
    return faults


def _overload_faults(layout: Layout, estimates: list[CircuitEstimate], memory: Memory) -> list[Fault]:
    faults = []
    for node, one in zip(layout.nodes, estimates, strict=True):
        circuit = node.circuit
        if not _lasts(memory.circuits[circuit.circuit_id].overloaded_since_s, memory):
            continue
        over = _phases_beyond("carries", one.current_a or (), circuit.import_limit_a, one.overloaded)
        detail = f"{circuit.name}: {over}; the chargers below have been reduced as far as they follow."
        faults.append(Fault(code=FaultCode.OVERLOAD, subject_id=circuit.circuit_id, detail=detail))
    return faults


def _excess_faults(layout: Layout, estimates: list[CircuitEstimate], memory: Memory) -> list[Fault]:
    faults = []
    for node, one in zip(layout.nodes, estimates, strict=True):
        circuit = node.circuit
        if not _lasts(memory.circuits[circuit.circuit_id].excess_since_s, memory):
            continue
        fed_back_a = [-current_a for current_a in one.current_a or ()]
        over = _phases_beyond("feeds back", fed_back_a, circuit.export_limit_a, one.exceeded)
        detail = f"{circuit.name}: {over}; discharging below it has been reduced as far as it follows."
        faults.append(Fault(code=FaultCode.DISCHARGE_LIMIT, subject_id=circuit.circuit_id, detail=detail))
    return faults


def _lasts(since_s: float | None, memory: Memory) -> bool:
    """Say whether a breach of limits has lasted too long to be a passing one."""
    return since_s is not None and memory.at_s is not None and memory.at_s - since_s >= OVERLOAD_FAULT_S


def _phases_beyond(does: str, current_a: Sequence[float], limit_a: Sequence[float], beyond: Sequence[bool]) -> str:
    """Return in words what flows on each phase that is beyond its limit."""
    return " and ".join(
        f"L{phase + 1} {does} {flows_a:.1f} A of {most_a:g} A"
        for phase, (flows_a, most_a) in enumerate(zip(current_a, limit_a, strict=True))
        if beyond[phase]
    )
