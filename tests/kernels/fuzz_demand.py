"""Sound arguments for the demand kernel."""

import math

from numpy.random import Generator

from tests.kernels.fuzz_example import Example, mostly
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import demand


def one_step(random: Generator) -> Arguments:
    """Return a sample in the middle of things: a few steps have gone before, or none."""
    settings = demand.DemandSettings(
        connection_kw=random.uniform(100, 2000),
        limit_kw=random.uniform(10, 1000),
        window_s=int(random.choice([900, 1800, 3600])),
    )
    state = demand.DemandState()
    time_s = random.uniform(0, 2e9)
    for _ in range(int(random.integers(4))):
        _, state = demand.step(sample(random, time_s), settings, state)
        time_s += random.uniform(0, 100)
    return {"sample": sample(random, time_s), "settings": settings, "state": state}


def sample(random: Generator, time_s: float) -> demand.DemandSample:
    """Return one reading of the meter, now and then none."""
    return demand.DemandSample(
        time_s=time_s,
        power_kw=mostly(random, random.uniform(-100, 900), math.nan, 0.0),
        period=int(random.integers(202600, 202612)),
        controlled_kw=mostly(random, random.uniform(0, 50), math.nan, 0.0),
    )


EXAMPLES = {"demand.step": Example(demand.step, one_step)}
