"""Shares the current of a tree of circuits among chargers: exact, weighted, explained."""

from . import _admission, _filling, _incidence
from .engine import INCUMBENT_BONUS, allocate
from .problem import Allocation, AllocationProblem, BindingCode

COMPILED: bool = all(module.COMPILED for module in (_admission, _filling, _incidence))
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = ["COMPILED", "INCUMBENT_BONUS", "Allocation", "AllocationProblem", "BindingCode", "allocate"]
