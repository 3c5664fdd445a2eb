"""The charging profiles a station holds, which of them it accepts, and the limit they make together.

Rules: OCPP 1.6 chapters 3.13 and 5.16; OCPP 2.0.1 part 2, use cases K01 to K10.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import Enum
import math

from .profile import ChargingProfile, Period, ProfileKind, Purpose, RateUnit

MAX_STACK_LEVEL = 9
MAX_PERIODS = 24
MAX_PROFILES = 40
ASSUMED_PHASES = 3
"""Phases a period without numberPhases speaks of on an AC station."""


class Ruleset(Enum):
    """Where the versions differ."""

    V16 = "1.6"
    V201 = "2.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionView:
    """The running transaction of an EVSE, as far as profiles refer to it."""

    transaction_id: str
    started_utc_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A limit in A per phase (infinite: none), on at most `phases` phases."""

    current_a: float = math.inf
    phases: int = ASSUMED_PHASES


class ProfileStore:
    """The profiles of one station with EVSEs numbered from 1.

    `writes` counts accepted installations per purpose, which on real stations wear out flash.
    """

    def __init__(self, rules: Ruleset, *, voltage_v: float) -> None:
        self.writes: Counter[Purpose] = Counter()
        self._rules = rules
        self._voltage_v = voltage_v
        self._profiles: list[ChargingProfile] = []

    @property
    def profiles(self) -> tuple[ChargingProfile, ...]:
        """All profiles held."""
        return tuple(self._profiles)

    def install(
        self, profile: ChargingProfile, evse_ids: Collection[int], transaction: TransactionView | None
    ) -> str | None:
        """Hold a profile from now on. Returns None, or the reason code of the refusal (at most 20 characters).

        `transaction` is the one that runs on the profile's EVSE.
        """
        reason = self._refusal(profile, evse_ids, transaction)
        if reason is not None:
            return reason
        self._profiles = [held for held in self._profiles if not self._replaces(profile, held)]
        self._profiles.append(profile)
        self.writes[profile.purpose] += 1
        return None

    def clear(
        self,
        *,
        profile_id: int | None = None,
        evse_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
    ) -> bool:
        """Remove the profile with an id, or those that meet all criteria given. Tells whether there was one."""

        def matches(held: ChargingProfile) -> bool:
            if profile_id is not None:
                return held.profile_id == profile_id
            return (
                evse_id in (None, held.evse_id)
                and purpose in (None, held.purpose)
                and stack_level in (None, held.stack_level)
            )

        kept = [held for held in self._profiles if not matches(held)]
        removed = len(kept) < len(self._profiles)
        self._profiles = kept
        return removed

    def end_transaction(self, evse_id: int) -> None:
        """Forget the TxProfiles of an EVSE: they live no longer than their transaction."""
        self._profiles = [held for held in self._profiles if (held.purpose, held.evse_id) != (Purpose.TX, evse_id)]

    def limit(self, evse_id: int, utc_s: float, transaction: TransactionView | None, *, wired_phases: int) -> Limit:
        """Return the composite limit of an EVSE at a moment.

        Per purpose the profile with the highest stack level that has a period then counts; TxProfile overrides
        TxDefaultProfile; the least across the purposes holds. Without a transaction, as if TxDefaultProfile were
        active and charging had begun at `utc_s`.
        """
        start_utc_s = utc_s if transaction is None else transaction.started_utc_s
        session = self._top(self._tx(evse_id, transaction), utc_s, start_utc_s) or self._default(
            evse_id, utc_s, start_utc_s
        )
        tops = [
            session,
            self._top(self._of(Purpose.STATION_MAX, (0,)), utc_s, start_utc_s),
            self._top(self._of(Purpose.EXTERNAL, (0, evse_id)), utc_s, start_utc_s),
        ]
        limits = [self._in_amperes(unit, period, wired_phases) for unit, period in filter(None, tops)]
        return Limit(
            current_a=min((limit.current_a for limit in limits), default=math.inf),
            phases=min((limit.phases for limit in limits), default=wired_phases),
        )

    def composite(
        self, evse_id: int, utc_s: float, duration_s: int, transaction: TransactionView | None, *, wired_phases: int
    ) -> list[tuple[int, Limit]]:
        """Return `(seconds from utc_s, limit from then on)` for the next `duration_s` seconds, one for each change."""
        view = transaction or TransactionView(transaction_id="", started_utc_s=utc_s)
        offsets = {0}
        for profile in self._profiles:
            for at_s in profile.changes(utc_s, utc_s + duration_s, view.started_utc_s):
                if utc_s <= at_s < utc_s + duration_s:
                    offsets.add(math.ceil(at_s - utc_s))
        result: list[tuple[int, Limit]] = []
        for offset_s in sorted(offsets):
            # Without a transaction every moment is judged from the same start of charging: now.
            limit = self.limit(evse_id, utc_s + offset_s, view, wired_phases=wired_phases)
            if not result or result[-1][1] != limit:
                result.append((offset_s, limit))
        return result

    def _refusal(
        self, profile: ChargingProfile, evse_ids: Collection[int], transaction: TransactionView | None
    ) -> str | None:
        if profile.evse_id != 0 and profile.evse_id not in evse_ids:
            return "UnknownEvse"
        return (
            _schedule_refusal(profile)
            or _purpose_refusal(profile)
            or self._transaction_refusal(profile, transaction)
            or self._duplicate_refusal(profile)
        )

    def _transaction_refusal(self, profile: ChargingProfile, transaction: TransactionView | None) -> str | None:
        if profile.purpose is not Purpose.TX:
            return None
        if self._rules is Ruleset.V201 and profile.transaction_id is None:
            return "MissingParam"
        if transaction is None or profile.transaction_id not in (None, transaction.transaction_id):
            return "TxNotFound"
        return None

    def _duplicate_refusal(self, profile: ChargingProfile) -> str | None:
        others = [held for held in self._profiles if not self._replaces(profile, held)]
        if self._rules is Ruleset.V201 and any(_collide(profile, held) for held in others):
            return "DuplicateProfile"
        return "TooManyProfiles" if len(others) >= MAX_PROFILES else None

    def _replaces(self, new: ChargingProfile, held: ChargingProfile) -> bool:
        if new.profile_id == held.profile_id:
            return True
        return self._rules is Ruleset.V16 and _slot(new) == _slot(held)

    def _of(self, purpose: Purpose, evse_ids: tuple[int, ...]) -> list[ChargingProfile]:
        return [held for held in self._profiles if held.purpose is purpose and held.evse_id in evse_ids]

    def _tx(self, evse_id: int, transaction: TransactionView | None) -> list[ChargingProfile]:
        if transaction is None:
            return []
        return [
            held
            for held in self._of(Purpose.TX, (evse_id,))
            if held.transaction_id in (None, transaction.transaction_id)
        ]

    def _default(self, evse_id: int, utc_s: float, start_utc_s: float) -> tuple[RateUnit, Period] | None:
        """OCPP 1.6 lets a connector's default override the station's; 2.0.1 stacks the two."""
        if self._rules is Ruleset.V201:
            return self._top(self._of(Purpose.TX_DEFAULT, (0, evse_id)), utc_s, start_utc_s)
        own = self._top(self._of(Purpose.TX_DEFAULT, (evse_id,)), utc_s, start_utc_s)
        return own or self._top(self._of(Purpose.TX_DEFAULT, (0,)), utc_s, start_utc_s)

    @staticmethod
    def _top(profiles: Iterable[ChargingProfile], utc_s: float, start_utc_s: float) -> tuple[RateUnit, Period] | None:
        best: tuple[int, RateUnit, Period] | None = None
        for profile in profiles:
            period = profile.period_at(utc_s, start_utc_s)
            if period is not None and (best is None or profile.stack_level > best[0]):
                best = (profile.stack_level, profile.schedule.unit, period)
        return None if best is None else best[1:]

    def _in_amperes(self, unit: RateUnit, period: Period, wired_phases: int) -> Limit:
        phases = min(ASSUMED_PHASES if period.phases is None else period.phases, wired_phases)
        current_a = period.limit if unit is RateUnit.A else period.limit / (self._voltage_v * phases)
        return Limit(current_a=current_a, phases=phases)


def _slot(profile: ChargingProfile) -> tuple[Purpose, int, int]:
    return (profile.purpose, profile.stack_level, profile.evse_id)


def _collide(new: ChargingProfile, held: ChargingProfile) -> bool:
    """Tell whether two profiles claim the same slot, transaction and time (K01.FR.39 and K01.FR.06)."""
    return (
        _slot(new) == _slot(held)
        and new.transaction_id == held.transaction_id
        and new.valid_from_utc_s < held.valid_to_utc_s
        and held.valid_from_utc_s < new.valid_to_utc_s
    )


def _schedule_refusal(profile: ChargingProfile) -> str | None:
    periods = profile.schedule.periods
    starts = [period.start_s for period in periods]
    usable = (
        bool(periods)
        and len(periods) <= MAX_PERIODS
        and starts[0] == 0
        and starts == sorted(set(starts))
        and all(period.limit >= 0 and period.phases in (None, 1, 2, 3) for period in periods)
    )
    if not usable or not 0 <= profile.stack_level <= MAX_STACK_LEVEL:
        return "InvalidSchedule"
    if profile.kind is ProfileKind.RECURRING and (profile.recurrency is None or profile.schedule.start_utc_s is None):
        return "InvalidSchedule"
    return None


def _purpose_refusal(profile: ChargingProfile) -> str | None:
    match profile.purpose:
        case Purpose.EXTERNAL:
            return "InvalidProfile"
        case Purpose.STATION_MAX if profile.evse_id != 0 or profile.kind is ProfileKind.RELATIVE:
            return "InvalidProfile"
        case Purpose.TX if profile.evse_id == 0:
            return "InvalidProfile"
    return None
