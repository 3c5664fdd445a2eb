"""A controller with small real parts around it: a clock to wind, ports that obey or balk, a store in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
import json
from typing import Any

from tidewatt.control import Controller, ControlSettings, Decision, Snapshot, TraceWriter
from tidewatt.site import ChargerState, ChargerStatus, MeterReading, Session, Setpoint, Site

SLOW = ControlSettings(cycle_s=3600.0)
"""Cycles only when there is a reason to."""


class HandClock:
    """Monotonic seconds that pass when told to."""

    def __init__(self) -> None:
        self.now_s = 5000.0

    def __call__(self) -> float:
        """See `Clock`."""
        return self.now_s


class ObedientPort:
    """A charger's port that keeps what it was told. `hold` makes it slow, `error` makes it refuse."""

    def __init__(self) -> None:
        self.setpoints: list[Setpoint] = []
        self.error: Exception | None = None
        self.hold = asyncio.Event()
        self.hold.set()
        self._told = asyncio.Condition()

    @property
    def currents_a(self) -> list[float]:
        """What it was told, in A."""
        return [setpoint.current_a for setpoint in self.setpoints]

    async def apply(self, setpoint: Setpoint) -> None:
        """See `ChargerPort`."""
        self.setpoints.append(setpoint)
        async with self._told:
            self._told.notify_all()
        await self.hold.wait()
        if self.error is not None:
            raise self.error

    async def start(self, id_tag: str | None = None) -> None:
        """See `ChargerPort`."""

    async def stop(self) -> None:
        """See `ChargerPort`."""

    async def until_told(self, times: int) -> None:
        """Wait until it was told something so many times."""
        async with asyncio.timeout(10), self._told:
            await self._told.wait_for(lambda: len(self.setpoints) >= times)


class DictStore:
    """A `StateStore` in memory that keeps JSON texts. `hold` makes it slow."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.hold = asyncio.Event()
        self.hold.set()
        self._saved = asyncio.Condition()

    async def load(self, name: str) -> dict[str, Any] | None:
        """See `StateStore`."""
        document: dict[str, Any] | None = json.loads(self.texts.get(name, "null"))
        return document

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """See `StateStore`."""
        text = json.dumps(document, allow_nan=False)
        await self.hold.wait()
        self.texts[name] = text
        async with self._saved:
            self._saved.notify_all()

    async def until_saved(self, name: str) -> None:
        """Wait until a document was saved."""
        async with asyncio.timeout(10), self._saved:
            await self._saved.wait_for(lambda: name in self.texts)


class Rig:
    """A running controller of one site."""

    def __init__(self, of: Site, *, store: DictStore | None = None, settings: ControlSettings = SLOW) -> None:
        self.site = of
        self.clock = HandClock()
        self.store = store or DictStore()
        self.ports = {charger.charger_id: ObedientPort() for charger in of.chargers}
        self.cycles: list[tuple[Snapshot, Decision]] = []
        self.on_cycle: Callable[[], None] = lambda: None
        self._settings = settings
        self._cycled = asyncio.Condition()
        self._waker: set[asyncio.Task[None]] = set()
        self.controller: Controller

    @asynccontextmanager
    async def running(self, trace: TraceWriter | None = None) -> AsyncIterator[Rig]:
        """Run the controller for the length of a block."""
        self.controller = Controller(
            self.site,
            self.ports,
            store=self.store,
            clock=self.clock,
            settings=self._settings,
            on_cycle=self._cycle,
            trace=trace,
        )
        await self.controller.start()
        try:
            yield self
        finally:
            for port in self.ports.values():
                port.hold.set()
            self.store.hold.set()
            await self.controller.stop()

    def _cycle(self, snapshot: Snapshot, decision: Decision) -> None:
        self.cycles.append((snapshot, decision))
        task = asyncio.create_task(self._notify())
        self._waker.add(task)
        task.add_done_callback(self._waker.discard)
        self.on_cycle()

    async def _notify(self) -> None:
        async with self._cycled:
            self._cycled.notify_all()

    async def until_cycles(self, count: int) -> Decision:
        """Wait until there were so many cycles; return the latest decision."""
        async with asyncio.timeout(10), self._cycled:
            await self._cycled.wait_for(lambda: len(self.cycles) >= count)
        return self.cycles[-1][1]

    async def until(self, holds: Callable[[Decision], bool]) -> Decision:
        """Wait for a decision for which something holds."""
        async with asyncio.timeout(10), self._cycled:
            await self._cycled.wait_for(lambda: bool(self.cycles) and holds(self.cycles[-1][1]))
        return self.cycles[-1][1]

    def plug(self, charger_id: str, **changes: Any) -> None:
        """Report a charger with a vehicle that charges."""
        state = ChargerState(
            charger_id=charger_id,
            at_s=self.clock.now_s,
            online=True,
            status=ChargerStatus.CHARGING,
            plugged=True,
            session=Session(transaction_id="1", started_at_utc="2026-01-01T00:00:00Z", energy_wh=0.0, id_tag="TAG7"),
        )
        self.controller.push(replace(state, **changes))

    async def read_meter(self, *current_a: float) -> Decision:
        """Report a meter reading, 2 A on each phase unless told otherwise, and wait for its cycle."""
        l1_a, l2_a, l3_a = current_a or (2.0, 2.0, 2.0)
        cycles = len(self.cycles)
        self.controller.push(MeterReading(meter_id="main-meter", at_s=self.clock.now_s, current_a=(l1_a, l2_a, l3_a)))
        return await self.until_cycles(cycles + 1)
