"""What stations of OCPP 2.x refuse, with the reason codes of the specification, and what they must take."""

from __future__ import annotations

from dataclasses import replace
import math
from typing import Any

import pytest

from tests.conformance import shows
from tests.ocpp_charging.charging_builders import CURVE, NOW, TRANSACTION, profile_of, schedule_of
from tidewatt.ocpp.charging import (
    Abilities,
    ChargingProfile,
    LimitAtSoc,
    OperationMode,
    Period,
    ProfileKind,
    ProfileStore,
    Purpose,
    RateUnit,
    Ruleset,
)


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
