"""The judge of allocations: the same problem as a mixed-integer program, solved by HiGHS.

A charger is off, or on with its minimum and any part of the ampere segments above it. Two objectives:

- utility: the weighted sum of ln(1 + current / 6 A), piecewise linear through whole amperes (B);
- served: as much admitted weight as possible, and as a tie-break the weighted sum of current over maximum (C).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from benchmarks.parts.allocation_instances import Instance

type Floats = npt.NDArray[np.float64]

REFERENCE_A = 6.0
SERVED_WEIGHT = 1000.0
"""One unit of admitted weight is worth more than all currents together."""


class Objective(Enum):
    """What the program maximises."""

    UTILITY = "B"
    SERVED = "C"


@dataclass(frozen=True, slots=True)
class Optimum:
    """What HiGHS found.

    Attributes:
        value: the objective of the best currents found.
        bound: no currents have a higher objective.
        proven: whether the two met within the asked gap before time ran out.
        current_a: float64[N].
    """

    value: float
    bound: float
    proven: bool
    current_a: Floats


def utility(current_a: Floats) -> Floats:
    """Return ln(1 + current / 6 A), piecewise linear through whole amperes."""
    grid_a = np.arange(np.ceil(current_a.max(initial=0.0)) + 1.0)
    of_current: Floats = np.interp(current_a, grid_a, np.log1p(grid_a / REFERENCE_A))
    return of_current


def value(instance: Instance, current_a: Floats, objective: Objective) -> float:
    """Return the objective of any currents."""
    weight, maximum_a = instance.problem.weight, instance.problem.maximum_a
    if objective is Objective.UTILITY:
        return float(weight @ utility(current_a))
    on = current_a > 0
    return float(SERVED_WEIGHT * weight[on].sum() + (weight * current_a / maximum_a).sum())


def best(
    instance: Instance,
    objective: Objective,
    *,
    admitted: npt.NDArray[np.bool_] | None = None,
    time_limit_s: float = 60.0,
    gap: float = 1e-6,
) -> Optimum:
    """Return the best currents, of a given set of admitted chargers or of all sets.

    Raises:
        RuntimeError: HiGHS found no currents at all.
    """
    problem = instance.problem
    count = problem.circuit.size
    owner, length_a, gain, gain_of_on = _segments(instance, objective)
    on = sparse.csc_matrix(instance.matrix) @ sparse.diags(problem.minimum_a)
    more = sparse.csc_matrix(instance.matrix)[:, owner]
    only_when_on = sparse.csc_matrix((-length_a, (np.arange(owner.size), owner)), shape=(owner.size, count))
    rows = sparse.vstack(
        [sparse.hstack([on, more]), sparse.hstack([only_when_on, sparse.identity(owner.size)])], format="csc"
    )
    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call] # highspy carries no types
    for option, setting in (
        ("output_flag", False),
        ("threads", 1),
        ("time_limit", time_limit_s),
        ("mip_rel_gap", gap),
        ("mip_abs_gap", 0.0),
    ):
        solver.setOptionValue(option, setting)
    least, most = (np.zeros(count), np.ones(count)) if admitted is None else (admitted * 1.0, admitted * 1.0)
    solver.passModel(
        _program(
            rows,
            cost=-np.concatenate([gain_of_on, gain]),
            lower=np.concatenate([least, np.zeros(owner.size)]),
            upper=np.concatenate([most, length_a]),
            row_upper=np.concatenate([instance.room_a, np.zeros(owner.size)]),
            integers=count if admitted is None else 0,
        )
    )
    solver.run()
    return _optimum(solver, problem.minimum_a, owner, whole=admitted is None)


def _segments(instance: Instance, objective: Objective) -> tuple[npt.NDArray[np.intp], Floats, Floats, Floats]:
    """Return owner, length and gain per ampere of each segment above the minimum, and the gain of being on."""
    problem = instance.problem
    minimum_a, maximum_a, weight = problem.minimum_a, problem.maximum_a, problem.weight
    if objective is Objective.SERVED:
        per_a = weight / maximum_a
        return (
            np.arange(weight.size),
            maximum_a - minimum_a,
            per_a,
            SERVED_WEIGHT * weight + per_a * minimum_a,
        )
    ends = [
        np.unique([low, *np.arange(np.ceil(low), np.floor(high) + 1.0), high])
        for low, high in zip(minimum_a, maximum_a, strict=True)
    ]
    length_a = np.concatenate([np.diff(one) for one in ends])
    owner = np.repeat(np.arange(weight.size), [one.size - 1 for one in ends])
    gain = np.concatenate([np.diff(utility(one)) for one in ends]) * weight[owner] / length_a
    return owner, length_a, gain, weight * utility(minimum_a)


def _program(
    rows: sparse.csc_matrix, *, cost: Floats, lower: Floats, upper: Floats, row_upper: Floats, integers: int
) -> highspy.HighsLp:
    program = highspy.HighsLp()
    program.num_row_, program.num_col_ = rows.shape
    program.col_cost_, program.col_lower_, program.col_upper_ = cost, lower, upper
    program.row_lower_ = np.full(rows.shape[0], -highspy.kHighsInf)
    program.row_upper_ = np.where(np.isinf(row_upper), highspy.kHighsInf, row_upper)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_, program.a_matrix_.index_ = rows.indptr, rows.indices
    program.a_matrix_.value_ = rows.data
    kinds = highspy.HighsVarType
    program.integrality_ = [kinds.kInteger] * integers + [kinds.kContinuous] * (cost.size - integers)
    return program


def _optimum(solver: Any, minimum_a: Floats, owner: npt.NDArray[np.intp], *, whole: bool) -> Optimum:
    info = solver.getInfo()
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        raise RuntimeError(f"HiGHS ended with {solver.modelStatusToString(solver.getModelStatus())}")
    columns = np.array(solver.getSolution().col_value)
    current_a = minimum_a * columns[: minimum_a.size]
    np.add.at(current_a, owner, columns[minimum_a.size :])
    found = -info.objective_function_value
    return Optimum(
        value=found,
        bound=-info.mip_dual_bound if whole else found,
        proven=solver.getModelStatus() == highspy.HighsModelStatus.kOptimal,
        current_a=current_a,
    )
