"""How long profiles hold, and what holds beside and after them (OCPP 2.x, K08, K09, K28)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.conformance import shows
from tests.ocpp_charging.charging_builders import NOW, TRANSACTION, profile_of, schedule_of
from tidewatt.ocpp.charging import OperationMode, Period, ProfileKind, ProfileStore, Purpose, Ruleset


@shows("K28.FR.06", "K28.FR.09", "K28.FR.13", "K28.FR.14", ocpp="2.1")
def test_a_dynamic_profile_lives_as_long_as_it_is_updated() -> None:
    store = ProfileStore(Ruleset.V21, voltage_v=230.0)
    schedule = schedule_of(
        Period(operation_mode=OperationMode.CENTRAL_SETPOINT, setpoint=-8.0), duration_s=60, start_utc_s=None
    )
    fallback = profile_of(Period(limit=6, operation_mode=OperationMode.CHARGING_ONLY), profile_id=2)
    dynamic = profile_of(kind=ProfileKind.DYNAMIC, schedule=schedule, stack_level=1)
    for profile in (fallback, dynamic):
        assert store.install(profile, [1], TRANSACTION, utc_s=NOW) is None

    def setpoint_a(at_s: float) -> float | None:
        return store.limit(1, NOW + at_s, TRANSACTION, wired_phases=3).setpoint_a

    assert (setpoint_a(59), setpoint_a(61)) == (-8, None)
    alone = store.limit(1, NOW + 61, TRANSACTION, wired_phases=3)
    assert (alone.current_a, alone.discharge_a) == (6, 0)
    assert store.update(1, {"setpoint": -5.0}, NOW + 300) is None
    assert (setpoint_a(299), setpoint_a(359), setpoint_a(361)) == (None, -5, None)
    assert store.update(1, {"limit": 5.0}, NOW + 300) is None, "a limit is allowed beside a setpoint"
    assert store.update(1, {"discharge_limit": 5.0}, NOW + 300) == "InvalidSchedule"
    assert store.update(2, {"limit": 5.0}, NOW + 300) == "InvalidProfileId", "not a dynamic one"
    assert store.update(9, {"limit": 5.0}, NOW + 300) == "InvalidProfileId"


@shows("K28.FR.10", ocpp="2.1")
def test_a_station_asks_for_amounts_when_their_time_has_come() -> None:
    store = ProfileStore(Ruleset.V21, voltage_v=230.0)
    profile = profile_of(
        kind=ProfileKind.DYNAMIC, schedule=schedule_of(Period(limit=6), start_utc_s=None), update_interval_s=30
    )
    store.install(profile, [1], TRANSACTION, utc_s=NOW)
    assert store.pulls_due(NOW + 29) == []
    assert store.pulls_due(NOW + 30) == [1]
    store.update(1, {}, NOW + 31)
    assert store.pulls_due(NOW + 60) == []


def test_a_profile_is_set_aside_while_offline_and_dropped_where_it_says_so() -> None:
    def limit_a(store: ProfileStore, at_s: float) -> float:
        return store.limit(1, NOW + at_s, TRANSACTION, wired_phases=3).current_a

    for for_ever in (False, True):
        store = ProfileStore(Ruleset.V21, voltage_v=230.0)
        floor = profile_of(Period(limit=6), purpose=Purpose.TX_DEFAULT, profile_id=2)
        above = profile_of(Period(limit=20), max_offline_s=60, invalid_after_offline=for_ever)
        for profile in (floor, above):
            assert store.install(profile, [1], TRANSACTION, utc_s=NOW) is None
        store.went_offline(NOW + 10)
        assert [limit_a(store, at_s) for at_s in (69, 70)] == [20, 6]
        store.came_online(NOW + 100)
        assert limit_a(store, 101) == (6 if for_ever else 20)


@shows("K01.FR.97", ocpp="2.1")
def test_a_period_that_is_delayed_beyond_the_next_one_is_skipped() -> None:
    delays = iter([753, 123, 87])
    store = ProfileStore(Ruleset.V21, voltage_v=230.0, draw=lambda _: next(delays))
    periods = [Period(start_s=300 * number, limit=number) for number in range(4)]
    schedule = schedule_of(*periods, randomized_delay_s=900, start_utc_s=NOW)
    store.install(profile_of(schedule=schedule), [1], TRANSACTION, utc_s=NOW)
    steps = store.composite(1, NOW, 1200, TRANSACTION, wired_phases=3)
    assert [(start_s, limit.current_a) for start_s, limit in steps] == [(0, 0), (723, 2), (987, 3)]


def test_priority_charging_replaces_what_the_transaction_has_once_it_is_called_for() -> None:
    store = ProfileStore(Ruleset.V21, voltage_v=230.0)
    for profile in (profile_of(Period(limit=6)), profile_of(Period(limit=32), purpose=Purpose.PRIORITY, profile_id=2)):
        assert store.install(profile, [1], TRANSACTION, utc_s=NOW) is None
    for is_on, expected_a in ((False, 6), (True, 32)):
        view = replace(TRANSACTION, priority=is_on)
        assert store.limit(1, NOW, view, wired_phases=3).current_a == expected_a


@shows("K09.FR.04", ocpp=("2.0.1", "2.1"))
def test_profiles_are_found_by_all_criteria_together() -> None:
    store = ProfileStore(Ruleset.V21, voltage_v=230.0)
    store.install(profile_of(), [1], TRANSACTION, utc_s=NOW)
    store.install(profile_of(purpose=Purpose.TX_DEFAULT, profile_id=2, stack_level=3), [1], None, utc_s=NOW)
    limit = profile_of(purpose=Purpose.EXTERNAL, profile_id=-1, source="EMS")
    store.install(limit, [1], None, utc_s=NOW, from_outside=True)

    def ids(**criteria: Any) -> list[int]:
        return [held.profile_id for held in store.select(**criteria)]

    assert ids() == [1, 2, -1]
    assert ids(sources=["EMS", "SO"]) == [-1]
    assert ids(sources=["CSO"], stack_level=3) == [2]
    assert ids(profile_ids=[1, -1], purpose=Purpose.TX) == [1]
    assert ids(evse_id=2) == []


@shows("K08.FR.09", ocpp="2.1")
def test_limits_of_single_phases_are_kept_apart() -> None:
    store = ProfileStore(Ruleset.V21, voltage_v=230.0)
    store.install(profile_of(Period(limit=16, limit_l2=10, limit_l3=13)), [1], TRANSACTION, utc_s=NOW)
    station = profile_of(Period(limit=12), purpose=Purpose.STATION_MAX, profile_id=2)
    store.install(station, [1], None, utc_s=NOW)
    limit = store.limit(1, NOW, TRANSACTION, wired_phases=3)
    assert (limit.current_a, limit.phase_a) == (10, (12, 10, 12))
