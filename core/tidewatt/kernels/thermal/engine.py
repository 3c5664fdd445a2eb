"""Temperatures of a transformer over a window, and what load they leave room for."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from tidewatt.kernels.validation import check_number, check_values, check_whole, refuse

from ._limits import Search
from ._windings import Windings
from .problem import (
    HIGHEST_AMBIENT_C,
    LARGEST_LOAD_FACTOR,
    LOWEST_AMBIENT_C,
    Floats,
    Headroom,
    LoadingBound,
    LoadingLimits,
    Temperatures,
    ThermalState,
    Transformer,
)

FLOAT64 = np.dtype(np.float64)
LOAD_REMEDY = "Give the current over the rated current, 0 to 10."
AMBIENT_REMEDY = "Give deg C, -80 to 100; where it is unknown or stale, the warmest that may be."


class ThermalWindow:
    """One transformer and a window of equal steps, prepared once and used every cycle without allocating."""

    def __init__(self, transformer: Transformer, *, steps: int, step_s: float) -> None:
        """Prepare.

        Args:
            transformer: its constants.
            steps: T, 1 to 100,000.
            step_s: length of each, s, 0.001 to 1e7; load and ambient are constant within a step.

        Raises:
            ValueError: a number is out of its range.
        """
        check_whole("steps", steps, 1, 100_000, "Give 1 to 100,000.")
        check_number("step_s", step_s, 1e-3, 1e7, "Give seconds, 0.001 to 1e7.")
        constants = asdict(transformer)
        self._shape = (steps,)
        self._step_s = float(step_s)
        self._temperatures = Temperatures(
            top_oil_c=np.zeros(steps), hot_spot_c=np.zeros(steps), quick_k=np.zeros(steps), slow_k=np.zeros(steps)
        )
        self._ambient_c = np.zeros(steps)
        self._windings = Windings(
            **constants,
            step_s=step_s,
            top_oil=self._temperatures.top_oil_c,
            hot_spot=self._temperatures.hot_spot_c,
            quick=self._temperatures.quick_k,
            slow=self._temperatures.slow_k,
        )
        self._search = Search(**constants, step_s=step_s, ambient=self._ambient_c)

    def run(self, state: ThermalState, load_factor: Floats, ambient_c: Floats) -> Temperatures:
        """Return the temperatures at the ends of the steps; the next run overwrites them.

        Args:
            state: at the start.
            load_factor: float64[T], current over rated current, 0 to 10.
            ambient_c: float64[T], temperature of the air around the transformer, deg C.

        Raises:
            ValueError: an array is not usable; the temperatures of the last run are then spoiled.
        """
        if not (self._fits(load_factor) and self._fits(ambient_c)):
            self._refuse_array("load_factor", load_factor)
            self._refuse_array("ambient_c", ambient_c)
        if not self._windings.run(state.top_oil_c, state.quick_k, state.slow_k, load_factor, ambient_c):
            bad = ~((load_factor >= 0) & (load_factor <= LARGEST_LOAD_FACTOR))
            refuse("load_factor", load_factor, bad, LOAD_REMEDY)
            _refuse_ambient(ambient_c)
        return self._temperatures

    def advance(self, state: ThermalState, *, load_factor: float, ambient_c: float, duration_s: float) -> ThermalState:
        """Return the state after a while of constant load and ambient temperature, of any length.

        Raises:
            ValueError: a number is out of its range.
        """
        check_number("load_factor", load_factor, 0, LARGEST_LOAD_FACTOR, LOAD_REMEDY)
        check_number("ambient_c", ambient_c, LOWEST_AMBIENT_C, HIGHEST_AMBIENT_C, AMBIENT_REMEDY)
        check_number("duration_s", duration_s, 0, 1e10, "Give seconds, 0 or more.")
        top_oil_c, quick_k, slow_k = self._windings.advance(
            top_oil_c=state.top_oil_c,
            quick_k=state.quick_k,
            slow_k=state.slow_k,
            load_factor=load_factor,
            ambient_c=ambient_c,
            duration_s=duration_s,
        )
        return ThermalState(top_oil_c=top_oil_c, quick_k=quick_k, slow_k=slow_k)

    def steady_state(self, *, load_factor: float = 1.0, ambient_c: float) -> ThermalState:
        """Return the state after a load and an ambient temperature that lasted for ever.

        Without a load factor it is that of rated load: the cautious start where nothing is known.

        Raises:
            ValueError: a number is out of its range.
        """
        check_number("load_factor", load_factor, 0, LARGEST_LOAD_FACTOR, LOAD_REMEDY)
        check_number("ambient_c", ambient_c, LOWEST_AMBIENT_C, HIGHEST_AMBIENT_C, AMBIENT_REMEDY)
        top_oil_c, quick_k, slow_k = self._windings.settled(load_factor, ambient_c)
        return ThermalState(top_oil_c=top_oil_c, quick_k=quick_k, slow_k=slow_k)

    def headroom(self, state: ThermalState, ambient_c: Floats, limits: LoadingLimits) -> Headroom:
        """Return the largest constant load of the whole window that keeps the limits from its start to its end.

        The search takes at most 105 trials and errs to the safe side: by 1e-9 in the load, and by at most a few
        hundredths of a kelvin where the hot spot passes through a peak between the ends of a step.

        Args:
            state: at the start.
            ambient_c: float64[T], deg C.
            limits: what is to be kept.

        Raises:
            ValueError: the array is not usable.
        """
        self._take_ambient(ambient_c)
        found = float(
            self._search.largest(
                top_oil_c=state.top_oil_c,
                quick_k=state.quick_k,
                slow_k=state.slow_k,
                highest_load_factor=limits.load_factor,
                top_oil_limit_c=limits.top_oil_c,
                hot_spot_limit_c=limits.hot_spot_c,
            )
        )
        top_oil_c, hot_spot_c = (float(peak) for peak in self._search.peaks())
        if found < 0:
            bound = LoadingBound.ALREADY_EXCEEDED
        elif found >= limits.load_factor:
            bound = LoadingBound.LOAD_FACTOR
        elif limits.top_oil_c - top_oil_c < limits.hot_spot_c - hot_spot_c:
            bound = LoadingBound.TOP_OIL
        else:
            bound = LoadingBound.HOT_SPOT
        return Headroom(load_factor=max(found, 0.0), bound=bound, top_oil_c=top_oil_c, hot_spot_c=hot_spot_c)

    def lasting_s(self, state: ThermalState, ambient_c: Floats, limits: LoadingLimits, *, load_factor: float) -> float:
        """Return for how many seconds a constant load keeps the limits, at most the window; 0 if not even now.

        Args:
            state: at the start.
            ambient_c: float64[T], deg C.
            limits: what is to be kept.
            load_factor: current over rated current.

        Raises:
            ValueError: a number or the array is not usable.
        """
        self._take_ambient(ambient_c)
        check_number("load_factor", load_factor, 0, LARGEST_LOAD_FACTOR, LOAD_REMEDY)
        if load_factor > limits.load_factor:
            return 0.0
        return float(
            self._search.lasting_s(
                top_oil_c=state.top_oil_c,
                quick_k=state.quick_k,
                slow_k=state.slow_k,
                load_factor=load_factor,
                top_oil_limit_c=limits.top_oil_c,
                hot_spot_limit_c=limits.hot_spot_c,
            )
        )

    def _take_ambient(self, ambient_c: Floats) -> None:
        self._refuse_array("ambient_c", ambient_c)
        _refuse_ambient(ambient_c)
        self._ambient_c[:] = ambient_c

    def _fits(self, values: Floats) -> bool:
        return (
            type(values) is np.ndarray
            and values.dtype is FLOAT64
            and values.shape == self._shape
            and values.flags.c_contiguous
            and values.flags.aligned
        )

    def _refuse_array(self, field: str, values: Floats) -> None:
        check_values(field, values, np.float64, self._shape)


def _refuse_ambient(ambient_c: Floats) -> None:
    refuse(
        "ambient_c", ambient_c, ~((ambient_c >= LOWEST_AMBIENT_C) & (ambient_c <= HIGHEST_AMBIENT_C)), AMBIENT_REMEDY
    )
