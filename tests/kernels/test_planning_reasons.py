"""Every reason is what its definition says, worked out again from the plan's prices."""

from types import ModuleType

from hypothesis import given, settings
import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from tests.kernels.planning_judge import flows, present
from tests.kernels.planning_problems import Node, Site, Unit, sites
from tidewatt.kernels.planning import Plan, PlanProblem, PlanReason, plan

WATT = 1e-3
CENT = 1e-3
"""Prices in these problems are tenths, the interior point's are within a thousandth."""


def first_reasons(kernels: ModuleType, site: Site) -> list[PlanReason]:
    return [PlanReason(code) for code in kernels.planning.plan(site.problem()).reason[0]]


def test_a_vehicle_that_is_away_is_absent(kernels: ModuleType) -> None:
    site = Site(buy=(0.1, 0.1, 0.1), units=(Unit(arrival=1, departure=2),))
    assert first_reasons(kernels, site)[::2] == [PlanReason.ABSENT] * 2


def test_the_cheapest_slot_is_used_to_the_units_limit_and_the_marginal_one_is_explained(kernels: ModuleType) -> None:
    site = Site(buy=(0.1, 0.2, 0.3), units=(Unit(target_kwh=35.0),))
    reasons = first_reasons(kernels, site)
    assert reasons == [PlanReason.UNIT_LIMIT, PlanReason.TARGET, PlanReason.PRICE]


def test_a_full_store_explains_that_more_is_not_charged(kernels: ModuleType) -> None:
    unit = Unit(energy_kwh=45.0, ceiling_kwh=50.0, target_kwh=50.0, discharge_kw=5.0)
    site = Site(buy=(0.1, 0.5, 0.2), sell=(0.0, 0.5, 0.0), units=(unit,))
    assert first_reasons(kernels, site)[0] == PlanReason.FULL


def test_the_floor_explains_that_more_is_not_discharged(kernels: ModuleType) -> None:
    unit = Unit(energy_kwh=20.0, floor_kwh=15.0, target_kwh=0.0, discharge_kw=10.0)
    site = Site(buy=(0.5, 0.1), sell=(0.5, 0.1), units=(unit,))
    assert first_reasons(kernels, site)[0] == PlanReason.FLOOR


def test_the_circuit_that_binds_is_named(kernels: ModuleType) -> None:
    nodes = (Node(import_kw=9.0), Node(parent=0, import_kw=6.0), Node(parent=1))
    site = Site(buy=(0.1, 0.4), nodes=nodes, units=(Unit(circuit=2),))
    answer = kernels.planning.plan(site.problem())
    assert answer.reason[0, 0] == PlanReason.CIRCUIT_LIMIT
    assert answer.binding_circuit[0, 0] == 1
    np.testing.assert_allclose(answer.price_per_kwh[:, 0], [0.1, 0.4, 0.4])


def check(problem: PlanProblem, answer: Plan) -> None:
    """Check what each code claims, with the tolerance of the interior point."""
    price = answer.price_per_kwh[problem.circuit]
    worth = answer.energy_price_per_kwh
    more = price - problem.charge_efficiency[:, None] * worth
    less = problem.wear_per_kwh[:, None] + worth / problem.discharge_efficiency[:, None] - price
    power, reason = answer.power_kw, answer.reason
    at_most = power > problem.charge_limit_kw[:, None] - WATT
    at_least = power < -problem.discharge_limit_kw[:, None] + WATT
    charges, discharges = power > WATT, power < -WATT
    np.testing.assert_array_equal(reason == PlanReason.ABSENT, ~present(problem))
    allowed = (reason != PlanReason.MINIMUM_POWER) & present(problem)
    assert (more[allowed & charges] < CENT).all()
    assert (less[allowed & discharges] < CENT).all()
    assert (more[allowed & ~at_most & ~discharges] > -CENT).all()
    assert (less[allowed & ~at_least & ~charges] > -CENT).all()
    limited = reason == PlanReason.UNIT_LIMIT
    assert (at_most | at_least)[limited].all()
    flow = flows(problem, power)
    circuit_limited = reason == PlanReason.CIRCUIT_LIMIT
    assert ((answer.binding_circuit >= 0) == circuit_limited).all()
    for unit, slot in zip(*np.nonzero(circuit_limited), strict=True):
        v = answer.binding_circuit[unit, slot]
        most = max(problem.import_limit_kw[v, slot], problem.base_kw[v, slot])
        least = max(problem.export_limit_kw[v, slot], -problem.base_kw[v, slot])
        broken = problem.base_kw[v, slot] > problem.import_limit_kw[v, slot]
        broken |= -problem.base_kw[v, slot] > problem.export_limit_kw[v, slot]
        assert flow[v, slot] > most - 2 * WATT or -flow[v, slot] > least - 2 * WATT or broken
    for slot in np.nonzero((reason == PlanReason.PEAK).any(axis=0))[0]:
        assert answer.import_kw[slot] == pytest.approx(answer.peak_kw[problem.peak[slot]], abs=WATT)


@settings(deadline=None)
@given(site=sites(minimum=False, negative=False, most_units=1, peaks=False))
def test_the_reasons_of_any_home_hold(kernels: ModuleType, site: Site) -> None:
    problem = site.problem()
    answer = kernels.planning.plan(problem)
    check(problem, answer)
    at_once_would_pay = answer.energy_price_per_kwh < 0.0
    assert not ((answer.reason == PlanReason.MINIMUM_POWER) & ~at_once_would_pay).any()


@pytest.mark.parametrize(
    "instance",
    [
        Instance(units=1, family="mkt"),
        Instance(units=1, minimum=True),
        Instance(units=3, family="mkt", battery=True, peak=True),
        Instance(units=20, tree=True, family="mkt"),
        Instance(units=20, tree=True, minimum=True),
    ],
    ids=lambda instance: instance.label,
)
def test_the_reasons_of_seeded_sites_hold(instance: Instance) -> None:
    problem = instance.problem()
    check(problem, plan(problem))
