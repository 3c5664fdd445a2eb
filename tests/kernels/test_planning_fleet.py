"""Several units: the judge's optimum, limits, feasibility whatever happens, and what more or less of something does."""

from dataclasses import replace
from types import ModuleType

from hypothesis import assume, given, settings, strategies as st
import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from benchmarks.parts.plan_lp import program
from tests.kernels.planning_judge import assert_sound, relative
from tests.kernels.planning_problems import Node, Site, Unit, sites
from tidewatt.kernels.planning import PlanReason, plan

SEEDED = [
    Instance(units=1, peak=True),
    *(Instance(units=3, seed=seed, family="mkt", battery=True) for seed in range(3)),
    *(Instance(units=3, seed=seed, peak=True) for seed in range(2)),
    Instance(units=10, family="mkt", peak=True, battery=True, slots=192),
    Instance(units=50, tree=True),
    Instance(units=50, tree=True, family="mkt", peak=True, seed=1),
    Instance(units=200, family="mkt"),
]


@pytest.mark.parametrize("instance", SEEDED, ids=lambda instance: f"{instance.label} {instance.seed}")
def test_seeded_sites_are_planned_to_the_optimum(instance: Instance) -> None:
    problem = instance.problem()
    answer, judge = plan(problem), program(problem).solve().objective
    assert_sound(problem, answer)
    assert abs(relative(answer.objective, judge)) < 1e-6
    assert -1e-6 < relative(answer.bound, judge) < 1e-8
    assert answer.gap < 1e-6


@pytest.mark.parametrize("seed", range(3))
def test_with_negative_prices_the_gap_is_named(seed: int) -> None:
    problem = Instance(units=3, slots=48, family="neg", seed=seed).problem()
    answer = plan(problem)
    assert_sound(problem, answer)
    assert relative(answer.bound, program(problem).solve().objective) < 1e-8
    assert relative(answer.objective, program(problem, physical=True).solve(gap=1e-4).objective) < 1e-3


def test_units_share_a_circuit_so_that_both_targets_are_met(kernels: ModuleType) -> None:
    units = (Unit(circuit=1, target_kwh=30.0, departure=2), Unit(circuit=1, target_kwh=26.0))
    site = Site(buy=(0.1, 0.3, 0.9), nodes=(Node(), Node(parent=0, import_kw=6.0)), units=units)
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.power_kw.sum(axis=0), [6.0, 6.0, 4.0], atol=1e-5)
    np.testing.assert_allclose(answer.unmet_kwh, 0.0, atol=1e-5)
    assert answer.reason[0, 0] == PlanReason.CIRCUIT_LIMIT
    assert answer.binding_circuit[0, 0] == 1


def test_a_peak_is_spread_when_it_costs_more_than_the_tariff_saves(kernels: ModuleType) -> None:
    site = Site(buy=(0.1, 0.1, 0.2), peak=(0, 0, 0), peak_price=(5.0,), peak_so_far_kw=(1.0,))
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.power_kw, 10.0 / 3.0, atol=1e-5)
    assert answer.peak_kw[0] == pytest.approx(10.0 / 3.0, abs=1e-5)
    assert (answer.reason == PlanReason.PEAK).all()


def test_one_unit_lives_on_another_where_the_circuit_carries_nothing(kernels: ModuleType) -> None:
    # The relaxation also charges the one that gives, at no cost. Nothing of that may cost the exchange.
    idle = Unit(departure=1, charge_kw=0.0, energy_kwh=0.0, ceiling_kwh=0.0, target_kwh=0.0, unmet_price=1.0)
    gives = replace(idle, charge_kw=0.1, discharge_kw=0.2, energy_kwh=0.1)
    lacks = replace(idle, charge_kw=0.1, floor_kwh=0.1, ceiling_kwh=0.1)
    nodes = (Node(import_kw=0.0, export_kw=0.0),)
    site = Site(buy=(0.1, 0.1), sell=(0.1, 0.1), nodes=nodes, units=(idle, gives, lacks), slot_h=0.25)
    problem = site.problem()
    answer = kernels.planning.plan(problem)
    assert_sound(problem, answer)
    np.testing.assert_allclose(answer.power_kw[:, 0], [0.0, -0.1, 0.1], atol=1e-6)
    assert answer.gap < 1e-6


def test_a_unit_gives_what_another_and_the_feed_in_take_together(kernels: ModuleType) -> None:
    # Without losses in between, what the relaxation ends with is over the limit of feed-in: by a millionth, no more.
    lacks = Unit(
        charge_kw=4.8, discharge_kw=0.2, discharge_efficiency=0.9, energy_kwh=11.4, floor_kwh=13.3, ceiling_kwh=35.5
    )
    gives = Unit(
        arrival=1, charge_kw=9.6, discharge_kw=3.8, charge_efficiency=0.95, discharge_efficiency=0.5, energy_kwh=33.9
    )
    units = (
        replace(lacks, target_kwh=5.7, end_value=0.1),
        replace(gives, floor_kwh=7.1, ceiling_kwh=35.4, target_kwh=6.3, unmet_price=1.0, end_value=0.1),
    )
    nodes = (Node(import_kw=8.1, export_kw=2.6, base_kw=(7.6, -1.5)),)
    problem = Site(buy=(0.4, 0.4), sell=(0.2, 0.4), nodes=nodes, units=units).problem()
    answer = kernels.planning.plan(problem)
    assert_sound(problem, answer)
    np.testing.assert_allclose(answer.power_kw[:, 1], [1.4, -2.5], atol=1e-5)
    assert answer.gap < 1e-6


def test_no_units_at_all_are_planned(kernels: ModuleType) -> None:
    answer = kernels.planning.plan(Site(buy=(0.1, 0.2), units=(), nodes=(Node(base_kw=1.0),)).problem())
    assert answer.power_kw.shape == (0, 2)
    assert answer.cost == pytest.approx(0.3)


@settings(deadline=None)
@given(site=sites())
def test_there_always_is_a_sound_plan(kernels: ModuleType, site: Site) -> None:
    problem = site.problem()
    assert_sound(problem, kernels.planning.plan(problem))


@settings(deadline=None, max_examples=60)
@given(site=sites())
def test_the_bound_is_below_every_plan(site: Site) -> None:
    problem = site.problem()
    judge = program(problem, physical=True).solve(gap=1e-9).objective
    answer = plan(problem)
    assert relative(answer.bound, judge) < 1e-6
    assert relative(answer.objective, judge) > -1e-6


@settings(deadline=None, max_examples=60)
@given(site=sites(negative=False, minimum=False))
def test_where_the_relaxation_is_a_plan_it_is_the_optimum(site: Site) -> None:
    problem = site.problem()
    # Where the base feeds in too much, charging and discharging at once would burn the surplus: no plan can.
    assume(bool((problem.base_kw >= -problem.export_limit_kw).all()))
    assert plan(problem).gap < 1e-5


@settings(deadline=None, max_examples=60)
@given(site=sites(negative=False, minimum=False), more_kw=st.floats(0.0, 20.0))
def test_a_higher_limit_never_costs_more(site: Site, more_kw: float) -> None:
    problem = site.problem()
    wider = replace(
        problem, import_limit_kw=problem.import_limit_kw + more_kw, export_limit_kw=problem.export_limit_kw + more_kw
    )
    tight, wide = plan(problem).objective, plan(wider).objective
    assert wide <= tight + 1e-5 * (1.0 + abs(tight))


@settings(deadline=None, max_examples=60)
@given(site=sites(negative=False, minimum=False), part=st.floats(0.0, 1.0))
def test_a_higher_target_never_costs_less(site: Site, part: float) -> None:
    problem = site.problem()
    lower = replace(problem, target_kwh=problem.target_kwh * part)
    high, low = plan(problem).objective, plan(lower).objective
    worth = float((problem.end_value_per_kwh * (problem.target_kwh - lower.target_kwh)).sum())
    assert low - worth <= high + 1e-5 * (1.0 + abs(high))
    assert low <= high + 1e-5 * (1.0 + abs(high))
