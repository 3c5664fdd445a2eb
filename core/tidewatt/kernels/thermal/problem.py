"""What a transformer is, how warm it is, and how warm it may get."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.validation import check_number

type Floats = npt.NDArray[np.float64]

LARGEST_LOAD_FACTOR = 10.0
LOWEST_AMBIENT_C, HIGHEST_AMBIENT_C = -80.0, 100.0
LOWEST_C, HIGHEST_C = -100.0, 500.0
HIGHEST_STATE = 1e7
"""Far beyond what any transformer sees, and near enough that nothing overflows."""

STATE_REMEDY = "Give deg C or K; where the state is unknown, `steady_state`."


@dataclass(frozen=True, slots=True, kw_only=True)
class Transformer:
    """The constants of the exponential equations of IEC 60076-7 (2005 clause 8.2.2, 2018 clause 8.2.2).

    Losses, top-oil rise and gradient are from the rating plate or the heat-run test, for the tapping in use. The
    cooling classes below fill in the constants of IEC 60076-7, recommended thermal characteristics.

    Attributes:
        oil_exponent: x, total losses to top-oil rise.
        winding_exponent: y, current to gradient.
        loss_ratio: R, load losses at rated current over no-load losses.
        k11: oil constant.
        k21: winding constant, 1 for no overshoot of the gradient, else more.
        k22: winding constant.
        oil_time_s: tau_o, average oil time constant, s.
        winding_time_s: tau_w, winding time constant, s.
        top_oil_rise_k: top-oil rise over ambient in steady state at rated losses, K.
        hot_spot_gradient_k: H g_r, hot spot over top oil in steady state at rated current, K.
    """

    oil_exponent: float
    winding_exponent: float
    loss_ratio: float
    k11: float
    k21: float
    k22: float
    oil_time_s: float
    winding_time_s: float
    top_oil_rise_k: float
    hot_spot_gradient_k: float

    def __post_init__(self) -> None:
        """Refuse constants that cannot be.

        Raises:
            ValueError: names the constant and its range.
        """
        for field, (low, high) in CONSTANTS.items():
            check_number(field, getattr(self, field), low, high, f"Give a number from {low:g} to {high:g}.")
        longest_s = self.oil_time_s / self.k22**2
        if self.k21 > 1 and self.winding_time_s > longest_s:
            raise ValueError(
                f"winding_time_s: {self.winding_time_s!r} is not usable. Give at most oil_time_s / k22^2, "
                f"{longest_s!r}: otherwise more load would first cool the hot spot."
            )

    @classmethod
    def distribution_onan(
        cls, *, loss_ratio: float = 5.0, top_oil_rise_k: float = 55.0, hot_spot_gradient_k: float = 23.0
    ) -> Self:
        """Return a distribution transformer (up to 2500 kVA), natural oil and air; typical where nothing is known."""
        return cls(
            oil_exponent=0.8,
            winding_exponent=1.6,
            loss_ratio=loss_ratio,
            k11=1.0,
            k21=1.0,
            k22=2.0,
            oil_time_s=180 * 60.0,
            winding_time_s=4 * 60.0,
            top_oil_rise_k=top_oil_rise_k,
            hot_spot_gradient_k=hot_spot_gradient_k,
        )

    @classmethod
    def power_onan(cls, *, loss_ratio: float, top_oil_rise_k: float, hot_spot_gradient_k: float) -> Self:
        """Return a medium or large power transformer, natural oil and air."""
        return cls._power(
            loss_ratio, top_oil_rise_k, hot_spot_gradient_k, oil_time_s=210 * 60.0, winding_time_s=10 * 60.0
        )

    @classmethod
    def power_onaf(cls, *, loss_ratio: float, top_oil_rise_k: float, hot_spot_gradient_k: float) -> Self:
        """Return a medium or large power transformer, natural oil and forced air, its fans running."""
        return cls._power(
            loss_ratio, top_oil_rise_k, hot_spot_gradient_k, oil_time_s=150 * 60.0, winding_time_s=7 * 60.0
        )

    @classmethod
    def _power(
        cls,
        loss_ratio: float,
        top_oil_rise_k: float,
        hot_spot_gradient_k: float,
        *,
        oil_time_s: float,
        winding_time_s: float,
    ) -> Self:
        return cls(
            oil_exponent=0.8,
            winding_exponent=1.3,
            loss_ratio=loss_ratio,
            k11=0.5,
            k21=2.0,
            k22=2.0,
            oil_time_s=oil_time_s,
            winding_time_s=winding_time_s,
            top_oil_rise_k=top_oil_rise_k,
            hot_spot_gradient_k=hot_spot_gradient_k,
        )


CONSTANTS = {
    "oil_exponent": (0.1, 2.0),
    "winding_exponent": (0.5, 2.5),
    "loss_ratio": (0.01, 1e4),
    "k11": (0.05, 10.0),
    "k21": (1.0, 10.0),
    "k22": (0.1, 10.0),
    "oil_time_s": (60.0, 1e6),
    "winding_time_s": (1.0, 1e6),
    "top_oil_rise_k": (0.1, 200.0),
    "hot_spot_gradient_k": (0.0, 200.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ThermalState:
    """How warm a transformer is: three numbers that survive a restart.

    They belong to its constants: with others, begin again from `steady_state`.

    Attributes:
        top_oil_c: top-oil temperature, deg C.
        quick_k: the gradient that rises quickly, K; never negative.
        slow_k: the gradient that is taken off it as the oil starts to move, K; never negative.
    """

    top_oil_c: float
    quick_k: float
    slow_k: float

    def __post_init__(self) -> None:
        """Refuse a state that cannot be.

        Raises:
            ValueError: names the field, the value and the remedy.
        """
        for field, low in (("top_oil_c", LOWEST_C), ("quick_k", 0.0), ("slow_k", 0.0)):
            check_number(field, getattr(self, field), low, HIGHEST_STATE, STATE_REMEDY)

    @property
    def hot_spot_c(self) -> float:
        """Hot-spot temperature, deg C."""
        return self.top_oil_c + (self.quick_k - self.slow_k)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadingLimits:
    """How far a transformer may be loaded; by default not beyond its rating plate.

    Attributes:
        load_factor: highest current over rated current.
        hot_spot_c: highest hot-spot temperature, deg C.
        top_oil_c: highest top-oil temperature, deg C.
    """

    load_factor: float = 1.0
    hot_spot_c: float = 98.0
    top_oil_c: float = 105.0

    def __post_init__(self) -> None:
        """Refuse limits that cannot be.

        Raises:
            ValueError: names the limit and its range.
        """
        check_number("load_factor", self.load_factor, 0, LARGEST_LOAD_FACTOR, "Give a factor from 0 to 10.")
        check_number("hot_spot_c", self.hot_spot_c, 0, HIGHEST_C, "Give deg C, 0 to 500.")
        check_number("top_oil_c", self.top_oil_c, 0, HIGHEST_C, "Give deg C, 0 to 500.")


NORMAL_CYCLIC = LoadingLimits(load_factor=1.5, hot_spot_c=120.0, top_oil_c=105.0)
"""Distribution transformers, IEC 60076-7, current and temperature limits: every day, over a cycle of normal ageing."""

LONG_EMERGENCY = LoadingLimits(load_factor=1.8, hot_spot_c=140.0, top_oil_c=115.0)
"""Distribution transformers: for as long as a neighbour is out of service; ages by weeks a day."""

SHORT_EMERGENCY = LoadingLimits(load_factor=2.0, hot_spot_c=160.0, top_oil_c=115.0)
"""Distribution transformers: half an hour at most, and only to avoid an outage; bubbles may form in wet insulation."""


class LoadingBound(IntEnum):
    """What keeps the load of a transformer from being larger."""

    LOAD_FACTOR = 1
    """The limit of the load factor; the temperatures stay below theirs."""
    TOP_OIL = 2
    """The limit of the top-oil temperature."""
    HOT_SPOT = 3
    """The limit of the hot-spot temperature."""
    ALREADY_EXCEEDED = 4
    """A temperature limit is exceeded even without load, most often at the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headroom:
    """The largest constant load of a window.

    Attributes:
        load_factor: current over rated current; 0 if the limits cannot be kept.
        bound: what keeps it from being larger.
        top_oil_c: the highest top-oil temperature of the window at that load, deg C.
        hot_spot_c: the highest hot-spot temperature of the window at that load, deg C.
    """

    load_factor: float
    bound: LoadingBound
    top_oil_c: float
    hot_spot_c: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Temperatures:
    """The ends of T steps. The arrays belong to the window they come from and hold its latest run.

    Attributes:
        top_oil_c: float64[T], deg C.
        hot_spot_c: float64[T], deg C.
        quick_k: float64[T], K.
        slow_k: float64[T], K.
    """

    top_oil_c: Floats
    hot_spot_c: Floats
    quick_k: Floats
    slow_k: Floats

    def state(self, step: int) -> ThermalState:
        """Return the state at the end of a step; -1 for the last.

        Raises:
            IndexError: there is no such step.
        """
        return ThermalState(
            top_oil_c=float(self.top_oil_c[step]), quick_k=float(self.quick_k[step]), slow_k=float(self.slow_k[step])
        )
