"""Tidewatt with a plan: what the planning kernel wants reaches the vehicles through `decide`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.control.control_plant import charger
from tests.simulation.scenarios import SMALL, START_S, TINY, one_phase, scenario, site, stay
from tidewatt.simulation import Car, Outcome, Scenario, outcome_of, run
from tidewatt.simulation.contenders.baselines import CheapestSlots, FirstCome
from tidewatt.simulation.contenders.planned import TidewattPlan
from tidewatt.simulation.plant import Ledger

FULL_KW = 16 * 230 / 1000


def planned(of: Scenario) -> tuple[Outcome, Ledger]:
    ledger = run(of, TidewattPlan())
    return outcome_of(of, "tidewatt plan", ledger), ledger


def test_a_vehicle_alone_charges_in_the_cheapest_hours() -> None:
    of = site(one_phase("a"), fuse_a=20.0)
    alone = scenario(of, [stay(1, 0, (0.0, 5.0), 2 * FULL_KW)], hours=5, price=(0.3, 0.1, 0.4, 0.2, 0.4))
    outcome, ledger = planned(alone)

    hourly_kwh = ledger.energy_wh[:, 0].reshape(-1, 4).sum(axis=1) / 1000
    # Every start rises from the minimum in steps; what that loses is made up for in a dearer hour.
    assert hourly_kwh[[1, 3]].sum() > 0.95 * 2 * FULL_KW
    assert outcome.departures_met == 1
    assert outcome.cost == pytest.approx(FULL_KW * 0.3, rel=0.06)


def test_who_can_wait_leaves_the_cheap_hour_to_who_cannot() -> None:
    """Both want the second hour; the one that stays has the third, nearly as cheap."""
    of = site(one_phase("a"), one_phase("b"), fuse_a=20.0)
    sessions = [stay(1, 0, (0.0, 4.0), FULL_KW), stay(2, 1, (0.0, 2.0), 0.9 * FULL_KW)]
    both = scenario(of, sessions, hours=4, price=(0.6, 0.2, 0.21, 0.6))
    outcome, _ = planned(both)
    greedy = outcome_of(both, "cheapest slots", run(both, CheapestSlots()))

    assert outcome.departures_met == 2
    assert greedy.departures_met == 1
    assert outcome.cost_per_kwh < 0.24


def test_a_price_for_the_peak_spreads_the_power() -> None:
    of = site(*(one_phase(f"bay-{bay}") for bay in range(3)), fuse_a=60.0)
    sessions = [stay(bay, bay, (0.0, 6.0), 5.0) for bay in range(3)]
    peaky = scenario(of, sessions, hours=6, peak_price=10.0)
    outcome, _ = planned(peaky)

    first = outcome_of(peaky, "first come", run(peaky, FirstCome()))
    assert outcome.departures_met == 3
    assert first.peak_kw == pytest.approx(3 * FULL_KW)
    # 15 kWh in six hours are 2.5 kW, which no point can do with less than 1.38 kW at a time.
    assert outcome.peak_kw < 3.5
    assert outcome.cost < 0.45 * first.cost


def test_more_than_can_be_charged_is_charged_as_far_as_possible() -> None:
    of = site(one_phase("a"), fuse_a=20.0)
    outcome, _ = planned(scenario(of, [stay(1, 0, (0.1, 1.1), 10.0)], hours=2, price=(0.5, 0.1)))

    assert outcome.energy_kwh == pytest.approx(FULL_KW, rel=0.01)
    assert outcome.departures_met == 0


def test_a_vehicle_that_stays_longer_than_it_said_goes_on_charging() -> None:
    of = site(one_phase("a"), fuse_a=20.0)
    late = stay(1, 0, (0.0, 3.0), 2 * FULL_KW, expected_departure_s=START_S + 3600)
    outcome, _ = planned(scenario(of, [late], hours=3))

    assert outcome.departures_met == 1


def test_a_tapering_vehicle_is_given_the_time_for_it() -> None:
    of = site(one_phase("a"), fuse_a=20.0)
    full = Car(phases=1, maximum_a=16.0, battery=TINY)
    outcome, _ = planned(scenario(of, [stay(1, 0, (0.0, 8.0), 8.0, car=full)], hours=8, price=(0.4,) * 6 + (0.1,) * 2))

    assert outcome.departures_met == 1


def test_decide_says_the_same_whether_it_is_asked_every_second_or_not() -> None:
    of = site(charger("left"), charger("right"), one_phase("yard"), fuse_a=20.0)
    sessions = [
        stay(1, 0, (0.1, 1.9), 6.0, car=Car(phases=3, maximum_a=16.0, battery=SMALL)),
        stay(2, 1, (0.3, 2.0), 5.0, car=Car(phases=2, maximum_a=16.0)),
        stay(3, 2, (0.5, 1.4), 2.0),
    ]
    plain = scenario(of, sessions, hours=2, price=(0.3, 0.2))
    changing = plain.base_a.copy()
    changing[:, 0] = np.random.default_rng(5).uniform(-3.0, 12.0, (plain.slots, 3))
    busy = replace(plain, base_a=changing)

    jumped, judge = run(busy, TidewattPlan()), run(busy, TidewattPlan(), jumping=False)

    np.testing.assert_allclose(jumped.energy_wh, judge.energy_wh, rtol=0, atol=0.01)
    assert (jumped.switchings, jumped.overrun_s) == (judge.switchings, judge.overrun_s)
