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
    DISCHARGE = "discharge"
    """It gives back as much as was wished."""
    EXPORT_LIMIT = "export_limit"
    """The circuit, on the phase, lets no more be given back through it than what is used behind it."""
    BATTERY_FLOOR = "battery_floor"
    """The battery is at the floor below which its owner has nothing taken out."""
    SOC_REACHED = "soc_reached"
    """The battery is where the discharge was to end."""
    SOC_UNKNOWN = "soc_unknown"
    DISCHARGE_NOT_AGREED = "discharge_not_agreed"
    """Configuration, station and vehicle have not all agreed to discharging."""
    LINK_POOR = "link_poor"
    UNMEASURED = "unmeasured"
    """Nobody can tell what flows at the charger, or on each phase of the circuit, so nothing is taken out."""
    REVERSAL = "reversal"
    """It rests at zero between charging and discharging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A reason code, with the circuit and phase where that is what bound."""

    code: ReasonCode
    circuit_id: str | None = None
    phase: Phase | None = None


class FaultCode(StrEnum):
    """Named faults with stable codes (requirement V7)."""

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
    DISCHARGE_LIMIT = "ERR_V2G_LIMIT_REACHED"
    SIGNAL_TIMEOUT = "ERR_SIG_TIMEOUT"
    BIDIRECTIONAL_UNSUPPORTED = "ERR_BIDIRECTIONAL_UNSUPPORTED"
    GRID_SYNC_LOST = "ERR_GRID_SYNC_LOST"
    PHASE_MISMATCH = "E_INVERTER_PHASE_MISMATCH"
    BMS_TIMEOUT = "TIMEOUT_BMS_RESPONSE"
    BATTERY_LOWER_LIMIT = "BATTERY_LOWER_LIMIT"
    SCHEDULING_CONFLICT = "SCHEDULING_CONFLICT"
    THERMAL_LIMIT = "THERMAL_LIMIT_REACHED"
    LATENCY_OVER_BUDGET = "LATENCY_OVER_BUDGET"
    CLOCK_SKEWED = "CLOCK_SKEWED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something wrong with the meter, charger or circuit `subject_id`, and what was done about it."""

    code: FaultCode
    subject_id: str
    detail: str
