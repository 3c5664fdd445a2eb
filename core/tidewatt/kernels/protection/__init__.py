"""Trip curves of fuses and miniature circuit breakers: what overload, and for how long, is sure not to open them."""

from . import _tripping
from .curves import BreakerType, TripCurve, breaker, fuse_gg, no_overload
from .engine import Protection

COMPILED: bool = _tripping.COMPILED
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = ["COMPILED", "BreakerType", "Protection", "TripCurve", "breaker", "fuse_gg", "no_overload"]
