"""One step of many transformers at once, each with its own constants; the powers are NumPy's, many at a time.

The unchecked indexing is sound because every array has the length of the fleet.
"""

from __future__ import annotations

import cython

from .problem import Floats

COMPILED: bool = cython.compiled

LARGEST_LOAD_FACTOR = cython.declare(cython.double, 10.0)
LOWEST_AMBIENT_C = cython.declare(cython.double, -80.0)
HIGHEST_AMBIENT_C = cython.declare(cython.double, 100.0)


@cython.locals(load_factor="const double[::1]", ambient_c="const double[::1]")
def usable(load_factor: Floats, ambient_c: Floats) -> cython.bint:
    """Whether all load factors and ambient temperatures, float64[N] each, can be."""
    index: cython.Py_ssize_t
    unusable: cython.Py_ssize_t = 0
    with cython.nogil:
        for index in range(load_factor.shape[0]):
            unusable += not 0.0 <= load_factor[index] <= LARGEST_LOAD_FACTOR
            unusable += not LOWEST_AMBIENT_C <= ambient_c[index] <= HIGHEST_AMBIENT_C
    return unusable == 0


@cython.cclass
class Fleet:
    """N transformers; the state arrays are those of the caller and are moved in place."""

    top_oil_rise: cython.double[::1]
    quick_rise: cython.double[::1]
    slow_rise: cython.double[::1]
    oil_decay: cython.double[::1]
    quick_decay: cython.double[::1]
    slow_decay: cython.double[::1]
    top_oil: cython.double[::1]
    quick: cython.double[::1]
    slow: cython.double[::1]
    hot_spot: cython.double[::1]

    def __init__(
        self,
        *,
        rises: tuple[Floats, Floats, Floats],
        decays: tuple[Floats, Floats, Floats],
        states: tuple[Floats, Floats, Floats],
        hot_spot: cython.double[::1],
    ) -> None:
        """Take over the arrays, float64[N] each, always in the order oil, quick, slow.

        Args:
            rises: where rated load takes them.
            decays: what is left after a step of the distance to there.
            states: where they are.
            hot_spot: what is made of them.
        """
        self.top_oil_rise, self.quick_rise, self.slow_rise = rises
        self.oil_decay, self.quick_decay, self.slow_decay = decays
        self.top_oil, self.quick, self.slow = states
        self.hot_spot = hot_spot

    @cython.locals(ambient_c="const double[::1]")
    def step(self, losses: cython.double[::1], currents: cython.double[::1], ambient_c: Floats) -> None:
        """Move every state by a step.

        Args:
            losses: float64[N], losses over rated losses to the power of x.
            currents: float64[N], load factor to the power of y.
            ambient_c: float64[N], deg C.
        """
        index: cython.Py_ssize_t
        target: cython.double
        top_oil_rise: cython.double[::1] = self.top_oil_rise
        quick_rise: cython.double[::1] = self.quick_rise
        slow_rise: cython.double[::1] = self.slow_rise
        oil_decay: cython.double[::1] = self.oil_decay
        quick_decay: cython.double[::1] = self.quick_decay
        slow_decay: cython.double[::1] = self.slow_decay
        top_oil: cython.double[::1] = self.top_oil
        quick: cython.double[::1] = self.quick
        slow: cython.double[::1] = self.slow
        hot_spot: cython.double[::1] = self.hot_spot
        with cython.nogil:
            for index in range(top_oil.shape[0]):
                target = ambient_c[index] + top_oil_rise[index] * losses[index]
                top_oil[index] = target + (top_oil[index] - target) * oil_decay[index]
                target = quick_rise[index] * currents[index]
                quick[index] = target + (quick[index] - target) * quick_decay[index]
                target = slow_rise[index] * currents[index]
                slow[index] = target + (slow[index] - target) * slow_decay[index]
                hot_spot[index] = top_oil[index] + (quick[index] - slow[index])
