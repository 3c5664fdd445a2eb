"""Emulated OCPP stations, 1.6J, 2.0.1 and 2.1."""

from .access import LinkAddress, SecuritySettings
from .dialect import EndCause
from .faults import FaultKind, Faults
from .outlet import Outlet, Transaction
from .spec import StationSpec
from .station import Station
from .v2.station import StationV2
from .v16.station import StationV16

__all__ = [
    "EndCause",
    "FaultKind",
    "Faults",
    "LinkAddress",
    "Outlet",
    "SecuritySettings",
    "Station",
    "StationSpec",
    "StationV2",
    "StationV16",
    "Transaction",
]
