"""Limits per phase in forms: one number for all phases, and two more for where L2 and L3 differ from L1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import probatio

from tidewatt.site import MINIMUM_CURRENT_A, PHASE_COUNT

from . import flow_forms as forms

HIGHEST_A = 1000


def limit_fields(key: str, phases: int) -> dict[Any, Any]:
    """Return the fields for the rating of a fuse in A; `<key>_l2` and `<key>_l3` only where there are three phases.

    A form begins with the lowest value it takes, so that a fuse nobody filled in is a small one and not none.
    """
    ampere = forms.number(MINIMUM_CURRENT_A, HIGHEST_A, "A")
    fields: dict[Any, Any] = {probatio.Required(key): ampere}
    if phases == PHASE_COUNT:
        fields |= {probatio.Optional(name): ampere for name in _others(key)}
    return fields


def limit_from_form(key: str, values: Mapping[str, Any]) -> float | list[float]:
    """Return the limit that a form holds: one number, or a list where the phases differ."""
    l1: float = values[key]
    limits = [l1, *(values.get(name, l1) for name in _others(key))]
    return l1 if len(set(limits)) == 1 else limits


def limit_to_form(key: str, limit: float | list[float]) -> dict[str, float]:
    """Return the form's values for a limit: the inverse of `limit_from_form`."""
    return dict(zip((key, *_others(key)), limit, strict=True)) if isinstance(limit, list) else {key: limit}


def lowest(limit: float | list[float]) -> float:
    """Return the one number that is within a limit on every phase, for a field that knows no phases."""
    return min(limit) if isinstance(limit, list) else limit


def _others(key: str) -> tuple[str, str]:
    return f"{key}_l2", f"{key}_l3"
