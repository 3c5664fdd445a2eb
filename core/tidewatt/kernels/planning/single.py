"""One unit after the other, all else given: between the problem's arrays and the solver's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ._branching import Branching
from ._layout import Layout
from ._single import UnitSolver
from ._worth import Worth
from .evaluate import grid_price
from .penalties import floor_price, limit_price
from .problem import Floats, PlanProblem
from .workspace import UnitTerms, Workspace


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stay:
    """The best way of one unit through its stay of K slots, all else given.

    Attributes:
        power_kw: float64[K], None where there is none better than the present one.
        relaxed_kw: float64[K], the cheapest way over the hulls, which may have powers that are not allowed.
        worth_per_kwh: float64[K], of energy stored during each slot.
        value: what it costs, compared with no power in any slot; that of the present one where there is none better.
        bound: no way costs less.
    """

    power_kw: Floats | None
    relaxed_kw: Floats
    worth_per_kwh: Floats
    value: float
    bound: float


class Units:
    """Finds the best way of any unit of a problem while the others keep theirs."""

    def __init__(self, problem: PlanProblem, power_kw: Floats, flow_kw: Floats, peak_kw: Floats) -> None:
        """Begin with given powers.

        Args:
            problem: has passed the checks.
            power_kw: float64[N, T], changed by `accept`.
            flow_kw: float64[V, T], of these powers; likewise.
            peak_kw: float64[P], highest import of each period; kept by the caller.
        """
        self.problem = problem
        self.power_kw = power_kw
        stays = problem.departure_slot - problem.arrival_slot
        longest, deepest = int(stays.max(initial=0)), _depth(problem)
        self.space = Workspace.of(longest, deepest + 1)
        self.solver = UnitSolver(self.space)
        self.worth = Worth(self.space)
        self.best_kw = np.zeros(longest)
        self.branching = Branching(self.space, self.solver, self.best_kw)
        self.floor_price = floor_price(problem)
        self.free = np.zeros(problem.import_price_per_kwh.shape[0])
        self.layout = Layout(
            space=self.space,
            parent=problem.parent,
            import_limit_kw=problem.import_limit_kw,
            export_limit_kw=problem.export_limit_kw,
            base_kw=problem.base_kw,
            buy=grid_price(problem),
            sell=problem.export_price_per_kwh,
            peak=problem.peak,
            peak_price=problem.peak_price_per_kw / problem.slot_h,
            limit_price=limit_price(problem),
            flow_kw=flow_kw,
            peak_kw=peak_kw,
        )

    def terms(self, unit: int) -> UnitTerms:
        """Return what the solver knows of a unit."""
        problem = self.problem
        start, floor = float(problem.energy_kwh[unit]), float(problem.floor_kwh[unit])
        efficiency = float(problem.charge_efficiency[unit])
        rise = problem.slot_h * efficiency * float(problem.charge_limit_kw[unit])
        return UnitTerms(
            stay=int(problem.departure_slot[unit]) - int(problem.arrival_slot[unit]),
            slot_h=problem.slot_h,
            charge_efficiency=efficiency,
            discharge_efficiency=float(problem.discharge_efficiency[unit]),
            wear=float(problem.wear_per_kwh[unit]),
            minimum_kw=float(problem.minimum_kw[unit]),
            start_kwh=start,
            low_kwh=min(floor, start),
            high_kwh=max(float(problem.ceiling_kwh[unit]), start),
            floor_kwh=floor,
            rise_kwh=rise if start < floor else -1.0,
            floor_price=self.floor_price,
            target_kwh=float(problem.target_kwh[unit]),
            unmet_price=float(problem.unmet_price_per_kwh[unit]),
            end_value=float(problem.end_value_per_kwh[unit]),
        )

    def solve(self, unit: int, nodes: int, *, keep: bool, extra: Floats | None = None) -> Stay | None:
        """Return the best way of a unit; None where its circuits leave it no way at all.

        Args:
            unit: which.
            nodes: how many branches are looked into.
            keep: the present powers are allowed: only better ones count.
            extra: float64[T], is added to the price of every kWh it draws.
        """
        space, terms = self.space, self._take_up(unit, extra)
        relaxed = self.solver.solve() if self.solver.draw_all() else np.inf
        if relaxed == np.inf:
            return None
        stay = terms.stay
        bound = min(self.worth.find(terms), relaxed)
        worth_per_kwh, relaxed_kw = space.worth[:stay].copy(), space.power_kw[:stay].copy()
        present = self._present(unit) if keep else np.inf
        value, proven = self.branching.run(stay, relaxed, present, nodes)
        return Stay(
            power_kw=self.best_kw[:stay].copy() if value < present else None,
            relaxed_kw=relaxed_kw,
            worth_per_kwh=worth_per_kwh,
            value=value,
            bound=value if proven else bound,
        )

    def follow(self, unit: int) -> float:
        """Return what the present powers of a unit cost, compared with none."""
        self._take_up(unit, None)
        return self._present(unit)

    def _take_up(self, unit: int, extra: Floats | None) -> UnitTerms:
        """Fill the workspace for a unit."""
        problem = self.problem
        self.layout.lay_out(
            circuit=int(problem.circuit[unit]),
            arrival=int(problem.arrival_slot[unit]),
            departure=int(problem.departure_slot[unit]),
            charge_limit_kw=float(problem.charge_limit_kw[unit]),
            discharge_limit_kw=float(problem.discharge_limit_kw[unit]),
            minimum_kw=float(problem.minimum_kw[unit]),
            own_kw=self.power_kw[unit],
            extra=self.free if extra is None else extra,
        )
        terms = self.terms(unit)
        self.solver.begin(terms)
        return terms

    def _present(self, unit: int) -> float:
        problem = self.problem
        return float(self.solver.follow(self.power_kw[unit, problem.arrival_slot[unit] : problem.departure_slot[unit]]))

    def accept(self, unit: int, power_kw: Floats) -> None:
        """Give a unit other powers, float64[K] over its stay."""
        problem = self.problem
        self.layout.replace(
            circuit=int(problem.circuit[unit]),
            arrival=int(problem.arrival_slot[unit]),
            departure=int(problem.departure_slot[unit]),
            own_kw=self.power_kw[unit],
            power_kw=power_kw,
        )


def _depth(problem: PlanProblem) -> int:
    """Return how many circuits the longest way to the root has."""
    depth = np.ones(problem.parent.shape[0], np.intp)
    for circuit, parent in enumerate(problem.parent.tolist()):
        if parent >= 0:
            depth[circuit] = depth[parent] + 1
    return int(depth.max())
