"""How fast the insulation of a transformer ages: IEC 60076-7, relative ageing rate and loss of life."""

from __future__ import annotations

from enum import Enum

import numpy as np

from tidewatt.kernels.validation import check_kind, check_number, check_values, refuse

from .problem import HIGHEST_C, LOWEST_C, Floats


class Paper(Enum):
    """The insulation of the windings."""

    NORMAL = "normal"
    """Rate 1 at 98 deg C, twice that for every 6 K."""
    UPGRADED = "upgraded"
    """Thermally upgraded: rate 1 at 110 deg C, an Arrhenius law."""


def ageing_rate(hot_spot_c: Floats, paper: Paper = Paper.NORMAL) -> Floats:
    """Return how many times faster than its design life the insulation ages.

    Args:
        hot_spot_c: float64[T], hot-spot temperature, deg C, -100 to 500.
        paper: the insulation.

    Returns:
        float64[T].

    Raises:
        ValueError: the array is not usable.
    """
    shape = (np.size(hot_spot_c),)
    check_values("hot_spot_c", hot_spot_c, np.float64, shape)
    bad = ~((hot_spot_c >= LOWEST_C) & (hot_spot_c <= HIGHEST_C))
    refuse("hot_spot_c", hot_spot_c, bad, "Give deg C, -100 to 500.")
    check_kind("paper", paper, Paper)
    if paper is Paper.UPGRADED:
        return np.exp(15000.0 / (110.0 + 273.0) - 15000.0 / (hot_spot_c + 273.0))
    return np.exp2((hot_spot_c - 98.0) / 6.0)


def loss_of_life_s(hot_spot_c: Floats, step_s: float, paper: Paper = Paper.NORMAL) -> float:
    """Return by how many seconds of its design life the insulation aged over steps that end at these temperatures.

    Args:
        hot_spot_c: float64[T], at the ends of the steps, deg C.
        step_s: length of a step, s.
        paper: the insulation.

    Raises:
        ValueError: the array or the number is not usable.
    """
    check_number("step_s", step_s, 0, 1e10, "Give seconds, 0 or more.")
    return float(ageing_rate(hot_spot_c, paper).sum() * step_s)
