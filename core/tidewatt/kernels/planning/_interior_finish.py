"""Makes powers that keep every hard limit to rounding out of those the interior point ends with, and counts them.

Slot after slot, first each unit is kept within its power and energy, then each circuit within what it can carry by
scaling the charging or the discharging below it. That is a matter of 1e-9 after the interior point has converged; if
not, it still ends with powers within all limits, at worst those of doing nothing in a slot.
"""

import cython
import numpy as np

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

CAN_DISCHARGE = cython.declare(cython.uchar, 1)
BELOW_FLOOR = cython.declare(cython.uchar, 2)
HAS_TARGET = cython.declare(cython.uchar, 4)

ROUNDS = cython.declare(cython.Py_ssize_t, 5)
"""How often units and circuits are gone through in a slot before everything stands still in it."""

EXACT = cython.declare(cython.double, 1e-10)
"""A circuit that is over what it can carry by less than this has kept it."""


@cython.cclass
class Finish:
    """The last step of the interior point."""

    arrival: cython.Py_ssize_t[::1]
    slot_start: cython.Py_ssize_t[::1]
    start: cython.Py_ssize_t[::1]
    kind: cython.uchar[::1]
    node: cython.Py_ssize_t[::1]
    stored: cython.double[::1]
    taken: cython.double[::1]
    energy: cython.double[::1]
    lowest_energy: cython.double[::1]
    highest_energy: cython.double[::1]
    unit_value: cython.double[::1]
    parent: cython.Py_ssize_t[::1]
    lowest: cython.double[:, ::1]
    highest: cython.double[:, ::1]
    charging: cython.double[::1]
    discharging: cython.double[::1]
    charge_part: cython.double[::1]
    discharge_part: cython.double[::1]
    anchor: cython.double[::1]
    power: cython.double[:, ::1]
    width: cython.double[::1]
    low: cython.double[::1]
    live: cython.double[::1]

    def __init__(
        self,
        *,
        arrival: cython.Py_ssize_t[::1],
        slot_start: cython.Py_ssize_t[::1],
        start: cython.Py_ssize_t[::1],
        kind: cython.uchar[::1],
        node: cython.Py_ssize_t[::1],
        stored: cython.double[::1],
        taken: cython.double[::1],
        energy: cython.double[::1],
        lowest_energy: cython.double[::1],
        highest_energy: cython.double[::1],
        unit_value: cython.double[::1],
        parent: cython.Py_ssize_t[::1],
        lowest: cython.double[:, ::1],
        highest: cython.double[:, ::1],
        width: cython.double[::1],
        low: cython.double[::1],
        live: cython.double[::1],
    ) -> None:
        """Take the arrays; `low` is changed, energy becomes that at departure.

        Args:
            arrival: intp[N], first slots.
            slot_start: see `_interior_units.UnitRows`, as well as start, kind, stored, taken, unit_value.
            start: see slot_start.
            kind: see slot_start.
            node: intp[N], the circuit of each unit.
            stored: see slot_start.
            taken: see slot_start.
            energy: float64[N], at arrival.
            lowest_energy: float64[N], never below.
            highest_energy: float64[N], never above.
            unit_value: see slot_start.
            parent: intp[nodes], -1 for the root.
            lowest: float64[nodes, T], what each circuit can carry.
            highest: see lowest.
            width: see `_interior_boxes.Boxes`, as well as low, live.
            low: see width.
            live: see width.
        """
        self.arrival = arrival
        self.slot_start = slot_start
        self.start = start
        self.kind = kind
        self.node = node
        self.stored = stored
        self.taken = taken
        self.energy = energy
        self.lowest_energy = lowest_energy
        self.highest_energy = highest_energy
        self.unit_value = unit_value
        self.parent = parent
        self.lowest = lowest
        self.highest = highest
        self.width = width
        self.low = low
        self.live = live
        self.charging = np.zeros(parent.shape[0])
        self.discharging = np.zeros(parent.shape[0])
        self.charge_part = np.zeros(parent.shape[0])
        self.discharge_part = np.zeros(parent.shape[0])
        self.anchor = np.array(energy)
        self.power = np.zeros((parent.shape[0], lowest.shape[1]))

    def settle(self) -> None:
        """Go through all slots, then set what follows from the powers."""
        t: cython.Py_ssize_t
        _turn: cython.Py_ssize_t
        j: cython.Py_ssize_t
        with cython.nogil:
            for j in range(self.low.shape[0]):
                self.low[j] = min(max(self.low[j] * self.live[j], 0.0), self.width[j])
            for t in range(self.lowest.shape[1]):
                for _turn in range(ROUNDS):
                    self._keep_units(t)
                    if self._kept_circuits(t):
                        break
                    self._scale(t)
                else:
                    self._stand(t)
                self._advance(t)

    def net(self) -> None:
        """Let every unit either charge or discharge in a slot, whichever stores what both do; `settle` comes next."""
        i: cython.Py_ssize_t
        charge: cython.Py_ssize_t
        discharge: cython.Py_ssize_t
        more: cython.double
        with cython.nogil:
            for i in range(self.arrival.shape[0]):
                if not self.kind[i] & CAN_DISCHARGE:
                    continue
                for charge in range(self.start[i], self.start[i] + self.slot_start[i + 1] - self.slot_start[i]):
                    discharge = charge + self.slot_start[i + 1] - self.slot_start[i]
                    more = self.stored[i] * self.low[charge] - self.taken[i] * self.low[discharge]
                    self.low[charge] = max(more, 0.0) / self.stored[i]
                    self.low[discharge] = max(-more, 0.0) / self.taken[i]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep_units(self, t: cython.Py_ssize_t) -> cython.void:
        """Bring every unit's energy at the end of a slot within its bounds, and sum up the powers by circuit."""
        i: cython.Py_ssize_t
        v: cython.Py_ssize_t
        charge: cython.Py_ssize_t
        discharge: cython.Py_ssize_t
        given: cython.double
        after: cython.double
        for v in range(self.parent.shape[0]):
            self.charging[v] = 0.0
            self.discharging[v] = 0.0
        for i in range(self.arrival.shape[0]):
            if not self._there(i, t):
                continue
            charge = self.start[i] + t - self.arrival[i]
            discharge = charge + self.slot_start[i + 1] - self.slot_start[i]
            given = self.low[discharge] if self.kind[i] & CAN_DISCHARGE else 0.0
            after = self.energy[i] + self.stored[i] * self.low[charge] - self.taken[i] * given
            if after > self.highest_energy[i]:
                self.low[charge] = max(self.low[charge] - (after - self.highest_energy[i]) / self.stored[i], 0.0)
            elif after < self.lowest_energy[i] and given > 0.0:
                given = max(given - (self.lowest_energy[i] - after) / self.taken[i], 0.0)
                self.low[discharge] = given
            self.charging[self.node[i]] += self.low[charge]
            self.discharging[self.node[i]] += given

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _there(self, i: cython.Py_ssize_t, t: cython.Py_ssize_t) -> cython.bint:
        """Return whether unit i is there in slot t and can move."""
        return self.arrival[i] <= t < self.arrival[i] + self.slot_start[i + 1] - self.slot_start[i]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _kept_circuits(self, t: cython.Py_ssize_t) -> cython.bint:
        """Find the part of charging and discharging that each circuit leaves; return whether it is all of it."""
        v: cython.Py_ssize_t
        charging: cython.double
        discharging: cython.double
        kept: cython.bint = True
        for v in range(self.parent.shape[0] - 1, -1, -1):
            charging = self.charging[v]
            discharging = self.discharging[v]
            self.power[v, t] = charging - discharging
            self.charge_part[v] = 1.0
            self.discharge_part[v] = 1.0
            if charging - discharging > self.highest[v, t] + EXACT:
                kept = False
                self.charge_part[v] = max(self.highest[v, t] + discharging, 0.0) / charging
            elif charging - discharging < self.lowest[v, t] - EXACT:
                kept = False
                self.discharge_part[v] = max(charging - self.lowest[v, t], 0.0) / discharging
            if v > 0:
                self.charging[self.parent[v]] += charging * self.charge_part[v]
                self.discharging[self.parent[v]] += discharging * self.discharge_part[v]
        return kept

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _scale(self, t: cython.Py_ssize_t) -> cython.void:
        """Scale the powers of the units to the parts that all circuits above them leave."""
        i: cython.Py_ssize_t
        v: cython.Py_ssize_t
        charge: cython.Py_ssize_t
        for v in range(1, self.parent.shape[0]):
            self.charge_part[v] *= self.charge_part[self.parent[v]]
            self.discharge_part[v] *= self.discharge_part[self.parent[v]]
        for i in range(self.arrival.shape[0]):
            if self._there(i, t):
                charge = self.start[i] + t - self.arrival[i]
                self.low[charge] *= self.charge_part[self.node[i]]
                if self.kind[i] & CAN_DISCHARGE:
                    self.low[charge + self.slot_start[i + 1] - self.slot_start[i]] *= self.discharge_part[self.node[i]]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _stand(self, t: cython.Py_ssize_t) -> cython.void:
        """Let nothing move in a slot."""
        i: cython.Py_ssize_t
        v: cython.Py_ssize_t
        charge: cython.Py_ssize_t
        for v in range(self.parent.shape[0]):
            self.power[v, t] = 0.0
        for i in range(self.arrival.shape[0]):
            if self._there(i, t):
                charge = self.start[i] + t - self.arrival[i]
                self.low[charge] = 0.0
                if self.kind[i] & CAN_DISCHARGE:
                    self.low[charge + self.slot_start[i + 1] - self.slot_start[i]] = 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _advance(self, t: cython.Py_ssize_t) -> cython.void:
        """Go to the end of a slot: the energies of the units, and the variables that say them."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        at: cython.Py_ssize_t
        above: cython.double
        for i in range(self.arrival.shape[0]):
            if not self._there(i, t):
                continue
            k = t - self.arrival[i]
            slots = self.slot_start[i + 1] - self.slot_start[i]
            at = self.start[i] + k
            self.energy[i] += self.stored[i] * self.low[at]
            if self.kind[i] & CAN_DISCHARGE:
                at += slots
                self.energy[i] -= self.taken[i] * self.low[at]
            at += slots
            self.anchor[i] += self.unit_value[self.slot_start[i] + k]
            above = self.energy[i] - self.anchor[i]
            self.low[at] = max(above, 0.0)
            if k == slots - 1 and self.kind[i] & HAS_TARGET:
                self._depart(i, max(-above, 0.0))
            elif self.kind[i] & BELOW_FLOOR:
                self.low[at + slots] = max(-above, 0.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _depart(self, i: cython.Py_ssize_t, short: cython.double) -> cython.void:
        """Divide what is short at departure: of the target first, then of the floor."""
        last: cython.Py_ssize_t = self.start[i + 1] - 1
        self.low[last] = min(short, self.width[last] * self.live[last])
        if self.kind[i] & BELOW_FLOOR:
            self.low[last - 1] = short - self.low[last]

    def carry(
        self,
        *,
        first: cython.Py_ssize_t,
        piece_row: cython.Py_ssize_t[::1],
        piece_peak: cython.Py_ssize_t[::1],
        row_peak: cython.Py_ssize_t[::1],
        row_value: cython.double[::1],
        cost: cython.double[::1],
    ) -> float:
        """Fill the pieces of the circuits and the peaks with the powers; return the cost of all variables.

        Args:
            first: place of the first piece among the variables.
            piece_row: see `_interior_circuits.SiteRows`, as well as the others.
            piece_peak: see piece_row.
            row_peak: see piece_row.
            row_value: see piece_row.
            cost: of the variables.
        """
        peaks: cython.Py_ssize_t = first + piece_row.shape[0] + row_peak.shape[0]
        left: cython.double[::1] = np.subtract(self.power, self.lowest).reshape(-1)
        imported: cython.double[::1] = np.zeros(row_peak.shape[0])
        j: cython.Py_ssize_t
        value: cython.double
        total: cython.double = 0.0
        with cython.nogil:
            for j in range(piece_row.shape[0]):
                value = min(max(left[piece_row[j]], 0.0), self.width[first + j])
                left[piece_row[j]] -= value
                self.low[first + j] = value
                if piece_peak[j] >= 0:
                    imported[piece_peak[j]] += value
            for j in range(peaks, cost.shape[0]):
                self.low[j] = 0.0
            for j in range(row_peak.shape[0]):
                value = imported[j] - row_value[j]
                self.low[peaks + row_peak[j]] = max(self.low[peaks + row_peak[j]], value)
            for j in range(first):
                total += cost[j] * self.low[j]
            for j in range(first, first + piece_row.shape[0]):
                total += cost[j] * self.low[j]
            for j in range(peaks, cost.shape[0]):
                total += cost[j] * self.low[j]
        value_of_all: float = total
        return value_of_all
