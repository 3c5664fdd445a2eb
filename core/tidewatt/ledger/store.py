"""Durable JSON documents in a folder, one file each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
import json
import logging
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

_LOGGER = logging.getLogger(__name__)


class JsonFileStore:
    """A `StateStore` that keeps each document in `folder` as `<name>.json`.

    A document is written beside the old one, forced to disk and then renamed over it, so whatever happens in
    between, a reader finds the whole old or the whole new document. Reads and writes of one store run one after the
    other, in the order in which they were asked for, in a thread. A folder belongs to one running store.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()

    async def load(self, name: str) -> dict[str, Any] | None:
        """Return the document, or None when there is none.

        A document that cannot be read is logged and moved aside as `<name>.json.corrupt`, which also gives None.
        """
        return await self._in_turn(lambda: _read(self._path(name)))

    async def save(self, name: str, document: Mapping[str, Any]) -> None:
        """Replace the document; once this returns it survives a power cut.

        A caller that is cancelled meanwhile does not stop the write. Raises OSError when the disk refuses, ValueError
        or TypeError for what JSON cannot carry (NaN and infinity included); the old document then stays.
        """
        data = json.dumps(document, allow_nan=False, indent=1).encode()
        await self._in_turn(lambda: _write(self._path(name), data))

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.json"

    async def _in_turn[T](self, work: Callable[[], T]) -> T:
        async def run() -> T:
            async with self._turn:
                return await asyncio.to_thread(work)

        task = asyncio.create_task(run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return await asyncio.shield(task)


def _write(path: Path, data: bytes) -> None:
    new = path.with_name(f"{path.name}.new")
    _make_folder(path.parent)
    # Readable by the owner alone: documents hold RFID tags.
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync_folder(path.parent)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    # A rename is on disk only once the folder that records it is (fsync(2)).
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _move_aside(path, str(error))
        return None
    if not isinstance(document, dict):
        _move_aside(path, f"it holds a {type(document).__name__}, not an object")
        return None
    return document


def _move_aside(path: Path, why: str) -> None:
    aside = path.with_name(f"{path.name}.corrupt")
    try:
        path.replace(aside)
    except OSError as refusal:
        why = f"{why}; moving it aside failed: {refusal}"
        aside = path
    _LOGGER.error("Cannot read %s (%s): going on without it, and it stays as %s", path, why, aside.name)
