"""Plans power and energy of vehicles and batteries: least cost within every limit, with a certificate."""

from . import _evaluate, _ranges
from .evaluate import Evaluation, evaluate
from .problem import Plan, PlanProblem, PlanReason

COMPILED: bool = all(module.COMPILED for module in (_evaluate, _ranges))
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = ["COMPILED", "Evaluation", "Plan", "PlanProblem", "PlanReason", "evaluate"]
