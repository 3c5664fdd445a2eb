"""Plans power and energy of vehicles and batteries: least cost within every limit, with a certificate."""

from .problem import Plan, PlanProblem, PlanReason

__all__ = ["Plan", "PlanProblem", "PlanReason"]
