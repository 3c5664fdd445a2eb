"""Keeps wishes and memory in a store, beside the cycles and never in their way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
import contextlib
import logging
import math
from typing import Any, Final

import msgspec

from tidewatt.site import StateStore, Wish

from .memory import Memory, memory_document, memory_from_document
from .wishes import wishes_document, wishes_from_document

_LOGGER = logging.getLogger(__name__)

MEMORY_EVERY_S: Final = 30.0
"""How often the memory is saved when nobody is told anything new: what is lost in a crash is a few timers."""

MEMORY_SOON_S: Final = 2.0
"""How soon it is saved when somebody was: after a power cut, what may be flowing must be known."""

_WISHES: Final = "wishes"
_MEMORY: Final = "memory"


class Keeper:
    """Saves wishes as soon as they change, the memory soon after setpoints do, every now and then, and at the end."""

    def __init__(
        self, store: StateStore, *, wishes: Callable[[], Mapping[str, Wish]], memory: Callable[[], Memory]
    ) -> None:
        self._store = store
        self._wishes = wishes
        self._memory = memory
        self._wishes_changed = False
        self._memory_due_s = math.inf
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def load_wishes(self) -> dict[str, Wish]:
        """Return the stored wishes; none when there are none or they cannot be read, which is logged."""
        document = await self._store.load(_WISHES)
        try:
            return {} if document is None else wishes_from_document(document)
        except msgspec.ValidationError as error:
            _LOGGER.warning("The stored wishes cannot be read (%s): the configured modes apply", error)
            return {}

    async def load_memory(self, now_s: Callable[[], float]) -> Memory:
        """Return the stored memory as of now; a new one when there is none or it cannot be read, which is logged."""
        document = await self._store.load(_MEMORY)
        try:
            return Memory() if document is None else memory_from_document(document, now_s())
        except msgspec.ValidationError as error:
            _LOGGER.warning("The stored memory cannot be read (%s): timers and estimates start anew", error)
            return Memory()

    def start(self) -> None:
        """Begin to save."""
        self._memory_due_s = asyncio.get_running_loop().time() + MEMORY_EVERY_S
        self._task = asyncio.create_task(self._run(), name="keeper of wishes and memory")

    def wishes_changed(self) -> None:
        """Have the wishes saved."""
        self._wishes_changed = True
        self._wake.set()

    def setpoints_changed(self) -> None:
        """Have the memory saved soon."""
        self._memory_due_s = min(self._memory_due_s, asyncio.get_running_loop().time() + MEMORY_SOON_S)
        self._wake.set()

    async def stop(self) -> None:
        """Save what is not saved yet and end."""
        task, self._task = self._task, None
        if task is None:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if self._wishes_changed:
            await self._save_wishes()
        await self._save(_MEMORY, memory_document(self._memory()))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._memory_due_s):
                    await self._wake.wait()
            self._wake.clear()
            if self._wishes_changed:
                await self._save_wishes()
            if loop.time() >= self._memory_due_s:
                self._memory_due_s = loop.time() + MEMORY_EVERY_S
                await self._save(_MEMORY, memory_document(self._memory()))

    async def _save_wishes(self) -> None:
        self._wishes_changed = False
        await self._save(_WISHES, wishes_document(self._wishes()))

    async def _save(self, name: str, document: Mapping[str, Any]) -> None:
        try:
            await self._store.save(name, document)
        except (OSError, ValueError) as error:
            _LOGGER.warning("The %s could not be saved (%s); they will be with the next change", name, error)
