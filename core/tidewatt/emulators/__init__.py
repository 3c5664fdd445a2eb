"""Emulated hardware that speaks the real wire protocols, with honest physics behind it."""

from .commands import carry_out
from .emulation import Emulation
from .scenario import ScenarioFailedError, Step, load_scenario, play
from .schema import EmulationSettings, load_emulation
from .serving import EmulationAddresses, keep_pace, listening, run_emulation
from .single_station import SingleStation
from .view import value_at, world_view

__all__ = [
    "Emulation",
    "EmulationAddresses",
    "EmulationSettings",
    "ScenarioFailedError",
    "SingleStation",
    "Step",
    "carry_out",
    "keep_pace",
    "listening",
    "load_emulation",
    "load_scenario",
    "play",
    "run_emulation",
    "value_at",
    "world_view",
]
