"""The words of charging profiles, and which of them an OCPP version knows."""

from __future__ import annotations

from enum import Enum, StrEnum

from tidewatt.ocpp.frames import OcppVersion


class Ruleset(Enum):
    """Where the versions differ."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @classmethod
    def of(cls, version: OcppVersion) -> Ruleset:
        """Return the rules of an OCPP version."""
        return {OcppVersion.V16: cls.V16, OcppVersion.V201: cls.V201, OcppVersion.V21: cls.V21}[version]


class Purpose(StrEnum):
    """What a profile limits. The names are those of OCPP 2.x; 1.6 has three of them, 2.0.1 four."""

    STATION_MAX = "ChargingStationMaxProfile"
    EXTERNAL = "ChargingStationExternalConstraints"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"
    PRIORITY = "PriorityCharging"
    LOCAL_GENERATION = "LocalGeneration"


class ProfileKind(StrEnum):
    """What the schedule's start refers to. The single period of a dynamic profile is updated in place (2.1)."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"
    DYNAMIC = "Dynamic"


class Recurrency(StrEnum):
    """How often a recurring schedule starts again."""

    DAILY = "Daily"
    WEEKLY = "Weekly"

    @property
    def every_s(self) -> int:
        """Seconds from one start to the next."""
        return 86_400 if self is Recurrency.DAILY else 604_800


class RateUnit(StrEnum):
    """The unit of a schedule's amounts: A per phase, or W over all phases."""

    A = "A"
    W = "W"


class OperationMode(StrEnum):
    """Who decides how much flows, within the limits (OCPP 2.1; without one it is ChargingOnly)."""

    IDLE = "Idle"
    CHARGING_ONLY = "ChargingOnly"
    CENTRAL_SETPOINT = "CentralSetpoint"
    EXTERNAL_SETPOINT = "ExternalSetpoint"
    EXTERNAL_LIMITS = "ExternalLimits"
    CENTRAL_FREQUENCY = "CentralFrequency"
    LOCAL_FREQUENCY = "LocalFrequency"
    LOCAL_LOAD_BALANCING = "LocalLoadBalancing"
