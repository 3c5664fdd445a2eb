"""Which meter readings count, and what is wrong with the others."""

from __future__ import annotations

from dataclasses import dataclass, replace
import math

from tidewatt.site import Fault, FaultCode, Meter, MeterReading, per_phase

from .layout import Layout, Node
from .model import Snapshot
from .point import plausible


@dataclass(frozen=True, slots=True)
class MeterSense:
    """The readings that count, by circuit, and what is wrong with those that do not.

    `readings[v]` is None for a circuit without a usable reading; `lost[v]` is then set if it should have one.
    """

    readings: tuple[MeterReading | None, ...]
    lost: tuple[bool, ...]
    faults: tuple[Fault, ...]


def sense_meters(snapshot: Snapshot, layout: Layout) -> MeterSense:
    """Tell usable readings from those that are too old, broken or were never received."""
    readings: list[MeterReading | None] = []
    lost: list[bool] = []
    faults: list[Fault] = []
    for node in layout.nodes:
        reading = None if node.meter is None else snapshot.meters.get(node.meter.meter_id)
        if reading is not None and snapshot.site.phases == 1:
            # Whatever a three-phase meter says of conductors that are not there.
            reading = replace(reading, current_a=per_phase(reading.current_a[0], 1))
        fault = _meter_fault(snapshot, node, reading)
        readings.append(None if fault else reading)
        lost.append(fault is not None)
        if fault is not None:
            faults.append(fault)
    return MeterSense(tuple(readings), tuple(lost), tuple(faults))


def _meter_fault(snapshot: Snapshot, node: Node, reading: MeterReading | None) -> Fault | None:
    meter, circuit = node.meter, node.circuit
    done = f"{len(node.chargers_below)} charger(s) below {circuit.name} keep to their safe current"
    if meter is None:
        if node.parent >= 0:
            return None
        detail = f"{circuit.name} has no meter; {done}. Add a meter there to use the whole connection."
        return Fault(code=FaultCode.METER_MISSING, subject_id=circuit.circuit_id, detail=detail)
    if reading is None:
        detail = f"{meter.name} has not been read yet; {done}."
        return Fault(code=FaultCode.METER_MISSING, subject_id=meter.meter_id, detail=detail)
    if not math.isfinite(reading.at_s) or not plausible(reading.current_a):
        detail = f"{meter.name} reports {reading.current_a} A, which are no currents; {done}."
        return Fault(code=FaultCode.METER_MISSING, subject_id=meter.meter_id, detail=detail)
    return _stale_fault(meter, snapshot.now_s - reading.at_s, done)


def _stale_fault(meter: Meter, age_s: float, done: str) -> Fault | None:
    if age_s <= meter.tolerance_s:
        return None
    detail = f"{meter.name} was last read {age_s:.0f} s ago (tolerance {meter.tolerance_s:g} s); {done}."
    return Fault(code=FaultCode.METER_STALE, subject_id=meter.meter_id, detail=detail)
