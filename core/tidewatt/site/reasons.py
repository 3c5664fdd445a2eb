"""Why a charger gets what it gets, and what is wrong: stable codes for people, logs and automations."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .phases import Phase


class ReasonCode(StrEnum):
    """The one constraint that bound a charger."""

    CHARGER_MAXIMUM = "charger_maximum"
    VEHICLE = "vehicle"
    CIRCUIT = "circuit"
    CIRCUIT_POWER = "circuit_power"
    BELOW_MINIMUM = "below_minimum"
    USER_LIMIT = "user_limit"
    MODE_OFF = "mode_off"
    NO_SOLAR = "no_solar"
    SOLAR = "solar"
    MINIMUM_TIME = "minimum_time"
    RAMP = "ramp"
    FAIL_SAFE = "fail_safe"
    NOT_CONNECTED = "not_connected"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason code, with the circuit and phase where that is what bound."""

    code: ReasonCode
    circuit_id: str | None = None
    phase: Phase | None = None


class FaultCode(StrEnum):
    """Named faults with stable codes (requirement V7, first cut)."""

    METER_STALE = "METER_STALE"
    METER_MISSING = "METER_MISSING"
    CHARGER_UNREACHABLE = "NODE_UNREACHABLE"
    CHARGER_FAULTED = "CHARGER_FAULTED"
    CURRENT_DEVIATION = "CURRENT_DEVIATION"
    COMMAND_TIMEOUT = "ERR_TX_TIMEOUT"
    COMMAND_REJECTED = "COMMAND_REJECTED"
    PAYLOAD_INVALID = "MSG_PAYLOAD_INVALID"
    ACCESS_DENIED = "ACCESS_DENIED"
    OVERLOAD = "OVERLOAD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with the meter, charger or circuit `subject_id`, and what was done about it."""

    code: FaultCode
    subject_id: str
    detail: str
