"""Shares a power setpoint among up to ten million units: bounds, order of merit, whole steps, reasons."""

from . import _answer, _bounds, _energies, _queue, _rounding, _sharing
from .aggregate import ControlSettings, ControlState, begin, step
from .dispatcher import Dispatcher
from .fleet import Dispatch, DispatchReason, DispatchSettings, Fleet, Law, Reach

COMPILED: bool = all(module.COMPILED for module in (_answer, _bounds, _energies, _queue, _rounding, _sharing))
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = [
    "COMPILED",
    "ControlSettings",
    "ControlState",
    "Dispatch",
    "DispatchReason",
    "DispatchSettings",
    "Dispatcher",
    "Fleet",
    "Law",
    "Reach",
    "begin",
    "step",
]
