"""The other end of the wires: a Modbus meter and OCPP stations that note when a frame leaves and arrives.

Lean on purpose: what this end spends is part of every measured latency, ours and the rival's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
import contextlib
from datetime import UTC, datetime
import itertools
import json
import time
from typing import Any, Self

import aiohttp

from tidewatt.emulators.meters.registers import RegisterImage, sdm630_image
from tidewatt.emulators.meters.server import MeterServer, MeterUnit
from tidewatt.emulators.physics.world import MeterSample

VOLTAGE_V = 230.0
SAMPLE_INTERVAL_S = 1.0
START_TIMEOUT_S = 20.0


class Station:
    """A one-phase OCPP 1.6J station with a vehicle that obeys every limit at once."""

    def __init__(self, station_id: str) -> None:
        self.station_id = station_id
        self.current_a = 0.0
        self.profiles_at_s: list[float] = []
        self._transaction_id: int | None = None
        self._ids = itertools.count()
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._energy_wh = 0.0

    async def run(self, url: str, told: asyncio.Event) -> None:
        """Connect, start a transaction and follow limits; `told` is set at each of them."""
        async with aiohttp.ClientSession() as session, session.ws_connect(url, protocols=["ocpp1.6"]) as socket:
            talk = asyncio.create_task(self._talk(socket))
            try:
                async for message in socket:
                    received_s = time.perf_counter()
                    kind, message_id, *rest = json.loads(message.data)
                    if kind == 2:
                        await self._answer(socket, message_id, rest[0], rest[1], received_s)
                        told.set()
                    elif (answer := self._answers.pop(message_id, None)) is not None:
                        answer.set_result(rest[0])
            finally:
                talk.cancel()

    async def _talk(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        boot = {"chargePointVendor": "Tidewatt", "chargePointModel": "Bench"}
        await self._call(socket, "BootNotification", boot)
        await self._status(socket, "Preparing")
        answer = await self._call(
            socket,
            "StartTransaction",
            {"connectorId": 1, "idTag": "BENCH", "meterStart": 0, "timestamp": _now()},
        )
        self._transaction_id = answer["transactionId"]
        await self._status(socket, "Charging")
        while True:
            await self._call(socket, "MeterValues", self._meter_values())
            await asyncio.sleep(SAMPLE_INTERVAL_S)

    async def _status(self, socket: aiohttp.ClientWebSocketResponse, status: str) -> None:
        document = {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": _now()}
        await self._call(socket, "StatusNotification", document)

    async def _call(
        self, socket: aiohttp.ClientWebSocketResponse, action: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        message_id = f"s{next(self._ids)}"
        answer = self._answers[message_id] = asyncio.get_running_loop().create_future()
        await socket.send_str(json.dumps([2, message_id, action, payload]))
        result: dict[str, Any] = await answer
        return result

    async def _answer(
        self,
        socket: aiohttp.ClientWebSocketResponse,
        message_id: str,
        action: str,
        payload: dict[str, Any],
        received_s: float,
    ) -> None:
        if action == "SetChargingProfile" and payload["csChargingProfiles"]["chargingProfilePurpose"] == "TxProfile":
            self.profiles_at_s.append(received_s)
            schedule = payload["csChargingProfiles"]["chargingSchedule"]
            self.current_a = schedule["chargingSchedulePeriod"][0]["limit"]
        answers = {"GetConfiguration": {"configurationKey": [], "unknownKey": payload.get("key", [])}}
        await socket.send_str(json.dumps([3, message_id, answers.get(action, {"status": "Accepted"})]))

    def _meter_values(self) -> dict[str, Any]:
        self._energy_wh += self.current_a * VOLTAGE_V * SAMPLE_INTERVAL_S / 3600
        sampled = [
            {"value": str(self.current_a), "measurand": "Current.Import", "phase": "L1", "unit": "A"},
            {"value": str(self.current_a * VOLTAGE_V), "measurand": "Power.Active.Import", "unit": "W"},
            {"value": f"{self._energy_wh:.1f}", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
        ]
        return {
            "connectorId": 1,
            "transactionId": self._transaction_id,
            "meterValue": [{"timestamp": _now(), "sampledValue": sampled}],
        }


class Plant:
    """Stations on L1 of a connection, and its meter. The house draws `house_a`, raised by `step`."""

    def __init__(self, count: int, house_a: float) -> None:
        self.stations = [Station(f"BENCH-{number}") for number in range(count)]
        self._house_a = house_a
        self._pending_a: float | None = None
        self.stepped_at_s: float | None = None
        self._server = MeterServer("127.0.0.1", 0, {1: MeterUnit(meter_id="grid", image=self._image)})
        self._tasks: list[asyncio.Task[None]] = []
        self._told = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.stop()

    @property
    def meter_port(self) -> int:
        """The port the meter answers on."""
        return self._server.bound_port

    async def connect(self, ocpp_port: int) -> None:
        """Connect every station, as soon as somebody listens there; TimeoutError when nobody does."""
        async with asyncio.timeout(START_TIMEOUT_S):
            while not await _listens(ocpp_port):  # noqa: ASYNC110 - another process opens it and tells nobody
                await asyncio.sleep(0.05)
        for station in self.stations:
            url = f"ws://127.0.0.1:{ocpp_port}/{station.station_id}"
            self._tasks.append(asyncio.create_task(station.run(url, self._told)))

    async def until_drawing(self, current_a: float) -> None:
        """Wait until the vehicles may draw `current_a` each on average; TimeoutError when that does not come."""
        async with asyncio.timeout(START_TIMEOUT_S):
            while sum(station.current_a for station in self.stations) < current_a * len(self.stations):
                self._told.clear()
                await self._told.wait()

    def step(self, current_a: float) -> None:
        """Let the next meter reading show `current_a` more of the house."""
        self.stepped_at_s = None
        for station in self.stations:
            station.profiles_at_s.clear()
        self._pending_a = self._house_a + current_a

    def latencies_ms(self) -> Iterator[float]:
        """Yield, for each station told of the last step, the time from the meter's answer to the profile's arrival."""
        if (stepped_at_s := self.stepped_at_s) is not None:
            for station in self.stations:
                # Later ones only even the shares out.
                answers_s = (at_s for at_s in station.profiles_at_s if at_s > stepped_at_s)
                if (first_s := next(answers_s, None)) is not None:
                    yield (first_s - stepped_at_s) * 1000

    def _image(self) -> RegisterImage:
        if self._pending_a is not None:
            self._house_a, self._pending_a = self._pending_a, None
            self.stepped_at_s = time.perf_counter()
        l1_a = self._house_a + sum(station.current_a for station in self.stations)
        voltage_v = (VOLTAGE_V, VOLTAGE_V, VOLTAGE_V)
        return sdm630_image(MeterSample(current_a=(l1_a, 0.0, 0.0), voltage_v=voltage_v, import_wh=0.0, export_wh=0.0))


@contextlib.asynccontextmanager
async def running(argv: list[str]) -> AsyncIterator[None]:
    """Run a program without its output; it is ended with the context."""
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, start_new_session=True
    )
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
