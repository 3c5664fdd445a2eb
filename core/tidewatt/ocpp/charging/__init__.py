"""Charging profiles as a station keeps and obeys them. Pure: no I/O, no clock."""

from .profile import ChargingProfile, Period, ProfileKind, Purpose, RateUnit, Recurrency, Schedule
from .store import Limit, ProfileStore, Ruleset, TransactionView
from .wire import composite_to_wire, profile_from_wire, profile_to_wire, purpose_from_wire

__all__ = [
    "ChargingProfile",
    "Limit",
    "Period",
    "ProfileKind",
    "ProfileStore",
    "Purpose",
    "RateUnit",
    "Recurrency",
    "Ruleset",
    "Schedule",
    "TransactionView",
    "composite_to_wire",
    "profile_from_wire",
    "profile_to_wire",
    "purpose_from_wire",
]
