"""Powers below the minimum are repaired: allowed, within limits, and how much dearer than the best there is."""

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from benchmarks.parts.plan_instances import Instance
from benchmarks.parts.plan_lp import program
from tests.kernels.planning_judge import assert_sound, relative
from tests.kernels.planning_problems import Node, Site, Unit
from tidewatt.kernels.planning import PlanProblem, plan

ROOMY_LOSS = 0.02
"""The most that a plan may lose against the mixed-integer optimum where circuits have room for one unit more."""

TIGHT_LOSS = 0.35
"""And where they have not: then what one unit gets another lacks, and targets are missed that need not be."""

MEAN_TIGHT_LOSS = 0.05


def home(units: int, slots: int, seed: int, room_kw: float) -> PlanProblem:
    """Return a home with minimum powers whose connection is its load and so much more."""
    problem = Instance(units=units, slots=slots, family=("std", "mkt")[seed % 2], minimum=True, seed=seed).problem()
    connection = np.full_like(problem.import_limit_kw, max(float(problem.base_kw.max()), 0.0) + room_kw)
    return replace(problem, import_limit_kw=connection)


def loss(problem: PlanProblem) -> float:
    answer = plan(problem)
    assert_sound(problem, answer)
    judge = program(problem, physical=True).solve(gap=1e-4, time_limit_s=20.0).objective
    assert relative(answer.bound, judge) < 2e-4
    return relative(answer.objective, judge)


@pytest.mark.parametrize("units", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_with_room_next_to_nothing_is_lost(units: int, seed: int) -> None:
    assert loss(home(units, 16, seed, 45.0)) < ROOMY_LOSS


def test_without_room_the_loss_is_bounded() -> None:
    losses = [loss(home(units, 12, seed, room_kw)) for units in (2, 3) for seed in range(3) for room_kw in (8.0, 12.0)]
    assert max(losses) < TIGHT_LOSS
    assert sum(losses) / len(losses) < MEAN_TIGHT_LOSS


def test_units_take_turns_where_the_circuit_carries_one_minimum(kernels: ModuleType) -> None:
    units = (Unit(minimum_kw=4.0, target_kwh=28.0), Unit(minimum_kw=4.0, target_kwh=28.0))
    site = Site(buy=(0.1,) * 4, nodes=(Node(import_kw=4.0),), units=units)
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.unmet_kwh, 0.0, atol=1e-9)
    np.testing.assert_allclose(answer.power_kw.sum(axis=0), 4.0)


def test_the_gap_tells_what_the_minimum_may_have_cost(kernels: ModuleType) -> None:
    units = (Unit(minimum_kw=6.0, target_kwh=24.0), Unit(minimum_kw=6.0, target_kwh=24.0))
    site = Site(buy=(0.1, 0.2), nodes=(Node(import_kw=7.0),), units=units)
    problem = site.problem()
    answer = kernels.planning.plan(problem)
    assert_sound(problem, answer)
    assert answer.gap > 0.0
    assert answer.bound <= program(problem, physical=True).solve().objective + 1e-9


def test_a_unit_that_others_live_on_is_not_turned_off(kernels: ModuleType) -> None:
    idle = Unit(departure=1, charge_kw=0.0, discharge_kw=0.0, energy_kwh=0.0, ceiling_kwh=0.0, target_kwh=0.0)
    wants = replace(idle, charge_kw=0.1, ceiling_kwh=0.1, target_kwh=0.1, unmet_price=5.0)
    gives = replace(idle, discharge_kw=1.4, minimum_kw=1.4, energy_kwh=0.4, end_value=0.1)
    site = Site(
        buy=(0.0, 0.0, 0.0),
        sell=(0.0, 0.0, 0.1),
        nodes=(Node(import_kw=0.0, base_kw=(0.0, 0.0, 0.0)),),
        units=(idle, wants, gives),
        slot_h=0.25,
    )
    problem = site.problem()
    answer = kernels.planning.plan(problem)
    assert_sound(problem, answer)
    np.testing.assert_allclose(answer.power_kw[:, 0], [0.0, 0.1, -1.4], atol=1e-6)


def test_pairs_that_find_nothing_better_leave_the_peak_as_it_was(kernels: ModuleType) -> None:
    # 5 kWh each in 23 quarter hours: two at a time at their minimum are enough.
    vehicle = Unit(charge_kw=3.68, minimum_kw=1.38, energy_kwh=0.0, ceiling_kwh=5.0, target_kwh=5.0, unmet_price=100.0)
    slots = 23
    site = Site(
        buy=(0.1,) * slots,
        units=(vehicle,) * 3,
        slot_h=0.25,
        peak=(0,) * slots,
        peak_price=(10.0,),
        peak_so_far_kw=(0.0,),
    )
    answer = kernels.planning.plan(site.problem())
    np.testing.assert_allclose(answer.unmet_kwh, 0.0, atol=1e-9)
    assert answer.peak_kw[0] <= 2 * vehicle.minimum_kw + 1e-9
