"""Dynamic loading of transformers: how warm a load makes one, and how much load, for how long, its limits allow."""

from . import _fleet, _limits, _windings
from .ageing import Paper, ageing_rate, loss_of_life_s
from .engine import ThermalWindow
from .fleet import ThermalFleet
from .problem import (
    LONG_EMERGENCY,
    NORMAL_CYCLIC,
    SHORT_EMERGENCY,
    Headroom,
    LoadingBound,
    LoadingLimits,
    Temperatures,
    ThermalState,
    Transformer,
)

COMPILED: bool = all(module.COMPILED for module in (_fleet, _limits, _windings))
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = [
    "COMPILED",
    "LONG_EMERGENCY",
    "NORMAL_CYCLIC",
    "SHORT_EMERGENCY",
    "Headroom",
    "LoadingBound",
    "LoadingLimits",
    "Paper",
    "Temperatures",
    "ThermalFleet",
    "ThermalState",
    "ThermalWindow",
    "Transformer",
    "ageing_rate",
    "loss_of_life_s",
]
