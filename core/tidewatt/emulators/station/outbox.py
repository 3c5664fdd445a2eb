"""Messages about transactions: kept in order until the central system has answered them, however long that takes."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import logging
from typing import Any

from tidewatt.emulators.physics import Clock
from tidewatt.ocpp.errors import OcppCallError, OcppError, OcppSchemaError

_LOGGER = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
RETRY_AFTER_S = 10.0
CAPACITY = 1000

type Call = Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message. `payload` is asked when it is sent, because OCPP 1.6 learns transaction ids late.

    A `dispensable` one is dropped when memory runs out.
    """

    action: str
    payload: Callable[[], dict[str, Any]]
    on_answer: Callable[[dict[str, Any]], None] = lambda _: None
    dispensable: bool = False


class Outbox:
    """Delivers letters one after the other while `is_open()` says it may; a letter stays first until it is answered."""

    def __init__(self, name: str, time: Clock, call: Call, is_open: Callable[[], bool]) -> None:
        self._name = name
        self._time = time
        self._call = call
        self._is_open = is_open
        self._letters: deque[Letter] = deque()
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._letters)

    def put(self, letter: Letter) -> None:
        """Append a letter; a full box drops its oldest dispensable one that is not being sent."""
        if len(self._letters) >= CAPACITY:
            oldest = next((k for k, held in enumerate(self._letters) if held.dispensable and k > 0), None)
            if oldest is not None:
                del self._letters[oldest]
        self._letters.append(letter)
        self._changed.set()

    def wake(self) -> None:
        """Look again whether letters can be sent."""
        self._changed.set()

    async def run(self) -> None:
        """Deliver, for ever."""
        attempts = 0
        while True:
            if not self._letters or not self._is_open():
                self._changed.clear()
                await self._changed.wait()
                continue
            refused = await self._deliver(self._letters[0])
            attempts = attempts + 1 if refused else 0
            if attempts >= MAX_ATTEMPTS:
                dropped = self._letters.popleft()
                _LOGGER.warning("Station %s gave %s up after %d attempts.", self._name, dropped.action, attempts)
                attempts = 0
            elif refused:
                await self._time.sleep(RETRY_AFTER_S * attempts)

    async def _deliver(self, letter: Letter) -> bool:
        """Send the first letter. Tells whether it was refused, which a lost connection is not."""
        try:
            answer = await self._call(letter.action, letter.payload())
        except (OcppCallError, OcppSchemaError) as error:
            _LOGGER.warning("Station %s: %s was refused: %s", self._name, letter.action, error)
            return True
        except OcppError as error:
            _LOGGER.info("Station %s keeps %s for later: %s", self._name, letter.action, error)
            await self._time.sleep(1.0)
            return False
        self._letters.popleft()
        letter.on_answer(answer)
        return False
