"""Seeded streets of chargers on a tree of three levels, as allocation problems and as sparse matrices for rivals."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from tidewatt.kernels.allocation import AllocationProblem

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int32]
type Bytes = npt.NDArray[np.uint8]

CHARGERS_PER_LEAF = 12
LEAVES_PER_BRANCH = 10
LEAST_LIMIT_A = 6.0
LEAST_FUSE_A = 16.0
"""Some vehicle can charge on every circuit, and on a site of one circuit it can do more than crawl."""

MAXIMA_A = (10.0, 13.0, 16.0, 20.0, 25.0, 32.0)
MAXIMA_ODDS = (0.05, 0.05, 0.45, 0.1, 0.05, 0.3)
SINGLE_PHASE_ODDS = (0.45, 0.3, 0.25)
THREE_PHASE_ODDS = 0.55
"""Most are wired to L1 where nobody thought of it, and a little more than half use all three phases."""


class Kind(Enum):
    """Which phases the chargers use."""

    MIXED = "mixed"
    SINGLE = "single"
    THREE = "three"


@dataclass(frozen=True, slots=True)
class Instance:
    """A problem with import limits only, and the same as `matrix @ current_a <= room_a`.

    Attributes:
        problem: V circuits, N chargers that charge.
        matrix: float64[3 V, N] of ones; row 3 v + p is circuit v on phase p.
        room_a: float64[3 V].
    """

    problem: AllocationProblem
    matrix: csr_matrix
    room_a: Floats


def street(
    chargers: int,
    *,
    seed: int = 0,
    kind: Kind = Kind.MIXED,
    tightness: float = 1.0,
    minimum_a: float = 0.0,
    step_a: float = 0.0,
) -> Instance:
    """Return chargers that cannot all have their maximum; the same arguments give the same numbers.

    Args:
        chargers: N, at least 1.
        seed: of the random numbers.
        kind: which phases the chargers use.
        tightness: factor on every limit; with 0.6 and a minimum of 6 A some have to be paused.
        minimum_a: of every charger.
        step_a: of every charger.
    """
    random = np.random.default_rng([seed, chargers, list(Kind).index(kind)])
    parent, leaves = _tree(chargers)
    circuit = leaves[random.integers(0, leaves.size, chargers)]
    phases = _phases(random, chargers, kind)
    maximum_a = random.choice(MAXIMA_A, chargers, p=MAXIMA_ODDS)
    weight = np.round(random.choice([1.0, 1.0, 2.0, 4.0], chargers) * random.uniform(0.5, 2.0, chargers), 3)
    limit_a = _limits(random, parent, leaves, _demand(parent.size, circuit, phases, maximum_a), tightness)
    unlimited = np.full(parent.size, np.inf)
    problem = AllocationProblem(
        parent=parent,
        import_limit_a=limit_a,
        export_limit_a=np.full((parent.size, 3), np.inf),
        base_a=np.zeros((parent.size, 3)),
        total_import_limit_w=unlimited,
        total_export_limit_w=unlimited,
        imbalance_limit_a=unlimited,
        voltage_v=np.full(3, 230.0),
        circuit=circuit,
        phases=phases,
        minimum_a=np.full(chargers, minimum_a),
        maximum_a=maximum_a,
        direction=np.ones(chargers, np.int8),
        step_a=np.full(chargers, step_a),
        weight=weight,
        locked_on=np.zeros(chargers, np.bool_),
        incumbent=np.zeros(chargers, np.bool_),
        deficit=np.zeros(chargers),
        tier=np.zeros(chargers, np.uint8),
        relied_a=np.zeros(chargers),
    )
    return Instance(problem, matrix_of(problem), (limit_a - problem.base_a).reshape(-1))


def matrix_of(problem: AllocationProblem) -> csr_matrix:
    """Return float64[3 V, N], one where a charger loads a circuit on a phase."""
    rows, columns = [], []
    charger = np.arange(problem.circuit.size)
    circuit = problem.circuit
    while charger.size:
        for phase in range(3):
            uses = (problem.phases[charger] >> phase & 1).astype(np.bool_)
            rows.append(3 * circuit[uses] + phase)
            columns.append(charger[uses])
        above = problem.parent[circuit]
        charger, circuit = charger[above >= 0], above[above >= 0]
    row, column = np.concatenate(rows), np.concatenate(columns)
    return csr_matrix((np.ones(row.size), (row, column)), shape=(3 * problem.parent.size, problem.circuit.size))


def _tree(chargers: int) -> tuple[Integers, Integers]:
    """Return the parent of each circuit and the circuits that chargers hang on: root, branches, leaves."""
    leaves = max(1, round(chargers / CHARGERS_PER_LEAF))
    if leaves == 1:
        return np.array([-1], np.int32), np.array([0], np.int32)
    branches = max(1, round(leaves / LEAVES_PER_BRANCH))
    parent = np.concatenate([[-1], np.zeros(branches), 1 + np.arange(leaves) % branches]).astype(np.int32)
    return parent, np.arange(1 + branches, parent.size, dtype=np.int32)


def _phases(random: np.random.Generator, chargers: int, kind: Kind) -> Bytes:
    if kind is not Kind.MIXED:
        return np.full(chargers, 7 if kind is Kind.THREE else 1, np.uint8)
    single = random.choice(np.array([1, 2, 4], np.uint8), chargers, p=SINGLE_PHASE_ODDS)
    return np.where(random.random(chargers) < THREE_PHASE_ODDS, np.uint8(7), single)


def _demand(circuits: int, circuit: Integers, phases: Bytes, maximum_a: Floats) -> Floats:
    """Return float64[V, 3], the maxima of the chargers that hang on each circuit itself."""
    used = [maximum_a * (phases >> phase & 1) for phase in range(3)]
    return np.stack([np.bincount(circuit, weights=one, minlength=circuits) for one in used], axis=1)


def _limits(
    random: np.random.Generator, parent: Integers, leaves: Integers, demand_a: Floats, tightness: float
) -> Floats:
    """Return float64[V, 3]: each circuit can carry a part of what those below it can draw through their limits."""
    limit_a = np.empty_like(demand_a)
    only_one = parent.size == 1
    is_leaf = np.zeros(parent.size, np.bool_)
    is_leaf[leaves] = not only_one
    for circuit in range(parent.size - 1, -1, -1):
        part = random.uniform(0.35, 0.9) if is_leaf[circuit] else random.uniform(0.45, 0.85)
        of_phase = demand_a[circuit].max() * part * tightness * random.uniform(0.85, 1.0, 3)
        limit_a[circuit] = np.maximum(np.round(of_phase, 2), LEAST_FUSE_A if only_one else LEAST_LIMIT_A)
        if parent[circuit] >= 0:
            demand_a[parent[circuit]] += np.minimum(demand_a[circuit], limit_a[circuit])
    return limit_a
