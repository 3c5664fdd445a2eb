"""Reading and changing the configuration keys of OCPP 1.6 stations, as variables without a component."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidewatt.drivers.ocpp.caller import Caller
from tidewatt.drivers.ocpp.device_model import VariableKey
from tidewatt.ocpp.errors import OcppCallError
from tidewatt.ocpp.wire import rows, text

_LONGEST_VALUE = 500
_LONGEST_KEY = 50


async def read(
    call: Caller, keys: Sequence[VariableKey], *, timeout_s: float | None = None
) -> dict[VariableKey, dict[str, Any]]:
    """Return value and mutability of keys, of all where none are named; those that it does not know are left out.

    OcppCallError when the station refuses to tell. One that takes fewer keys at a time is asked in halves
    (`GetConfigurationMaxKeys`).
    """
    request = {"key": [key.variable for key in keys]} if keys else {}
    try:
        answer = await call("GetConfiguration", request, timeout_s=timeout_s)
    except OcppCallError:
        if len(keys) < 2:
            raise
        middle = len(keys) // 2
        first = await read(call, keys[:middle], timeout_s=timeout_s)
        return first | await read(call, keys[middle:], timeout_s=timeout_s)
    found: dict[VariableKey, dict[str, Any]] = {}
    for row in rows(answer, "configurationKey"):
        key = text(row, "key", _LONGEST_KEY)
        if key is not None:
            value = row.get("value")
            found[VariableKey("", key)] = {
                "value": value[:_LONGEST_VALUE] if isinstance(value, str) else None,
                "mutability": "ReadOnly" if row.get("readonly") is True else "ReadWrite",
            }
    return found


async def write(
    call: Caller, values: Mapping[VariableKey, str], *, timeout_s: float | None = None
) -> dict[VariableKey, str]:
    """Change keys one after the other and return the status word of each; a CALLERROR counts as one."""
    answers: dict[VariableKey, str] = {}
    for key, value in values.items():
        try:
            answer = await call("ChangeConfiguration", {"key": key.variable, "value": value}, timeout_s=timeout_s)
        except OcppCallError as error:
            answers[key] = str(error)
        else:
            answers[key] = text(answer, "status") or "an answer without status"
    return answers
