"""Sound arguments for the allocation kernel."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
from numpy.random import Generator
import numpy.typing as npt

from tests.kernels.fuzz_example import Example, tree
from tests.kernels.fuzz_mutations import Arguments
from tidewatt.kernels import allocation


def problem(random: Generator, circuits: int, chargers: int) -> allocation.AllocationProblem:
    """Return circuits with all kinds of limits, and chargers on them."""

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
    """Return the argument of `allocate`: up to six circuits, up to twelve chargers."""
    return {"problem": problem(random, int(random.integers(1, 7)), int(random.integers(0, 13)))}


def two_problems(random: Generator) -> Arguments:
    """Return the arguments of `one_after_the_other`: two problems of the same size."""
    circuits, chargers = int(random.integers(1, 7)), int(random.integers(0, 13))
    return {"problem": problem(random, circuits, chargers), "later": problem(random, circuits, chargers)}


def one_after_the_other(
    problem: allocation.AllocationProblem, later: allocation.AllocationProblem
) -> tuple[allocation.Allocation, ...]:
    """Return what one allocator says to a problem, to another in the same arrays, and to the first again."""
    allocator = allocation.Allocator(problem)
    answers = [copied(allocator.allocate())]
    before = {field.name: getattr(problem, field.name).copy() for field in fields(problem)}
    try:
        pour(problem, {name: getattr(later, name) for name in before})
        answers.append(copied(allocator.allocate()))
    finally:
        pour(problem, before)
    return *answers, allocator.allocate()


def copied(answer: allocation.Allocation) -> allocation.Allocation:
    """Return an answer that outlasts the next one."""
    return replace(answer, **{field.name: getattr(answer, field.name).copy() for field in fields(answer)})


def pour(problem: allocation.AllocationProblem, values: Mapping[str, object]) -> None:
    """Write values into the arrays of a problem, as far as they can be written there."""
    for name, value in values.items():
        array = getattr(problem, name)
        if array.flags.writeable and isinstance(value, np.ndarray) and value.shape == array.shape:
            with suppress(TypeError, ValueError, OverflowError):
                np.copyto(array, value, casting="unsafe")


EXAMPLES = {
    "allocation.allocate": Example(allocation.allocate, one_problem, infinite=frozenset({"headroom_a"})),
    "allocation.Allocator": Example(
        one_after_the_other, two_problems, methods=frozenset({"allocate"}), infinite=frozenset({"headroom_a"})
    ),
}
