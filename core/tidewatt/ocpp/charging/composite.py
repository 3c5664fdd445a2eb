"""The limit that several profiles make together, now and in the time to come.

Rules: OCPP 1.6 chapter 3.13; OCPP 2.x part 2, K08, K27 and chapter 4 of K.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
import math

from .limit import InForce, Limit, combine
from .profile import ChargingProfile
from .words import Purpose, Ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionView:
    """The running transaction of an EVSE, as far as profiles refer to it.

    `soc_pct` is the vehicle's state of charge where it is known, `priority` whether priority charging was called for,
    `choice` the position of the schedule that the vehicle has chosen.
    """

    transaction_id: str
    started_utc_s: float
    soc_pct: float | None = None
    priority: bool = False
    choice: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EvseView:
    """An EVSE for what holds for the whole station: what it can draw at most, per phase, and its transaction."""

    evse_id: int
    rated_a: float
    wired_phases: int
    transaction: TransactionView | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Judges the profiles of one station.

    `local_offset_s` is how far its local time is ahead of UTC; `offline_since_utc_s` None: it is online.
    """

    profiles: Sequence[ChargingProfile]
    rules: Ruleset
    voltage_v: float
    local_offset_s: float = 0.0
    offline_since_utc_s: float | None = None

    def limit(self, evse_id: int, utc_s: float, transaction: TransactionView | None, *, wired_phases: int) -> Limit:
        """Return the composite limit of an EVSE at a moment.

        Per purpose the profile with the highest stack level that has a period then counts; TxProfile overrides
        TxDefaultProfile, PriorityCharging both; the least across the purposes holds, and LocalGeneration comes on top.
        Without a transaction, as if TxDefaultProfile were active and charging had begun at `utc_s`.
        """
        view = transaction or TransactionView(transaction_id="", started_utc_s=utc_s)
        station = self._top(self._of(Purpose.STATION_MAX, (0,)), utc_s, view)
        return combine(
            self._session(evse_id, utc_s, transaction, view),
            [station] if station is not None else [],
            self._top(self._of(Purpose.EXTERNAL, (0, evse_id)), utc_s, view),
            self._top(self._of(Purpose.LOCAL_GENERATION, (0, evse_id)), utc_s, view),
            wired_phases=wired_phases,
        )

    def station_limit(self, utc_s: float, evses: Collection[EvseView]) -> Limit:
        """Return the limit of the whole station: the sum of its EVSEs', within what limits the station itself.

        An EVSE without a limit counts with its rating (K08: the expected consumption of the grid connection).
        """
        view = TransactionView(transaction_id="", started_utc_s=utc_s)
        total_a = total_discharge_a = 0.0
        for evse in evses:
            own = combine(
                self._session(evse.evse_id, utc_s, evse.transaction, evse.transaction or view),
                [],
                self._top(self._of(Purpose.EXTERNAL, (evse.evse_id,)), utc_s, view),
                self._top(self._of(Purpose.LOCAL_GENERATION, (evse.evse_id,)), utc_s, view),
                wired_phases=evse.wired_phases,
            )
            total_a += min(own.current_a, evse.rated_a)
            total_discharge_a += min(own.discharge_a, evse.rated_a)
        phases = max((evse.wired_phases for evse in evses), default=3)
        tops = [self._top(self._of(purpose, (0,)), utc_s, view) for purpose in (Purpose.STATION_MAX, Purpose.EXTERNAL)]
        generation = self._top(self._of(Purpose.LOCAL_GENERATION, (0,)), utc_s, view)
        cap = combine(None, [top for top in tops if top is not None], None, generation, wired_phases=phases)
        discharges = [value for top in tops if top is not None and (value := top.discharge_a()) is not None]
        return Limit(
            current_a=min(total_a, cap.current_a),
            phases=cap.phases,
            discharge_a=min([total_discharge_a, *discharges]),
        )

    def composite(
        self, evse_id: int, utc_s: float, duration_s: int, transaction: TransactionView | None, *, wired_phases: int
    ) -> list[tuple[int, Limit]]:
        """Return `(seconds from utc_s, limit from then on)` for the next `duration_s` seconds, one for each change."""
        # Without a transaction every moment is judged from the same start of charging: now.
        view = transaction or TransactionView(transaction_id="", started_utc_s=utc_s)
        return _steps(
            self._changes(utc_s, duration_s, [view]),
            lambda offset_s: self.limit(evse_id, utc_s + offset_s, view, wired_phases=wired_phases),
        )

    def station_composite(self, utc_s: float, duration_s: int, evses: Collection[EvseView]) -> list[tuple[int, Limit]]:
        """Return the composite schedule of the whole station."""
        now = TransactionView(transaction_id="", started_utc_s=utc_s)
        started = [replace(evse, transaction=evse.transaction or now) for evse in evses]
        views = [evse.transaction for evse in started if evse.transaction is not None]
        return _steps(
            self._changes(utc_s, duration_s, [now, *views]),
            lambda offset_s: self.station_limit(utc_s + offset_s, started),
        )

    def _session(
        self, evse_id: int, utc_s: float, transaction: TransactionView | None, view: TransactionView
    ) -> InForce | None:
        """Return what decides about the session: the first of the purposes that says anything now."""
        own = [] if transaction is None else self._of(Purpose.TX, (evse_id,))
        running = [held for held in own if held.transaction_id in (None, view.transaction_id)]
        priority = self._of(Purpose.PRIORITY, (0, evse_id)) if view.priority else []
        return (
            self._top(priority, utc_s, view) or self._top(running, utc_s, view) or self._default(evse_id, utc_s, view)
        )

    def _default(self, evse_id: int, utc_s: float, view: TransactionView) -> InForce | None:
        """OCPP 1.6 lets a connector's default override the station's; 2.x stacks the two."""
        if self.rules is not Ruleset.V16:
            return self._top(self._of(Purpose.TX_DEFAULT, (0, evse_id)), utc_s, view)
        own = self._top(self._of(Purpose.TX_DEFAULT, (evse_id,)), utc_s, view)
        return own or self._top(self._of(Purpose.TX_DEFAULT, (0,)), utc_s, view)

    def _of(self, purpose: Purpose, evse_ids: tuple[int, ...]) -> list[ChargingProfile]:
        return [held for held in self.profiles if held.purpose is purpose and held.evse_id in evse_ids]

    def _top(self, profiles: Iterable[ChargingProfile], utc_s: float, view: TransactionView) -> InForce | None:
        for profile in sorted(profiles, key=lambda held: held.stack_level, reverse=True):
            if profile.is_set_aside(utc_s, self.offline_since_utc_s):
                continue
            choice = view.choice if profile.purpose is Purpose.TX else 0
            period = profile.period_at(utc_s, view.started_utc_s, choice=choice, local_offset_s=self.local_offset_s)
            if period is not None:
                return InForce(profile.chosen(choice), period, self.voltage_v, view.soc_pct)
        return None

    def _changes(self, utc_s: float, duration_s: int, views: Iterable[TransactionView]) -> set[int]:
        """Return every second from `utc_s` at which a limit may change."""
        moments: set[float] = {utc_s}
        for profile in self.profiles:
            if profile.max_offline_s is not None and self.offline_since_utc_s is not None:
                moments.add(self.offline_since_utc_s + profile.max_offline_s)
            for view in views:
                moments.update(
                    profile.changes(
                        utc_s,
                        utc_s + duration_s,
                        view.started_utc_s,
                        choice=view.choice if profile.purpose is Purpose.TX else 0,
                        local_offset_s=self.local_offset_s,
                    )
                )
        return {math.ceil(at_s - utc_s) for at_s in moments if utc_s <= at_s < utc_s + duration_s}


def _steps(offsets: Iterable[int], limit_at: Callable[[int], Limit]) -> list[tuple[int, Limit]]:
    result: list[tuple[int, Limit]] = []
    for offset_s in sorted(offsets):
        limit = limit_at(offset_s)
        if not result or not result[-1][1].continues(limit):
            result.append((offset_s, limit))
    return result
