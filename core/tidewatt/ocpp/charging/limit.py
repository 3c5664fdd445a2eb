"""What several periods in force together allow, in A per phase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
import math

from .profile import Period, Schedule
from .words import OperationMode, RateUnit

ASSUMED_PHASES = 3
"""Phases a period without numberPhases speaks of on an AC station (K01.FR.49)."""

_DISCHARGING = frozenset(OperationMode) - {OperationMode.CHARGING_ONLY, OperationMode.IDLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What may flow at an EVSE, in A per phase (infinite: no profile limits it), on at most `phases` phases.

    `current_a` is the most that may be drawn, `discharge_a` the most that may be given back: a magnitude, 0 unless a
    profile allows it. `setpoint_a` is what shall flow, negative out of the vehicle and within the limits; None leaves
    that to vehicle and `operation_mode`. `period` is the one that decides about the session, with its curves.
    `phase_a` are the limits of L1, L2 and L3 where a profile tells them apart.
    """

    current_a: float = math.inf
    phases: int = ASSUMED_PHASES
    discharge_a: float = 0.0
    setpoint_a: float | None = None
    operation_mode: OperationMode = OperationMode.CHARGING_ONLY
    phase_a: tuple[float, float, float] | None = None
    period: Period | None = field(default=None, compare=False)

    def continues(self, other: Limit) -> bool:
        """Tell whether another limit means the same, its curves included."""
        mine, theirs = (None if each.period is None else each.period.curves for each in (self, other))
        nothing = (None, (), ())
        return self == other and (mine or nothing) == (theirs or nothing)


@dataclass(frozen=True, slots=True)
class InForce:
    """A period in force with the schedule it is of; amounts are read in A per phase."""

    schedule: Schedule
    period: Period
    voltage_v: float
    soc_pct: float | None = None

    @property
    def phases(self) -> int:
        """Phases that the period speaks of."""
        return ASSUMED_PHASES if self.period.phases is None else self.period.phases

    def phase_limits_a(self) -> tuple[float, float, float]:
        """Return the most that may be drawn from L1, L2 and L3."""
        period, at_soc = self.period, self.schedule.limit_at_soc
        limits = self._phases_a(period.limit, period.limit_l2, period.limit_l3, missing=math.inf)
        if at_soc is None or self.soc_pct is None or self.soc_pct < at_soc.soc_pct:
            return limits
        most_a = self._in_amperes(at_soc.limit, alone=False)
        return (min(limits[0], most_a), min(limits[1], most_a), min(limits[2], most_a))

    def discharge_a(self) -> float | None:
        """Return the most that may be given back as a magnitude, None when nothing is said."""
        period = self.period
        if period.discharge_limit is None:
            return None
        amounts = self._phases_a(
            period.discharge_limit, period.discharge_limit_l2, period.discharge_limit_l3, missing=0.0
        )
        return min(map(abs, amounts))

    def setpoint_a(self) -> float | None:
        """Return what shall flow; where the phases differ, the least of them."""
        period = self.period
        if period.setpoint is None:
            return None
        amounts = self._phases_a(period.setpoint, period.setpoint_l2, period.setpoint_l3, missing=0.0)
        return min(amounts, key=abs)

    def _phases_a(
        self, first: float | None, second: float | None, third: float | None, *, missing: float
    ) -> tuple[float, float, float]:
        """Return amounts per phase: one amount is spread evenly, several belong to a phase each."""
        if first is None:
            return (missing, missing, missing)
        alone = second is not None or third is not None
        shared = self._in_amperes(first, alone=alone)
        return (
            shared,
            shared if second is None else self._in_amperes(second, alone=True),
            shared if third is None else self._in_amperes(third, alone=True),
        )

    def _in_amperes(self, amount: float, *, alone: bool) -> float:
        """Return an amount in A per phase: P / (nominal V x phases) (K01.FR.50); `alone` is of one phase."""
        if self.schedule.unit is RateUnit.A:
            return amount
        return amount / (self.voltage_v * (1 if alone else max(1, self.phases)))


def combine(
    session: InForce | None,
    caps: Sequence[InForce],
    external: InForce | None,
    generation: InForce | None,
    *,
    wired_phases: int,
) -> Limit:
    """Return what a session's period allows under caps of the station and of others.

    The least limit holds and the lowest number of phases (K01.FR.140), for giving back the least magnitude; then local
    generation comes on top. A setpoint is cut to the limits.
    """
    everything = [each for each in (session, external, *caps) if each is not None]
    limits = [each.phase_limits_a() for each in everything]
    phase_a = tuple(min((limit[phase] for limit in limits), default=math.inf) for phase in range(3))
    extra_a = 0.0 if generation is None else min(generation.phase_limits_a())
    current_a = min(phase_a)
    mode = OperationMode.CHARGING_ONLY if session is None else session.period.mode
    if current_a < 0:
        return _negative(current_a, everything, session, wired_phases)
    if mode is OperationMode.IDLE:
        current_a, extra_a = 0.0, 0.0
    discharge_a = _discharge_a(session, external, caps)
    setpoint_a = _setpoint_a(session, external)
    differs = len({*phase_a}) > 1 and mode is not OperationMode.IDLE
    return Limit(
        current_a=current_a + extra_a,
        phases=_phases(everything, wired_phases),
        discharge_a=discharge_a,
        setpoint_a=None if setpoint_a is None else max(-discharge_a, min(setpoint_a, current_a + extra_a)),
        operation_mode=mode,
        phase_a=(phase_a[0] + extra_a, phase_a[1] + extra_a, phase_a[2] + extra_a) if differs else None,
        period=None if session is None else session.period,
    )


def _negative(current_a: float, everything: list[InForce], session: InForce | None, wired_phases: int) -> Limit:
    """Read a negative limit as stations do that discharge without OCPP 2.1."""
    return Limit(
        current_a=0.0,
        phases=_phases(everything, wired_phases),
        discharge_a=-current_a,
        setpoint_a=current_a,
        period=None if session is None else session.period,
    )


def _phases(everything: Iterable[InForce], wired_phases: int) -> int:
    return min((wired_phases, *(each.phases for each in everything)))


def _discharge_a(session: InForce | None, external: InForce | None, caps: Sequence[InForce]) -> float:
    """Return the most that may be given back. Modes steered from outside allow it only while outside speaks."""
    if session is None or session.period.mode not in _DISCHARGING:
        return 0.0
    mode = session.period.mode
    outside = None if external is None else external.discharge_a()
    if mode is OperationMode.EXTERNAL_LIMITS and outside is None:
        return 0.0
    if mode is OperationMode.EXTERNAL_SETPOINT and (external is None or external.setpoint_a() is None):
        return 0.0
    said = [session.discharge_a(), outside, *(each.discharge_a() for each in caps)]
    return min((each for each in said if each is not None), default=math.inf)


def _setpoint_a(session: InForce | None, external: InForce | None) -> float | None:
    if session is None:
        return None
    match session.period.mode:
        case OperationMode.IDLE:
            return 0.0
        case OperationMode.CENTRAL_SETPOINT | OperationMode.CENTRAL_FREQUENCY:
            return session.setpoint_a()
        case OperationMode.EXTERNAL_SETPOINT:
            return None if external is None else external.setpoint_a()
    return None
