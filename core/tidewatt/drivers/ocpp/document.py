"""A typed document in the state store that is written soon after it changed."""

from __future__ import annotations

import asyncio
import logging

import msgspec

from tidewatt.site import StateStore

_LOGGER = logging.getLogger(__name__)


class Document[T]:
    """Keeps one value of a dataclass in a state store under a name.

    `value` is the fresh one until `load`. `save` returns when everything changed so far is on disk; concurrent callers
    share one write. `save_soon` writes within the interval.
    """

    def __init__(self, store: StateStore, name: str, value: T, interval_s: float) -> None:
        self.value = value
        self._store = store
        self._name = name
        self._interval_s = interval_s
        self._loading = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._is_loaded = False
        self._changes = 0
        self._written = 0
        self._later: asyncio.Task[None] | None = None

    async def load(self) -> T:
        """Return the value, the first time taken from the store if it holds a usable one."""
        async with self._loading:
            if not self._is_loaded:
                stored = await self._store.load(self._name)
                if stored is not None:
                    self._take(stored)
                self._is_loaded = True
        return self.value

    def _take(self, stored: object) -> None:
        try:
            self.value = msgspec.convert(stored, type(self.value), str_keys=True)
        except msgspec.ValidationError:
            _LOGGER.exception("The stored document %s cannot be read and is started anew", self._name)

    async def save(self) -> None:
        """Write what was changed so far; errors of the store are raised."""
        self._changes += 1
        wanted = self._changes
        async with self._writing:
            if self._written >= wanted:
                return
            covered = self._changes
            await self._store.save(self._name, msgspec.to_builtins(self.value, str_keys=True))
            self._written = covered

    def save_soon(self) -> None:
        """Write what was changed within the interval."""
        self._changes += 1
        if self._later is None or self._later.done():
            self._later = asyncio.create_task(self._save_later(), name=f"saving {self._name}")

    async def close(self) -> None:
        """Write what is not on disk yet."""
        if self._later is not None:
            self._later.cancel()
            await asyncio.gather(self._later, return_exceptions=True)
        if self._written < self._changes:
            await self._save_or_log()

    async def _save_later(self) -> None:
        while self._written < self._changes:
            await asyncio.sleep(self._interval_s)
            await self._save_or_log()

    async def _save_or_log(self) -> None:
        try:
            await self.save()
        except OSError:
            _LOGGER.exception("The document %s could not be stored", self._name)
