"""The composite limit is what the profiles say second by second, in every version, whatever their combination."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
import math
from typing import Any

from hypothesis import given, settings, strategies as st
import msgspec
import pytest

from tests.conformance import shows
from tests.ocpp_charging.charging_judge import VOLTAGE_V, World, judge
from tests.ocpp_charging.charging_profiles_drawn import FROM_OUTSIDE, NOW, moments, profiles
from tidewatt.ocpp.charging import (
    EvseView,
    Limit,
    ProfileStore,
    Ruleset,
    StoreSnapshot,
    TransactionView,
)

HORIZON_S = 60

worlds: dict[str, Any] = {
    "soc_pct": st.sampled_from([None, 50.0, 80.0, 95.0]),
    "priority": st.booleans(),
    "choice": st.integers(0, 2),
    "local_offset_s": st.sampled_from([0.0, 30.0, -7200.0]),
    "offline_since_s": st.none() | moments.filter(lambda moment: moment <= NOW),
    "session_start_s": st.integers(-100, 0).map(lambda offset: NOW + offset),
    "wired_phases": st.sampled_from([1, 3]),
    "transaction_id": st.sampled_from(["7", "8"]),
}


def filled(rules: Ruleset, wanted: list[Any], draws: list[int]) -> ProfileStore:
    """Return a store with those of the profiles that it takes; `draws` are its random delays."""
    numbers = iter(draws * 100)
    store = ProfileStore(rules, voltage_v=VOLTAGE_V, draw=lambda most_s: next(numbers) % (most_s + 1))
    transaction = TransactionView(transaction_id="7", started_utc_s=NOW)
    for profile in wanted:
        slot = (profile.purpose, profile.stack_level)
        if slot not in {(held.purpose, held.stack_level) for held in store.profiles}:
            store.install(profile, [1, 2], transaction, utc_s=NOW, from_outside=profile.purpose in FROM_OUTSIDE)
    return store


def view_of(world: World) -> TransactionView | None:
    if world.transaction_id is None:
        return None
    return TransactionView(
        transaction_id=world.transaction_id,
        started_utc_s=world.session_start_s,
        soc_pct=world.soc_pct,
        priority=world.priority,
        choice=world.choice,
    )


def assert_judged(limit: Limit, store: ProfileStore, second: float, world: World) -> None:
    verdict = judge(list(store.profiles), second, world)
    assert limit.operation_mode is verdict.mode
    assert limit.phases == verdict.phases
    assert limit.current_a == pytest.approx(verdict.current_a)
    assert limit.discharge_a == pytest.approx(verdict.discharge_a)
    assert limit.setpoint_a == pytest.approx(verdict.setpoint_a)


@shows("K01.FR.49", "K01.FR.50", "K01.FR.97", "K01.FR.140", "K18.FR.24", "K28.FR.13", ocpp="2.1")
@shows("K01.FR.49", "K01.FR.50", ocpp="2.0.1")
@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_every_second_is_as_an_independent_judge_has_it(data: st.DataObject) -> None:
    rules = data.draw(st.sampled_from(Ruleset))
    world = World(rules, **{name: data.draw(values, label=name) for name, values in worlds.items()})
    wanted = data.draw(st.lists(profiles(rules), max_size=8))
    store = filled(rules, wanted, data.draw(st.lists(st.integers(0, 40), min_size=1, max_size=10)))
    store.local_offset_s = world.local_offset_s
    if world.offline_since_s is not None:
        store.went_offline(world.offline_since_s)
    view = view_of(world)
    steps = store.composite(1, NOW, HORIZON_S, view, wired_phases=world.wired_phases)
    for second in range(HORIZON_S):
        stepped = next(limit for start_s, limit in reversed(steps) if start_s <= second)
        assert_judged(stepped, store, NOW + second, world)
        assert store.limit(1, NOW + second, view, wired_phases=world.wired_phases) == stepped
    starts = [start_s for start_s, _ in steps]
    assert starts[0] == 0
    assert starts == sorted(set(starts))
    assert not any(before.continues(after) for (_, before), (_, after) in pairwise(steps))


@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_without_a_transaction_the_default_holds_as_if_charging_began_now(data: st.DataObject) -> None:
    rules = data.draw(st.sampled_from(Ruleset))
    store = filled(rules, data.draw(st.lists(profiles(rules), max_size=6)), [0])
    world = World(rules, transaction_id=None, session_start_s=NOW)
    steps = store.composite(1, NOW, HORIZON_S, None, wired_phases=3)
    for second in range(HORIZON_S):
        stepped = next(limit for start_s, limit in reversed(steps) if start_s <= second)
        assert_judged(stepped, store, NOW + second, world)


@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_a_setpoint_never_leaves_its_limits_and_a_limit_is_never_negative(data: st.DataObject) -> None:
    store = filled(Ruleset.V21, data.draw(st.lists(profiles(Ruleset.V21), max_size=8)), [0])
    view = TransactionView(transaction_id="7", started_utc_s=NOW - 30)
    for second in range(0, HORIZON_S, 7):
        limit = store.limit(1, NOW + second, view, wired_phases=3)
        assert limit.current_a >= 0
        assert limit.discharge_a >= 0
        assert not math.isnan(limit.current_a)
        if limit.setpoint_a is not None:
            assert -limit.discharge_a - 1e-9 <= limit.setpoint_a <= limit.current_a + 1e-9


@given(data=st.data())
@settings(deadline=None, max_examples=50)
def test_a_station_is_limited_to_what_its_evses_and_its_own_maximum_allow(data: st.DataObject) -> None:
    rules = data.draw(st.sampled_from(Ruleset))
    store = filled(rules, data.draw(st.lists(profiles(rules), max_size=6)), [0])
    view = TransactionView(transaction_id="7", started_utc_s=NOW - 30)
    evses = [
        EvseView(evse_id=1, rated_a=32.0, wired_phases=3, transaction=view),
        EvseView(evse_id=2, rated_a=16.0, wired_phases=3, transaction=replace(view, transaction_id="9")),
    ]
    steps = store.station_composite(NOW, HORIZON_S, evses)
    for second in range(0, HORIZON_S, 5):
        whole = store.station_limit(NOW + second, evses)
        assert 0 <= whole.current_a <= 48.0
        assert next(limit for start_s, limit in reversed(steps) if start_s <= second).current_a == whole.current_a
        parts = [
            min(evse.rated_a, store.limit(evse.evse_id, NOW + second, evse.transaction, wired_phases=3).current_a)
            for evse in evses
        ]
        # What limits the station counts once for all, for one EVSE alone it limits that EVSE.
        assert whole.current_a >= min(parts) - 1e-9


@given(data=st.data())
@settings(deadline=None, max_examples=40)
def test_what_was_kept_over_a_restart_makes_the_same_limits(data: st.DataObject) -> None:
    rules = data.draw(st.sampled_from(Ruleset))
    store = filled(rules, data.draw(st.lists(profiles(rules), max_size=6)), [3, 20])
    store.went_offline(NOW - 5)
    kept = msgspec.json.decode(msgspec.json.encode(msgspec.to_builtins(store.snapshot(), str_keys=True)))
    again = ProfileStore(rules, voltage_v=VOLTAGE_V)
    again.restore(msgspec.convert(kept, StoreSnapshot, str_keys=True))
    view = TransactionView(transaction_id="7", started_utc_s=NOW - 30)
    assert again.profiles == store.profiles
    assert again.writes == store.writes
    assert again.composite(1, NOW, HORIZON_S, view, wired_phases=3) == store.composite(
        1, NOW, HORIZON_S, view, wired_phases=3
    )
