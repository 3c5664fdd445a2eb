"""Charging profiles as a station keeps and obeys them. Pure: no I/O, no clock, no randomness of its own."""

from .composite import Composer, EvseView, TransactionView
from .composite_wire import composite_to_wire
from .limit import Limit
from .profile import ChargingProfile, CurvePoint, LimitAtSoc, Period, Schedule
from .rules import Abilities
from .store import ProfileStore, StoreSnapshot
from .wire import (
    amounts_from_wire,
    amounts_to_wire,
    criteria_from_wire,
    profile_from_wire,
    profile_to_wire,
    purpose_from_wire,
    purpose_to_wire,
    reports_to_wire,
)
from .words import OperationMode, ProfileKind, Purpose, RateUnit, Recurrency, Ruleset

__all__ = [
    "Abilities",
    "ChargingProfile",
    "Composer",
    "CurvePoint",
    "EvseView",
    "Limit",
    "LimitAtSoc",
    "OperationMode",
    "Period",
    "ProfileKind",
    "ProfileStore",
    "Purpose",
    "RateUnit",
    "Recurrency",
    "Ruleset",
    "Schedule",
    "StoreSnapshot",
    "TransactionView",
    "amounts_from_wire",
    "amounts_to_wire",
    "composite_to_wire",
    "criteria_from_wire",
    "profile_from_wire",
    "profile_to_wire",
    "purpose_from_wire",
    "purpose_to_wire",
    "reports_to_wire",
]
