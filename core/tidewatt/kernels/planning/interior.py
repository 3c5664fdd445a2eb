"""Solves the linear relaxation of a plan with an interior point that knows the structure of fleets on a site."""

from __future__ import annotations

from dataclasses import dataclass, replace
import threading

import numpy as np
import numpy.typing as npt

from ._interior_finish import Finish
from .interior_model import Model
from .interior_point import STARTS, InteriorPoint
from .interior_space import Space
from .penalties import highest, lowest
from .problem import Floats, InteriorState, PlanProblem

TOLERANCE = 5e-7
"""Relative gap between objective and bound at which the relaxation counts as solved."""

LATEST = 2
"""A horizon that has moved on by more slots is planned from the beginning: too much is new in it."""

ENOUGH = 10.0
"""A gap of this many tolerances is no reason to start again."""

AT_ONCE_KW = 1e-6
"""Charging and discharging by more than this in one slot is what only the relaxation can."""

type Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relaxation:
    """Solution of the relaxation of a plan to a linear program.

    It lets a unit charge and discharge in the same slot (which pays only where prices are negative) and at less than
    its minimum power. Where export earns more than import costs it takes the straight line from the lowest to the
    highest power the site can have. So its optimum is never above that of the plan.

    Attributes:
        charge_kw: float64[N, T], zero or more; 0 where absent.
        discharge_kw: float64[N, T], zero or more; 0 where absent.
        power_kw: float64[N, T], within every limit as well: what stores as much without doing both at once, or as near
            to that as the circuits carry where only losses got rid of a surplus.
        at_once: bool[N], whether a unit does both at once.
        price_per_kwh: float64[V, T], what one more kWh at each circuit would cost.
        energy_price_per_kwh: float64[N, T], what one more kWh stored during a slot is worth; 0 where absent.
        objective: cost plus penalties of these powers in the relaxation.
        bound: no solution of the relaxation has a lower objective.
        iterations: interior point steps.
        state: what a later call starts from.
    """

    charge_kw: Floats
    discharge_kw: Floats
    power_kw: Floats
    at_once: Flags
    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    objective: float
    bound: float
    iterations: int
    state: InteriorState

    @property
    def gap(self) -> float:
        """The most that the objective can be above the optimum, as a part of 1 + |objective|."""
        return (self.objective - self.bound) / (1.0 + abs(self.objective))


class InteriorSolver:
    """Solves relaxations one after the other, of the same size without new arrays but those of the answers.

    One thread at a time may use it.
    """

    def __init__(self) -> None:
        """Begin without any room."""
        self._space = Space()

    def relax(
        self, problem: PlanProblem, *, previous: InteriorState | None = None, tolerance: float = TOLERANCE
    ) -> Relaxation:
        """Solve the relaxation of a problem that has passed the checks.

        Args:
            problem: what to plan.
            previous: where to start from; it changes how many steps are made, never whether the answer is right.
            tolerance: relative gap between objective and bound.
        """
        self._space.begin()
        model = Model.of(problem, self._space)
        point = InteriorPoint(model, self._space)
        answers: list[Relaxation] = []
        moved_on = None if previous is None else _moved_on(previous, problem)
        if previous is not None and moved_on is not None:
            point.start_from(*_scaled(previous, problem, model, moved_on))
            answers.append(_answer(problem, point, point.run(tolerance)))
        for start in STARTS:
            if answers and answers[-1].gap <= ENOUGH * tolerance:
                break
            point.start(start)
            answers.append(_answer(problem, point, point.run(tolerance)))
        best = min(answers, key=lambda answer: answer.gap)
        return replace(best, iterations=sum(answer.iterations for answer in answers))


class _Threads(threading.local):
    """The solver of each thread."""

    def __init__(self) -> None:
        self.solver = InteriorSolver()


_threads = _Threads()


def _moved_on(state: InteriorState, problem: PlanProblem) -> int | None:
    """Return by how many slots the horizon has moved on since a state; None if it is too many, or of another site."""
    circuits, slots = problem.base_kw.shape
    units = problem.circuit.size
    if state.price_per_kwh.shape != (circuits, slots) or state.energy_price_per_kwh.shape != (units, slots):
        return None
    before, now = state.import_price_per_kwh, problem.import_price_per_kwh
    moved_on = next((n for n in range(slots) if np.array_equal(before[n:], now[: slots - n])), 0)
    return moved_on if moved_on <= LATEST else None


def _scaled(state: InteriorState, problem: PlanProblem, model: Model, moved_on: int) -> tuple[Floats, Floats]:
    """Return the prices of the circuits that matter and of the units, by the slots and units of the model."""
    matter = np.unique(model.node, return_index=True)[1]
    price = state.price_per_kwh[matter, moved_on:] * (problem.slot_h / model.price)
    return price, state.energy_price_per_kwh[:, moved_on:] / model.price


def _answer(problem: PlanProblem, point: InteriorPoint, steps: int) -> Relaxation:
    """Make powers and prices of where the interior point is."""
    model = point.model
    bound = point.bound()
    cost = _settle(problem, point)
    charge, discharge = _powers(problem, point)
    both = np.minimum(charge, discharge)
    at_once: Flags = np.any(both > AT_ONCE_KW, axis=1)
    net_kw = _net(problem, point) if both.any() else charge - discharge
    energy_price = np.zeros_like(charge)
    worth = point.unit_price * model.price
    for i, first in enumerate(model.arrival.tolist()):
        rows, end = int(model.slot_start[i]), int(model.slot_start[i + 1])
        energy_price[i, first : first + end - rows] = worth[rows:end]
    price = point.site_price.reshape(model.lowest.shape)[model.node] * (model.price / problem.slot_h)
    return Relaxation(
        charge_kw=charge,
        discharge_kw=discharge,
        power_kw=net_kw,
        at_once=at_once,
        price_per_kwh=price,
        energy_price_per_kwh=energy_price,
        objective=cost,
        bound=bound,
        iterations=steps,
        state=InteriorState(
            price_per_kwh=price,
            energy_price_per_kwh=energy_price,
            import_price_per_kwh=problem.import_price_per_kwh,
        ),
    )


def _powers(problem: PlanProblem, point: InteriorPoint) -> tuple[Floats, Floats]:
    """Return float64[N, T] twice, charging and discharging at the point."""
    model = point.model
    charge, discharge = np.zeros((2, problem.circuit.size, problem.import_price_per_kwh.size))
    powers = point.low * model.power_kw
    for i, first in enumerate(model.arrival.tolist()):
        at, slots = int(model.start[i]), int(model.slot_start[i + 1]) - int(model.slot_start[i])
        charge[i, first : first + slots] = powers[at : at + slots]
        if model.discharges(i):
            discharge[i, first : first + slots] = powers[at + slots : at + 2 * slots]
    return charge, discharge


def _net(problem: PlanProblem, point: InteriorPoint) -> Floats:
    """Return float64[N, T], powers within every limit without charging and discharging at once."""
    finish = _finish(problem, point)
    finish.net()
    finish.settle()
    charge, discharge = _powers(problem, point)
    power_kw: Floats = charge - discharge
    return power_kw


def _finish(problem: PlanProblem, point: InteriorPoint) -> Finish:
    """Return what brings the powers within every limit."""
    model = point.model
    return Finish(
        arrival=model.arrival,
        slot_start=model.slot_start,
        start=model.start,
        kind=model.kind,
        node=model.unit_node,
        stored=model.stored,
        taken=model.taken,
        energy=problem.energy_kwh / model.power_kw,
        lowest_energy=lowest(problem) / model.power_kw,
        highest_energy=highest(problem) / model.power_kw,
        unit_value=model.unit_value,
        parent=model.parent,
        lowest=model.lowest,
        highest=model.highest,
        width=model.width,
        low=point.low,
        live=point.live,
    )


def _settle(problem: PlanProblem, point: InteriorPoint) -> float:
    """Bring the powers within every limit; return the objective."""
    model = point.model
    finish = _finish(problem, point)
    finish.settle()
    cost = finish.carry(
        first=model.first_piece,
        piece_row=model.piece_row,
        piece_peak=model.piece_peak,
        row_peak=model.row_peak,
        row_value=model.row_value,
        cost=model.cost,
    )
    return cost * model.price * model.power_kw + model.constant


def relax(problem: PlanProblem, *, previous: InteriorState | None = None, tolerance: float = TOLERANCE) -> Relaxation:
    """Solve the relaxation of one problem with the solver that this thread has used before."""
    return _threads.solver.relax(problem, previous=previous, tolerance=tolerance)
