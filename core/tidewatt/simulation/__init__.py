"""Replays charging days of a site through `decide` and through the rules it is compared with."""

from .contenders import CONTENDERS
from .contenders.contender import Contender
from .engine import run
from .load import load_scenario
from .outcome import Outcome, document_of, outcome_of
from .scenario import SLOT_S, Battery, Car, ChargingSession, Chemistry, Scenario

__all__ = [
    "CONTENDERS",
    "SLOT_S",
    "Battery",
    "Car",
    "ChargingSession",
    "Chemistry",
    "Contender",
    "Outcome",
    "Scenario",
    "document_of",
    "load_scenario",
    "outcome_of",
    "run",
]
