"""The jumping simulation is compared with the plain one, in which every contender is asked every second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.control.control_plant import charger
from tests.simulation.scenarios import SMALL, one_phase, scenario, site, stay
from tidewatt.simulation import CONTENDERS, Car, Contender, Scenario, run
from tidewatt.simulation.contenders.tidewatt import TidewattFair
from tidewatt.site import Circuit, Phase

TOLERANCE_WH = 0.01
"""How much a session, or a quarter hour of a charger, may differ: rounding, of thousands of Wh."""


def busy_evening() -> Scenario:
    """Three hours: 20 A, three kinds of vehicle, one tapering, a house that changes every quarter hour."""
    of = site(
        charger("left"),
        charger("right", phases=(Phase.L2, Phase.L3, Phase.L1), weight=2.0),
        one_phase("yard", circuit_id="yard"),
        fuse_a=20.0,
        circuits=(Circuit(circuit_id="yard", name="Yard", parent_id="main", import_limit_a=(10.0, 10.0, 10.0)),),
    )
    full = Car(phases=3, maximum_a=16.0, battery=SMALL)
    two = Car(phases=2, maximum_a=16.0)
    sessions = [
        stay(1, 0, (0.1, 2.2), 9.0, car=full),
        stay(2, 1, (0.2004, 1.3), 5.0, car=two),
        stay(3, 2, (0.3, 2.7), 4.0),
        stay(4, 1, (1.3, 2.9), 6.0, car=Car(phases=3, maximum_a=11.0)),
        stay(5, 0, (2.2, 3.0), 2.0, car=full),
    ]
    plain = scenario(of, sessions, hours=3)
    changing = plain.base_a.copy()
    changing[:, 0] = np.random.default_rng(3).uniform(-3.0, 13.0, (plain.slots, 3))
    return replace(plain, base_a=changing)


def too_little_for_all() -> Scenario:
    """Three hours: 13 A for four vehicles that need 6 A each, so that they take turns."""
    of = site(*(one_phase(f"bay-{number}") for number in range(4)), fuse_a=13.0)
    return scenario(of, [stay(number, number, (0.01 * number, 3.0), 8.0) for number in range(4)], hours=3)


def full_beside_hungry() -> Scenario:
    """Three hours: 25 A for five vehicles, of which three are full early and stay, and so give way."""
    of = site(*(one_phase(f"bay-{number}") for number in range(5)), fuse_a=25.0)
    wanted_kwh = (0.5, 0.8, 1.0, 12.0, 12.0)
    return scenario(
        of, [stay(number, number, (0.01 * number, 3.0), kwh) for number, kwh in enumerate(wanted_kwh)], hours=3
    )


@pytest.mark.parametrize("make", [busy_evening, too_little_for_all, full_beside_hungry])
def test_decide_says_the_same_whether_it_is_asked_every_second_or_not(make: Callable[[], Scenario]) -> None:
    of = make()
    jumping, dense = TidewattFair(), TidewattFair()

    jumped, judge = run(of, jumping), run(of, dense, jumping=False)

    np.testing.assert_allclose(jumped.delivered_wh, judge.delivered_wh, rtol=0, atol=TOLERANCE_WH)
    np.testing.assert_allclose(jumped.energy_wh, judge.energy_wh, rtol=0, atol=TOLERANCE_WH)
    assert jumped.switchings == judge.switchings
    assert jumped.overrun_s <= judge.overrun_s
    assert dense.cycles == of.slots * 900
    assert jumping.cycles < dense.cycles / 3


@pytest.mark.parametrize("make", CONTENDERS[:5])
def test_rules_do_the_same_whether_they_are_asked_every_second_or_not(make: Callable[[], Contender]) -> None:
    of = busy_evening()

    jumped, judge = run(of, make()), run(of, make(), jumping=False)

    np.testing.assert_allclose(jumped.energy_wh, judge.energy_wh, rtol=0, atol=TOLERANCE_WH)
    assert (jumped.switchings, jumped.overrun_s) == (judge.switchings, judge.overrun_s)


def test_turns_are_really_taken_where_that_is_to_be_simulated() -> None:
    ledger = run(too_little_for_all(), TidewattFair())

    assert ledger.switchings > 8
    assert ledger.delivered_wh.min() > 0.3 * ledger.delivered_wh.max()


def test_full_vehicles_leave_nearly_all_of_the_fuse_to_the_hungry() -> None:
    ledger = run(full_beside_hungry(), TidewattFair())

    assert ledger.delivered_wh[:3] == pytest.approx([500, 800, 1000])
    assert ledger.delivered_wh.sum() > 0.9 * 25 * 230 * 3
