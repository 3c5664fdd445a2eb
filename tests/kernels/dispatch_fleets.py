"""Fleets for tests: a builder with plain defaults, seeded fleets, and hypothesis strategies."""

from dataclasses import fields, replace
import math
from typing import Any

from hypothesis import strategies as st
import numpy as np

from tidewatt.kernels.dispatch import Fleet

STEP_KW = 0.1
PERIOD_S = 10.0

DEFAULTS: dict[str, float] = {
    "soc_pct": 50.0,
    "soc_floor_pct": 15.0,
    "soc_ceiling_pct": 95.0,
    "target_soc_pct": 0.0,
    "departure_h": math.inf,
    "capacity_kwh": 60.0,
    "charge_limit_kw": 11.0,
    "discharge_limit_kw": 11.0,
    "ramp_kw_per_s": math.inf,
    "previous_kw": 0.0,
    "cycles": 100.0,
    "soh_pct": 95.0,
    "temperature_c": 25.0,
    "weight": 1.0,
    "reachable": True,
}
KINDS = {"previous_kw": np.float64, "reachable": np.bool_}


def fleet(units: int = 0, **columns: Any) -> Fleet:
    """Build a fleet from columns or single values; the rest is an ordinary bidirectional unit at half charge."""
    length = max([units, *(np.size(values) for values in columns.values())])
    built: dict[str, Any] = {
        field: np.array(np.broadcast_to(columns.get(field, default), length), KINDS.get(field, np.float32))
        for field, default in DEFAULTS.items()
    }
    return Fleet(**built)


def seeded(units: int, seed: int = 1, **columns: Any) -> Fleet:
    """A mixed fleet: half of it bidirectional, some full, empty, hot, worn, unreachable, in a hurry, on slow ramps."""
    random = np.random.default_rng(seed)
    limit_kw = random.choice([7.4, 11.0, 22.0], units).astype(np.float32)
    both_ways = random.random(units) < 0.5
    drawn = {
        "soc_pct": random.uniform(10, 98, units),
        "target_soc_pct": random.uniform(50, 90, units),
        "departure_h": np.where(random.random(units) < 0.2, math.inf, random.exponential(5, units) + 0.3),
        "capacity_kwh": random.choice([40, 58, 64, 77, 100], units),
        "charge_limit_kw": limit_kw,
        "discharge_limit_kw": limit_kw * both_ways,
        "ramp_kw_per_s": limit_kw * random.choice([0.03, 0.06, 1.0], units),
        "previous_kw": np.round(np.where(both_ways, random.uniform(-0.5, 0.5, units), 0.1) * limit_kw, 1),
        "cycles": random.uniform(0, 4000, units),
        "soh_pct": random.uniform(68, 100, units),
        "temperature_c": random.normal(25, 8, units),
        "weight": random.choice([0.5, 1.0, 2.0], units),
        "reachable": random.random(units) < 0.97,
    }
    return fleet(units, **{**drawn, **columns})


def taken(some: Fleet, order: Any) -> Fleet:
    """Return the units of a fleet in another order, or some of them."""
    return replace(some, **{field.name: np.array(getattr(some, field.name)[order]) for field in fields(some)})


def columns(units: int) -> st.SearchStrategy[dict[str, Any]]:
    """Columns with values that like to be at their corners."""

    def column(*values: st.SearchStrategy[float]) -> st.SearchStrategy[list[float]]:
        return st.lists(st.one_of(*values), min_size=units, max_size=units)

    def between(least: float, most: float) -> st.SearchStrategy[float]:
        return st.floats(least, most, width=32)

    pick = st.sampled_from
    return st.fixed_dictionaries(
        {
            "soc_pct": column(between(0, 100), pick([0.0, 14.99, 15.0, 50.0, 95.0, 100.0, math.nan])),
            "target_soc_pct": column(between(0, 100), pick([0.0, 80.0])),
            "departure_h": column(between(0, 24), pick([0.0, math.inf])),
            "capacity_kwh": column(between(1, 100), pick([0.125, 60.0])),
            "charge_limit_kw": column(between(0, 50), pick([0.0, 7.4, 11.0])),
            "discharge_limit_kw": column(between(0, 50), pick([0.0, 7.4, 11.0])),
            "ramp_kw_per_s": column(between(0, 5), pick([0.0, math.inf])),
            "previous_kw": column(st.floats(-50, 50), pick([0.0, 3.3, -3.3])),
            "cycles": column(between(0, 5000), pick([100.0])),
            "soh_pct": column(between(50, 100), pick([95.0, math.nan])),
            "temperature_c": column(between(-20, 60), pick([25.0, math.nan])),
            "weight": column(between(0.125, 8), pick([1.0])),
            "reachable": st.lists(st.sampled_from([True, True, True, False]), min_size=units, max_size=units),
        }
    )


def fleets() -> st.SearchStrategy[Fleet]:
    """Fleets of up to eight units."""
    return st.integers(1, 8).flatmap(columns).map(lambda drawn: fleet(**drawn))
