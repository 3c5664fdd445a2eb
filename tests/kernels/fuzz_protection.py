"""Sound arguments for the protection kernel."""

from numpy.random import Generator

from tests.kernels.fuzz_example import Example
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import protection
from tidewatt.kernels.protection.curves import GATES_GG, Floats


def rating(random: Generator) -> float:
    """Return a standard rating."""
    return float(random.choice(list(GATES_GG)))


def kind(random: Generator) -> protection.BreakerType:
    """Return B, C or D."""
    return list(protection.BreakerType)[random.integers(3)]


def everything(random: Generator) -> Arguments:
    """Return the arguments of `every_answer`."""
    rated_a = rating(random)
    curve = protection.fuse_gg(rated_a) if random.random() < 0.8 else protection.no_overload(rated_a)
    return {
        "curve": curve,
        "fraction": random.uniform(0, 1),
        "currents_a": random.uniform(-2, 2, int(random.integers(0, 6))) * rated_a,
        "current_a": random.uniform(-2, 6) * rated_a,
        "duration_s": random.uniform(0, 4000),
    }


def every_answer(
    *, curve: protection.TripCurve, fraction: float, currents_a: Floats, current_a: float, duration_s: float
) -> object:
    """Ask one device everything."""
    device = protection.Protection(curve)
    return (
        device.earliest_s(current_a=current_a),
        device.latest_s(current_a=current_a),
        device.step(fraction, current_a=current_a, duration_s=duration_s),
        device.run(fraction, currents_a, step_s=duration_s),
        device.lasting_s(fraction, current_a=current_a),
        device.headroom_a(fraction, duration_s=duration_s),
    )


def one_rating(random: Generator) -> Arguments:
    """Return the argument of `fuse_gg` and `no_overload`."""
    return {"rated_a": rating(random)}


def one_breaker(random: Generator) -> Arguments:
    """Return the arguments of `breaker`."""
    return {"kind": kind(random), "rated_a": random.uniform(1, 125)}


EXAMPLES = {
    "protection.Protection": Example(
        every_answer,
        everything,
        methods=frozenset({"earliest_s", "latest_s", "step", "run", "lasting_s", "headroom_a"}),
        infinite=frozenset({"answer"}),
        names=frozenset({"step_s"}),
    ),
    "protection.fuse_gg": Example(protection.fuse_gg, one_rating),
    "protection.no_overload": Example(protection.no_overload, one_rating),
    "protection.breaker": Example(protection.breaker, one_breaker),
}
