"""What every contender is expected to do, in cases that can be worked out by hand.

One-phase chargers of 16 A at 230 V are 3.68 kW.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.simulation.scenarios import one_phase, scenario, site, stay
from tidewatt.simulation import CONTENDERS, Outcome, Scenario, outcome_of, run
from tidewatt.simulation.plant import Ledger

FULL_KW = 16 * 230 / 1000


def result(name: str, of: Scenario) -> tuple[Outcome, Ledger]:
    contender = next(make for make in CONTENDERS if make().name == name)()
    ledger = run(of, contender)
    return outcome_of(of, name, ledger), ledger


def two_cars(fuse_a: float, **changes: object) -> Scenario:
    """Two vehicles of 3.68 kWh each: the first comes at 0:00 and stays until 4:00, the second from 0:15 to 2:00."""
    of = site(one_phase("a"), one_phase("b"), fuse_a=fuse_a)
    sessions = [stay(1, 0, (0.0, 4.0), FULL_KW), stay(2, 1, (0.25, 2.0), FULL_KW)]
    return scenario(of, sessions, hours=4, **changes)  # type: ignore[arg-type] # price and house_a


def charging_hours(ledger: Ledger, charger: int) -> list[float]:
    """Return what flowed through a charger in each hour, as a part of an hour at full power."""
    hourly_wh = ledger.energy_wh[:, charger].reshape(-1, 4).sum(axis=1)
    return [round(energy_wh / 1000 / FULL_KW, 3) for energy_wh in hourly_wh]


def test_unmanaged_charges_at_once_and_overruns_are_counted() -> None:
    outcome, ledger = result("unmanaged", two_cars(fuse_a=20.0))

    assert charging_hours(ledger, 0) == [1.0, 0.0, 0.0, 0.0]
    assert charging_hours(ledger, 1) == [0.75, 0.25, 0.0, 0.0]
    assert (outcome.overrun_s, outcome.overrun_a) == (45 * 60, 12.0)
    assert outcome.peak_kw == pytest.approx(2 * FULL_KW)
    assert outcome.switchings == 4


def test_first_come_serves_the_first_in_full() -> None:
    outcome, ledger = result("first come", two_cars(fuse_a=20.0))

    # The 4 A that the first leaves are less than the minimum.
    assert charging_hours(ledger, 0) == [1.0, 0.0, 0.0, 0.0]
    assert charging_hours(ledger, 1) == [0.0, 1.0, 0.0, 0.0]
    assert outcome.overrun_s == 0


def test_earliest_deadline_serves_who_leaves_first() -> None:
    _, ledger = result("earliest deadline", two_cars(fuse_a=20.0))

    assert charging_hours(ledger, 0) == [0.25, 0.75, 0.0, 0.0]
    assert charging_hours(ledger, 1) == [0.75, 0.25, 0.0, 0.0]


def test_round_robin_gives_everybody_the_same() -> None:
    _, ledger = result("round robin", two_cars(fuse_a=20.0))

    # 10 A each while both charge; the first has been alone for a quarter of an hour.
    np.testing.assert_allclose(ledger.energy_wh[1:4].sum(axis=0), 0.75 * 2300)


def test_cheapest_slots_are_chosen_by_everybody_alone_and_shared() -> None:
    outcome, ledger = result("cheapest slots", two_cars(fuse_a=20.0, price=(0.4, 0.2, 0.3, 0.3)))

    # Both choose 1:00 to 2:00, which is not enough for both; only the first is still there afterwards.
    assert charging_hours(ledger, 0)[:2] == pytest.approx([0.0, 0.625])
    assert charging_hours(ledger, 1)[0] == 0.0
    assert outcome.departures_met == 1
    assert outcome.missed_kwh == pytest.approx(FULL_KW * 0.375)


def test_cheapest_slots_cost_the_least_for_a_vehicle_alone() -> None:
    of = site(one_phase("a"), fuse_a=20.0)
    alone = scenario(of, [stay(1, 0, (0.5, 4.0), 2 * FULL_KW)], hours=4, price=(0.1, 0.4, 0.2, 0.3))
    outcome, ledger = result("cheapest slots", alone)

    assert charging_hours(ledger, 0) == [0.5, 0.0, 1.0, 0.5]
    assert outcome.cost == pytest.approx(FULL_KW * (0.05 + 0.2 + 0.15))


def test_tidewatt_in_fast_mode_shares_fairly_within_the_limit() -> None:
    outcome, ledger = result("tidewatt fair", two_cars(fuse_a=20.0))

    np.testing.assert_allclose(ledger.energy_wh[2:4], 2300 / 4)
    assert outcome.overrun_s == 0
    assert outcome.departures_met == 2


def test_the_cost_is_what_the_vehicles_add_to_the_bill() -> None:
    """The sun gives 8 A on each phase, so that 16 A on one of them come from it in full."""
    outcome, _ = result("unmanaged", two_cars(fuse_a=40.0, price=(0.4,), house_a=(-8.0,)))

    # 5.52 kW of sun; for three quarters of an hour both vehicles draw 7.36 kW.
    assert outcome.cost == pytest.approx(0.75 * (2 * FULL_KW - 5.52) * 0.4)
