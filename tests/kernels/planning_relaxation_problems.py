"""Small planning problems with everything that is degenerate: from a seed, or drawn by hypothesis."""

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.planning.problem import PlanProblem

type Floats = npt.NDArray[np.float64]


def problem_of(seed: int, *, units: int, slots: int, circuits: int, unmet: float = 2.0) -> PlanProblem:
    """Return a problem with zero and infinite limits, equal and negative prices, unreachable targets and breaches."""
    rng = np.random.default_rng([seed, units, slots, circuits])

    def pick(size: int | tuple[int, ...], *values: float) -> Floats:
        return rng.choice(np.array(values, dtype=np.float64), size)

    kind = rng.integers(4)
    import_price = np.round(rng.uniform(-0.1 if kind == 1 else 0.05, 0.5, slots), 2)
    if kind == 2:
        import_price[:] = 0.25
    export_price = import_price - pick(slots, 0.0, 0.1, 0.1, 0.2)
    if kind == 3:
        export_price[rng.integers(slots)] += 0.3
    parent = np.array([-1] + [int(rng.integers(v)) for v in range(1, circuits)], dtype=np.int32)
    base = np.round(rng.normal(0.5, 2.0, (circuits, slots)), 1) * pick((circuits, 1), 0.0, 1.0, 1.0)
    for v in range(circuits - 1, 0, -1):
        base[parent[v]] += base[v]
    arrival = np.where(rng.random(units) < 0.4, 0, rng.integers(0, slots, units)).astype(np.int32)
    departure = np.minimum(arrival + rng.integers(1, slots + 1, units), slots).astype(np.int32)
    capacity = pick(units, 0.5, 5.0, 10.0, 40.0)
    floor = capacity * pick(units, 0.0, 0.1, 0.3)
    ceiling = np.maximum(capacity * pick(units, 1.0, 0.8, 0.3), floor)
    energy = capacity * pick(units, 0.0, 0.1, 0.3, 0.5, 0.8, 1.0)
    periods = int(rng.integers(3))
    return PlanProblem(
        slot_h=float(rng.choice([0.25, 1.0])),
        import_price_per_kwh=import_price,
        export_price_per_kwh=export_price,
        co2_kg_per_kwh=pick(slots, 0.0, 0.3, 0.5),
        co2_price_per_kg=float(rng.choice([0.0, 0.1])),
        peak=rng.integers(-1, periods, slots).astype(np.int32),
        peak_price_per_kw=pick(periods, 0.0, 0.5, 5.0),
        peak_so_far_kw=pick(periods, 0.0, 2.0, 100.0),
        parent=parent,
        import_limit_kw=pick((circuits, slots), 0.0, 2.0, 4.0, 8.0)
        if rng.random() < 0.3
        else np.repeat(pick((circuits, 1), 3.0, 6.0, 11.0, np.inf), slots, axis=1),
        export_limit_kw=np.repeat(pick((circuits, 1), 0.0, 2.0, 6.0, np.inf), slots, axis=1),
        base_kw=base,
        circuit=rng.integers(0, circuits, units).astype(np.int32),
        arrival_slot=arrival,
        departure_slot=departure,
        charge_limit_kw=pick(units, 0.0, 3.7, 7.4, 11.0, 11.0),
        discharge_limit_kw=pick(units, 0.0, 0.0, 3.7, 10.0),
        minimum_kw=np.zeros(units),
        charge_efficiency=pick(units, 1.0, 0.95, 0.9, 0.5),
        discharge_efficiency=pick(units, 1.0, 0.95, 0.9, 0.5),
        wear_per_kwh=pick(units, 0.0, 0.02, 0.1),
        energy_kwh=energy,
        floor_kwh=floor,
        ceiling_kwh=ceiling,
        target_kwh=np.minimum(capacity * pick(units, 0.0, 0.1, 0.6, 0.8, 1.0), ceiling),
        unmet_price_per_kwh=pick(units, unmet, 2.0 * unmet),
        end_value_per_kwh=pick(units, 0.0, 0.0, 0.1, 0.3),
    )
