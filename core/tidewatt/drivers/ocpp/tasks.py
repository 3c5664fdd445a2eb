"""Background tasks that end with their owner."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
import logging
from typing import Any

from tidewatt.ocpp.errors import OcppError

_LOGGER = logging.getLogger(__name__)


class Tasks:
    """Runs coroutines in the background and cancels what is left on `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine. A station that does not follow is logged, a bug with its traceback."""
        task = asyncio.create_task(self._guard(work), name=self._name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # A task that is cancelled before its first step never takes up its work.
        task.add_done_callback(lambda _: work.close())

    async def close(self) -> None:
        """Cancel what still runs and wait for its end."""
        mine = asyncio.current_task()
        running = [task for task in self._running if task is not mine]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _guard(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except OcppError as error:
            _LOGGER.info("%s: %s", self._name, error)
        except Exception:
            _LOGGER.exception("%s: background work failed", self._name)
