"""What given powers lead to and cost, worked out by hand and by another way of adding up."""

from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from benchmarks.parts.plan_lp import program
from tests.kernels.planning_problems import Node, Site, Unit, sites
from tidewatt.kernels.planning import PlanProblem
from tidewatt.kernels.planning.penalties import floor_price, limit_price
from tidewatt.kernels.planning.problem import Floats

SITE = Site(
    buy=(0.3, 0.2, 0.4),
    sell=(0.1, 0.1, 0.1),
    units=(Unit(discharge_kw=10.0, charge_efficiency=0.9, discharge_efficiency=0.8, wear=0.05),),
    nodes=(Node(base_kw=(1.0, -2.0, 3.0)),),
)


def test_energy_follows_the_efficiencies_and_costs_follow_the_meter(kernels: ModuleType) -> None:
    outcome = kernels.planning.evaluate(SITE.problem(), np.array([[10.0, 0.0, -4.0]]))
    np.testing.assert_allclose(outcome.energy_kwh, [[20.0, 29.0, 29.0, 24.0]])
    np.testing.assert_allclose(outcome.import_kw, [11.0, 0.0, 0.0])
    np.testing.assert_allclose(outcome.export_kw, [0.0, 2.0, 1.0])
    assert outcome.cost == pytest.approx(11 * 0.3 - 3 * 0.1 + 4 * 0.05)
    assert outcome.unmet_kwh[0] == pytest.approx(6.0)
    assert outcome.objective == pytest.approx(outcome.cost + 6 * 5.0)


def test_energy_above_the_target_is_worth_its_end_value(kernels: ModuleType) -> None:
    problem = SITE.with_unit(end_value=0.25, target_kwh=21.0).problem()
    idle, charged = (kernels.planning.evaluate(problem, np.array([[p, 0.0, 0.0]])) for p in (0.0, 10.0))
    assert idle.unmet_kwh[0] == pytest.approx(1.0)
    assert charged.cost - idle.cost == pytest.approx(10 * 0.3 - 8 * 0.25)


def test_carbon_adds_to_the_import_price_only(kernels: ModuleType) -> None:
    site = Site(buy=(0.2, 0.2), nodes=(Node(base_kw=(2.0, -2.0)),), co2_kg=0.5, co2_price=0.1)
    outcome = kernels.planning.evaluate(site.problem(), np.zeros((1, 2)))
    assert outcome.cost == pytest.approx(2 * (0.2 + 0.05))


def test_a_peak_costs_what_it_adds_to_the_highest_seen(kernels: ModuleType) -> None:
    site = Site(
        buy=(0.0,) * 4,
        peak=(0, 0, 1, -1),
        peak_price=(2.0, 3.0),
        peak_so_far_kw=(4.0, 9.0),
    )
    outcome = kernels.planning.evaluate(site.problem(), np.array([[5.0, 7.0, 8.0, 10.0]]))
    np.testing.assert_allclose(outcome.peak_kw, [7.0, 9.0])
    assert outcome.cost == pytest.approx(2.0 * 3.0)


def test_every_circuit_on_the_way_carries_a_unit_and_its_breach_is_priced(kernels: ModuleType) -> None:
    site = Site(
        buy=(0.0,),
        nodes=(Node(base_kw=1.0), Node(parent=0, import_kw=5.0, base_kw=0.5), Node(parent=1, export_kw=2.0)),
        units=(Unit(circuit=1, target_kwh=0.0), Unit(circuit=2, discharge_kw=3.0, target_kwh=0.0)),
    )
    problem = site.problem()
    outcome = kernels.planning.evaluate(problem, np.array([[9.0], [-3.0]]))
    np.testing.assert_allclose(outcome.flow_kw, [[7.0], [6.5], [-3.0]])
    np.testing.assert_allclose(outcome.limit_breach_kw, [[0.0], [1.5], [1.0]])
    assert outcome.objective == pytest.approx(2.5 * limit_price(problem))


def test_a_unit_below_its_floor_lacks_only_what_charging_could_have_lifted(kernels: ModuleType) -> None:
    site = Site(buy=(0.0,) * 3, units=(Unit(energy_kwh=5.0, floor_kwh=20.0, target_kwh=0.0),))
    problem = site.problem()
    at_once, late = (kernels.planning.evaluate(problem, np.array([row])) for row in ([10, 5, 0.0], [0.0, 10, 5]))
    assert at_once.floor_breach_kwh[0] == 0.0
    assert at_once.objective == 0.0
    assert late.floor_breach_kwh[0] == pytest.approx(10.0)
    assert late.objective == pytest.approx((10.0 + 5.0) * floor_price(problem))


def test_energy_is_constant_while_a_unit_is_absent(kernels: ModuleType) -> None:
    site = Site(buy=(0.1,) * 5, units=(Unit(arrival=2, departure=4),))
    outcome = kernels.planning.evaluate(site.problem(), np.array([[0.0, 0.0, 3.0, 4.0, 0.0]]))
    np.testing.assert_allclose(outcome.energy_kwh, [[20.0, 20.0, 20.0, 23.0, 27.0, 27.0]])


@pytest.mark.parametrize(
    "instance",
    [
        Instance(units=1),
        Instance(units=3, battery=True, peak=True, family="mkt"),
        Instance(units=12, tree=True, family="mkt", slots=48),
    ],
    ids=lambda instance: instance.label,
)
def test_the_judge_and_the_evaluation_agree_about_the_optimum(kernels: ModuleType, instance: Instance) -> None:
    problem = instance.problem()
    answer = program(problem).solve()
    outcome = kernels.planning.evaluate(problem, answer.power_kw)
    assert outcome.objective == pytest.approx(answer.objective, rel=1e-9)
    assert outcome.limit_breach_kw.max() < 1e-6


def naive_objective(problem: PlanProblem, power_kw: Floats) -> float:
    """Add up slot by slot, in Python."""
    total, h = 0.0, problem.slot_h
    units, slots = power_kw.shape
    net = [problem.base_kw[0, t] + sum(power_kw[:, t]) for t in range(slots)]
    highest = list(problem.peak_so_far_kw)
    for t in range(slots):
        buy = problem.import_price_per_kwh[t] + problem.co2_price_per_kg * problem.co2_kg_per_kwh[t]
        total += h * net[t] * (buy if net[t] > 0 else problem.export_price_per_kwh[t])
        if problem.peak[t] >= 0:
            highest[problem.peak[t]] = max(highest[problem.peak[t]], net[t])
        for v in range(len(problem.parent)):
            flow = problem.base_kw[v, t] + sum(power_kw[i, t] for i in range(units) if v in _path(problem, i))
            over = max(flow - problem.import_limit_kw[v, t], -flow - problem.export_limit_kw[v, t], 0.0)
            total += h * over * limit_price(problem)
    for peak, seen, price in zip(highest, problem.peak_so_far_kw, problem.peak_price_per_kw, strict=True):
        total += (peak - seen) * price
    for i in range(units):
        energy = reach = problem.energy_kwh[i]
        for t in range(problem.arrival_slot[i], problem.departure_slot[i]):
            power = power_kw[i, t]
            energy += h * (
                power * problem.charge_efficiency[i] if power > 0 else power / problem.discharge_efficiency[i]
            )
            total += h * max(-power, 0.0) * problem.wear_per_kwh[i]
            reach += h * problem.charge_limit_kw[i] * problem.charge_efficiency[i]
            if problem.energy_kwh[i] < problem.floor_kwh[i]:
                total += max(min(reach, problem.floor_kwh[i]) - energy, 0.0) * floor_price(problem)
        total += max(problem.target_kwh[i] - energy, 0.0) * problem.unmet_price_per_kwh[i]
        total -= max(energy - problem.target_kwh[i], 0.0) * problem.end_value_per_kwh[i]
    return float(total)


def _path(problem: PlanProblem, unit: int) -> set[int]:
    circuits, v = set(), int(problem.circuit[unit])
    while v >= 0:
        circuits.add(v)
        v = int(problem.parent[v])
    return circuits


@settings(deadline=None)
@given(site=sites(), data=st.data())
def test_the_objective_is_the_sum_of_its_definition(kernels: ModuleType, site: Site, data: st.DataObject) -> None:
    problem = site.problem()
    units, slots = len(problem.circuit), len(site.buy)
    rows = st.lists(st.integers(-12, 12).map(float), min_size=slots, max_size=slots)
    power_kw = np.array(data.draw(st.lists(rows, min_size=units, max_size=units)))
    slot = np.arange(slots)
    power_kw *= (slot >= problem.arrival_slot[:, None]) & (slot < problem.departure_slot[:, None])
    outcome = kernels.planning.evaluate(problem, power_kw)
    assert outcome.objective == pytest.approx(naive_objective(problem, power_kw), rel=1e-9, abs=1e-9)
