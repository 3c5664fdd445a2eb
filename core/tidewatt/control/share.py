"""Stage six: share what the circuits have left among those who take part, with the allocation kernel."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tidewatt.kernels.allocation import Allocation, AllocationProblem, BindingCode, allocate
from tidewatt.site import Phase, Reason, ReasonCode

from .cycle import Cycle
from .estimate import CircuitEstimate
from .layout import Layout
from .point import PHASES_OF, Point, round_current

TURN_S: Final = 3600.0
"""Waiting this long for want of current counts as much as the charger's whole weight when it is decided who is on."""

ASK_AGAIN_S: Final = TURN_S / 2
"""A vehicle that gives way is offered current again after waiting this long: it may have come to want some."""

_SMALLEST_STEP_A: Final = 1e-3
_LARGEST_A: Final = 1e6
"""What the kernel takes: finer steps and larger loads change nothing."""

_CODES: Final[dict[int, ReasonCode]] = {
    BindingCode.CIRCUIT_CURRENT: ReasonCode.CIRCUIT,
    BindingCode.CIRCUIT_POWER: ReasonCode.CIRCUIT_POWER,
    BindingCode.IMBALANCE: ReasonCode.CIRCUIT,
    BindingCode.BELOW_MINIMUM: ReasonCode.BELOW_MINIMUM,
}

type Rows = list[list[float]]


def _reserved(estimates: list[CircuitEstimate], points: list[Point]) -> Rows:
    """Return per circuit and phase what is not shared: the uncontrolled current and what is set aside, in A."""
    rows = [list(one.load_a) for one in estimates]
    for point in points:
        if not point.taking_part and any(point.reserve_a):
            for circuit in point.place.path:
                for phase in range(3):
                    rows[circuit][phase] += point.reserve_a[phase]
    return rows


@dataclass(frozen=True, slots=True)
class Rooms:
    """Per circuit and phase, in A: what was not shared (`taken_a`), and what the shares leave (`headroom_a`)."""

    taken_a: Rows
    headroom_a: Rows


def share(cycle: Cycle, points: list[Point], estimates: list[CircuitEstimate]) -> Rooms:
    """Give every charger that takes part its share."""
    active = [point for point in points if point.taking_part]
    taken_a = _reserved(estimates, points)
    problem = _problem(cycle, active, taken_a)
    allocation = allocate(problem)
    _take(cycle.layout, active, allocation)
    if any(point.share_a <= 0 < point.current_a for point in active):
        hopeful = allocate(replace(problem, base_a=_hopeful(problem.base_a, estimates)))
        _spare(active, hopeful.current_a.tolist())
    return Rooms(taken_a, allocation.headroom_a.tolist())


def _problem(cycle: Cycle, active: list[Point], taken_a: Rows) -> AllocationProblem:
    layout = cycle.layout
    count = len(active)
    numbers = np.array(
        [
            (
                point.minimum_a,
                point.maximum_a,
                max(point.charger.step_a, _SMALLEST_STEP_A),
                point.weight,
                point.weight * point.memory.deficit / TURN_S,
            )
            for point in active
        ],
        dtype=np.float64,
    ).reshape(count, 5)
    minimum_a, maximum_a, step_a, weight, deficit = np.ascontiguousarray(numbers.T)
    return AllocationProblem(
        parent=layout.parent,
        import_limit_a=layout.import_limit_a,
        export_limit_a=layout.export_limit_a,
        base_a=np.array(taken_a, dtype=np.float64).clip(-_LARGEST_A, _LARGEST_A),
        total_import_limit_w=layout.total_import_limit_w,
        total_export_limit_w=layout.no_limit,
        imbalance_limit_a=layout.no_limit,
        voltage_v=np.array(cycle.voltage_v, dtype=np.float64),
        circuit=np.array([point.place.circuit for point in active], dtype=np.int32),
        phases=np.array([point.phases for point in active], dtype=np.uint8),
        minimum_a=minimum_a,
        maximum_a=maximum_a,
        direction=np.ones(count, dtype=np.int8),
        step_a=step_a,
        weight=weight,
        locked_on=np.array([_locked_on(point, cycle) for point in active], dtype=np.bool_),
        incumbent=np.array([point.current_a > 0 for point in active], dtype=np.bool_),
        deficit=deficit,
        tier=np.array([_gives_way(point) for point in active], dtype=np.uint8),
        relied_a=np.zeros(count),
    )


def _locked_on(point: Point, cycle: Cycle) -> bool:
    since_s = point.memory.on_since_s
    return point.current_a > 0 and since_s is not None and cycle.now_s - since_s < cycle.settings.minimum_on_s


def _gives_way(point: Point) -> bool:
    """Say whether a charger gets only what the others leave; what it is offered then is set aside as for anybody."""
    return point.yields and point.memory.deficit < ASK_AGAIN_S


def allotted(points: Sequence[Point], allocation: Allocation) -> Iterable[tuple[Point, float, int, int, int]]:
    """Return each charger with its current in A, and what bound it: the kernel's code, circuit and phase."""
    return zip(
        points,
        allocation.current_a.tolist(),
        allocation.binding.tolist(),
        allocation.binding_circuit.tolist(),
        allocation.binding_phase.tolist(),
        strict=True,
    )


def _take(layout: Layout, active: list[Point], allocation: Allocation) -> None:
    for point, current_a, binding, circuit, phase in allotted(active, allocation):
        point.share_a = round_current(current_a)
        if binding == BindingCode.MAXIMUM:
            point.share_reason = point.bound
        else:
            left_out = point.share_a <= 0 and _gives_way(point)
            code = ReasonCode.VEHICLE if left_out else _CODES[binding]
            point.share_reason = circuit_reason(layout, code, circuit, phase)


def circuit_reason(layout: Layout, code: ReasonCode, circuit: int, phase: int) -> Reason:
    """Return the reason that a circuit, and on it a phase (-1 for none), binds."""
    return _reason(code, layout.nodes[circuit].circuit.circuit_id, phase)


@lru_cache(maxsize=1024)
def _reason(code: ReasonCode, circuit_id: str, phase: int) -> Reason:
    return Reason(code=code, circuit_id=circuit_id, phase=Phase(phase) if phase >= 0 else None)


def _hopeful(base_a: NDArray[np.float64], estimates: list[CircuitEstimate]) -> NDArray[np.float64]:
    """Return what is taken if the chargers draw as much as they can while setpoints are in flight."""
    lower = base_a.copy()
    for circuit, one in enumerate(estimates):
        if one.hopeful_a is not None:
            lower[circuit] += np.subtract(one.hopeful_a, one.load_a)
    return lower


def _spare(active: list[Point], hopeful_a: list[float]) -> None:
    """Reduce to the minimum, instead of pausing, whom only the benefit of the doubt would keep on."""
    spared = [
        point
        for point, share_a in zip(active, hopeful_a, strict=True)
        if point.share_a <= 0 < share_a and point.current_a > 0
    ]
    if not spared:
        return
    for point, share_a in zip(active, hopeful_a, strict=True):
        point.share_a = min(point.share_a, round_current(share_a))
    for point in spared:
        point.share_a = point.minimum_a
        point.share_reason = as_circuit(point.share_reason)


def as_circuit(reason: Reason) -> Reason:
    """Return the reason that a circuit binds, for one that names it otherwise."""
    if reason.code is not ReasonCode.BELOW_MINIMUM:
        return reason
    return Reason(code=ReasonCode.CIRCUIT, circuit_id=reason.circuit_id, phase=reason.phase)


def room_for(cycle: Cycle, point: Point, headroom: Rows) -> tuple[float, int, int]:
    """Return the least headroom on a charger's way to the root, in A, and the circuit and phase (-1: power) of it."""
    voltage_v, phases = cycle.voltage_v, PHASES_OF[point.phases]
    least = min((headroom[circuit][phase], circuit, phase) for circuit in point.place.path for phase in phases)
    volts = sum(voltage_v[phase] for phase in phases)
    for circuit in point.place.path:
        limits = cycle.layout.nodes[circuit].circuit
        if limits.total_import_limit_w is not None and volts > 0:
            used_w = sum(
                (limit_a - free_a) * volt_v
                for limit_a, free_a, volt_v in zip(limits.import_limit_a, headroom[circuit], voltage_v, strict=True)
            )
            least = min(least, ((limits.total_import_limit_w - used_w) / volts, circuit, -1))
    return least
