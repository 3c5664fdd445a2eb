"""The constraint rows: what circuits limit, which of it can ever bind, and what is left of it.

A circuit has up to fourteen kinds of rows, each a sum of current magnitudes that must stay within a room:

- 0 to 2, import current on L1 to L3: the charging chargers below on that phase;
- 3, import power: the charging chargers below, times the voltages of their phases;
- 4 to 7, the same for export and the discharging chargers;
- 8 to 13, imbalance of an ordered pair of phases (high, low): the charging chargers below that use high and not low,
  and the discharging ones that use low and not high.

Kinds that no charger counts in are left out, except the import currents, of which the headroom is reported. A row is
*live* when the highest currents below it, cut to what the circuits between let through, are more than its room; only
live rows are looked at again. The live rows of a group, from its own circuit up to the root, are its *entries*.

Sums over chargers keep what rounding loses in a second number (Neumaier), so that a limit over 100,000 chargers is
known to the last bit.
"""

from __future__ import annotations

import cython
import numpy as np

from .workspace import Workspace

COMPILED: bool = cython.compiled

INFINITE = cython.declare(cython.double, float("inf"))
TOLERANCE_A = cython.declare(cython.double, 1e-9)
# What rounding and the tolerances of all rows below can add up to; a row nearer to its room than this counts as live.
MARGIN_A = cython.declare(cython.double, 1e-3)
KINDS = cython.declare(cython.Py_ssize_t, 14)
CLASSES = cython.declare(cython.Py_ssize_t, 14)
# Of one circuit's rows a charger can count in two phases, power and two imbalance pairs, or three phases and power.
ENTRIES_AT_MOST = cython.declare(cython.Py_ssize_t, 5)


@cython.final
@cython.cclass
class Rows:
    """Rooms, loads and entries."""

    import_limit_a: cython.const_double[::1]
    export_limit_a: cython.const_double[::1]
    base_a: cython.const_double[::1]
    total_import_limit_w: cython.const_double[::1]
    total_export_limit_w: cython.const_double[::1]
    imbalance_limit_a: cython.const_double[::1]
    voltage_v: cython.const_double[::1]
    circuit_at: cython.int[::1]
    up: cython.int[::1]
    kind_at: cython.int[::1]
    per_a: cython.double[::1]
    room: cython.double[::1]
    left: cython.double[::1]
    demand: cython.double[::1]
    need: cython.double[::1]
    load: cython.double[::1]
    load_low: cython.double[::1]
    live: cython.uchar[::1]
    live_row: cython.int[::1]
    live_at: cython.int[::1]
    slot_at: cython.int[::1]
    group_position: cython.int[::1]
    group_class: cython.int[::1]
    group_tier: cython.int[::1]
    low_a: cython.double[::1]
    high_a: cython.double[::1]
    current_a: cython.double[::1]
    on: cython.uchar[::1]
    entry_at: cython.int[::1]
    entry_row: cython.int[::1]
    entry_per_a: cython.double[::1]
    depth: cython.int[::1]
    known_voltage_v: cython.double[::1]
    present: cython.uchar[::1]
    known_present: cython.uchar[::1]
    groups: cython.Py_ssize_t
    kinds: cython.Py_ssize_t
    live_rows: cython.Py_ssize_t

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        self.import_limit_a, self.export_limit_a = space.import_limit_a, space.export_limit_a
        self.total_import_limit_w, self.total_export_limit_w = space.total_import_limit_w, space.total_export_limit_w
        self.base_a, self.imbalance_limit_a, self.voltage_v = space.base_a, space.imbalance_limit_a, space.voltage_v
        self.circuit_at, self.up = space.circuit_at, space.up
        self.kind_at, self.per_a = space.kind_at, space.per_a
        self.room, self.left, self.demand, self.need = space.room, space.left, space.demand, space.need
        self.load, self.load_low = space.load, space.load_low
        self.live, self.live_row, self.live_at = space.live, space.live_row, space.live_at
        self.slot_at, self.group_position = space.slot_at, space.group_position
        self.group_class, self.group_tier = space.group_class, space.group_tier
        self.low_a, self.high_a, self.current_a, self.on = space.low_a, space.high_a, space.current_a, space.on
        self.entry_at = space.entry_at
        self.take_entries(space)
        self.depth = memoryview(np.zeros(len(space.up), np.int32))
        self.known_voltage_v = memoryview(np.full(3, -1.0))
        self.present = memoryview(np.zeros(CLASSES, np.uint8))
        self.known_present = memoryview(np.full(CLASSES, 2, np.uint8))
        self.groups = 0
        self.kinds = 3
        self.live_rows = 0

    def take_entries(self, space: Workspace) -> None:
        """Take the entries of a workspace, which may have been allocated anew."""
        self.entry_row, self.entry_per_a = space.entry_row, space.entry_per_a

    def regroup(self, groups: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Take the number of groups after grouping; return how many entries they can have at most."""
        g: cython.Py_ssize_t
        p: cython.Py_ssize_t
        total: cython.Py_ssize_t = 1
        self.groups = groups
        with cython.nogil:
            for p in range(self.up.shape[0]):
                self.depth[p] = self.depth[self.up[p]] + 1 if p > 0 else 1
            for g in range(CLASSES):
                self.present[g] = 0
            for g in range(self.groups):
                self.present[self.group_class[g]] = 1
                total += ENTRIES_AT_MOST * self.depth[self.group_position[g]]
        return total

    def set_up(self) -> None:
        """Work out kinds, rooms, live rows and entries from the limits as they are now."""
        with cython.nogil:
            self._choose_kinds()
            self._make_room()
        self.look_for_live()

    def look_for_live(self) -> None:
        """Work out live rows and entries from the rooms as they are now."""
        with cython.nogil:
            self._find_live()
            self._list_entries()

    def kind_count(self) -> cython.Py_ssize_t:
        """Return how many kinds are in use."""
        return self.kinds

    def live_count(self) -> cython.Py_ssize_t:
        """Return how many rows are live."""
        return self.live_rows

    def measure(self) -> cython.double:
        """Sum up all currents anew; return the largest excess over the room of a row that has any current."""
        over_a: cython.double
        with cython.nogil:
            over_a = self._measure()
        return over_a

    def minima_fit(self, tier: cython.int) -> cython.bint:
        """Return whether a tier's chargers that are not on can all be on beside the currents that are measured."""
        fit: cython.bint
        with cython.nogil:
            fit = self._minima_fit(tier)
        return fit

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _choose_kinds(self) -> cython.void:
        """Number the kinds in use, if the voltages or the classes of chargers have changed."""
        c: cython.Py_ssize_t
        k: cython.Py_ssize_t
        p: cython.Py_ssize_t
        used: cython.bint
        changed: cython.bint = False
        for p in range(3):
            changed = changed or self.voltage_v[p] != self.known_voltage_v[p]
            self.known_voltage_v[p] = self.voltage_v[p]
        for c in range(CLASSES):
            changed = changed or self.present[c] != self.known_present[c]
            self.known_present[c] = self.present[c]
        if not changed:
            return
        self.kinds = 0
        for k in range(KINDS):
            used = k < 3
            for c in range(CLASSES):
                self.per_a[CLASSES * self.kinds + c] = self._per_ampere(k, c)
                used = used or (self.present[c] and self.per_a[CLASSES * self.kinds + c] > 0.0)
            if used:
                self.kind_at[self.kinds] = k
                self.kinds += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _per_ampere(self, kind: cython.Py_ssize_t, class_: cython.Py_ssize_t) -> cython.double:
        """Return what one ampere of a charger of a class counts in a row of a kind, zero where it does not count."""
        phases: cython.int = class_ % 7 + 1
        charging: cython.bint = class_ < 7
        first: cython.Py_ssize_t = 0 if charging else 4
        high: cython.Py_ssize_t
        low: cython.Py_ssize_t
        if kind < 8:
            if not first <= kind < first + 4:
                return 0.0
            if kind < first + 3:
                return 1.0 if phases >> (kind - first) & 1 else 0.0
            return (
                (self.voltage_v[0] if phases & 1 else 0.0)
                + (self.voltage_v[1] if phases & 2 else 0.0)
                + (self.voltage_v[2] if phases & 4 else 0.0)
            )
        high = (kind - 8) // 2
        low = (high + 1 + (kind - 8) % 2) % 3
        if not charging:
            high, low = low, high
        return 1.0 if phases >> high & 1 and not phases >> low & 1 else 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _make_room(self) -> cython.void:
        """Work out what each row may hold beside the base."""
        p: cython.Py_ssize_t
        j: cython.Py_ssize_t
        for p in range(self.up.shape[0]):
            for j in range(self.kinds):
                self.room[p * self.kinds + j] = self._room(self.circuit_at[p], self.kind_at[j])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _room(self, v: cython.Py_ssize_t, kind: cython.Py_ssize_t) -> cython.double:
        high: cython.Py_ssize_t
        low: cython.Py_ssize_t
        base_w: cython.double
        if kind < 3:
            return self.import_limit_a[3 * v + kind] - self.base_a[3 * v + kind]
        if 4 <= kind < 7:
            return self.export_limit_a[3 * v + kind - 4] + self.base_a[3 * v + kind - 4]
        if kind >= 8:
            high = (kind - 8) // 2
            low = (high + 1 + (kind - 8) % 2) % 3
            return self.imbalance_limit_a[v] + self.base_a[3 * v + low] - self.base_a[3 * v + high]
        base_w = (
            self.base_a[3 * v] * self.voltage_v[0]
            + self.base_a[3 * v + 1] * self.voltage_v[1]
            + self.base_a[3 * v + 2] * self.voltage_v[2]
        )
        return self.total_import_limit_w[v] - base_w if kind == 3 else self.total_export_limit_w[v] + base_w

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _find_live(self) -> cython.void:
        """Find the rows that the highest currents can fill up."""
        p: cython.Py_ssize_t
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        self._sum_demand()
        self.live_rows = 0
        for p in range(self.up.shape[0] - 1, -1, -1):
            self.live_at[p] = -1
            for j in range(self.kinds):
                r = p * self.kinds + j
                self.live[r] = self.demand[r] > 0.0 and self.demand[r] + MARGIN_A > self.room[r]
                if self.live[r]:
                    self.live_row[self.live_rows] = r
                    self.live_rows += 1
                    self.live_at[p] = p
                if p > 0:
                    self.demand[self.up[p] * self.kinds + j] += min(self.demand[r], max(self.room[r], 0.0))
        for p in range(1, self.up.shape[0]):
            if self.live_at[p] < 0:
                self.live_at[p] = self.live_at[self.up[p]]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sum_demand(self) -> cython.void:
        """Sum up the highest currents of the chargers on each circuit itself."""
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        high_a: cython.double
        for r in range(self.up.shape[0] * self.kinds):
            self.demand[r] = 0.0
        for g in range(self.groups):
            high_a = 0.0
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                high_a += self.high_a[s]
            for j in range(self.kinds):
                self.demand[self.group_position[g] * self.kinds + j] += (
                    high_a * self.per_a[CLASSES * j + self.group_class[g]]
                )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _list_entries(self) -> cython.void:
        g: cython.Py_ssize_t
        p: cython.Py_ssize_t
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        e: cython.Py_ssize_t = 0
        per_a: cython.double
        for g in range(self.groups):
            self.entry_at[g] = e
            p = self.live_at[self.group_position[g]]
            while p >= 0:
                for j in range(self.kinds):
                    r = p * self.kinds + j
                    per_a = self.per_a[CLASSES * j + self.group_class[g]]
                    if per_a > 0.0 and self.live[r]:
                        self.entry_row[e] = r
                        self.entry_per_a[e] = per_a
                        e += 1
                p = self.live_at[self.up[p]] if p > 0 else -1
        self.entry_at[self.groups] = e

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _measure(self) -> cython.double:
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        p: cython.Py_ssize_t
        j: cython.Py_ssize_t
        r: cython.Py_ssize_t
        above: cython.Py_ssize_t
        sum_: cython.double
        low: cython.double
        per_a: cython.double
        over_a: cython.double = 0.0
        for r in range(self.up.shape[0] * self.kinds):
            self.load[r] = 0.0
            self.load_low[r] = 0.0
        for g in range(self.groups):
            sum_ = 0.0
            low = 0.0
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                low += _lost(sum_, self.current_a[s])
                sum_ += self.current_a[s]
            for j in range(self.kinds):
                per_a = self.per_a[CLASSES * j + self.group_class[g]]
                if per_a > 0.0:
                    self._add(self.group_position[g] * self.kinds + j, per_a * sum_, per_a * low)
        for p in range(self.up.shape[0] - 1, -1, -1):
            above = self.up[p]
            for j in range(self.kinds):
                r = p * self.kinds + j
                self.left[r] = self.room[r] - self.load[r] - self.load_low[r]
                if self.load[r] > 0.0:
                    over_a = max(over_a, -self.left[r])
                    if p > 0:
                        self._add(above * self.kinds + j, self.load[r], self.load_low[r])
        return over_a

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add(self, r: cython.Py_ssize_t, value: cython.double, low: cython.double) -> cython.void:
        self.load_low[r] += low + _lost(self.load[r], value)
        self.load[r] += value

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _minima_fit(self, tier: cython.int) -> cython.bint:
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        e: cython.Py_ssize_t
        k: cython.Py_ssize_t
        low_a: cython.double
        for k in range(self.live_rows):
            self.need[self.live_row[k]] = 0.0
        for g in range(self.groups):
            if self.group_tier[g] != tier:
                continue
            low_a = 0.0
            for s in range(self.slot_at[g], self.slot_at[g + 1]):
                if not self.on[s]:
                    low_a += self.low_a[s]
            if low_a > 0.0:
                for e in range(self.entry_at[g], self.entry_at[g + 1]):
                    self.need[self.entry_row[e]] += low_a * self.entry_per_a[e]
        for k in range(self.live_rows):
            if self.need[self.live_row[k]] > max(self.left[self.live_row[k]] + TOLERANCE_A, 0.0):
                return False
        return True


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _lost(sum_: cython.double, value: cython.double) -> cython.double:
    """Return what rounding loses when a value is added to a sum; both are zero or more."""
    total: cython.double = sum_ + value
    return (sum_ - total) + value if sum_ >= value else (value - total) + sum_
