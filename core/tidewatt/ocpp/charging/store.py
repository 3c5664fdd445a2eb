"""The charging profiles a station holds, which of them it accepts, and the limit they make together.

Rules: OCPP 1.6 chapters 3.13 and 5.16; OCPP 2.x part 2, use cases K01, K09, K10 and K28.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from .composite import Composer, EvseView, TransactionView
from .conflicts import collide, phases_conflict, slot
from .limit import Limit
from .modes import mode_refusal
from .profile import ChargingProfile, Schedule
from .rules import Abilities, refusal
from .words import ProfileKind, Purpose, Ruleset


@dataclass(slots=True, kw_only=True)
class StoreSnapshot:
    """What a store must not forget over a restart. Made of plain values, infinities excepted."""

    profiles: list[ChargingProfile] = field(default_factory=list)
    writes: dict[Purpose, int] = field(default_factory=dict)
    offline_since_utc_s: float | None = None


class ProfileStore:
    """The profiles of one station with EVSEs numbered from 1.

    `writes` counts accepted installations per purpose, which on real stations wear out flash. `local_offset_s` is how
    far the station's local time is ahead of UTC now. `draw` returns a number from 0 to its argument, for delays.
    """

    def __init__(
        self,
        rules: Ruleset,
        *,
        voltage_v: float,
        abilities: Abilities | None = None,
        draw: Callable[[int], int] = lambda _: 0,
    ) -> None:
        self.writes: Counter[Purpose] = Counter()
        self.abilities = abilities or Abilities()
        self.local_offset_s = 0.0
        self.rules = rules
        self._voltage_v = voltage_v
        self._draw = draw
        self._profiles: list[ChargingProfile] = []
        self._offline_since_utc_s: float | None = None

    @property
    def profiles(self) -> tuple[ChargingProfile, ...]:
        """All profiles held."""
        return tuple(self._profiles)

    def snapshot(self) -> StoreSnapshot:
        """Return what to keep over a restart."""
        return StoreSnapshot(
            profiles=list(self._profiles), writes=dict(self.writes), offline_since_utc_s=self._offline_since_utc_s
        )

    def restore(self, snapshot: StoreSnapshot) -> None:
        """Hold what an earlier store held, and nothing else."""
        self._profiles = list(snapshot.profiles)
        self.writes = Counter(snapshot.writes)
        self._offline_since_utc_s = snapshot.offline_since_utc_s

    # What is held.

    def install(
        self,
        profile: ChargingProfile,
        evse_ids: Collection[int],
        transaction: TransactionView | None,
        *,
        utc_s: float,
        from_outside: bool = False,
    ) -> str | None:
        """Hold a profile from now on. Returns None, or the reason code of the refusal (at most 20 characters).

        `transaction` is the one that runs on the profile's EVSE. `from_outside` is a profile that did not come from
        the central system.
        """
        reason = self._refusal(profile, evse_ids, transaction, from_outside=from_outside)
        if reason is not None:
            return reason
        self._profiles = [held for held in self._profiles if not self._replaces(profile, held)]
        self._profiles.append(self._as_held(profile, utc_s))
        if not from_outside:
            self.writes[profile.purpose] += 1
        return None

    def update(self, profile_id: int, amounts: Mapping[str, float], utc_s: float) -> str | None:
        """Give a dynamic profile new amounts, named as in `Period`; a reason code when it cannot take them.

        Its time runs anew, also when it had run out (K28.FR.09, K28.FR.14).
        """
        held = next((each for each in self._profiles if each.profile_id == profile_id), None)
        if held is None or held.kind is not ProfileKind.DYNAMIC:
            return "InvalidProfileId"
        period = held.schedule.periods[0].with_amounts(amounts)
        reason = mode_refusal(
            period, held.schedule, held.purpose, self.rules, from_outside=held.purpose is Purpose.EXTERNAL
        )
        if reason is not None:
            return reason
        schedule = replace(held.schedule, periods=(period,))
        self._profiles[self._profiles.index(held)] = replace(held, schedule=schedule, updated_utc_s=utc_s)
        return None

    def pulls_due(self, utc_s: float) -> list[int]:
        """Return the dynamic profiles for which the station must ask for new amounts (K28.FR.10)."""
        return [
            held.profile_id
            for held in self._profiles
            if held.update_interval_s and utc_s >= (held.updated_utc_s or 0.0) + held.update_interval_s
        ]

    def select(
        self,
        *,
        evse_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
        profile_ids: Collection[int] | None = None,
        sources: Collection[str] | None = None,
    ) -> list[ChargingProfile]:
        """Return the profiles that meet all criteria given (K09)."""
        return [
            held
            for held in self._profiles
            if evse_id in (None, held.evse_id)
            and purpose in (None, held.purpose)
            and stack_level in (None, held.stack_level)
            and (profile_ids is None or held.profile_id in profile_ids)
            and (sources is None or held.source in sources)
        ]

    def clear(
        self,
        *,
        profile_id: int | None = None,
        evse_id: int | None = None,
        purpose: Purpose | None = None,
        stack_level: int | None = None,
        from_outside: bool = False,
    ) -> bool:
        """Remove the profile with an id, or those that meet all criteria given. Tells whether there was one.

        The central system cannot clear what came from outside.
        """
        found = (
            self.select(profile_ids=(profile_id,))
            if profile_id is not None
            else self.select(evse_id=evse_id, purpose=purpose, stack_level=stack_level)
        )
        gone = {held.profile_id for held in found if from_outside or held.purpose is not Purpose.EXTERNAL}
        self._profiles = [held for held in self._profiles if held.profile_id not in gone]
        return bool(gone)

    def end_transaction(self, evse_id: int) -> None:
        """Forget the TxProfiles of an EVSE: they live no longer than their transaction."""
        self._profiles = [held for held in self._profiles if (held.purpose, held.evse_id) != (Purpose.TX, evse_id)]

    def went_offline(self, utc_s: float) -> None:
        """Note that the station has lost the central system; it may have done so before."""
        if self._offline_since_utc_s is None:
            self._offline_since_utc_s = utc_s

    def came_online(self, utc_s: float) -> None:
        """Note that the central system is there; what became invalid for ever without it is dropped."""
        if self._offline_since_utc_s is None:
            return
        self._profiles = [
            held
            for held in self._profiles
            if not (held.invalid_after_offline and held.is_set_aside(utc_s, self._offline_since_utc_s))
        ]
        self._offline_since_utc_s = None

    # What it makes.

    def limit(self, evse_id: int, utc_s: float, transaction: TransactionView | None, *, wired_phases: int) -> Limit:
        """Return the composite limit of an EVSE at a moment; see `Composer.limit`."""
        return self.composer.limit(evse_id, utc_s, transaction, wired_phases=wired_phases)

    def station_limit(self, utc_s: float, evses: Collection[EvseView]) -> Limit:
        """Return the limit of the whole station; see `Composer.station_limit`."""
        return self.composer.station_limit(utc_s, evses)

    def composite(
        self, evse_id: int, utc_s: float, duration_s: int, transaction: TransactionView | None, *, wired_phases: int
    ) -> list[tuple[int, Limit]]:
        """Return `(seconds from utc_s, limit from then on)` for the next `duration_s` seconds, one for each change."""
        return self.composer.composite(evse_id, utc_s, duration_s, transaction, wired_phases=wired_phases)

    def station_composite(self, utc_s: float, duration_s: int, evses: Collection[EvseView]) -> list[tuple[int, Limit]]:
        """Return the composite schedule of the whole station."""
        return self.composer.station_composite(utc_s, duration_s, evses)

    @property
    def composer(self) -> Composer:
        """What judges the profiles held now."""
        return Composer(
            profiles=self._profiles,
            rules=self.rules,
            voltage_v=self._voltage_v,
            local_offset_s=self.local_offset_s,
            offline_since_utc_s=self._offline_since_utc_s,
        )

    # Who may come in.

    def _refusal(
        self,
        profile: ChargingProfile,
        evse_ids: Collection[int],
        transaction: TransactionView | None,
        *,
        from_outside: bool,
    ) -> str | None:
        if profile.evse_id != 0 and profile.evse_id not in evse_ids:
            return "UnknownEvse"
        return (
            refusal(profile, self.rules, self.abilities, from_outside=from_outside)
            or self._transaction_refusal(profile, transaction)
            or self._duplicate_refusal(profile, from_outside=from_outside)
        )

    def _transaction_refusal(self, profile: ChargingProfile, transaction: TransactionView | None) -> str | None:
        if profile.purpose is not Purpose.TX:
            return None
        if self.rules is not Ruleset.V16 and profile.transaction_id is None:
            return "MissingParam"
        if transaction is None or profile.transaction_id not in (None, transaction.transaction_id):
            return "TxNotFound"
        return None

    def _duplicate_refusal(self, profile: ChargingProfile, *, from_outside: bool) -> str | None:
        same_id = [held for held in self._profiles if held.profile_id == profile.profile_id]
        if not from_outside and any(held.purpose is Purpose.EXTERNAL for held in same_id):
            return "DuplicateProfile"
        others = [held for held in self._profiles if not self._replaces(profile, held)]
        if self.rules is not Ruleset.V16 and any(collide(profile, held) for held in others):
            return "DuplicateProfile"
        if any(phases_conflict(profile, held) for held in others):
            return "PhaseConflict"
        return "TooManyProfiles" if len(others) >= self.abilities.profiles else None

    def _replaces(self, new: ChargingProfile, held: ChargingProfile) -> bool:
        if new.profile_id == held.profile_id:
            return True
        return self.rules is Ruleset.V16 and slot(new) == slot(held)

    def _as_held(self, profile: ChargingProfile, utc_s: float) -> ChargingProfile:
        """Stamp a dynamic profile with its time, and draw the delays of randomised schedules (K01.FR.93)."""
        if profile.kind is ProfileKind.DYNAMIC and profile.updated_utc_s is None:
            profile = replace(profile, updated_utc_s=utc_s)
        if not any(schedule.randomized_delay_s for schedule in profile.schedules):
            return profile
        first, *others = (self._delayed(schedule) for schedule in profile.schedules)
        return replace(profile, schedule=first, alternatives=tuple(others))

    def _delayed(self, schedule: Schedule) -> Schedule:
        most_s = schedule.randomized_delay_s
        delays_s = tuple(self._draw(most_s) if period.start_s else 0 for period in schedule.periods)
        return replace(schedule, delays_s=delays_s) if most_s else schedule
