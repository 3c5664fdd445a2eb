"""Takes back what rounding has given too much, names what bound each charger, and writes the answer.

The unchecked indexing is sound because slots, groups and entries come from `_order` and `_rows`.
"""

from __future__ import annotations

import cython

from .workspace import Workspace

COMPILED: bool = cython.compiled

TOLERANCE_A = cython.declare(cython.double, 1e-9)
# A charger without steps counts as kept from more by a row that has not this much left for it.
PROBE_A = cython.declare(cython.double, 1e-6)

# The numbers of `problem.BindingCode`.
MAXIMUM = cython.declare(cython.schar, 1)
CIRCUIT_CURRENT = cython.declare(cython.schar, 2)
CIRCUIT_POWER = cython.declare(cython.schar, 3)
IMBALANCE = cython.declare(cython.schar, 4)
BELOW_MINIMUM = cython.declare(cython.schar, 5)
OUTWEIGHED = cython.declare(cython.schar, 6)

# In place of the row that refused a charger: none did, others make more of its current.
NO_ROW = cython.declare(cython.int, -2)


@cython.final
@cython.cclass
class Answer:
    """The arrays of an `Allocation`, written from slots and rows."""

    circuit_at: cython.int[::1]
    last: cython.int[::1]
    group_at: cython.int[::1]
    kind_at: cython.int[::1]
    per_a: cython.double[::1]
    left: cython.double[::1]
    live_row: cython.int[::1]
    slot_at: cython.int[::1]
    group_class: cython.int[::1]
    entry_at: cython.int[::1]
    entry_row: cython.int[::1]
    entry_per_a: cython.double[::1]
    charger: cython.int[::1]
    low_a: cython.double[::1]
    high_a: cython.double[::1]
    step_a: cython.double[::1]
    slot_current_a: cython.double[::1]
    on: cython.uchar[::1]
    refused_by: cython.int[::1]
    current_a: cython.double[::1]
    binding: cython.schar[::1]
    binding_circuit: cython.int[::1]
    binding_phase: cython.schar[::1]
    headroom_a: cython.double[::1]
    kinds: cython.Py_ssize_t

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        answer = space.answer
        self.circuit_at, self.last, self.group_at = space.circuit_at, space.last, space.group_at
        self.kind_at, self.per_a, self.left, self.live_row = space.kind_at, space.per_a, space.left, space.live_row
        self.slot_at, self.group_class, self.entry_at = space.slot_at, space.group_class, space.entry_at
        self.charger, self.low_a, self.high_a, self.step_a = space.charger, space.low_a, space.high_a, space.slot_step_a
        self.slot_current_a, self.on, self.refused_by = space.current_a, space.on, space.refused_by
        self.current_a = memoryview(answer.current_a)
        self.binding = memoryview(answer.binding)
        self.binding_circuit = memoryview(answer.binding_circuit)
        self.binding_phase = memoryview(answer.binding_phase)
        self.headroom_a = memoryview(answer.headroom_a.reshape(-1))
        self.take_entries(space)
        self.kinds = 3

    def take_entries(self, space: Workspace) -> None:
        """Take the entries of a workspace, which may have been allocated anew."""
        self.entry_row, self.entry_per_a = space.entry_row, space.entry_per_a

    def take_back(self, kinds: cython.Py_ssize_t, live_rows: cython.Py_ssize_t) -> None:
        """Lower the currents without steps below every row that is over its room, in proportion to what may go."""
        k: cython.Py_ssize_t
        self.kinds = kinds
        with cython.nogil:
            for k in range(live_rows):
                if self.left[self.live_row[k]] < -TOLERANCE_A:
                    self._take_back(self.live_row[k])

    def write(self, groups: cython.Py_ssize_t, kinds: cython.Py_ssize_t) -> None:
        """Write currents, reasons and headroom."""
        g: cython.Py_ssize_t
        p: cython.Py_ssize_t
        j: cython.Py_ssize_t
        self.kinds = kinds
        with cython.nogil:
            for g in range(groups):
                self._write_group(g)
            for p in range(self.circuit_at.shape[0]):
                for j in range(3):
                    self.headroom_a[3 * self.circuit_at[p] + j] = self.left[p * self.kinds + j]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _take_back(self, r: cython.Py_ssize_t) -> cython.void:
        p: cython.Py_ssize_t = r // self.kinds
        j: cython.Py_ssize_t = r % self.kinds
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        per_a: cython.double
        part: cython.double
        can_go: cython.double = 0.0
        for g in range(self.group_at[p], self.group_at[self.last[p] + 1]):
            per_a = self.per_a[14 * j + self.group_class[g]]
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                if self.step_a[s] <= 0.0:
                    can_go += per_a * max(self.slot_current_a[s] - self.low_a[s], 0.0)
        if can_go <= 0.0:
            return
        part = min(-self.left[r] / can_go, 1.0)
        for g in range(self.group_at[p], self.group_at[self.last[p] + 1]):
            if self.per_a[14 * j + self.group_class[g]] <= 0.0:
                continue
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                if self.step_a[s] <= 0.0:
                    self.slot_current_a[s] -= part * max(self.slot_current_a[s] - self.low_a[s], 0.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _write_group(self, g: cython.Py_ssize_t) -> cython.void:
        """Chargers of a group that ask for the same further current are bound by the same row."""
        s: cython.Py_ssize_t
        i: cython.Py_ssize_t
        r: cython.Py_ssize_t
        more_a: cython.double
        asked_a: cython.double = -1.0
        bound_by: cython.Py_ssize_t = -1
        charging: cython.bint = self.group_class[g] < 7
        for s in range(self.slot_at[g], self.slot_at[g + 1]):
            i = self.charger[s]
            self.current_a[i] = self.slot_current_a[s] if charging else 0.0 - self.slot_current_a[s]
            r = self.refused_by[s]
            if r == NO_ROW:
                r = self._blocking(g, self.low_a[s])
            if self.on[s]:
                r = -1
                if self.slot_current_a[s] < self.high_a[s]:
                    more_a = self.step_a[s] if self.step_a[s] > 0.0 else PROBE_A
                    if more_a != asked_a:
                        asked_a = more_a
                        bound_by = self._blocking(g, more_a)
                    r = bound_by
            self.binding[i] = self._code(s, r)
            self.binding_circuit[i] = self.circuit_at[r // self.kinds] if r >= 0 else -1
            self.binding_phase[i] = self._phase(r) if r >= 0 else -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _blocking(self, g: cython.Py_ssize_t, more_a: cython.double) -> cython.Py_ssize_t:
        """Return the first row of a group, from its circuit to the root, without room for more; -1 for none."""
        e: cython.Py_ssize_t
        for e in range(self.entry_at[g], self.entry_at[g + 1]):
            if self.entry_per_a[e] * (more_a - TOLERANCE_A) > self.left[self.entry_row[e]]:
                return self.entry_row[e]
        return -1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _code(self, s: cython.Py_ssize_t, r: cython.Py_ssize_t) -> cython.schar:
        """Return what bound a slot, given the row of it or -1."""
        kind: cython.int
        if not self.on[s] and self.refused_by[s] == NO_ROW:
            return OUTWEIGHED
        if r < 0:
            return MAXIMUM
        if not self.on[s]:
            return BELOW_MINIMUM
        kind = self.kind_at[r % self.kinds]
        if kind >= 8:
            return IMBALANCE
        return CIRCUIT_POWER if kind % 4 == 3 else CIRCUIT_CURRENT

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _phase(self, r: cython.Py_ssize_t) -> cython.schar:
        """Return the phase that a row is about, for imbalance the one whose load would be too high; -1 for power."""
        kind: cython.int = self.kind_at[r % self.kinds]
        if kind >= 8:
            return (kind - 8) // 2
        return kind % 4 if kind % 4 < 3 else -1
