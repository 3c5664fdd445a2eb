"""OCPP 1.6J, 2.0.1 and 2.1: the central system that charging stations connect to."""

from .blocks import Certificates, Credentials, InstalledCertificate, Roots, RootUse, SecurityEvents
from .central_system import CentralSystem, DiscoveredStation
from .identity import StationIdentity
from .security import IssuedRecord, SecurityEvent
from .settings import OcppSettings

__all__ = [
    "CentralSystem",
    "Certificates",
    "Credentials",
    "DiscoveredStation",
    "InstalledCertificate",
    "IssuedRecord",
    "OcppSettings",
    "RootUse",
    "Roots",
    "SecurityEvent",
    "SecurityEvents",
    "StationIdentity",
]
