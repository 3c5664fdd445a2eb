"""Many transformers, one step at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

import numpy as np

from tidewatt.kernels.validation import check_number, check_values, refuse

from ._fleet import Fleet, usable
from .engine import AMBIENT_REMEDY, LOAD_REMEDY
from .problem import HIGHEST_AMBIENT_C, LARGEST_LOAD_FACTOR, LOWEST_AMBIENT_C, Floats, ThermalState, Transformer


class ThermalFleet:
    """N transformers, such as those of a distribution grid, moved together by steps of one length.

    The arrays are the present state, each float64[N]: `top_oil_c`, `hot_spot_c` in deg C, `quick_k`, `slow_k` in K.
    They are changed in place.
    """

    def __init__(self, transformers: Sequence[Transformer], states: Sequence[ThermalState], *, step_s: float) -> None:
        """Prepare.

        Args:
            transformers: the constants of each.
            states: where each starts.
            step_s: length of a step, s, 0.001 to 1e7.

        Raises:
            ValueError: the lengths differ, or a number is out of its range.
        """
        check_number("step_s", step_s, 1e-3, 1e7, "Give seconds, 0.001 to 1e7.")
        x, y, loss_ratio, k11, k21, k22, oil_s, winding_s, rise_k, gradient_k = _columns(
            "transformers", transformers, Transformer
        )
        self.top_oil_c, self.quick_k, self.slow_k = _columns("states", states, ThermalState)
        if x.size != self.top_oil_c.size:
            raise ValueError(f"states: {self.top_oil_c.size} are not usable. Give one for each of {x.size}.")
        self._shape = x.shape
        self.hot_spot_c = self.top_oil_c + (self.quick_k - self.slow_k)
        self._oil_exponent, self._winding_exponent, self._loss_ratio = x, y, loss_ratio
        self._per_loss = 1.0 / (1.0 + loss_ratio)
        self._losses, self._currents = np.empty_like(x), np.empty_like(x)
        self._fleet = Fleet(
            rises=(rise_k, k21 * gradient_k, (k21 - 1.0) * gradient_k),
            decays=(
                np.exp(-step_s / (k11 * oil_s)),
                np.exp(-step_s / (k22 * winding_s)),
                np.exp(-step_s / (oil_s / k22)),
            ),
            states=(self.top_oil_c, self.quick_k, self.slow_k),
            hot_spot=self.hot_spot_c,
        )

    def step(self, load_factor: Floats, ambient_c: Floats) -> None:
        """Move every transformer by one step.

        Args:
            load_factor: float64[N], current over rated current, 0 to 10.
            ambient_c: float64[N], deg C.

        Raises:
            ValueError: an array is not usable; nothing was moved.
        """
        check_values("load_factor", load_factor, np.float64, self._shape)
        check_values("ambient_c", ambient_c, np.float64, self._shape)
        if not usable(load_factor, ambient_c):
            bad = ~((load_factor >= 0) & (load_factor <= LARGEST_LOAD_FACTOR))
            refuse("load_factor", load_factor, bad, LOAD_REMEDY)
            bad = ~((ambient_c >= LOWEST_AMBIENT_C) & (ambient_c <= HIGHEST_AMBIENT_C))
            refuse("ambient_c", ambient_c, bad, AMBIENT_REMEDY)
        losses = np.multiply(load_factor, load_factor, out=self._losses)
        losses *= self._loss_ratio
        losses += 1.0
        losses *= self._per_loss
        np.power(losses, self._oil_exponent, out=losses)
        np.power(load_factor, self._winding_exponent, out=self._currents)
        self._fleet.step(losses, self._currents, ambient_c)


def _columns(field: str, items: Sequence[object], kind: type) -> list[Floats]:
    """Return an array for each field of a dataclass, over all items."""
    try:
        rows = [[float(getattr(item, each.name)) for each in fields(kind)] for item in items]
    except (AttributeError, TypeError) as error:
        raise ValueError(f"{field}: {type(items).__name__} is not usable. Give {kind.__name__}s.") from error
    return list(np.array(rows, dtype=np.float64).reshape(-1, len(fields(kind))).T.copy())
