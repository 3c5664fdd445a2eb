"""What stations of OCPP 2.x refuse, with the reason codes of the specification, and what they must take."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any

import pytest

from tests.conformance import shows
from tidewatt.ocpp.charging import (
    Abilities,
    ChargingProfile,
    CurvePoint,
    LimitAtSoc,
    OperationMode,
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
TRANSACTION = TransactionView(transaction_id="7", started_utc_s=NOW - 20)
CURVE = (CurvePoint(at=49.8, power_w=-3000), CurvePoint(at=50.2, power_w=3000))


def schedule_of(*periods: Period, **changes: Any) -> Schedule:
    return replace(Schedule(unit=RateUnit.A, periods=periods, start_utc_s=NOW - 100), **changes)


def profile_of(*periods: Period, **changes: Any) -> ChargingProfile:
    purpose = changes.get("purpose", Purpose.TX)
    profile = ChargingProfile(
        profile_id=1,
        evse_id=0 if purpose is Purpose.STATION_MAX else 1,
        stack_level=0,
        purpose=purpose,
        kind=ProfileKind.ABSOLUTE,
        schedule=schedule_of(*(periods or (Period(limit=10),))),
        transaction_id="7" if purpose is Purpose.TX else None,
    )
    return replace(profile, **changes)


def reason(
    profile: ChargingProfile,
    *,
    rules: Ruleset = Ruleset.V21,
    abilities: Abilities | None = None,
    beside: ChargingProfile | None = None,
    from_outside: bool = False,
) -> str | None:
    """Return why a station refuses a profile; None when it takes it."""
    store = ProfileStore(rules, voltage_v=230.0, abilities=abilities)
    if beside is not None:
        outside = beside.purpose is Purpose.EXTERNAL
        assert store.install(beside, [1, 2], TRANSACTION, utc_s=NOW, from_outside=outside) is None
    return store.install(profile, [1, 2], TRANSACTION, utc_s=NOW, from_outside=from_outside)


def in_mode(mode: OperationMode, unit: RateUnit = RateUnit.W, **values: Any) -> ChargingProfile:
    period = Period(operation_mode=mode, **values)
    return profile_of(schedule=schedule_of(period, unit=unit))


@pytest.mark.parametrize(
    "profile",
    [
        in_mode(OperationMode.CHARGING_ONLY, limit=10),
        in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=-3000),
        in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=-3000, discharge_limit=-4000, limit=11_000),
        in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=-100, setpoint_l2=-100, setpoint_l3=-90),
        in_mode(OperationMode.CENTRAL_FREQUENCY, setpoint=0),
        in_mode(OperationMode.EXTERNAL_SETPOINT),
        in_mode(OperationMode.EXTERNAL_SETPOINT, limit=10, discharge_limit=-10),
        in_mode(OperationMode.EXTERNAL_LIMITS),
        in_mode(OperationMode.LOCAL_LOAD_BALANCING),
        in_mode(OperationMode.LOCAL_FREQUENCY, baseline_w=0, freq_watt_curve=CURVE),
        in_mode(OperationMode.IDLE, preconditioning=True, evse_sleep=True),
    ],
    ids=lambda profile: str(profile.schedule.periods[0].mode),
)
def test_every_operation_mode_is_taken_with_what_it_needs(profile: ChargingProfile) -> None:
    assert reason(profile) is None


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        (in_mode(OperationMode.CHARGING_ONLY), "InvalidSchedule"),
        pytest.param(
            in_mode(OperationMode.CHARGING_ONLY, limit=10, discharge_limit=-10),
            "InvalidSchedule",
            marks=shows("Q02.FR.02", ocpp="2.1"),
        ),
        (in_mode(OperationMode.CENTRAL_SETPOINT), "InvalidSchedule"),
        (in_mode(OperationMode.CENTRAL_SETPOINT, limit=10), "InvalidSchedule"),
        (in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=5, setpoint_l2=-5), "InvalidSchedule"),
        (in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=5, discharge_limit=5), "InvalidSchedule"),
        (in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=math.nan), "InvalidSchedule"),
        (in_mode(OperationMode.CENTRAL_FREQUENCY, setpoint=5, setpoint_reactive=5), "InvalidSchedule"),
        (in_mode(OperationMode.EXTERNAL_LIMITS, limit=5), "InvalidSchedule"),
        (in_mode(OperationMode.EXTERNAL_SETPOINT, setpoint=5), "InvalidSchedule"),
        (in_mode(OperationMode.LOCAL_LOAD_BALANCING, setpoint=5), "InvalidSchedule"),
        pytest.param(in_mode(OperationMode.IDLE, limit=5), "InvalidSchedule", marks=shows("Q10.FR.01", ocpp="2.1")),
        pytest.param(
            in_mode(OperationMode.LOCAL_FREQUENCY, baseline_w=0, freq_watt_curve=CURVE[:1]),
            "NoFreqWattCurve",
            marks=shows("Q08.FR.02", "Q08.FR.03", ocpp="2.1"),
        ),
        (in_mode(OperationMode.LOCAL_FREQUENCY, freq_watt_curve=CURVE), "NoFreqWattCurve"),
        pytest.param(
            in_mode(OperationMode.LOCAL_FREQUENCY, baseline_w=0, freq_watt_curve=CURVE, limit=5),
            "InvalidSchedule",
            marks=shows("Q08.FR.04", ocpp="2.1"),
        ),
        pytest.param(
            in_mode(OperationMode.LOCAL_FREQUENCY, RateUnit.A, baseline_w=0, freq_watt_curve=CURVE),
            "UnsupportedRateUnit",
            marks=shows("Q08.FR.05", ocpp="2.1"),
        ),
        pytest.param(
            in_mode(OperationMode.CHARGING_ONLY, limit=5, evse_sleep=True),
            "InvalidSchedule",
            marks=shows("K01.FR.126", ocpp="2.1"),
        ),
    ],
)
def test_amounts_that_do_not_fit_their_mode_are_refused(profile: ChargingProfile, code: str) -> None:
    assert reason(profile) == code


@shows("K01.FR.111", "K01.FR.112", "K01.FR.113", "K01.FR.114", ocpp="2.1")
@pytest.mark.parametrize("mode", OperationMode)
@pytest.mark.parametrize(
    ("purpose", "allowed"),
    [
        (Purpose.STATION_MAX, {OperationMode.CHARGING_ONLY}),
        (Purpose.PRIORITY, {OperationMode.CHARGING_ONLY}),
        (
            Purpose.EXTERNAL,
            {OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS, OperationMode.EXTERNAL_SETPOINT},
        ),
        (Purpose.LOCAL_GENERATION, {OperationMode.CHARGING_ONLY, OperationMode.EXTERNAL_LIMITS}),
    ],
)
def test_each_purpose_has_its_operation_modes(
    purpose: Purpose, allowed: set[OperationMode], mode: OperationMode
) -> None:
    profile = profile_of(Period(operation_mode=mode, limit=10), purpose=purpose)
    found = reason(profile, from_outside=purpose in (Purpose.EXTERNAL, Purpose.LOCAL_GENERATION))
    assert (found == "InvalidOperationMode") is (mode not in allowed)


@shows("K01.FR.115", ocpp="2.1")
def test_only_modes_that_the_station_supports_are_taken() -> None:
    able = Abilities(operation_modes=frozenset({OperationMode.CENTRAL_SETPOINT}))
    assert reason(in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=1), abilities=able) is None
    assert reason(in_mode(OperationMode.IDLE), abilities=able) == "InvalidOperationMode"
    assert reason(in_mode(OperationMode.CHARGING_ONLY, limit=1), abilities=able) is None


@pytest.mark.parametrize(
    ("profile", "abilities", "code"),
    [
        pytest.param(
            profile_of(purpose=Purpose.PRIORITY),
            Abilities(purposes=frozenset(Purpose) - {Purpose.PRIORITY}),
            "UnsupportedPurpose",
            marks=shows("K01.FR.120", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(kind=ProfileKind.DYNAMIC),
            Abilities(dynamic=False),
            "UnsupportedKind",
            marks=shows("K01.FR.121", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(schedule=schedule_of(Period(limit=1), use_local_time=True)),
            Abilities(local_time=False),
            "InvalidSchedule",
            marks=shows("K01.FR.123", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(schedule=schedule_of(Period(limit=1), randomized_delay_s=5)),
            Abilities(randomized_delay=False),
            "InvalidSchedule",
            marks=shows("K01.FR.124", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(schedule=schedule_of(Period(limit=1), limit_at_soc=LimitAtSoc(soc_pct=80, limit=6))),
            Abilities(limit_at_soc=False),
            "InvalidSchedule",
            marks=shows("K01.FR.125", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(),
            Abilities(units=frozenset({RateUnit.W})),
            "UnsupportedRateUnit",
            marks=shows("K01.FR.26", ocpp=("2.0.1", "2.1")),
        ),
        (profile_of(stack_level=3), Abilities(stack_level=2), "InvalidSchedule"),
        (profile_of(Period(limit=1), Period(start_s=5, limit=2)), Abilities(periods=1), "InvalidSchedule"),
        pytest.param(
            profile_of(profile_id=3),
            Abilities(highest_external_id=3),
            "InvalidProfileId",
            marks=shows("K01.FR.81", ocpp="2.1"),
        ),
    ],
)
def test_what_a_station_cannot_do_it_refuses(profile: ChargingProfile, abilities: Abilities, code: str) -> None:
    assert reason(profile, abilities=abilities) == code
    assert reason(profile) is None, "the same is taken where it can be done"


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        pytest.param(
            profile_of(schedule=schedule_of(Period(limit=1), start_utc_s=None)),
            "InvalidSchedule",
            marks=shows("K01.FR.40", ocpp=("2.0.1", "2.1")),
        ),
        pytest.param(
            profile_of(kind=ProfileKind.RELATIVE),
            "InvalidSchedule",
            marks=shows("K01.FR.41", ocpp=("2.0.1", "2.1")),
        ),
        pytest.param(
            profile_of(purpose=Purpose.STATION_MAX, kind=ProfileKind.RELATIVE),
            "InvalidProfile",
            marks=shows("K01.FR.38", ocpp=("2.0.1", "2.1")),
        ),
        pytest.param(profile_of(evse_id=0), "InvalidProfile", marks=shows("K01.FR.16", ocpp=("2.0.1", "2.1"))),
        pytest.param(profile_of(transaction_id=None), "MissingParam", marks=shows("K01.FR.03", ocpp=("2.0.1", "2.1"))),
        pytest.param(profile_of(transaction_id="8"), "TxNotFound", marks=shows("K01.FR.33", ocpp=("2.0.1", "2.1"))),
        pytest.param(profile_of(evse_id=9), "UnknownEvse", marks=shows("K01.FR.28", ocpp=("2.0.1", "2.1"))),
        pytest.param(
            profile_of(Period(start_s=1, limit=1)), "InvalidSchedule", marks=shows("K01.FR.31", ocpp=("2.0.1", "2.1"))
        ),
        pytest.param(
            profile_of(Period(limit=1), Period(start_s=9, limit=1), Period(start_s=5, limit=1)),
            "InvalidSchedule",
            marks=shows("K01.FR.35", ocpp=("2.0.1", "2.1")),
        ),
        pytest.param(
            profile_of(Period(limit=1, phases=3, phase_to_use=2)),
            "InvalidSchedule",
            marks=shows("K01.FR.19", "K01.FR.48", ocpp=("2.0.1", "2.1")),
        ),
        pytest.param(
            profile_of(Period(limit=1, phases=1, phase_to_use=2)),
            "InvalidSchedule",
            marks=shows("K01.FR.20", ocpp=("2.0.1", "2.1")),
        ),
        (profile_of(purpose=Purpose.EXTERNAL), "InvalidProfile"),
        (profile_of(purpose=Purpose.TX_DEFAULT, alternatives=(schedule_of(Period(limit=1)),)), "InvalidSchedule"),
    ],
)
@pytest.mark.parametrize("rules", [Ruleset.V201, Ruleset.V21])
def test_what_2_x_forbids_is_refused(profile: ChargingProfile, code: str, rules: Ruleset) -> None:
    assert reason(profile, rules=rules) == code


@pytest.mark.parametrize(
    ("profile", "code"),
    [
        pytest.param(
            profile_of(purpose=Purpose.PRIORITY, schedule=schedule_of(Period(limit=1), duration_s=60)),
            "InvalidSchedule",
            marks=shows("K01.FR.70", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(purpose=Purpose.STATION_MAX, schedule=schedule_of(Period(limit=1), randomized_delay_s=60)),
            "InvalidSchedule",
            marks=shows("K01.FR.95", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(update_interval_s=60),
            "InvalidProfile",
            marks=shows("K01.FR.122", "K28.FR.04", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(Period(limit=1), Period(start_s=5, limit=2), kind=ProfileKind.DYNAMIC),
            "InvalidSchedule",
            marks=shows("K28.FR.01", "K28.FR.03", ocpp="2.1"),
        ),
        pytest.param(
            profile_of(Period(limit=1, limit_l2=1), purpose=Purpose.TX_DEFAULT),
            "PhaseConflict",
            marks=shows("K01.FR.144", ocpp="2.1"),
        ),
        pytest.param(
            in_mode(OperationMode.CENTRAL_SETPOINT, setpoint=1, limit_l2=1),
            "PhaseConflict",
            marks=shows("K01.FR.146", ocpp="2.1"),
        ),
    ],
)
def test_what_2_1_forbids_is_refused(profile: ChargingProfile, code: str) -> None:
    assert reason(profile) == code


@shows("K01.FR.141", ocpp="2.1")
def test_phases_to_use_that_contradict_each_other_are_refused() -> None:
    able = Abilities(phase_switching=True)
    held = profile_of(Period(limit=1, phases=1, phase_to_use=1), purpose=Purpose.STATION_MAX)
    other = profile_of(Period(limit=1, phases=1, phase_to_use=3), profile_id=2)
    assert reason(other, abilities=able, beside=held) == "PhaseConflict"


@shows("K01.FR.05", "K01.FR.06", "K01.FR.39", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("rules", [Ruleset.V201, Ruleset.V21])
@pytest.mark.parametrize("purpose", [Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX])
def test_the_same_id_replaces_and_the_same_place_is_refused(rules: Ruleset, purpose: Purpose) -> None:
    held = profile_of(purpose=purpose)
    assert reason(profile_of(Period(limit=5), purpose=purpose), rules=rules, beside=held) is None
    assert reason(profile_of(purpose=purpose, profile_id=2), rules=rules, beside=held) == "DuplicateProfile"
    assert reason(profile_of(purpose=purpose, profile_id=2, stack_level=1), rules=rules, beside=held) is None


@shows("K01.FR.52", "K01.FR.53", ocpp=("2.0.1", "2.1"))
@pytest.mark.parametrize("rules", [Ruleset.V201, Ruleset.V21])
@pytest.mark.parametrize(("first", "second"), [(0, 1), (1, 0)])
def test_defaults_of_the_station_and_of_an_evse_share_their_levels(rules: Ruleset, first: int, second: int) -> None:
    held = profile_of(purpose=Purpose.TX_DEFAULT, evse_id=first)
    new = profile_of(purpose=Purpose.TX_DEFAULT, evse_id=second, profile_id=2)
    assert reason(new, rules=rules, beside=held) == "DuplicateProfile"
    assert reason(replace(new, stack_level=1), rules=rules, beside=held) is None
    assert reason(replace(new, evse_id=2), rules=rules, beside=replace(held, evse_id=1)) is None


def test_the_central_system_neither_replaces_nor_clears_what_came_from_outside() -> None:
    limit = profile_of(purpose=Purpose.EXTERNAL, profile_id=-1, source="EMS")
    assert reason(profile_of(profile_id=-1), beside=limit) == "DuplicateProfile"
    store = ProfileStore(Ruleset.V21, voltage_v=230.0)
    store.install(limit, [1], None, utc_s=NOW, from_outside=True)
    assert not store.clear()
    assert not store.clear(profile_id=-1)
    assert store.clear(profile_id=-1, from_outside=True)


def test_versions_before_2_1_know_neither_its_kinds_nor_its_purposes() -> None:
    for rules in (Ruleset.V16, Ruleset.V201):
        assert reason(profile_of(kind=ProfileKind.DYNAMIC), rules=rules) == "UnsupportedKind"
        assert reason(profile_of(purpose=Purpose.PRIORITY), rules=rules) == "UnsupportedPurpose"
    assert reason(profile_of(purpose=Purpose.EXTERNAL), rules=Ruleset.V16, from_outside=True) == "UnsupportedPurpose"


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
