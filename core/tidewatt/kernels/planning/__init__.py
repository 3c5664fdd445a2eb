"""Plans power and energy of vehicles and batteries: least cost within every limit, with a certificate."""

from . import (
    _branching,
    _cholesky,
    _diffusion,
    _evaluate,
    _interior_boxes,
    _interior_circuits,
    _interior_finish,
    _interior_fleet,
    _interior_one,
    _interior_site,
    _interior_units,
    _layout,
    _prices,
    _ranges,
    _reasons,
    _schur,
    _single,
    _worth,
)
from .engine import plan
from .evaluate import Evaluation, evaluate
from .problem import Plan, PlanProblem, PlanReason

COMPILED: bool = all(
    module.COMPILED
    for module in (
        _branching,
        _cholesky,
        _diffusion,
        _evaluate,
        _interior_boxes,
        _interior_circuits,
        _interior_one,
        _interior_one,
        _interior_finish,
        _interior_fleet,
        _interior_site,
        _interior_units,
        _layout,
        _prices,
        _ranges,
        _reasons,
        _schur,
        _single,
        _worth,
    )
)
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = ["COMPILED", "Evaluation", "Plan", "PlanProblem", "PlanReason", "evaluate", "plan"]
