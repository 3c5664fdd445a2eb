"""One unit on a site: the plan is the optimum of the mixed-integer program, and proves it."""

from itertools import product
from types import ModuleType

from hypothesis import given, settings
import numpy as np
import pytest

from benchmarks.parts.plan_instances import Family, Instance
from benchmarks.parts.plan_lp import program
from tests.kernels.planning_judge import assert_sound, flows, relative
from tests.kernels.planning_problems import Node, Site, Unit, sites
from tidewatt.kernels.planning import PlanProblem, evaluate, plan
from tidewatt.kernels.planning.problem import Floats


def test_it_charges_in_the_cheapest_slots(kernels: ModuleType) -> None:
    site = Site(buy=(0.4, 0.1, 0.3, 0.2), units=(Unit(target_kwh=35.0),))
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.power_kw, [[0.0, 10.0, 0.0, 5.0]])
    np.testing.assert_allclose(answer.energy_price_per_kwh, 0.2)
    assert answer.gap == pytest.approx(0.0, abs=1e-12)


def test_it_takes_the_suns_surplus_first(kernels: ModuleType) -> None:
    site = Site(buy=(0.2, 0.3), sell=(0.1, 0.1), nodes=(Node(base_kw=(0.0, -6.0)),))
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.power_kw, [[4.0, 6.0]])
    np.testing.assert_allclose(answer.price_per_kwh, [[0.2, 0.2]])


def test_discharging_must_earn_losses_and_wear(kernels: ModuleType) -> None:
    unit = Unit(
        charge_efficiency=0.9, discharge_efficiency=0.9, discharge_kw=10.0, wear=0.05, target_kwh=20.0, energy_kwh=20.0
    )
    dear, cheap = (Site(buy=(0.1, price), sell=(0.0, price), units=(unit,)).problem() for price in (0.175, 0.17))
    assert kernels.planning.plan(dear).power_kw[0, 1] == pytest.approx(-0.81 * 10.0)
    assert not kernels.planning.plan(cheap).power_kw.any()


def test_a_unit_below_its_floor_charges_at_once_whatever_it_costs(kernels: ModuleType) -> None:
    site = Site(buy=(9.0, 0.1, 0.1), units=(Unit(energy_kwh=2.0, floor_kwh=15.0, target_kwh=15.0),))
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.power_kw, [[10.0, 3.0, 0.0]])
    assert answer.floor_breach_kwh[0] == 0.0


def test_a_unit_above_its_ceiling_is_not_charged_and_may_stay(kernels: ModuleType) -> None:
    site = Site(buy=(-1.0, -1.0), sell=(-1.0, -1.0), units=(Unit(energy_kwh=45.0, ceiling_kwh=40.0, target_kwh=40.0),))
    answer = kernels.planning.plan(site.problem())
    assert not answer.power_kw.any()


def test_units_relieve_a_limit_that_the_base_breaks_and_never_add_to_it(kernels: ModuleType) -> None:
    unit = Unit(discharge_kw=3.0, target_kwh=50.0)
    site = Site(buy=(0.1, 0.1), nodes=(Node(import_kw=5.0, base_kw=(7.0, 0.0)),), units=(unit,))
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.power_kw, [[-2.0, 5.0]])
    np.testing.assert_allclose(answer.limit_breach_kw, 0.0, atol=1e-9)


def test_below_the_minimum_power_it_waits_for_fewer_slots(kernels: ModuleType) -> None:
    site = Site(buy=(0.1, 0.2, 0.3), nodes=(Node(import_kw=3.0),), units=(Unit(minimum_kw=4.0),))
    assert not kernels.planning.plan(site.problem()).power_kw.any()
    site = Site(buy=(0.1, 0.2), units=(Unit(minimum_kw=6.0, energy_kwh=18.0),))
    np.testing.assert_allclose(kernels.planning.plan(site.problem()).power_kw, [[6.0, 6.0]])


@pytest.mark.parametrize("family", ["std", "mkt", "neg"])
@pytest.mark.parametrize("minimum", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_seeded_homes_are_planned_to_the_optimum(family: Family, minimum: bool, seed: int) -> None:
    problem = Instance(units=1, slots=48, family=family, minimum=minimum, seed=seed).problem()
    answer = plan(problem)
    assert_sound(problem, answer)
    assert relative(answer.objective, program(problem, physical=True).solve().objective) < 1e-9
    assert answer.gap < 1e-9
    assert answer.iterations == 0


@settings(deadline=None)
@given(site=sites(most_units=1, peaks=False))
def test_any_home_is_planned_to_the_optimum(site: Site) -> None:
    problem = site.problem()
    answer, judge = plan(problem), program(problem, physical=True).solve().objective
    assert_sound(problem, answer)
    assert relative(answer.objective, judge) < 1e-6
    assert relative(answer.bound, judge) < 1e-6


@settings(deadline=None)
@given(site=sites(most_units=1, peaks=False))
def test_any_home_is_proven_to_be_planned_to_the_optimum(kernels: ModuleType, site: Site) -> None:
    assert kernels.planning.plan(site.problem()).gap < 1e-9


@settings(deadline=None, max_examples=30)
@given(site=sites(most_units=1, most_slots=3, peaks=False))
def test_no_power_on_a_grid_is_better(site: Site) -> None:
    problem = site.problem()
    answer = plan(problem)
    unit = site.units[0]
    steps = sorted({0.0, unit.minimum_kw, -unit.minimum_kw, unit.charge_kw, -unit.discharge_kw, 3.0, -3.0})
    slots = range(unit.arrival, unit.departure or len(site.buy))
    for powers in product(steps, repeat=len(slots)):
        power_kw = np.zeros((1, len(site.buy)))
        power_kw[0, slots.start : slots.stop] = powers
        if kept(problem, power_kw):
            objective = evaluate(problem, power_kw).objective
            assert answer.objective <= objective + 1e-7 * (1.0 + abs(objective))


def kept(problem: PlanProblem, power_kw: Floats) -> bool:
    """Whether powers are allowed, keep the store and add to no breach."""
    size, flow, energy = np.abs(power_kw), flows(problem, power_kw), evaluate(problem, power_kw).energy_kwh[0]
    allowed = (size == 0.0) | (size >= problem.minimum_kw[0])
    allowed &= (power_kw <= problem.charge_limit_kw[0]) & (power_kw >= -problem.discharge_limit_kw[0])
    low, high = min(problem.floor_kwh[0], problem.energy_kwh[0]), max(problem.ceiling_kwh[0], problem.energy_kwh[0])
    return bool(
        allowed.all()
        and (energy >= low).all()
        and (energy <= high).all()
        and (flow <= np.maximum(problem.import_limit_kw, problem.base_kw)).all()
        and (-flow <= np.maximum(problem.export_limit_kw, -problem.base_kw)).all()
    )
