"""The way from a problem to its allocation: checks, slots, rows, admission, filling, steps, reasons."""

from __future__ import annotations

import numpy as np

from ._admission import Admission
from ._answer import Answer
from ._candidates import Candidates
from ._checks import SOUND, Checks
from ._filling import Filling
from ._order import LOCKED, MINIMA, RELIED, STEPS, TIERED, Order
from ._relying import Relying, set_aside
from ._rows import Rows
from ._sorting import Sorter
from ._starting import Starting
from ._steps import Steps
from ._tree import Tree
from ._utility import Utility
from .checks import check_shapes, refusal
from .problem import Allocation, AllocationProblem, Objective
from .search import Search
from .workspace import Workspace

INCUMBENT_BONUS = 0.25
"""What being on adds to a charger's weight when it is decided who is on, as a part of that weight."""

PHASES = np.array([max(mask.bit_count(), 1) for mask in range(8)], np.float64)
SHARE = {Objective.SERVED: np.ones(8), Objective.UTILITY: 1.0 / np.sqrt(PHASES)}
"""Factor on the weight in the filling, by phase mask: what is shared fairly is the current, and with `UTILITY` the
geometric mean of the current and its sum over the phases used."""

OVER_A = 1e-9
"""Rounding may leave a limit exceeded by no more than this."""


class Allocator:
    """Allocates again and again what is in the arrays of one problem, without allocating memory.

    Write new limits, loads, weights or any other values into the problem's arrays between two calls of `allocate`;
    their shapes and types stay as they are. `objective` says what decides who is on.
    """

    def __init__(self, problem: AllocationProblem, *, objective: Objective = Objective.SERVED) -> None:
        """Take views of the problem's arrays and allocate everything that is needed.

        Raises:
            ValueError: a field is of the wrong shape or type.
        """
        check_shapes(problem)
        self._problem = problem
        space = Workspace(problem)
        self._space = space
        self._answer = space.answer
        self._count = space.chargers
        self._checks = Checks(space)
        self._tree = Tree(space)
        self._order = Order(space, incumbent_bonus=INCUMBENT_BONUS, share=memoryview(SHARE[objective]))
        self._by_level = Sorter(space.level_key, space.by_level)
        self._by_start = Sorter(space.start_key, space.by_start)
        self._by_score = Sorter(space.score_key, space.by_score)
        self._by_density = Sorter(space.density_key, space.by_density)
        self._rows = Rows(space)
        self._candidates = Candidates(space)
        self._admission = Admission(space)
        self._starting = Starting(space)
        self._filling = Filling(space)
        self._steps = Steps(space)
        self._relying = Relying(space)
        self._writer = Answer(space)
        self._search = None if objective is Objective.SERVED else Search(self._admission, Utility(space), self._rise)
        self._groups = 0
        self._entries = 0
        self._needed = 0
        self._tiers: list[int] = [0]

    def allocate(self) -> Allocation:
        """Share the rooms of the circuits among the chargers, from the values that the arrays have now.

        Returns:
            The same `Allocation` at every call, its arrays written anew. Copy what has to outlast the next call.

        Raises:
            ValueError: a value cannot be meant. The arrays of the answer then are as they were.
        """
        fault = self._checks.fault()
        if fault != SOUND:
            raise refusal(self._problem, fault, self._checks.where())
        flags = self._put_in_order()
        self._rows.set_up()
        over_a = self._share(flags)
        if flags & RELIED:
            over_a = self._share_again(flags)
        kinds = self._rows.kind_count()
        if over_a > OVER_A:
            self._writer.take_back(kinds, self._rows.live_count())
            self._rows.measure()
        self._writer.write(self._groups, kinds)
        return self._answer

    def _share(self, flags: int) -> float:
        """Admit and fill tier by tier; return the largest excess over a room, which is of rounding."""
        self._candidates.clear()
        self._rows.measure()
        if flags & MINIMA:
            self._admit_locked(flags)
        over_a = 0.0
        for tier in self._tiers:
            if flags & MINIMA:
                self._admit(tier)
            over_a = self._fill(tier, flags)
        return over_a

    def _share_again(self, flags: int) -> float:
        """Share with the discharge that is counted on as room, and every discharge at least as it is.

        Chargers that now take less of an imbalance than before leave it to those that discharge.
        """
        self._relying.rely(self._groups, self._rows.kind_count())
        self._rows.look_for_live()
        over_a = self._share(flags)
        for tier in self._tiers:
            if flags & MINIMA and self._search is None:
                self._admit_more(set_aside(tier), flags)
            over_a = self._fill(set_aside(tier), flags)
        self._relying.join(self._groups)
        return over_a

    def _put_in_order(self) -> int:
        """Bring tree, slots and groups up to date; return what there is among the chargers."""
        order = self._order
        regrouped = self._tree.refresh()
        regrouped = order.regroup() or regrouped
        flags: int = order.gather()
        if regrouped:
            self._groups = order.group_count()
            self._needed = self._rows.regroup(self._groups)
            self._tiers = (
                sorted(set(self._problem.tier.tolist())) if flags & TIERED else self._problem.tier[:1].tolist()
            )
        self._reserve(self._needed)
        if regrouped or not order.still_right():
            self._by_level.sort(self._count)
            order.place()
        if flags & MINIMA:
            self._candidates.rank()
            self._by_score.sort(self._count)
        return flags

    def _reserve(self, entries: int) -> None:
        if entries > self._entries:
            self._space.make_room_for_entries(entries)
            for stage in (self._rows, self._admission, self._starting, self._filling, self._steps, self._writer):
                stage.take_entries(self._space)
            self._entries = entries

    def _admit_locked(self, flags: int) -> None:
        """Admit those that must stay on, tier by tier, before anybody else."""
        if flags & LOCKED:
            for tier in self._tiers:
                self._admit_best(tier, locked=True)

    def _admit(self, tier: int) -> None:
        if self._rows.minima_fit(tier):
            self._candidates.admit_all(tier)
        else:
            self._admit_best(tier, locked=False)
        if self._search is not None:
            self._rows.measure()
            candidates = self._candidates.choose(tier, locked=False, also_on=True)
            self._admission.open(candidates, self._rows.kind_count())
            self._search.run(tier, candidates, self._count)
        self._rows.measure()

    def _admit_more(self, tier: int, flags: int) -> None:
        """Admit whoever of a tier that was shared before fits now; nobody has to go."""
        if flags & LOCKED:
            self._admit_best(tier, locked=True)
        self._admit_best(tier, locked=False)
        self._rows.measure()

    def _admit_best(self, tier: int, *, locked: bool) -> None:
        candidates = self._candidates.choose(tier, locked, also_on=False)
        if self._admission.take(candidates, self._rows.kind_count()):
            self._by_density.sort(candidates)
            self._admission.improve()
        self._admission.settle()

    def _fill(self, tier: int, flags: int) -> float:
        """Raise the currents of a tier to their fair shares, on the step grids; return the largest excess."""
        self._rise(tier)
        over_a: float = self._rows.measure()
        if flags & STEPS:
            smooth = self._steps.round_down(tier)
            self._rows.measure()
            self._steps.hand_out()
            over_a = self._rows.measure()
            if smooth:
                self._raise(tier, smooth_only=True)
                over_a = self._rows.measure()
        return over_a

    def _rise(self, tier: int) -> None:
        self._raise(tier, smooth_only=False)

    def _raise(self, tier: int, *, smooth_only: bool) -> None:
        live_rows = self._rows.live_count()
        later = self._starting.begin(self._groups, live_rows, tier, smooth_only)
        if later:
            self._by_start.sort(self._count)
        self._filling.run(live_rows, self._rows.kind_count(), later)


def allocate(problem: AllocationProblem, *, objective: Objective = Objective.SERVED) -> Allocation:
    """Share the rooms of the circuits among the chargers.

    Who is on is decided at the minima (`_admission`). How much each then gets is weighted max-min fair (`_filling`): a
    common level rises, everybody has `clip(weight x level, minimum, maximum)` until a limit stops those that count in
    it; exact to 1e-9 A. Chargers with steps are rounded down and the rest is handed out step by step.

    The answer keeps every limit also when any of the listed chargers takes less than it is given, or nothing:
    discharging never makes room for charging, charging never for discharging, and neither evens out an imbalance
    (only a charger that uses several phases is taken to load them alike). Where the base alone exceeds a limit, nobody
    gets anything that would add to it, locked or not.

    The same problem gives the same answer to the last bit, compiled or not, and chargers may be listed in any order:
    they are first put in an order of their values. Chargers with all values equal are interchangeable; of these the
    one listed first goes first.

    Raises:
        ValueError: a field is of the wrong shape or type, or a value cannot be meant.
    """
    return Allocator(problem, objective=objective).allocate()
