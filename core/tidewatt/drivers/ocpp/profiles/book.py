"""The profiles that a station should hold: what it was given, and what it will do with it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
import logging
from typing import Any

from tidewatt.drivers.ocpp.dialect import ACCEPTED, Commands
from tidewatt.drivers.ocpp.memory import StationRecord, TransactionRecord
from tidewatt.drivers.ocpp.settings import OcppSettings
from tidewatt.ocpp.charging import (
    Abilities,
    ChargingProfile,
    Limit,
    ProfileStore,
    Purpose,
    Ruleset,
    TransactionView,
    amounts_from_wire,
    profile_from_wire,
)
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.ocpp.wire import utc_now
from tidewatt.site import Charger

from .budget import WriteBudget
from .findings import OWN_SOURCE

_LOGGER = logging.getLogger(__name__)

_MOST_EXTERNAL = 20
_MOST_PERIODS = 100
"""Of what others have told a station, no more is remembered."""

_ANYTHING = Abilities(stack_level=10**9, periods=1024, profiles=1000, phase_switching=True, negative_limits=True)
"""A mirror holds whatever its station has accepted."""


class ProfileBook:
    """Sends profiles to one station and remembers those that it accepted, over restarts too. `revision` counts changes.

    All profiles of this central system go through here. `running` returns the transaction of an EVSE, `on_change`
    has the record written to disk.
    """

    def __init__(
        self,
        record: StationRecord,
        running: Callable[[int], TransactionRecord | None],
        budget: WriteBudget,
        settings: OcppSettings,
        *,
        on_change: Callable[[], None],
    ) -> None:
        self._record = record
        self._running = running
        self.budget = budget
        self._voltage_v = settings.voltage_v
        self._on_change = on_change
        self._store = self._new_store()
        self.revision = 0

    @property
    def profiles(self) -> Sequence[ChargingProfile]:
        """What the station should hold, limits from outside that it told of included."""
        self._forget_ended()
        return self._store.profiles

    def is_running(self, evse_id: int) -> bool:
        """Tell whether a transaction runs on an EVSE."""
        return self._running(evse_id) is not None

    def find(self, profile_id: int) -> ChargingProfile | None:
        """Return a profile that the station should hold."""
        return next((held for held in self._store.profiles if held.profile_id == profile_id), None)

    async def install(self, commands: Commands, profile: ChargingProfile) -> str:
        """Send a profile; the status word of the answer."""
        self.revision += 1
        answer = await commands.set_profile(profile)
        if answer == ACCEPTED:
            self.note(profile)
            self._count(profile)
        return answer

    async def update(self, commands: Commands, profile_id: int, amounts: Mapping[str, float]) -> str:
        """Give a dynamic profile new amounts, which wears no flash memory; the status word of the answer."""
        answer = await commands.update_profile(profile_id, amounts)
        if answer == ACCEPTED:
            self.revision += 1
            self._store.update(profile_id, amounts, self.now_s())
            self._record.profiles = self._store.snapshot()
        return answer

    async def clear(self, commands: Commands, evse_id: int, purpose: Purpose) -> str:
        """Remove all profiles of a purpose from an EVSE, those of others too; the status word of the answer."""
        answer = await commands.clear_profiles(evse_id, purpose)
        self._store.clear(evse_id=evse_id, purpose=purpose)
        self._keep()
        return answer

    async def remove(self, commands: Commands, profile_id: int) -> str:
        """Remove one profile, whoever made it; the status word of the answer."""
        answer = await commands.clear_profile(profile_id)
        self._store.clear(profile_id=profile_id)
        self._keep()
        return answer

    def heard(self, action: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Take note of what a block had the station do with its profiles."""
        if answer.get("status") != ACCEPTED:
            return
        match action:
            case "SetChargingProfile":
                profile = profile_from_wire(request["chargingProfile"], request["evseId"], self._store.rules)
                self.note(profile)
                self._count(profile)
            case "UpdateDynamicSchedule":
                amounts = amounts_from_wire(request["scheduleUpdate"])
                self._store.update(request["chargingProfileId"], amounts, self.now_s())
            case "ClearChargingProfile" if "chargingProfileId" in request:
                self.forget([request["chargingProfileId"]])

    def note(self, profile: ChargingProfile, *, from_outside: bool = False) -> None:
        """Remember a profile that the station holds now, in place of what it cannot hold beside it."""
        self._forget_ended()
        if from_outside:
            if len(profile.schedule.periods) > _MOST_PERIODS:
                return
            # Prices and signatures limit nothing, and what a station tells is kept on our disk.
            profile = replace(profile, extras={}, schedule=replace(profile.schedule, extras={}), alternatives=())
        evse_ids = (profile.evse_id,)
        view = self._view(profile.evse_id)
        refusal = self._store.install(profile, evse_ids, view, utc_s=self.now_s(), from_outside=from_outside)
        if refusal is not None:
            self._store.clear(evse_id=profile.evse_id, purpose=profile.purpose, stack_level=profile.stack_level)
            refusal = self._store.install(profile, evse_ids, view, utc_s=self.now_s(), from_outside=from_outside)
        if refusal is not None:
            _LOGGER.debug("The station accepted a profile that cannot be: %s", refusal)
        self._keep()

    def note_external(self, profile: ChargingProfile, number: int) -> None:
        """Remember the limit from outside with this number, in place of what it was before."""
        self.note(replace(profile, profile_id=-number), from_outside=True)

    def replace_external(self, profiles: Sequence[ChargingProfile]) -> None:
        """Remember the limits from outside that the station reports, and none but these."""
        held = [each for each in self._store.profiles if each.source != OWN_SOURCE]
        self.forget([each.profile_id for each in held])
        for profile in profiles[:_MOST_EXTERNAL]:
            self.note(profile, from_outside=True)

    def forget_external(self, source: str, evse_id: int | None) -> None:
        """Take note that the limits of a source are gone, on one EVSE or everywhere."""
        self.forget(
            [
                each.profile_id
                for each in self._store.profiles
                if each.source == source != OWN_SOURCE and evse_id in (None, each.evse_id)
            ]
        )

    def forget(self, profile_ids: Collection[int]) -> None:
        """Take note that the station does not hold some profiles any more."""
        for profile_id in profile_ids:
            self._store.clear(profile_id=profile_id, from_outside=True)
        self._keep()

    def connected(self) -> None:
        """Take note that the station is there; one that changed its OCPP version holds nothing of the other."""
        if self._store.rules is not self._rules:
            self._record.profiles.profiles.clear()
            self._store = self._new_store()
        self._store.came_online(self.now_s())

    def disconnected(self) -> None:
        """Take note that the station is alone."""
        self._store.went_offline(self.now_s())
        self._keep()

    def expected(self, charger: Charger, *, after_s: float = 0.0, besides: ChargingProfile | None = None) -> Limit:
        """Return what the station lets a charger do now, or `after_s` from now if it hears nothing until then.

        `besides` is a profile that it holds, too.
        """
        evse_id, now_s = charger.endpoint.evse_id, self.now_s()
        composer = self._store.composer
        if besides is not None:
            composer = replace(composer, profiles=[*composer.profiles, besides])
        if after_s:
            composer = replace(composer, offline_since_utc_s=composer.offline_since_utc_s or now_s)
        return composer.limit(evse_id, now_s + after_s, self._view(evse_id), wired_phases=len(charger.phases))

    def amperes(self, power_w: float, phases: int) -> float:
        """Return a power over some phases as A per phase at the nominal voltage."""
        return power_w / (self._voltage_v * phases)

    def diagnostics(self) -> dict[str, Any]:
        """Return what the station should hold, and how many profiles it has accepted since it was first seen."""
        return {
            "held": [
                f"{held.profile_id}: {held.purpose.value} of EVSE {held.evse_id}, level {held.stack_level},"
                f" {held.kind.value}, {held.source}"
                for held in self.profiles
            ],
            "writes_left": round(self.budget.tokens, 1),
            "writes": {purpose.value: count for purpose, count in self._store.writes.items()},
            "writes_by_evse": {str(evse_id): count for evse_id, count in sorted(self._record.profile_writes.items())},
        }

    @property
    def _rules(self) -> Ruleset:
        return Ruleset.of(OcppVersion(self._record.version)) if self._record.version else Ruleset.V16

    def _new_store(self) -> ProfileStore:
        store = ProfileStore(self._rules, voltage_v=self._voltage_v, abilities=_ANYTHING)
        store.restore(self._record.profiles)
        return store

    def _view(self, evse_id: int) -> TransactionView | None:
        running = self._running(evse_id)
        if running is None:
            return None
        return TransactionView(
            transaction_id=running.transaction_id,
            started_utc_s=running.started_at_utc.timestamp(),
        )

    def _forget_ended(self) -> None:
        """Drop the profiles of transactions that are over."""
        for held in self._store.profiles:
            running = self._running(held.evse_id)
            if held.purpose is Purpose.TX and (running is None or held.transaction_id != running.transaction_id):
                self._store.clear(profile_id=held.profile_id)

    def _count(self, profile: ChargingProfile) -> None:
        writes = self._record.profile_writes
        writes[profile.evse_id] = writes.get(profile.evse_id, 0) + 1

    def _keep(self) -> None:
        self.revision += 1
        self._record.profiles = self._store.snapshot()
        self._on_change()

    def now_s(self) -> float:
        """Return the time of the station's clock, as far as it is known to differ from ours."""
        return utc_now().timestamp() + self._record.clock_skew_s
