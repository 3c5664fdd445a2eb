"""OCPP 1.6J, 2.0.1 and 2.1: the central system that charging stations connect to.

`v2x` holds the operation modes that `V2x` puts vehicles into, `der` the controls that `Der` sets.
"""

from .blocks import (
    Availability,
    Certificates,
    Credentials,
    Der,
    DisplayMessage,
    DisplayMessages,
    DisplayPriority,
    FirmwareSource,
    FirmwareUpdates,
    InstalledCertificate,
    LogKind,
    Logs,
    RemoteControl,
    Reservations,
    ResetKind,
    Roots,
    RootUse,
    SecurityEvents,
    V2x,
    der,
    v2x,
)
from .central_system import CentralSystem, DiscoveredStation
from .identity import StationIdentity
from .security import IssuedRecord, SecurityEvent
from .settings import OcppSettings

__all__ = [
    "Availability",
    "CentralSystem",
    "Certificates",
    "Credentials",
    "Der",
    "DiscoveredStation",
    "DisplayMessage",
    "DisplayMessages",
    "DisplayPriority",
    "FirmwareSource",
    "FirmwareUpdates",
    "InstalledCertificate",
    "IssuedRecord",
    "LogKind",
    "Logs",
    "OcppSettings",
    "RemoteControl",
    "Reservations",
    "ResetKind",
    "RootUse",
    "Roots",
    "SecurityEvent",
    "SecurityEvents",
    "StationIdentity",
    "V2x",
    "der",
    "v2x",
]
