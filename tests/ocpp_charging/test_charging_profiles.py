"""How charging profiles are held, replaced, refused and cleared, and what they make of each other, case by case."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any

import pytest

from tests.conformance import shows
from tidewatt.ocpp.charging import (
    ChargingProfile,
    Limit,
    Period,
    ProfileKind,
    ProfileStore,
    Purpose,
    RateUnit,
    Ruleset,
    Schedule,
    TransactionView,
)

NOW = 1_800_000_000.0
VOLTAGE_V = 230.0
TRANSACTION = TransactionView(transaction_id="7", started_utc_s=NOW - 20)


def profile_of(purpose: Purpose, limit: float, **changes: Any) -> ChargingProfile:
    profile = ChargingProfile(
        profile_id=1,
        evse_id=0 if purpose is Purpose.STATION_MAX else 1,
        stack_level=0,
        purpose=purpose,
        kind=ProfileKind.ABSOLUTE,
        schedule=Schedule(unit=RateUnit.A, periods=(Period(start_s=0, limit=limit),), start_utc_s=NOW - 100),
        transaction_id="7" if purpose is Purpose.TX else None,
    )
    return replace(profile, **changes)


def store_with(*held: ChargingProfile, rules: Ruleset = Ruleset.V16) -> ProfileStore:
    store = ProfileStore(rules, voltage_v=VOLTAGE_V)
    for profile in held:
        assert store.install(profile, [1, 2], TRANSACTION, utc_s=NOW) is None
    return store


def limit_a(store: ProfileStore, at_s: float = NOW, transaction: TransactionView | None = TRANSACTION) -> float:
    return store.limit(1, at_s, transaction, wired_phases=3).current_a


def test_without_profiles_nothing_limits() -> None:
    assert store_with().limit(1, NOW, None, wired_phases=1) == Limit(current_a=math.inf, phases=1)


@shows("1.6 3.13", ocpp="1.6")
def test_a_tx_profile_overrides_the_default_even_when_it_is_higher() -> None:
    store = store_with(profile_of(Purpose.TX_DEFAULT, 6), profile_of(Purpose.TX, 13, profile_id=2))
    assert limit_a(store) == 13


def test_the_default_holds_again_when_the_tx_profile_has_run_out() -> None:
    brief = Schedule(unit=RateUnit.A, periods=(Period(start_s=0, limit=13),), start_utc_s=NOW, duration_s=120)
    store = store_with(profile_of(Purpose.TX_DEFAULT, 6), profile_of(Purpose.TX, 0, profile_id=2, schedule=brief))
    assert limit_a(store, NOW + 119) == 13
    assert limit_a(store, NOW + 120) == 6


def test_the_station_maximum_caps_a_session() -> None:
    store = store_with(profile_of(Purpose.STATION_MAX, 10), profile_of(Purpose.TX, 13, profile_id=2))
    assert limit_a(store) == 10


def test_a_higher_stack_level_without_a_period_now_gives_way() -> None:
    later = Schedule(unit=RateUnit.A, periods=(Period(start_s=0, limit=20),), start_utc_s=NOW + 10)
    store = store_with(
        profile_of(Purpose.TX, 8), profile_of(Purpose.TX, 0, profile_id=2, stack_level=3, schedule=later)
    )
    assert limit_a(store, NOW + 9) == 8
    assert limit_a(store, NOW + 10) == 20


def test_watts_are_shared_by_the_phases() -> None:
    in_watts = Schedule(unit=RateUnit.W, periods=(Period(start_s=0, limit=6900),), start_utc_s=NOW - 1)
    store = store_with(profile_of(Purpose.TX, 0, schedule=in_watts))
    assert limit_a(store) == pytest.approx(10)
    assert store.limit(1, NOW, TRANSACTION, wired_phases=1).current_a == pytest.approx(10), "phases of the period"


@shows("1.6 3.13", ocpp="1.6")
def test_the_end_of_a_transaction_ends_its_profiles_only() -> None:
    store = store_with(profile_of(Purpose.TX_DEFAULT, 6), profile_of(Purpose.TX, 13, profile_id=2))
    store.end_transaction(1)
    assert [held.purpose for held in store.profiles] == [Purpose.TX_DEFAULT]


def test_a_tx_profile_of_another_transaction_is_ignored() -> None:
    store = store_with(profile_of(Purpose.TX_DEFAULT, 6), profile_of(Purpose.TX, 13, profile_id=2))
    other = TransactionView(transaction_id="8", started_utc_s=NOW)
    assert limit_a(store, transaction=other) == 6


@shows("1.6 5.16", ocpp="1.6")
def test_1_6_replaces_what_has_the_same_purpose_and_stack_level() -> None:
    store = store_with(profile_of(Purpose.TX, 8), profile_of(Purpose.TX, 9, profile_id=2))
    assert [held.profile_id for held in store.profiles] == [2]
    assert limit_a(store) == 9


def test_2_0_1_refuses_what_has_the_same_purpose_and_stack_level() -> None:
    store = store_with(profile_of(Purpose.TX, 8), rules=Ruleset.V201)
    assert store.install(profile_of(Purpose.TX, 9, profile_id=2), [1], TRANSACTION, utc_s=NOW) == "DuplicateProfile"
    assert store.install(profile_of(Purpose.TX, 9), [1], TRANSACTION, utc_s=NOW) is None
    assert limit_a(store) == 9


def test_2_0_1_takes_the_same_stack_level_for_another_time() -> None:
    early = profile_of(Purpose.TX_DEFAULT, 8, valid_to_utc_s=NOW + 50)
    late = profile_of(Purpose.TX_DEFAULT, 9, profile_id=2, valid_from_utc_s=NOW + 50)
    store = store_with(early, late, rules=Ruleset.V201)
    assert (limit_a(store, NOW + 49), limit_a(store, NOW + 50)) == (8, 9)


@pytest.mark.parametrize(
    ("profile", "transaction", "rules", "reason"),
    [
        (profile_of(Purpose.TX, 8), None, Ruleset.V16, "TxNotFound"),
        (profile_of(Purpose.TX, 8, transaction_id="9"), TRANSACTION, Ruleset.V16, "TxNotFound"),
        (profile_of(Purpose.TX, 8, transaction_id=None), TRANSACTION, Ruleset.V201, "MissingParam"),
        (profile_of(Purpose.TX, 8, evse_id=0), TRANSACTION, Ruleset.V201, "InvalidProfile"),
        (profile_of(Purpose.TX_DEFAULT, 8, evse_id=5), None, Ruleset.V201, "UnknownEvse"),
        (profile_of(Purpose.STATION_MAX, 8, evse_id=1), None, Ruleset.V16, "InvalidProfile"),
        (profile_of(Purpose.STATION_MAX, 8, kind=ProfileKind.RELATIVE), None, Ruleset.V201, "InvalidProfile"),
        (profile_of(Purpose.EXTERNAL, 8), None, Ruleset.V201, "InvalidProfile"),
        (profile_of(Purpose.TX_DEFAULT, -1), None, Ruleset.V16, "InvalidSchedule"),
        (profile_of(Purpose.TX_DEFAULT, 8, stack_level=99), None, Ruleset.V16, "InvalidSchedule"),
        (profile_of(Purpose.TX_DEFAULT, 8, kind=ProfileKind.RECURRING), None, Ruleset.V16, "InvalidSchedule"),
    ],
)
def test_what_the_specification_forbids_is_refused_with_its_reason(
    profile: ChargingProfile, transaction: TransactionView | None, rules: Ruleset, reason: str
) -> None:
    store = ProfileStore(rules, voltage_v=VOLTAGE_V)
    assert store.install(profile, [1], transaction, utc_s=NOW) == reason
    assert store.profiles == ()
    assert not store.writes


def test_a_relative_default_counts_from_the_start_of_the_transaction() -> None:
    steps = Schedule(unit=RateUnit.A, periods=(Period(start_s=0, limit=16), Period(start_s=60, limit=8)))
    store = store_with(profile_of(Purpose.TX_DEFAULT, 0, kind=ProfileKind.RELATIVE, schedule=steps))
    assert store.composite(1, NOW, 120, TRANSACTION, wired_phases=3) == [
        (0, Limit(current_a=16)),
        (40, Limit(current_a=8)),
    ]
    assert store.composite(1, NOW, 120, None, wired_phases=3) == [(0, Limit(current_a=16)), (60, Limit(current_a=8))]


def test_the_connector_overrides_the_station_default_in_1_6_and_stacks_in_2_0_1() -> None:
    station = profile_of(Purpose.TX_DEFAULT, 20, evse_id=0, stack_level=2)
    connector = profile_of(Purpose.TX_DEFAULT, 8, profile_id=2)
    assert limit_a(store_with(station, connector)) == 8
    assert limit_a(store_with(station, connector, rules=Ruleset.V201)) == 20


@pytest.mark.parametrize(
    ("criteria", "left"),
    [
        ({"profile_id": 2}, [1, 3]),
        ({"purpose": Purpose.TX_DEFAULT}, [1]),
        ({"evse_id": 1}, [3]),
        ({"stack_level": 4}, [1, 2]),
        ({"purpose": Purpose.TX_DEFAULT, "stack_level": 4}, [1, 2]),
        ({}, []),
    ],
)
def test_clearing_removes_what_meets_all_criteria(criteria: dict[str, Any], left: list[int]) -> None:
    store = store_with(
        profile_of(Purpose.TX, 8),
        profile_of(Purpose.TX_DEFAULT, 8, profile_id=2),
        profile_of(Purpose.TX_DEFAULT, 8, profile_id=3, evse_id=0, stack_level=4),
    )
    assert store.clear(**criteria)
    assert [held.profile_id for held in store.profiles] == left
    assert not store.clear(profile_id=99)


def test_accepted_writes_are_counted_by_purpose() -> None:
    store = store_with(
        *(profile_of(Purpose.TX, limit) for limit in (8, 9, 10)), profile_of(Purpose.TX_DEFAULT, 6, profile_id=2)
    )
    assert store.writes == {Purpose.TX: 3, Purpose.TX_DEFAULT: 1}
