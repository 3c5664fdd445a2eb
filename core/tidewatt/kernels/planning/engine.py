"""The way from a problem to its plan: checks, the solution or its relaxation, repair, reasons, certificate."""

from __future__ import annotations

from .checks import check, check_previous
from .direct import is_direct, solve_direct
from .fleet import solve_fleet
from .problem import InteriorState, Plan, PlanProblem
from .reasons import explain

EXACT = 1e-9
"""Differences of prices below it are rounding where the dual is exact, relative to the highest price."""


def plan(problem: PlanProblem, previous: Plan | None = None) -> Plan:
    """Plan the powers of all units over all slots at the least cost.

    There always is a plan: breaches that cannot be avoided are kept small in the order of their rank and are named.
    `bound` is proven, so `gap` says how far the plan may be from the best there is. A plan of a similar problem, that
    of a quarter of an hour ago for example, makes a fleet's faster and changes nothing else that counts.

    The same problem gives the same plan to the last bit, compiled or not.

    Raises:
        ValueError: a field is of the wrong shape or type, or a value cannot be meant.
    """
    check(problem)
    if previous is not None:
        check_previous(previous)
    state: InteriorState | None = None
    iterations = 0
    if is_direct(problem):
        solution, tolerance = solve_direct(problem), EXACT
    else:
        solution, state, iterations, tolerance = solve_fleet(problem, None if previous is None else previous.state)
    outcome = solution.outcome
    reasons = explain(
        problem,
        power_kw=solution.power_kw,
        outcome=outcome,
        price_per_kwh=solution.price_per_kwh,
        energy_price_per_kwh=solution.energy_price_per_kwh,
        tolerance=tolerance,
    )
    bound = min(solution.bound, outcome.objective)
    return Plan(
        power_kw=solution.power_kw,
        energy_kwh=outcome.energy_kwh,
        import_kw=outcome.import_kw,
        export_kw=outcome.export_kw,
        peak_kw=outcome.peak_kw,
        unmet_kwh=outcome.unmet_kwh,
        floor_breach_kwh=outcome.floor_breach_kwh,
        limit_breach_kw=outcome.limit_breach_kw,
        reason=reasons.reason,
        binding_circuit=reasons.binding_circuit,
        price_per_kwh=solution.price_per_kwh,
        energy_price_per_kwh=solution.energy_price_per_kwh,
        cost=outcome.cost,
        objective=outcome.objective,
        bound=bound,
        gap=(outcome.objective - bound) / (1.0 + abs(outcome.objective)),
        iterations=iterations,
        state=state,
    )
