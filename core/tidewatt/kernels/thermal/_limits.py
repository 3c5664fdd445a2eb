"""The largest constant load that keeps temperature limits over a window, and how long a given one does.

Temperatures rise with the load, so the search is for one root. Between the ends of a step the hot spot may pass
through a peak, which is bounded from above: if all of its derivative is of one sign, it is highest at an end;
otherwise it is at most `h^2 / 8` times the largest curvature above the higher end. Steps whose bound matters are cut
into short ones first and, as what is left of the transients fades, into longer and longer ones: the error stays the
same part of them, and the longest step takes a few hundred cuts. So an answer errs to the safe side, by a few
hundredths of a kelvin, and never to the other.

The unchecked indexing is sound because the window is as long as its ambient temperatures.
"""

from __future__ import annotations

import cython
from cython.cimports.libc.math import exp, pow as power

COMPILED: bool = cython.compiled

# The first cuts of a step are a sixteenth of the quick time constant; after every so many they are twice as long.
PARTS = cython.declare(cython.double, 16.0)
CUTS_OF_A_LENGTH = cython.declare(cython.Py_ssize_t, 16)
# A third of the trials halves the interval, so this many bring the widest, 10, below the resolution.
TRIALS = cython.declare(cython.Py_ssize_t, 105)
RESOLUTION = cython.declare(cython.double, 1e-9)
HALVINGS = cython.declare(cython.Py_ssize_t, 30)


@cython.cclass
class Search:
    """One transformer, one window, and a state that moves along it towards the ends it would settle at."""

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
    cut: cython.Py_ssize_t
    cut_from_s: cython.double
    cut_s: cython.double
    last_cut: cython.bint
    cut_oil_decay: cython.double
    cut_quick_decay: cython.double
    cut_slow_decay: cython.double
    ambient: cython.double[::1]
    oil_limit: cython.double
    hot_limit: cython.double
    start_oil: cython.double
    start_quick: cython.double
    start_slow: cython.double
    oil: cython.double
    quick: cython.double
    slow: cython.double
    oil_end: cython.double
    quick_end: cython.double
    slow_end: cython.double
    oil_peak: cython.double
    hot_peak: cython.double
    monotonic: cython.bint

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
        ambient: cython.double[::1],
    ) -> None:
        """Prepare the decays of a step; `ambient`, float64[T], is read by every search."""
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
        self.steps = ambient.shape[0]
        self.ambient = ambient
        self.oil_decay = exp(-step_s / self.oil_s)
        self.quick_decay = exp(-step_s / self.quick_s)
        self.slow_decay = exp(-step_s / self.slow_s)
        self.cut_s = 0.0

    def peaks(self) -> tuple[float, float]:
        """Return the highest top oil and a bound of the highest hot spot of what was tried last."""
        return self.oil_peak, self.hot_peak

    def largest(
        self,
        *,
        top_oil_c: cython.double,
        quick_k: cython.double,
        slow_k: cython.double,
        highest_load_factor: cython.double,
        top_oil_limit_c: cython.double,
        hot_spot_limit_c: cython.double,
    ) -> cython.double:
        """Return the largest constant load factor that keeps both limits, -1 if not even no load does."""
        found: cython.double
        self.start_oil = top_oil_c
        self.start_quick = quick_k
        self.start_slow = slow_k
        self.oil_limit = top_oil_limit_c
        self.hot_limit = hot_spot_limit_c
        with cython.nogil:
            found = self._largest(highest_load_factor)
        return found

    def lasting_s(
        self,
        *,
        top_oil_c: cython.double,
        quick_k: cython.double,
        slow_k: cython.double,
        load_factor: cython.double,
        top_oil_limit_c: cython.double,
        hot_spot_limit_c: cython.double,
    ) -> cython.double:
        """Return for how long a constant load keeps both limits, at most the window; 0 if not even at the start."""
        lasting_s: cython.double
        self.start_oil = top_oil_c
        self.start_quick = quick_k
        self.start_slow = slow_k
        self.oil_limit = top_oil_limit_c
        self.hot_limit = hot_spot_limit_c
        with cython.nogil:
            lasting_s = self._lasting_s(load_factor)
        return lasting_s

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _largest(self, high: cython.double) -> cython.double:
        """Safeguarded regula falsi: `low` always keeps the limits, `high` never does; every third trial halves."""
        low: cython.double = 0.0
        trial: cython.double
        found: cython.double
        low_excess: cython.double
        high_excess: cython.double
        side: cython.Py_ssize_t = 0
        count: cython.Py_ssize_t
        high_excess = self._excess(high)
        if high_excess <= 0.0:
            return high
        low_excess = self._excess(low)
        if low_excess > 0.0:
            return -1.0
        for count in range(TRIALS):
            if high - low <= RESOLUTION:
                break
            trial = 0.5 * (low + high)
            if count % 3 != 2:
                trial = low - low_excess * (high - low) / (high_excess - low_excess)
                trial = min(max(trial, low + 0.4 * RESOLUTION), high - 0.4 * RESOLUTION)
            found = self._excess(trial)
            if found <= 0.0:
                low = trial
                low_excess = found
                if side < 0:
                    high_excess *= 0.5
                side = -1
            else:
                high = trial
                high_excess = found
                if side > 0:
                    low_excess *= 0.5
                side = 1
        self._excess(low)
        return low

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _lasting_s(self, load_factor: cython.double) -> cython.double:
        """Walk the window, by cuts where a step cannot be taken whole, and halve the cut that breaks a limit."""
        rise: cython.double = self._start(load_factor)
        index: cython.Py_ssize_t
        if self.oil > self.oil_limit or self.oil + (self.quick - self.slow) > self.hot_limit:
            return 0.0
        for index in range(self.steps):
            self.oil_end = self.ambient[index] + rise
            if (
                self._oil_after(self.oil_decay) <= self.oil_limit
                and self._bound(self.oil_decay, self.quick_decay, self.slow_decay, self.step_s) <= self.hot_limit
            ):
                self._move(self.oil_decay, self.quick_decay, self.slow_decay)
                continue
            self._first_cut()
            while True:
                if self._oil_after(self.cut_oil_decay) > self.oil_limit or self._cut_bound() > self.hot_limit:
                    return index * self.step_s + self.cut_from_s + self._last_of_cut_s()
                self._move(self.cut_oil_decay, self.cut_quick_decay, self.cut_slow_decay)
                if not self._next_cut():
                    break
        return self.steps * self.step_s

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _last_of_cut_s(self) -> cython.double:
        """Return how much of one cut, that does not keep the limits to its end, does keep them."""
        kept_s: cython.double = 0.0
        broken_s: cython.double = self.cut_s
        trial_s: cython.double
        oil_decay: cython.double
        _halving: cython.Py_ssize_t
        for _halving in range(HALVINGS):
            trial_s = 0.5 * (kept_s + broken_s)
            oil_decay = exp(-trial_s / self.oil_s)
            if (
                self._oil_after(oil_decay) <= self.oil_limit
                and self._bound(oil_decay, exp(-trial_s / self.quick_s), exp(-trial_s / self.slow_s), trial_s)
                <= self.hot_limit
            ):
                kept_s = trial_s
            else:
                broken_s = trial_s
        return kept_s

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _start(self, load_factor: cython.double) -> cython.double:
        """Go to the start and set where a load takes the gradients; return the rise it takes the top oil to."""
        losses: cython.double = (1.0 + self.loss_ratio * load_factor * load_factor) * (1.0 / (1.0 + self.loss_ratio))
        gradient: cython.double = self.gradient_k * power(load_factor, self.winding_exponent)
        self.oil = self.start_oil
        self.quick = self.start_quick
        self.slow = self.start_slow
        self.quick_end = self.quick_part * gradient
        self.slow_end = self.quick_end - gradient
        return self.top_oil_rise_k * power(losses, self.oil_exponent)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _oil_after(self, oil_decay: cython.double) -> cython.double:
        return self.oil_end + (self.oil - self.oil_end) * oil_decay

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _move(self, oil_decay: cython.double, quick_decay: cython.double, slow_decay: cython.double) -> cython.void:
        """Let the state move towards its ends."""
        self.oil = self.oil_end + (self.oil - self.oil_end) * oil_decay
        self.quick = self.quick_end + (self.quick - self.quick_end) * quick_decay
        self.slow = self.slow_end + (self.slow - self.slow_end) * slow_decay

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _excess(self, load_factor: cython.double) -> cython.double:
        """Walk the window; return by how much the nearer limit is exceeded, negative if both are kept."""
        rise: cython.double = self._start(load_factor)
        index: cython.Py_ssize_t
        bound: cython.double
        oil: cython.double
        quick: cython.double
        slow: cython.double
        self.oil_peak = self.oil
        self.hot_peak = self.oil + (self.quick - self.slow)
        for index in range(self.steps):
            self.oil_end = self.ambient[index] + rise
            bound = self._bound(self.oil_decay, self.quick_decay, self.slow_decay, self.step_s)
            if bound > self.hot_peak and self.monotonic:
                self.hot_peak = bound
            elif bound > self.hot_peak:
                oil = self.oil
                quick = self.quick
                slow = self.slow
                self._first_cut()
                while self._highest_ahead() > self.hot_peak:
                    self.hot_peak = max(self.hot_peak, self._cut_bound())
                    self._move(self.cut_oil_decay, self.cut_quick_decay, self.cut_slow_decay)
                    if not self._next_cut():
                        break
                self.oil = oil
                self.quick = quick
                self.slow = slow
            self._move(self.oil_decay, self.quick_decay, self.slow_decay)
            self.oil_peak = max(self.oil_peak, self.oil)
        return max(self.oil_peak - self.oil_limit, self.hot_peak - self.hot_limit)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _first_cut(self) -> cython.void:
        """Begin to cut the present step."""
        self.cut = 0
        self.cut_from_s = 0.0
        self._cut_off(self.quick_s / PARTS)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _next_cut(self) -> cython.bint:
        """Go on to the next cut of the present step; False after the last."""
        if self.last_cut:
            return False
        self.cut += 1
        self.cut_from_s += self.cut_s
        self._cut_off(2.0 * self.cut_s if self.cut % CUTS_OF_A_LENGTH == 0 else self.cut_s)
        return True

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _cut_off(self, duration_s: cython.double) -> cython.void:
        """Make the cut so long, or as long as the rest of the step."""
        self.last_cut = duration_s >= self.step_s - self.cut_from_s
        if self.last_cut:
            duration_s = self.step_s - self.cut_from_s
        if duration_s != self.cut_s:
            self.cut_s = duration_s
            self.cut_oil_decay = exp(-duration_s / self.oil_s)
            self.cut_quick_decay = exp(-duration_s / self.quick_s)
            self.cut_slow_decay = exp(-duration_s / self.slow_s)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _cut_bound(self) -> cython.double:
        return self._bound(self.cut_oil_decay, self.cut_quick_decay, self.cut_slow_decay, self.cut_s)

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _highest_ahead(self) -> cython.double:
        """Return what the hot spot stays below, however long the step: each part is highest now or at its end."""
        return max(self.oil, self.oil_end) + (max(self.quick, self.quick_end) - min(self.slow, self.slow_end))

    @cython.cfunc
    @cython.nogil
    @cython.exceptval(check=False)
    def _bound(
        self,
        oil_decay: cython.double,
        quick_decay: cython.double,
        slow_decay: cython.double,
        duration_s: cython.double,
    ) -> cython.double:
        """Return an upper bound of the hot spot over a while from now; it is exact where the curve is monotonic."""
        highest: cython.double = max(
            self.oil + (self.quick - self.slow),
            self.oil_end
            + (self.oil - self.oil_end) * oil_decay
            + (
                (self.quick_end + (self.quick - self.quick_end) * quick_decay)
                - (self.slow_end + (self.slow - self.slow_end) * slow_decay)
            ),
        )
        oil_slope: cython.double = (self.oil_end - self.oil) / self.oil_s
        quick_slope: cython.double = (self.quick_end - self.quick) / self.quick_s
        slow_slope: cython.double = (self.slow - self.slow_end) / self.slow_s
        least: cython.double = (
            min(oil_slope, oil_slope * oil_decay)
            + min(quick_slope, quick_slope * quick_decay)
            + min(slow_slope, slow_slope * slow_decay)
        )
        most: cython.double = (
            max(oil_slope, oil_slope * oil_decay)
            + max(quick_slope, quick_slope * quick_decay)
            + max(slow_slope, slow_slope * slow_decay)
        )
        self.monotonic = least >= 0.0 or most <= 0.0
        if self.monotonic:
            return highest
        return highest + 0.125 * duration_s * duration_s * (
            max(oil_slope, 0.0) / self.oil_s + max(quick_slope, 0.0) / self.quick_s + max(slow_slope, 0.0) / self.slow_s
        )
