"""The units' side of the relaxation: which variables each unit has, their boxes and costs.

The variables of a unit that is there for K slots lie one after the other: K charging powers; K discharging powers if it
can; K energies above an anchor; K energies below it if it arrives below its floor; one for the energy at departure
between floor and target. The anchor is the floor, at departure the higher of floor and target. All are at least 0 and
at most their widths.
"""

import cython

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

CAN_DISCHARGE = cython.declare(cython.uchar, 1)
BELOW_FLOOR = cython.declare(cython.uchar, 2)
HAS_TARGET = cython.declare(cython.uchar, 4)


@cython.cclass
class Fleet:
    """The units of a problem, and where their variables are. Arrays are float64[N] or intp[N] if nothing else is said.

    Units that cannot move (no room for energy or no power that could use it) have no slots here.
    """

    slot_h: cython.double
    tiny: cython.double
    arrival: cython.Py_ssize_t[::1]
    departure: cython.Py_ssize_t[::1]
    charge: cython.double[::1]
    discharge: cython.double[::1]
    charge_efficiency: cython.double[::1]
    discharge_efficiency: cython.double[::1]
    wear: cython.double[::1]
    energy: cython.double[::1]
    floor: cython.double[::1]
    ceiling: cython.double[::1]
    target: cython.double[::1]
    unmet: cython.double[::1]
    end_value: cython.double[::1]
    width: cython.double[::1]
    cost: cython.double[::1]

    def __init__(
        self,
        *,
        slot_h: cython.double,
        tiny: cython.double,
        arrival: cython.Py_ssize_t[::1],
        departure: cython.Py_ssize_t[::1],
        charge: cython.double[::1],
        discharge: cython.double[::1],
        charge_efficiency: cython.double[::1],
        discharge_efficiency: cython.double[::1],
        wear: cython.double[::1],
        energy: cython.double[::1],
        floor: cython.double[::1],
        ceiling: cython.double[::1],
        target: cython.double[::1],
        unmet: cython.double[::1],
        end_value: cython.double[::1],
    ) -> None:
        """Take the fields of the problem; `tiny` is the power below which a width counts for none."""
        self.slot_h = slot_h
        self.tiny = tiny
        self.arrival = arrival
        self.departure = departure
        self.charge = charge
        self.discharge = discharge
        self.charge_efficiency = charge_efficiency
        self.discharge_efficiency = discharge_efficiency
        self.wear = wear
        self.energy = energy
        self.floor = floor
        self.ceiling = ceiling
        self.target = target
        self.unmet = unmet
        self.end_value = end_value

    def lay_out(
        self, slot_start: cython.Py_ssize_t[::1], start: cython.Py_ssize_t[::1], kind: cython.uchar[::1]
    ) -> None:
        """Fill intp[N + 1] first slot and first variable of every unit, and uint8[N] its kind."""
        i: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        columns: cython.Py_ssize_t
        with cython.nogil:
            slot_start[0] = 0
            start[0] = 0
            for i in range(self.arrival.shape[0]):
                slots = 0
                columns = 2
                kind[i] = 0
                if self._moves(i):
                    slots = self.departure[i] - self.arrival[i]
                    if self.discharge[i] > self.tiny:
                        kind[i] |= CAN_DISCHARGE
                        columns += 1
                    if self.energy[i] < self.floor[i]:
                        kind[i] |= BELOW_FLOOR
                        columns += 1
                    if kind[i] & BELOW_FLOOR or self.target[i] > self.floor[i]:
                        kind[i] |= HAS_TARGET
                slot_start[i + 1] = slot_start[i] + slots
                start[i + 1] = start[i] + columns * slots + (1 if kind[i] & HAS_TARGET else 0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _moves(self, i: cython.Py_ssize_t) -> cython.bint:
        """Return whether unit i can take or give anything at all."""
        highest: cython.double = max(self.ceiling[i], self.energy[i])
        lowest: cython.double = min(self.floor[i], self.energy[i])
        up: cython.bint = self.charge[i] > self.tiny and highest - self.energy[i] > 4.0 * self.tiny
        down: cython.bint = self.discharge[i] > self.tiny and self.energy[i] - lowest > 4.0 * self.tiny
        return up or down

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _floor_at(self, i: cython.Py_ssize_t, k: cython.Py_ssize_t) -> cython.double:
        """Return the floor of unit i at the end of its slot k, see `penalties.floor_path`."""
        if self.energy[i] >= self.floor[i]:
            return self.floor[i]
        return min(self.floor[i], self.energy[i] + self.slot_h * self.charge_efficiency[i] * self.charge[i] * (k + 1))

    def fill(
        self,
        *,
        floor_price: cython.double,
        node: cython.Py_ssize_t[::1],
        charge_room: cython.double[:, ::1],
        discharge_room: cython.double[:, ::1],
        slot_start: cython.Py_ssize_t[::1],
        start: cython.Py_ssize_t[::1],
        kind: cython.uchar[::1],
        width: cython.double[::1],
        cost: cython.double[::1],
        row_value: cython.double[::1],
    ) -> float:
        """Write boxes, costs and the right-hand sides of the units' rows; return what the anchors cost.

        Args:
            floor_price: see `penalties`.
            node: intp[N], the circuit of each unit in the rooms.
            charge_room: float64[V, T], see `_interior_site.reach`.
            discharge_room: float64[V, T].
            slot_start: see `lay_out`.
            start: see `lay_out`.
            kind: see `lay_out`.
            width: float64[variables], filled.
            cost: float64[variables], filled.
            row_value: float64[slots of all units], filled with the differences of the anchors.
        """
        i: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        at: cython.Py_ssize_t
        wear: cython.double
        constant: cython.double = 0.0
        self.width = width
        self.cost = cost
        with cython.nogil:
            for i in range(self.arrival.shape[0]):
                slots = slot_start[i + 1] - slot_start[i]
                at = start[i]
                if slots == 0:
                    constant += self._standing(i, floor_price)
                    continue
                self._powers(at, slots, self.charge[i], 0.0, charge_room[node[i], self.arrival[i] :])
                if kind[i] & CAN_DISCHARGE:
                    at += slots
                    wear = self.slot_h * self.wear[i]
                    self._powers(at, slots, self.discharge[i], wear, discharge_room[node[i], self.arrival[i] :])
                at += slots
                self._energies(i, at, floor_price, row_value[slot_start[i] : slot_start[i + 1]])
                constant += self._departure(i, start[i + 1] - 1, at, floor_price, row_value[slot_start[i + 1] - 1 :])
        paid: float = constant
        return paid

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _powers(
        self,
        at: cython.Py_ssize_t,
        slots: cython.Py_ssize_t,
        limit: cython.double,
        cost: cython.double,
        room: cython.double[::1],
    ) -> cython.void:
        """Write the powers of a unit in one direction."""
        k: cython.Py_ssize_t
        for k in range(slots):
            self.width[at + k] = min(limit, room[k])
            self.cost[at + k] = cost

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _energies(
        self, i: cython.Py_ssize_t, at: cython.Py_ssize_t, floor_price: cython.double, row_value: cython.double[::1]
    ) -> cython.void:
        """Write the energies of unit i as if it had no target."""
        k: cython.Py_ssize_t
        slots: cython.Py_ssize_t = row_value.shape[0]
        highest: cython.double = max(self.ceiling[i], self.energy[i])
        before: cython.double = self.energy[i]
        anchor: cython.double
        for k in range(slots):
            anchor = self._floor_at(i, k)
            self.width[at + k] = highest - anchor
            self.cost[at + k] = 0.0
            if self.energy[i] < self.floor[i]:
                self.width[at + slots + k] = anchor - self.energy[i]
                self.cost[at + slots + k] = floor_price
            row_value[k] = anchor - before
            before = anchor

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _departure(
        self,
        i: cython.Py_ssize_t,
        last: cython.Py_ssize_t,
        at: cython.Py_ssize_t,
        floor_price: cython.double,
        row_value: cython.double[::1],
    ) -> cython.double:
        """Change the energies at the end of the last slot to what the target makes of them; return what it costs.

        From the top: what is above both floor and target, then what is between the two, then what is below both. Where
        energy above the target is worth more than below it, their mean takes the place of both, which is never more.
        """
        slots: cython.Py_ssize_t = self.departure[i] - self.arrival[i]
        highest: cython.double = max(self.ceiling[i], self.energy[i])
        floor: cython.double = self._floor_at(i, slots - 1)
        anchor: cython.double = min(max(self.target[i], floor), highest)
        turn: cython.double = min(floor, max(self.target[i], min(floor, self.energy[i])))
        unmet: cython.double = self.unmet[i]
        end_value: cython.double = self.end_value[i]
        constant: cython.double = self._at_departure(i, anchor)
        soft: cython.bint = self.energy[i] < self.floor[i]
        if end_value > unmet and anchor > floor:
            constant += (end_value - unmet) * (anchor - floor) * (highest - anchor) / (floor - highest)
            unmet = (unmet * (anchor - floor) + end_value * (highest - anchor)) / (highest - floor)
            end_value = unmet
        self.width[at + slots - 1] = highest - anchor
        self.cost[at + slots - 1] = -end_value
        row_value[0] += anchor - floor
        if soft:
            self.width[last - 1] = turn - self.energy[i]
            self.cost[last - 1] = floor_price + unmet
        if soft or self.target[i] > self.floor[i]:
            self.width[last] = anchor - turn
            self.cost[last] = floor_price + min(end_value, unmet) if anchor > self.target[i] else unmet
        return constant

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _at_departure(self, i: cython.Py_ssize_t, energy: cython.double) -> cython.double:
        """Return what leaving with an energy costs unit i, floors apart."""
        if energy < self.target[i]:
            return self.unmet[i] * (self.target[i] - energy)
        return -self.end_value[i] * (energy - self.target[i])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _standing(self, i: cython.Py_ssize_t, floor_price: cython.double) -> cython.double:
        """Return what a unit costs that cannot move."""
        k: cython.Py_ssize_t
        cost: cython.double = self._at_departure(i, self.energy[i])
        for k in range(self.departure[i] - self.arrival[i]):
            cost += floor_price * max(self._floor_at(i, k) - self.energy[i], 0.0)
        return cost
