"""The rows of the units in the interior point: the balance of the stored energy in every slot of every unit.

Row k of a unit says: charged - discharged + energy before - energy after = difference of the anchors. Its price is the
worth of stored energy. Units touch the rest of the site only through the row of their circuit in the same slot.
"""

import cython

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

CAN_DISCHARGE = cython.declare(cython.uchar, 1)
BELOW_FLOOR = cython.declare(cython.uchar, 2)
HAS_TARGET = cython.declare(cython.uchar, 4)


@cython.cclass
class UnitRows:
    """Products with the coefficients of the units, over a range of units at a time.

    `unit_*` are float64[slots of all units], `site_*` float64[nodes x T], the rest float64[variables].
    """

    slot_start: cython.Py_ssize_t[::1]
    start: cython.Py_ssize_t[::1]
    kind: cython.uchar[::1]
    first_row: cython.Py_ssize_t[::1]
    stored: cython.double[::1]
    taken: cython.double[::1]
    cost: cython.double[::1]
    low: cython.double[::1]
    weight: cython.double[::1]
    slope: cython.double[::1]
    pull: cython.double[::1]
    step: cython.double[::1]
    unit_value: cython.double[::1]
    unit_price: cython.double[::1]
    unit_missing: cython.double[::1]
    unit_change: cython.double[::1]
    site_price: cython.double[::1]
    site_missing: cython.double[::1]
    site_change: cython.double[::1]
    own: cython.double[::1]
    cross: cython.double[::1]
    link: cython.double[::1]
    coupling: cython.double[::1]
    through: cython.double[::1]

    def __init__(
        self,
        *,
        slot_start: cython.Py_ssize_t[::1],
        start: cython.Py_ssize_t[::1],
        kind: cython.uchar[::1],
        first_row: cython.Py_ssize_t[::1],
        stored: cython.double[::1],
        taken: cython.double[::1],
        cost: cython.double[::1],
        low: cython.double[::1],
        weight: cython.double[::1],
        slope: cython.double[::1],
        pull: cython.double[::1],
        step: cython.double[::1],
        unit_value: cython.double[::1],
        unit_price: cython.double[::1],
        unit_missing: cython.double[::1],
        unit_change: cython.double[::1],
        site_price: cython.double[::1],
        site_missing: cython.double[::1],
        site_change: cython.double[::1],
        own: cython.double[::1],
        cross: cython.double[::1],
        link: cython.double[::1],
        coupling: cython.double[::1],
        through: cython.double[::1],
    ) -> None:
        """Take the arrays.

        Args:
            slot_start: intp[N + 1], see `_interior_fleet`.
            start: intp[N + 1], see `_interior_fleet`.
            kind: uint8[N], see `_interior_fleet`.
            first_row: intp[N], the row of the unit's circuit in its first slot.
            stored: float64[N], energy stored in a slot per power drawn.
            taken: float64[N], energy taken from store in a slot per power given.
            cost: see `_interior_boxes.Boxes`, as well as low, weight, slope, pull, step.
            low: see cost.
            weight: see cost.
            slope: see cost.
            pull: see cost.
            step: see cost.
            unit_value: right-hand sides.
            unit_price: prices of the rows.
            unit_missing: what the rows lack.
            unit_change: right-hand sides of the equations for the changes of the prices, then these.
            site_price: the same for the circuits.
            site_missing: see site_price.
            site_change: see site_price.
            own: what the powers of a unit add to the diagonal of its equations.
            cross: through x own - coupling^2, which the powers alone would give, without cancellation.
            link: between a slot and the next, without its sign.
            coupling: between the row of a unit and that of its circuit, without its sign.
            through: what a unit adds to the diagonal of its circuit.
        """
        self.slot_start = slot_start
        self.start = start
        self.kind = kind
        self.first_row = first_row
        self.stored = stored
        self.taken = taken
        self.cost = cost
        self.low = low
        self.weight = weight
        self.slope = slope
        self.pull = pull
        self.step = step
        self.unit_value = unit_value
        self.unit_price = unit_price
        self.unit_missing = unit_missing
        self.unit_change = unit_change
        self.site_price = site_price
        self.site_missing = site_missing
        self.site_change = site_change
        self.own = own
        self.cross = cross
        self.link = link
        self.coupling = coupling
        self.through = through

    def move(self, dual: cython.double) -> None:
        """Go the given part of the changes of the prices."""
        j: cython.Py_ssize_t
        with cython.nogil:
            for j in range(self.unit_price.shape[0]):
                self.unit_price[j] += dual * self.unit_change[j]

    def slopes(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Compute what each variable costs less what its rows pay."""
        self._columns(first, last, self.unit_price, self.site_price, self.slope)
        self._less(first, last)

    def spread(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Compute what the changes of the prices pay each variable, as `step`."""
        self._columns(first, last, self.unit_change, self.site_change, self.step)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _less(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> cython.void:
        """Take what the rows pay off the costs."""
        j: cython.Py_ssize_t
        cost: cython.double[::1] = self.cost
        slope: cython.double[::1] = self.slope
        for j in range(self.start[first], self.start[last]):
            slope[j] = cost[j] - slope[j]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _columns(
        self,
        first: cython.Py_ssize_t,
        last: cython.Py_ssize_t,
        unit_price: cython.double[::1],
        site_price: cython.double[::1],
        paid: cython.double[::1],
    ) -> cython.void:
        """Compute what the rows pay each variable: the coefficients' columns times the prices."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        at: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        circuit: cython.Py_ssize_t
        stored: cython.double
        taken: cython.double
        for i in range(first, last):
            rows = self.slot_start[i]
            slots = self.slot_start[i + 1] - rows
            if slots == 0:
                continue
            at = self.start[i]
            circuit = self.first_row[i]
            stored = self.stored[i]
            taken = self.taken[i]
            for k in range(slots):
                paid[at + k] = stored * unit_price[rows + k] - site_price[circuit + k]
            at += slots
            if self.kind[i] & CAN_DISCHARGE:
                for k in range(slots):
                    paid[at + k] = site_price[circuit + k] - taken * unit_price[rows + k]
                at += slots
            for k in range(slots - 1):
                paid[at + k] = unit_price[rows + k + 1] - unit_price[rows + k]
            paid[at + slots - 1] = -unit_price[rows + slots - 1]
            at += slots
            if self.kind[i] & BELOW_FLOOR:
                for k in range(slots):
                    paid[at + k] = -paid[at - slots + k]
                at += slots
            if self.kind[i] & HAS_TARGET:
                paid[at] = unit_price[rows + slots - 1]

    def miss(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Compute what the rows of the units lack, and take their powers off what those of the circuits lack."""
        i: cython.Py_ssize_t
        with cython.nogil:
            for i in range(self.slot_start[first], self.slot_start[last]):
                self.unit_missing[i] = self.unit_value[i]
            self._power_rows(first, last, self.low, -1.0)
            self._energy_rows(first, last, self.low, -1.0)

    def lack(self) -> float:
        """Return the most that a row lacks."""
        j: cython.Py_ssize_t
        most: cython.double = 0.0
        with cython.nogil:
            for j in range(self.unit_missing.shape[0]):
                most = max(most, abs(self.unit_missing[j]))
        value: float = most
        return value

    def gather(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Compute the right-hand sides: what is missing, and the rows times weighted pulls, which `step` then holds."""
        i: cython.Py_ssize_t
        pull: cython.double[::1] = self.pull
        weight: cython.double[::1] = self.weight
        step: cython.double[::1] = self.step
        unit_change: cython.double[::1] = self.unit_change
        unit_missing: cython.double[::1] = self.unit_missing
        with cython.nogil:
            for i in range(self.start[first], self.start[last]):
                step[i] = weight[i] * pull[i]
            for i in range(self.slot_start[first], self.slot_start[last]):
                unit_change[i] = unit_missing[i]
            self._power_rows(first, last, step, 1.0)
            self._energy_rows(first, last, step, 1.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _power_rows(
        self, first: cython.Py_ssize_t, last: cython.Py_ssize_t, value: cython.double[::1], sign: cython.double
    ) -> cython.void:
        """Add the powers to the rows of the units and of their circuits, or take them off what these lack."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        at: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        circuit: cython.Py_ssize_t
        factor: cython.double
        unit: cython.double[::1] = self.unit_change if sign > 0.0 else self.unit_missing
        site: cython.double[::1] = self.site_change if sign > 0.0 else self.site_missing
        for i in range(first, last):
            rows = self.slot_start[i]
            slots = self.slot_start[i + 1] - rows
            at = self.start[i]
            circuit = self.first_row[i]
            factor = sign * self.stored[i]
            for k in range(slots):
                unit[rows + k] += factor * value[at + k]
            for k in range(slots):
                site[circuit + k] -= sign * value[at + k]
            if self.kind[i] & CAN_DISCHARGE:
                at += slots
                factor = sign * self.taken[i]
                for k in range(slots):
                    unit[rows + k] -= factor * value[at + k]
                for k in range(slots):
                    site[circuit + k] += sign * value[at + k]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _energy_rows(
        self, first: cython.Py_ssize_t, last: cython.Py_ssize_t, value: cython.double[::1], sign: cython.double
    ) -> cython.void:
        """Add the energies to the rows of the units, or take them off what these lack."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        at: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        unit: cython.double[::1] = self.unit_change if sign > 0.0 else self.unit_missing
        for i in range(first, last):
            rows = self.slot_start[i]
            slots = self.slot_start[i + 1] - rows
            if slots == 0:
                continue
            at = self.start[i] + (2 * slots if self.kind[i] & CAN_DISCHARGE else slots)
            for k in range(slots):
                unit[rows + k] -= sign * value[at + k]
            for k in range(slots - 1):
                unit[rows + k + 1] += sign * value[at + k]
            at += slots
            if self.kind[i] & BELOW_FLOOR:
                for k in range(slots):
                    unit[rows + k] += sign * value[at + k]
                for k in range(slots - 1):
                    unit[rows + k + 1] -= sign * value[at + k]
                at += slots
            if self.kind[i] & HAS_TARGET:
                unit[rows + slots - 1] += sign * value[at]

    def normal(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Compute the coefficients of the equations for the changes of the prices from the weights."""
        i: cython.Py_ssize_t
        k: cython.Py_ssize_t
        slots: cython.Py_ssize_t
        at: cython.Py_ssize_t
        rows: cython.Py_ssize_t
        stored: cython.double
        taken: cython.double
        weight: cython.double[::1] = self.weight
        own: cython.double[::1] = self.own
        cross: cython.double[::1] = self.cross
        link: cython.double[::1] = self.link
        coupling: cython.double[::1] = self.coupling
        through: cython.double[::1] = self.through
        with cython.nogil:
            for i in range(first, last):
                rows = self.slot_start[i]
                slots = self.slot_start[i + 1] - rows
                if slots == 0:
                    continue
                at = self.start[i]
                stored = self.stored[i]
                taken = self.taken[i]
                for k in range(slots):
                    through[rows + k] = weight[at + k]
                    coupling[rows + k] = stored * weight[at + k]
                    own[rows + k] = stored * stored * weight[at + k]
                    cross[rows + k] = 0.0
                at += slots
                if self.kind[i] & CAN_DISCHARGE:
                    for k in range(slots):
                        through[rows + k] += weight[at + k]
                        coupling[rows + k] += taken * weight[at + k]
                        own[rows + k] += taken * taken * weight[at + k]
                        cross[rows + k] = (taken - stored) * (taken - stored) * weight[at + k] * weight[at - slots + k]
                    at += slots
                for k in range(slots):
                    link[rows + k] = weight[at + k]
                at += slots
                if self.kind[i] & BELOW_FLOOR:
                    for k in range(slots):
                        link[rows + k] += weight[at + k]
                    at += slots
                if self.kind[i] & HAS_TARGET:
                    link[rows + slots - 1] += weight[at]
