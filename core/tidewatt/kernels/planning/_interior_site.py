"""The site's side of the relaxation: what each circuit can carry, its cost in pieces, and the rows of the peaks.

The controllable power of a circuit in a slot lies between `-down` and `up`. It is written as its lowest value plus
pieces of rising cost, each between 0 and its width: feed-in, import, breach at the root; free and breach elsewhere.
"""

import cython
import numpy as np


def reach(
    *,
    parent: cython.Py_ssize_t[::1],
    base: cython.double[:, ::1],
    import_limit: cython.double[:, ::1],
    export_limit: cython.double[:, ::1],
    circuit: cython.Py_ssize_t[::1],
    arrival: cython.Py_ssize_t[::1],
    departure: cython.Py_ssize_t[::1],
    charge: cython.double[::1],
    discharge: cython.double[::1],
    up: cython.double[:, ::1],
    down: cython.double[:, ::1],
    charge_room: cython.double[:, ::1],
    discharge_room: cython.double[:, ::1],
    node: cython.Py_ssize_t[::1],
    tiny: cython.double,
) -> int:
    """Fill what every circuit can carry and find the circuits that matter; return how many.

    Args:
        parent: intp[V], base, import_limit, export_limit float64[V, T]: the circuits.
        base: see parent.
        import_limit: see parent.
        export_limit: see parent.
        circuit: intp[N], arrival, departure intp[N], charge, discharge float64[N]: the units.
        arrival: see circuit.
        departure: see circuit.
        charge: see circuit.
        discharge: see circuit.
        up: float64[V, T], filled with the highest controllable power of each circuit.
        down: float64[V, T], the highest in the other direction.
        charge_room: float64[V, T], the most that a single unit on the circuit can charge with.
        discharge_room: float64[V, T], the most that it can discharge with.
        node: intp[V], filled with the number among the circuits that matter of the circuit itself or of the nearest
            one above. Limits of the others cannot bind; the root always matters.
        tiny: power below this counts for none.
    """
    circuits: cython.Py_ssize_t = parent.shape[0]
    slots: cython.Py_ssize_t = base.shape[1]
    matters: cython.uchar[::1] = np.zeros(circuits, dtype=np.uint8)
    kept: cython.Py_ssize_t = 0
    v: cython.Py_ssize_t
    t: cython.Py_ssize_t
    i: cython.Py_ssize_t
    above: cython.Py_ssize_t
    room_up: cython.double
    room_down: cython.double
    with cython.nogil:
        for v in range(circuits):
            for t in range(slots):
                up[v, t] = 0.0
                down[v, t] = 0.0
                charge_room[v, t] = 0.0
                discharge_room[v, t] = 0.0
        for i in range(circuit.shape[0]):
            v = circuit[i]
            for t in range(arrival[i], departure[i]):
                up[v, t] += charge[i]
                down[v, t] += discharge[i]
                charge_room[v, t] += discharge[i]
                discharge_room[v, t] += charge[i]
        for v in range(circuits - 1, -1, -1):
            above = parent[v]
            for t in range(slots):
                room_up = max(import_limit[v, t] - base[v, t], 0.0)
                room_down = max(export_limit[v, t] + base[v, t], 0.0)
                if v > 0:
                    charge_room[above, t] += charge_room[v, t]
                    discharge_room[above, t] += discharge_room[v, t]
                charge_room[v, t] += room_up
                discharge_room[v, t] += room_down
                if up[v, t] > room_up or down[v, t] > room_down:
                    matters[v] = 1
                if base[v, t] > import_limit[v, t] and down[v, t] > 0.0:
                    matters[v] = 1
                if base[v, t] < -export_limit[v, t] and up[v, t] > 0.0:
                    matters[v] = 1
                up[v, t] = min(up[v, t], room_up)
                down[v, t] = min(down[v, t], room_down)
                if up[v, t] < tiny:
                    up[v, t] = 0.0
                if down[v, t] < tiny:
                    down[v, t] = 0.0
                if v > 0:
                    up[above, t] += up[v, t]
                    down[above, t] += down[v, t]
        for v in range(circuits):
            if v == 0 or matters[v]:
                node[v] = kept
                kept += 1
            else:
                node[v] = node[parent[v]]
            if v > 0:
                for t in range(slots):
                    charge_room[v, t] = min(charge_room[v, t], charge_room[parent[v], t])
                    discharge_room[v, t] = min(discharge_room[v, t], discharge_room[parent[v], t])
    return kept


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
        base: cython.double[:, ::1],
        import_limit: cython.double[:, ::1],
        export_limit: cython.double[:, ::1],
        up: cython.double[:, ::1],
        down: cython.double[:, ::1],
        row_of_slot: cython.Py_ssize_t[::1],
    ) -> tuple[int, float]:
        """Write all pieces; return how many there are and what the lowest powers cost.

        Args:
            slot_h: length of a slot.
            limit_price: see `penalties`.
            import_price: float64[T] with CO2, export_price float64[T].
            export_price: see import_price.
            node: see `reach`, as well as base, import_limit, export_limit, up, down.
            base: see node.
            import_limit: see node.
            export_limit: see node.
            up: see node.
            down: see node.
            row_of_slot: intp[T], the peak row of each slot or -1.
        """
        circuits: cython.Py_ssize_t = node.shape[0]
        slots: cython.Py_ssize_t = base.shape[1]
        kept: cython.Py_ssize_t = 0
        v: cython.Py_ssize_t
        t: cython.Py_ssize_t
        low: cython.double
        high: cython.double
        over: cython.double
        buy: cython.double
        sell: cython.double
        with cython.nogil:
            for v in range(circuits):
                if v > 0 and node[v] < kept:
                    for t in range(slots):
                        over = max(base[v, t] - import_limit[v, t], -export_limit[v, t] - base[v, t])
                        self.constant += slot_h * limit_price * max(over, 0.0)
                    continue
                for t in range(slots):
                    low = base[v, t] - down[v, t]
                    high = base[v, t] + up[v, t]
                    self.lowest[kept, t] = -down[v, t]
                    buy = 0.0
                    sell = 0.0
                    if v == 0:
                        buy = slot_h * import_price[t]
                        sell = slot_h * export_price[t]
                        self.constant += (buy if low > 0.0 else sell) * low
                        if sell > buy and low < 0.0 < high:
                            buy = (buy * high - sell * low) / (high - low)
                            sell = buy
                    self._split(
                        kept * slots + t,
                        low,
                        high,
                        buy,
                        sell,
                        slot_h * limit_price,
                        import_limit[v, t],
                        export_limit[v, t],
                        row_of_slot[t] if v == 0 else -1,
                    )
                kept += 1
        return self.count, self.constant

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _split(
        self,
        row: cython.Py_ssize_t,
        low: cython.double,
        high: cython.double,
        buy: cython.double,
        sell: cython.double,
        breach: cython.double,
        import_limit: cython.double,
        export_limit: cython.double,
        peak_row: cython.Py_ssize_t,
    ) -> cython.void:
        """Write the pieces of one circuit in one slot between two powers through it, lowest first."""
        self.constant += breach * max(max(low - import_limit, -export_limit - low), 0.0)
        if low < -export_limit:
            self._piece(row, min(-export_limit, high) - low, sell - breach, -1)
            low = min(-export_limit, high)
        if low < 0.0:
            self._piece(row, min(high, 0.0) - low, sell, -1)
            low = min(high, 0.0)
        if low < high:
            self._piece(row, min(high, max(import_limit, low)) - low, buy, peak_row)
            low = min(high, max(import_limit, low))
        if low < high:
            self._piece(row, high - low, buy + breach, peak_row)

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
