"""Why every unit has the power it has in every slot, read off the prices.

Charging a kWh more costs the price at the unit's circuit less what it stores is worth; discharging one costs its wear
and what it takes from store less the price. A power is explained by these two reduced costs, by which of the prices on
its way holds it back, and by what a stored kWh is worth after the energy next touches a bound.
"""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled

ABSENT = cython.declare(cython.schar, 0)
PRICE = cython.declare(cython.schar, 1)
UNIT_LIMIT = cython.declare(cython.schar, 2)
CIRCUIT_LIMIT = cython.declare(cython.schar, 3)
PEAK = cython.declare(cython.schar, 4)
FULL = cython.declare(cython.schar, 5)
FLOOR = cython.declare(cython.schar, 6)
TARGET = cython.declare(cython.schar, 7)
MINIMUM_POWER = cython.declare(cython.schar, 8)

# Nearer to a limit than this is at the limit: the interior point ends a few milliwatts inside.
AT_LIMIT_KW = cython.declare(cython.double, 1e-4)


@cython.cclass
class Reasons:
    """The prices of a plan; `explain` then goes through its units."""

    parent: cython.const_int[::1]
    price: cython.const_double[:, ::1]
    up: cython.double[:, ::1]
    down: cython.double[:, ::1]
    up_at: cython.int[:, ::1]
    down_at: cython.int[:, ::1]
    at_peak: cython.const_uchar[::1]
    tolerance: cython.double
    charge_limit_kw: cython.double
    discharge_limit_kw: cython.double
    charge_efficiency: cython.double
    discharge_efficiency: cython.double
    wear: cython.double
    after: cython.double
    to_end: cython.bint
    binding: cython.int

    def __init__(
        self,
        *,
        parent: cython.const_int[::1],
        price: cython.const_double[:, ::1],
        grid_low: cython.const_double[::1],
        grid_high: cython.const_double[::1],
        at_peak: cython.const_uchar[::1],
        tolerance: cython.double,
        up: cython.double[:, ::1],
        down: cython.double[:, ::1],
        up_at: cython.int[:, ::1],
        down_at: cython.int[:, ::1],
    ) -> None:
        """Split the prices into those of the grid and of the limits on the way.

        Args:
            parent: int32[V], see the problem.
            price: float64[V, T], what one more kWh at each circuit costs.
            grid_low: float64[T], the least that the grid alone may make of it,
            grid_high: float64[T], and the most.
            at_peak: uint8[T], whether the root is held by the peak and not by its limit.
            tolerance: differences of prices below it are none.
            up: float64[V, T], scratch: the prices of all import limits on the way.
            down: float64[V, T], scratch: likewise export, negative.
            up_at: int32[V, T], scratch: the dearest of them.
            down_at: int32[V, T], scratch: likewise.
        """
        v: cython.Py_ssize_t
        t: cython.Py_ssize_t
        p: cython.Py_ssize_t
        own: cython.double
        dearest: cython.double
        self.parent, self.price, self.at_peak, self.tolerance = parent, price, at_peak, tolerance
        self.up, self.down, self.up_at, self.down_at = up, down, up_at, down_at
        with cython.nogil:
            for v in range(parent.shape[0]):
                p = parent[v]
                for t in range(price.shape[1]):
                    if p < 0:
                        own = price[v, t] - min(max(price[v, t], grid_low[t]), grid_high[t])
                        up[v, t] = max(own, 0.0)
                        down[v, t] = min(own, 0.0)
                        up_at[v, t] = down_at[v, t] = v
                        continue
                    own = price[v, t] - price[p, t]
                    up[v, t] = up[p, t] + max(own, 0.0)
                    down[v, t] = down[p, t] + min(own, 0.0)
                    dearest = self._own(up_at[p, t], t, grid_low[t], grid_high[t])
                    up_at[v, t] = v if own > max(dearest, 0.0) else up_at[p, t]
                    dearest = self._own(down_at[p, t], t, grid_low[t], grid_high[t])
                    down_at[v, t] = v if own < min(dearest, 0.0) else down_at[p, t]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _own(
        self, v: cython.Py_ssize_t, t: cython.Py_ssize_t, low: cython.double, high: cython.double
    ) -> cython.double:
        """Return the price of the limits of circuit v alone."""
        price: cython.double = self.price[v, t]
        if self.parent[v] < 0:
            return price - min(max(price, low), high)
        return price - self.price[self.parent[v], t]

    def explain(
        self,
        *,
        circuit: cython.const_int[::1],
        arrival: cython.const_int[::1],
        departure: cython.const_int[::1],
        charge_limit_kw: cython.const_double[::1],
        discharge_limit_kw: cython.const_double[::1],
        charge_efficiency: cython.const_double[::1],
        discharge_efficiency: cython.const_double[::1],
        wear_per_kwh: cython.const_double[::1],
        end_value: cython.const_double[::1],
        worth: cython.const_double[:, ::1],
        power_kw: cython.const_double[:, ::1],
        reason: cython.schar[:, ::1],
        binding: cython.int[:, ::1],
    ) -> None:
        """Fill `reason` int8[N, T] and `binding` int32[N, T].

        Args:
            circuit: int32[N] and the other fields of the problem by unit, see there.
            arrival: see circuit.
            departure: see circuit.
            charge_limit_kw: see circuit.
            discharge_limit_kw: see circuit.
            charge_efficiency: see circuit.
            discharge_efficiency: see circuit.
            wear_per_kwh: see circuit.
            end_value: see circuit.
            worth: float64[N, T], of a kWh stored during the slot.
            power_kw: float64[N, T], the plan.
            reason: is filled.
            binding: is filled, -1 where the reason is about no circuit.
        """
        i: cython.Py_ssize_t
        t: cython.Py_ssize_t
        with cython.nogil:
            for i in range(circuit.shape[0]):
                self.charge_limit_kw, self.discharge_limit_kw = charge_limit_kw[i], discharge_limit_kw[i]
                self.charge_efficiency, self.discharge_efficiency = charge_efficiency[i], discharge_efficiency[i]
                self.wear = wear_per_kwh[i]
                self.after, self.to_end = end_value[i], True
                for t in range(power_kw.shape[1]):
                    reason[i, t] = ABSENT
                    binding[i, t] = -1
                for t in range(departure[i] - 1, arrival[i] - 1, -1):
                    if t + 1 < departure[i] and abs(worth[i, t + 1] - worth[i, t]) > self.tolerance:
                        self.after, self.to_end = worth[i, t + 1], False
                    reason[i, t] = self._code(circuit[i], t, power_kw[i, t], worth[i, t])
                    binding[i, t] = self.binding

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _code(
        self, v: cython.Py_ssize_t, t: cython.Py_ssize_t, power: cython.double, worth: cython.double
    ) -> cython.schar:
        """Return the reason of one power, and set `binding`."""
        small: cython.double = self.tolerance
        more: cython.double = self.price[v, t] - self.charge_efficiency * worth
        less: cython.double = self.wear + worth / self.discharge_efficiency - self.price[v, t]
        can_charge: cython.bint = power < self.charge_limit_kw - AT_LIMIT_KW
        can_discharge: cython.bint = power > -self.discharge_limit_kw + AT_LIMIT_KW
        charges: cython.bint = power > AT_LIMIT_KW
        discharges: cython.bint = power < -AT_LIMIT_KW
        self.binding = -1
        if (
            (charges and more > small)
            or (discharges and less > small)
            or (can_charge and not discharges and more < -small)
            or (can_discharge and not charges and less < -small)
        ):
            return MINIMUM_POWER
        if (charges and more < -small) or (discharges and less < -small):
            return UNIT_LIMIT
        if can_charge and self.up[v, t] > small and more - self.up[v, t] < -small:
            if self.up_at[v, t] == 0 and self.at_peak[t]:
                return PEAK
            self.binding = self.up_at[v, t]
            return CIRCUIT_LIMIT
        if can_discharge and self.down[v, t] < -small and less + self.down[v, t] < -small:
            self.binding = self.down_at[v, t]
            return CIRCUIT_LIMIT
        return self._store(self.price[v, t], worth, charges, can_charge, can_discharge)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _store(
        self,
        price: cython.double,
        worth: cython.double,
        charges: cython.bint,
        can_charge: cython.bint,
        can_discharge: cython.bint,
    ) -> cython.schar:
        """Return which bound of the energy explains the power, or that the price alone does."""
        small: cython.double = self.tolerance
        if self.after > worth + small:
            return FULL if can_charge and price < self.charge_efficiency * self.after - small else PRICE
        needed: cython.bint = charges and price > self.charge_efficiency * self.after + small
        if can_discharge and self.discharge_limit_kw > 0.0:
            needed = needed or price - self.wear > self.after / self.discharge_efficiency + small
        if needed and self.after < worth - small:
            return TARGET if self.to_end else FLOOR
        return PRICE
