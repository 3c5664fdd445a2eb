"""The operation modes of OCPP 2.1: who decides how much a vehicle takes or gives."""

from __future__ import annotations

from enum import StrEnum


class OperationMode(StrEnum):
    """OCPP's words; without one a charging profile is ChargingOnly."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"
