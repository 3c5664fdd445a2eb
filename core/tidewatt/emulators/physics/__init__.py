"""The emulated world: house, vehicles, charging points and what meters would read of them. No I/O, no real time."""

from .history import History, Sample
from .house import House, LoadStep
from .point import ChargingPoint, Offer
from .time import Clock, EmulatedTime, WrongClock
from .vehicle import Vehicle, VehicleSpec
from .world import MeterSample, World

__all__ = [
    "ChargingPoint",
    "Clock",
    "EmulatedTime",
    "History",
    "House",
    "LoadStep",
    "MeterSample",
    "Offer",
    "Sample",
    "Vehicle",
    "VehicleSpec",
    "World",
    "WrongClock",
]
