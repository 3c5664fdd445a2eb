"""Checks of single values of a site file.

Each takes a raw value and returns the checked one, or raises `vol.Invalid` with what the person is to do about it.
"""

from __future__ import annotations

from collections.abc import Callable
import math
from typing import Any

import voluptuous as vol

from .commands import Mode
from .endpoints import ModbusMap
from .phases import PHASE_COUNT, PerPhase, Phase

type Check = Callable[[Any], Any]


def number(remedy: str, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf) -> Check:
    """Return a check for a finite number that is greater than `above` and within `[least, most]`."""

    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise vol.Invalid(f"{remedy} It must be a plain number.")
        if not (value > above and least <= value <= most):
            raise vol.Invalid(remedy)
        return float(value)

    return check


def integer(remedy: str, *, least: int, most: int) -> Check:
    """Return a check for a whole number within `[least, most]`."""

    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise vol.Invalid(remedy)
        return value

    return check


def text(value: Any) -> str:
    """Accept text that is not blank."""
    if not isinstance(value, str):
        raise vol.Invalid("Give text; put it in quotes where it looks like a number.")
    if not value.strip():
        raise vol.Invalid("Give text that is not empty.")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Accept one text or a list of texts."""
    if isinstance(value, str):
        return (text(value),)
    if not isinstance(value, list | tuple):
        raise vol.Invalid("Give a list of texts.")
    return tuple(text(item) for item in value)


def flag(value: Any) -> bool:
    """Accept true and false."""
    if not isinstance(value, bool):
        raise vol.Invalid("Give true or false.")
    return value


def limit(remedy: str) -> Check:
    """Return a check for a current in A: one for all phases (a float) or one for each of the three (a `PerPhase`)."""
    one = number(remedy, least=0)

    def check(value: Any) -> float | PerPhase:
        if not isinstance(value, list | tuple):
            return float(one(value))
        if len(value) != PHASE_COUNT:
            raise vol.Invalid(f"{remedy} A list has one value for each of L1, L2, L3.")
        l1, l2, l3 = (one(item) for item in value)
        return (l1, l2, l3)

    return check


def phases(value: Any) -> tuple[Phase, ...]:
    """Accept phase names in the order of a charger's terminals, or a single one."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list | tuple) or any(name not in Phase.__members__ for name in names):
        raise vol.Invalid("Give a list of L1, L2, L3 in the order of the charger's terminals.")
    return tuple(Phase[name] for name in names)


def mode(value: Any) -> Mode:
    """Accept a mode. YAML 1.1 reads a bare `off` as false, so that is the mode `off` too."""
    name = Mode.OFF if value is False else value
    if name not in list(Mode):
        raise vol.Invalid(f"Use one of: {', '.join(Mode)}.")
    return Mode(name)


def modbus_map(value: Any) -> ModbusMap:
    """Accept the name of a register layout."""
    if value not in list(ModbusMap):
        raise vol.Invalid(f"Use one of: {', '.join(ModbusMap)}.")
    return ModbusMap(value)


def listed(value: Any) -> list[Any]:
    """Accept a list; a section left empty is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list | tuple):
        raise vol.Invalid("Give a list, each item beginning with a dash.")
    return list(value)
