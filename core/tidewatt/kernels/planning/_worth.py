"""What a stored kWh is worth in each slot of the cheapest way of one unit: its dual, and the bound that this proves.

Where the unit stands, the slope of the slot's cost is the worth; where its power is at a corner, the worth lies between
two slopes. From one slot to the next it changes only where the energy touches a bound: it rises after a full store and
falls after an empty one. The worths that the slots from here to departure leave open are an interval, found from the
end; a walk from the beginning then picks one in each, changing it as little as it can.
"""

from __future__ import annotations

import cython

from .workspace import UnitTerms, Workspace

COMPILED: bool = cython.compiled

INFINITY = cython.declare(cython.double, float("inf"))

# Relative to the energies at hand: nearer to a bound than this is at the bound.
TOUCHING = cython.declare(cython.double, 1e-10)


@cython.cclass
class Worth:
    """Finds the duals of solutions in a `Workspace`, one unit after the other."""

    points: cython.Py_ssize_t[::1]
    kwh: cython.double[:, ::1]
    cost: cython.double[:, ::1]
    stored: cython.double[::1]
    least: cython.double[::1]
    most: cython.double[::1]
    worth: cython.double[::1]
    stay: cython.Py_ssize_t
    start: cython.double
    low: cython.double
    high: cython.double
    floor: cython.double
    rise: cython.double
    floor_price: cython.double
    target: cython.double
    unmet: cython.double
    end: cython.double
    slack: cython.double

    def __init__(self, space: Workspace) -> None:
        """Take the arrays."""
        self.points, self.kwh, self.cost = space.points, space.point_kwh, space.point_cost
        self.stored, self.worth = space.stored_kwh, space.worth
        self.least, self.most = space.least_worth, space.most_worth

    def find(self, unit: UnitTerms) -> float:
        """Fill `worth` for the solution in the workspace, and return the bound it proves on the cost over the hulls."""
        bound: cython.double
        self.stay, self.start, self.low, self.high = unit.stay, unit.start_kwh, unit.low_kwh, unit.high_kwh
        self.floor, self.rise, self.floor_price = unit.floor_kwh, unit.rise_kwh, unit.floor_price
        self.target, self.unmet, self.end = unit.target_kwh, unit.unmet_price, unit.end_value
        self.slack = TOUCHING * (1.0 + self.high)
        with cython.nogil:
            self._leave_open()
            self._pick()
            bound = self._bound()
        return float(bound)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _reach(self, k: cython.Py_ssize_t) -> cython.double:
        """Return what the energy after slot k should at least be."""
        return min(self.floor, self.start + self.rise * (k + 1)) if self.rise >= 0.0 else self.low

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _leave_open(self) -> cython.void:
        """Find, from the end, between what the worth in each slot may lie."""
        k: cython.Py_ssize_t
        energy: cython.double = self.start
        bottom: cython.double
        top: cython.double
        for k in range(self.stay):
            energy += self.stored[k]
        bottom = self.unmet if energy < self.target - self.slack else self.end
        top = self.end if energy > self.target + self.slack else self.unmet
        for k in range(self.stay - 1, -1, -1):
            if energy < self._reach(k) - self.slack:
                bottom += self.floor_price
            if self.rise >= 0.0 and energy <= self._reach(k) + self.slack:
                top += self.floor_price
            if energy >= self.high - self.slack:
                bottom = -INFINITY
            if energy <= self.low + self.slack:
                top = INFINITY
            bottom = max(bottom, self._slope_below(k))
            top = min(top, self._slope_above(k))
            if bottom > top:
                bottom = top = 0.5 * (bottom + top)
            self.least[k] = bottom
            self.most[k] = top
            energy -= self.stored[k]

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _slope_below(self, k: cython.Py_ssize_t) -> cython.double:
        """Return what storing a little less in slot k would save for each kWh; nothing at its least."""
        j: cython.Py_ssize_t = 0
        while j + 1 < self.points[k] and self.kwh[k, j + 1] < self.stored[k] - self.slack:
            j += 1
        if j + 1 == self.points[k] or self.stored[k] <= self.kwh[k, j] + self.slack:
            return -INFINITY
        return (self.cost[k, j + 1] - self.cost[k, j]) / (self.kwh[k, j + 1] - self.kwh[k, j])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _slope_above(self, k: cython.Py_ssize_t) -> cython.double:
        """Return what storing a little more in slot k would cost for each kWh; no end of it at its most."""
        j: cython.Py_ssize_t = self.points[k] - 1
        while j > 0 and self.kwh[k, j - 1] > self.stored[k] + self.slack:
            j -= 1
        if j == 0 or self.stored[k] >= self.kwh[k, j] - self.slack:
            return INFINITY
        return (self.cost[k, j] - self.cost[k, j - 1]) / (self.kwh[k, j] - self.kwh[k, j - 1])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _pick(self) -> cython.void:
        """Pick a worth in each slot, from the beginning, that changes as little as it can."""
        k: cython.Py_ssize_t
        energy: cython.double = self.start
        after: cython.double = _middle(self.least[0], self.most[0])
        for k in range(self.stay):
            self.worth[k] = min(max(after, self.least[k]), self.most[k])
            energy += self.stored[k]
            after = self.worth[k]
            if energy < self._reach(k) - self.slack:
                after -= self.floor_price

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _bound(self) -> cython.double:
        """Return the least that all slots and all energies could cost at these worths, each for itself."""
        k: cython.Py_ssize_t
        j: cython.Py_ssize_t
        cheapest: cython.double
        after: cython.double
        bound: cython.double = -self.worth[0] * self.start
        for k in range(self.stay):
            cheapest = INFINITY
            for j in range(self.points[k]):
                cheapest = min(cheapest, self.cost[k, j] - self.worth[k] * self.kwh[k, j])
            bound += cheapest
            after = self.worth[k] - (self.worth[k + 1] if k + 1 < self.stay else 0.0)
            cheapest = min(self._keep(k, self.low, after), self._keep(k, self.high, after))
            cheapest = min(cheapest, self._keep(k, self._reach(k), after))
            cheapest = min(cheapest, self._keep(k, min(max(self.target, self.low), self.high), after))
            bound += cheapest
        return bound

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _keep(self, k: cython.Py_ssize_t, energy: cython.double, price: cython.double) -> cython.double:
        """Return what an energy after slot k costs at a price, breach of the floor and departure included."""
        cost: cython.double = price * energy + self.floor_price * max(self._reach(k) - energy, 0.0)
        if k + 1 == self.stay:
            cost += self.unmet * max(self.target - energy, 0.0) - self.end * max(energy - self.target, 0.0)
        return cost


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _middle(low: cython.double, high: cython.double) -> cython.double:
    """Return a finite number between two that may be infinite."""
    if low == -INFINITY:
        return 0.0 if high == INFINITY else high
    return low if high == INFINITY else 0.5 * (low + high)
