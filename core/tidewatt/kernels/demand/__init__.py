"""Keeps the average load of clock-aligned demand windows within a limit, and sees spikes before they count.

Plain Python on purpose: a step is a few dozen operations on a few numbers, and handing them to machine code and back
would cost as much as it saves.
"""

from .engine import step
from .problem import DemandAnswer, DemandSample, DemandSettings, DemandState, LoadState, PeakState, WindowState

__all__ = [
    "DemandAnswer",
    "DemandSample",
    "DemandSettings",
    "DemandState",
    "LoadState",
    "PeakState",
    "WindowState",
    "step",
]
