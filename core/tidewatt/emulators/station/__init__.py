"""Emulated OCPP stations, 1.6J and 2.0.1."""

from .dialect import EndCause
from .link import LinkAddress
from .outlet import Outlet
from .station import Station, StationSpec
from .v16 import StationV16
from .v201 import StationV201

__all__ = ["EndCause", "LinkAddress", "Outlet", "Station", "StationSpec", "StationV16", "StationV201"]
