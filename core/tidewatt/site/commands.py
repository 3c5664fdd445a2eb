"""What people ask of a charger and what Tidewatt tells it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .reasons import Reason


class Mode(StrEnum):
    """What a charger is to do with the power there is."""

    OFF = "off"
    FAST = "fast"
    SOLAR = "solar"
    MIN_SOLAR = "min_solar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A person's wish for one charger.

    `weight`, `minimum_a` and `maximum_a` replace the configured ones when set. `limit_a` is the limit of an
    automation: None for no limit, 0 for a pause.
    """

    mode: Mode
    weight: float | None = None
    minimum_a: float | None = None
    maximum_a: float | None = None
    limit_a: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """The current a charger may draw on each phase it uses, 0 for a pause.

    The charger itself drops to its safe current when no newer setpoint arrives within `valid_for_s`.
    """

    charger_id: str
    current_a: float
    reason: Reason
    valid_for_s: float
