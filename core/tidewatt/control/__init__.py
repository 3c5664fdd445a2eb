"""One decision per cycle, and the shell that senses before it and acts after it."""

from .controller import Controller
from .decide import decide
from .health import ControllerHealth
from .memory import Memory
from .model import CircuitDecision, ControlSettings, Decision, DischargeDecision, Snapshot
from .trace import ReplayResult, TraceWriter, replay

__all__ = [
    "CircuitDecision",
    "ControlSettings",
    "Controller",
    "ControllerHealth",
    "Decision",
    "DischargeDecision",
    "Memory",
    "ReplayResult",
    "Snapshot",
    "TraceWriter",
    "decide",
    "replay",
]
