"""Vector sums for sites with chargers between two lines: what flows, what is too much, and how it is shared."""

from . import _admission, _filling
from .engine import LineSharing
from .problem import (
    L1,
    L1_L2,
    L2,
    L2_L3,
    L3,
    L3_L1,
    THREE_PHASE,
    LineBinding,
    LineCurrents,
    LineRequest,
    LineShare,
    LineSite,
)

COMPILED: bool = all(module.COMPILED for module in (_admission, _filling))
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = [
    "COMPILED",
    "L1",
    "L1_L2",
    "L2",
    "L2_L3",
    "L3",
    "L3_L1",
    "THREE_PHASE",
    "LineBinding",
    "LineCurrents",
    "LineRequest",
    "LineShare",
    "LineSharing",
    "LineSite",
]
