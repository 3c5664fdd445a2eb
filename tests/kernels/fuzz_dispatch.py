"""Sound arguments for the dispatch kernel."""

from numpy.random import Generator

from tests.kernels.dispatch_fleets import seeded
from tests.kernels.fuzz_example import Example, mostly
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import dispatch


def fleet_arguments(random: Generator) -> Arguments:
    """Return the arguments of `dispatched`."""
    units = int(random.integers(0, 9))
    return {
        "units": units,
        "settings": dispatch.DispatchSettings(
            period_s=random.choice([1.0, 10.0, 900.0]),
            step_kw=mostly(random, 0.1, 0.01, 0.5, 3.0),
            law=dispatch.Law(int(random.integers(2))),
        ),
        "fleet": seeded(units, int(random.integers(1000))),
        "setpoint_kw": random.uniform(-100, 100),
    }


def dispatched(
    *, units: int, settings: dispatch.DispatchSettings, fleet: dispatch.Fleet, setpoint_kw: float
) -> list[object]:
    """Dispatch twice, to begin once without and once with what is remembered."""
    dispatcher = dispatch.Dispatcher(units, settings)
    reach = dispatcher.reach(fleet)
    first = dispatcher.dispatch(fleet, setpoint_kw)
    powers, reasons = first.power_kw.copy(), first.reason.copy()
    return [reach, powers, reasons, dispatcher.dispatch(fleet, -setpoint_kw)]


def loop_settings(random: Generator) -> dispatch.ControlSettings:
    """Return settings of a loop."""
    return dispatch.ControlSettings(
        shortest_delay_s=random.uniform(0, 10),
        longest_delay_s=random.uniform(10, 30),
        gain=random.uniform(0, 0.5),
        integral_s=random.uniform(10, 100),
        derivative_s=mostly(random, 0.0, 1.0),
        filter_s=mostly(random, 0.0, 10.0),
        ramp_kw_per_s=random.uniform(1, 100),
    )


def beginning(random: Generator) -> Arguments:
    """Return the arguments of `begin`."""
    return {"settings": loop_settings(random), "measured_kw": random.uniform(-100, 100)}


def next_step(random: Generator) -> Arguments:
    """Return the arguments of `step`."""
    return {
        "state": dispatch.begin(**beginning(random)),
        "settings": loop_settings(random),
        "setpoint_kw": random.uniform(-100, 100),
        "measured_kw": random.uniform(-100, 100),
        "reach": dispatch.Reach(lowest_kw=-random.uniform(0, 200), highest_kw=random.uniform(0, 200)),
        "dt_s": random.uniform(0.1, 60),
        "manual_kw": random.uniform(-100, 100) if random.random() < 0.5 else None,
    }


EXAMPLES = {
    "dispatch.Dispatcher": Example(dispatched, fleet_arguments, methods=frozenset({"dispatch", "reach"})),
    "dispatch.begin": Example(dispatch.begin, beginning, infinite=frozenset({"integral_s", "ramp_kw_per_s"})),
    "dispatch.step": Example(dispatch.step, next_step, infinite=frozenset({"integral_s", "ramp_kw_per_s"})),
}
