"""Which equations of the interior point fit a model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ._interior_one import OneEquations
from ._schur import UnitEquations
from .interior_model import Model
from .interior_one import PeakedOne
from .interior_space import Space
from .interior_tree import TreeEquations
from .problem import Floats


def equations_of(
    model: Model,
    space: Space,
    *,
    of_units: dict[str, Floats],
    of_peaks: dict[str, Floats],
    first_row: npt.NDArray[np.intp],
    left: Floats,
    own: Floats,
    link: Floats,
) -> TreeEquations | PeakedOne:
    """Return the equations for a model: slot after slot for one unit, through the circuits for more.

    Args:
        model: the model.
        space: where room for matrices comes from.
        of_units: own to inverse, see `_schur.UnitEquations`.
        of_peaks: share to peak_change, see `_interior_circuits.SiteRows`.
        first_row: see `_schur.UnitEquations`.
        left: see `_schur.UnitEquations`.
        own: see `_interior_circuits.SiteRows`.
        link: see `_interior_circuits.SiteRows`.
    """
    rows = {"row_slot": model.row_slot, "row_peak": model.row_peak}
    if model.parent.size == 1 and model.arrival.size == 1:
        inner = space.zeros(model.peaks, model.peaks)
        one = OneEquations(arrival=int(model.arrival[0]), site_own=own, inner=inner, **of_units, **of_peaks, **rows)
        return PeakedOne(one, inner=inner, peak_change=of_peaks["peak_change"])
    slots = model.lowest.shape[1]
    matrix = space.zeros(model.parent.size, slots, slots)
    units = UnitEquations(slot_start=model.slot_start, first_row=first_row, matrix=matrix, left=left, **of_units)
    return TreeEquations(
        units,
        parent=model.parent,
        matrix=matrix,
        own=own,
        link=link,
        site_change=of_units["site_change"],
        row_slot=model.row_slot,
        row_peak=model.row_peak,
        space=space,
        **of_peaks,
    )
