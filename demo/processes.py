"""Child processes that are always stopped: each in a session of its own, its output in a log file."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
import contextlib
import os
from pathlib import Path
import signal
from typing import Self


class ChildEndedError(RuntimeError):
    """A child process ended when it should have been running."""


class ChildProcess:
    """A running program. `log` holds everything it printed."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, name: str, argv: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Self:
        """Start `argv` with `env` on top of the own environment."""
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        return cls(name, process, log)

    @property
    def returncode(self) -> int | None:
        """Exit status, or None while it runs."""
        return self._process.returncode

    def require_running(self) -> None:
        """Raise with the end of the log when the program has ended."""
        if self.returncode is not None:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])
            raise ChildEndedError(f"{self.name} ended with status {self.returncode}:\n{tail}")

    async def ended(self) -> None:
        """Wait until it ends, and raise ChildEndedError."""
        await self._process.wait()
        self.require_running()

    async def stop(self, timeout_s: float = 20.0) -> None:
        """Ask it to end; after `timeout_s` make it."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), timeout_s)
        await self.kill()

    async def kill(self) -> None:
        """End it and whatever it started, without a chance to say goodbye: as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
