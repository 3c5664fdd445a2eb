"""The difference equations of IEC 60076-7 over a window of equal steps.

Load factor and ambient temperature are constant within a step. Top oil then moves exponentially towards
`ambient + top_oil_rise ((1 + R K^2) / (1 + R))^x` with the time constant k11 tau_o; the hot spot stands above it by
the difference of two gradients: a quick one towards `k21 H K^y` with k22 tau_w and a slow one towards `(k21 - 1) H K^y`
with tau_o / k22. The three exponentials are taken exactly, so the length of the steps makes no error.

The unchecked indexing is sound because `run` is given arrays of the length of the window.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import exp, pow as power

from .problem import Floats

COMPILED: bool = cython.compiled

LARGEST_LOAD_FACTOR = cython.declare(cython.double, 10.0)
LOWEST_AMBIENT_C = cython.declare(cython.double, -80.0)
HIGHEST_AMBIENT_C = cython.declare(cython.double, 100.0)


@cython.cclass
class Windings:
    """One transformer and one window; `run` fills the four arrays."""

    oil_exponent: cython.double
    winding_exponent: cython.double
    loss_ratio: cython.double
    quick_part: cython.double
    top_oil_rise_k: cython.double
    gradient_k: cython.double
    oil_s: cython.double
    quick_s: cython.double
    slow_s: cython.double
    step_s: cython.double
    steps: cython.Py_ssize_t
    oil_decay: cython.double
    quick_decay: cython.double
    slow_decay: cython.double
    top_oil: cython.double[::1]
    hot_spot: cython.double[::1]
    quick: cython.double[::1]
    slow: cython.double[::1]

    def __init__(
        self,
        *,
        oil_exponent: cython.double,
        winding_exponent: cython.double,
        loss_ratio: cython.double,
        k11: cython.double,
        k21: cython.double,
        k22: cython.double,
        oil_time_s: cython.double,
        winding_time_s: cython.double,
        top_oil_rise_k: cython.double,
        hot_spot_gradient_k: cython.double,
        step_s: cython.double,
        top_oil: cython.double[::1],
        hot_spot: cython.double[::1],
        quick: cython.double[::1],
        slow: cython.double[::1],
    ) -> None:
        """Prepare the decay of one step; the four arrays, float64[T], are those that `run` fills."""
        self.oil_exponent = oil_exponent
        self.winding_exponent = winding_exponent
        self.loss_ratio = loss_ratio
        self.quick_part = k21
        self.top_oil_rise_k = top_oil_rise_k
        self.gradient_k = hot_spot_gradient_k
        self.oil_s = k11 * oil_time_s
        self.quick_s = k22 * winding_time_s
        self.slow_s = oil_time_s / k22
        self.step_s = step_s
        self.steps = top_oil.shape[0]
        self.oil_decay = exp(-step_s / self.oil_s)
        self.quick_decay = exp(-step_s / self.quick_s)
        self.slow_decay = exp(-step_s / self.slow_s)
        self.top_oil = top_oil
        self.hot_spot = hot_spot
        self.quick = quick
        self.slow = slow

    @cython.locals(load_factor="const double[::1]", ambient_c="const double[::1]")
    def run(
        self,
        top_oil_c: cython.double,
        quick_k: cython.double,
        slow_k: cython.double,
        load_factor: Floats,
        ambient_c: Floats,
    ) -> cython.bint:
        """Fill the four arrays with the ends of the steps.

        Args:
            top_oil_c: top oil at the start.
            quick_k: quick gradient at the start.
            slow_k: slow gradient at the start.
            load_factor: float64[T], ambient_c float64[T], constant within each step.
            ambient_c: see load_factor.

        Returns:
            Whether load factors and ambient temperatures were usable; if not, the arrays are spoiled.
        """
        index: cython.Py_ssize_t
        load: cython.double
        ambient: cython.double
        last_load: cython.double = -1.0
        rise: cython.double = 0.0
        gradient: cython.double = 0.0
        target: cython.double
        per_loss: cython.double = 1.0 / (1.0 + self.loss_ratio)
        loss_ratio: cython.double = self.loss_ratio
        top_oil_rise_k: cython.double = self.top_oil_rise_k
        gradient_k: cython.double = self.gradient_k
        oil_exponent: cython.double = self.oil_exponent
        winding_exponent: cython.double = self.winding_exponent
        quick_part: cython.double = self.quick_part
        oil_decay: cython.double = self.oil_decay
        quick_decay: cython.double = self.quick_decay
        slow_decay: cython.double = self.slow_decay
        steps: cython.Py_ssize_t = self.steps
        top_oil: cython.double[::1] = self.top_oil
        hot_spot: cython.double[::1] = self.hot_spot
        quick: cython.double[::1] = self.quick
        slow: cython.double[::1] = self.slow
        usable: cython.bint = True
        with cython.nogil:
            for index in range(steps):
                load = load_factor[index]
                ambient = ambient_c[index]
                if not (0.0 <= load <= LARGEST_LOAD_FACTOR and LOWEST_AMBIENT_C <= ambient <= HIGHEST_AMBIENT_C):
                    usable = False
                    break
                if load != last_load:
                    rise = top_oil_rise_k * power((1.0 + loss_ratio * load * load) * per_loss, oil_exponent)
                    gradient = gradient_k * power(load, winding_exponent)
                    last_load = load
                target = ambient + rise
                top_oil_c = target + (top_oil_c - target) * oil_decay
                target = quick_part * gradient
                quick_k = target + (quick_k - target) * quick_decay
                target -= gradient
                slow_k = target + (slow_k - target) * slow_decay
                top_oil[index] = top_oil_c
                quick[index] = quick_k
                slow[index] = slow_k
                hot_spot[index] = top_oil_c + (quick_k - slow_k)
        return usable

    def settled(self, load_factor: cython.double, ambient_c: cython.double) -> tuple[float, float, float]:
        """Return top oil and the two gradients after a load and an ambient temperature that lasted for ever."""
        gradient: cython.double = self.gradient_k * power(load_factor, self.winding_exponent)
        quick: cython.double = self.quick_part * gradient
        return ambient_c + self._rise(load_factor), quick, quick - gradient

    def advance(
        self,
        *,
        top_oil_c: cython.double,
        quick_k: cython.double,
        slow_k: cython.double,
        load_factor: cython.double,
        ambient_c: cython.double,
        duration_s: cython.double,
    ) -> tuple[float, float, float]:
        """Return top oil and the two gradients after a while of constant load and ambient temperature."""
        oil_end: cython.double = ambient_c + self._rise(load_factor)
        gradient: cython.double = self.gradient_k * power(load_factor, self.winding_exponent)
        quick_end: cython.double = self.quick_part * gradient
        slow_end: cython.double = quick_end - gradient
        return (
            oil_end + (top_oil_c - oil_end) * exp(-duration_s / self.oil_s),
            quick_end + (quick_k - quick_end) * exp(-duration_s / self.quick_s),
            slow_end + (slow_k - slow_end) * exp(-duration_s / self.slow_s),
        )

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _rise(self, load_factor: cython.double) -> cython.double:
        """Return the settled rise of the top oil over the ambient."""
        losses: cython.double = (1.0 + self.loss_ratio * load_factor * load_factor) * (1.0 / (1.0 + self.loss_ratio))
        return self.top_oil_rise_k * power(losses, self.oil_exponent)
