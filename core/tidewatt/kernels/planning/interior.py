"""Solves the linear relaxation of a plan with an interior point that knows the structure of fleets on a circuit tree."""

from __future__ import annotations

from dataclasses import dataclass

from .problem import Floats, PlanProblem

TOLERANCE = 1e-7
"""Relative gap between objective and bound at which the relaxation counts as solved."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InteriorState:
    """What a later call starts from: the prices of this one.

    Attributes:
        price_per_kwh: float64[V, T], see `Relaxation`.
        energy_price_per_kwh: float64[N, T], see `Relaxation`.
        import_price_per_kwh: float64[T], the prices they belong to, by which a horizon that has moved on is recognised.
    """

    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    import_price_per_kwh: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxation:
    """Solution of the relaxation of a plan to a linear program.

    It lets a unit charge and discharge in the same slot (which pays only where prices are negative) and at less than
    its minimum power. Where export earns more than import costs it takes the straight line from the lowest to the
    highest power the site can have. So its optimum is never above that of the plan.

    Attributes:
        charge_kw: float64[N, T], zero or more; 0 where absent.
        discharge_kw: float64[N, T], zero or more; 0 where absent.
        price_per_kwh: float64[V, T], what one more kWh at each circuit would cost.
        energy_price_per_kwh: float64[N, T], what one more kWh stored during a slot is worth; 0 where absent.
        objective: cost plus penalties of these powers in the relaxation.
        bound: no solution of the relaxation has a lower objective.
        iterations: interior point steps.
        state: what a later call starts from.
    """

    charge_kw: Floats
    discharge_kw: Floats
    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    objective: float
    bound: float
    iterations: int
    state: InteriorState


class InteriorSolver:
    """Solves relaxations one after the other and keeps its memory between problems of equal sizes."""

    def relax(
        self, problem: PlanProblem, *, previous: InteriorState | None = None, tolerance: float = TOLERANCE
    ) -> Relaxation:
        """Solve the relaxation; the problem has passed the checks. `previous` makes it faster, never better or worse."""
        raise NotImplementedError


def relax(problem: PlanProblem, *, previous: InteriorState | None = None, tolerance: float = TOLERANCE) -> Relaxation:
    """Solve the relaxation of a problem that has passed the checks; see `InteriorSolver` for many in a row."""
    return InteriorSolver().relax(problem, previous=previous, tolerance=tolerance)
