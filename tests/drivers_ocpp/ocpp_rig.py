"""A central system on a loopback port, and stations that are nothing but scripted JSON on a WebSocket."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
import json
from ssl import SSLContext
from typing import Any
from uuid import uuid4

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from tests.patience import PATIENCE_S
from tidewatt.drivers.ocpp import CentralSystem, DiscoveredStation, OcppSettings
from tidewatt.site import (
    Charger,
    ChargerState,
    Fault,
    OcppEndpoint,
    OcppListener,
    Reading,
    Reason,
    ReasonCode,
    Setpoint,
)

V16, V201, V21 = "ocpp1.6", "ocpp2.0.1", "ocpp2.1"

FAST = {
    "boot_grace_s": 0.05,
    "start_delay_s": 0.01,
    "start_retry_s": 0.02,
    "lost_transaction_s": 0.05,
    "save_interval_s": 0.01,
    "call_timeout_s": 30.0,
}
"""Settings under which nothing in a test waits noticeably."""


class DictStore:
    """A state store whose documents go through JSON, as on disk."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}

    async def load(self, name: str) -> dict[str, Any] | None:
        """Return a document or None."""
        text = self.documents.get(name)
        return dict(json.loads(text)) if text is not None else None

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Keep a document."""
        await asyncio.sleep(0)
        self.documents[name] = json.dumps(document)


@dataclass
class Rig:
    """A running central system and everything it reported."""

    system: CentralSystem
    states: list[ChargerState] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    discovered: list[DiscoveredStation] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, item: Reading | Fault | DiscoveredStation) -> None:
        """Keep what was reported."""
        kept: dict[type, list[Any]] = {
            ChargerState: self.states,
            Fault: self.faults,
            DiscoveredStation: self.discovered,
        }
        kept[type(item)].append(item)
        self.changed.set()

    def state(self, charger_id: str = "left") -> ChargerState:
        """Return the newest state of a charger."""
        return next(state for state in reversed(self.states) if state.charger_id == charger_id)

    async def until(self, is_true: Callable[[], bool]) -> None:
        """Wait until something reported makes a condition true."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_true():
                self.changed.clear()
                await self.changed.wait()

    async def until_state(self, is_right: Callable[[ChargerState], bool], charger_id: str = "left") -> ChargerState:
        """Wait for a charger's newest state to be right and return it."""
        await self.until(lambda: is_right(self.state(charger_id)))
        return self.state(charger_id)


@dataclass
class RawStation:
    """A station's end of a WebSocket: calls, and answers what it is asked by script.

    `answers` maps actions to a payload, to the code of a CALLERROR, to a function of the request that gives either, or
    to None for no answer at all. Every other action is answered as not implemented.
    """

    socket: ClientWebSocketResponse
    version: str
    answers: dict[str, Any]
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    pending: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    taken: int = 0

    async def run(self) -> None:
        """Serve the socket until it closes."""
        async for message in self.socket:
            if message.type is not WSMsgType.TEXT:
                break
            kind, message_id, *rest = json.loads(message.data)
            if kind == 2:
                await self._answer(message_id, *rest)
            elif message_id in self.pending:
                self.pending.pop(message_id).set_result((kind, rest))
        self.ended.set()

    async def _answer(self, message_id: str, action: str, payload: dict[str, Any]) -> None:
        self.asked.append((action, payload))
        self.was_asked.set()
        answer = self.answers.get(action, "NotImplemented")
        answer = answer(payload) if callable(answer) else answer
        if isinstance(answer, str):
            await self.socket.send_str(json.dumps([4, message_id, answer, "", {}]))
        elif answer is not None:
            await self.socket.send_str(json.dumps([3, message_id, answer]))

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Send a call and return its result; a CALLERROR fails the test."""
        message_id = str(uuid4())
        future = self.pending[message_id] = asyncio.get_running_loop().create_future()
        await self.socket.send_str(json.dumps([2, message_id, action, payload]))
        async with asyncio.timeout(PATIENCE_S):
            kind, rest = await future
        assert kind == 3, rest
        return dict(rest[0])

    async def next_asked(self, action: str) -> dict[str, Any]:
        """Return the next request of an action that was not returned yet, in order."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self.taken < len(self.asked):
                    self.taken += 1
                    if self.asked[self.taken - 1][0] == action:
                        return self.asked[self.taken - 1][1]
                self.was_asked.clear()
                await self.was_asked.wait()

    async def next_profile(self, purpose: str) -> dict[str, Any]:
        """Return the next SetChargingProfile of a purpose."""
        while True:
            request = await self.next_asked("SetChargingProfile")
            if profile_of(request)["chargingProfilePurpose"] == purpose:
                return request

    def count(self, action: str) -> int:
        """Return how often an action was asked for."""
        return sum(name == action for name, _ in self.asked)

    async def boot(self) -> dict[str, Any]:
        """Boot like a station that has just been switched on."""
        if self.version == V16:
            return await self.call("BootNotification", {"chargePointVendor": "Acme", "chargePointModel": "One"})
        station = {"vendorName": "Acme", "model": "Two"}
        return await self.call("BootNotification", {"reason": "PowerUp", "chargingStation": station})

    async def prepared(self) -> None:
        """Wait until the central system has set the station up; the floor is the last step."""
        await self.next_profile("TxDefaultProfile")


def profile_of(request: dict[str, Any]) -> dict[str, Any]:
    """Return the profile of a SetChargingProfile of either version."""
    return dict(request.get("csChargingProfiles") or request["chargingProfile"])


def limit_of(request: dict[str, Any]) -> float:
    """Return the limit of a SetChargingProfile of either version."""
    schedule = profile_of(request)["chargingSchedule"]
    schedule = schedule[0] if isinstance(schedule, list) else schedule
    return float(schedule["chargingSchedulePeriod"][0]["limit"])


ACCEPTED = {"status": "Accepted"}


def default_answers(version: str) -> dict[str, Any]:
    """Return what an obliging station answers."""
    common: dict[str, Any] = dict.fromkeys(
        ["SetChargingProfile", "ClearChargingProfile", "TriggerMessage", "Reset"], ACCEPTED
    )
    if version == V16:
        common |= dict.fromkeys(["RemoteStartTransaction", "RemoteStopTransaction", "ChangeConfiguration"], ACCEPTED)
        return common | {"GetConfiguration": {"configurationKey": []}, "GetCompositeSchedule": {"status": "Rejected"}}
    return common | {
        "RequestStartTransaction": ACCEPTED,
        "RequestStopTransaction": ACCEPTED,
        "GetVariables": {"getVariableResult": []},
        "SetVariables": {"setVariableResult": []},
        "GetCompositeSchedule": {"status": "Rejected"},
    }


def basic_auth(user: str, password: str | bytes) -> dict[str, str]:
    """Return the header of basic authentication."""
    secret = password.encode() if isinstance(password, str) else password
    return {"Authorization": "Basic " + b64encode(f"{user}:".encode() + secret).decode()}


@asynccontextmanager
async def connected(
    rig: Rig,
    station_id: str = "CP-1",
    version: str = V16,
    *,
    password: str | bytes | None = None,
    answers: dict[str, Any] | None = None,
    tls: SSLContext | None = None,
) -> AsyncIterator[RawStation]:
    """Connect a scripted station, over TLS with a context, and disconnect it at the end."""
    headers = basic_auth(station_id, password) if password is not None else {}
    url = f"http://127.0.0.1:{rig.system.bound_port}/ocpp/{station_id}"
    if tls is not None:
        url = f"https://127.0.0.1:{rig.system.security.tls_port}/ocpp/{station_id}"
    async with (
        ClientSession() as client,
        client.ws_connect(url, protocols=[version], headers=headers, ssl=tls or True) as socket,
    ):
        station = RawStation(socket, version, default_answers(version) | (answers or {}))
        task = asyncio.create_task(station.run())
        try:
            yield station
        finally:
            await socket.close()
            await task


@asynccontextmanager
async def central(
    chargers: list[Charger], store: DictStore | None = None, *, port: int = 0, **settings: Any
) -> AsyncIterator[Rig]:
    """Run a central system on a free loopback port; it must end without leaving a task."""
    clock = settings.pop("clock", None)
    listener = settings.pop("listener", None) or OcppListener(port=port)
    before = asyncio.all_tasks()
    async with AsyncExitStack() as stack:
        rigs: list[Rig] = []

        def take(item: Reading | Fault | DiscoveredStation) -> None:
            rigs[0].take(item)

        system = CentralSystem(
            listener,
            chargers,
            store=store or DictStore(),
            on_reading=take,
            on_fault=take,
            on_discovered=take,
            settings=OcppSettings(**(FAST | settings)),
            **({"clock": clock} if clock else {}),
        )
        rigs.append(Rig(system))
        stack.push_async_callback(system.stop)
        await system.start()
        yield rigs[0]
    assert asyncio.all_tasks() - before == {asyncio.current_task()} - before, "a task outlived the central system"


_SECURITY = ("security_profile", "strict_certificates", "addresses")


def charger(charger_id: str = "left", station_id: str = "CP-1", evse_id: int = 1, **options: Any) -> Charger:
    """Return a three-phase charger that everybody may use; `password` and `id_tags` go to its endpoint."""
    endpoint = OcppEndpoint(
        station_id=station_id,
        evse_id=evse_id,
        password=options.pop("password", None),
        id_tags=options.pop("id_tags", None),
        **{name: options.pop(name) for name in _SECURITY if name in options},
    )
    return Charger(charger_id=charger_id, name=charger_id, circuit_id="main", endpoint=endpoint, **options)


def setpoint(current_a: float, charger_id: str = "left", valid_for_s: float = 120.0) -> Setpoint:
    """Return a setpoint for a charger."""
    reason = Reason(code=ReasonCode.CHARGER_MAXIMUM)
    return Setpoint(charger_id=charger_id, current_a=current_a, reason=reason, valid_for_s=valid_for_s)
