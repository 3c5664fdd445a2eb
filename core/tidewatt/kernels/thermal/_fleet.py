"""One step of many transformers at once, each with its own constants.

The unchecked indexing is sound because every array has the length of the fleet.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import pow as power

from .problem import Floats

COMPILED: bool = cython.compiled

LARGEST_LOAD_FACTOR = cython.declare(cython.double, 10.0)
LOWEST_AMBIENT_C = cython.declare(cython.double, -80.0)
HIGHEST_AMBIENT_C = cython.declare(cython.double, 100.0)


@cython.cclass
class Fleet:
    """N transformers; the state arrays are those of the caller and are moved in place."""

    constants: cython.double[:, ::1]
    decays: cython.double[:, ::1]
    top_oil: cython.double[::1]
    quick: cython.double[::1]
    slow: cython.double[::1]
    hot_spot: cython.double[::1]

    def __init__(
        self,
        *,
        constants: cython.double[:, ::1],
        decays: cython.double[:, ::1],
        top_oil: cython.double[::1],
        quick: cython.double[::1],
        slow: cython.double[::1],
        hot_spot: cython.double[::1],
    ) -> None:
        """Take over the arrays.

        Args:
            constants: float64[N, 6]: x, y, R, k21, top-oil rise and gradient.
            decays: float64[N, 3]: what is left after a step of the distance to the end, of oil, quick and slow.
            top_oil: float64[N], quick float64[N], slow float64[N], hot_spot float64[N]: the states.
            quick: see top_oil.
            slow: see top_oil.
            hot_spot: see top_oil.
        """
        self.constants = constants
        self.decays = decays
        self.top_oil = top_oil
        self.quick = quick
        self.slow = slow
        self.hot_spot = hot_spot

    @cython.locals(load_factor="const double[::1]", ambient_c="const double[::1]")
    def step(self, load_factor: Floats, ambient_c: Floats) -> cython.bint:
        """Move every state by a step; False, and nothing moved, if a load or an ambient temperature cannot be."""
        usable: cython.bint = True
        index: cython.Py_ssize_t
        load: cython.double
        loss_ratio: cython.double
        gradient: cython.double
        target: cython.double
        constants: cython.double[:, ::1] = self.constants
        decays: cython.double[:, ::1] = self.decays
        top_oil: cython.double[::1] = self.top_oil
        quick: cython.double[::1] = self.quick
        slow: cython.double[::1] = self.slow
        hot_spot: cython.double[::1] = self.hot_spot
        with cython.nogil:
            for index in range(top_oil.shape[0]):
                if not (
                    0.0 <= load_factor[index] <= LARGEST_LOAD_FACTOR
                    and LOWEST_AMBIENT_C <= ambient_c[index] <= HIGHEST_AMBIENT_C
                ):
                    usable = False
            for index in range(top_oil.shape[0] if usable else 0):
                load = load_factor[index]
                loss_ratio = constants[index, 2]
                target = ambient_c[index] + constants[index, 4] * power(
                    (1.0 + loss_ratio * load * load) * (1.0 / (1.0 + loss_ratio)), constants[index, 0]
                )
                gradient = constants[index, 5] * power(load, constants[index, 1])
                top_oil[index] = target + (top_oil[index] - target) * decays[index, 0]
                target = constants[index, 3] * gradient
                quick[index] = target + (quick[index] - target) * decays[index, 1]
                target -= gradient
                slow[index] = target + (slow[index] - target) * decays[index, 2]
                hot_spot[index] = top_oil[index] + (quick[index] - slow[index])
        return usable
