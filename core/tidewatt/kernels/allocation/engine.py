"""The way from a problem to its allocation: priority, rows, admission, filling, steps, reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from ._admission import Admission
from ._filling import Filling, hand_out
from ._incidence import blocking, incidence, members
from .checks import check
from .problem import Allocation, AllocationProblem, BindingCode, Flags, Floats

type Indices = npt.NDArray[np.intp]

INCUMBENT_BONUS = 0.25
"""What being on adds to a charger's weight when it is decided who is on, as a part of that weight."""

PROBE_A = 1e-6
"""A charger without steps counts as kept from more by a row that has not this much left for it."""

ROUNDING = 1e-9
"""A current that is off the step grid by less than this many steps is on it."""

KINDS = np.array(
    [BindingCode.CIRCUIT_CURRENT] * 3
    + [BindingCode.CIRCUIT_POWER]
    + [BindingCode.CIRCUIT_CURRENT] * 3
    + [BindingCode.CIRCUIT_POWER]
    + [BindingCode.IMBALANCE] * 6,
    dtype=np.int8,
)
"""What each of a circuit's rows limits, in the order of `_incidence`."""

PHASES = np.array([0, 1, 2, -1, 0, 1, 2, -1, 0, 0, 1, 1, 2, 2], dtype=np.int8)
"""The phase each of a circuit's rows is about; for imbalance the phase whose load would be too high."""

HIGH, LOW = (0, 0, 1, 1, 2, 2), (1, 2, 2, 0, 0, 1)
"""The ordered pairs of phases of the imbalance rows."""


def allocate(problem: AllocationProblem) -> Allocation:
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
    check(problem)
    chargers = _Chargers.by_priority(problem)
    room = _room(problem)
    start, row, per_a = incidence(
        parent=problem.parent.astype(np.intp),
        circuit=chargers.circuit,
        phases=chargers.phases,
        direction=chargers.direction,
        voltage_v=problem.voltage_v.copy(),
        room=room,
    )
    rows = _Rows(start, row, per_a, *members(start, row, room.size), room)
    on, refused_by = _admit(chargers, rows)
    current_a = np.where(on, chargers.lowest_a, 0.0)
    highest_a = np.where(on, chargers.highest_a, 0.0)
    _fill(chargers, rows, highest_a, current_a)
    _round(chargers, rows, highest_a, current_a)
    return _answer(chargers, rows, on, refused_by, current_a)


@dataclass(frozen=True, slots=True)
class _Chargers:
    """The chargers in the order of their priority, `order[k]` being the place of the k-th in the problem."""

    order: Indices
    circuit: Indices
    phases: npt.NDArray[np.uint8]
    direction: npt.NDArray[np.int8]
    weight: Floats
    score: Floats
    locked_on: Flags
    step_a: Floats
    lowest_a: Floats
    highest_a: Floats

    @classmethod
    def by_priority(cls, problem: AllocationProblem) -> Self:
        """Sort by tier and score, then by every value that tells two chargers apart."""
        score = problem.weight * (1.0 + INCUMBENT_BONUS * problem.incumbent) + problem.deficit
        order = np.lexsort(
            (
                problem.step_a,
                problem.maximum_a,
                problem.phases,
                problem.circuit,
                problem.direction,
                problem.deficit,
                problem.weight,
                problem.minimum_a,
                ~problem.incumbent,
                -score,
                ~problem.locked_on,
            )
        )
        lowest_a, highest_a = _on_grid(problem)
        return cls(
            order=order,
            circuit=problem.circuit[order].astype(np.intp),
            phases=problem.phases[order],
            direction=problem.direction[order],
            weight=problem.weight[order],
            score=score[order],
            locked_on=problem.locked_on[order],
            step_a=problem.step_a[order],
            lowest_a=lowest_a[order],
            highest_a=highest_a[order],
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The constraint rows by charger (`start`, `row`, `per_a`) and by row (`first`, `member`), and their rooms."""

    start: Indices
    row: Indices
    per_a: Floats
    first: Indices
    member: Indices
    room: Floats

    def left(self, current_a: Floats) -> Floats:
        """Return what the given currents leave of every room."""
        taken = self.per_a * np.repeat(current_a, np.diff(self.start))
        return self.room - np.bincount(self.row, weights=taken, minlength=self.room.size)


def _room(problem: AllocationProblem) -> Floats:
    """Return float64[14 V], what each row may hold beside the base, in the order of `_incidence`."""
    base_a = problem.base_a
    base_w = base_a @ problem.voltage_v
    imbalance = [
        problem.imbalance_limit_a + base_a[:, low] - base_a[:, high] for high, low in zip(HIGH, LOW, strict=True)
    ]
    columns = [
        *(problem.import_limit_a - base_a).T,
        problem.total_import_limit_w - base_w,
        *(problem.export_limit_a + base_a).T,
        problem.total_export_limit_w + base_w,
        *imbalance,
    ]
    return np.ascontiguousarray(np.stack(columns, axis=1)).reshape(-1)


def _on_grid(problem: AllocationProblem) -> tuple[Floats, Floats]:
    """Return the lowest and the highest whole steps within each charger's range; the range itself without steps."""
    stepped = problem.step_a > 0
    step_a = np.where(stepped, problem.step_a, 1.0)
    lowest_a = np.ceil(problem.minimum_a / step_a - ROUNDING) * step_a
    highest_a = np.floor(problem.maximum_a / step_a + ROUNDING) * step_a
    return np.where(stepped, lowest_a, problem.minimum_a), np.where(stepped, highest_a, problem.maximum_a)


def _admit(chargers: _Chargers, rows: _Rows) -> tuple[Flags, Indices]:
    """Return who is on, and for the others the row that refused them (-1: their grid has no point in their range)."""
    admission = Admission(
        start=rows.start,
        row=rows.row,
        per_a=rows.per_a,
        first=rows.first,
        member=rows.member,
        minimum_a=chargers.lowest_a,
        score=chargers.score,
        room=rows.room,
    )
    able = chargers.highest_a >= chargers.lowest_a
    admission.admit(np.flatnonzero(able & chargers.locked_on))
    admission.admit(np.flatnonzero(able & ~chargers.locked_on))
    on, refused_by = admission.result()
    return on.astype(np.bool_), refused_by


def _fill(chargers: _Chargers, rows: _Rows, highest_a: Floats, current_a: Floats) -> None:
    """Raise the currents in place to their fair shares."""
    Filling(
        start=rows.start,
        row=rows.row,
        per_a=rows.per_a,
        first=rows.first,
        member=rows.member,
        weight=chargers.weight,
        ceiling_a=highest_a,
        current_a=current_a,
        left=rows.left(current_a),
    ).run()


def _round(chargers: _Chargers, rows: _Rows, highest_a: Floats, current_a: Floats) -> None:
    """Bring the currents of stepped chargers onto their grids in place; what that frees goes to whoever can take it."""
    stepped = chargers.step_a > 0
    if not stepped.any():
        return
    step_a = np.where(stepped, chargers.step_a, 1.0)
    fair_a = current_a.copy()
    current_a[stepped] = (np.floor(fair_a / step_a + ROUNDING) * step_a)[stepped]
    hand_out(
        start=rows.start,
        row=rows.row,
        per_a=rows.per_a,
        weight=chargers.weight,
        step_a=chargers.step_a,
        ceiling_a=highest_a,
        fair_a=fair_a,
        current_a=current_a,
        left=rows.left(current_a),
    )
    if not stepped.all():
        _fill(chargers, rows, np.where(stepped, current_a, highest_a), current_a)


def _answer(chargers: _Chargers, rows: _Rows, on: Flags, refused_by: Indices, current_a: Floats) -> Allocation:
    """Name what bound each charger and put everything in the problem's order."""
    left = rows.left(current_a)
    next_a = np.where(chargers.step_a > 0, chargers.step_a, PROBE_A)
    bound_by = np.where(on, blocking(rows.start, rows.row, rows.per_a, left, next_a), refused_by)
    at_maximum = (current_a >= chargers.highest_a) | (bound_by < 0)
    kind = bound_by % KINDS.size
    code = np.where(on, KINDS[kind], BindingCode.BELOW_MINIMUM)
    count = chargers.order.size
    answer = Allocation(
        current_a=np.zeros(count),
        binding=np.full(count, BindingCode.NONE, dtype=np.int8),
        binding_circuit=np.full(count, -1, dtype=np.int32),
        binding_phase=np.full(count, -1, dtype=np.int8),
        headroom_a=left.reshape(-1, KINDS.size)[:, :3].copy(),
    )
    answer.current_a[chargers.order] = chargers.direction * current_a
    answer.binding[chargers.order] = np.where(at_maximum, BindingCode.MAXIMUM, code)
    answer.binding_circuit[chargers.order] = np.where(at_maximum, -1, bound_by // KINDS.size)
    answer.binding_phase[chargers.order] = np.where(at_maximum, -1, PHASES[kind])
    return answer
