"""Sound arguments for the allocation kernel."""

import numpy as np
from numpy.random import Generator
import numpy.typing as npt

from tests.kernels.fuzz_example import Example, tree
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import allocation


def problem(random: Generator) -> allocation.AllocationProblem:
    """Return up to six circuits with all kinds of limits, and up to twelve chargers."""
    circuits, chargers = int(random.integers(1, 7)), int(random.integers(0, 13))

    def limit(high: float, *tail: int) -> npt.NDArray[np.float64]:
        values = random.uniform(0, high, (circuits, *tail))
        return np.where(random.random(values.shape) < 0.4, np.inf, values)

    minimum_a = random.choice([0.0, 6.0, 8.0], chargers)
    return allocation.AllocationProblem(
        parent=tree(random, circuits),
        import_limit_a=limit(80, 3),
        export_limit_a=limit(40, 3),
        base_a=random.uniform(-15, 30, (circuits, 3)),
        total_import_limit_w=limit(30_000),
        total_export_limit_w=limit(15_000),
        imbalance_limit_a=limit(40),
        voltage_v=random.choice([230.0, 120.0, 0.0], 3),
        circuit=random.integers(0, circuits, chargers, np.int32),
        phases=random.integers(1, 8, chargers, np.uint8),
        minimum_a=minimum_a,
        maximum_a=minimum_a + random.uniform(0, 26, chargers),
        direction=random.choice(np.array([1, 1, -1], np.int8), chargers),
        step_a=random.choice([0.0, 0.1, 1.0], chargers),
        weight=random.choice([0.5, 1.0, 3.7], chargers),
        locked_on=random.random(chargers) < 0.3,
        incumbent=random.random(chargers) < 0.3,
        deficit=random.choice([0.0, 5.0], chargers),
        tier=random.choice(np.array([0, 0, 0, 1, 255], np.uint8), chargers),
        relied_a=random.choice([0.0, 0.0, 10.0], chargers),
    )


def one_problem(random: Generator) -> Arguments:
    """Return the argument of `allocate`."""
    return {"problem": problem(random)}


def allocate_again(problem: allocation.AllocationProblem) -> allocation.Allocation:
    """Return what an allocator says the second time."""
    allocator = allocation.Allocator(problem)
    allocator.allocate()
    return allocator.allocate()


EXAMPLES = {
    "allocation.allocate": Example(allocation.allocate, one_problem, infinite=frozenset({"headroom_a"})),
    "allocation.Allocator": Example(
        allocate_again, one_problem, methods=frozenset({"allocate"}), infinite=frozenset({"headroom_a"})
    ),
}
