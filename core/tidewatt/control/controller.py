"""The shell around `decide`: collects readings, starts cycles, sends what changed and keeps what must survive."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
import contextlib
from dataclasses import replace
import logging
import time
from typing import Final

from tidewatt.site import (
    ChargerPort,
    ChargerState,
    Clock,
    Fault,
    FaultCode,
    MeterReading,
    Reading,
    Site,
    StateStore,
    VehicleState,
    Wish,
)

from .commands import CommandCounters, Sender
from .decide import decide
from .health import ControllerHealth
from .keeper import Keeper
from .memory import Memory
from .model import ControlSettings, Decision, Snapshot
from .trace import TraceWriter
from .wishes import check_wish

_LOGGER = logging.getLogger(__name__)

_REPORTED_FOR_S: Final = 60.0
"""How long a fault that a driver reported once is shown."""

_METER_FAULTS: Final = (FaultCode.CHARGER_UNREACHABLE, FaultCode.PAYLOAD_INVALID)
"""Faults of a meter that are over with its next reading."""

_DEFAULTS: Final = ControlSettings()


class Controller:
    """Controls one site.

    Drivers `push` readings; `ports` are the ways to the chargers, by charger id. Wishes and memory are kept in `store`.
    `on_cycle` hears of every cycle, on the event loop; the decision it gets holds, beside the faults of `decide`, those
    of commands and drivers. With a `trace`, every cycle is recorded.
    """

    def __init__(
        self,
        site: Site,
        ports: Mapping[str, ChargerPort],
        *,
        store: StateStore,
        clock: Clock = time.monotonic,
        settings: ControlSettings = _DEFAULTS,
        on_cycle: Callable[[Snapshot, Decision], None] = lambda _snapshot, _decision: None,
        trace: TraceWriter | None = None,
    ) -> None:
        self._site = site
        self._clock = clock
        self._settings = settings
        self._on_cycle = on_cycle
        self._trace = trace
        self._meters: dict[str, MeterReading] = {}
        self._chargers: dict[str, ChargerState] = {}
        self._vehicles: dict[str, VehicleState] = {}
        self._wishes: dict[str, Wish] = {}
        self._memory = Memory()
        self._reported: dict[tuple[FaultCode, str], tuple[float, Fault]] = {}
        self._counters = CommandCounters()
        self._senders: dict[str, Sender] = {}
        self._dismissed: set[asyncio.Task[None]] = set()
        self._keeper = Keeper(store, wishes=lambda: self._wishes, memory=lambda: self._memory)
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._cycles = self._cycles_failed = 0
        self._cycle_duration_s: float | None = None
        self._snapshot: Snapshot | None = None
        self._decision: Decision | None = None
        self._connect(ports)

    @property
    def snapshot(self) -> Snapshot | None:
        """What the latest cycle saw; None before the first."""
        return self._snapshot

    @property
    def decision(self) -> Decision | None:
        """What the latest cycle decided, with the faults of commands and drivers; None before the first."""
        return self._decision

    @property
    def health(self) -> ControllerHealth:
        """How the controller and its commands do."""
        latencies_s = self._counters.latencies_s
        return ControllerHealth(
            cycles=self._cycles,
            cycles_failed=self._cycles_failed,
            cycle_duration_s=self._cycle_duration_s,
            cycle_age_s=None if self._snapshot is None else self._clock() - self._snapshot.now_s,
            commands_sent=self._counters.sent,
            commands_failed=self._counters.failed,
            command_latency_s=latencies_s[-1] if latencies_s else None,
            command_latency_max_s=max(latencies_s, default=None),
            faults=self._faults(self._clock()),
        )

    async def start(self) -> None:
        """Load wishes and memory and begin to control."""
        # A wish made before the start is newer than any stored one.
        self._wishes = await self._keeper.load_wishes() | self._wishes
        self._end_discharges_ruled_out()
        self._memory = await self._keeper.load_memory(self._clock)
        self._keeper.start()
        self._task = asyncio.create_task(self._run(), name=f"controller of {self._site.name}")

    async def stop(self) -> None:
        """End control and save. Chargers go on with their last setpoint until it expires. Safe to call twice."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await asyncio.gather(*(sender.stop() for sender in self._senders.values()), *self._dismissed)
        await self._keeper.stop()

    def push(self, reading: Reading) -> None:
        """Take a reading. A meter's starts a cycle at once, a charger's when it plugs, unplugs, comes or goes."""
        match reading:
            case MeterReading():
                self._meters[reading.meter_id] = reading
                for code in _METER_FAULTS:
                    self._reported.pop((code, reading.meter_id), None)
                self._wake.set()
            case ChargerState():
                before = self._chargers.get(reading.charger_id)
                self._chargers[reading.charger_id] = reading
                self._end_discharge_of_the_gone(reading)
                if _matters(before, reading):
                    self._wake.set()
            case VehicleState():
                self._vehicles[reading.vehicle_id] = reading

    def _end_discharge_of_the_gone(self, state: ChargerState) -> None:
        """A wish to discharge is about the vehicle that was there: the next one is not emptied by it."""
        if state.plugged is False:
            self._end_discharge(state.charger_id)

    def _end_discharges_ruled_out(self) -> None:
        """Forget wishes that the configuration does not allow any more: they would keep the charger at rest."""
        for charger in self._site.chargers:
            if charger.discharge_maximum_a <= 0:
                self._end_discharge(charger.charger_id)

    def _end_discharge(self, charger_id: str) -> None:
        wish = self._wishes.get(charger_id)
        if wish is not None and wish.discharge is not None:
            self._wishes[charger_id] = replace(wish, discharge=None)
            self._keeper.wishes_changed()

    def report(self, fault: Fault) -> None:
        """Take a fault that a driver saw; it is shown for a minute, a meter's until it is read again."""
        self._reported[fault.code, fault.subject_id] = (self._clock(), fault)

    def wish(self, charger_id: str) -> Wish:
        """Return what is wished of a charger; KeyError when there is none."""
        charger = self._site.charger(charger_id)
        return self._wishes.get(charger_id) or Wish(mode=charger.mode)

    def set_wish(self, charger_id: str, wish: Wish) -> None:
        """Wish something of a charger from now on, over restarts too.

        KeyError when there is no such charger, SiteError naming field, value and remedy for what cannot be wished.
        """
        check_wish(self._site.charger(charger_id), wish)
        if self.wish(charger_id) == wish:
            return
        self._wishes[charger_id] = wish
        self._keeper.wishes_changed()
        self._wake.set()

    def update(self, site: Site, ports: Mapping[str, ChargerPort]) -> None:
        """Control another configuration from now on; what stays in it loses nothing."""
        self._site = site
        charger_ids = {charger.charger_id for charger in site.chargers}
        gone = self._wishes.keys() - charger_ids
        for charger_id in gone:
            del self._wishes[charger_id]
        if gone:
            self._keeper.wishes_changed()
        self._end_discharges_ruled_out()
        for charger_id in self._chargers.keys() - charger_ids:
            del self._chargers[charger_id]
        for meter_id in self._meters.keys() - {meter.meter_id for meter in site.meters}:
            del self._meters[meter_id]
        self._connect(ports)
        self._wake.set()

    def _connect(self, ports: Mapping[str, ChargerPort]) -> None:
        """Have one sender for each charger; those of chargers that stay go on."""
        for charger_id in self._senders.keys() - ports.keys():
            task = asyncio.create_task(self._senders.pop(charger_id).stop(), name=f"dismissal of {charger_id}")
            self._dismissed.add(task)
            task.add_done_callback(self._dismissed.discard)
        for charger_id, port in ports.items():
            if charger_id in self._senders:
                self._senders[charger_id].port = port
            else:
                self._senders[charger_id] = Sender(
                    port, clock=self._clock, counters=self._counters, on_result=self._wake.set
                )

    async def _run(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.cycle_s):
                    await self._wake.wait()
            self._wake.clear()
            try:
                self._cycle()
            except Exception:  # the chargers' own fallback covers one cycle; an ended loop would never come back
                self._cycles_failed += 1
                _LOGGER.exception("A cycle of %s failed; the chargers keep their last setpoints", self._site.name)

    def _cycle(self) -> None:
        started_s = time.perf_counter()
        snapshot = Snapshot(
            now_s=self._clock(),
            site=self._site,
            meters=dict(self._meters),
            chargers=dict(self._chargers),
            vehicles=dict(self._vehicles),
            wishes=dict(self._wishes),
            settings=self._settings,
        )
        before = self._memory
        decision, self._memory = decide(snapshot, before)
        for setpoint in decision.setpoints:
            self._senders[setpoint.charger_id].offer(setpoint, snapshot.chargers.get(setpoint.charger_id))
        if self._decision is None or _currents_a(self._decision) != _currents_a(decision):
            self._keeper.setpoints_changed()
        self._cycles += 1
        self._cycle_duration_s = time.perf_counter() - started_s
        if self._trace is not None:
            self._trace.record(snapshot, before, decision)
        self._snapshot = snapshot
        self._decision = replace(decision, faults=(*decision.faults, *self._faults(snapshot.now_s)))
        self._on_cycle(snapshot, self._decision)

    def _faults(self, now_s: float) -> tuple[Fault, ...]:
        """Return the commands that failed and what drivers reported lately."""
        self._reported = {
            key: (at_s, fault) for key, (at_s, fault) in self._reported.items() if now_s - at_s < _REPORTED_FOR_S
        }
        commands = (sender.fault for sender in self._senders.values() if sender.fault is not None)
        return (*commands, *(fault for _, fault in self._reported.values()))


def _currents_a(decision: Decision) -> list[float]:
    return [setpoint.current_a for setpoint in decision.setpoints]


def _matters(before: ChargerState | None, after: ChargerState) -> bool:
    """Say whether a charger's state calls for a decision before the next meter reading."""
    if before is None:
        return True
    sessions = [None if state.session is None else state.session.transaction_id for state in (before, after)]
    return (
        (before.online, before.plugged, before.status) != (after.online, after.plugged, after.status)
        or before.discharge_maximum_a != after.discharge_maximum_a
        or sessions[0] != sessions[1]
    )
