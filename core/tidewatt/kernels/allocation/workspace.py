"""The memory of an allocator: views of a problem's arrays, the answer, and everything the stages share.

The stages are compiled classes that never pass arrays to each other: each takes views of what it reads and writes once,
when it is built. Arrays over circuits are by position (`_tree`), arrays over chargers by slot (`_order`), arrays over
constraint rows by `position x kinds + kind` (`_rows`). Plain `memoryview`s serve both ways to run: compiled code takes
them as typed memory, uncompiled code reads them several times as fast as NumPy arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .problem import Allocation, AllocationProblem, BindingCode

KINDS = 14
"""The most kinds of rows a circuit can have, see `_kinds`."""
CLASSES = 14
"""Seven phase masks, charging or discharging."""
STATE = 8
"""Numbers that `_filling` keeps of a row: one cache line."""


class Workspace:
    """Views of everything; the names of the problem's fields are those of the problem."""

    def __init__(self, problem: AllocationProblem) -> None:
        """Take views of a problem of sound shapes and types, and allocate everything else."""
        self._take(problem)
        self.circuits = problem.parent.shape[0]
        self.chargers = problem.circuit.shape[0]
        self.answer = Allocation(
            current_a=np.zeros(self.chargers),
            binding=np.full(self.chargers, BindingCode.NONE, np.int8),
            binding_circuit=np.full(self.chargers, -1, np.int32),
            binding_phase=np.full(self.chargers, -1, np.int8),
            headroom_a=np.zeros((self.circuits, 3)),
        )
        self._over_circuits(self.circuits)
        self._over_chargers(self.chargers)
        self.entry_row = _integers(1)
        self.entry_per_a = _numbers(1)

    def _take(self, problem: AllocationProblem) -> None:
        self.parent = memoryview(problem.parent)
        self.import_limit_a = memoryview(problem.import_limit_a.reshape(-1))
        self.export_limit_a = memoryview(problem.export_limit_a.reshape(-1))
        self.base_a = memoryview(problem.base_a.reshape(-1))
        self.total_import_limit_w = memoryview(problem.total_import_limit_w)
        self.total_export_limit_w = memoryview(problem.total_export_limit_w)
        self.imbalance_limit_a = memoryview(problem.imbalance_limit_a)
        self.voltage_v = memoryview(problem.voltage_v)
        self.circuit = memoryview(problem.circuit)
        self.phases = memoryview(problem.phases)
        self.minimum_a = memoryview(problem.minimum_a)
        self.maximum_a = memoryview(problem.maximum_a)
        self.direction = memoryview(problem.direction)
        self.step_a = memoryview(problem.step_a)
        self.weight = memoryview(problem.weight)
        self.locked_on = memoryview(problem.locked_on.view(np.uint8))
        self.incumbent = memoryview(problem.incumbent.view(np.uint8))
        self.deficit = memoryview(problem.deficit)
        self.tier = memoryview(problem.tier)
        self.relied_a = memoryview(problem.relied_a)

    def _over_circuits(self, circuits: int) -> None:
        """Allocate the tree and its rows.

        `kind_at` are the kinds in use, `per_a` what an ampere of a class counts in each of them. Of each row: `room`
        beside the base, `load` and `load_low` the exact sum of currents in two parts, `left` of the room, `demand` and
        `need` the sums of maxima and minima, `live` whether it can ever fill up. `group_at` is the first group of a
        position, `live_at` the nearest circuit with a live row.
        """
        self.position, self.circuit_at = _integers(circuits), _integers(circuits)
        self.up, self.last = _integers(circuits), _integers(circuits)
        self.group_at, self.live_at = _integers(circuits + 1), _integers(circuits)
        self.kind_at, self.per_a = _integers(KINDS), _numbers(CLASSES * KINDS)
        rows = circuits * KINDS
        self.room, self.left, self.demand, self.need = (_numbers(rows) for _ in range(4))
        self.load, self.load_low = _numbers(rows), _numbers(rows)
        self.live, self.live_row = _bytes(rows), _integers(rows)
        self.state = _numbers(rows * STATE)

    def _over_chargers(self, chargers: int) -> None:
        """Allocate slots and groups.

        Of each slot: the charger in it, its group, weight, lowest and highest current on its grid, step, `level` at
        which it is at its highest, current, `on`, and the row that refused it. A group is the slots of one circuit,
        class and tier; its rows are the entries `entry_at[group]` to `entry_at[group + 1]`.
        """
        self.charger, self.group_of = _integers(chargers), _integers(chargers)
        self.slot_weight, self.low_a, self.high_a, self.slot_step_a = (_numbers(chargers) for _ in range(4))
        self.score, self.current_a = (_numbers(chargers) for _ in range(2))
        self.on, self.able, self.locked = _bytes(chargers), _bytes(chargers), _bytes(chargers)
        self.refused_by, self.candidate, self.movable = _integers(chargers), _integers(chargers), _bytes(chargers)
        self.phase, self.unfinished = _bytes(chargers), _integers(chargers)
        self.level_key, self.start_key, self.score_key, self.density_key = (_keys(chargers) for _ in range(4))
        self.level, self.start = _as_numbers(self.level_key), _as_numbers(self.start_key)
        self.score_rank, self.density = _as_numbers(self.score_key), _as_numbers(self.density_key)
        self.by_level, self.by_start, self.by_score, self.by_density = (_integers(chargers) for _ in range(4))
        self.slot_at = _integers(chargers + 1)
        self.group_position, self.group_class, self.group_tier = (_integers(chargers) for _ in range(3))
        self.entry_at = _integers(chargers + 1)

    def make_room_for_entries(self, count: int) -> None:
        """Allocate rows of groups anew; the stages have to take them."""
        self.entry_row, self.entry_per_a = _integers(count), _numbers(count)


def _numbers(count: int) -> memoryview[Any]:
    return memoryview(np.zeros(count))


def _integers(count: int) -> memoryview[Any]:
    return memoryview(np.zeros(count, np.int32))


def _bytes(count: int) -> memoryview[Any]:
    return memoryview(np.zeros(count, np.uint8))


def _keys(count: int) -> memoryview[Any]:
    return memoryview(np.zeros(count, np.uint64))


def _as_numbers(keys: memoryview[Any]) -> memoryview[Any]:
    """Return the same memory as float64."""
    return memoryview(np.asarray(keys).view(np.float64))
