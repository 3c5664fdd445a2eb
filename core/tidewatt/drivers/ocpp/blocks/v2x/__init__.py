"""Bidirectional charging (OCPP 2.1, section Q): negotiation, operation modes, and the quirk of older stations."""

from .block import V2x
from .operations import (
    CentralFrequency,
    CentralSetpoint,
    ChargingOnly,
    ExternalLimits,
    ExternalSetpoint,
    FrequencyPoint,
    Idle,
    LocalFrequency,
    LocalLoadBalancing,
    Operation,
    SignalPoint,
)

__all__ = [
    "CentralFrequency",
    "CentralSetpoint",
    "ChargingOnly",
    "ExternalLimits",
    "ExternalSetpoint",
    "FrequencyPoint",
    "Idle",
    "LocalFrequency",
    "LocalLoadBalancing",
    "Operation",
    "SignalPoint",
    "V2x",
]
