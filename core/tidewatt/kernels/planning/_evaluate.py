"""What given powers lead to and cost, straight from the problem: the judge of every solver of this kernel."""

from __future__ import annotations

import cython

COMPILED: bool = cython.compiled


def follow_units(
    *,
    slot_h: cython.double,
    arrival: cython.const_int[::1],
    departure: cython.const_int[::1],
    charge_limit_kw: cython.const_double[::1],
    charge_efficiency: cython.const_double[::1],
    discharge_efficiency: cython.const_double[::1],
    wear_per_kwh: cython.const_double[::1],
    start_kwh: cython.const_double[::1],
    floor_kwh: cython.const_double[::1],
    target_kwh: cython.const_double[::1],
    unmet_price: cython.const_double[::1],
    end_value: cython.const_double[::1],
    power_kw: cython.const_double[:, ::1],
    energy_kwh: cython.double[:, ::1],
    unmet_kwh: cython.double[::1],
    floor_breach_kwh: cython.double[::1],
) -> tuple[float, float, float]:
    """Fill energies, unmet targets and floor breaches of all units.

    Args:
        slot_h: length of a slot.
        arrival: int32[N] and the other fields of the problem by unit, see there.
        departure: see arrival.
        charge_limit_kw: see arrival.
        charge_efficiency: see arrival.
        discharge_efficiency: see arrival.
        wear_per_kwh: see arrival.
        start_kwh: float64[N], `energy_kwh` of the problem.
        floor_kwh: see arrival.
        target_kwh: see arrival.
        unmet_price: see arrival.
        end_value: see arrival.
        power_kw: float64[N, T], the plan.
        energy_kwh: float64[N, T + 1], is filled.
        unmet_kwh: float64[N], is filled.
        floor_breach_kwh: float64[N], is filled with the largest lack of a unit.

    Returns:
        Wear less end values; the sum of unmet_price x unmet_kwh; the sum over units and slots of the lack to the floor.
    """
    units: cython.Py_ssize_t = power_kw.shape[0]
    slots: cython.Py_ssize_t = power_kw.shape[1]
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    energy: cython.double
    reach: cython.double
    lack: cython.double
    power: cython.double
    per_charge: cython.double
    per_discharge: cython.double
    given: cython.double
    cost: cython.double = 0.0
    unmet: cython.double = 0.0
    lacks: cython.double = 0.0
    with cython.nogil:
        for i in range(units):
            energy = start_kwh[i]
            per_charge = slot_h * charge_efficiency[i]
            per_discharge = slot_h / discharge_efficiency[i]
            given = 0.0
            floor_breach_kwh[i] = 0.0
            for t in range(arrival[i] + 1):
                energy_kwh[i, t] = energy
            for t in range(arrival[i], departure[i]):
                power = power_kw[i, t]
                if power >= 0.0:
                    energy += per_charge * power
                else:
                    energy += per_discharge * power
                    given -= power
                energy_kwh[i, t + 1] = energy
                if start_kwh[i] < floor_kwh[i]:
                    reach = start_kwh[i] + per_charge * charge_limit_kw[i] * (t + 1 - arrival[i])
                    lack = min(floor_kwh[i], reach) - energy
                    if lack > 0.0:
                        lacks += lack
                        floor_breach_kwh[i] = max(floor_breach_kwh[i], lack)
            for t in range(departure[i], slots):
                energy_kwh[i, t + 1] = energy
            cost += slot_h * wear_per_kwh[i] * given
            unmet_kwh[i] = max(target_kwh[i] - energy, 0.0)
            unmet += unmet_price[i] * unmet_kwh[i]
            cost -= end_value[i] * max(energy - target_kwh[i], 0.0)
    return cost, unmet, lacks


def load_circuits(
    *,
    parent: cython.const_int[::1],
    circuit: cython.const_int[::1],
    base_kw: cython.const_double[:, ::1],
    import_limit_kw: cython.const_double[:, ::1],
    export_limit_kw: cython.const_double[:, ::1],
    power_kw: cython.const_double[:, ::1],
    flow_kw: cython.double[:, ::1],
    breach_kw: cython.double[:, ::1],
) -> float:
    """Fill what flows through every circuit and by how much that is over its limits; return the sum of the breaches.

    Args:
        parent: int32[V] and the other fields of the problem, see there.
        circuit: see parent.
        base_kw: see parent.
        import_limit_kw: see parent.
        export_limit_kw: see parent.
        power_kw: float64[N, T], the plan.
        flow_kw: float64[V, T], is filled.
        breach_kw: float64[V, T], is filled.
    """
    circuits: cython.Py_ssize_t = base_kw.shape[0]
    slots: cython.Py_ssize_t = base_kw.shape[1]
    v: cython.Py_ssize_t
    i: cython.Py_ssize_t
    t: cython.Py_ssize_t
    over: cython.double
    breaches: float = 0.0
    with cython.nogil:
        for v in range(circuits):
            for t in range(slots):
                flow_kw[v, t] = 0.0
        for i in range(power_kw.shape[0]):
            v = circuit[i]
            for t in range(slots):
                flow_kw[v, t] += power_kw[i, t]
        for v in range(circuits - 1, 0, -1):
            i = parent[v]
            for t in range(slots):
                flow_kw[i, t] += flow_kw[v, t]
        for v in range(circuits):
            for t in range(slots):
                flow_kw[v, t] += base_kw[v, t]
                over = max(flow_kw[v, t] - import_limit_kw[v, t], -flow_kw[v, t] - export_limit_kw[v, t])
                breach_kw[v, t] = max(over, 0.0)
                breaches += breach_kw[v, t]
    return breaches


def settle_grid(
    *,
    slot_h: cython.double,
    import_price: cython.const_double[::1],
    export_price: cython.const_double[::1],
    peak: cython.const_int[::1],
    peak_price: cython.const_double[::1],
    peak_so_far_kw: cython.const_double[::1],
    net_kw: cython.const_double[::1],
    import_kw: cython.double[::1],
    export_kw: cython.double[::1],
    peak_kw: cython.double[::1],
) -> float:
    """Fill import, export and peaks of the grid connection; return what they cost, CO2 in the import price included.

    Args:
        slot_h: length of a slot.
        import_price: float64[T], what a kWh from the grid counts.
        export_price: float64[T], what a kWh to the grid earns.
        peak: int32[T] and the other fields of the problem, see there.
        peak_price: see peak.
        peak_so_far_kw: see peak.
        net_kw: float64[T], flow through the root.
        import_kw: float64[T], is filled.
        export_kw: float64[T], is filled.
        peak_kw: float64[P], is filled.
    """
    t: cython.Py_ssize_t
    p: cython.Py_ssize_t
    cost: float = 0.0
    with cython.nogil:
        for p in range(peak_kw.shape[0]):
            peak_kw[p] = peak_so_far_kw[p]
        for t in range(net_kw.shape[0]):
            import_kw[t] = max(net_kw[t], 0.0)
            export_kw[t] = max(-net_kw[t], 0.0)
            cost += slot_h * (import_price[t] * import_kw[t] - export_price[t] * export_kw[t])
            p = peak[t]
            if p >= 0:
                peak_kw[p] = max(peak_kw[p], import_kw[t])
        for p in range(peak_kw.shape[0]):
            cost += peak_price[p] * (peak_kw[p] - peak_so_far_kw[p])
    return cost
