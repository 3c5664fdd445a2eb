"""Distributed energy resources (OCPP 2.1, section R): what an inverter does when the grid leaves its normal range."""

from .block import Der, DerAlarm
from .controls import (
    DerControl,
    EnterService,
    FixedPowerFactor,
    FixedVar,
    FreqDroop,
    FreqWatt,
    Gradients,
    LimitMaxDischarge,
    Point,
    Unit,
    VoltVar,
    VoltWatt,
    When,
)
from .report import ReportedControl

__all__ = [
    "Der",
    "DerAlarm",
    "DerControl",
    "EnterService",
    "FixedPowerFactor",
    "FixedVar",
    "FreqDroop",
    "FreqWatt",
    "Gradients",
    "LimitMaxDischarge",
    "Point",
    "ReportedControl",
    "Unit",
    "VoltVar",
    "VoltWatt",
    "When",
]
