"""Makes a plan of the solution of its relaxation: every power allowed, no limit broken, and then as cheap as it gets.

One unit after the other finds its best allowed way while all others keep theirs (`single`), exactly but for the number
of branches it may look into. A unit sees what the others leave of each circuit, what the grid costs given their power,
and the present peak. What it changes never costs the site more. Rounds go on until nothing changes any more.

Where circuits are tight that depends on the beginning, so small sites try several: the relaxation, in which everybody
has their share; the same with shares below the minimum saved up for later slots (`_diffusion`); and rest, from which
the units start in one order or the other and pay for tight circuits what these are worth in the relaxation. Then pairs
of units try to find better ways together: one goes first as if the other were not there, the other follows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._diffusion import Diffusion
from .evaluate import Evaluation, follow
from .penalties import highest, lowest
from .problem import Floats, PlanProblem
from .single import Units

type Flags = npt.NDArray[np.bool_]

NODES = 40
"""How many branches each unit looks into in each round."""

ROUNDS = 4
"""How often the units take their turns."""

SMALL = 50
"""Up to so many units try several beginnings."""

PAIRED = 8
"""Up to so many units, pairs take turns as well."""

ALLOWED_KW = 1e-9
"""A power this close to an allowed one is allowed."""

ENOUGH = 5e-4
"""A plan this close to the bound, relatively, is good enough."""

GAIN = 1e-9
"""What a pair must save, relative to what is at stake."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repaired:
    """`power_kw` float64[N, T], allowed powers within all limits, and what they lead to."""

    power_kw: Floats
    outcome: Evaluation

    def is_close(self, bound: float) -> bool:
        """Return whether there is next to nothing left to gain."""
        return self.outcome.objective - bound < ENOUGH * (1.0 + abs(bound))


def repair(problem: PlanProblem, power_kw: Floats, units: Flags, scarcity_per_kwh: Floats, bound: float) -> Repaired:
    """Return the best plan that is found.

    Args:
        problem: has passed the checks.
        power_kw: float64[N, T], energies and circuits within their bounds, not all of them allowed.
        units: bool[N], the units that take turns; all whose powers are not allowed, and others to save more.
        scarcity_per_kwh: float64[V, T], what the limits on the way from each circuit to the grid are worth.
        bound: no plan has a lower objective; one that is close enough to it is not worked on any more.
    """
    order = np.flatnonzero(units).tolist()
    small = len(order) <= SMALL
    best: Repaired | None = None
    leader: _Turns | None = None
    for turns in _beginnings(problem, power_kw, order, scarcity_per_kwh):
        turns.rounds(order, ROUNDS if small else 1)
        found = turns.finish()
        if not turns.forbidden.any() and (best is None or found.outcome.objective < best.outcome.objective):
            best, leader = found, turns
            if best.is_close(bound):
                return best
    if best is None or leader is None:
        raise AssertionError("diffused powers are allowed")
    if 1 < len(order) <= PAIRED:
        leader.pairs(order, scarcity_per_kwh)
        best = min(best, leader.finish(), key=lambda found: found.outcome.objective)
    return best


def _beginnings(
    problem: PlanProblem, power_kw: Floats, order: Sequence[int], scarcity_per_kwh: Floats
) -> Iterator[_Turns]:
    """Yield the beginnings; where the relaxation is allowed as it is, it is the only one."""
    forbidden = _forbidden(problem, power_kw)
    small = len(order) <= SMALL
    if small or not forbidden.any():
        yield _Turns(problem, power_kw.copy())
    if not forbidden.any():
        return
    yield _Turns(problem, _diffuse(problem, power_kw))
    if small and scarcity_per_kwh.any():
        for again in (order, order[::-1]):
            from_rest = _Turns(problem, np.zeros_like(power_kw))
            from_rest.one_by_one(again, scarcity_per_kwh)
            yield from_rest


def _forbidden(problem: PlanProblem, power_kw: Floats) -> Flags:
    """Return bool[N], whether a unit has a power other than zero below its minimum."""
    least = problem.minimum_kw[:, None] - ALLOWED_KW
    forbidden: Flags = ((power_kw != 0.0) & (np.abs(power_kw) < least)).any(axis=1)
    return forbidden


def _diffuse(problem: PlanProblem, power_kw: Floats) -> Floats:
    """Return allowed powers within the circuits that lead to nearly the energies of given ones."""
    diffused = np.zeros_like(power_kw)
    Diffusion(
        slot_h=problem.slot_h,
        parent=problem.parent,
        import_limit_kw=problem.import_limit_kw,
        export_limit_kw=problem.export_limit_kw,
        base_kw=problem.base_kw,
        flow_kw=problem.base_kw.copy(),
        circuit=problem.circuit,
        arrival=problem.arrival_slot,
        departure=problem.departure_slot,
        charge_limit_kw=problem.charge_limit_kw,
        discharge_limit_kw=problem.discharge_limit_kw,
        minimum_kw=problem.minimum_kw,
        charge_efficiency=problem.charge_efficiency,
        discharge_efficiency=problem.discharge_efficiency,
        low_kwh=lowest(problem),
        high_kwh=highest(problem),
        power_kw=diffused,
    ).run(follow(problem, power_kw).energy_kwh)
    return diffused


class _Turns:
    """Powers that units change one after the other."""

    def __init__(self, problem: PlanProblem, power_kw: Floats) -> None:
        self.problem, self.power_kw = problem, power_kw
        outcome = follow(problem, power_kw)
        self.units = Units(problem, power_kw, outcome.flow_kw, outcome.peak_kw)
        self.forbidden = _forbidden(problem, power_kw)

    def finish(self) -> Repaired:
        """Return what has come of it."""
        return Repaired(power_kw=self.power_kw.copy(), outcome=follow(self.problem, self.power_kw))

    def rounds(self, order: Sequence[int], most: int) -> None:
        """Let the units find better ways, those with forbidden powers first, until nothing changes."""
        order = sorted(order, key=lambda unit: not self.forbidden[unit])
        for _ in range(most):
            turned = [self._turn(unit) for unit in order]
            if not any(turned):
                break

    def one_by_one(self, order: Sequence[int], scarcity_per_kwh: Floats) -> None:
        """Let the units leave rest, paying for tight circuits."""
        for unit in order:
            self._turn(unit, scarcity_per_kwh[self.problem.circuit[unit]])

    def pairs(self, order: Sequence[int], scarcity_per_kwh: Floats) -> None:
        """Let pairs find better ways together until none does."""
        for _ in range(ROUNDS):
            changed = False
            for first in order:
                for second in order:
                    if first != second and self._overlap(first, second):
                        extra = scarcity_per_kwh[self.problem.circuit[first]]
                        changed = self._pair(first, second, None) or self._pair(first, second, extra) or changed
            if not changed:
                break

    def _turn(self, unit: int, extra: Floats | None = None) -> bool:
        """Let a unit find a better way; return whether it did."""
        stay = self.units.solve(unit, NODES, keep=not self.forbidden[unit], extra=extra)
        if stay is None or stay.power_kw is None:
            return False
        self.units.accept(unit, stay.power_kw)
        self.forbidden[unit] = False
        return True

    def _overlap(self, first: int, second: int) -> bool:
        arrival, departure = self.problem.arrival_slot, self.problem.departure_slot
        return bool(arrival[first] < departure[second] and arrival[second] < departure[first])

    def _pair(self, first: int, second: int, extra: Floats | None) -> bool:
        """Let the first find a way without the second, then the second one beside it; keep that if it is better."""
        here = [slice(self.problem.arrival_slot[unit], self.problem.departure_slot[unit]) for unit in (first, second)]
        before = [self.power_kw[unit, at].copy() for unit, at in zip((first, second), here, strict=True)]
        present = self.units.follow(second)
        self.units.accept(second, np.zeros_like(before[1]))
        present += self.units.follow(first)
        self.units.accept(first, np.zeros_like(before[0]))
        # What is left of the others may be over a limit without the two, so that no power is not allowed either.
        self.forbidden[[first, second]] = True
        self._turn(first, extra)
        found = self.units.follow(first)
        self._turn(second)
        found += self.units.follow(second)
        allowed = not self.forbidden[[first, second]].any()
        self.forbidden[[first, second]] = False
        if allowed and found < present - GAIN * (1.0 + abs(present)):
            return True
        self.units.accept(second, np.zeros_like(before[1]))
        self.units.accept(first, before[0])
        self.units.accept(second, before[1])
        return False
