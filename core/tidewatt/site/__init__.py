"""The vocabulary of Tidewatt: what a site is made of, what is reported and what is commanded."""

from .commands import DischargeWish, Mode, Setpoint, Wish
from .endpoints import (
    EntityMeterEndpoint,
    EntitySocEndpoint,
    MeterEndpoint,
    ModbusEndpoint,
    ModbusMap,
    OcppEndpoint,
    OcppListener,
    TlsListener,
)
from .errors import CommandError, SiteError
from .model import (
    DEFAULT_MINIMUM_SOC_PCT,
    MAIN_CIRCUIT_ID,
    MINIMUM_CURRENT_A,
    Charger,
    Circuit,
    Meter,
    Site,
    Vehicle,
)
from .phases import PHASE_COUNT, PerPhase, Phase, per_phase
from .ports import ChargerPort, Clock, Driver, FaultListener, Reading, ReadingListener, StateStore
from .reasons import Fault, FaultCode, Reason, ReasonCode
from .states import ChargerState, ChargerStatus, LinkQuality, MeterReading, Session, VehicleState

__all__ = [
    "DEFAULT_MINIMUM_SOC_PCT",
    "MAIN_CIRCUIT_ID",
    "MINIMUM_CURRENT_A",
    "PHASE_COUNT",
    "Charger",
    "ChargerPort",
    "ChargerState",
    "ChargerStatus",
    "Circuit",
    "Clock",
    "CommandError",
    "DischargeWish",
    "Driver",
    "EntityMeterEndpoint",
    "EntitySocEndpoint",
    "Fault",
    "FaultCode",
    "FaultListener",
    "LinkQuality",
    "Meter",
    "MeterEndpoint",
    "MeterReading",
    "ModbusEndpoint",
    "ModbusMap",
    "Mode",
    "OcppEndpoint",
    "OcppListener",
    "PerPhase",
    "Phase",
    "Reading",
    "ReadingListener",
    "Reason",
    "ReasonCode",
    "Session",
    "Setpoint",
    "Site",
    "SiteError",
    "StateStore",
    "TlsListener",
    "Vehicle",
    "VehicleState",
    "Wish",
    "per_phase",
]
