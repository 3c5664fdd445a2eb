"""How one public callable of a kernel is called with sound arguments."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
import numpy.typing as npt

from tests.kernels.fuzz_mutations import Arguments


@dataclass(frozen=True, slots=True)
class Example:
    """Sound arguments and what may come of them.

    Attributes:
        run: takes the arguments, by name; of a class, it calls the methods too.
        make: returns sound arguments of small random size; the same random numbers give the same arguments.
        methods: the public methods that `run` calls, of a class.
        infinite: fields of the answer that may be infinite.
        missing: fields of the answer that may be NaN.
        names: what a refusal may name besides arguments and fields.
        written: arguments that are there to be written to.
    """

    run: Callable[..., object]
    make: Callable[[Generator], Arguments]
    methods: frozenset[str] = frozenset()
    infinite: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()


def tree(random: Generator, circuits: int) -> npt.NDArray[np.int32]:
    """Return the parents of a random tree."""
    return np.array([-1, *(int(random.integers(index)) for index in range(1, circuits))], np.int32)


def mostly(random: Generator, usual: float, *others: float) -> float:
    """Return a number, and now and then one of some others."""
    return usual if random.random() < 0.8 else float(random.choice(others))
