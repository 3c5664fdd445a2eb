"""Whether one EVSE's vehicle may give energy back now, and how much: the driver's own safety net (requirement V1).

It stands between control and the station, so that nothing that asks for discharging, control included, crosses the
floor of the battery, the agreement or the configuration.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
import logging
import math

from tidewatt.site import DEFAULT_MINIMUM_SOC_PCT, Clock, CommandError, FaultCode, Setpoint

from .evse import Evse
from .memory import TransactionRecord
from .settings import OcppSettings
from .tasks import Tasks

_LOGGER = logging.getLogger(__name__)

_SETPOINT = "setpoint"

_TOLERANCE = 1.05
_TOLERANCE_A = 1.0
"""A measured current beyond the agreement by more than this share and this much is no measuring error."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Something that discharges: what ends it, and the most that might be given back when it began, in A per phase."""

    stop: Callable[[], Awaitable[None]]
    most_a: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing may be given back now."""

    code: FaultCode
    detail: str


class DischargeGuard:
    """Judges what would discharge the vehicle of one EVSE, and watches over what was let pass.

    `stop` ends a discharging setpoint. `report` hears of a refusal once, until discharging was possible again.
    """

    def __init__(
        self,
        evse: Evse,
        running: Callable[[], TransactionRecord | None],
        *,
        stop: Callable[[], Awaitable[None]],
        report: Callable[[FaultCode, str], None],
        tasks: Tasks,
        clock: Clock,
        settings: OcppSettings,
    ) -> None:
        self._evse = evse
        self._running = running
        self._stop = stop
        self._report = report
        self._tasks = tasks
        self._clock = clock
        self._settings = settings
        self._floor_pct = DEFAULT_MINIMUM_SOC_PCT
        self._vehicle_soc: tuple[float, float] | None = None
        self._reported: set[FaultCode] = set()
        self._is_watching = False
        self._held: dict[str, _Held] = {}
        self._ending: set[str] = set()

    @property
    def floor_pct(self) -> float:
        """State of charge at and below which nothing is given back."""
        return self._floor_pct

    def take_battery(self, minimum_soc_pct: float, soc_pct: float | None, at_s: float | None = None) -> None:
        """Take the floor of the vehicle's battery and what the vehicle itself said of its state of charge at a time.

        A floor that is no state of charge counts as 100 %. Without a time it is of now.
        """
        self._floor_pct = minimum_soc_pct if 0 <= minimum_soc_pct <= 100 else 100.0
        known = soc_pct is not None and math.isfinite(soc_pct) and 0 <= soc_pct <= 100
        now_s = self._clock()
        self._vehicle_soc = (
            (soc_pct, min(now_s, now_s if at_s is None else at_s)) if known and soc_pct is not None else None
        )
        self.check()

    def soc_pct(self) -> float | None:
        """Return the state of charge, the lower one where station and vehicle differ; None when nobody knows it now."""
        now_s = self._clock()
        told = [self._evse.soc_pct(now_s)]
        if self._vehicle_soc is not None and now_s - self._vehicle_soc[1] <= self._settings.vehicle_soc_holds_s:
            told.append(self._vehicle_soc[0])
        return min((soc_pct for soc_pct in told if soc_pct is not None), default=None)

    def refusal(self) -> Refusal | None:
        """Return why nothing may be given back now; None when something may."""
        running, charger = self._running(), self._evse.charger
        if charger.discharge_maximum_a <= 0:
            return Refusal(FaultCode.BIDIRECTIONAL_UNSUPPORTED, "The charger is configured never to discharge.")
        if running is None:
            return Refusal(FaultCode.BIDIRECTIONAL_UNSUPPORTED, "No transaction runs.")
        if self._evse.discharge_maximum_a(running) is None:
            return Refusal(FaultCode.BIDIRECTIONAL_UNSUPPORTED, "Station and vehicle have not agreed to discharge.")
        soc_pct = self.soc_pct()
        if soc_pct is None:
            return Refusal(FaultCode.BATTERY_LOWER_LIMIT, "The state of charge is not known.")
        if soc_pct <= self._floor_pct:
            return Refusal(
                FaultCode.BATTERY_LOWER_LIMIT,
                f"The state of charge is {soc_pct:g} %, its floor {self._floor_pct:g} %.",
            )
        return None

    def admit(self, setpoint: Setpoint) -> Setpoint:
        """Return a setpoint as it may go to the station, and watch over one that discharges.

        One beyond the agreement is cut; less than what the vehicle can give back at least is nothing. CommandError when
        nothing may be given back; what was given back until then is ended.
        """
        if setpoint.current_a >= 0:
            return setpoint
        self.require(setpoint.charger_id, f"discharging with {-setpoint.current_a:g} A")
        return replace(setpoint, current_a=self.admissible_a(setpoint.current_a))

    def admissible_a(self, current_a: float) -> float:
        """Return what of a current may go to the station at this moment, and watch over it if that discharges.

        A setpoint may wait, and the vehicle that it was meant for be gone when its turn comes.
        """
        if current_a >= 0:
            return current_a
        if self.refusal() is not None:
            return 0.0
        bounded_a = self._bounded_a(current_a)
        if bounded_a < 0:
            self.hold(_SETPOINT, self._stop)
        return bounded_a

    def followed(self, setpoint: Setpoint) -> None:
        """Take note that the station has been told a setpoint; only then is a discharge over."""
        if setpoint.current_a >= 0:
            self.release(_SETPOINT)

    def require(self, charger_id: str, command: str) -> None:
        """Raise CommandError, and report the fault, when nothing may be given back now."""
        self.check()
        refusal = self.refusal()
        if refusal is not None:
            self._report_once(refusal.code, f"Discharging was refused: {refusal.detail}")
            raise CommandError(charger_id, command, refusal.detail)
        self._reported -= {FaultCode.BIDIRECTIONAL_UNSUPPORTED, FaultCode.BATTERY_LOWER_LIMIT}

    def _bounded_a(self, current_a: float) -> float:
        most_a = self._most_a
        if -current_a > most_a:
            self._report_once(
                FaultCode.DISCHARGE_LIMIT, f"Discharging with {-current_a:g} A was cut to the {most_a:g} A agreed."
            )
        else:
            self._reported.discard(FaultCode.DISCHARGE_LIMIT)
        bounded_a = max(current_a, -most_a)
        agreement, charger = self._evse.agreement, self._evse.charger
        power_w = -bounded_a * self._settings.voltage_v * len(charger.phases)
        if agreement is not None and power_w < agreement.minimum_discharge_w:
            return 0.0
        return bounded_a

    def hold(self, what: str, stop: Callable[[], Awaitable[None]]) -> None:
        """Watch from now on over something that may discharge; `stop` ends it when that may not be any more."""
        self._held[what] = _Held(stop, self._most_a)
        if not self._is_watching:
            self._is_watching = True
            self._tasks.spawn(self._watch())

    def release(self, what: str) -> None:
        """Take note that something does not discharge any more."""
        self._held.pop(what, None)

    @property
    def is_discharging(self) -> bool:
        """Whether the station was told something by which it may give energy back."""
        return bool(self._held)

    def check(self) -> None:
        """End discharging that may not be any more, and report what the vehicle gives back beyond the agreement."""
        if not self.is_discharging:
            return
        refusal = self.refusal()
        if refusal is not None:
            if self._running() is not None:
                self._report_once(refusal.code, f"Discharging was ended: {refusal.detail}")
            for what in tuple(self._held):
                self._end(what)
            return
        most_a = self._most_a
        for what, held in tuple(self._held.items()):
            # A setpoint is cut anew whenever it is written; what a mode may do was settled when it began.
            if what != _SETPOINT and most_a < held.most_a:
                self._end(what)
        measured_a = min(self._evse.measured_a or (0.0,))
        if -measured_a > max(most_a * _TOLERANCE, most_a + _TOLERANCE_A):
            self._report_once(
                FaultCode.DISCHARGE_LIMIT, f"The vehicle gives back {-measured_a:g} A, agreed are {most_a:g} A."
            )

    async def _watch(self) -> None:
        try:
            while self.is_discharging:
                await asyncio.sleep(self._settings.discharge_watch_s)
                self.check()
        finally:
            self._is_watching = False

    def _end(self, what: str) -> None:
        if what not in self._ending:
            self._ending.add(what)
            self._tasks.spawn(self._stop_it(what, self._held[what].stop))

    async def _stop_it(self, what: str, stop: Callable[[], Awaitable[None]]) -> None:
        """End something; it is held, so that the watch tries again, until it has been ended."""
        try:
            await stop()
        except CommandError as error:
            _LOGGER.info("%s", error)
        finally:
            self._ending.discard(what)

    @property
    def _most_a(self) -> float:
        return self._evse.discharge_maximum_a(self._running()) or 0.0

    def _report_once(self, code: FaultCode, detail: str) -> None:
        if code not in self._reported:
            self._reported.add(code)
            self._report(code, detail)

    def forget(self) -> None:
        """Watch over nothing any more, and let everything be reported anew: the transaction is over."""
        self._held.clear()
        self._reported.clear()
