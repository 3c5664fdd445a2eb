"""Emulated Modbus meters: live world values behind real register maps on real sockets."""

from .registers import RegisterImage, sdm630_image, sunspec_image
from .server import MeterServer, MeterUnit

__all__ = [
    "MeterServer",
    "MeterUnit",
    "RegisterImage",
    "sdm630_image",
    "sunspec_image",
]
