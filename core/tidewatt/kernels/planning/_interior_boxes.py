"""The variables of the interior point: each between 0 and its width, with a price on either bound.

With z the distance from 0, v that from the width, l and u the prices of the bounds, the central path is z l = v u = mu.
Newton's step for given changes of the row prices is dz = D (A'dy - g), D = 1 / (l / z + u / v); see
S. Mehrotra, "On the implementation of a primal-dual interior point method", SIAM J. Optimization 2 (1992).
All loops run over a range of variables, so that a large fleet is worked on in parts that fit the cache. They are
short, each with few arrays, because compilers make vector instructions of such loops only; and they multiply by
reciprocals that `weigh` has computed, because a division costs as much as five to ten multiplications.
"""

import cython
from cython.cimports.libc.math import sqrt
import numpy as np

COMPILED: bool = cython.compiled
"""Whether this module runs as machine code."""

NOWHERE = cython.declare(cython.double, 1e-30)
"""The value of a variable without width: not quite 0, so that all formulas work, but too little to add to anything."""


@cython.cclass
class Boxes:
    """Where all variables are, and where they go. Arrays are float64[variables].

    What `weigh`, `predict` and `correct` sum up over their ranges is in `sums`: complementarity and cost; then four
    sums from which the complementarity after a step follows; then the steepest approach to a bound, primal and dual.
    """

    width: cython.double[::1]
    cost: cython.double[::1]
    low: cython.double[::1]
    high: cython.double[::1]
    low_price: cython.double[::1]
    high_price: cython.double[::1]
    live: cython.double[::1]
    weight: cython.double[::1]
    slope: cython.double[::1]
    pull: cython.double[::1]
    step: cython.double[::1]
    low_step: cython.double[::1]
    high_step: cython.double[::1]
    by_low: cython.double[::1]
    by_high: cython.double[::1]
    by_low_price: cython.double[::1]
    by_high_price: cython.double[::1]
    sums: cython.double[::1]

    def __init__(
        self,
        *,
        width: cython.double[::1],
        cost: cython.double[::1],
        low: cython.double[::1],
        high: cython.double[::1],
        low_price: cython.double[::1],
        high_price: cython.double[::1],
        live: cython.double[::1],
        weight: cython.double[::1],
        slope: cython.double[::1],
        pull: cython.double[::1],
        step: cython.double[::1],
        low_step: cython.double[::1],
        high_step: cython.double[::1],
        by_low: cython.double[::1],
        by_high: cython.double[::1],
        by_low_price: cython.double[::1],
        by_high_price: cython.double[::1],
    ) -> None:
        """Take the arrays; width and cost are given, everything else is written.

        Args:
            width: highest value of each variable.
            cost: of each unit of it.
            low: its value.
            high: width less value.
            low_price: price of the lower bound.
            high_price: price of the upper bound.
            live: 1, or 0 for a variable without any width, which stays where it is and counts nowhere.
            weight: D.
            slope: cost less what the rows pay for it.
            pull: g.
            step: change of the value; what the rows change, before that is known.
            low_step: change of the lower price.
            high_step: change of the upper price.
            by_low: reciprocals of low.
            by_high: reciprocals of high.
            by_low_price: reciprocals of low_price.
            by_high_price: reciprocals of high_price.
        """
        self.width = width
        self.cost = cost
        self.low = low
        self.high = high
        self.low_price = low_price
        self.high_price = high_price
        self.live = live
        self.weight = weight
        self.slope = slope
        self.pull = pull
        self.step = step
        self.low_step = low_step
        self.high_step = high_step
        self.by_low = by_low
        self.by_high = by_high
        self.by_low_price = by_low_price
        self.by_high_price = by_high_price
        self.sums = np.zeros(8)

    def total(self, place: cython.Py_ssize_t) -> float:
        """Return one of the sums."""
        value: float = self.sums[place]
        return value

    def clear(self) -> None:
        """Set all sums to zero."""
        self.sums[:] = 0.0

    def close(self, tiny: cython.double) -> None:
        """Find the variables without width; give them one that makes all formulas work, and no cost."""
        j: cython.Py_ssize_t
        with cython.nogil:
            for j in range(self.width.shape[0]):
                self.live[j] = 1.0
                if self.width[j] <= tiny:
                    self.live[j] = 0.0
                    self.width[j] = 1.0
                    self.cost[j] = 0.0

    def bound(self) -> float:
        """Return the least that all variables together can cost at their slopes, each within its width."""
        j: cython.Py_ssize_t
        least: cython.double = 0.0
        with cython.nogil:
            for j in range(self.width.shape[0]):
                least += min(self.slope[j], 0.0) * self.width[j] * self.live[j]
        value: float = least
        return value

    def centre(self, mu: cython.double) -> None:
        """Put every variable on the central path of its slope: dual feasible and perfectly centred."""
        j: cython.Py_ssize_t
        slope: cython.double
        width: cython.double
        near: cython.double
        with cython.nogil:
            for j in range(self.width.shape[0]):
                width = self.width[j]
                slope = abs(self.slope[j])
                near = (
                    2.0 * mu * width / (slope * width + 2.0 * mu + sqrt(slope * slope * width * width + 4.0 * mu * mu))
                )
                if self.live[j] == 0.0:
                    near = NOWHERE
                if self.slope[j] >= 0.0 or self.live[j] == 0.0:
                    self.low[j] = near
                    self.high[j] = width - near
                else:
                    self.low[j] = width - near
                    self.high[j] = near
                self.low_price[j] = mu / self.low[j]
                self.high_price[j] = mu / self.high[j]

    def move(
        self, first: cython.Py_ssize_t, last: cython.Py_ssize_t, primal: cython.double, dual: cython.double
    ) -> None:
        """Go the given parts of the step."""
        j: cython.Py_ssize_t
        low: cython.double[::1] = self.low
        high: cython.double[::1] = self.high
        low_price: cython.double[::1] = self.low_price
        high_price: cython.double[::1] = self.high_price
        step: cython.double[::1] = self.step
        low_step: cython.double[::1] = self.low_step
        high_step: cython.double[::1] = self.high_step
        with cython.nogil:
            for j in range(first, last):
                low[j] += primal * step[j]
            for j in range(first, last):
                high[j] -= primal * step[j]
            for j in range(first, last):
                low_price[j] += dual * low_step[j]
            for j in range(first, last):
                high_price[j] += dual * high_step[j]

    def weigh(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Compute the reciprocals and weights, and add to the complementarity and the cost."""
        j: cython.Py_ssize_t
        low: cython.double[::1] = self.low
        high: cython.double[::1] = self.high
        low_price: cython.double[::1] = self.low_price
        high_price: cython.double[::1] = self.high_price
        by_low: cython.double[::1] = self.by_low
        by_high: cython.double[::1] = self.by_high
        by_low_price: cython.double[::1] = self.by_low_price
        by_high_price: cython.double[::1] = self.by_high_price
        live: cython.double[::1] = self.live
        cost: cython.double[::1] = self.cost
        weight: cython.double[::1] = self.weight
        complementarity: cython.double = 0.0
        value: cython.double = 0.0
        with cython.nogil:
            for j in range(first, last):
                by_low[j] = 1.0 / low[j]
            for j in range(first, last):
                by_high[j] = 1.0 / high[j]
            for j in range(first, last):
                by_low_price[j] = 1.0 / low_price[j]
            for j in range(first, last):
                by_high_price[j] = 1.0 / high_price[j]
            for j in range(first, last):
                weight[j] = live[j] / (low_price[j] * by_low[j] + high_price[j] * by_high[j])
            for j in range(first, last):
                complementarity += low[j] * low_price[j] + high[j] * high_price[j]
                value += cost[j] * low[j]
        self.sums[0] += complementarity
        self.sums[1] += value

    def aim_at_bounds(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Set the pull towards no complementarity at all, which is the slope."""
        self.pull[first:last] = self.slope[first:last]

    def predict(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Turn what the rows change into the step that aims at no complementarity at all."""
        j: cython.Py_ssize_t
        low: cython.double[::1] = self.low
        high: cython.double[::1] = self.high
        low_price: cython.double[::1] = self.low_price
        high_price: cython.double[::1] = self.high_price
        by_low: cython.double[::1] = self.by_low
        by_high: cython.double[::1] = self.by_high
        weight: cython.double[::1] = self.weight
        slope: cython.double[::1] = self.slope
        step: cython.double[::1] = self.step
        low_step: cython.double[::1] = self.low_step
        high_step: cython.double[::1] = self.high_step
        to_low: cython.double
        to_high: cython.double
        primal: cython.double = self.sums[6]
        dual: cython.double = self.sums[7]
        by_step: cython.double = 0.0
        by_price: cython.double = 0.0
        by_both: cython.double = 0.0
        with cython.nogil:
            for j in range(first, last):
                step[j] = weight[j] * (step[j] - slope[j])
            for j in range(first, last):
                low_step[j] = -low_price[j] * (1.0 + step[j] * by_low[j])
            for j in range(first, last):
                high_step[j] = -high_price[j] * (1.0 - step[j] * by_high[j])
            for j in range(first, last):
                to_low = step[j] * by_low[j]
                to_high = step[j] * by_high[j]
                primal = max(primal, -to_low, to_high)
                dual = max(dual, 1.0 + max(to_low, -to_high))
            for j in range(first, last):
                by_step += step[j] * (low_price[j] - high_price[j])
                by_price += low[j] * low_step[j] + high[j] * high_step[j]
                by_both += step[j] * (low_step[j] - high_step[j])
        self.sums[2] += by_step
        self.sums[3] += by_price
        self.sums[4] += by_both
        self.sums[6] = primal
        self.sums[7] = dual

    def aim(
        self, first: cython.Py_ssize_t, last: cython.Py_ssize_t, mu: cython.double, second_order: cython.double
    ) -> None:
        """Set the pull towards the centre, with a part of the second-order terms of the predicted step."""
        j: cython.Py_ssize_t
        step: cython.double[::1] = self.step
        low_step: cython.double[::1] = self.low_step
        high_step: cython.double[::1] = self.high_step
        with cython.nogil:
            for j in range(first, last):
                low_step[j] = mu - second_order * step[j] * low_step[j]
            for j in range(first, last):
                high_step[j] = mu + second_order * step[j] * high_step[j]
            self._pull(first, last)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _pull(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> cython.void:
        """Set the pull towards products of value and price that are in place of the changes of the prices."""
        j: cython.Py_ssize_t
        by_low: cython.double[::1] = self.by_low
        by_high: cython.double[::1] = self.by_high
        slope: cython.double[::1] = self.slope
        pull: cython.double[::1] = self.pull
        low_step: cython.double[::1] = self.low_step
        high_step: cython.double[::1] = self.high_step
        for j in range(first, last):
            pull[j] = slope[j] - low_step[j] * by_low[j] + high_step[j] * by_high[j]

    def recentre(
        self,
        first: cython.Py_ssize_t,
        last: cython.Py_ssize_t,
        mu: cython.double,
        primal: cython.double,
        dual: cython.double,
    ) -> None:
        """Set the pull so that a longer step would leave no product of value and price far from mu.

        See J. Gondzio, "Multiple centrality corrections in a primal-dual method for linear programming",
        Computational Optimization and Applications 6 (1996).
        """
        j: cython.Py_ssize_t
        low: cython.double[::1] = self.low
        high: cython.double[::1] = self.high
        low_price: cython.double[::1] = self.low_price
        high_price: cython.double[::1] = self.high_price
        step: cython.double[::1] = self.step
        low_step: cython.double[::1] = self.low_step
        high_step: cython.double[::1] = self.high_step
        product: cython.double
        least: cython.double = mu * 0.1
        most: cython.double = mu * 10.0
        with cython.nogil:
            for j in range(first, last):
                product = (low[j] + primal * step[j]) * (low_price[j] + dual * low_step[j])
                low_step[j] = (
                    (low_step[j] + low_price[j]) * low[j]
                    + low_price[j] * step[j]
                    + max(min(max(product, least), most) - product, -most)
                )
            for j in range(first, last):
                product = (high[j] - primal * step[j]) * (high_price[j] + dual * high_step[j])
                high_step[j] = (
                    (high_step[j] + high_price[j]) * high[j]
                    - high_price[j] * step[j]
                    + max(min(max(product, least), most) - product, -most)
                )
            self._pull(first, last)

    def correct(self, first: cython.Py_ssize_t, last: cython.Py_ssize_t) -> None:
        """Turn what the rows change into the step that `aim` set."""
        j: cython.Py_ssize_t
        low_price: cython.double[::1] = self.low_price
        high_price: cython.double[::1] = self.high_price
        by_low: cython.double[::1] = self.by_low
        by_high: cython.double[::1] = self.by_high
        by_low_price: cython.double[::1] = self.by_low_price
        by_high_price: cython.double[::1] = self.by_high_price
        weight: cython.double[::1] = self.weight
        pull: cython.double[::1] = self.pull
        step: cython.double[::1] = self.step
        low_step: cython.double[::1] = self.low_step
        high_step: cython.double[::1] = self.high_step
        primal: cython.double = self.sums[6]
        dual: cython.double = self.sums[7]
        with cython.nogil:
            for j in range(first, last):
                step[j] = weight[j] * (step[j] - pull[j])
            for j in range(first, last):
                low_step[j] = (low_step[j] - low_price[j] * step[j]) * by_low[j] - low_price[j]
            for j in range(first, last):
                high_step[j] = (high_step[j] + high_price[j] * step[j]) * by_high[j] - high_price[j]
            for j in range(first, last):
                primal = max(primal, -step[j] * by_low[j], step[j] * by_high[j])
                dual = max(dual, -low_step[j] * by_low_price[j], -high_step[j] * by_high_price[j])
        self.sums[6] = primal
        self.sums[7] = dual
