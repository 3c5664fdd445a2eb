"""What the slots of one unit look like while everything else stays as it is: intervals, prices and kinks."""

from __future__ import annotations

import cython

from .workspace import Workspace

COMPILED: bool = cython.compiled

# A room that rounding makes this much smaller than a least power still has room for it.
ROUNDING_KW = cython.declare(cython.double, 1e-9)


@cython.cclass
class Layout:
    """Lays units out one after the other: a problem's arrays, and the flows that its powers have led to so far."""

    parent: cython.const_int[::1]
    import_limit_kw: cython.const_double[:, ::1]
    export_limit_kw: cython.const_double[:, ::1]
    base_kw: cython.const_double[:, ::1]
    buy: cython.const_double[::1]
    sell: cython.const_double[::1]
    peak: cython.const_int[::1]
    peak_price: cython.double[::1]
    limit_price: cython.double
    flow_kw: cython.double[:, ::1]
    peak_kw: cython.double[::1]
    low_kw: cython.double[::1]
    high_kw: cython.double[::1]
    net_kw: cython.double[::1]
    slot_buy: cython.double[::1]
    slot_sell: cython.double[::1]
    tilt: cython.double[::1]
    kinks: cython.Py_ssize_t[::1]
    kink_kw: cython.double[:, ::1]
    kink_price: cython.double[:, ::1]

    def __init__(
        self,
        *,
        space: Workspace,
        parent: cython.const_int[::1],
        import_limit_kw: cython.const_double[:, ::1],
        export_limit_kw: cython.const_double[:, ::1],
        base_kw: cython.const_double[:, ::1],
        buy: cython.const_double[::1],
        sell: cython.const_double[::1],
        peak: cython.const_int[::1],
        peak_price: cython.double[::1],
        limit_price: cython.double,
        flow_kw: cython.double[:, ::1],
        peak_kw: cython.double[::1],
    ) -> None:
        """Take the arrays.

        Args:
            space: is filled by `lay_out`.
            parent: int32[V] and the other fields of the problem, see there.
            import_limit_kw: see parent.
            export_limit_kw: see parent.
            base_kw: see parent.
            buy: float64[T], what a kWh from the grid counts.
            sell: float64[T], what a kWh to the grid earns.
            peak: see parent.
            peak_price: float64[P], of each kWh in a slot above the peak.
            limit_price: of each kWh that the base is over a limit.
            flow_kw: float64[V, T], of all powers so far; kept up to date by the caller.
            peak_kw: float64[P], the highest import of each period so far; likewise.
        """
        self.parent, self.base_kw = parent, base_kw
        self.import_limit_kw, self.export_limit_kw = import_limit_kw, export_limit_kw
        self.buy, self.sell, self.peak, self.peak_price = buy, sell, peak, peak_price
        self.limit_price, self.flow_kw, self.peak_kw = limit_price, flow_kw, peak_kw
        self.low_kw, self.high_kw, self.net_kw = space.low_kw, space.high_kw, space.net_kw
        self.slot_buy, self.slot_sell, self.tilt = space.buy, space.sell, space.tilt
        self.kinks, self.kink_kw, self.kink_price = space.kinks, space.kink_kw, space.kink_price

    def lay_out(
        self,
        *,
        circuit: cython.Py_ssize_t,
        arrival: cython.Py_ssize_t,
        departure: cython.Py_ssize_t,
        charge_limit_kw: cython.double,
        discharge_limit_kw: cython.double,
        minimum_kw: cython.double,
        own_kw: cython.const_double[::1],
        extra: cython.const_double[::1],
    ) -> None:
        """Fill the workspace for one unit, whose power so far is `own_kw` float64[T] and counted in the flows.

        `extra` float64[T] is added to the price of every kWh it draws.
        """
        k: cython.Py_ssize_t
        t: cython.Py_ssize_t
        with cython.nogil:
            for t in range(arrival, departure):
                k = t - arrival
                self.low_kw[k], self.high_kw[k] = -discharge_limit_kw, charge_limit_kw
                self.net_kw[k] = self.flow_kw[0, t] - own_kw[t]
                self.slot_buy[k], self.slot_sell[k] = self.buy[t], self.sell[t]
                self.tilt[k] = extra[t]
                self.kinks[k] = 0
                if self.peak[t] >= 0 and self.peak_price[self.peak[t]] > 0.0:
                    self._add_kink(k, self.peak_kw[self.peak[t]] - self.net_kw[k], self.peak_price[self.peak[t]])
                self._narrow(k, t, circuit, own_kw[t])
                if minimum_kw - ROUNDING_KW <= self.high_kw[k] < minimum_kw:
                    self.high_kw[k] = minimum_kw
                if minimum_kw - ROUNDING_KW <= -self.low_kw[k] < minimum_kw:
                    self.low_kw[k] = -minimum_kw

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _narrow(
        self, k: cython.Py_ssize_t, t: cython.Py_ssize_t, circuit: cython.Py_ssize_t, own_kw: cython.double
    ) -> cython.void:
        """Keep slot t within the circuits on the way to the root, and price what their bases break."""
        v: cython.Py_ssize_t = circuit
        others: cython.double
        base: cython.double
        while v >= 0:
            others = self.flow_kw[v, t] - own_kw
            base = self.base_kw[v, t]
            self.high_kw[k] = min(self.high_kw[k], max(self.import_limit_kw[v, t], base) - others)
            self.low_kw[k] = max(self.low_kw[k], -max(self.export_limit_kw[v, t], -base) - others)
            if base > self.import_limit_kw[v, t]:
                self._add_kink(k, self.import_limit_kw[v, t] - others, self.limit_price)
            elif -base > self.export_limit_kw[v, t]:
                self._add_kink(k, -self.export_limit_kw[v, t] - others, self.limit_price)
                self.tilt[k] -= self.limit_price
            v = self.parent[v]
        if -ROUNDING_KW < self.high_kw[k] < 0.0:
            self.high_kw[k] = 0.0
        if 0.0 < self.low_kw[k] < ROUNDING_KW:
            self.low_kw[k] = 0.0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add_kink(self, k: cython.Py_ssize_t, power_kw: cython.double, price: cython.double) -> cython.void:
        n: cython.Py_ssize_t = self.kinks[k]
        self.kink_kw[k, n], self.kink_price[k, n] = power_kw, price
        self.kinks[k] = n + 1

    def replace(
        self,
        *,
        circuit: cython.Py_ssize_t,
        arrival: cython.Py_ssize_t,
        departure: cython.Py_ssize_t,
        own_kw: cython.double[::1],
        power_kw: cython.const_double[::1],
    ) -> None:
        """Give the unit other powers, float64[K] over its stay, and let the flows follow."""
        t: cython.Py_ssize_t
        v: cython.Py_ssize_t
        change: cython.double
        with cython.nogil:
            for t in range(arrival, departure):
                change = power_kw[t - arrival] - own_kw[t]
                own_kw[t] = power_kw[t - arrival]
                v = circuit
                while v >= 0 and change != 0.0:
                    self.flow_kw[v, t] += change
                    v = self.parent[v]
