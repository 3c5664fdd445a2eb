"""Charging profiles of the central system: which are sent, how often, and what the station is expected to do."""

from .book import ProfileBook
from .budget import WriteBudget
from .build import ProfileMaker, Slot, Wanted
from .strategies import DefaultProfiles, DynamicProfiles, Strategy, TransactionProfiles

__all__ = [
    "DefaultProfiles",
    "DynamicProfiles",
    "ProfileBook",
    "ProfileMaker",
    "Slot",
    "Strategy",
    "TransactionProfiles",
    "Wanted",
    "WriteBudget",
]
