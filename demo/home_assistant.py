"""A Home Assistant process and its API, seen from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
import contextlib
from pathlib import Path
import sys
from typing import Any, Self

import aiohttp

from .processes import ChildProcess

START_TIMEOUT_S = 120.0

NEWER = "pymicro-vad,pyspeex-noise"
"""Packages that requirements/ha.in takes newer than Home Assistant would."""


class HomeAssistantProcess:
    """Home Assistant on a prepared config folder, listening on loopback."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.url = f"http://localhost:{port}"
        self._process: ChildProcess | None = None

    async def start(self) -> None:
        """Start the process and return when Home Assistant says that it runs."""
        self._process = await ChildProcess.start(
            "Home Assistant",
            [sys.executable, "-m", "homeassistant", "-c", str(self.folder), "--skip-pip-packages", NEWER],
            self.folder / "home-assistant.output.log",
        )
        async with asyncio.timeout(START_TIMEOUT_S), aiohttp.ClientSession() as session:
            while not await self._is_running(session):
                self._process.require_running()
                await asyncio.sleep(0.2)

    async def _is_running(self, session: aiohttp.ClientSession) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with session.get(f"{self.url}/manifest.json") as response:
                return response.status == 200 and await self._core_state(session) == "RUNNING"
        return False

    async def _core_state(self, session: aiohttp.ClientSession) -> str | None:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with session.get(f"{self.url}/api/config", headers=headers) as response:
            return str((await response.json())["state"]) if response.status == 200 else None

    @property
    def token(self) -> str:
        """The owner's access token, kept beside the config."""
        return (self.folder / "token").read_text()

    async def ended(self) -> None:
        """Wait until the process ends, and raise ChildEndedError."""
        if self._process is not None:
            await self._process.ended()

    async def stop(self) -> None:
        """Stop it in the ordinary way."""
        if self._process is not None:
            await self._process.stop(timeout_s=40)

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self._process is not None:
            await self._process.kill()


class HomeAssistantApi:
    """Home Assistant's WebSocket API: states as they change, and actions."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Condition()
        self.states: dict[str, dict[str, Any]] = {}
        self.history: list[tuple[str, str]] = []

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, url: str, token: str) -> AsyncIterator[Self]:
        """Log in, subscribe to all states, and follow them until the context ends."""
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/websocket") as socket:
            await socket.receive_json()
            await socket.send_json({"type": "auth", "access_token": token})
            answer = await socket.receive_json()
            if answer["type"] != "auth_ok":
                raise PermissionError(answer)
            api = cls(socket)
            follower = asyncio.create_task(api._follow())
            try:
                await api.call("subscribe_entities")
                await api.wait_for(bool, "the first states", 30)
                yield api
            finally:
                follower.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await follower

    async def call(self, kind: str, **arguments: object) -> Any:
        """Send a command and return its result; RuntimeError with Home Assistant's words when it fails."""
        self._ids += 1
        answer = self._answers[self._ids] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._ids, "type": kind, **arguments})
        return await asyncio.wait_for(answer, 30)

    async def action(self, name: str, target: dict[str, Any] | None = None, **data: object) -> None:
        """Perform an action such as `tidewatt.set_mode`."""
        domain, service = name.split(".")
        await self.call("call_service", domain=domain, service=service, service_data=data, target=target or {})

    def state(self, entity_id: str) -> str:
        """Return an entity's state; `missing` when there is none."""
        return str(self.states.get(entity_id, {}).get("s", "missing"))

    async def wait_for(
        self, condition: Callable[[dict[str, dict[str, Any]]], bool], what: str, timeout_s: float
    ) -> None:
        """Return once `condition` holds for the states; TimeoutError naming `what` when it does not come true."""
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(lambda: condition(self.states))
        except TimeoutError:
            raise TimeoutError(f"Home Assistant did not show {what} within {timeout_s:g} s") from None

    async def _follow(self) -> None:
        async for message in self._socket:
            document = message.json()
            for item in document if isinstance(document, list) else [document]:
                await self._take(item)

    async def _take(self, item: dict[str, Any]) -> None:
        if item["type"] == "result" and (answer := self._answers.pop(item["id"], None)) and not answer.done():
            if item["success"]:
                answer.set_result(item["result"])
            else:
                answer.set_exception(RuntimeError(item["error"]["message"]))
        elif item["type"] == "event":
            async with self._changed:
                self._apply(item["event"])
                self._changed.notify_all()

    def _apply(self, event: dict[str, Any]) -> None:
        """Apply one message of `subscribe_entities`: a(dded), r(emoved) and c(hanged) with + and - parts."""
        for entity_id, state in event.get("a", {}).items():
            self.states[entity_id] = state
            self.history.append((entity_id, state["s"]))
        for entity_id in event.get("r", []):
            self.states.pop(entity_id, None)
        for entity_id, change in event.get("c", {}).items():
            added = change.get("+", {})
            state = self.states.setdefault(entity_id, {"s": "unknown", "a": {}})
            attributes = {**state.get("a", {}), **added.get("a", {})}
            for name in change.get("-", {}).get("a", []):
                attributes.pop(name, None)
            state.update({**added, "a": attributes})
            if "s" in added:
                self.history.append((entity_id, added["s"]))
