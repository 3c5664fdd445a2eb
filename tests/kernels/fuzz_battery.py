"""Sound arguments for the battery kernel."""

from collections.abc import Callable
import math

import numpy as np
from numpy.random import Generator

from tests.kernels.fuzz_example import Example, mostly
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import battery
from tidewatt.kernels.battery.problem import Floats


def known(random: Generator, low: float, high: float, size: int) -> Floats:
    """Return numbers, some of them missing."""
    return np.where(random.random(size) < 0.1, np.nan, random.uniform(low, high, size))


def chemistry(random: Generator) -> battery.Chemistry:
    """Return one of those that come with the kernel."""
    return battery.LFP if random.random() < 0.5 else battery.NMC


def wear(random: Generator) -> battery.WearModel:
    """Return a battery of some price and size."""
    return battery.WearModel(price=random.uniform(0, 1e4), usable_kwh=random.uniform(5, 100))


def limits(random: Generator) -> Arguments:
    """Return the arguments of `power_limits`, with places for the answer or without."""
    size = int(random.integers(0, 6))
    return {
        "chemistry": chemistry(random),
        "charge_kw": random.uniform(0, 200, size),
        "discharge_kw": random.uniform(0, 20, size),
        "soc_pct": known(random, 0, 100, size),
        "temperature_c": None if random.random() < 0.3 else known(random, -30, 60, size),
        "out": None
        if random.random() < 0.5
        else battery.PowerLimits(charge_kw=np.zeros(size), discharge_kw=np.zeros(size)),
    }


def observation(random: Generator) -> Arguments:
    """Return the arguments of `learn_curve`."""
    return {
        "curve": chemistry(random).charge_by_soc,
        "at": random.uniform(-10, 110),
        "value": random.random(),
        "gain": random.random(),
    }


def powers(random: Generator) -> Arguments:
    """Return the arguments of `efficiency`."""
    return {"losses": battery.LossModel(), "power_kw": known(random, -20, 20, int(random.integers(0, 6)))}


def powers_and_place(random: Generator) -> Arguments:
    """Return the arguments of `stored_kw`, with a place for the answer or without."""
    given = powers(random)
    return given | {"out": None if random.random() < 0.5 else np.zeros(given["power_kw"].size)}


def series(random: Generator) -> Arguments:
    """Return the argument of `rainflow`."""
    return {"values": random.uniform(0, 100, int(random.integers(0, 30)))}


def two_days(random: Generator) -> Arguments:
    """Return the arguments of `count_twice`: states of charge, and what the counter remembers of the days before."""
    count, steps = int(random.integers(1, 4)), int(random.choice([1, 10, 100]))
    before = battery.CycleCounter(series=count, steps=steps)
    before.add(random.uniform(0, steps, (20, count)))
    return {
        "series": count,
        "low": 0.0,
        "step": 1.0,
        "steps": steps,
        "state": None if random.random() < 0.3 else before.state(),
        "values": known(random, 0, steps, 10 * count).reshape(10, count),
    }


def count_twice(
    *, series: int, low: float, step: float, steps: int, state: battery.CycleState | None, values: Floats
) -> object:
    """Go on from a state, twice."""
    counter = battery.CycleCounter(series=series, low=low, step=step, steps=steps, state=state)
    counter.add(values)
    counter.add(values)
    return counter.counts(), counter.ranges(), counter.state()


def depths(random: Generator) -> Arguments:
    """Return the arguments of `cycles_to_end` and `wear_per_kwh`."""
    return {"wear": wear(random), "depth_pct": random.uniform(1, 100, int(random.integers(0, 6)))}


def depths_and_counts(random: Generator) -> Arguments:
    """Return the arguments of `life_used`."""
    given = depths(random)
    return given | {"count": random.uniform(0, 1000, given["depth_pct"].size)}


def gate(random: Generator) -> Arguments:
    """Return the arguments of `may_discharge`."""
    size = int(random.integers(0, 6))
    return {
        "soh_pct": known(random, 50, 110, size),
        "gate_pct": mostly(random, 70.0, 0.0, 100.0),
        "may": None if random.random() < 0.5 else random.random(size) < 0.5,
    }


def last_known(random: Generator) -> Arguments:
    """Return the arguments of `estimate_soc`."""
    size = int(random.integers(0, 6))
    return {
        "known_pct": known(random, 0, 100, size),
        "known_deviation_pct": known(random, 0, 5, size),
        "stored_kwh": known(random, -20, 20, size),
        "capacity_kwh": known(random, 20, 100, size),
        "capacity_deviation_kwh": known(random, 0, 3, size),
    }


def reading(random: Generator) -> Arguments:
    """Return the arguments of `learn_capacity`, in the middle of things."""
    settings = battery.CapacitySettings(nominal_kwh=60.0)
    state = battery.CapacityState()

    def next_reading(session: int, soc_pct: float) -> battery.CapacityReading:
        energy_kwh = 0.6 * (30.0 if math.isnan(soc_pct) else soc_pct)
        return battery.CapacityReading(session=session, energy_kwh=energy_kwh, soc_pct=soc_pct)

    for session in range(int(random.integers(0, 4))):
        for soc_pct in range(20, int(random.integers(21, 60)), 3):
            _, state = battery.learn_capacity(next_reading(session, float(soc_pct)), settings, state)
    return {
        "reading": next_reading(int(random.integers(4)), mostly(random, random.uniform(0, 100), math.nan)),
        "settings": settings,
        "state": state,
    }


def end_of_session(random: Generator) -> Arguments:
    """Return the arguments of `finish_capacity`."""
    return {name: value for name, value in reading(random).items() if name != "reading"}


def unknown(run: Callable[..., object], make: Callable[[Generator], Arguments], *missing: str) -> Example:
    """Return an example whose answer may have missing values."""
    return Example(run, make, missing=frozenset(missing), written=frozenset({"out"}))


CAPACITY = ("capacity_kwh", "deviation_kwh", "soh_pct")

EXAMPLES = {
    "battery.power_limits": unknown(battery.power_limits, limits, "charge_kw", "discharge_kw"),
    "battery.learn_curve": Example(battery.learn_curve, observation),
    "battery.stored_kw": unknown(battery.stored_kw, powers_and_place, "answer"),
    "battery.efficiency": unknown(battery.efficiency, powers, "answer"),
    "battery.rainflow": Example(battery.rainflow, series),
    "battery.CycleCounter": Example(count_twice, two_days, methods=frozenset({"add", "counts", "ranges", "state"})),
    "battery.cycles_to_end": Example(battery.cycles_to_end, depths),
    "battery.life_used": Example(battery.life_used, depths_and_counts),
    "battery.wear_per_kwh": Example(battery.wear_per_kwh, depths),
    "battery.may_discharge": Example(battery.may_discharge, gate),
    "battery.estimate_soc": unknown(battery.estimate_soc, last_known, "soc_pct", "deviation_pct"),
    "battery.learn_capacity": unknown(battery.learn_capacity, reading, *CAPACITY),
    "battery.finish_capacity": unknown(battery.finish_capacity, end_of_session, *CAPACITY),
}
