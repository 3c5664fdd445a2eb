"""Profiles of every kind that the three versions know, drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tidewatt.ocpp.charging import (
    ChargingProfile,
    CurvePoint,
    LimitAtSoc,
    OperationMode,
    Period,
    ProfileKind,
    Purpose,
    RateUnit,
    Recurrency,
    Ruleset,
    Schedule,
)

NOW = 1_800_000_000.0
AROUND_S = 120

moments = st.integers(-AROUND_S, AROUND_S).map(lambda offset: NOW + offset)
currents = st.integers(0, 32).map(float)
PURPOSES = {
    Ruleset.V16: [Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX],
    Ruleset.V201: [Purpose.STATION_MAX, Purpose.TX_DEFAULT, Purpose.TX, Purpose.EXTERNAL],
    Ruleset.V21: list(Purpose),
}
MODES: dict[Purpose, list[OperationMode | None]] = {
    Purpose.TX: list(OperationMode),
    Purpose.TX_DEFAULT: list(OperationMode),
    Purpose.PRIORITY: [None],
    Purpose.STATION_MAX: [None],
    Purpose.EXTERNAL: [None, OperationMode.EXTERNAL_LIMITS, OperationMode.EXTERNAL_SETPOINT],
    Purpose.LOCAL_GENERATION: [None],
}
FROM_OUTSIDE = (Purpose.EXTERNAL, Purpose.LOCAL_GENERATION)


@st.composite
def amounts(draw: st.DrawFn, mode: OperationMode | None, unit: RateUnit, *, split: bool) -> dict[str, Any]:
    """Draw what an operation mode needs and some of what it allows."""
    scale = 1.0 if unit is RateUnit.A else 690.0

    def some(name: str, sign: int) -> dict[str, float]:
        values = {name: sign * draw(currents) * scale}
        if split and draw(st.booleans()):
            values |= {f"{name}_{phase}": sign * draw(currents) * scale for phase in ("l2", "l3")}
        return values

    sign = draw(st.sampled_from([1, -1]))
    match mode:
        case None | OperationMode.CHARGING_ONLY:
            return some("limit", 1)
        case OperationMode.CENTRAL_SETPOINT | OperationMode.CENTRAL_FREQUENCY:
            more = some("limit", 1) | some("discharge_limit", -1) if draw(st.booleans()) else {}
            return some("setpoint", sign) | more
        case OperationMode.EXTERNAL_SETPOINT:
            return some("limit", 1) | some("discharge_limit", -1) if draw(st.booleans()) else {}
        case OperationMode.LOCAL_FREQUENCY:
            return {
                "baseline_w": float(draw(st.integers(-3000, 3000))),
                "freq_watt_curve": (CurvePoint(at=49.8, power_w=-5000.0), CurvePoint(at=50.2, power_w=5000.0)),
            }
    return {}


@st.composite
def outside(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what an energy manager says: a limit, and perhaps how much may be given back, or shall flow."""
    said: dict[str, Any] = {"limit": draw(currents)}
    if draw(st.booleans()):
        said["discharge_limit"] = -draw(currents)
    if draw(st.booleans()):
        said["setpoint"] = draw(st.sampled_from([1, -1])) * draw(currents)
    return said


@st.composite
def schedules(draw: st.DrawFn, rules: Ruleset, purpose: Purpose, kind: ProfileKind) -> Schedule:
    """Draw a schedule that a station of a version takes."""
    is_v21 = rules is Ruleset.V21
    is_dynamic = kind is ProfileKind.DYNAMIC
    modes = MODES[purpose] if is_v21 else [None]
    unit = draw(st.sampled_from(RateUnit))
    starts = [0] if is_dynamic else sorted({0, *draw(st.lists(st.integers(1, 90), max_size=3))})
    periods = []
    for start_s in starts:
        mode = draw(st.sampled_from(modes))
        if mode is OperationMode.LOCAL_FREQUENCY:
            unit = RateUnit.W
        periods.append((start_s, mode, draw(st.sampled_from([None, 1, 3]))))
    drawn = []
    for start_s, mode, phases in periods:
        values = (
            draw(outside())
            if purpose is Purpose.EXTERNAL and is_v21
            else draw(amounts(mode, unit, split=is_v21 and purpose is Purpose.TX))
        )
        drawn.append(Period(start_s=start_s, phases=phases, operation_mode=mode, **values))
    may_be_delayed = is_v21 and purpose in (Purpose.TX, Purpose.TX_DEFAULT) and not is_dynamic
    has_start = kind in (ProfileKind.ABSOLUTE, ProfileKind.RECURRING)
    days_ago = draw(st.integers(0, 15)) * 86_400 if kind is ProfileKind.RECURRING else 0
    return Schedule(
        unit=unit,
        periods=tuple(drawn),
        duration_s=None if purpose is Purpose.PRIORITY else draw(st.none() | st.integers(1, 150)),
        start_utc_s=draw(moments) - days_ago if has_start else None,
        use_local_time=is_v21 and has_start and draw(st.booleans()),
        randomized_delay_s=draw(st.sampled_from([0, 0, 40])) if may_be_delayed else 0,
        limit_at_soc=LimitAtSoc(soc_pct=80, limit=draw(currents)) if is_v21 and draw(st.booleans()) else None,
    )


@st.composite
def profiles(draw: st.DrawFn, rules: Ruleset) -> ChargingProfile:
    """Draw a profile that a station of a version takes, if nothing is in its place."""
    purpose = draw(st.sampled_from(PURPOSES[rules]))
    kinds = [ProfileKind.ABSOLUTE, ProfileKind.RECURRING]
    if purpose is not Purpose.STATION_MAX:
        kinds.append(ProfileKind.RELATIVE)
    if rules is Ruleset.V21:
        kinds.append(ProfileKind.DYNAMIC)
    kind = draw(st.sampled_from(kinds))
    has_choice = rules is not Ruleset.V16 and purpose is Purpose.TX and kind is not ProfileKind.DYNAMIC
    is_v21 = rules is Ruleset.V21
    return ChargingProfile(
        profile_id=draw(st.integers(1, 10_000)),
        evse_id={Purpose.STATION_MAX: 0, Purpose.TX: 1}.get(purpose, draw(st.sampled_from([0, 1]))),
        stack_level=draw(st.integers(0, 3)),
        purpose=purpose,
        kind=kind,
        recurrency=draw(st.sampled_from(Recurrency)) if kind is ProfileKind.RECURRING else None,
        valid_from_utc_s=draw(st.none() | moments),
        valid_to_utc_s=draw(st.none() | moments),
        transaction_id="7" if purpose is Purpose.TX else None,
        schedule=draw(schedules(rules, purpose, kind)),
        alternatives=(tuple(draw(st.lists(schedules(rules, purpose, kind), max_size=2))) if has_choice else ()),
        updated_utc_s=draw(moments) if kind is ProfileKind.DYNAMIC else None,
        max_offline_s=draw(st.none() | st.integers(0, 100)) if is_v21 else None,
        invalid_after_offline=is_v21 and draw(st.booleans()),
        source="EMS" if purpose in FROM_OUTSIDE else "CSO",
    )
