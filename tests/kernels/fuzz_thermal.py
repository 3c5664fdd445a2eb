"""Sound arguments for the thermal kernel."""

from numpy.random import Generator

from tests.kernels.fuzz_example import Example
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import thermal
from tidewatt.kernels.thermal.problem import Floats


def transformer(random: Generator) -> thermal.Transformer:
    """Return one of the cooling classes with a rating plate of its own."""
    make = random.choice([0, 1, 2])
    classes = (
        thermal.Transformer.distribution_onan,
        thermal.Transformer.power_onan,
        thermal.Transformer.power_onaf,
    )
    return classes[make](
        loss_ratio=random.uniform(1, 10),
        top_oil_rise_k=random.uniform(30, 60),
        hot_spot_gradient_k=random.uniform(5, 30),
    )


def state(random: Generator) -> thermal.ThermalState:
    """Return a state, settled or not."""
    return thermal.ThermalState(
        top_oil_c=random.uniform(-20, 110), quick_k=random.uniform(0, 40), slow_k=random.uniform(0, 20)
    )


def window_arguments(random: Generator) -> Arguments:
    """Return the arguments of `every_answer`."""
    steps = int(random.integers(1, 9))
    return {
        "transformer": transformer(random),
        "steps": steps,
        "step_s": random.choice([1.0, 60.0, 900.0, 86400.0]),
        "state": state(random),
        "loads": random.uniform(0, 2, steps),
        "ambient_c": random.uniform(-20, 40, steps),
        "limits": thermal.LoadingLimits(
            load_factor=random.uniform(0.5, 2), hot_spot_c=random.uniform(80, 160), top_oil_c=random.uniform(60, 115)
        ),
        "load_factor": random.uniform(0, 2),
        "air_c": random.uniform(-20, 40),
        "duration_s": random.uniform(0, 1e5),
    }


def every_answer(
    *,
    transformer: thermal.Transformer,
    steps: int,
    step_s: float,
    state: thermal.ThermalState,
    loads: Floats,
    ambient_c: Floats,
    limits: thermal.LoadingLimits,
    load_factor: float,
    air_c: float,
    duration_s: float,
) -> object:
    """Ask one window everything."""
    window = thermal.ThermalWindow(transformer, steps=steps, step_s=step_s)
    return (
        window.steady_state(load_factor=load_factor, ambient_c=air_c),
        window.advance(state, load_factor=load_factor, ambient_c=air_c, duration_s=duration_s),
        window.run(state, loads, ambient_c),
        window.headroom(state, ambient_c, limits),
        window.lasting_s(state, ambient_c, limits, load_factor=load_factor),
    )


def fleet_arguments(random: Generator) -> Arguments:
    """Return the arguments of `fleet_step`."""
    size = int(random.integers(0, 5))
    return {
        "transformers": [transformer(random) for _ in range(size)],
        "states": [state(random) for _ in range(size)],
        "step_s": 900.0,
        "load_factor": random.uniform(0, 2, size),
        "ambient_c": random.uniform(-20, 40, size),
    }


def fleet_step(
    *,
    transformers: list[thermal.Transformer],
    states: list[thermal.ThermalState],
    step_s: float,
    load_factor: Floats,
    ambient_c: Floats,
) -> list[Floats]:
    """Move a fleet twice."""
    fleet = thermal.ThermalFleet(transformers, states, step_s=step_s)
    fleet.step(load_factor, ambient_c)
    fleet.step(load_factor, ambient_c)
    return [fleet.top_oil_c, fleet.hot_spot_c, fleet.quick_k, fleet.slow_k]


def hot_spots(random: Generator) -> Arguments:
    """Return the arguments of `ageing_rate`."""
    papers = list(thermal.Paper)
    return {"hot_spot_c": random.uniform(-20, 160, 5), "paper": papers[random.integers(len(papers))]}


def hot_steps(random: Generator) -> Arguments:
    """Return the arguments of `loss_of_life_s`."""
    return hot_spots(random) | {"step_s": random.uniform(0, 900)}


EXAMPLES = {
    "thermal.ThermalWindow": Example(
        every_answer,
        window_arguments,
        methods=frozenset({"advance", "headroom", "lasting_s", "run", "steady_state"}),
        names=frozenset({"load_factor", "ambient_c"}),
    ),
    "thermal.ThermalFleet": Example(fleet_step, fleet_arguments, methods=frozenset({"step"})),
    "thermal.ageing_rate": Example(thermal.ageing_rate, hot_spots),
    "thermal.loss_of_life_s": Example(thermal.loss_of_life_s, hot_steps),
}
