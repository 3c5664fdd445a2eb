"""Discharge that a meter sees is counted on as room for charging, once it is known what discharges.

The discharging groups are set aside meanwhile: their tier becomes negative, and the stages that go by tier leave them
as they are; under that number they can be given what is left in the end.

The unchecked indexing is sound because slots and groups come from `_order`.
"""

from __future__ import annotations

import cython

from .workspace import Workspace

COMPILED: bool = cython.compiled


@cython.final
@cython.cclass
class Relying:
    """The rooms of import rows, and what is counted on of each discharge."""

    up: cython.int[::1]
    kind_at: cython.int[::1]
    room: cython.double[::1]
    voltage_v: cython.const_double[::1]
    slot_at: cython.int[::1]
    group_position: cython.int[::1]
    group_class: cython.int[::1]
    group_tier: cython.int[::1]
    charger: cython.int[::1]
    relied_a: cython.const_double[::1]
    current_a: cython.double[::1]

    def __init__(self, space: Workspace) -> None:
        """Take the views of a workspace."""
        self.up, self.kind_at, self.room, self.voltage_v = space.up, space.kind_at, space.room, space.voltage_v
        self.slot_at, self.group_position = space.slot_at, space.group_position
        self.group_class, self.group_tier = space.group_class, space.group_tier
        self.charger, self.relied_a, self.current_a = space.charger, space.relied_a, space.current_a

    def rely(self, groups: cython.Py_ssize_t, kinds: cython.Py_ssize_t) -> None:
        """Widen the import rows by what is counted on, and set the discharging groups aside."""
        g: cython.Py_ssize_t
        s: cython.Py_ssize_t
        relied_a: cython.double
        with cython.nogil:
            for g in range(groups):
                if self.group_class[g] < 7:
                    continue
                relied_a = 0.0
                for s in range(self.slot_at[g], self.slot_at[g + 1]):
                    relied_a += min(self.relied_a[self.charger[s]], self.current_a[s])
                if relied_a > 0.0:
                    self._widen(g, kinds, relied_a)
                self.group_tier[g] = set_aside(self.group_tier[g])

    def join(self, groups: cython.Py_ssize_t) -> None:
        """Put the discharging groups back into their tiers."""
        g: cython.Py_ssize_t
        with cython.nogil:
            for g in range(groups):
                if self.group_tier[g] < 0:
                    self.group_tier[g] = set_aside(self.group_tier[g])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _widen(self, g: cython.Py_ssize_t, kinds: cython.Py_ssize_t, relied_a: cython.double) -> cython.void:
        phases: cython.int = self.group_class[g] - 6
        p: cython.Py_ssize_t = self.group_position[g]
        j: cython.Py_ssize_t
        kind: cython.int
        while p >= 0:
            for j in range(kinds):
                kind = self.kind_at[j]
                if kind < 3 and phases >> kind & 1:
                    self.room[p * kinds + j] += relied_a
                elif kind == 3:
                    self.room[p * kinds + j] += relied_a * self._volts(phases)
            p = self.up[p]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _volts(self, phases: cython.int) -> cython.double:
        return (
            (self.voltage_v[0] if phases & 1 else 0.0)
            + (self.voltage_v[1] if phases & 2 else 0.0)
            + (self.voltage_v[2] if phases & 4 else 0.0)
        )


@cython.ccall
@cython.nogil
@cython.exceptval(check=False)
def set_aside(tier: cython.int) -> cython.int:
    """Return the number of a tier's groups while they are set aside, and from that the tier."""
    return -1 - tier
