"""The equations of IEC 60076-7 as one would write them in an afternoon: the rivals of the thermal kernel."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from scipy.signal import lfilter

from tidewatt.kernels.thermal import LoadingLimits, ThermalState, Transformer

type Floats = npt.NDArray[np.float64]


class Plain:
    """One transformer and steps of one length."""

    def __init__(self, transformer: Transformer, step_s: float) -> None:
        """Take the constants apart."""
        self.constants = asdict(transformer)
        c = self.constants
        self.times_s = np.array(
            [c["k11"] * c["oil_time_s"], c["k22"] * c["winding_time_s"], c["oil_time_s"] / c["k22"]]
        )
        self.step_s = step_s
        self.reached = 1 - np.exp(-step_s / self.times_s)

    def ends(self, load_factor: Any, ambient_c: Any) -> tuple[Any, Any, Any]:
        """Return what oil and gradients move towards, of one step or of all."""
        c = self.constants
        losses = (1 + c["loss_ratio"] * load_factor**2) / (1 + c["loss_ratio"])
        gradient = c["hot_spot_gradient_k"] * load_factor ** c["winding_exponent"]
        oil = ambient_c + c["top_oil_rise_k"] * losses ** c["oil_exponent"]
        return oil, c["k21"] * gradient, (c["k21"] - 1) * gradient

    def loop(self, state: ThermalState, load_factor: Floats, ambient_c: Floats) -> Floats:
        """Return the hot spots by a loop in Python."""
        oil, quick, slow = state.top_oil_c, state.quick_k, state.slow_k
        oil_part, quick_part, slow_part = self.reached.tolist()
        hot_spots = []
        for load, ambient in zip(load_factor.tolist(), ambient_c.tolist(), strict=True):
            oil_end, quick_end, slow_end = self.ends(load, ambient)
            oil += oil_part * (oil_end - oil)
            quick += quick_part * (quick_end - quick)
            slow += slow_part * (slow_end - slow)
            hot_spots.append(oil + quick - slow)
        return np.array(hot_spots)

    def filtered(self, state: ThermalState, load_factor: Floats, ambient_c: Floats) -> Floats:
        """Return the hot spots by NumPy and SciPy's linear filter: no loop in Python."""
        starts = (state.top_oil_c, state.quick_k, state.slow_k)
        oil, quick, slow = (
            lfilter([part], [1, part - 1], end, zi=[(1 - part) * start])[0]
            for part, end, start in zip(self.reached, self.ends(load_factor, ambient_c), starts, strict=True)
        )
        return np.asarray(oil + quick - slow)

    def solved(self, state: ThermalState, load_factor: Floats, ambient_c: Floats) -> Floats:
        """Return the hot spots by SciPy's solver of differential equations, step by step, to about 1e-6 K."""
        value = np.array([state.top_oil_c, state.quick_k, state.slow_k])
        hot_spots = []
        for load, ambient in zip(load_factor, ambient_c, strict=True):
            end = np.array(self.ends(load, ambient))
            solution = solve_ivp(
                lambda _, x, end=end: (end - x) / self.times_s, (0, self.step_s), value, rtol=1e-8, atol=1e-8
            )
            value = solution.y[:, -1]
            hot_spots.append(value[0] + value[1] - value[2])
        return np.array(hot_spots)

    def headroom(self, state: ThermalState, ambient_c: Floats, limits: LoadingLimits) -> float:
        """Return the largest load that keeps the hot spot at the ends of the steps, by SciPy's root finder."""

        def excess(load: float) -> float:
            return float(self.filtered(state, np.full(ambient_c.size, load), ambient_c).max()) - limits.hot_spot_c

        return float(brentq(excess, 0.0, limits.load_factor, xtol=1e-9))


class PlainFleet:
    """Many transformers, a step at a time, by NumPy."""

    def __init__(self, transformers: list[Transformer], state: ThermalState, step_s: float) -> None:
        """Stack the constants."""
        rows = [Plain(each, step_s) for each in transformers]
        self.x = np.array([each.constants["oil_exponent"] for each in rows])
        self.y = np.array([each.constants["winding_exponent"] for each in rows])
        self.loss_ratio = np.array([each.constants["loss_ratio"] for each in rows])
        self.k21 = np.array([each.constants["k21"] for each in rows])
        self.rise_k = np.array([each.constants["top_oil_rise_k"] for each in rows])
        self.gradient_k = np.array([each.constants["hot_spot_gradient_k"] for each in rows])
        self.reached = np.array([each.reached for each in rows]).T.copy()
        self.values = np.tile([[state.top_oil_c], [state.quick_k], [state.slow_k]], len(rows))

    def step(self, load_factor: Floats, ambient_c: Floats) -> Floats:
        """Move all and return the hot spots."""
        losses = (1 + self.loss_ratio * load_factor**2) / (1 + self.loss_ratio)
        gradient = self.gradient_k * load_factor**self.y
        ends = np.stack([ambient_c + self.rise_k * losses**self.x, self.k21 * gradient, (self.k21 - 1) * gradient])
        self.values += self.reached * (ends - self.values)
        return np.asarray(self.values[0] + self.values[1] - self.values[2])
