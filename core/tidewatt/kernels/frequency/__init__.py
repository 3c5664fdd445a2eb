"""Response of chargers to the frequency of the grid: what to believe, what to act on, when to go to safe mode."""

from . import _droop
from .engine import droop, step
from .problem import (
    FrequencyMode,
    FrequencyReading,
    FrequencyReason,
    FrequencyResponse,
    FrequencySettings,
    FrequencyState,
)

COMPILED: bool = _droop.COMPILED
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = [
    "COMPILED",
    "FrequencyMode",
    "FrequencyReading",
    "FrequencyReason",
    "FrequencyResponse",
    "FrequencySettings",
    "FrequencyState",
    "droop",
    "step",
]
