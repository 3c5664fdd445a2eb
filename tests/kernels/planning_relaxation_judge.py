"""The relaxation of a plan as a sparse linear program for HiGHS, written down from the problem's words alone."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_array, vstack

from tidewatt.kernels.planning.penalties import floor_path, floor_price, highest, limit_price, lowest
from tidewatt.kernels.planning.problem import PlanProblem

type Floats = npt.NDArray[np.float64]
type Terms = list[tuple[int, float]]


@dataclass
class _Program:
    cost: list[float] = field(default_factory=list)
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    row_low: list[float] = field(default_factory=list)
    row_high: list[float] = field(default_factory=list)
    constant: float = 0.0

    def variable(self, low: float, high: float, cost: float = 0.0) -> int:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        return len(self.cost) - 1

    def row(self, terms: Terms, low: float, high: float) -> None:
        number = len(self.row_low)
        for column, value in terms:
            self.rows.append(number)
            self.columns.append(column)
            self.values.append(value)
        self.row_low.append(low)
        self.row_high.append(high)

    def solve(self) -> float:
        shape = (len(self.row_low), len(self.cost))
        matrix = coo_array((self.values, (self.rows, self.columns)), shape=shape).tocsr()
        low, high = np.array(self.row_low), np.array(self.row_high)
        equal = low == high
        upper, lower = ~equal & (high < np.inf), ~equal & (low > -np.inf)
        result = linprog(
            self.cost,
            A_eq=matrix[equal],
            b_eq=low[equal],
            A_ub=vstack([matrix[upper], -matrix[lower]]),
            b_ub=np.concatenate([high[upper], -low[lower]]),
            bounds=np.column_stack([self.low, self.high]),
            method="highs",
            options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
        )
        assert result.status == 0, result.message
        return float(result.fun) + self.constant


def movable(problem: PlanProblem, i: int) -> bool:
    """Return whether a unit can take or give anything at all."""
    up = problem.charge_limit_kw[i] > 0 and highest(problem)[i] > problem.energy_kwh[i]
    down = problem.discharge_limit_kw[i] > 0 and lowest(problem)[i] < problem.energy_kwh[i]
    return bool(up or down)


def reachable(problem: PlanProblem) -> tuple[Floats, Floats]:
    """Return float64[T] twice: the lowest and highest power the root can have, limits of all circuits considered."""
    circuits, slots = problem.base_kw.shape
    up, down = np.zeros((2, circuits, slots))
    for i in range(problem.circuit.size):
        if not movable(problem, i):
            continue
        window = slice(problem.arrival_slot[i], problem.departure_slot[i])
        up[problem.circuit[i], window] += problem.charge_limit_kw[i]
        down[problem.circuit[i], window] += problem.discharge_limit_kw[i]
    for v in range(circuits - 1, -1, -1):
        up[v] = np.minimum(up[v], np.maximum(problem.import_limit_kw[v] - problem.base_kw[v], 0))
        down[v] = np.minimum(down[v], np.maximum(problem.export_limit_kw[v] + problem.base_kw[v], 0))
        if v:
            up[problem.parent[v]] += up[v]
            down[problem.parent[v]] += down[v]
    return problem.base_kw[0] - down[0], problem.base_kw[0] + up[0]


def optimum(problem: PlanProblem) -> float:
    """Return the least objective of the relaxation."""
    program = _Program()
    circuits, slots = problem.base_kw.shape
    flows: list[list[Terms]] = [[[] for _ in range(slots)] for _ in range(circuits)]
    for i in range(problem.circuit.size):
        _unit(program, problem, i, flows[problem.circuit[i]])
    program.constant -= float(problem.peak_so_far_kw @ problem.peak_price_per_kw)
    peaks = [
        program.variable(seen, np.inf, price)
        for seen, price in zip(problem.peak_so_far_kw, problem.peak_price_per_kw, strict=True)
    ]
    for v in range(circuits - 1, -1, -1):
        for t in range(slots):
            power = _circuit(program, problem, (v, t), flows[v][t])
            if v:
                flows[problem.parent[v]][t] += flows[v][t]
                continue
            _trade(program, problem, t, power)
            if problem.peak[t] >= 0:
                program.row([(peaks[problem.peak[t]], 1.0), (power, -1.0)], 0, np.inf)
    return program.solve()


def _unit(program: _Program, problem: PlanProblem, i: int, flows: list[Terms]) -> None:
    """Add a unit: its powers, energies, floor and target."""
    p, h = problem, problem.slot_h
    above, below, path = highest(p)[i], lowest(p)[i], floor_path(p)[i]
    able = movable(p, i)
    before: Terms = []
    for t in range(p.arrival_slot[i], p.departure_slot[i]):
        charge = program.variable(0, p.charge_limit_kw[i] * able)
        discharge = program.variable(0, p.discharge_limit_kw[i] * able, h * p.wear_per_kwh[i])
        energy = program.variable(below, above)
        terms = [(energy, 1.0), (charge, -h * p.charge_efficiency[i]), (discharge, h / p.discharge_efficiency[i])]
        start = 0.0 if before else p.energy_kwh[i]
        program.row([*terms, *before], start, start)
        before = [(energy, -1.0)]
        if p.energy_kwh[i] < p.floor_kwh[i]:
            short = program.variable(0, np.inf, floor_price(p))
            program.row([(energy, 1.0), (short, 1.0)], path[t], np.inf)
        flows[t] += [(charge, 1.0), (discharge, -1.0)]
    unmet = program.variable(0, np.inf, p.unmet_price_per_kwh[i])
    over = program.variable(0, np.inf, -p.end_value_per_kwh[i])
    program.row([(before[0][0], 1.0), (unmet, 1.0), (over, -1.0)], p.target_kwh[i], p.target_kwh[i])


def _circuit(program: _Program, problem: PlanProblem, place: tuple[int, int], flows: Terms) -> int:
    """Add the power of a circuit in a slot with its limits; return the variable."""
    base, high, low = problem.base_kw[place], problem.import_limit_kw[place], -problem.export_limit_kw[place]
    power = program.variable(-np.inf, np.inf)
    program.row([(power, 1.0)] + [(j, -a) for j, a in flows], base, base)
    program.row([(power, 1.0)], min(low, base), max(high, base))
    breach = program.variable(0, np.inf, problem.slot_h * limit_price(problem))
    program.row([(power, 1.0), (breach, -1.0)], -np.inf, high)
    program.row([(power, 1.0), (breach, 1.0)], low, np.inf)
    return power


def _trade(program: _Program, problem: PlanProblem, t: int, power: int) -> None:
    """Add what the power of the root costs in a slot."""
    low, high = (float(bound[t]) for bound in reachable(problem))
    buy = problem.slot_h * (problem.import_price_per_kwh[t] + problem.co2_price_per_kg * problem.co2_kg_per_kwh[t])
    sell = problem.slot_h * problem.export_price_per_kwh[t]
    if sell > buy and low < 0 < high:
        slope = (buy * high - sell * low) / (high - low)
        program.cost[power] = slope
        program.constant += sell * low - slope * low
    elif sell > buy:
        program.cost[power] = buy if low >= 0 else sell
    else:
        imported = program.variable(0, max(high, 0), buy)
        exported = program.variable(0, max(-low, 0), -sell)
        program.row([(power, 1.0), (imported, -1.0), (exported, 1.0)], 0, 0)
