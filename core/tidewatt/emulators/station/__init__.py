"""Emulated OCPP stations, 1.6J and 2.0.1."""

from .dialect import EndCause
from .link import LinkAddress
from .outlet import Outlet
from .station import Station, StationSpec
from .v2.station import StationV2
from .v16.station import StationV16

__all__ = ["EndCause", "LinkAddress", "Outlet", "Station", "StationSpec", "StationV2", "StationV16"]
