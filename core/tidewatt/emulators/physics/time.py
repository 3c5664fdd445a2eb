"""The time of the emulated world: it advances only when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
import heapq
from itertools import count
from typing import Protocol

from tidewatt.ocpp.wire import utc_text


class Clock(Protocol):
    """Time as something emulated sees it."""

    @property
    def now_s(self) -> float:
        """Seconds since the emulation began."""

    @property
    def utc_s(self) -> float:
        """Seconds since 1970, UTC, by this clock."""

    def timestamp(self) -> str:
        """Return the date as OCPP writes it: ISO 8601 in UTC, to the millisecond."""

    async def sleep(self, duration_s: float) -> None:
        """Wait until `duration_s` seconds of emulated time have passed."""


class EmulatedTime:
    """Seconds since the emulation began, and the date that goes with them.

    Everything that waits in the emulation waits here, so tests can let hours pass in milliseconds.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self.now_s = 0.0
        self._start_utc_s = (start or datetime.now(UTC)).timestamp()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()

    @property
    def utc_s(self) -> float:
        """Seconds since 1970, UTC."""
        return self._start_utc_s + self.now_s

    def timestamp(self) -> str:
        """Return the date as OCPP writes it: ISO 8601 in UTC, to the millisecond."""
        return utc_text(self.utc_s)

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass and wake those whose time has come; ValueError for a negative time."""
        if dt_s < 0:
            raise ValueError(f"dt_s: {dt_s!r} is not usable. Time only moves forward.")
        self.now_s += dt_s
        while self._sleepers and self._sleepers[0][0] <= self.now_s:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

    async def sleep(self, duration_s: float) -> None:
        """Wait until `duration_s` seconds of emulated time have passed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + duration_s, next(self._order), future))
        await future


class WrongClock:
    """A clock that runs with the world's time but shows another date; `offset_s` is asked each time."""

    def __init__(self, time: EmulatedTime, offset_s: Callable[[], float]) -> None:
        self._time = time
        self._offset_s = offset_s

    @property
    def now_s(self) -> float:
        """Seconds since the emulation began."""
        return self._time.now_s

    @property
    def utc_s(self) -> float:
        """Seconds since 1970, UTC, by this clock."""
        return self._time.utc_s + self._offset_s()

    def timestamp(self) -> str:
        """Return the date as OCPP writes it: ISO 8601 in UTC, to the millisecond."""
        return utc_text(self.utc_s)

    async def sleep(self, duration_s: float) -> None:
        """Wait until `duration_s` seconds of emulated time have passed."""
        await self._time.sleep(duration_s)
