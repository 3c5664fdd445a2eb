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
class DischargeWish:
    """A person's wish to have a vehicle give back `power_w`, a magnitude, down to `until_soc_pct` if that is set."""

    power_w: float
    until_soc_pct: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A person's wish for one charger.

    `weight`, `minimum_a` and `maximum_a` replace the configured ones when set. `limit_a` is the limit of an
    automation: None for no limit, 0 for a pause. `discharge` None is not to discharge.
    """

    mode: Mode
    weight: float | None = None
    minimum_a: float | None = None
    maximum_a: float | None = None
    limit_a: float | None = None
    discharge: DischargeWish | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """The current a charger may draw on each phase it uses, 0 for a pause, negative to discharge with.

    A positive current is a limit, a negative one is what the vehicle is to give back. The charger itself drops to its
    safe current when no newer setpoint arrives within `valid_for_s`.
    """

    charger_id: str
    current_a: float
    reason: Reason
    valid_for_s: float
