"""One decision per cycle: how much every charger may draw, and why."""

from .decide import decide
from .memory import Memory
from .model import CircuitDecision, ControlSettings, Decision, Snapshot

__all__ = ["CircuitDecision", "ControlSettings", "Decision", "Memory", "Snapshot", "decide"]
