"""What given powers lead to and cost: energies, flows, breaches, objective, computed from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._evaluate import follow_units, load_circuits, settle_grid
from .checks import check, check_powers
from .penalties import floor_price, limit_price
from .problem import Floats, PlanProblem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """The outcome of a plan; the fields are those of `Plan`, and `flow_kw` float64[V, T] goes through each circuit."""

    energy_kwh: Floats
    flow_kw: Floats
    import_kw: Floats
    export_kw: Floats
    peak_kw: Floats
    unmet_kwh: Floats
    floor_breach_kwh: Floats
    limit_breach_kw: Floats
    cost: float
    objective: float


def grid_price(problem: PlanProblem) -> Floats:
    """Return what a kWh from the grid counts, float64[T]: the import price and the CO2 that comes with it."""
    price: Floats = problem.import_price_per_kwh + problem.co2_price_per_kg * problem.co2_kg_per_kwh
    return price


def evaluate(problem: PlanProblem, power_kw: Floats) -> Evaluation:
    """Follow the powers through the problem.

    Args:
        problem: what was to be planned.
        power_kw: float64[N, T], 0 where a unit is absent.

    Returns:
        The outcome. Energies outside floor and ceiling are followed as they come: they are the caller's to avoid.

    Raises:
        ValueError: names field, index, value and remedy.
    """
    check(problem)
    check_powers(problem, power_kw)
    return follow(problem, power_kw)


def follow(problem: PlanProblem, power_kw: Floats) -> Evaluation:
    """Return the outcome as `evaluate` does, of what was checked before."""
    units, slots = power_kw.shape
    circuits, peaks = problem.parent.shape[0], problem.peak_price_per_kw.shape[0]
    energy_kwh, unmet_kwh, floor_breach_kwh = np.empty((units, slots + 1)), np.empty(units), np.empty(units)
    flow_kw, breach_kw = np.empty((circuits, slots)), np.empty((circuits, slots))
    import_kw, export_kw, peak_kw = np.empty(slots), np.empty(slots), np.empty(peaks)
    wear, unmet, lacks = follow_units(
        slot_h=problem.slot_h,
        arrival=problem.arrival_slot,
        departure=problem.departure_slot,
        charge_limit_kw=problem.charge_limit_kw,
        charge_efficiency=problem.charge_efficiency,
        discharge_efficiency=problem.discharge_efficiency,
        wear_per_kwh=problem.wear_per_kwh,
        start_kwh=problem.energy_kwh,
        floor_kwh=problem.floor_kwh,
        target_kwh=problem.target_kwh,
        unmet_price=problem.unmet_price_per_kwh,
        end_value=problem.end_value_per_kwh,
        power_kw=power_kw,
        energy_kwh=energy_kwh,
        unmet_kwh=unmet_kwh,
        floor_breach_kwh=floor_breach_kwh,
    )
    over = load_circuits(
        parent=problem.parent,
        circuit=problem.circuit,
        base_kw=problem.base_kw,
        import_limit_kw=problem.import_limit_kw,
        export_limit_kw=problem.export_limit_kw,
        power_kw=power_kw,
        flow_kw=flow_kw,
        breach_kw=breach_kw,
    )
    grid = settle_grid(
        slot_h=problem.slot_h,
        import_price=grid_price(problem),
        export_price=problem.export_price_per_kwh,
        peak=problem.peak,
        peak_price=problem.peak_price_per_kw,
        peak_so_far_kw=problem.peak_so_far_kw,
        net_kw=flow_kw[0],
        import_kw=import_kw,
        export_kw=export_kw,
        peak_kw=peak_kw,
    )
    cost = grid + wear
    penalties = unmet
    if lacks:
        penalties += floor_price(problem) * lacks
    if over:
        penalties += limit_price(problem) * problem.slot_h * over
    return Evaluation(
        energy_kwh=energy_kwh,
        flow_kw=flow_kw,
        import_kw=import_kw,
        export_kw=export_kw,
        peak_kw=peak_kw,
        unmet_kwh=unmet_kwh,
        floor_breach_kwh=floor_breach_kwh,
        limit_breach_kw=breach_kw,
        cost=cost,
        objective=cost + penalties,
    )
