"""The site's side of the relaxation: what each circuit can carry, its cost in pieces, and the rows of the peaks.

The controllable power of a circuit in a slot lies between `-down` and `up`. It is written as its lowest value plus
pieces of rising cost, each between 0 and its width: feed-in, import, breach at the root; free and breach elsewhere.
"""

import cython

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""


@cython.cclass
class Reach:
    """What every circuit can carry; arrays are float64[V, T].

    `up` and `down` are the highest controllable power of each circuit and the highest in the other direction;
    `charge_room` and `discharge_room` the most that a single unit on the circuit can charge and discharge with.
    """

    parent: cython.Py_ssize_t[::1]
    base: cython.double[:, ::1]
    import_limit: cython.double[:, ::1]
    export_limit: cython.double[:, ::1]
    up: cython.double[:, ::1]
    down: cython.double[:, ::1]
    charge_room: cython.double[:, ::1]
    discharge_room: cython.double[:, ::1]

    def __init__(
        self,
        *,
        parent: cython.Py_ssize_t[::1],
        base: cython.double[:, ::1],
        import_limit: cython.double[:, ::1],
        export_limit: cython.double[:, ::1],
        up: cython.double[:, ::1],
        down: cython.double[:, ::1],
        charge_room: cython.double[:, ::1],
        discharge_room: cython.double[:, ::1],
    ) -> None:
        """Take the circuits (parent intp[V]) and the arrays to fill, which are zero."""
        self.parent = parent
        self.base = base
        self.import_limit = import_limit
        self.export_limit = export_limit
        self.up = up
        self.down = down
        self.charge_room = charge_room
        self.discharge_room = discharge_room

    def sum_up(
        self,
        circuit: cython.Py_ssize_t[::1],
        arrival: cython.Py_ssize_t[::1],
        departure: cython.Py_ssize_t[::1],
        charge: cython.double[::1],
        discharge: cython.double[::1],
    ) -> None:
        """Add the powers of the units, all arrays of length N, to their own circuits."""
        i: cython.Py_ssize_t
        t: cython.Py_ssize_t
        v: cython.Py_ssize_t
        with cython.nogil:
            for i in range(circuit.shape[0]):
                v = circuit[i]
                for t in range(arrival[i], departure[i]):
                    self.up[v, t] += charge[i]
                    self.down[v, t] += discharge[i]
                    self.charge_room[v, t] += discharge[i]
                    self.discharge_room[v, t] += charge[i]

    def limit(self, node: cython.Py_ssize_t[::1], tiny: cython.double) -> int:
        """Apply the limits from the leaves to the root and back; return how many circuits matter.

        Limits of the others cannot bind; the root always matters. `node`, intp[V], is filled with the number among
        those that matter of the circuit itself or of the nearest one above. Power up to `tiny` counts for none.
        """
        v: cython.Py_ssize_t
        t: cython.Py_ssize_t
        kept: cython.Py_ssize_t = 0
        with cython.nogil:
            for v in range(self.parent.shape[0] - 1, -1, -1):
                node[v] = 1 if self._apply(v, tiny) or v == 0 else 0
            for v in range(self.parent.shape[0]):
                if node[v]:
                    node[v] = kept
                    kept += 1
                else:
                    node[v] = node[self.parent[v]]
                if v > 0:
                    for t in range(self.base.shape[1]):
                        self.charge_room[v, t] = min(self.charge_room[v, t], self.charge_room[self.parent[v], t])
                        self.discharge_room[v, t] = min(
                            self.discharge_room[v, t], self.discharge_room[self.parent[v], t]
                        )
        matter: int = kept
        return matter

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _apply(self, v: cython.Py_ssize_t, tiny: cython.double) -> cython.bint:
        """Apply the limits of one circuit and pass on what it can carry; return whether they can bind."""
        above: cython.Py_ssize_t = self.parent[v]
        t: cython.Py_ssize_t
        room_up: cython.double
        room_down: cython.double
        binds: cython.bint = False
        for t in range(self.base.shape[1]):
            if v > 0:
                self.charge_room[above, t] += self.charge_room[v, t]
                self.discharge_room[above, t] += self.discharge_room[v, t]
            room_up = self.import_limit[v, t] - self.base[v, t]
            room_down = self.export_limit[v, t] + self.base[v, t]
            binds = binds or self.up[v, t] > max(room_up, 0.0) or self.down[v, t] > max(room_down, 0.0)
            binds = binds or (room_up < 0.0 < self.down[v, t]) or (room_down < 0.0 < self.up[v, t])
            room_up = max(room_up, 0.0)
            room_down = max(room_down, 0.0)
            self.charge_room[v, t] += room_up
            self.discharge_room[v, t] += room_down
            self.up[v, t] = min(self.up[v, t], room_up)
            self.down[v, t] = min(self.down[v, t], room_down)
            if self.up[v, t] < tiny:
                self.up[v, t] = 0.0
            if self.down[v, t] < tiny:
                self.down[v, t] = 0.0
            if v > 0:
                self.up[above, t] += self.up[v, t]
                self.down[above, t] += self.down[v, t]
        return binds


@cython.cclass
class Pieces:
    """The pieces of the circuits that matter, in order of circuit, slot and cost, and the rows of the peaks.

    Sizes follow from the capacity given: at most 3 pieces for each circuit and slot, one peak row for each slot.
    """

    width: cython.double[::1]
    cost: cython.double[::1]
    row: cython.Py_ssize_t[::1]
    peak_row: cython.Py_ssize_t[::1]
    lowest: cython.double[:, ::1]
    count: cython.Py_ssize_t
    constant: cython.double
    tiny: cython.double
    buy: cython.double
    sell: cython.double
    breach: cython.double
    import_limit: cython.double
    export_limit: cython.double

    def __init__(
        self,
        *,
        width: cython.double[::1],
        cost: cython.double[::1],
        row: cython.Py_ssize_t[::1],
        peak_row: cython.Py_ssize_t[::1],
        lowest: cython.double[:, ::1],
        tiny: cython.double,
    ) -> None:
        """Take the arrays to fill.

        Args:
            width: float64[3 V T], in kW.
            cost: float64[3 V T], per kW in a slot.
            row: intp[3 V T], node x T + slot.
            peak_row: intp[3 V T], the peak row a piece of the root counts in, or -1.
            lowest: float64[nodes, T], the lowest controllable power of each circuit that matters.
            tiny: narrower pieces are left out.
        """
        self.width = width
        self.cost = cost
        self.row = row
        self.peak_row = peak_row
        self.lowest = lowest
        self.tiny = tiny
        self.count = 0
        self.constant = 0.0

    def fill(
        self,
        *,
        slot_h: cython.double,
        limit_price: cython.double,
        import_price: cython.double[::1],
        export_price: cython.double[::1],
        node: cython.Py_ssize_t[::1],
        reach: Reach,
        row_of_slot: cython.Py_ssize_t[::1],
    ) -> tuple[int, float]:
        """Write all pieces; return how many there are and what the lowest powers cost.

        Args:
            slot_h: length of a slot.
            limit_price: see `penalties`.
            import_price: float64[T] with CO2, export_price float64[T].
            export_price: see import_price.
            node: see `Reach.limit`.
            reach: what the circuits can carry.
            row_of_slot: intp[T], the peak row of each slot or -1.
        """
        slots: cython.Py_ssize_t = import_price.shape[0]
        kept: cython.Py_ssize_t = 0
        v: cython.Py_ssize_t
        t: cython.Py_ssize_t
        low: cython.double
        high: cython.double
        self.breach = slot_h * limit_price
        with cython.nogil:
            for v in range(node.shape[0]):
                for t in range(slots):
                    self.import_limit = reach.import_limit[v, t]
                    self.export_limit = reach.export_limit[v, t]
                    low = reach.base[v, t] - reach.down[v, t]
                    self.constant += self.breach * max(low - self.import_limit, -self.export_limit - low, 0.0)
                    if v > 0 and node[v] < kept:
                        continue
                    self.lowest[kept, t] = -reach.down[v, t]
                    self.buy = 0.0
                    self.sell = 0.0
                    high = reach.base[v, t] + reach.up[v, t]
                    if v == 0:
                        self._trade(low, high, import_price[t], export_price[t], slot_h)
                    self._split(kept * slots + t, low, high, row_of_slot[t] if v == 0 else -1)
                if node[v] == kept:
                    kept += 1
        return self.count, self.constant

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _trade(
        self,
        low: cython.double,
        high: cython.double,
        import_price: cython.double,
        export_price: cython.double,
        slot_h: cython.double,
    ) -> cython.void:
        """Set the root's prices in a slot; where feed-in earns more, that of the straight line between the ends."""
        self.buy = slot_h * import_price
        self.sell = slot_h * export_price
        self.constant += (self.buy if low > 0.0 else self.sell) * low
        if self.sell > self.buy and low < 0.0 < high:
            self.buy = (self.buy * high - self.sell * low) / (high - low)
            self.sell = self.buy

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _split(
        self, row: cython.Py_ssize_t, low: cython.double, high: cython.double, peak_row: cython.Py_ssize_t
    ) -> cython.void:
        """Write the pieces of one circuit in one slot between two powers through it, lowest first."""
        if low < -self.export_limit:
            self._piece(row, min(-self.export_limit, high) - low, self.sell - self.breach, -1)
            low = min(-self.export_limit, high)
        if low < 0.0:
            self._piece(row, min(high, 0.0) - low, self.sell, -1)
            low = min(high, 0.0)
        if low < high:
            self._piece(row, min(high, max(self.import_limit, low)) - low, self.buy, peak_row)
            low = min(high, max(self.import_limit, low))
        if low < high:
            self._piece(row, high - low, self.buy + self.breach, peak_row)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _piece(
        self, row: cython.Py_ssize_t, width: cython.double, cost: cython.double, peak_row: cython.Py_ssize_t
    ) -> cython.void:
        """Write one piece unless it is too narrow to count."""
        if width > self.tiny:
            self.width[self.count] = width
            self.cost[self.count] = cost
            self.row[self.count] = row
            self.peak_row[self.count] = peak_row
            self.count += 1
