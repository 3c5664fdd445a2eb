"""The relaxation of a plan as a sparse linear program for HiGHS, written down from the problem's words alone."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linprog
from scipy.sparse import coo_array

from tidewatt.kernels.planning.penalties import floor_path, floor_price, highest, limit_price, lowest
from tidewatt.kernels.planning.problem import PlanProblem

type Floats = npt.NDArray[np.float64]


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

    def variable(self, low: float, high: float, cost: float = 0.0) -> int:
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        return len(self.cost) - 1

    def row(self, terms: list[tuple[int, float]], low: float, high: float) -> None:
        number = len(self.row_low)
        for column, value in terms:
            self.rows.append(number)
            self.columns.append(column)
            self.values.append(value)
        self.row_low.append(low)
        self.row_high.append(high)


def reachable(problem: PlanProblem) -> tuple[Floats, Floats]:
    """Return float64[T] twice: the lowest and highest power the root can have, limits of all circuits considered."""
    circuits, slots = problem.base_kw.shape
    up, down = np.zeros((2, circuits, slots))
    for i in range(problem.circuit.size):
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
    p, lp = problem, _Program()
    h, (circuits, slots) = p.slot_h, p.base_kw.shape
    constant = 0.0
    flows: list[list[list[tuple[int, float]]]] = [[[] for _ in range(slots)] for _ in range(circuits)]
    above, below = highest(p), lowest(p)
    path = floor_path(p)
    for i in range(p.circuit.size):
        before: int | None = None
        fixed = above[i] == below[i]
        for t in range(p.arrival_slot[i], p.departure_slot[i]):
            charge = lp.variable(0, 0 if fixed else p.charge_limit_kw[i])
            discharge = lp.variable(0, 0 if fixed else p.discharge_limit_kw[i], h * p.wear_per_kwh[i])
            energy = lp.variable(below[i], above[i])
            terms = [
                (energy, 1.0),
                (charge, -h * p.charge_efficiency[i]),
                (discharge, h / p.discharge_efficiency[i]),
            ]
            if before is None:
                lp.row(terms, p.energy_kwh[i], p.energy_kwh[i])
            else:
                lp.row([*terms, (before, -1.0)], 0, 0)
            before = energy
            if p.energy_kwh[i] < p.floor_kwh[i]:
                short = lp.variable(0, np.inf, floor_price(p))
                lp.row([(energy, 1.0), (short, 1.0)], path[i, t], np.inf)
            flows[p.circuit[i]][t] += [(charge, 1.0), (discharge, -1.0)]
        assert before is not None
        if p.end_value_per_kwh[i] <= p.unmet_price_per_kwh[i]:
            unmet = lp.variable(0, np.inf, p.unmet_price_per_kwh[i])
            over = lp.variable(0, np.inf, -p.end_value_per_kwh[i])
            lp.row([(before, 1.0), (unmet, 1.0), (over, -1.0)], p.target_kwh[i], p.target_kwh[i])
        else:
            raise NotImplementedError("a value above the target higher than below it")
    import_price = p.import_price_per_kwh + p.co2_price_per_kg * p.co2_kg_per_kwh
    peaks = [lp.variable(seen, np.inf, price) for seen, price in zip(p.peak_so_far_kw, p.peak_price_per_kw, strict=True)]
    constant -= float(p.peak_so_far_kw @ p.peak_price_per_kw)
    low, high = reachable(p)
    for v in range(circuits - 1, -1, -1):
        for t in range(slots):
            base = p.base_kw[v, t]
            power = lp.variable(-np.inf, np.inf)
            lp.row([(power, 1.0)] + [(j, -a) for j, a in flows[v][t]], base, base)
            lp.row([(power, 1.0)], min(-p.export_limit_kw[v, t], base), max(p.import_limit_kw[v, t], base))
            breach = lp.variable(0, np.inf, h * limit_price(p))
            lp.row([(power, 1.0), (breach, -1.0)], -np.inf, p.import_limit_kw[v, t])
            lp.row([(power, 1.0), (breach, 1.0)], -p.export_limit_kw[v, t], np.inf)
            if v:
                flows[p.parent[v]][t] += flows[v][t]
                continue
            buy, sell = h * import_price[t], h * p.export_price_per_kwh[t]
            if sell > buy and low[t] < 0 < high[t]:
                slope = (buy * high[t] - sell * low[t]) / (high[t] - low[t])
                lp.cost[power] = slope
                constant += sell * low[t] - slope * low[t]
            elif sell > buy:
                lp.cost[power] = buy if low[t] >= 0 else sell
            else:
                imported, exported = lp.variable(0, np.inf, buy), lp.variable(0, np.inf, -sell)
                lp.row([(power, 1.0), (imported, -1.0), (exported, 1.0)], 0, 0)
                lp.high[imported] = max(high[t], 0)
                lp.high[exported] = max(-low[t], 0)
            if p.peak[t] >= 0:
                lp.row([(peaks[p.peak[t]], 1.0), (power, -1.0)], 0, np.inf)
    matrix = coo_array((lp.values, (lp.rows, lp.columns)), shape=(len(lp.row_low), len(lp.cost))).tocsr()
    row_low, row_high = np.array(lp.row_low), np.array(lp.row_high)
    equal = row_low == row_high
    upper, lower = ~equal & (row_high < np.inf), ~equal & (row_low > -np.inf)
    from scipy.sparse import vstack

    result = linprog(
        lp.cost,
        A_eq=matrix[equal],
        b_eq=row_low[equal],
        A_ub=vstack([matrix[upper], -matrix[lower]]),
        b_ub=np.concatenate([row_high[upper], -row_low[lower]]),
        bounds=np.column_stack([lp.low, lp.high]),
        method="highs",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    assert result.status == 0, result.message
    return float(result.fun) + constant
