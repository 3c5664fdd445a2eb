"""Keeping one EVSE at its setpoint with charging profiles.

The setpoint is a profile that expires; below it lies a TxDefaultProfile at the safe current that does not. A station
that loses us falls to the safe current by itself, and stops discharging. Writes are kept few: stations store profiles
in flash memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
import logging
import math

from tidewatt.ocpp.charging import OperationMode, ProfileKind, Purpose
from tidewatt.ocpp.errors import OcppError
from tidewatt.ocpp.frames import OcppVersion
from tidewatt.site import Charger, Clock, CommandError, FaultCode, Setpoint

from .agreement import Agreement
from .dialect import ACCEPTED, Commands
from .link import Link
from .memory import EvseRecord, StationRecord, TransactionRecord
from .profiles import (
    DefaultProfiles,
    DynamicProfiles,
    ProfileBook,
    ProfileMaker,
    Slot,
    Strategy,
    TransactionProfiles,
    Wanted,
)
from .quirks import Quirk
from .settings import OcppSettings
from .tasks import Tasks

_LOGGER = logging.getLogger(__name__)

_REJECTIONS_OF_A_QUIRK = 2
_TX_NOT_FOUND = "TxNotFound"
"""Why OCPP 2.0.1 has a station refuse the profile of a transaction that does not run."""
_FRESH_SHARE = 0.75
"""A setpoint is not repeated while more than this share of its validity is left."""


@dataclass(frozen=True, slots=True)
class _Sent:
    current_a: float
    transaction_id: str
    expires_at_s: float


class Limiter:
    """Brings the newest setpoint of one EVSE to its station, when there is a transaction to limit.

    `is_confirmed` tells whether the station has shown the running transaction since it connected. `on_refused` hears
    of one that the station refuses to limit and may not know; its flag says that the station named that as the reason.
    `agreement` is what the running transaction may carry; without one that is bidirectional nothing is discharged.
    `admissible_a` cuts a discharge to what may be given back at this moment: nothing, or less than was asked for.
    """

    def __init__(
        self,
        charger: Charger,
        station: StationRecord,
        running: Callable[[], TransactionRecord | None],
        *,
        is_confirmed: Callable[[], bool],
        on_refused: Callable[[TransactionRecord, bool], None],
        agreement: Callable[[], Agreement | None],
        admissible_a: Callable[[float], float],
        report: Callable[[FaultCode, str], None],
        book: ProfileBook,
        link: Link,
        tasks: Tasks,
        clock: Clock,
        settings: OcppSettings,
    ) -> None:
        self._maker = ProfileMaker(charger, station, clock=clock, settings=settings)
        self._book = book
        self._by_transaction = TransactionProfiles(book, self._maker)
        self._by_default = DefaultProfiles(book, self._maker)
        self._by_update = DynamicProfiles(book, self._maker, clock)
        self._agreement = agreement
        self._admissible_a = admissible_a
        self._report = report
        self._station = station
        self._running = running
        self._is_confirmed = is_confirmed
        self._on_refused = on_refused
        self._link = link
        self._tasks = tasks
        self._clock = clock
        self._writing = asyncio.Lock()
        self._wanted: Wanted | None = None
        self._sent: _Sent | None = None
        self._is_held_back = False
        self._refuses_dynamic = False
        self._rejections: tuple[str, int] = ("", 0)

    @property
    def charger(self) -> Charger:
        """The charger's configuration."""
        return self._maker.charger

    @charger.setter
    def charger(self, charger: Charger) -> None:
        self._maker.charger = charger

    async def apply(self, setpoint: Setpoint) -> None:
        """Take a setpoint and have the station follow it; without a transaction it waits for one.

        CommandError when the station does not follow, or is to discharge and cannot.
        """
        if setpoint.current_a < 0:
            self._require_discharge(setpoint)
        self._wanted = Wanted(setpoint.current_a, setpoint.valid_for_s, self._clock() + setpoint.valid_for_s)
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
        sent = self._sent
        is_new = sent is None or sent.transaction_id != running.transaction_id
        is_too_much = sent is not None and sent.current_a < self._admissible_a(sent.current_a)
        return (is_new or is_too_much) and wanted.expires_at_s > self._clock()

    def pulled(self) -> dict[str, float] | None:
        """Return the amounts that the dynamic profile of the running transaction is to have now (K28.FR.07).

        None where the station holds none, or no setpoint holds: what nobody renews is not renewed by its asking.
        """
        running, wanted = self._running(), self._admitted()
        held = self._book.find(Slot.TRANSACTION.profile_id(self._maker.evse_id))
        if running is None or wanted is None or held is None or wanted.expires_at_s <= self._clock():
            return None
        if held.kind is not ProfileKind.DYNAMIC or held.transaction_id != running.transaction_id:
            return None
        is_setpoint = held.schedule.periods[0].mode is OperationMode.CENTRAL_SETPOINT
        return self._maker.amounts(held, wanted.current_a if is_setpoint else max(0.0, wanted.current_a))

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
        self._refuses_dynamic = False

    async def restore(self, commands: Commands, *, floor: bool) -> None:
        """Bring the newest setpoint to the station anew, and the floor, because somebody else has changed them."""
        if floor:
            self._record.floor = None
            await self.install_floor(commands, verify=False)
        self.forget()
        await self.catch_up()

    async def install_floor(self, commands: Commands, *, verify: bool) -> str:
        """Have the station hold the safe current as its default; the status word of its answer.

        A floor that it is known to hold is not written again. `verify` asks the station instead of believing it.
        """
        floor = f"{self.charger.safe_a:g} A on {len(self.charger.phases)}, {self._maker.unit}"
        record = self._record
        if record.floor == floor and (not verify or await self._holds_floor(commands)):
            return ACCEPTED
        record.floor = None
        await self._book.clear(commands, self._maker.evse_id, Purpose.TX_DEFAULT)
        self.forget()
        answer = await self._book.install(commands, self._maker.floor())
        if answer == ACCEPTED:
            record.floor = floor
        return answer

    async def _holds_floor(self, commands: Commands) -> bool:
        """Ask what limit holds without a transaction, which is when the default alone does."""
        if self._running() is not None:
            return False
        limits = await commands.composite_limits(self._maker.evse_id, 60, self._maker.unit)
        safe = self._maker.amount(self.charger.safe_a, self._maker.unit)
        return limits is not None and all(math.isclose(limit, safe, abs_tol=0.05) for limit in limits)

    async def _write_newest(self, commands: Commands) -> None:
        """Send the newest setpoint unless the station has it; an increase may have to wait for the budget."""
        async with self._writing:
            wanted, running, now_s = self._admitted(), self._running(), self._clock()
            if wanted is None or running is None or wanted.expires_at_s <= now_s:
                return
            if self._has(wanted, running, now_s):
                return
            strategy = self._strategy(wanted, running)
            evse_id, cost = self._maker.evse_id, strategy.cost(wanted, running)
            if not self._can_wait(wanted, running):
                self._book.budget.force(evse_id, cost)
            elif not self._book.budget.take(evse_id, cost):
                self._hold_back()
                return
            await self._send(commands, strategy, wanted, running)

    def _admitted(self) -> Wanted | None:
        """Return the newest setpoint, cut for good to what may be given back now.

        It may have been meant for another transaction, or an agreement that holds no more.
        """
        if self._wanted is not None and self._wanted.current_a < 0 and self._running() is not None:
            self._wanted = replace(self._wanted, current_a=self._admissible_a(self._wanted.current_a))
        return self._wanted

    def _has(self, wanted: Wanted, running: TransactionRecord, now_s: float) -> bool:
        sent = self._sent
        return (
            sent is not None
            and (sent.current_a, sent.transaction_id) == (wanted.current_a, running.transaction_id)
            and sent.expires_at_s - now_s > _FRESH_SHARE * wanted.valid_for_s
        )

    def _can_wait(self, wanted: Wanted, running: TransactionRecord) -> bool:
        """Tell whether a setpoint only lets more flow in the direction that it has; nothing else waits."""
        sent = self._sent
        if sent is None or sent.transaction_id != running.transaction_id:
            return False
        return wanted.current_a > sent.current_a >= 0 or wanted.current_a < sent.current_a <= 0

    def _strategy(self, wanted: Wanted, running: TransactionRecord) -> Strategy:
        if self._station.dynamic_profiles and not self._refuses_dynamic:
            return self._by_update
        if wanted.current_a >= 0 and Quirk.NO_TX_PROFILE in self._station.quirks and self._rejections_of(running):
            return self._by_default
        return self._by_transaction

    def _hold_back(self) -> None:
        if not self._is_held_back:
            self._is_held_back = True
            self._tasks.spawn(self._send_when_allowed())

    async def _send_when_allowed(self) -> None:
        try:
            await asyncio.sleep(self._book.budget.wait_s(self._maker.evse_id))
        finally:
            self._is_held_back = False
        try:
            await self._write_newest(await self._link.commands())
        except CommandError as error:
            _LOGGER.info("%s", error)

    async def _send(self, commands: Commands, strategy: Strategy, wanted: Wanted, running: TransactionRecord) -> None:
        self._sent = None
        answer = await strategy.send(commands, wanted, running)
        if strategy is self._by_update and answer != ACCEPTED and _TX_NOT_FOUND not in answer:
            _LOGGER.info("%s takes no dynamic profile: %s", self.charger.charger_id, answer)
            self._refuses_dynamic = True
            strategy = self._strategy(wanted, running)
            answer = await strategy.send(commands, wanted, running)
        if strategy is not self._by_default:
            answer = await self._learn(commands, answer, wanted, running)
        if answer != ACCEPTED:
            if wanted.current_a < 0:
                self._report(FaultCode.BIDIRECTIONAL_UNSUPPORTED, f"The station does not discharge: {answer}.")
            raise self._failure(answer)
        self._sent = _Sent(wanted.current_a, running.transaction_id, wanted.expires_at_s)

    async def _learn(self, commands: Commands, answer: str, wanted: Wanted, running: TransactionRecord) -> str:
        """Learn from the answer to a profile of the transaction; where it was refused, a default may do."""
        if answer == ACCEPTED:
            self._take_back_quirk()
            return answer
        self._take_refusal(answer, running, tells_of_quirk=wanted.current_a >= 0)
        if wanted.current_a < 0:
            return answer
        default_answer = await self._by_default.send(commands, wanted, running)
        if default_answer != ACCEPTED:
            return answer
        # An earlier profile of the transaction would go before the default.
        return await self._remove_transaction_profile(commands)

    async def _remove_transaction_profile(self, commands: Commands) -> str:
        profile_id = Slot.TRANSACTION.profile_id(self._maker.evse_id)
        if self._book.find(profile_id) is None:
            return ACCEPTED
        answer = await self._book.remove(commands, profile_id)
        return ACCEPTED if answer in (ACCEPTED, "Unknown") else answer

    def _require_discharge(self, setpoint: Setpoint) -> None:
        """Refuse to discharge what has not agreed to it, or cannot be told to."""
        agreement = self._agreement()
        if agreement is None or not agreement.bidirectional:
            detail = "Station and vehicle have not agreed to discharge."
        elif self._station.version != OcppVersion.V21 and Quirk.NEGATIVE_LIMIT not in self._station.quirks:
            detail = f"A station that speaks {self._station.version} cannot be told to discharge."
        else:
            return
        self._report(FaultCode.BIDIRECTIONAL_UNSUPPORTED, detail)
        raise CommandError(self.charger.charger_id, f"discharging with {-setpoint.current_a:g} A", detail)

    def _take_refusal(self, answer: str, running: TransactionRecord, *, tells_of_quirk: bool) -> None:
        """Learn from a refused TxProfile: only of a transaction that the station shows does it tell of a quirk."""
        is_unknown, is_confirmed = _TX_NOT_FOUND in answer, self._is_confirmed()
        if is_unknown or not is_confirmed:
            self._on_refused(running, is_unknown)
        if not (is_confirmed and tells_of_quirk):
            return
        count = self._rejections_of(running) + 1
        self._rejections = (running.transaction_id, count)
        if count >= _REJECTIONS_OF_A_QUIRK and Quirk.NO_TX_PROFILE not in self._station.quirks:
            _LOGGER.info("%s takes no TxProfile (%s); its default is modulated", self.charger.charger_id, answer)
            self._station.quirks.append(Quirk.NO_TX_PROFILE.value)

    def _take_back_quirk(self) -> None:
        self._rejections = ("", 0)
        if Quirk.NO_TX_PROFILE in self._station.quirks:
            _LOGGER.info("%s takes TxProfiles after all", self.charger.charger_id)
            self._station.quirks.remove(Quirk.NO_TX_PROFILE.value)

    def _rejections_of(self, running: TransactionRecord) -> int:
        transaction_id, count = self._rejections
        return count if transaction_id == running.transaction_id else 0

    def _failure(self, answer: str) -> CommandError:
        wanted_a = self._wanted.current_a if self._wanted else self.charger.safe_a
        return CommandError(self.charger.charger_id, f"limiting to {wanted_a:g} A", answer)

    @property
    def _record(self) -> EvseRecord:
        return self._station.evse(self._maker.evse_id)
