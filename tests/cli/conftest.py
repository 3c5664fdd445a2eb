"""Real `tidewatt` processes and site files for them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
import os
from pathlib import Path
import signal
import sys
from typing import Any

import pytest
import yaml

from tests.patience import PATIENCE_S
from tests.ports import free_ports


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """These tests speak to real sockets on loopback."""


class Process:
    """A running `tidewatt`, whose lines are kept."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []

    async def line(self, containing: str) -> str:
        """Wait for a line of standard output that contains a text; AssertionError when the process ends before."""
        assert self._process.stdout is not None
        async with asyncio.timeout(PATIENCE_S):
            while raw := await self._process.stdout.readline():
                self.lines.append(raw.decode().rstrip("\n"))
                if containing in self.lines[-1]:
                    return self.lines[-1]
        said = "\n".join(self.lines)
        raise AssertionError(f"ended without saying {containing!r}:\n{said}")

    async def type(self, line: str) -> None:
        """Type a line on standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        await self._process.stdin.drain()

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit status and what was said on standard error."""
        self._process.send_signal(number)
        return await self.ended()

    async def ended(self) -> tuple[int, str]:
        """Wait for the end; return the exit status and what was said on standard error."""
        async with asyncio.timeout(PATIENCE_S):
            output, errors = await self._process.communicate()
        self.lines += output.decode().splitlines()
        assert self._process.returncode is not None
        return self._process.returncode, errors.decode()

    async def kill(self) -> None:
        """End it whatever it does."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()


type Tidewatt = Callable[..., Any]


@pytest.fixture
async def tidewatt(tmp_path: Path) -> AsyncIterator[Tidewatt]:
    """Start `tidewatt ARGUMENTS` with its state under the test's folder; killed at the end if it still runs.

    `typed` lets the test type on its standard input.
    """
    async with AsyncExitStack() as stack:

        async def start(*arguments: str | Path, typed: bool = False) -> Process:
            process = Process(
                await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    "tidewatt.cli",
                    *map(str, arguments),
                    env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "xdg")},
                    stdin=asyncio.subprocess.PIPE if typed else asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=asyncio.subprocess.PIPE,
                )
            )
            stack.push_async_callback(process.kill)
            return process

        yield start


@pytest.fixture
def ports() -> Sequence[int]:
    """Three ports that were free a moment ago."""
    return free_ports(3)


@pytest.fixture
def site_file(tmp_path: Path, ports: Sequence[int]) -> Path:
    """Two vehicles behind 20 A: one meter, two stations of different OCPP versions, hardware and all emulated."""
    modbus, ocpp, control = ports
    document = {
        "site": {"name": "Two bays", "main_fuse_a": 20},
        "meters": [
            {"id": "grid", "circuit": "main", "modbus": {"host": "127.0.0.1", "port": modbus, "interval_s": 0.5}}
        ],
        "chargers": [
            {"id": "left", "circuit": "main", "mode": "fast", "ocpp": {"station": "CP-1"}},
            {
                "id": "right",
                "circuit": "main",
                "mode": "fast",
                "ocpp": {"station": "CP-2", "password": "0123456789abcdef"},
            },
        ],
        "ocpp": {"host": "127.0.0.1", "port": ocpp},
        "emulation": {
            "control": {"host": "127.0.0.1", "port": control},
            "house_load_a": [2, 2, 2],
            "stations": [{"station": "CP-1", "version": "1.6"}, {"station": "CP-2", "version": "2.0.1"}],
            "vehicles": [
                {"charger": "left", "soc_pct": 30, "battery_kwh": 60},
                {"charger": "right", "soc_pct": 30, "battery_kwh": 60},
            ],
        },
    }
    path = tmp_path / "two_bays.yaml"
    path.write_text(yaml.safe_dump(document))
    return path
