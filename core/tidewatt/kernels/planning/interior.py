"""Solves the linear relaxation of a plan with an interior point that knows the structure of fleets on a circuit tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ._interior_boxes import Boxes
from ._interior_circuits import SiteRows
from ._interior_finish import Finish
from ._interior_units import UnitRows
from ._schur import UnitEquations
from .interior_model import TINY, Model
from .interior_tree import TreeEquations
from .problem import Floats, PlanProblem

TOLERANCE = 1e-7
"""Relative gap between objective and bound at which the relaxation counts as solved."""

STEPS: Final = 100
"""The interior point ends after so many steps in any case; what it has by then is a plan with a true bound."""

PART = 2048
"""Variables that are worked on together, so that they stay in the cache."""

SHORT_OF_BOUND = 0.9995
"""The part of the way to the nearest bound that a step goes."""

START = 1.0
"""Complementarity of the start, in `Model`'s units."""


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


class _Iteration:
    """The arrays of one interior point and its steps."""

    def __init__(self, model: Model) -> None:
        self.model = model
        variables, slots = model.width.size, model.lowest.shape[1]
        rows, site = model.unit_value.size, model.site_value.size
        names = "low high low_price high_price live weight slope pull step low_step high_step".split()
        columns = dict(zip(names, np.zeros((len(names), variables)), strict=True))
        self.columns = columns
        self.boxes = Boxes(width=model.width, cost=model.cost, **columns)
        self.unit_price, self.unit_missing, self.unit_change, own, cross, link, coupling, through, ratio, inverse = (
            np.zeros((10, rows))
        )
        self.site_price, self.site_missing, self.site_change, site_own, site_link = np.zeros((5, site))
        self.row_price, share = np.zeros((2, model.row_slot.size))
        peak_diagonal, peak_change = np.zeros((2, model.peaks))
        first_row = model.unit_node * slots + model.arrival
        shared = {name: columns[name] for name in ("low", "weight", "slope", "pull", "step")} | {"cost": model.cost}
        self.units = UnitRows(
            slot_start=model.slot_start,
            start=model.start,
            kind=model.kind,
            first_row=first_row,
            stored=model.stored,
            taken=model.taken,
            unit_value=model.unit_value,
            unit_price=self.unit_price,
            unit_missing=self.unit_missing,
            unit_change=self.unit_change,
            site_price=self.site_price,
            site_missing=self.site_missing,
            site_change=self.site_change,
            own=own,
            cross=cross,
            link=link,
            coupling=coupling,
            through=through,
            **shared,
        )
        self.site = SiteRows(
            first=model.first_piece,
            slots=slots,
            parent=model.parent,
            piece_row=model.piece_row,
            piece_peak=model.piece_peak,
            row_slot=model.row_slot,
            row_peak=model.row_peak,
            row_value=model.row_value,
            row_price=self.row_price,
            share=share,
            site_value=model.site_value,
            site_price=self.site_price,
            site_missing=self.site_missing,
            site_change=self.site_change,
            own=site_own,
            link=site_link,
            peak_diagonal=peak_diagonal,
            peak_change=peak_change,
            **shared,
        )
        matrix = np.zeros((model.parent.size, slots, slots))
        self.equations = TreeEquations(
            UnitEquations(
                slot_start=model.slot_start,
                first_row=first_row,
                own=own,
                cross=cross,
                link=link,
                coupling=coupling,
                through=through,
                unit_change=self.unit_change,
                site_change=self.site_change,
                ratio=ratio,
                inverse=inverse,
                matrix=matrix,
            ),
            parent=model.parent,
            matrix=matrix,
            own=site_own,
            link=site_link,
            site_change=self.site_change,
            row_slot=model.row_slot,
            row_peak=model.row_peak,
            share=share,
            peak_diagonal=peak_diagonal,
            peak_change=peak_change,
        )
        self.parts = self._parts()

    def _parts(self) -> list[tuple[int, int, int, int]]:
        """Cut the units into ranges: units from and to, variables from and to; the site's go with the last."""
        start = self.model.start
        cuts = np.searchsorted(start, np.arange(PART, int(start[-1]), PART))
        edges = np.unique(np.concatenate([[0], cuts, [start.size - 1]])).tolist()
        parts = [
            (first, last, int(start[first]), int(start[last])) for first, last in zip(edges, edges[1:], strict=False)
        ] or [(0, 0, 0, 0)]
        first, last, begin, _ = parts[-1]
        parts[-1] = (first, last, begin, self.model.width.size)
        return parts

    def start(self) -> None:
        """Put everything on the central path of first guesses of the prices."""
        model, slots = self.model, self.model.lowest.shape[1]
        self.boxes.close(TINY)
        self.site_price.reshape(-1, slots)[:] = model.energy_price
        total = np.concatenate([[0.0], np.cumsum(model.energy_price)])
        count = np.diff(model.slot_start)
        mean = (total[model.arrival + count] - total[model.arrival]) / (np.maximum(count, 1) * model.stored)
        self.unit_price[:] = np.repeat(mean, count)
        self.units.slopes(0, count.size)
        self.site.slopes()
        self.boxes.centre(START)

    def run(self, tolerance: float) -> int:
        """Go on until the complementarity is below the tolerance; return the number of steps."""
        model, boxes, units, site, parts = self.model, self.boxes, self.units, self.site, self.parts
        money = model.price * model.power_kw
        variables = model.width.size
        primal = dual = 0.0
        infeasible = 1.0
        for steps in range(STEPS):
            boxes.clear()
            units.move(dual)
            site.move(dual)
            site.begin()
            for first, last, begin, end in parts:
                boxes.move(begin, end, primal, dual)
                units.slopes(first, last)
                units.miss(first, last)
                boxes.weigh(begin, end)
                units.normal(first, last)
            site.slopes()
            site.miss()
            site.normal()
            gap, value = boxes.total(0), boxes.total(1) * money + model.constant
            infeasible *= 1.0 - primal
            if variables == 0 or gap * money < tolerance * (1.0 + abs(value)) and infeasible < 1e-9:
                return steps
            self.equations.factor()
            self._gather(centred=False)
            self.equations.solve()
            for first, last, begin, end in parts:
                units.spread(first, last)
                if end == variables:
                    site.spread()
                boxes.predict(begin, end)
            primal, dual = 1.0 / max(boxes.total(6), 1.0), 1.0 / max(boxes.total(7), 1.0)
            after = gap + primal * boxes.total(2) + dual * boxes.total(3) + primal * dual * boxes.total(4)
            after = min(max(after, 0.0) / gap, 1.0)
            boxes.clear()
            for _, _, begin, end in parts:
                boxes.aim(begin, end, after * after * after * gap / (2 * variables), primal * dual)
            self._gather(centred=True)
            self.equations.solve()
            for first, last, begin, end in parts:
                units.spread(first, last)
                if end == variables:
                    site.spread()
                boxes.correct(begin, end)
            primal = min(1.0, SHORT_OF_BOUND / max(boxes.total(6), TINY))
            dual = min(1.0, SHORT_OF_BOUND / max(boxes.total(7), TINY))
        return STEPS

    def _gather(self, *, centred: bool) -> None:
        """Compute the right-hand sides of the equations."""
        self.site.start_gathering()
        for first, last, _, _ in self.parts:
            self.units.gather(first, last, centred)
        self.site.gather(centred)

    def bound(self) -> float:
        """Return the least objective there can be for these prices, in money."""
        model = self.model
        rows = (
            (model.unit_value, self.unit_price),
            (model.site_value, self.site_price),
            (model.row_value, self.row_price),
        )
        total = sum(float((value * price).sum()) for value, price in rows) + self.boxes.bound()
        return total * model.price * model.power_kw + model.constant


class InteriorSolver:
    """Solves relaxations one after the other and keeps its memory between problems of equal sizes."""

    def relax(
        self, problem: PlanProblem, *, previous: InteriorState | None = None, tolerance: float = TOLERANCE
    ) -> Relaxation:
        """Solve the relaxation; the problem has passed the checks. `previous` makes it faster, never better or worse."""
        model = Model.of(problem)
        iteration = _Iteration(model)
        iteration.start()
        steps = iteration.run(tolerance)
        bound = iteration.bound()
        lowest = np.minimum(problem.floor_kwh, problem.energy_kwh) / model.power_kw
        highest = np.maximum(problem.ceiling_kwh, problem.energy_kwh) / model.power_kw
        low = iteration.columns["low"]
        finish = Finish(
            arrival=model.arrival,
            slot_start=model.slot_start,
            start=model.start,
            kind=model.kind,
            node=model.unit_node,
            stored=model.stored,
            taken=model.taken,
            energy=problem.energy_kwh / model.power_kw,
            lowest_energy=lowest,
            highest_energy=highest,
            unit_value=model.unit_value,
            parent=model.parent,
            lowest=model.lowest,
            highest=model.highest,
            width=model.width,
            low=low,
            live=iteration.columns["live"],
        )
        finish.settle()
        cost = finish.carry(
            first=model.first_piece,
            piece_row=model.piece_row,
            piece_peak=model.piece_peak,
            row_peak=model.row_peak,
            row_value=model.row_value,
            cost=model.cost,
        )
        charge, discharge, energy_price = np.zeros((3, problem.circuit.size, problem.import_price_per_kwh.size))
        for i in range(problem.circuit.size):
            at, rows = int(model.start[i]), int(model.slot_start[i])
            slots = int(model.slot_start[i + 1]) - rows
            window = slice(int(model.arrival[i]), int(model.arrival[i]) + slots)
            charge[i, window] = low[at : at + slots] * model.power_kw
            if model.kind[i] & 1:
                discharge[i, window] = low[at + slots : at + 2 * slots] * model.power_kw
            energy_price[i, window] = iteration.unit_price[rows : rows + slots] * model.price
        site_price = iteration.site_price.reshape(model.lowest.shape)[model.node] * (model.price / problem.slot_h)
        return Relaxation(
            charge_kw=charge,
            discharge_kw=discharge,
            price_per_kwh=site_price,
            energy_price_per_kwh=energy_price,
            objective=cost * model.price * model.power_kw + model.constant,
            bound=bound,
            iterations=steps,
            state=InteriorState(
                price_per_kwh=site_price,
                energy_price_per_kwh=energy_price,
                import_price_per_kwh=problem.import_price_per_kwh,
            ),
        )


def relax(
    problem: PlanProblem, *, previous: InteriorState | None = None, tolerance: float = TOLERANCE
) -> Relaxation:
    """Solve the relaxation of a problem that has passed the checks; see `InteriorSolver` for many in a row."""
    return InteriorSolver().relax(problem, previous=previous, tolerance=tolerance)
