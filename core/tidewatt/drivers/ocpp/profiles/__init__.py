"""Charging profiles of the central system: which are sent, how often, and what the station is expected to do."""

from .book import ProfileBook
from .budget import WriteBudget
from .build import ProfileMaker, Slot, Wanted
from .external import ExternalLimit, ExternalLimits, ProfileReports, describe
from .findings import Findings, compare, exceeds, is_looser
from .strategies import DefaultProfiles, DynamicProfiles, Strategy, TransactionProfiles

__all__ = [
    "DefaultProfiles",
    "DynamicProfiles",
    "ExternalLimit",
    "ExternalLimits",
    "Findings",
    "ProfileBook",
    "ProfileMaker",
    "ProfileReports",
    "Slot",
    "Strategy",
    "TransactionProfiles",
    "Wanted",
    "WriteBudget",
    "compare",
    "describe",
    "exceeds",
    "is_looser",
]
