"""A station's composite limit is what the charging profiles say, second by second, whatever their combination."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from tidewatt.ocpp.charging import (
    ChargingProfile,
    Limit,
    Period,
    ProfileKind,
    ProfileStore,
    Purpose,
    RateUnit,
    Recurrency,
    Ruleset,
    Schedule,
    TransactionView,
)

NOW = 1_800_000_000.0
HORIZON_S = 90
VOLTAGE_V = 230.0
TRANSACTION = TransactionView(transaction_id="7", started_utc_s=NOW - 20)

whole_times = st.integers(-120, 120).map(lambda offset: NOW + offset)
periods = st.lists(
    st.tuples(st.integers(1, 60), st.integers(0, 32), st.sampled_from([None, 1, 3])), max_size=3
).flatmap(
    lambda rest: st.integers(0, 32).map(
        lambda first: tuple(
            Period(start_s=start, limit=float(limit), phases=phases)
            for start, limit, phases in sorted({0: (0, first, None), **{each[0]: each for each in rest}}.values())
        )
    )
)


@st.composite
def profiles(draw: st.DrawFn) -> ChargingProfile:
    kind = draw(st.sampled_from([ProfileKind.ABSOLUTE, ProfileKind.RECURRING, ProfileKind.RELATIVE]))
    purpose = draw(st.sampled_from([Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX]))
    if purpose is Purpose.STATION_MAX and kind is ProfileKind.RELATIVE:
        kind = ProfileKind.ABSOLUTE
    evse_ids = {Purpose.STATION_MAX: [0], Purpose.TX_DEFAULT: [0, 1], Purpose.TX: [1]}[purpose]
    days_ago = draw(st.integers(0, 2)) * 86_400 if kind is ProfileKind.RECURRING else 0
    return ChargingProfile(
        profile_id=draw(st.integers(1, 10_000)),
        evse_id=draw(st.sampled_from(evse_ids)),
        stack_level=draw(st.integers(0, 3)),
        purpose=purpose,
        kind=kind,
        recurrency=Recurrency.DAILY if kind is ProfileKind.RECURRING else None,
        valid_from_utc_s=draw(st.none() | whole_times),
        valid_to_utc_s=draw(st.none() | whole_times),
        transaction_id="7" if purpose is Purpose.TX else None,
        schedule=Schedule(
            unit=draw(st.sampled_from(RateUnit)),
            periods=draw(periods),
            duration_s=draw(st.none() | st.integers(1, 100)),
            start_utc_s=None if kind is ProfileKind.RELATIVE else draw(whole_times) - days_ago,
        ),
    )


def naive_pieces(profile: ChargingProfile) -> list[tuple[float, float, Period]]:
    """Write every run of a schedule out as pieces of time, each with its period."""
    schedule = profile.schedule
    first = TRANSACTION.started_utc_s if schedule.start_utc_s is None else schedule.start_utc_s
    runs = [first + 86_400 * day for day in range(4)] if profile.recurrency else [first]
    run_length_s = 86_400.0 if profile.recurrency else math.inf
    pieces = []
    for run in runs:
        end = run + min(run_length_s, math.inf if schedule.duration_s is None else schedule.duration_s)
        bounds = [run + period.start_s for period in schedule.periods] + [math.inf]
        for k, period in enumerate(schedule.periods):
            pieces.append(
                (
                    max(bounds[k], -math.inf if profile.valid_from_utc_s is None else profile.valid_from_utc_s),
                    min(bounds[k + 1], end, math.inf if profile.valid_to_utc_s is None else profile.valid_to_utc_s),
                    period,
                )
            )
    return pieces


def naive_limit(held: tuple[ChargingProfile, ...], utc_s: float, rules: Ruleset) -> tuple[float, int]:
    """Judge one second from the written-out pieces, knowing nothing of the code under test."""
    winners: dict[tuple[Purpose, int], tuple[int, float, int]] = {}
    for profile in held:
        for begin, end, period in naive_pieces(profile):
            if begin <= utc_s < end:
                phases = period.phases or 3
                assert period.limit is not None
                in_a = period.limit if profile.schedule.unit == "A" else period.limit / VOLTAGE_V / phases
                slot = (profile.purpose, profile.evse_id)
                if slot not in winners or profile.stack_level > winners[slot][0]:
                    winners[slot] = (profile.stack_level, in_a, phases)
    station_default = winners.get((Purpose.TX_DEFAULT, 0))
    own_default = winners.get((Purpose.TX_DEFAULT, 1))
    default = own_default or station_default
    if rules is not Ruleset.V16 and own_default and station_default:
        default = max(own_default, station_default, key=lambda winner: winner[0])
    session = winners.get((Purpose.TX, 1)) or default
    counting = [winner for winner in (session, winners.get((Purpose.STATION_MAX, 0))) if winner]
    return (
        min((in_a for _, in_a, _ in counting), default=math.inf),
        min((phases for _, _, phases in counting), default=3),
    )


@given(wanted=st.lists(profiles(), max_size=6), rules=st.sampled_from(Ruleset))
@settings(deadline=None, max_examples=300)
def test_the_composite_schedule_agrees_with_every_second_judged_by_itself(
    wanted: list[ChargingProfile], rules: Ruleset
) -> None:
    store = ProfileStore(rules, voltage_v=VOLTAGE_V)
    for profile in wanted:
        levels = {(held.purpose, held.stack_level) for held in store.profiles}
        if (profile.purpose, profile.stack_level) not in levels:
            store.install(profile, [1], TRANSACTION, utc_s=NOW)
    steps = store.composite(1, NOW, HORIZON_S, TRANSACTION, wired_phases=3)
    for second in range(HORIZON_S):
        stepped = next(limit for start_s, limit in reversed(steps) if start_s <= second)
        expected_a, expected_phases = naive_limit(store.profiles, NOW + second, rules)
        assert stepped.current_a == pytest.approx(expected_a)
        assert stepped.phases == expected_phases
        assert store.limit(1, NOW + second, TRANSACTION, wired_phases=3) == stepped


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


def test_the_end_of_a_transaction_ends_its_profiles_only() -> None:
    store = store_with(profile_of(Purpose.TX_DEFAULT, 6), profile_of(Purpose.TX, 13, profile_id=2))
    store.end_transaction(1)
    assert [held.purpose for held in store.profiles] == [Purpose.TX_DEFAULT]


def test_a_tx_profile_of_another_transaction_is_ignored() -> None:
    store = store_with(profile_of(Purpose.TX_DEFAULT, 6), profile_of(Purpose.TX, 13, profile_id=2))
    other = TransactionView(transaction_id="8", started_utc_s=NOW)
    assert limit_a(store, transaction=other) == 6


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
