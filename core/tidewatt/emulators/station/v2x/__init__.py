"""What emulated stations of OCPP 2.1 do with vehicles that speak ISO 15118-20."""

from .v2x import V2x
from .variables import v2x_variables

__all__ = ["V2x", "v2x_variables"]
