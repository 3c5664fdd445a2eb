"""Shares the current of a tree of circuits among chargers: exact, weighted, explained."""

from . import (
    _admission,
    _answer,
    _candidates,
    _checks,
    _filling,
    _order,
    _relying,
    _rows,
    _sorting,
    _starting,
    _steps,
    _tree,
    _utility,
)
from .engine import INCUMBENT_BONUS, Allocator, allocate
from .problem import Allocation, AllocationProblem, BindingCode, Objective

COMPILED: bool = all(
    module.COMPILED
    for module in (
        _admission,
        _answer,
        _candidates,
        _checks,
        _filling,
        _order,
        _relying,
        _rows,
        _sorting,
        _starting,
        _steps,
        _tree,
        _utility,
    )
)
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = [
    "COMPILED",
    "INCUMBENT_BONUS",
    "Allocation",
    "AllocationProblem",
    "Allocator",
    "BindingCode",
    "Objective",
    "allocate",
]
