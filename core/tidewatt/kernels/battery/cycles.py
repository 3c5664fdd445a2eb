"""Rainflow cycles of a series, and of many series that never end; and what they cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.validation import check_array, check_kind, check_number, check_values, check_whole, refuse

from . import _arrays, _rainflow
from .checks import check_range, check_wear, plain
from .problem import Cycles, Floats, WearModel

LARGEST_VALUE = 1e9
MOST_STEPS = 10_000
MOST_POINTS = 100_000_000
"""Series times steps: what is remembered stays within 1.2 GB."""

LARGEST_COUNT = 1e12


def rainflow(values: Floats) -> Cycles:
    """Return the cycles of a series by the rainflow method of ASTM E1049-85; its ends count as turning points.

    Args:
        values: float64[T], finite; turning points are found.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    check_range("values", values, -LARGEST_VALUE, LARGEST_VALUE, "Give finite values.")
    refuse("values", values, np.isnan(values), "Give finite values; leave out what is missing.")
    ends, count = _rainflow.rainflow(plain(values))
    low, high = ends[:, 0], ends[:, 1]
    return Cycles(range=high - low, mean=(high + low) / 2.0, count=count)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CycleState:
    """What a `CycleCounter` of N series with L steps remembers.

    Attributes:
        stack: int32[N, L + 3], waiting turning points in steps above the lowest value.
        depth: int32[N], how many there are of each.
        counts: float64[N, L + 1], finished cycles by range in steps.
    """

    stack: npt.NDArray[np.int32]
    depth: npt.NDArray[np.int32]
    counts: Floats


class CycleCounter:
    """Counts the cycles of N series value by value, on a grid of L steps, in memory that does not grow.

    For a state of charge in whole percent that is 1.2 kB for each battery.
    """

    def __init__(
        self, *, series: int, low: float = 0.0, step: float = 1.0, steps: int = 100, state: CycleState | None = None
    ) -> None:
        """Begin, or go on from a state.

        Args:
            series: N, at least 1.
            low: the lowest value.
            step: of the grid; values are rounded to it.
            steps: L; the highest value is low + L step.
            state: from `state` of a counter with the same numbers.

        Raises:
            ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
        """
        check_whole("steps", steps, 1, MOST_STEPS, f"Give the number of steps, 1 to {MOST_STEPS}.")
        most = MOST_POINTS // steps
        check_whole("series", series, 1, most, f"Give the number of series, 1 to {most} with so many steps.")
        check_number("low", low, -LARGEST_VALUE, LARGEST_VALUE, "Give the lowest value.")
        check_number("step", step, 1e-6, LARGEST_VALUE, "Give a step above zero.")
        self._low, self._step, self._steps = float(low), float(step), steps
        if state is not None:
            check_kind("state", state, CycleState)
            _check_state(state, series, steps)
        self._stack = np.zeros((series, steps + 3), np.int32) if state is None else state.stack.copy()
        self._depth = np.zeros(series, np.int32) if state is None else state.depth.copy()
        self._counts = np.zeros((series, steps + 1)) if state is None else state.counts.copy()

    def add(self, values: Floats) -> None:
        """Go on with values.

        Args:
            values: float64[T, N] in the order of time, each from the lowest to the highest value; NaN is passed over.

        Raises:
            ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
        """
        series = self._depth.size
        if type(values) is not np.ndarray or values.ndim != 2:
            raise ValueError(f"values: {type(values).__name__} is not usable. Give an array float64[T, {series}].")
        check_values("values", values, np.float64, (values.shape[0], series))
        high = self._low + self._step * self._steps
        outside = (values < self._low) | (values > high)
        refuse("values", values, outside, f"Give a value from {self._low:g} to {high:g}.")
        _rainflow.count_steps(
            values=plain(values),
            low=self._low,
            step=self._step,
            stack=self._stack,
            depth=self._depth,
            counts=self._counts,
        )

    def counts(self) -> Floats:
        """Return float64[N, L + 1], cycles by range in steps; what has not ended counts half, as at a series' end."""
        counts = self._counts.copy()
        waiting = np.arange(1, self._stack.shape[1]) < self._depth[:, None]
        series, place = np.nonzero(waiting)
        ranges = np.abs(self._stack[series, place + 1] - self._stack[series, place])
        np.add.at(counts, (series, ranges), 0.5)
        return counts

    def ranges(self) -> Floats:
        """Return float64[L + 1], the range that each column of `counts` is about."""
        ranges: Floats = np.arange(self._steps + 1, dtype=np.float64) * self._step
        return ranges

    def state(self) -> CycleState:
        """Return what is remembered, as copies."""
        return CycleState(stack=self._stack.copy(), depth=self._depth.copy(), counts=self._counts.copy())


def cycles_to_end(wear: WearModel, depth_pct: Floats) -> Floats:
    """Return float64[N], how many cycles of each depth a battery lasts.

    Args:
        wear: the model.
        depth_pct: float64[N], above 0 to 100.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    check_wear(wear)
    check_range("depth_pct", depth_pct, 1e-6, 100.0, "Give a depth above 0 to 100 %.")
    refuse("depth_pct", depth_pct, np.isnan(depth_pct), "Give a depth above 0 to 100 %.")
    cycles = np.empty(depth_pct.size)
    _arrays.cycles_at(plain(wear.depth_pct), plain(wear.cycles), plain(depth_pct), cycles)
    return cycles


def life_used(wear: WearModel, depth_pct: Floats, count: Floats) -> float:
    """Return the part of a battery's life that cycles have used, by Palmgren and Miner's rule; 1 is all of it.

    Args:
        wear: the model.
        depth_pct: float64[C], ranges of the state of charge, above 0 to 100.
        count: float64[C], how often each occurred.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    cycles = cycles_to_end(wear, depth_pct)
    check_range("count", count, 0.0, LARGEST_COUNT, "Give how often it occurred.", size=depth_pct.size)
    refuse("count", count, np.isnan(count), "Give how often it occurred.")
    return float(np.sum(count / cycles))


def wear_per_kwh(wear: WearModel, depth_pct: Floats) -> Floats:
    """Return float64[N], what a kWh costs that is taken from the store in cycles of each depth, and put back.

    That is price / (cycles x depth x usable capacity).

    Args:
        wear: the model.
        depth_pct: float64[N], above 0 to 100.

    Raises:
        ValueError: a value cannot be meant; names the field, the index, the value and the remedy.
    """
    cycles = cycles_to_end(wear, depth_pct)
    return wear.price / (cycles * (depth_pct / 100.0) * wear.usable_kwh)


def _check_state(state: CycleState, series: int, steps: int) -> None:
    check_array(state, "stack", np.int32, (series, steps + 3))
    check_array(state, "depth", np.int32, (series,))
    check_array(state, "counts", np.float64, (series, steps + 1))
    refuse("depth", state.depth, (state.depth < 0) | (state.depth > steps + 1), f"Give 0 to {steps + 1}.")
    used = np.arange(steps + 3) < state.depth[:, None]
    outside = used & ((state.stack < 0) | (state.stack > steps))
    refuse("stack", state.stack, outside, f"Give steps from 0 to {steps}.")
    ranges = np.diff(state.stack, axis=1)
    waiting = used[:, 1:]
    # A turning point that is none, or a range that should have been counted, would let the stack outgrow its memory.
    turns = waiting[:, 1:] & ((np.sign(ranges[:, 1:]) != -np.sign(ranges[:, :-1])) | (ranges[:, 1:] == 0))
    grows = waiting[:, 1:] & (np.abs(ranges[:, 1:]) >= np.abs(ranges[:, :-1]))
    bad = np.zeros(state.stack.shape, np.bool_)
    bad[:, 1] = waiting[:, 0] & (ranges[:, 0] == 0)
    bad[:, 2:] = turns | grows
    refuse("stack", state.stack, bad, "Give turning points with falling ranges between them.")
    sound = (state.counts >= 0.0) & (state.counts <= LARGEST_COUNT)
    refuse("counts", state.counts, ~sound, "Give numbers of cycles, zero or more.")
