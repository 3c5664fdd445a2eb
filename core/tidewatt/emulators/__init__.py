"""Emulated hardware that speaks the real wire protocols, with honest physics behind it."""

from .emulation import Emulation
from .schema import EmulationSettings, load_emulation
from .serving import EmulationAddresses, keep_pace, listening, run_emulation

__all__ = [
    "Emulation",
    "EmulationAddresses",
    "EmulationSettings",
    "keep_pace",
    "listening",
    "load_emulation",
    "run_emulation",
]
