"""A slow or hostile station never delays another: 200 stations, of which 20 misbehave in eleven ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
import itertools
from statistics import mean
from time import perf_counter
from typing import Any

from aiohttp import ClientSession, TCPConnector

from tests.drivers_ocpp.ocpp_rig import V16, RawStation, Rig, central, charger, default_answers, setpoint
from tests.drivers_ocpp.ocpp_villains import VILLAINS
from tests.patience import PATIENCE_S

STATIONS, BAD = 200, 20
NEVER_S = 3600.0
"""How long a call may stay unanswered here: whoever waited for a bad station would wait longer than the test."""

ROUNDS = 3
SETTINGS: dict[str, Any] = {
    "call_timeout_s": NEVER_S,
    "boot_grace_s": NEVER_S,
    "meter_interval_s": NEVER_S,
    # Enough for every good one, and little enough for a flood to be one on a busy machine too.
    "frames_burst": 100,
    "frames_per_s": 20,
}
NOW = "2026-11-20T10:00:00Z"


@asynccontextmanager
async def good_stations(client: ClientSession, rig: Rig, names: Sequence[str]) -> AsyncIterator[list[RawStation]]:
    """Connect stations that behave, each with a running transaction."""
    async with AsyncExitStack() as stack:
        stations: list[RawStation] = []
        tasks: list[asyncio.Task[None]] = []

        async def join(name: str) -> None:
            url = f"http://127.0.0.1:{rig.system.bound_port}/{name}"
            socket = await stack.enter_async_context(client.ws_connect(url, protocols=[V16]))
            station = RawStation(socket, V16, default_answers(V16))
            stations.append(station)
            tasks.append(asyncio.create_task(station.run()))
            await station.boot()
            start = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": NOW}
            await station.call("StartTransaction", start)

        await asyncio.gather(*(join(name) for name in names))
        yield stations
        await asyncio.gather(*(station.socket.close() for station in stations))
        await asyncio.gather(*tasks)


class Watch:
    """Limits and calls all good stations in rounds, and keeps how long each took."""

    def __init__(self, rig: Rig, names: Sequence[str], stations: Sequence[RawStation]) -> None:
        self._rig = rig
        self._names = names
        self._stations = stations
        self._currents = itertools.cycle([10.0, 9.0, 8.0, 7.0, 6.0])

    async def rounds(self) -> list[float]:
        """Return the times of all limits and calls in s; every one of them must succeed."""
        times: list[float] = []
        for _ in range(ROUNDS):
            current_a = next(self._currents)
            work = [self._limit(name, current_a) for name in self._names]
            work += [self._call(station) for station in self._stations]
            times += await asyncio.gather(*work)
        return times

    async def _limit(self, name: str, current_a: float) -> float:
        began = perf_counter()
        await self._rig.system.port(f"charger {name}").apply(setpoint(current_a, f"charger {name}"))
        return perf_counter() - began

    async def _call(self, station: RawStation) -> float:
        began = perf_counter()
        answer: dict[str, Any] = await station.call("Heartbeat", {})
        assert "currentTime" in answer
        return perf_counter() - began


def counters_of(rig: Rig) -> dict[str, dict[str, int]]:
    """Return what was counted on each connection that there is now."""
    return {name: shown["counters"] for name, shown in rig.system.diagnostics().items() if shown["counters"]}


async def test_of_200_stations_20_that_misbehave_delay_no_other() -> None:
    # 200 stations and their villains share this loop, and its debug mode alone costs more than they do.
    asyncio.get_running_loop().set_debug(False)
    names = [f"S-{number}" for number in range(STATIONS)]
    bad, good = names[:BAD], names[BAD:]
    chargers = [charger(f"charger {name}", name) for name in names]
    async with (
        asyncio.timeout(PATIENCE_S),
        central(chargers, **SETTINGS) as rig,
        ClientSession(connector=TCPConnector(limit=0)) as client,
        good_stations(client, rig, good) as stations,
    ):
        watch = Watch(rig, good, stations)
        calm = await watch.rounds()
        villains = [
            asyncio.create_task(VILLAINS[number % len(VILLAINS)](client, rig.system.bound_port, name))
            for number, name in enumerate(bad)
        ]
        await asyncio.sleep(0.5)
        # A limit for each of them is on its way, and most will never be answered.
        hopeless = [
            asyncio.create_task(rig.system.port(f"charger {name}").apply(setpoint(6.0, f"charger {name}")))
            for name in bad
        ]
        under_attack = await watch.rounds()
        while not any(counters[name]["delayed_frames"] for name in bad if name in (counters := counters_of(rig))):
            # A flood is read no faster than anybody may send; a busy machine takes a while until there is one.
            under_attack += await watch.rounds()
        assert not any(villain.done() for villain in villains), "they were still at it"
        counters = counters_of(rig)
        ours_at_fault = [name for name, count in counters.items() if count["handler_errors"] > 0]
        for task in (*villains, *hopeless):
            task.cancel()
        await asyncio.gather(*villains, *hopeless, return_exceptions=True)

        assert max(under_attack) < 10 * max(calm) + 1.0
        assert mean(under_attack) < 10 * mean(calm)
        blamed = {fault.subject_id for fault in rig.faults}
        assert blamed <= {f"charger {name}" for name in bad}
        assert ours_at_fault == []
        for name in good:
            count = counters[name]
            assert (count["timeouts"], count["delayed_frames"], count["malformed"]) == (0, 0, 0)
