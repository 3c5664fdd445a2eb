"""What else would share currents among chargers, each written as well as NumPy or its solver allows.

All take the constraints as `matrix @ current_a <= room_a`, float64[R, N] of ones and zeros. These are ready made: the
way there is not counted against them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
import heapq
from typing import Any

import cvxpy
from cvxpy.atoms.elementwise.log import log as cvxpy_log
import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import csr_matrix, hstack, vstack

type Floats = npt.NDArray[np.float64]
type Indices = npt.NDArray[np.intp]


def progressive_filling(matrix: csr_matrix, room_a: Floats, maximum_a: Floats, weight: Floats) -> Floats:
    """Return the weighted max-min fair currents, event by event: a row fills up or a charger reaches its maximum.

    The textbook algorithm (Bertsekas and Gallager, Data Networks, 6.5.2) in whole-array operations.
    """
    members = matrix.T.tocsr()
    current_a = np.zeros(weight.size)
    rising = np.ones(weight.size, np.bool_)
    ends_at = maximum_a / weight
    while rising.any():
        rate = matrix @ np.where(rising, weight, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            full_at = np.where(rate > 0, np.maximum(room_a - matrix @ current_a, 0.0) / rate, np.inf)
        level = min(full_at.min(), ends_at[rising].min())
        stopped = rising & (ends_at <= level)
        current_a[stopped] = maximum_a[stopped]
        full = full_at <= level
        if full.any():
            caught = rising & ~stopped & (members @ full.astype(np.float64) > 0)
            current_a[caught] = weight[caught] * level
            stopped |= caught
        rising &= ~stopped
    return current_a


def event_skipping(matrix: csr_matrix, room_a: Floats, maximum_a: Floats, weight: Floats) -> Floats:
    """Return the same currents with one event for each row that fills up.

    With the chargers in the order in which they reach their maxima, the level at which a row is full follows from sums
    along it. Stopping chargers only raises the levels of the rows they share, so a heap needs correcting only on top.
    """
    order = np.argsort(maximum_a / weight, kind="stable")
    ceiling_a, share = maximum_a[order], weight[order]
    ends_at = ceiling_a / share
    columns = matrix[:, order].tocsr()
    columns.sort_indices()
    members = np.split(columns.indices, columns.indptr[1:-1])
    current_a = np.zeros(weight.size)
    rising = np.ones(weight.size, np.bool_)

    def full_at(row: int) -> float:
        member = members[row]
        risers = member[rising[member]]
        ceilings = ceiling_a[risers]
        left_a = room_a[row] - current_a[member].sum()
        if ceilings.sum() <= left_a:
            return np.inf
        ended = np.cumsum(ceilings) - ceilings
        rate = np.cumsum(share[risers][::-1])[::-1]
        level = (left_a - ended) / rate
        return max(float(level[np.argmax(level <= ends_at[risers])]), 0.0)

    heap = [(full_at(row), row) for row in range(len(members)) if members[row].size]
    heapq.heapify(heap)
    while heap and heap[0][0] < np.inf:
        _, row = heapq.heappop(heap)
        level = full_at(row)
        if heap and level > heap[0][0]:
            heapq.heappush(heap, (level, row))
            continue
        if level < np.inf:
            caught = members[row][rising[members[row]]]
            current_a[caught] = np.minimum(ceiling_a[caught], share[caught] * level)
            rising[caught] = False
    current_a[rising] = ceiling_a[rising]
    answer = np.empty_like(current_a)
    answer[order] = current_a
    return answer


def linear_programs(matrix: csr_matrix, room_a: Floats, maximum_a: Floats, weight: Floats) -> Floats:
    """Return the same currents by one linear program for each level: raise the lowest share, fix who cannot have more.

    Who that is, the dual prices say. HiGHS solves them.
    """
    count = weight.size
    fixed_a = np.full(count, np.nan)
    limits = hstack([matrix, csr_matrix((matrix.shape[0], 1))])
    while np.isnan(fixed_a).any():
        free = np.flatnonzero(np.isnan(fixed_a))
        at = np.arange(free.size)
        shares = csr_matrix(
            (
                np.concatenate([-np.ones(free.size), weight[free]]),
                (np.concatenate([at, at]), np.concatenate([free, np.full(free.size, count)])),
            ),
            shape=(free.size, count + 1),
        )
        bounds = np.column_stack([np.nan_to_num(fixed_a), np.where(np.isnan(fixed_a), maximum_a, fixed_a)])
        solved = linprog(
            np.append(np.zeros(count), -1.0),
            A_ub=vstack([limits, shares]),
            b_ub=np.concatenate([room_a + 1e-9, np.zeros(free.size)]),
            bounds=np.vstack([bounds, [0.0, 1e9]]),
            method="highs",
        )
        level = solved.x[count]
        stopped = (solved.ineqlin.marginals[matrix.shape[0] :] < -1e-12) | (
            maximum_a[free] <= weight[free] * level + 1e-9
        )
        stopped = free[stopped] if stopped.any() else free
        fixed_a[stopped] = np.minimum(maximum_a[stopped], weight[stopped] * level)
    return fixed_a


def proportional_fairness(
    matrix: csr_matrix, room_a: Floats, maximum_a: Floats, weight: Floats
) -> Callable[[], Floats]:
    """Return a function that maximises the weighted sum of logarithms: cvxpy, solved by CLARABEL on one thread.

    Another fairness than max-min, and the usual one where a solver is at hand. The model is built beforehand.
    """
    current_a = cvxpy.Variable(weight.size, nonneg=True)
    satisfaction = weight @ cvxpy_log(current_a)
    problem: Any = cvxpy.Problem(cvxpy.Maximize(satisfaction), [matrix @ current_a <= room_a, current_a <= maximum_a])

    def solve() -> Floats:
        problem.solve(solver="CLARABEL", max_threads=1)
        return np.asarray(current_a.value)

    return solve


def sorted_schedule(
    matrix: npt.NDArray[np.float64], room_a: Floats, maximum_a: Floats, order: Indices, *, accuracy_a: float = 0.01
) -> Floats:
    """Return currents as ACN-Sim's sorted algorithms give them: in order, each as much as is feasible, by bisection.

    First come first served, earliest deadline first and least laxity first differ in the order only. Every trial is
    checked against all rows of the network, here in one product.
    """
    current_a = np.zeros(maximum_a.size)
    for charger in order:
        low_a, high_a = 0.0, maximum_a[charger]
        while high_a - low_a > accuracy_a:
            current_a[charger] = (low_a + high_a) / 2
            if _feasible(matrix, room_a, current_a):
                low_a = current_a[charger]
            else:
                high_a = current_a[charger]
        current_a[charger] = low_a
    return current_a


def round_robin(
    matrix: npt.NDArray[np.float64], room_a: Floats, maximum_a: Floats, order: Indices, *, increment_a: float = 0.1
) -> Floats:
    """Return currents as ACN-Sim's round robin gives them: in turns, one increment more for each who can have it."""
    current_a = np.zeros(maximum_a.size)
    queue = deque(order)
    while queue:
        charger = queue.popleft()
        before_a = current_a[charger]
        if before_a >= maximum_a[charger]:
            continue
        current_a[charger] = min(before_a + increment_a, maximum_a[charger])
        if _feasible(matrix, room_a, current_a):
            queue.append(charger)
        else:
            current_a[charger] = before_a
    return current_a


def _feasible(matrix: npt.NDArray[np.float64], room_a: Floats, current_a: Floats) -> bool:
    return bool((matrix @ current_a <= room_a + 1e-5).all())


def drop_the_lowest(matrix: csr_matrix, room_a: Floats, maximum_a: Floats, weight: Floats, minimum_a: float) -> Floats:
    """Return currents of zero or at least a minimum as they are commonly found.

    Share among all; while somebody gets less than the minimum, switch the one of lowest weight among these off and
    share again.
    """
    on = np.arange(weight.size)
    current_a = np.zeros(weight.size)
    while on.size:
        shared_a = progressive_filling(matrix[:, on], room_a, maximum_a[on], weight[on])
        short = np.flatnonzero(shared_a < minimum_a - 1e-9)
        if not short.size:
            current_a[on] = shared_a
            break
        on = np.delete(on, short[np.argmin(weight[on[short]])])
    return current_a
