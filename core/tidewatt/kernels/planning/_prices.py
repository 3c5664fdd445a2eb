"""What one more kWh at each circuit would cost, from the dual of the only unit of a site."""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled

# Nearer to a limit than this is at the limit.
AT_LIMIT_KW = cython.declare(cython.double, 1e-8)


@cython.cclass
class CircuitPrices:
    """Arrays of a problem and of the solution for its only unit, and the prices that follow."""

    parent: cython.const_int[::1]
    import_limit_kw: cython.const_double[:, ::1]
    export_limit_kw: cython.const_double[:, ::1]
    base_kw: cython.const_double[:, ::1]
    limit_price: cython.double
    circuit: cython.Py_ssize_t
    price: cython.double[:, ::1]

    def __init__(
        self,
        *,
        parent: cython.const_int[::1],
        import_limit_kw: cython.const_double[:, ::1],
        export_limit_kw: cython.const_double[:, ::1],
        base_kw: cython.const_double[:, ::1],
        limit_price: cython.double,
        circuit: cython.Py_ssize_t,
        price: cython.double[:, ::1],
    ) -> None:
        """Take the arrays.

        Args:
            parent: int32[V] and the other fields of the problem, see there.
            import_limit_kw: see parent.
            export_limit_kw: see parent.
            base_kw: see parent.
            limit_price: of each kWh over a limit.
            circuit: of the unit.
            price: float64[V, T], is filled.
        """
        self.parent, self.base_kw = parent, base_kw
        self.import_limit_kw, self.export_limit_kw = import_limit_kw, export_limit_kw
        self.limit_price, self.circuit, self.price = limit_price, circuit, price

    def fill(
        self,
        *,
        buy: cython.const_double[::1],
        sell: cython.const_double[::1],
        power_kw: cython.const_double[::1],
        charge_worth: cython.const_double[::1],
        discharge_cost: cython.const_double[::1],
        charge_limit_kw: cython.double,
        discharge_limit_kw: cython.double,
    ) -> None:
        """Fill the prices.

        Args:
            buy: float64[T], what a kWh from the grid counts.
            sell: float64[T], what a kWh to the grid earns.
            power_kw: float64[T], of the unit.
            charge_worth: float64[T], worth of a kWh at its terminals when charged, the lowest price where it is absent.
            discharge_cost: float64[T], what a kWh given at its terminals costs; the highest price there.
            charge_limit_kw: of the unit.
            discharge_limit_kw: of the unit.
        """
        t: cython.Py_ssize_t
        v: cython.Py_ssize_t
        wish: cython.double
        way: cython.double
        with cython.nogil:
            for t in range(power_kw.shape[0]):
                for v in range(self.parent.shape[0]):
                    self.price[v, t] = 0.0
                wish = charge_worth[t] if power_kw[t] > 0.0 else min(buy[t], discharge_cost[t])
                way = self._grid(self.base_kw[0, t] + power_kw[t], buy[t], sell[t], wish)
                self.price[0, t] += way
                wish = charge_worth[t] if power_kw[t] > 0.0 else discharge_cost[t]
                way = self._breaches(t, power_kw[t], way, wish)
                if power_kw[t] < charge_limit_kw and charge_worth[t] > way:
                    v = self._fullest(t, power_kw[t])
                    if v >= 0:
                        self.price[v, t] += charge_worth[t] - way
                if power_kw[t] > -discharge_limit_kw and discharge_cost[t] < way:
                    v = self._emptiest(t, power_kw[t])
                    if v >= 0:
                        self.price[v, t] += discharge_cost[t] - way
                for v in range(1, self.parent.shape[0]):
                    self.price[v, t] += self.price[self.parent[v], t]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _grid(
        self, net_kw: cython.double, buy: cython.double, sell: cython.double, wish: cython.double
    ) -> cython.double:
        """Return the price of the grid; where nothing is exchanged it is between the two, where the unit puts it."""
        if net_kw > AT_LIMIT_KW:
            return buy
        if net_kw < -AT_LIMIT_KW:
            return sell
        return min(max(wish, min(buy, sell)), max(buy, sell))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _breaches(
        self, t: cython.Py_ssize_t, power_kw: cython.double, way: cython.double, wish: cython.double
    ) -> cython.double:
        """Price the limits that the base breaks; return the price of the way with them.

        Where the unit relieves a limit just to its end, that price is between none and the full one.
        """
        v: cython.Py_ssize_t = self.circuit
        own: cython.double
        over: cython.double
        while v >= 0:
            own = 0.0
            if self.base_kw[v, t] > self.import_limit_kw[v, t]:
                over = self.base_kw[v, t] + power_kw - self.import_limit_kw[v, t]
                own = self.limit_price if over > 0.0 else 0.0
                if abs(over) <= AT_LIMIT_KW:
                    own = min(max(wish - way, 0.0), self.limit_price)
            elif -self.base_kw[v, t] > self.export_limit_kw[v, t]:
                over = -self.base_kw[v, t] - power_kw - self.export_limit_kw[v, t]
                own = -self.limit_price if over > 0.0 else 0.0
                if abs(over) <= AT_LIMIT_KW:
                    own = max(min(wish - way, 0.0), -self.limit_price)
            self.price[v, t] += own
            way += own
            v = self.parent[v]
        return way

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _fullest(self, t: cython.Py_ssize_t, power_kw: cython.double) -> cython.Py_ssize_t:
        """Return the circuit nearest to the unit that has no room for more import, or -1."""
        v: cython.Py_ssize_t = self.circuit
        while v >= 0:
            if self.base_kw[v, t] + power_kw >= max(self.import_limit_kw[v, t], self.base_kw[v, t]) - AT_LIMIT_KW:
                break
            v = self.parent[v]
        return v

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _emptiest(self, t: cython.Py_ssize_t, power_kw: cython.double) -> cython.Py_ssize_t:
        """Return the circuit nearest to the unit that has no room for more export, or -1."""
        v: cython.Py_ssize_t = self.circuit
        while v >= 0:
            if -self.base_kw[v, t] - power_kw >= max(self.export_limit_kw[v, t], -self.base_kw[v, t]) - AT_LIMIT_KW:
                break
            v = self.parent[v]
        return v
