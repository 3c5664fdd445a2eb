"""The arrays that change from cycle to cycle, made once for a site and shared by what works on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from .problem import Floats
from .structure import Structure


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cycle:
    """Requests, results and what flows meanwhile.

    Attributes:
        base_re: float64[R], base_im float64[R]: the base of each row.
        base_im: see base_re.
        limit_a: float64[R], what each row can carry beside the base that is only known by magnitude.
        minimum_a: float64[N], maximum_a float64[N], step_a float64[N], weight float64[N]: what the chargers can take.
        maximum_a: see minimum_a.
        step_a: see minimum_a.
        weight: see minimum_a.
        ceiling_a: float64[N], up to where a charger may still rise; 0 while it is paused.
        current_a: float64[N], the result.
        bound_by: intp[N], the row that keeps a charger from more, -1 for none.
        paused: uint8[N], 1 for a charger that a row has not enough left for.
        amount: float64[S], what flows in each slot.
        window_end: intp[R], after the last window of each row that can be the longest in this cycle.
    """

    base_re: Floats
    base_im: Floats
    limit_a: Floats
    minimum_a: Floats
    maximum_a: Floats
    step_a: Floats
    weight: Floats
    ceiling_a: Floats
    current_a: Floats
    bound_by: npt.NDArray[np.intp]
    paused: npt.NDArray[np.uint8]
    amount: Floats
    window_end: npt.NDArray[np.intp]

    @classmethod
    def of(cls, structure: Structure) -> Self:
        """Return the arrays for a site."""
        rows, chargers = structure.row_slot.size - 1, structure.wiring.size
        return cls(
            base_re=np.zeros(rows),
            base_im=np.zeros(rows),
            limit_a=np.zeros(rows),
            minimum_a=np.zeros(chargers),
            maximum_a=np.zeros(chargers),
            step_a=np.zeros(chargers),
            weight=np.ones(chargers),
            ceiling_a=np.zeros(chargers),
            current_a=np.zeros(chargers),
            bound_by=np.full(chargers, -1, np.intp),
            paused=np.zeros(chargers, np.uint8),
            amount=np.zeros(structure.slot_re.size),
            window_end=structure.row_window[1:].copy(),
        )
