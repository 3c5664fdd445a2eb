"""Putting together what stations send in numbered parts after a request: reports, customer data, display messages."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

from tidewatt.ocpp.errors import OcppClosedError, OcppTimeoutError
from tidewatt.ocpp.wire import integer, utc_now

_MOST_ITEMS = 5000
_MOST_PARTS = 2000
"""What is taken of one answer; the rest is left out, whoever sends so much."""


class Parts[T]:
    """The parts of one answer. Complete once a last one came and none before it is missing."""

    def __init__(self, request_id: int) -> None:
        self.request_id = request_id
        self._parts: dict[int, list[T]] = {}
        self._last: int | None = None
        self._items = 0
        self._news = asyncio.Event()
        self._is_lost = False

    def take(self, payload: dict[str, Any], items: list[T]) -> None:
        """Take a part; one that is not numbered counts as the next."""
        number = integer(payload, "seqNo")
        number = len(self._parts) if number is None else number
        if not 0 <= number < _MOST_PARTS:
            return
        if number not in self._parts and self._items + len(items) <= _MOST_ITEMS:
            self._parts[number] = items
            self._items += len(items)
        if payload.get("tbc") is not True:
            self._last = number
        self._news.set()

    def lose(self) -> None:
        """Take note that the rest will not come: the connection is gone."""
        self._is_lost = True
        self._news.set()

    def items(self) -> list[T]:
        """Return what has come, in order."""
        return [item for number in sorted(self._parts) for item in self._parts[number]]

    @property
    def missing(self) -> list[int]:
        """Numbers of the parts that are known to be missing."""
        return [] if self._last is None else [number for number in range(self._last) if number not in self._parts]

    @property
    def is_complete(self) -> bool:
        """Tell whether all parts are there."""
        return self._last is not None and len(self._parts) > self._last and not self.missing

    async def wait(self, idle_s: float) -> list[T]:
        """Return the items once all are there; OcppTimeoutError when no further part comes for a while."""
        while not self.is_complete:
            if self._is_lost:
                raise OcppClosedError("The connection closed before all parts had come.")
            self._news.clear()
            try:
                async with asyncio.timeout(idle_s):
                    await self._news.wait()
            except TimeoutError as error:
                gaps = ", ".join(str(number) for number in self.missing[:5])
                lacking = f"part {gaps} of it did not come" if gaps else "its end did not come"
                raise OcppTimeoutError(f"The answer is incomplete: {lacking} within {idle_s:g} s.") from error
        return self.items()


class Collector[T]:
    """Leads parts to the request that they answer."""

    def __init__(self) -> None:
        # Counted from the time, so that a late part of an earlier start is not taken for one of this.
        self._ids = itertools.count(int(utc_now().timestamp()) % 2**31)
        self._expected: dict[int, Parts[T]] = {}
        self.unexpected = 0

    def expect(self) -> Parts[T]:
        """Return the place for the answer to a new request, which has an id of its own."""
        parts: Parts[T] = Parts(next(self._ids))
        self._expected[parts.request_id] = parts
        return parts

    def take(self, payload: dict[str, Any], items: list[T]) -> bool:
        """Take a part; False for one that nobody asked for."""
        parts = self._expected.get(integer(payload, "requestId") or 0)
        if parts is None:
            self.unexpected += 1
            return False
        parts.take(payload, items)
        return True

    def forget(self, parts: Parts[T]) -> None:
        """Expect no more of an answer."""
        self._expected.pop(parts.request_id, None)

    def lose(self) -> None:
        """Take note that nothing will come any more: the connection is gone."""
        for parts in self._expected.values():
            parts.lose()
