"""The cheapest way through the slots of one storage unit, all else given: exact, by sorting slopes.

What a slot costs depends on the energy it stores: piecewise linear; where not convex, its lower hull over the allowed
powers. The least cost of arriving at each energy is held as segments by ascending slope: a slot merges its own in, the
floor takes segments off the low end for good, the ceiling drops them from the high end, and at departure segments are
taken as long as they cost less than energy is worth. This is the slope trick for storage problems; every segment knows
its slot, so the powers come out without a way back.

Where a slot ends up on a part of its hull that no power attains, `_branching` decides; `_worth` finds the dual.
"""

from __future__ import annotations

import cython
import numpy as np

from .workspace import UnitTerms, Workspace

COMPILED: bool = cython.compiled

INFINITY = cython.declare(cython.double, float("inf"))

# Relative to the energies at hand: below this a power is that of a corner, an energy that of a bound.
ROUNDING = cython.declare(cython.double, 1e-12)
# Relative to the cost: a node must promise this much to be looked into.
WORTHWHILE = cython.declare(cython.double, 1e-11)


@cython.cclass
class UnitSolver:
    """Solves one unit after the other in the arrays of a `Workspace`."""

    stay: cython.Py_ssize_t
    first: cython.Py_ssize_t
    last: cython.Py_ssize_t
    slot_h: cython.double
    charge_kwh: cython.double
    discharge_kwh: cython.double
    wear: cython.double
    minimum_kw: cython.double
    start_kwh: cython.double
    low_kwh: cython.double
    high_kwh: cython.double
    floor_kwh: cython.double
    rise_kwh: cython.double
    floor_price: cython.double
    target_kwh: cython.double
    unmet_price: cython.double
    end_value: cython.double
    value: cython.double
    off: cython.double
    low_kw: cython.double[::1]
    high_kw: cython.double[::1]
    net_kw: cython.double[::1]
    buy: cython.double[::1]
    sell: cython.double[::1]
    tilt: cython.double[::1]
    kinks: cython.Py_ssize_t[::1]
    kink_kw: cython.double[:, ::1]
    kink_price: cython.double[:, ::1]
    points: cython.Py_ssize_t[::1]
    point_kw: cython.double[:, ::1]
    point_kwh: cython.double[:, ::1]
    point_cost: cython.double[:, ::1]
    bridge: cython.uchar[:, ::1]
    power_kw: cython.double[::1]
    stored_kwh: cython.double[::1]
    candidate: cython.double[::1]
    slope: cython.double[::1]
    length: cython.double[::1]
    owner: cython.Py_ssize_t[::1]

    def __init__(self, space: Workspace) -> None:
        """Take the arrays; they stay the caller's to fill and to read."""
        slots: cython.Py_ssize_t = space.point_kw.shape[0]
        points: cython.Py_ssize_t = space.point_kw.shape[1]
        self.low_kw, self.high_kw, self.net_kw = space.low_kw, space.high_kw, space.net_kw
        self.buy, self.sell, self.tilt = space.buy, space.sell, space.tilt
        self.kinks, self.kink_kw, self.kink_price = space.kinks, space.kink_kw, space.kink_price
        self.points, self.point_kw, self.point_kwh = space.points, space.point_kw, space.point_kwh
        self.point_cost, self.bridge = space.point_cost, space.bridge
        self.power_kw, self.stored_kwh, self.candidate = space.power_kw, space.stored_kwh, np.zeros(points)
        # Segments are put in at either end of the middle; a floor to be reached splits one more in each slot.
        segments: cython.Py_ssize_t = 2 * slots * points + 2
        self.slope, self.length, self.owner = np.zeros(segments), np.zeros(segments), np.zeros(segments, np.intp)

    def begin(self, unit: UnitTerms) -> None:
        """Take up a unit."""
        self.stay = unit.stay
        self.slot_h = unit.slot_h
        self.charge_kwh = unit.slot_h * unit.charge_efficiency
        self.discharge_kwh = unit.slot_h / unit.discharge_efficiency
        self.wear, self.minimum_kw = unit.wear, unit.minimum_kw
        self.start_kwh, self.low_kwh, self.high_kwh = unit.start_kwh, unit.low_kwh, unit.high_kwh
        self.floor_kwh, self.rise_kwh, self.floor_price = unit.floor_kwh, unit.rise_kwh, unit.floor_price
        self.target_kwh, self.unmet_price, self.end_value = unit.target_kwh, unit.unmet_price, unit.end_value

    def draw(self, k: cython.Py_ssize_t) -> bool:
        """Find the lower hull of slot k of the stay; return whether any power is allowed there."""
        return bool(self._draw_hull(k))

    def draw_all(self) -> bool:
        """Find all hulls; return whether every slot allows a power."""
        k: cython.Py_ssize_t
        drawn: cython.bint = True
        with cython.nogil:
            for k in range(self.stay):
                drawn = self._draw_hull(k) and drawn
        return bool(drawn)

    def solve(self) -> float:
        """Find the least cost over the hulls, fill `power_kw` and `stored_kwh`; infinity where there is no way."""
        found: cython.bint
        with cython.nogil:
            found = self._sweep()
        return float(self.value if found else INFINITY)

    def follow(self, power_kw: cython.const_double[::1]) -> float:
        """Return what given powers over the stay cost, allowed or not; their energies are taken to be within bounds."""
        k: cython.Py_ssize_t
        energy: cython.double = self.start_kwh
        cost: cython.double = 0.0
        with cython.nogil:
            for k in range(self.stay):
                energy += self._energy(power_kw[k])
                cost += self._cost(k, power_kw[k])
                if self.rise_kwh >= 0.0:
                    cost += self.floor_price * max(self._reach(k) - energy, 0.0)
            cost += self._farewell(energy)
        return float(cost)

    def bend(self, k: cython.Py_ssize_t, low_kw: cython.double, high_kw: cython.double) -> float:
        """Return the allowed power between two whose cost is furthest above their straight line, else infinity."""
        return float(self._bend(k, low_kw, high_kw, self._candidates(k)))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _bend(
        self, k: cython.Py_ssize_t, low_kw: cython.double, high_kw: cython.double, found: cython.Py_ssize_t
    ) -> cython.double:
        """Find `bend` among the candidates, and set `off` to how far it is above the line."""
        at: cython.double = self._cost(k, low_kw)
        start: cython.double = self._energy(low_kw)
        rate: cython.double = (self._cost(k, high_kw) - at) / (self._energy(high_kw) - start)
        bend: cython.double = INFINITY
        off: cython.double
        j: cython.Py_ssize_t
        self.off = -INFINITY
        for j in range(found):
            if low_kw < self.candidate[j] < high_kw:
                off = self._cost(k, self.candidate[j]) - at - rate * (self._energy(self.candidate[j]) - start)
                if off > self.off:
                    self.off, bend = off, self.candidate[j]
        return bend

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _cost(self, k: cython.Py_ssize_t, power_kw: cython.double) -> cython.double:
        """Return what a power costs in slot k, compared with none."""
        j: cython.Py_ssize_t
        net: cython.double = self.net_kw[k]
        total: cython.double = net + power_kw
        cost: cython.double = (self.buy[k] if total > 0.0 else self.sell[k]) * total
        cost -= (self.buy[k] if net > 0.0 else self.sell[k]) * net
        cost += self.tilt[k] * power_kw
        if power_kw < 0.0:
            cost -= self.wear * power_kw
        for j in range(self.kinks[k]):
            cost += self.kink_price[k, j] * (max(power_kw - self.kink_kw[k, j], 0.0) - max(-self.kink_kw[k, j], 0.0))
        return self.slot_h * cost

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _energy(self, power_kw: cython.double) -> cython.double:
        """Return what a power stores in a slot."""
        return power_kw * (self.charge_kwh if power_kw >= 0.0 else self.discharge_kwh)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _offer(self, found: cython.Py_ssize_t, k: cython.Py_ssize_t, power_kw: cython.double) -> cython.Py_ssize_t:
        """Sort a power into the candidates if it is allowed and new; return how many there are."""
        j: cython.Py_ssize_t = found
        if not (self.low_kw[k] <= power_kw <= self.high_kw[k]) or 0.0 < abs(power_kw) < self.minimum_kw:
            return found
        while j > 0 and self.candidate[j - 1] > power_kw:
            j -= 1
        if j > 0 and self.candidate[j - 1] == power_kw:
            return found
        i: cython.Py_ssize_t
        for i in range(found, j, -1):
            self.candidate[i] = self.candidate[i - 1]
        self.candidate[j] = power_kw
        return found + 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _candidates(self, k: cython.Py_ssize_t) -> cython.Py_ssize_t:
        """Collect the allowed powers of slot k between which its cost is straight; return how many."""
        j: cython.Py_ssize_t
        found: cython.Py_ssize_t = self._offer(0, k, self.low_kw[k])
        found = self._offer(found, k, 0.0)
        found = self._offer(found, k, self.high_kw[k])
        found = self._offer(found, k, -self.net_kw[k])
        if self.minimum_kw > 0.0:
            found = self._offer(found, k, self.minimum_kw)
            found = self._offer(found, k, -self.minimum_kw)
        for j in range(self.kinks[k]):
            found = self._offer(found, k, self.kink_kw[k, j])
        return found

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _draw_hull(self, k: cython.Py_ssize_t) -> cython.bint:
        """Find the lower hull of slot k; return whether any power is allowed at all."""
        found: cython.Py_ssize_t = self._candidates(k)
        n: cython.Py_ssize_t = 0
        i: cython.Py_ssize_t
        power: cython.double
        energy: cython.double
        cost: cython.double
        for i in range(found):
            power = self.candidate[i]
            energy = self._energy(power)
            cost = self._cost(k, power)
            while n > 1 and (self.point_cost[k, n - 1] - self.point_cost[k, n - 2]) * (
                energy - self.point_kwh[k, n - 2]
            ) >= (cost - self.point_cost[k, n - 2]) * (self.point_kwh[k, n - 1] - self.point_kwh[k, n - 2]):
                n -= 1
            self.point_kw[k, n], self.point_kwh[k, n], self.point_cost[k, n] = power, energy, cost
            n += 1
        self.points[k] = n
        for i in range(n - 1):
            self.bridge[k, i] = self._is_bridge(k, i, found)
        return n > 0

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _is_bridge(self, k: cython.Py_ssize_t, i: cython.Py_ssize_t, found: cython.Py_ssize_t) -> cython.bint:
        """Return whether powers between points i and i + 1 of the hull of slot k are forbidden or cost more than it."""
        low: cython.double = self.point_kw[k, i]
        high: cython.double = self.point_kw[k, i + 1]
        if self.minimum_kw > 0.0 and (
            max(low, 0.0) < min(high, self.minimum_kw) or max(low, -self.minimum_kw) < min(high, 0.0)
        ):
            return True
        return self._bend(k, low, high, found) < INFINITY and self.off > WORTHWHILE * (1.0 + abs(self.point_cost[k, i]))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _insert(self, k: cython.Py_ssize_t, slope: cython.double, length: cython.double) -> cython.void:
        """Sort a segment of slot k in, behind those as steep."""
        low: cython.Py_ssize_t = self.first
        high: cython.Py_ssize_t = self.last
        middle: cython.Py_ssize_t
        slopes: cython.double[::1] = self.slope
        lengths: cython.double[::1] = self.length
        owners: cython.Py_ssize_t[::1] = self.owner
        while low < high:
            middle = (low + high) // 2
            if slopes[middle] <= slope:
                low = middle + 1
            else:
                high = middle
        if low - self.first < self.last - low and self.first > 0:
            self.first -= 1
            low -= 1
            for middle in range(self.first, low):
                slopes[middle] = slopes[middle + 1]
                lengths[middle] = lengths[middle + 1]
                owners[middle] = owners[middle + 1]
        else:
            for middle in range(self.last, low, -1):
                slopes[middle] = slopes[middle - 1]
                lengths[middle] = lengths[middle - 1]
                owners[middle] = owners[middle - 1]
            self.last += 1
        slopes[low] = slope
        lengths[low] = length
        owners[low] = k

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _take(self, amount: cython.double) -> cython.double:
        """Take up to so much off the cheapest segment for good; return how much it was."""
        s: cython.Py_ssize_t = self.first
        if amount < self.length[s]:
            self.length[s] -= amount
        else:
            amount = self.length[s]
            self.first += 1
        self.stored_kwh[self.owner[s]] += amount
        self.value += self.slope[s] * amount
        return amount

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _price_floor(self, energy: cython.double, reach: cython.double) -> cython.void:
        """Energies below what the unit could have reached cost the floor price: the slopes below become steeper."""
        s: cython.Py_ssize_t = self.first
        i: cython.Py_ssize_t
        if energy >= reach:
            return
        self.value += self.floor_price * (reach - energy)
        while s < self.last and energy < reach:
            if energy + self.length[s] > reach:
                for i in range(self.last, s, -1):
                    self.slope[i] = self.slope[i - 1]
                    self.length[i] = self.length[i - 1]
                    self.owner[i] = self.owner[i - 1]
                self.last += 1
                self.length[s] = reach - energy
                self.length[s + 1] -= self.length[s]
            energy += self.length[s]
            self.slope[s] -= self.floor_price
            s += 1

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _sweep(self) -> cython.bint:
        """Find what each slot stores at least cost over the hulls; return whether there is any way at all."""
        k: cython.Py_ssize_t
        j: cython.Py_ssize_t
        energy: cython.double = self.start_kwh
        top: cython.double = self.start_kwh
        length: cython.double
        slack: cython.double = ROUNDING * (1.0 + self.high_kwh)
        self.first = self.last = self.slope.shape[0] // 2
        self.value = 0.0
        for k in range(self.stay):
            energy += self.point_kwh[k, 0]
            top += self.point_kwh[k, self.points[k] - 1]
            self.value += self.point_cost[k, 0]
            self.stored_kwh[k] = self.point_kwh[k, 0]
            for j in range(self.points[k] - 1):
                length = self.point_kwh[k, j + 1] - self.point_kwh[k, j]
                self._insert(k, (self.point_cost[k, j + 1] - self.point_cost[k, j]) / length, length)
            while energy < self.low_kwh and self.first < self.last:
                energy += self._take(self.low_kwh - energy)
            while top > self.high_kwh and self.first < self.last:
                if top - self.high_kwh < self.length[self.last - 1]:
                    self.length[self.last - 1] -= top - self.high_kwh
                    top = self.high_kwh
                else:
                    self.last -= 1
                    top -= self.length[self.last]
            if energy < self.low_kwh - slack or energy > self.high_kwh + slack:
                return False
            if self.rise_kwh >= 0.0:
                self._price_floor(energy, self._reach(k))
        while self.first < self.last and energy < self.target_kwh and self.slope[self.first] <= self.unmet_price:
            energy += self._take(self.target_kwh - energy)
        while self.first < self.last and energy >= self.target_kwh and self.slope[self.first] < self.end_value:
            energy += self._take(self.length[self.first])
        self.value += self._farewell(energy)
        self._set_powers()
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _reach(self, k: cython.Py_ssize_t) -> cython.double:
        """Return what charging at full power could have lifted the unit to after slot k, the floor at most."""
        return min(self.floor_kwh, self.start_kwh + self.rise_kwh * (k + 1))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _farewell(self, energy: cython.double) -> cython.double:
        """Return what departing with so much energy costs."""
        lack: cython.double = self.target_kwh - energy
        return self.unmet_price * lack if lack > 0.0 else self.end_value * lack

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _set_powers(self) -> cython.void:
        """Turn what the slots store into powers, exactly those of corners where it is theirs but for rounding."""
        k: cython.Py_ssize_t
        j: cython.Py_ssize_t
        stored: cython.double
        for k in range(self.stay):
            stored = self.stored_kwh[k]
            self.power_kw[k] = stored / (self.charge_kwh if stored >= 0.0 else self.discharge_kwh)
            for j in range(self.points[k]):
                if abs(stored - self.point_kwh[k, j]) <= ROUNDING * (1.0 + self.high_kwh):
                    self.power_kw[k] = self.point_kw[k, j]
                    break
