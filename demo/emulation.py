"""The emulated hardware as a process of its own, and its control endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
import contextlib
from pathlib import Path
import sys
from typing import Any

import aiohttp
import yaml

from .processes import ChildProcess

START_TIMEOUT_S = 30.0


class EmulatedWorld:
    """The control endpoint of an emulation, at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    async def world(self) -> dict[str, Any]:
        """Return everything the emulated world knows of itself."""
        return await self._get("/world", {})

    async def history(self, since_s: float = 0.0) -> dict[str, Any]:
        """Return the currents at the main fuse, and what the meters answered, since a time of the world."""
        return await self._get("/history", {"since": str(since_s)})

    async def command(self, name: str, **arguments: object) -> None:
        """Change the world or inject a fault; ValueError with the endpoint's words when it refuses."""
        document: Mapping[str, object] = {"command": name, **arguments}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.url}/commands", json=document) as response,
        ):
            if response.status != 200:
                raise ValueError(f"{name}: {await response.text()}")

    async def _get(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}{path}", params=query) as response:
            response.raise_for_status()
            document: dict[str, Any] = await response.json()
            return document


class EmulationProcess(EmulatedWorld):
    """`tidewatt emulate` on a site file."""

    def __init__(self, site_file: Path, log: Path) -> None:
        self.site_file = site_file
        self._log = log
        control = yaml.safe_load(site_file.read_text())["emulation"]["control"]
        super().__init__(f"http://{control['host']}:{control['port']}")
        self._process: ChildProcess | None = None

    async def start(self) -> None:
        """Start the process and return when its world can be asked."""
        argv = [sys.executable, "-m", "tidewatt.cli", "emulate", "site", str(self.site_file)]
        self._process = await ChildProcess.start("the emulation", argv, self._log)
        async with asyncio.timeout(START_TIMEOUT_S):
            while True:
                self._process.require_running()
                with contextlib.suppress(aiohttp.ClientError):
                    await self.world()
                    return
                await asyncio.sleep(0.1)

    async def ended(self) -> None:
        """Wait until the process ends, and raise ChildEndedError."""
        if self._process is not None:
            await self._process.ended()

    async def stop(self) -> None:
        """Stop it in the ordinary way."""
        if self._process is not None:
            await self._process.stop()
