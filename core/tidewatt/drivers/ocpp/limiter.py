"""Keeping one EVSE at its setpoint with charging profiles.

The setpoint is a TxProfile that expires; below it lies a TxDefaultProfile at the safe current that does not. A station
that loses us falls to the safe current by itself. Writes are kept few: stations store profiles in flash memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import logging
import math

from tidewatt.ocpp.budget import TokenBucket
from tidewatt.ocpp.charging import ChargingProfile, Period, ProfileKind, Purpose, RateUnit, Schedule
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.wire import utc_now
from tidewatt.site import Charger, Clock, CommandError, Setpoint

from .dialect import ACCEPTED, Commands
from .link import Link
from .memory import EvseRecord, StationRecord, TransactionRecord
from .settings import OcppSettings
from .tasks import Tasks

_LOGGER = logging.getLogger(__name__)

QUIRK_NO_TX_PROFILE = "no_tx_profile"
"""The station takes no TxProfile; it is modulated by a TxDefaultProfile above the floor.

Every transaction tries once more: a station that is told a limit too early must not be taken for that for ever."""

_REJECTIONS_OF_A_QUIRK = 2
_TX_NOT_FOUND = "TxNotFound"
"""Why OCPP 2.0.1 has a station refuse the profile of a transaction that does not run."""
_FLOOR_LEVEL = 0
_CLOCK_MARGIN_S = 300
"""Profiles start this far in the past, so that a station whose clock is behind does not fall to the floor."""
_FRESH_SHARE = 0.75
"""A setpoint is not repeated while more than this share of its validity is left."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    current_a: float
    valid_for_s: float
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class _Sent:
    current_a: float
    transaction_id: str
    expires_at_s: float


class Limiter:
    """Brings the newest setpoint of one EVSE to its station, when there is a transaction to limit.

    `is_confirmed` tells whether the station has shown the running transaction since it connected. `on_refused` hears
    of one that the station refuses to limit and may not know; its flag says that the station named that as the reason.
    """

    def __init__(
        self,
        charger: Charger,
        station: StationRecord,
        running: Callable[[], TransactionRecord | None],
        *,
        is_confirmed: Callable[[], bool],
        on_refused: Callable[[TransactionRecord, bool], None],
        link: Link,
        increases: TokenBucket,
        tasks: Tasks,
        clock: Clock,
        settings: OcppSettings,
    ) -> None:
        self.charger = charger
        self._station = station
        self._running = running
        self._is_confirmed = is_confirmed
        self._on_refused = on_refused
        self._link = link
        self._increases = increases
        self._tasks = tasks
        self._clock = clock
        self._settings = settings
        self._writing = asyncio.Lock()
        self._wanted: _Wanted | None = None
        self._sent: _Sent | None = None
        self._is_held_back = False
        self._rejections: tuple[str, int] = ("", 0)

    async def apply(self, setpoint: Setpoint) -> None:
        """Take a setpoint and have the station follow it; without a transaction it waits for one."""
        self._wanted = _Wanted(setpoint.current_a, setpoint.valid_for_s, self._clock() + setpoint.valid_for_s)
        try:
            commands = await self._link.commands()
            await self._write_newest(commands)
        except OcppError as error:
            raise self._failure(str(error)) from error

    @property
    def is_behind(self) -> bool:
        """Tell whether a setpoint waits that the running transaction has not got."""
        running, wanted = self._running(), self._wanted
        if running is None or wanted is None or self._writing.locked():
            return False
        is_new = self._sent is None or self._sent.transaction_id != running.transaction_id
        return is_new and wanted.expires_at_s > self._clock()

    async def catch_up(self) -> None:
        """Send the setpoint that waits, if there is one."""
        if not self.is_behind:
            return
        try:
            await self._write_newest(await self._link.commands())
        except (OcppError, CommandError) as error:
            # Nobody waits for this answer; control repeats the setpoint before it runs out.
            _LOGGER.info("%s: %s", self.charger.charger_id, error)

    def forget(self) -> None:
        """Assume nothing about the profiles of the station any more."""
        self._sent = None

    async def install_floor(self, commands: Commands, *, verify: bool) -> str:
        """Have the station hold the safe current as its default; the status word of its answer.

        A floor that it is known to hold is not written again. `verify` asks the station instead of believing it.
        """
        floor = f"{self.charger.safe_a:g} A on {len(self.charger.phases)}, {self._unit}"
        record = self._record
        if record.floor == floor and (not verify or await self._holds_floor(commands)):
            return ACCEPTED
        record.floor = None
        await commands.clear_profiles(self._evse_id, Purpose.TX_DEFAULT)
        self.forget()
        answer = await commands.set_profile(self._profile(self.charger.safe_a, _FLOOR_LEVEL, None))
        if answer == ACCEPTED:
            record.floor = floor
        return answer

    async def _holds_floor(self, commands: Commands) -> bool:
        """Ask what limit holds without a transaction, which is when the default alone does."""
        if self._running() is not None:
            return False
        limits = await commands.composite_limits(self._evse_id, 60, self._unit)
        return limits is not None and all(
            math.isclose(limit, self._limit(self.charger.safe_a), abs_tol=0.05) for limit in limits
        )

    async def _write_newest(self, commands: Commands) -> None:
        """Send the newest setpoint unless the station has it; an increase may have to wait for the budget."""
        async with self._writing:
            wanted, running, now_s = self._wanted, self._running(), self._clock()
            if wanted is None or running is None or wanted.expires_at_s <= now_s:
                return
            if self._has(wanted, running, now_s):
                return
            if not self._is_increase(wanted, running):
                self._increases.force()
            elif not self._increases.take():
                self._hold_back()
                return
            await self._send(commands, wanted, running)

    def _has(self, wanted: _Wanted, running: TransactionRecord, now_s: float) -> bool:
        sent = self._sent
        return (
            sent is not None
            and (sent.current_a, sent.transaction_id) == (wanted.current_a, running.transaction_id)
            and sent.expires_at_s - now_s > _FRESH_SHARE * wanted.valid_for_s
        )

    def _is_increase(self, wanted: _Wanted, running: TransactionRecord) -> bool:
        sent = self._sent
        return sent is not None and sent.transaction_id == running.transaction_id and wanted.current_a > sent.current_a

    def _hold_back(self) -> None:
        if not self._is_held_back:
            self._is_held_back = True
            self._tasks.spawn(self._send_when_allowed())

    async def _send_when_allowed(self) -> None:
        try:
            await asyncio.sleep(self._increases.wait_s())
        finally:
            self._is_held_back = False
        try:
            await self._write_newest(await self._link.commands())
        except CommandError as error:
            _LOGGER.info("%s", error)

    async def _send(self, commands: Commands, wanted: _Wanted, running: TransactionRecord) -> None:
        self._sent = None
        if QUIRK_NO_TX_PROFILE in self._station.quirks and self._rejections_of(running):
            answer = await commands.set_profile(self._profile(wanted.current_a, self._level, wanted))
        else:
            answer = await self._send_for_transaction(commands, wanted, running)
        if answer != ACCEPTED:
            raise self._failure(answer)
        self._sent = _Sent(wanted.current_a, running.transaction_id, wanted.expires_at_s)

    async def _send_for_transaction(self, commands: Commands, wanted: _Wanted, running: TransactionRecord) -> str:
        """Send a TxProfile, and the same limit as default where the station refuses it."""
        answer = await commands.set_profile(self._profile(wanted.current_a, self._level, wanted, running))
        if answer == ACCEPTED:
            self._take_back_quirk()
            return answer
        self._take_refusal(answer, running)
        default_answer = await commands.set_profile(self._profile(wanted.current_a, self._level, wanted))
        return ACCEPTED if default_answer == ACCEPTED else answer

    def _take_refusal(self, answer: str, running: TransactionRecord) -> None:
        """Learn from a refused TxProfile: only of a transaction that the station shows does it tell of a quirk."""
        is_unknown, is_confirmed = _TX_NOT_FOUND in answer, self._is_confirmed()
        if is_unknown or not is_confirmed:
            self._on_refused(running, is_unknown)
        if not is_confirmed:
            return
        count = self._rejections_of(running) + 1
        self._rejections = (running.transaction_id, count)
        if count >= _REJECTIONS_OF_A_QUIRK and QUIRK_NO_TX_PROFILE not in self._station.quirks:
            _LOGGER.info("%s takes no TxProfile (%s); its default is modulated", self.charger.charger_id, answer)
            self._station.quirks.append(QUIRK_NO_TX_PROFILE)

    def _take_back_quirk(self) -> None:
        self._rejections = ("", 0)
        if QUIRK_NO_TX_PROFILE in self._station.quirks:
            _LOGGER.info("%s takes TxProfiles after all", self.charger.charger_id)
            self._station.quirks.remove(QUIRK_NO_TX_PROFILE)

    def _rejections_of(self, running: TransactionRecord) -> int:
        transaction_id, count = self._rejections
        return count if transaction_id == running.transaction_id else 0

    def _profile(
        self, current_a: float, level: int, wanted: _Wanted | None, running: TransactionRecord | None = None
    ) -> ChargingProfile:
        """Return the profile of a limit: for a transaction, else as default; without `wanted` it never expires."""
        duration_s = None
        if wanted is not None:
            duration_s = math.ceil(wanted.expires_at_s - self._clock()) + _CLOCK_MARGIN_S
        is_default = running is None
        periods = [Period(limit=self._limit(current_a), phases=len(self.charger.phases))]
        if is_default and level == _FLOOR_LEVEL and duration_s is not None:
            # A default that takes the floor's place must be the floor once it runs out.
            safe = self._limit(self.charger.safe_a)
            periods.append(Period(start_s=duration_s, limit=safe, phases=len(self.charger.phases)))
            duration_s = None
        # The ids of floor, default and transaction must differ on one EVSE and between EVSEs.
        profile_id = self._evse_id * 10 + (0 if wanted is None else 1 if is_default else 2)
        return ChargingProfile(
            profile_id=profile_id,
            evse_id=self._evse_id,
            purpose=Purpose.TX_DEFAULT if is_default else Purpose.TX,
            stack_level=level,
            kind=ProfileKind.ABSOLUTE,
            schedule=Schedule(
                schedule_id=profile_id,
                unit=RateUnit(self._unit),
                periods=tuple(periods),
                start_utc_s=math.floor(utc_now().timestamp() + self._station.clock_skew_s) - _CLOCK_MARGIN_S,
                duration_s=duration_s,
            ),
            transaction_id=None if running is None else running.transaction_id,
        )

    def _limit(self, current_a: float) -> float:
        """Return the limit in the station's unit, rounded down to what OCPP can carry: 0.1 A, or 1 W."""
        if self._unit == "A":
            return math.floor(current_a * 10 + 1e-6) / 10
        return float(math.floor(current_a * self._settings.voltage_v * len(self.charger.phases) + 1e-6))

    def _failure(self, answer: str) -> CommandError:
        wanted_a = self._wanted.current_a if self._wanted else self.charger.safe_a
        return CommandError(self.charger.charger_id, f"limiting to {wanted_a:g} A", answer)

    @property
    def _unit(self) -> str:
        return "A" if "A" in self._station.rate_units else "W"

    @property
    def _level(self) -> int:
        """Stack level of the modulated profile: above the floor, unless the station knows one level only."""
        highest = self._station.max_stack_level
        return 1 if highest is None else min(1, highest)

    @property
    def _evse_id(self) -> int:
        return self.charger.endpoint.evse_id

    @property
    def _record(self) -> EvseRecord:
        return self._station.evse(self._evse_id)
