"""Emulated hardware that speaks the real wire protocols, with honest physics behind it."""

from .emulation import Emulation, EmulationAddresses, keep_pace, run_emulation
from .schema import EmulationSettings, load_emulation

__all__ = ["Emulation", "EmulationAddresses", "EmulationSettings", "keep_pace", "load_emulation", "run_emulation"]
