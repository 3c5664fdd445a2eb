"""The emulated world: house, vehicles, charging points and what meters would read of them. No I/O, no real time."""

from .bidirectional import BidirectionalSpec, BidirectionalVehicle
from .history import History, Sample
from .house import House, LoadStep
from .point import ChargingPoint, Offer
from .power import PowerOrder
from .time import Clock, EmulatedTime, WrongClock
from .two_way import EnergyLink, SimpleLink, TwoWayPoint
from .vehicle import Vehicle, VehicleSpec
from .world import MeterSample, World

__all__ = [
    "BidirectionalSpec",
    "BidirectionalVehicle",
    "ChargingPoint",
    "Clock",
    "EmulatedTime",
    "EnergyLink",
    "History",
    "House",
    "LoadStep",
    "MeterSample",
    "Offer",
    "PowerOrder",
    "Sample",
    "SimpleLink",
    "TwoWayPoint",
    "Vehicle",
    "VehicleSpec",
    "World",
    "WrongClock",
]
