"""The planning problem as a linear or mixed-integer program for HiGHS, built from its definition: judge and rival."""

from __future__ import annotations

from dataclasses import dataclass, field
import time
from typing import Any, Literal

import highspy
import numpy as np
import numpy.typing as npt
from scipy import sparse

from tidewatt.kernels.planning import PlanProblem
from tidewatt.kernels.planning.penalties import floor_price, limit_price
from tidewatt.kernels.planning.problem import Floats

type Columns = npt.NDArray[np.intp]


@dataclass(slots=True)
class Model:
    """Columns with cost and bounds, rows with bounds; minimise. Grows by whole arrays."""

    cost: list[Floats] = field(default_factory=list)
    low: list[Floats] = field(default_factory=list)
    high: list[Floats] = field(default_factory=list)
    whole: list[npt.NDArray[np.bool_]] = field(default_factory=list)
    row_low: list[Floats] = field(default_factory=list)
    row_high: list[Floats] = field(default_factory=list)
    entries: list[tuple[Columns, Columns, Floats]] = field(default_factory=list)
    constant: float = 0.0
    columns: int = 0
    rows: int = 0

    def add_columns(
        self, shape: int | tuple[int, ...], cost: Any = 0.0, low: Any = 0.0, high: Any = np.inf, *, whole: bool = False
    ) -> Columns:
        """Add one column for each element and return their indices in that shape."""
        size = int(np.prod(shape))
        for store, values in ((self.cost, cost), (self.low, low), (self.high, high)):
            store.append(np.broadcast_to(np.asarray(values, float), shape).ravel())
        self.whole.append(np.full(size, whole))
        self.columns += size
        return np.arange(self.columns - size, self.columns).reshape(shape)

    def add_rows(self, terms: list[tuple[Columns, Any]], low: Any, high: Any) -> Columns:
        """Add rows `low <= sum of coefficient x column <= high`, one for each element; return their indices."""
        shape = terms[0][0].shape
        rows = np.arange(self.rows, self.rows + int(np.prod(shape))).reshape(shape)
        self.rows += rows.size
        for bounds, store in ((low, self.row_low), (high, self.row_high)):
            store.append(np.broadcast_to(np.asarray(bounds, float), shape).ravel())
        for column, value in terms:
            self.add_entries(rows, column, value)
        return rows

    def add_entries(self, rows: Columns, columns: Columns, value: Any) -> None:
        """Add coefficients to rows that exist."""
        values = np.broadcast_to(np.asarray(value, float), columns.shape)
        self.entries.append((np.broadcast_to(rows, columns.shape).ravel(), columns.ravel(), values.ravel()))

    def matrix(self) -> Any:
        """Return the coefficients as a sparse matrix by columns."""
        row, column, value = (np.concatenate([entry[k] for entry in self.entries]) for k in range(3))
        return sparse.csc_matrix((value, (row, column)), shape=(self.rows, self.columns))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What HiGHS says.

    Attributes:
        objective: of the optimum.
        power_kw: float64[N, T], charging less discharging.
        price_per_kwh: float64[V, T], what one more kWh at each circuit costs; zeros from a mixed-integer program.
        energy_price_per_kwh: float64[N, T], worth of a stored kWh; likewise.
        seconds: that HiGHS took, without the building of the model.
    """

    objective: float
    power_kw: Floats
    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A model and where to find the answer in it. `charge`, `discharge` and `dynamics` are -1 where there is none."""

    problem: PlanProblem
    model: Model
    charge: Columns
    discharge: Columns
    dynamics: Columns
    balance: Columns

    def solve(
        self,
        solver: Literal["simplex", "ipm"] = "simplex",
        *,
        crossover: bool = True,
        time_limit_s: float = 600.0,
        gap: float = 0.0,
    ) -> Answer:
        """Ask HiGHS, on one thread.

        Raises:
            RuntimeError: there is no optimum within the time.
        """
        model = self.model
        highs: Any = highspy.Highs()  # type: ignore[no-untyped-call]
        options = {
            "output_flag": False,
            "threads": 1,
            "solver": solver,
            "run_crossover": "on" if crossover else "off",
            "time_limit": time_limit_s,
            "mip_rel_gap": gap,
        }
        for name, value in options.items():
            highs.setOptionValue(name, value)
        highs.passModel(_as_highs(model))
        begin = time.perf_counter()
        highs.run()
        seconds = time.perf_counter() - begin
        status = highs.modelStatusToString(highs.getModelStatus())
        if status != "Optimal":
            raise RuntimeError(f"HiGHS: {status}")
        solution = highs.getSolution()
        values = np.append(np.array(solution.col_value), 0.0)
        dual = np.append(np.array(solution.row_dual), 0.0) if solution.dual_valid else np.zeros(model.rows + 1)
        return Answer(
            objective=highs.getInfo().objective_function_value + model.constant,
            power_kw=values[self.charge] - values[self.discharge],
            price_per_kwh=dual[self.balance] / self.problem.slot_h,
            energy_price_per_kwh=dual[self.dynamics],
            seconds=seconds,
        )


def _as_highs(model: Model) -> highspy.HighsLp:
    matrix = model.matrix()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = model.columns, model.rows
    lp.col_cost_ = np.concatenate(model.cost)
    lp.col_lower_, lp.col_upper_ = np.concatenate(model.low), np.concatenate(model.high)
    lp.row_lower_, lp.row_upper_ = np.concatenate(model.row_low), np.concatenate(model.row_high)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    whole = np.concatenate(model.whole)
    if whole.any():
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(flag)] for flag in whole]
    return lp


def program(problem: PlanProblem, *, physical: bool = False) -> Program:
    """Build the relaxation, or with `physical` the mixed-integer program.

    The latter never charges and discharges, imports and exports at once, and keeps the minimum powers.
    """
    model = Model()
    charge, discharge, dynamics = _add_units(model, problem, physical)
    balance = _add_circuits(model, problem, charge, discharge)
    _add_grid(model, problem, balance, physical)
    return Program(
        problem=problem, model=model, charge=charge, discharge=discharge, dynamics=dynamics, balance=balance.rows
    )


def _add_units(model: Model, problem: PlanProblem, physical: bool) -> tuple[Columns, Columns, Columns]:
    """Add what each unit does, alone."""
    units, slots = len(problem.circuit), len(problem.import_price_per_kwh)
    charge, discharge, dynamics = (np.full((units, slots), -1) for _ in range(3))
    h, price = problem.slot_h, floor_price(problem)
    for i in range(units):
        a, d = int(problem.arrival_slot[i]), int(problem.departure_slot[i])
        stay = d - a
        start, floor = float(problem.energy_kwh[i]), float(problem.floor_kwh[i])
        most, back = float(problem.charge_limit_kw[i]), float(problem.discharge_limit_kw[i])
        c = model.add_columns(stay, high=most)
        x = model.add_columns(stay, cost=h * problem.wear_per_kwh[i], high=back)
        e = model.add_columns(stay, low=min(floor, start), high=max(float(problem.ceiling_kwh[i]), start))
        gain, loss = h * problem.charge_efficiency[i], h / problem.discharge_efficiency[i]
        first = np.zeros(stay)
        first[0] = start
        rows = model.add_rows([(e, 1.0), (c, -gain), (x, loss)], first, first)
        model.add_entries(rows[1:], e[:-1], -1.0)
        unmet = model.add_columns(1, cost=problem.unmet_price_per_kwh[i])
        above = model.add_columns(1, cost=-problem.end_value_per_kwh[i])
        target = float(problem.target_kwh[i])
        model.add_rows([(e[-1:], 1.0), (unmet, 1.0), (above, -1.0)], target, target)
        if start < floor:
            lack = model.add_columns(stay, cost=price)
            reach = np.minimum(floor, start + gain * most * np.arange(1, stay + 1))
            model.add_rows([(e, 1.0), (lack, 1.0)], reach, np.inf)
        if physical:
            _keep_minimum(model, (c, most), (x, back), float(problem.minimum_kw[i]))
        charge[i, a:d], discharge[i, a:d], dynamics[i, a:d] = c, x, rows
    return charge, discharge, dynamics


def _keep_minimum(model: Model, charge: tuple[Columns, float], discharge: tuple[Columns, float], least: float) -> None:
    """Let each slot charge, discharge or rest, and not below the minimum."""
    switches = []
    for column, most in (charge, discharge):
        on = model.add_columns(column.shape, high=1.0 if most >= least else 0.0, whole=True)
        model.add_rows([(column, 1.0), (on, -most)], -np.inf, 0.0)
        model.add_rows([(column, 1.0), (on, -least)], 0.0, np.inf)
        switches.append((on, 1.0))
    model.add_rows(switches, -np.inf, 1.0)


@dataclass(frozen=True, slots=True)
class _Balance:
    """The power of the units through each circuit: columns and the rows that define them.

    Units add nothing to a breach of the base; taking from it pays.
    """

    through: Columns
    rows: Columns


def _add_circuits(model: Model, problem: PlanProblem, charge: Columns, discharge: Columns) -> _Balance:
    circuits, slots = problem.base_kw.shape
    base = problem.base_kw
    most, least = np.maximum(problem.import_limit_kw - base, 0.0), np.maximum(problem.export_limit_kw + base, 0.0)
    through = model.add_columns((circuits, slots), low=-least, high=most)
    rows = model.add_rows([(through, 1.0)], 0.0, 0.0)
    for v in range(1, circuits):
        model.add_entries(rows[problem.parent[v]], through[v], -1.0)
    for columns, sign in ((charge, -1.0), (discharge, 1.0)):
        here = columns >= 0
        model.add_entries(rows[problem.circuit][here], columns[here], sign)
    price = problem.slot_h * limit_price(problem)
    for limit, sign in ((problem.import_limit_kw, 1.0), (problem.export_limit_kw, -1.0)):
        broken = sign * base > limit
        over = model.add_columns(int(broken.sum()), cost=price)
        model.add_rows([(through[broken], sign), (over, -1.0)], -np.inf, limit[broken] - sign * base[broken])
    return _Balance(through, rows)


def _add_grid(model: Model, problem: PlanProblem, balance: _Balance, physical: bool) -> None:
    """Price what the root draws: where exporting earns more than importing costs, by the chord of that."""
    h, slots, base = problem.slot_h, len(problem.import_price_per_kwh), problem.base_kw[0]
    buy = problem.import_price_per_kwh + problem.co2_price_per_kg * problem.co2_kg_per_kwh
    sell = problem.export_price_per_kwh
    slot = np.arange(slots)
    here = (slot >= problem.arrival_slot[:, None]) & (slot < problem.departure_slot[:, None])
    least = base - (problem.discharge_limit_kw[:, None] * here).sum(axis=0)
    most = base + (problem.charge_limit_kw[:, None] * here).sum(axis=0)
    bent = (sell > buy) & (least < 0.0) & (most > 0.0)
    slope = np.where(least >= 0.0, buy, sell)
    slope[bent] = (buy[bent] * most[bent] - sell[bent] * least[bent]) / (most[bent] - least[bent])
    straight = (sell > buy) & ~(bent & physical)
    into = model.add_columns(slots, cost=h * np.where(straight, slope, buy), low=np.where(straight, -np.inf, 0.0))
    out = model.add_columns(slots, cost=-h * sell, high=np.where(straight, 0.0, np.inf))
    if not physical:
        model.constant += h * float((sell[bent] * least[bent] - slope[bent] * least[bent]).sum())
    elif bent.any():
        on = model.add_columns(int(bent.sum()), high=1.0, whole=True)
        model.add_rows([(into[bent], 1.0), (on, -most[bent])], -np.inf, 0.0)
        model.add_rows([(out[bent], 1.0), (on, -least[bent])], -np.inf, -least[bent])
    model.add_rows([(into, 1.0), (out, -1.0), (balance.through[0], -1.0)], base, base)
    peaks = len(problem.peak_price_per_kw)
    highest = model.add_columns(peaks, cost=problem.peak_price_per_kw, low=problem.peak_so_far_kw)
    model.constant -= float(problem.peak_price_per_kw @ problem.peak_so_far_kw)
    counted = problem.peak >= 0
    if counted.any():
        model.add_rows(
            [(highest[problem.peak[counted]], 1.0), (balance.through[0][counted], -1.0)], base[counted], np.inf
        )
