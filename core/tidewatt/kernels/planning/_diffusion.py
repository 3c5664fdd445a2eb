"""Turns powers below the minimum into fewer slots at the minimum or more, without losing what the circuits can carry.

Slot after slot each unit wants the power that brings its energy to where the relaxation has it by then, so what it did
not get it wants next. Half the minimum or more is rounded up to it, less to nothing. Units that are furthest behind get
their minimum first, then in the same order what they want beyond; nobody gets more than the circuits have left.
"""

from __future__ import annotations

import cython
import numpy as np

COMPILED: bool = cython.compiled

# Part of the minimum from which on a unit is switched on.
HALF = cython.declare(cython.double, 0.5)


@cython.cclass
class Diffusion:
    """The circuits and what flows through them, the units and what they want; `run` goes through the slots."""

    slot_h: cython.double
    parent: cython.const_int[::1]
    import_limit_kw: cython.const_double[:, ::1]
    export_limit_kw: cython.const_double[:, ::1]
    base_kw: cython.const_double[:, ::1]
    flow_kw: cython.double[:, ::1]
    circuit: cython.const_int[::1]
    arrival: cython.const_int[::1]
    departure: cython.const_int[::1]
    charge_limit_kw: cython.const_double[::1]
    discharge_limit_kw: cython.const_double[::1]
    minimum_kw: cython.const_double[::1]
    charge_efficiency: cython.const_double[::1]
    discharge_efficiency: cython.const_double[::1]
    low_kwh: cython.const_double[::1]
    high_kwh: cython.const_double[::1]
    power_kw: cython.double[:, ::1]
    energy_kwh: cython.double[::1]
    wanted_kw: cython.double[::1]
    ahead_kwh: cython.double[::1]

    def __init__(
        self,
        *,
        slot_h: cython.double,
        parent: cython.const_int[::1],
        import_limit_kw: cython.const_double[:, ::1],
        export_limit_kw: cython.const_double[:, ::1],
        base_kw: cython.const_double[:, ::1],
        flow_kw: cython.double[:, ::1],
        circuit: cython.const_int[::1],
        arrival: cython.const_int[::1],
        departure: cython.const_int[::1],
        charge_limit_kw: cython.const_double[::1],
        discharge_limit_kw: cython.const_double[::1],
        minimum_kw: cython.const_double[::1],
        charge_efficiency: cython.const_double[::1],
        discharge_efficiency: cython.const_double[::1],
        low_kwh: cython.const_double[::1],
        high_kwh: cython.const_double[::1],
        power_kw: cython.double[:, ::1],
    ) -> None:
        """Take the arrays.

        Args:
            slot_h: length of a slot.
            parent: int32[V] and the other fields of the problem, see there.
            import_limit_kw: see parent.
            export_limit_kw: see parent.
            base_kw: see parent.
            flow_kw: float64[V, T], starts as the base and is added to.
            circuit: see parent.
            arrival: see parent.
            departure: see parent.
            charge_limit_kw: see parent.
            discharge_limit_kw: see parent.
            minimum_kw: see parent.
            charge_efficiency: see parent.
            discharge_efficiency: see parent.
            low_kwh: float64[N], never below.
            high_kwh: float64[N], never above.
            power_kw: float64[N, T], all zero; is filled.
        """
        units: cython.Py_ssize_t = power_kw.shape[0]
        self.slot_h, self.parent, self.base_kw, self.flow_kw = slot_h, parent, base_kw, flow_kw
        self.import_limit_kw, self.export_limit_kw = import_limit_kw, export_limit_kw
        self.circuit, self.arrival, self.departure = circuit, arrival, departure
        self.charge_limit_kw, self.discharge_limit_kw = charge_limit_kw, discharge_limit_kw
        self.minimum_kw, self.low_kwh, self.high_kwh = minimum_kw, low_kwh, high_kwh
        self.charge_efficiency, self.discharge_efficiency = charge_efficiency, discharge_efficiency
        self.power_kw = power_kw
        self.energy_kwh, self.wanted_kw, self.ahead_kwh = np.zeros(units), np.zeros(units), np.zeros(units)

    def run(self, goal_kwh: cython.const_double[:, ::1]) -> None:
        """Fill `power_kw`.

        Args:
            goal_kwh: float64[N, T + 1], where the energy of each unit should be at the start of each slot and the end.
        """
        order: cython.Py_ssize_t[::1]
        t: cython.Py_ssize_t
        i: cython.Py_ssize_t
        for i in range(goal_kwh.shape[0]):
            self.energy_kwh[i] = goal_kwh[i, 0]
        for t in range(self.power_kw.shape[1]):
            with cython.nogil:
                for i in range(goal_kwh.shape[0]):
                    self._want(i, t, goal_kwh[i, t + 1] - self.energy_kwh[i])
            order = np.argsort(np.asarray(self.ahead_kwh), kind="stable")
            with cython.nogil:
                self._serve(order, t)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _want(self, i: cython.Py_ssize_t, t: cython.Py_ssize_t, lack_kwh: cython.double) -> cython.void:
        """Find what unit i wants to catch up on what it lacks or has too much."""
        gain: cython.double = self.slot_h * self.charge_efficiency[i]
        loss: cython.double = self.slot_h / self.discharge_efficiency[i]
        most: cython.double
        least: cython.double
        self.wanted_kw[i] = self.ahead_kwh[i] = 0.0
        if self.arrival[i] <= t < self.departure[i]:
            most = min(self.charge_limit_kw[i], (self.high_kwh[i] - self.energy_kwh[i]) / gain)
            least = -min(self.discharge_limit_kw[i], (self.energy_kwh[i] - self.low_kwh[i]) / loss)
            self.ahead_kwh[i] = -abs(lack_kwh)
            self.wanted_kw[i] = lack_kwh / (gain if lack_kwh > 0.0 else loss)
            self.wanted_kw[i] = _round(self.wanted_kw[i], least, most, self.minimum_kw[i])

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _serve(self, order: cython.Py_ssize_t[::1], t: cython.Py_ssize_t) -> cython.void:
        """Give the units what they want in slot t as far as there is room: discharging, the minima, then the rest."""
        n: cython.Py_ssize_t
        i: cython.Py_ssize_t
        more: cython.double
        for n in range(order.shape[0]):
            i = order[n]
            if self.wanted_kw[i] < 0.0:
                self._add(i, t, max(self.wanted_kw[i], -self._room(self.circuit[i], t, -1.0)))
        for n in range(order.shape[0]):
            i = order[n]
            if self.wanted_kw[i] > 0.0:
                more = min(self.minimum_kw[i], self.wanted_kw[i])
                self._add(i, t, min(more, self._room(self.circuit[i], t, 1.0)))
        for n in range(order.shape[0]):
            i = order[n]
            if self.wanted_kw[i] > 0.0:
                more = min(self.wanted_kw[i] - self.power_kw[i, t], self._room(self.circuit[i], t, 1.0))
                self._add(i, t, more)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _room(self, v: cython.Py_ssize_t, t: cython.Py_ssize_t, way: cython.double) -> cython.double:
        """Return how much more the circuits from v to the root can carry, into (1) or out of (-1) the site's units."""
        room: cython.double = 1e300
        limit: cython.double
        while v >= 0:
            limit = self.import_limit_kw[v, t] if way > 0.0 else self.export_limit_kw[v, t]
            room = min(room, max(limit, way * self.base_kw[v, t]) - way * self.flow_kw[v, t])
            v = self.parent[v]
        return max(room, 0.0)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _add(self, i: cython.Py_ssize_t, t: cython.Py_ssize_t, more_kw: cython.double) -> cython.void:
        """Give unit i more, unless that would leave it below its minimum."""
        v: cython.Py_ssize_t = self.circuit[i]
        if more_kw == 0.0 or abs(self.power_kw[i, t] + more_kw) < self.minimum_kw[i]:
            return
        self.power_kw[i, t] += more_kw
        if more_kw > 0.0:
            self.energy_kwh[i] += self.slot_h * self.charge_efficiency[i] * more_kw
        else:
            self.energy_kwh[i] += self.slot_h / self.discharge_efficiency[i] * more_kw
        while v >= 0:
            self.flow_kw[v, t] += more_kw
            v = self.parent[v]


@cython.cfunc
@cython.nogil
@cython.exceptval(check=False)
def _round(wanted: cython.double, least: cython.double, most: cython.double, minimum: cython.double) -> cython.double:
    """Return an allowed power near the one that is wanted."""
    power: cython.double = min(max(wanted, least), most)
    if abs(power) >= minimum:
        return power
    if power > HALF * minimum and most >= minimum:
        return minimum
    if power < -HALF * minimum and least <= -minimum:
        return -minimum
    return 0.0
