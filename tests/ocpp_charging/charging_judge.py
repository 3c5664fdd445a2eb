"""What a set of profiles allows at one second, judged without the code under test: slow, and plain enough to read."""

from __future__ import annotations

from dataclasses import dataclass
import math

from tidewatt.ocpp.charging import ChargingProfile, OperationMode, Period, ProfileKind, Purpose, Ruleset, Schedule

VOLTAGE_V = 230.0


@dataclass(frozen=True)
class World:
    """Everything that is not a profile."""

    rules: Ruleset
    evse_id: int = 1
    wired_phases: int = 3
    session_start_s: float = 0.0
    transaction_id: str | None = "7"
    soc_pct: float | None = None
    priority: bool = False
    choice: int = 0
    local_offset_s: float = 0.0
    offline_since_s: float | None = None


@dataclass(frozen=True)
class Verdict:
    """The judgement: most in, most out, target, phases and mode."""

    current_a: float
    discharge_a: float
    setpoint_a: float | None
    phases: int
    mode: OperationMode


@dataclass(frozen=True)
class Word:
    """What one profile says at a second."""

    schedule: Schedule
    period: Period


def word_of(profile: ChargingProfile, t: float, world: World) -> Word | None:
    """Return what a profile says at a second, None when it says nothing."""
    is_patient = world.offline_since_s is None or profile.max_offline_s is None
    if not is_patient and t - (world.offline_since_s or 0) >= (profile.max_offline_s or 0):
        return None
    if profile.valid_from_utc_s is not None and t < profile.valid_from_utc_s:
        return None
    if profile.valid_to_utc_s is not None and t >= profile.valid_to_utc_s:
        return None
    schedules = [profile.schedule, *profile.alternatives]
    position = world.choice if profile.purpose == "TxProfile" and world.choice < len(schedules) else 0
    schedule = schedules[position]
    begun_s = beginning(profile, schedule, t, world)
    if begun_s is None:
        return None
    elapsed_s = t - begun_s
    if schedule.duration_s is not None and elapsed_s >= schedule.duration_s:
        return None
    found = None
    for number, period in enumerate(schedule.periods):
        delay_s = schedule.delays_s[number] if schedule.delays_s else 0
        if elapsed_s >= period.start_s + delay_s:
            found = Word(schedule, period)
    return found


def beginning(profile: ChargingProfile, schedule: Schedule, t: float, world: World) -> float | None:
    """Return the last beginning of a schedule until a second, None when it has not begun."""
    if profile.kind is ProfileKind.DYNAMIC:
        begin_s = profile.updated_utc_s
    elif profile.kind is ProfileKind.RELATIVE or schedule.start_utc_s is None:
        begin_s = world.session_start_s
    else:
        begin_s = schedule.start_utc_s - (world.local_offset_s if schedule.use_local_time else 0)
    assert begin_s is not None
    if begin_s > t:
        return None
    if profile.kind is ProfileKind.RECURRING:
        step_s = {"Daily": 86_400, "Weekly": 604_800}[str(profile.recurrency)]
        while begin_s + step_s <= t:
            begin_s += step_s
    return begin_s


def strongest(profiles: list[ChargingProfile], t: float, world: World) -> Word | None:
    """Return what the profile with the highest stack level says among those that say anything."""
    best: tuple[int, Word] | None = None
    for profile in profiles:
        word = word_of(profile, t, world)
        if word is not None and (best is None or profile.stack_level > best[0]):
            best = (profile.stack_level, word)
    return None if best is None else best[1]


def judge(profiles: list[ChargingProfile], t: float, world: World) -> Verdict:
    """Judge one second."""

    def of(purpose: Purpose, *evse_ids: int) -> Word | None:
        return strongest([p for p in profiles if p.purpose is purpose and p.evse_id in evse_ids], t, world)

    session = None
    if world.priority:
        session = of(Purpose.PRIORITY, 0, world.evse_id)
    if session is None and world.transaction_id is not None:
        mine = [p for p in profiles if p.purpose is Purpose.TX and p.evse_id == world.evse_id]
        session = strongest([p for p in mine if p.transaction_id in (None, world.transaction_id)], t, world)
    if session is None and world.rules is Ruleset.V16:
        session = of(Purpose.TX_DEFAULT, world.evse_id) or of(Purpose.TX_DEFAULT, 0)
    elif session is None:
        session = of(Purpose.TX_DEFAULT, 0, world.evse_id)
    outside = of(Purpose.EXTERNAL, 0, world.evse_id)
    station = of(Purpose.STATION_MAX, 0)
    generation = of(Purpose.LOCAL_GENERATION, 0, world.evse_id)

    mode = session.period.operation_mode or OperationMode.CHARGING_ONLY if session else OperationMode.CHARGING_ONLY
    caps = [word for word in (session, outside, station) if word is not None]
    current_a = min((most_in(word, world) for word in caps), default=math.inf)
    phases = min([world.wired_phases, *(word.period.phases or 3 for word in caps)])
    extra_a = most_in(generation, world) if generation else 0.0
    if mode is OperationMode.IDLE:
        return Verdict(0.0, 0.0, 0.0, phases, mode)
    current_a += extra_a
    discharge_a = given_back(session, outside, station, mode)
    setpoint_a = target(session, outside, mode)
    if setpoint_a is not None:
        setpoint_a = min(setpoint_a, current_a) if setpoint_a >= 0 else max(setpoint_a, -discharge_a)
        setpoint_a = min(setpoint_a, current_a)
    return Verdict(current_a, discharge_a, setpoint_a, phases, mode)


def per_phase(word: Word, *values: float | None) -> list[float]:
    """Return amounts in A for each phase that is told apart, or one for all."""
    first, second, third = values
    assert first is not None
    phases = word.period.phases or 3
    if word.schedule.unit == "A":
        return [first, *(value for value in (second, third) if value is not None)]
    if second is None and third is None:
        return [first / VOLTAGE_V / phases]
    return [value / VOLTAGE_V for value in (first, second, third) if value is not None]


def most_in(word: Word, world: World) -> float:
    """Return the most that a word lets in, in A per phase."""
    period = word.period
    limits = [math.inf]
    if period.limit is not None:
        limits = per_phase(word, period.limit, period.limit_l2, period.limit_l3)
    at_soc = word.schedule.limit_at_soc
    if at_soc is not None and world.soc_pct is not None and world.soc_pct >= at_soc.soc_pct:
        limits += per_phase(word, at_soc.limit, None, None)
    return min(limits)


def most_out(word: Word) -> float | None:
    """Return the most that a word lets out, None when it does not speak of it."""
    period = word.period
    if period.discharge_limit is None:
        return None
    amounts = per_phase(word, period.discharge_limit, period.discharge_limit_l2, period.discharge_limit_l3)
    return min(-amount for amount in amounts)


def given_back(session: Word | None, outside: Word | None, station: Word | None, mode: OperationMode) -> float:
    """Return the most that may be given back."""
    if session is None or mode in (OperationMode.CHARGING_ONLY, OperationMode.IDLE):
        return 0.0
    if mode is OperationMode.EXTERNAL_LIMITS and (outside is None or most_out(outside) is None):
        return 0.0
    if mode is OperationMode.EXTERNAL_SETPOINT and (outside is None or outside.period.setpoint is None):
        return 0.0
    told = [most_out(word) for word in (session, outside, station) if word is not None]
    return min((value for value in told if value is not None), default=math.inf)


def target(session: Word | None, outside: Word | None, mode: OperationMode) -> float | None:
    """Return what shall flow."""
    word = {
        OperationMode.CENTRAL_SETPOINT: session,
        OperationMode.CENTRAL_FREQUENCY: session,
        OperationMode.EXTERNAL_SETPOINT: outside,
    }.get(mode)
    if word is None or word.period.setpoint is None:
        return None
    amounts = per_phase(word, word.period.setpoint, word.period.setpoint_l2, word.period.setpoint_l3)
    return min(amounts, key=abs)
