"""What holds for every contender on whatever days: energy is conserved, limits are kept, the same gives the same."""

from __future__ import annotations

from collections.abc import Callable
import json

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.control.control_plant import charger
from tests.simulation.scenarios import SMALL, TINY, one_phase, scenario, site, stay
from tidewatt.simulation import CONTENDERS, Car, Contender, Scenario, document_of, outcome_of, run
from tidewatt.site import Circuit, Phase

MANAGED = [make for make in CONTENDERS if make().name != "unmanaged"]

type Make = Callable[[], Contender]


def name_of(make: Make) -> str:
    return make().name


@st.composite
def days(draw: st.DrawFn) -> Scenario:
    """Return six hours at a site of three chargers, of which one hangs on a circuit of its own."""
    of = site(
        charger("left"),
        charger("right", phases=(Phase.L2, Phase.L3, Phase.L1), maximum_a=20.0, step_a=0.5),
        one_phase("yard", circuit_id="yard"),
        fuse_a=draw(st.sampled_from([10.0, 20.0, 32.0])),
        circuits=(Circuit(circuit_id="yard", name="Yard", parent_id="main", import_limit_a=(12.0, 12.0, 12.0)),),
    )
    sessions = []
    for bay in range(3):
        comes = draw(st.floats(0.0, 2.0))
        goes = comes + draw(st.floats(0.2, 3.5))
        battery = draw(st.sampled_from([None, SMALL]))
        car = Car(phases=draw(st.integers(1, 1 if bay == 2 else 3)), maximum_a=16.0, battery=battery)
        sessions.append(stay(bay, bay, (comes, goes), draw(st.floats(0.1, 25.0)), car=car))
    hourly = st.lists(st.floats(-20.0, 30.0), min_size=6, max_size=6)
    price = draw(st.lists(st.floats(-0.2, 0.6), min_size=6, max_size=6))
    return scenario(of, sessions, hours=6, price=price, house_a=draw(hourly))


@pytest.mark.parametrize("make", CONTENDERS, ids=name_of)
@settings(max_examples=15, deadline=None)
@given(of=days())
def test_what_vehicles_got_is_what_the_chargers_metered_and_never_more_than_wanted(make: Make, of: Scenario) -> None:
    ledger = run(of, make())

    got_wh = np.zeros(len(of.site.chargers))
    for session, delivered_wh in zip(of.sessions, ledger.delivered_wh, strict=True):
        got_wh[session.charger] += delivered_wh
        hours = (session.departure_s - session.arrival_s) / 3600
        assert delivered_wh <= min(session.wanted_wh, hours * 230 * session.car.phases * 20.0) + 1e-6
    np.testing.assert_allclose(ledger.energy_wh.sum(axis=0), got_wh, rtol=1e-9, atol=1e-6)


@pytest.mark.parametrize("make", MANAGED, ids=name_of)
@settings(max_examples=15, deadline=None)
@given(of=days())
def test_no_managed_contender_ever_exceeds_a_limit(make: Make, of: Scenario) -> None:
    """With perfect measurement there is no reaction time: a limit is kept from the second in which it binds."""
    ledger = run(of, make())

    assert (ledger.overrun_s, ledger.overrun_most_a) == (0, 0.0)


@pytest.mark.parametrize("make", CONTENDERS, ids=name_of)
@settings(max_examples=5, deadline=None)
@given(of=days())
def test_the_same_scenario_gives_the_same_bytes(make: Make, of: Scenario) -> None:
    texts = [
        json.dumps(document_of(of, [outcome_of(of, contender.name, run(of, contender))]))
        for contender in (make(), make())
    ]

    assert texts[0] == texts[1]


def test_a_battery_tapers_in_steps_until_it_is_full() -> None:
    of = site(one_phase("a"), fuse_a=40.0)
    full = Car(phases=1, maximum_a=16.0, battery=TINY)
    ledger = run(scenario(of, [stay(1, 0, (0.0, 8.0), 10.0, car=full)], hours=8), CONTENDERS[0]())
    power_kw = ledger.energy_wh[:, 0] * 4 / 1000

    # Above 90 % the battery takes less than a quarter of its 15 kW, and at the end next to nothing.
    np.testing.assert_allclose(power_kw[:8], 3.68)
    falling = power_kw[8 : np.flatnonzero(power_kw)[-1] + 1]
    assert (np.diff(falling) <= 1e-9).all()
    assert len(falling) > 4
    assert falling[-2] < 0.5 * 3.68
    np.testing.assert_allclose(ledger.delivered_wh, 10_000)
