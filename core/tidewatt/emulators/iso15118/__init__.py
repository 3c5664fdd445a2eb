"""ISO 15118-20 sessions between an emulated vehicle and an emulated station, behind the boundary of OCPP.

Pure state machines that exchange typed messages: order, states, checks, answers and time limits are those of the
standard; encoding, transport and certificates are left out.
"""

from tidewatt.emulators.physics.power import PowerOrder

from .choices import BatteryView, EvccSpec, EvccState
from .conversation import Conversation
from .evcc import Evcc
from .parameters import EnergyNeeds, PowerLimits, PowerProfile, PowerSchedule, ProfileEntry, ScheduleEntry
from .secc import Secc
from .sequence import SeccState
from .session import BMS_TIMEOUT, VehicleSession
from .station_side import EvseFaults, EvseSpec, StationOrders
from .words import (
    BptChannel,
    ControlMode,
    EvseNotification,
    GeneratorMode,
    MobilityNeedsMode,
    ResponseCode,
    Service,
    StopKind,
)

__all__ = [
    "BMS_TIMEOUT",
    "BatteryView",
    "BptChannel",
    "ControlMode",
    "Conversation",
    "EnergyNeeds",
    "Evcc",
    "EvccSpec",
    "EvccState",
    "EvseFaults",
    "EvseNotification",
    "EvseSpec",
    "GeneratorMode",
    "MobilityNeedsMode",
    "PowerLimits",
    "PowerOrder",
    "PowerProfile",
    "PowerSchedule",
    "ProfileEntry",
    "ResponseCode",
    "ScheduleEntry",
    "Secc",
    "SeccState",
    "Service",
    "StationOrders",
    "StopKind",
    "VehicleSession",
]
