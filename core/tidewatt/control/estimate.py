"""Stage four: how much current in each circuit is not the chargers'.

A meter sees everything below it; the chargers' part of that is known only as intervals (see `draw`), because their own
measurements come later and rarer and new setpoints take time to be followed. The uncontrolled current is therefore an
interval too, and the value in it nearest to the last estimate is taken: a change is explained by the chargers first.
When a phase is over its limit that benefit of the doubt ends where a raise is in flight or a vehicle may be waking; yet
nobody is paused before that is settled who could stay at the minimum if the chargers did explain it.
"""

from __future__ import annotations

from dataclasses import dataclass
import math
from typing import Final

from tidewatt.site import Circuit, MeterReading, PerPhase

from .cover import covered_a, exceeds, held_cover_a, recovered
from .cycle import Cycle
from .draw import Draw, draw_at
from .layout import Layout
from .memory import CircuitMemory
from .point import NO_CURRENT, Point

OVERLOAD_MARGIN_A: Final = 0.05
"""A current counts as over its limit when it exceeds it by more than a meter's last digit."""

_PATIENCE_S: Final = 2.5
"""When an overload outlives the reductions against it for this long, they count as followed: there is more load."""

_NEW: Final = CircuitMemory()


@dataclass(slots=True)
class CircuitEstimate:
    """One circuit in one cycle, in A per phase, None where no meter tells.

    `base_a` is the uncontrolled current. `hopeful_a` is the least it can be while setpoints are in flight: who fits by
    that is reduced, not paused. `draws` are the chargers' parts by their index in the layout.
    `load_a` is what shares are reckoned with, also where no meter tells, and `held_a` the same for raises: it follows
    the load up at once and down slowly. `cover_a` is the load that a discharge may cover, None while nobody
    discharges, and `exceeded` tells where more is fed back than may be.
    """

    current_a: PerPhase | None = None
    base_a: PerPhase | None = None
    hopeful_a: PerPhase | None = None
    load_a: PerPhase = NO_CURRENT
    held_a: PerPhase = NO_CURRENT
    overloaded: tuple[bool, bool, bool] = (False, False, False)
    at_s: float = 0.0
    draws: dict[int, Draw] | None = None
    cover_a: PerPhase | None = None
    exceeded: tuple[bool, bool, bool] = (False, False, False)


def estimate(cycle: Cycle, points: list[Point]) -> list[CircuitEstimate]:
    """Estimate the uncontrolled current of every circuit, in the site's order."""
    layout, settle_s = cycle.layout, cycle.settings.settle_s
    discharging = any(_may_discharge(point) for point in points)
    estimates = []
    for node, reading in zip(layout.nodes, cycle.meters.readings, strict=True):
        if reading is None:
            estimates.append(CircuitEstimate(cover_a=NO_CURRENT if discharging else None))
            continue
        draws = {index: draw_at(points[index], reading.at_s, settle_s) for index in node.chargers_below}
        before = cycle.memory.circuits.get(node.circuit.circuit_id, _NEW)
        one = _estimate_circuit(node.circuit, reading, draws, before, cycle.elapsed_s)
        if discharging:
            _estimate_cover(one, node.circuit, before, cycle.elapsed_s)
        estimates.append(one)
    _carry_up(layout, estimates)
    return estimates


def _may_discharge(point: Point) -> bool:
    return point.giving or any(point.give_reserve_a) or any(one.current_a < 0 for one in point.told)


def _estimate_circuit(
    circuit: Circuit, reading: MeterReading, draws: dict[int, Draw], before: CircuitMemory, elapsed_s: float
) -> CircuitEstimate:
    sums = _sums(draws)
    since_s = before.overloaded_since_s
    out_of_patience = since_s is not None and reading.at_s - since_s >= _PATIENCE_S
    base, hopeful, held, over = [0.0] * 3, [0.0] * 3, [0.0] * 3, [False] * 3
    for phase in range(3):
        current_a, low_a, high_a = reading.current_a[phase], sums.low_a[phase], sums.high_a[phase]
        if before.drawn_a is not None:
            rise_a = sums.in_flight_a[phase] + sums.waking_a[phase] + sums.loose_a[phase]
            high_a = min(high_a, max(low_a, before.drawn_a[phase] + rise_a))
        most_a, least_a = current_a - low_a, current_a - high_a
        last_a = most_a if before.base_a is None else before.base_a[phase]
        base[phase] = min(max(last_a, least_a), most_a)
        over[phase] = current_a > circuit.import_limit_a[phase] + OVERLOAD_MARGIN_A
        if over[phase]:
            doubt_a = math.inf if out_of_patience else sums.in_flight_a[phase] + sums.waking_a[phase]
            base[phase] = min(most_a, max(base[phase], least_a + doubt_a))
        # A discharge that nobody measures may end at any time: the house is taken to draw what it covers.
        base[phase] = max(base[phase], min(most_a, least_a + sums.given_a[phase]))
        # What a reduction did not cure in time was no raise. Without overload, nobody is paused for a current that may
        # be counted twice: in the reading, and as what a charger out of sight draws.
        excused_a = sums.raising_a[phase] if over[phase] else sums.in_flight_a[phase] + sums.unseen_a[phase]
        hopeful[phase] = max(least_a, base[phase] - excused_a)
        held_a = base[phase] if before.held_a is None else before.held_a[phase]
        held[phase] = recovered(held_a, base[phase], elapsed_s)
    return CircuitEstimate(
        current_a=reading.current_a,
        base_a=(base[0], base[1], base[2]),
        hopeful_a=(hopeful[0], hopeful[1], hopeful[2]),
        load_a=(base[0], base[1], base[2]),
        held_a=(held[0], held[1], held[2]),
        overloaded=(over[0], over[1], over[2]),
        at_s=reading.at_s,
        draws=draws,
    )


def _estimate_cover(one: CircuitEstimate, circuit: Circuit, before: CircuitMemory, elapsed_s: float) -> None:
    """Fill in the load that a discharge may cover, from the same interval as the uncontrolled current."""
    if one.current_a is None or one.draws is None:
        return
    sums, since_s = _sums(one.draws), before.excess_since_s
    late = since_s is not None and one.at_s - since_s >= _PATIENCE_S
    cover, exceeded = [0.0] * 3, [False] * 3
    for phase in range(3):
        current_a = one.current_a[phase]
        exceeded[phase] = exceeds(circuit, phase, current_a, sums.low_a[phase])
        load_a = covered_a(
            current_a - sums.high_a[phase],
            current_a - sums.low_a[phase],
            sums.sinking_a[phase],
            sums.given_a[phase],
            None if before.cover_a is None else before.cover_a[phase],
            excess=exceeded[phase],
            late=late,
        )
        cover[phase] = held_cover_a(before, phase, load_a, elapsed_s)
    one.cover_a = (cover[0], cover[1], cover[2])
    one.exceeded = (exceeded[0], exceeded[1], exceeded[2])


@dataclass(slots=True)
class _Sums:
    """The parts of a circuit's draws per phase, added up; `raising_a` is what of `in_flight_a` belongs to raises."""

    low_a: list[float]
    high_a: list[float]
    in_flight_a: list[float]
    raising_a: list[float]
    waking_a: list[float]
    loose_a: list[float]
    unseen_a: list[float]
    sinking_a: list[float]
    given_a: list[float]


def _sums(draws: dict[int, Draw]) -> _Sums:
    sums = _Sums(*([0.0, 0.0, 0.0] for _ in range(9)))
    for draw in draws.values():
        for phase in range(3):
            sums.low_a[phase] += draw.low_a[phase]
            sums.high_a[phase] += draw.high_a[phase]
            sums.in_flight_a[phase] += draw.in_flight_a[phase]
            sums.waking_a[phase] += draw.waking_a[phase]
            sums.loose_a[phase] += draw.loose_a[phase]
            sums.unseen_a[phase] += draw.unseen_a[phase]
            sums.sinking_a[phase] += draw.sinking_a[phase]
            sums.given_a[phase] += draw.given_a[phase]
            if draw.raising:
                sums.raising_a[phase] += draw.in_flight_a[phase]
    return sums


def _carry_up(layout: Layout, estimates: list[CircuitEstimate]) -> None:
    """Count the uncontrolled current below an unmetered circuit as far as meters further down know it."""
    for index in range(len(estimates) - 1, 0, -1):
        parent = layout.nodes[index].parent
        above = estimates[parent]
        if above.current_a is None:
            above.load_a = _sum(above.load_a, estimates[index].load_a)
            above.held_a = _sum(above.held_a, estimates[index].held_a)
            above.cover_a = _sum_known(above.cover_a, estimates[index].cover_a)


def _sum(one: PerPhase, other: PerPhase) -> PerPhase:
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2])


def _sum_known(one: PerPhase | None, other: PerPhase | None) -> PerPhase | None:
    return None if one is None or other is None else _sum(one, other)
