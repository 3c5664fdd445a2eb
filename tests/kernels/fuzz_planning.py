"""Sound arguments for the planning kernel."""

from typing import get_args

from numpy.random import Generator

from benchmarks.parts.plan_instances import Family, Instance
from tests.kernels.fuzz_example import Example
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import planning


def problem(random: Generator) -> planning.PlanProblem:
    """Return a small site of any kind."""
    tree, battery, peak, minimum = (bool(flag) for flag in random.integers(0, 2, 4))
    return Instance(
        units=int(random.choice([1, 1, 2, 3, 5])),
        slots=int(random.choice([12, 16, 24])),
        seed=int(random.integers(1000)),
        tree=tree,
        battery=battery,
        family=random.choice(get_args(Family.__value__)),
        peak=peak,
        minimum=minimum,
    ).problem()


def powers(random: Generator) -> Arguments:
    """Return a problem and powers that keep to its units' limits."""
    given = problem(random)
    highest = given.charge_limit_kw[:, None]
    power_kw = random.uniform(0, 1, (given.circuit.shape[0], given.import_price_per_kwh.shape[0])) * highest
    return {"problem": given, "power_kw": power_kw}


def problem_and_plan(random: Generator) -> Arguments:
    """Return a problem, with the plan of the same or of another or without."""
    given = problem(random)
    previous = (None, given, problem(random))[random.integers(3)]
    return {"problem": given, "previous": None if previous is None else planning.plan(previous)}


EXAMPLES = {
    "planning.evaluate": Example(planning.evaluate, powers),
    "planning.plan": Example(planning.plan, problem_and_plan),
}
