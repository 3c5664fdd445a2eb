"""OCPP 1.6J and 2.0.1: the session that both ends share, and the central system that charging stations connect to."""

from .central_system import CentralSystem, DiscoveredStation
from .identity import StationIdentity
from .settings import OcppSettings

__all__ = ["CentralSystem", "DiscoveredStation", "OcppSettings", "StationIdentity"]
