"""Emulated Modbus meters: live world values behind real register maps on real sockets."""

from .registers import RegisterImage, RegisterKind, sdm630_image, sunspec_image
from .server import MeterServer, MeterUnit

__all__ = [
    "MeterServer",
    "MeterUnit",
    "RegisterImage",
    "RegisterKind",
    "sdm630_image",
    "sunspec_image",
]
