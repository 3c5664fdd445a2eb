"""Reading and writing variables of OCPP 2.x stations, in messages as large as the station takes (B05, B06)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec

from tidewatt.drivers.ocpp.caller import Caller
from tidewatt.drivers.ocpp.device_model import ACTUAL, VariableKey
from tidewatt.ocpp.errors import OcppCallError
from tidewatt.ocpp.wire import rows, text

_LONGEST_VALUE = 2500
_FRAME_BYTES = 120
"""What a message has besides its rows: type, id, action and the list's name."""

_TOO_MANY = ("OccurrenceConstraintViolation", "OccurenceConstraintViolation", "FormatViolation", "FormationViolation")
"""Errors by which a station refuses a message that holds too much (B05.FR.11, B06.FR.16, B06.FR.17)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a station takes in one message; None is as much as one likes."""

    items: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a station answered about one variable: a word of OCPP, with a value if it was read."""

    status: str
    value: str | None = None


async def read(
    call: Caller,
    keys: Sequence[VariableKey],
    limits: Limits,
    *,
    attribute: str = ACTUAL,
    timeout_s: float | None = None,
) -> dict[VariableKey, Answer]:
    """Return what the station says of each variable; those it does not mention are left out.

    OcppCallError when it refuses to tell at all.
    """
    found: dict[VariableKey, Answer] = {}

    def take(answer: dict[str, Any]) -> None:
        for row in rows(answer, "getVariableResult"):
            key = VariableKey.from_wire(row)
            if key is not None:
                status = text(row, "attributeStatus") or ""
                found[key] = Answer(status, text(row, "attributeValue", _LONGEST_VALUE))

    extra = {} if attribute == ACTUAL else {"attributeType": attribute}
    data = [key.to_wire() | extra for key in keys]
    await _exchange(partial(call, "GetVariables", timeout_s=timeout_s), "getVariableData", chunks(data, limits), take)
    return found


async def write(
    call: Caller,
    values: Mapping[VariableKey, str],
    limits: Limits,
    *,
    attribute: str = ACTUAL,
    timeout_s: float | None = None,
) -> dict[VariableKey, Answer]:
    """Set variables and return what the station says of each; OcppCallError when it refuses to set any."""
    found: dict[VariableKey, Answer] = {}

    def take(answer: dict[str, Any]) -> None:
        for row in rows(answer, "setVariableResult"):
            key = VariableKey.from_wire(row)
            if key is not None:
                found[key] = Answer(text(row, "attributeStatus") or "")

    extra = {} if attribute == ACTUAL else {"attributeType": attribute}
    data = [key.to_wire() | {"attributeValue": value} | extra for key, value in values.items()]
    await _exchange(partial(call, "SetVariables", timeout_s=timeout_s), "setVariableData", chunks(data, limits), take)
    return found


async def _exchange(
    send: Callable[[dict[str, Any]], Awaitable[dict[str, Any]]],
    field: str,
    messages: Iterator[list[dict[str, Any]]],
    take: Callable[[dict[str, Any]], None],
) -> None:
    """Send the rows of each message; one that is refused as too large is halved."""
    waiting = list(messages)
    while waiting:
        chunk = waiting.pop(0)
        try:
            take(await send({field: chunk}))
        except OcppCallError as error:
            if error.code not in _TOO_MANY or len(chunk) < 2:
                raise
            middle = len(chunk) // 2
            waiting[:0] = [chunk[:middle], chunk[middle:]]


def chunks(data: Sequence[dict[str, Any]], limits: Limits) -> Iterator[list[dict[str, Any]]]:
    """Yield rows in lists that keep the limits; a row that is too large by itself stands alone."""
    chunk: list[dict[str, Any]] = []
    size = _FRAME_BYTES
    for row in data:
        row_size = len(msgspec.json.encode(row)) + 1
        too_many = limits.items is not None and len(chunk) >= max(1, limits.items)
        too_large = limits.bytes is not None and size + row_size > limits.bytes
        if chunk and (too_many or too_large):
            yield chunk
            chunk, size = [], _FRAME_BYTES
        chunk.append(row)
        size += row_size
    if chunk:
        yield chunk
