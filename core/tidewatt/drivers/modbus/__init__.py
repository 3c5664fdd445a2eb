"""Modbus meters, read over `modbus_connection` units that others may share."""

from .errors import MeterReadError
from .meter import ModbusMeter
from .probe import MeterIdentity, probe
from .units import TcpUnits, UnitOpener

__all__ = ["MeterIdentity", "MeterReadError", "ModbusMeter", "TcpUnits", "UnitOpener", "probe"]
