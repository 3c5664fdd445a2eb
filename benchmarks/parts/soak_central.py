"""`python -m benchmarks.parts.soak_central COUNT FOLDER`: a central system under test, and what it goes through.

Gives every charging station a new setpoint in turn, and keeps the documents in FOLDER as a real site does. Prints its
port, then a line of JSON every second; at SIGTERM it stops and says how it ended.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
import gc
import itertools
import json
from pathlib import Path
import signal
import sys
import time
from typing import Any, Final

import psutil

from tidewatt.drivers.ocpp import CentralSystem
from tidewatt.ledger import JsonFileStore
from tidewatt.site import (
    Charger,
    ChargerState,
    CommandError,
    OcppEndpoint,
    OcppListener,
    Reading,
    Reason,
    ReasonCode,
    Setpoint,
)

ROUND_S: Final = 10.0
"""Every station gets a new setpoint so often."""

CURRENTS_A: Final = (16.0, 14.0, 12.0, 10.0, 9.0, 8.0, 7.0)
VALID_S: Final = 120.0
PASS_S: Final = 0.02


class Soak:
    """The central system, and what was seen of it."""

    def __init__(self, count: int, folder: Path) -> None:
        self.chargers = [
            Charger(charger_id=f"c{number}", name="", circuit_id="main", endpoint=OcppEndpoint(station_id=f"S{number}"))
            for number in range(count)
        ]
        self.states: dict[str, ChargerState] = {}
        self.energy_wh: dict[str, float] = {}
        self.commands: deque[tuple[str, float, float, bool]] = deque()
        self.faults: dict[str, int] = {}
        self.lag_s = 0.0
        self._pending: set[asyncio.Task[None]] = set()
        self._store = JsonFileStore(folder)
        self.central = CentralSystem(
            OcppListener(port=0),
            self.chargers,
            store=self._store,
            on_reading=self._read,
            on_fault=lambda fault: self.faults.update({fault.code: self.faults.get(fault.code, 0) + 1}),
            on_discovered=lambda _: None,
        )

    def _read(self, state: Reading) -> None:
        if not isinstance(state, ChargerState):
            return
        self.states[state.charger_id] = state
        if state.session is not None:
            key = f"{state.charger_id}/{state.session.transaction_id}"
            self.energy_wh[key] = max(self.energy_wh.get(key, 0.0), state.session.energy_wh)

    async def command(self) -> None:
        """Give one station after the other another setpoint, for ever."""
        currents = itertools.cycle(CURRENTS_A)
        for charger in itertools.cycle(self.chargers):
            await asyncio.sleep(ROUND_S / len(self.chargers))
            state = self.states.get(charger.charger_id)
            if state is not None and state.online and state.session is not None:
                task = asyncio.create_task(self._apply(charger.charger_id, next(currents)))
                self._pending.add(task)
                task.add_done_callback(self._pending.discard)

    async def _apply(self, charger_id: str, current_a: float) -> None:
        reason = Reason(code=ReasonCode.CIRCUIT)
        setpoint = Setpoint(charger_id=charger_id, current_a=current_a, reason=reason, valid_for_s=VALID_S)
        started_s, done = time.time(), True
        try:
            await self.central.port(charger_id).apply(setpoint)
        except CommandError:
            done = False
        self.commands.append((charger_id, started_s, time.time() - started_s, done))

    async def watch_the_loop(self) -> None:
        """Note by how much the event loop is late, for ever."""
        while True:
            due_s = time.monotonic() + PASS_S
            await asyncio.sleep(PASS_S)
            self.lag_s = max(self.lag_s, time.monotonic() - due_s)

    async def books(self) -> dict[str, float]:
        """Return the energy of every transaction: as control was shown it, and for those still kept, as it is stored.

        One that ended while its station was away is in the books only.
        """
        document = await self._store.load("ocpp") or {}
        stored = {
            f"c{station_id.removeprefix('S')}/{each['transaction_id']}": each["energy"]["total_wh"]
            for station_id, station in document["stations"].items()
            for each in station["transactions"]
            if each["energy"] is not None
        }
        return self.energy_wh | stored

    def report(self) -> dict[str, Any]:
        """Return what was seen since the last report."""
        commands, self.commands = list(self.commands), deque()
        lag_s, self.lag_s = self.lag_s, 0.0
        return {
            "at_s": time.time(),
            "commands": commands,
            "online": sum(state.online for state in self.states.values()),
            "sessions": sum(state.session is not None for state in self.states.values()),
            "tasks": len(asyncio.all_tasks()),
            "rss_mb": psutil.Process().memory_info().rss / 1e6,
            "lag_ms": 1000 * lag_s,
            "faults": self.faults,
        }


async def main() -> None:
    """Run until SIGTERM."""
    soak = Soak(int(sys.argv[1]), Path(sys.argv[2]))
    await soak.central.start()
    print(soak.central.bound_port, flush=True)
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told.set)
    work = [asyncio.create_task(each) for each in (soak.command(), soak.watch_the_loop())]
    for _ in _until(told):
        await asyncio.sleep(1.0)
        print(json.dumps(soak.report()), flush=True)
    for each in work:
        each.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    await soak.central.stop()
    gc.collect()
    left = [str(task.get_name()) for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    print(json.dumps({"left": left, "energy_wh": await soak.books()}), flush=True)


def _until(told: asyncio.Event) -> Iterator[None]:
    while not told.is_set():
        yield


if __name__ == "__main__":
    asyncio.run(main())
