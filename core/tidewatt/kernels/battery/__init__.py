"""Batteries: taper and derating, losses, cycles and what they cost, health, capacity and state of charge."""

from . import _arrays, _rainflow
from .capacity import CapacityAnswer, CapacityReading, CapacitySettings, CapacityState, finish_capacity, learn_capacity
from .cycles import CycleCounter, CycleState, cycles_to_end, life_used, rainflow, wear_per_kwh
from .health import GATE_MARGIN_PCT, estimate_soc, may_discharge
from .power import efficiency, learn_curve, power_limits, stored_kw
from .problem import LFP, NMC, Chemistry, Curve, Cycles, LossModel, PowerLimits, SocEstimate, WearModel

COMPILED: bool = all(module.COMPILED for module in (_arrays, _rainflow))
"""Whether this kernel runs as machine code; as plain Python it gives the same numbers, slower."""

__all__ = [
    "COMPILED",
    "GATE_MARGIN_PCT",
    "LFP",
    "NMC",
    "CapacityAnswer",
    "CapacityReading",
    "CapacitySettings",
    "CapacityState",
    "Chemistry",
    "Curve",
    "CycleCounter",
    "CycleState",
    "Cycles",
    "LossModel",
    "PowerLimits",
    "SocEstimate",
    "WearModel",
    "cycles_to_end",
    "efficiency",
    "estimate_soc",
    "finish_capacity",
    "learn_capacity",
    "learn_curve",
    "life_used",
    "may_discharge",
    "power_limits",
    "rainflow",
    "stored_kw",
    "wear_per_kwh",
]
