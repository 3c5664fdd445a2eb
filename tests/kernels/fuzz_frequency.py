"""Sound arguments for the frequency kernel."""

import math

from numpy.random import Generator

from tests.kernels.fuzz_example import Example, mostly
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import frequency


def settings(random: Generator) -> frequency.FrequencySettings:
    """Return one of the defaults."""
    rated_kw = random.uniform(1, 1000)
    if random.random() < 0.3:
        return frequency.FrequencySettings.en_50549(rated_kw=rated_kw)
    return frequency.FrequencySettings.ieee_1547(nominal_hz=float(random.choice([50.0, 60.0])), rated_kw=rated_kw)


def reading(random: Generator, time_s: float, nominal_hz: float) -> frequency.FrequencyReading:
    """Return a reading, now and then without a frequency or a voltage."""
    return frequency.FrequencyReading(
        time_s=time_s,
        frequency_hz=mostly(random, random.uniform(nominal_hz - 0.5, nominal_hz + 0.5), math.nan, 40.0, 0.0),
        lowest_voltage_pu=mostly(random, random.uniform(0.9, 1.0), math.nan, 0.0),
        highest_voltage_pu=mostly(random, random.uniform(1.0, 1.1), math.nan),
        reducible_kw=random.uniform(0, 500),
        raisable_kw=random.uniform(0, 500),
    )


def one_step(random: Generator) -> Arguments:
    """Return a reading in the middle of things: a few have gone before, or none."""
    chosen = settings(random)
    state = frequency.FrequencyState()
    time_s = random.uniform(0, 2e9)
    for _ in range(int(random.integers(5))):
        _, state = frequency.step(reading(random, time_s, chosen.nominal_hz), chosen, state)
        time_s += float(random.choice([1.0, 5.0, 9.0, 400.0]))
    return {"reading": reading(random, time_s, chosen.nominal_hz), "settings": chosen, "state": state}


def some_frequencies(random: Generator) -> Arguments:
    """Return the arguments of `droop`."""
    return {"settings": settings(random), "frequency_hz": random.uniform(46, 64, int(random.integers(0, 9)))}


EXAMPLES = {
    "frequency.step": Example(frequency.step, one_step),
    "frequency.droop": Example(frequency.droop, some_frequencies),
}
