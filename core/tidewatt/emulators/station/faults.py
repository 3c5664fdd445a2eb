"""What can be wrong with an emulated station: its wire, its clock, and its obedience.

Wire faults concern what the station sends; a half-open socket lets nothing through either way and answers no ping,
while both ends believe that it is open.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, fields
from enum import StrEnum
import json
import math
from random import Random
from typing import Any

from aiohttp import ClientWebSocketResponse

from tidewatt.ocpp.charging import ChargingProfile, Purpose
from tidewatt.ocpp.sockets import AiohttpSocket

type Sleep = Callable[[float], Coroutine[Any, Any, None]]


class FaultKind(StrEnum):
    """A fault by its name, which is also the field of `Faults`."""

    DELAY = "delay_s"
    DROP = "drop"
    DUPLICATE = "duplicate"
    REORDER = "reorder"
    WRONG_SCHEMA = "wrong_schema"
    HALF_OPEN = "half_open"
    REJECTS_TX_PROFILE = "rejects_tx_profile"
    IGNORES_LIMITS = "ignores_limits"
    CLOCK = "clock_offset_s"


SHARES = (FaultKind.DROP, FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.WRONG_SCHEMA)
"""Faults that hit a share (0 to 1) of the frames."""


@dataclass(slots=True)
class Faults:
    """The faults of one station; all off at first.

    `delay_s` holds every frame back. `drop`, `duplicate`, `reorder` (a frame goes after the next) and `wrong_schema` (a
    call has numbers as text and an unknown field) hit a share of the frames. `clock_offset_s` is how much the station's
    clock is ahead of the world's.
    """

    delay_s: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    wrong_schema: float = 0.0
    half_open: bool = False
    rejects_tx_profile: bool = False
    ignores_limits: bool = False
    clock_offset_s: float = 0.0

    def set(self, kind: FaultKind, value: float | bool) -> None:
        """Set one fault; ValueError, saying what it takes, for a value that it cannot have."""
        if isinstance(getattr(self, kind), bool) != isinstance(value, bool):
            raise ValueError("Give true or false." if not isinstance(value, bool) else "Give a number.")
        if kind in SHARES and not 0 <= value <= 1:
            raise ValueError("Give the share of the frames that it hits, from 0 to 1.")
        if kind is FaultKind.DELAY and not 0 <= value < math.inf:
            raise ValueError("Give seconds, zero or more.")
        setattr(self, kind, value)

    def heal(self) -> None:
        """Switch all faults off."""
        for each in fields(self):
            setattr(self, each.name, each.default)

    def refuses(self, profile: ChargingProfile) -> bool:
        """Tell whether the station refuses a profile that it should take."""
        return self.rejects_tx_profile and profile.purpose is Purpose.TX


@dataclass(slots=True)
class _Outgoing:
    """Frames on their way out, and the one that is let pass by the next."""

    held: str | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class FaultySocket(AiohttpSocket):
    """A station's WebSocket that suffers from the station's faults."""

    def __init__(self, socket: ClientWebSocketResponse, faults: Faults, sleep: Sleep, random: Random) -> None:
        super().__init__(socket)
        self._faults = faults
        self._sleep = sleep
        self._random = random
        self._outgoing = _Outgoing()

    async def send_str(self, data: str) -> None:
        """Send one text frame as far as the faults let it; ConnectionError when the socket is closed."""
        async with self._outgoing.turn:
            if self._faults.delay_s > 0:
                await self._sleep(self._faults.delay_s)
            for frame in self._leaving(data):
                await super().send_str(frame)

    async def receive_str(self) -> str | None:
        """Return the next text frame that comes through."""
        while True:
            frame = await super().receive_str()
            if frame is None or not self._faults.half_open:
                return frame

    async def answer_ping(self, data: bytes) -> None:
        """Answer a ping, but not over a half-open socket."""
        if not self._faults.half_open:
            await super().answer_ping(data)

    def _leaving(self, frame: str) -> list[str]:
        """Return what leaves the station in place of a frame: nothing, it, it twice, or it before one held back."""
        faults, outgoing = self._faults, self._outgoing
        if faults.half_open or self._hit(faults.drop):
            return []
        if self._hit(faults.wrong_schema):
            frame = disfigured(frame)
        leaving = [frame, frame] if self._hit(faults.duplicate) else [frame]
        if outgoing.held is not None:
            leaving, outgoing.held = [*leaving, outgoing.held], None
        elif self._hit(faults.reorder):
            outgoing.held = leaving.pop()
        return leaving

    def _hit(self, share: float) -> bool:
        return share > 0 and self._random.random() < share


def disfigured(frame: str) -> str:
    """Return a call whose numbers are text, as some stations write them, with a field that no schema knows.

    Other frames stay as they are.
    """
    document = json.loads(frame)
    if document[0] != 2:
        return frame
    payload = {key: str(value) if _is_number(value) else value for key, value in document[3].items()}
    return json.dumps([*document[:3], payload | {"unknownField": True}])


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
