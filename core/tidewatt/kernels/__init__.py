"""Numeric kernels: arrays in, arrays out. No I/O, no clock, no logging.

Every kernel is one Python source that is compiled where there is a compiler and gives the same numbers without.
"""

from . import allocation, battery, demand, dispatch, frequency, line_to_line, planning, protection, thermal

COMPILED: bool = all(
    kernel.COMPILED
    for kernel in [allocation, battery, dispatch, frequency, line_to_line, planning, protection, thermal]
)
"""Whether all kernels run as machine code; `demand` has nothing worth compiling."""

__all__ = [
    "COMPILED",
    "allocation",
    "battery",
    "demand",
    "dispatch",
    "frequency",
    "line_to_line",
    "planning",
    "protection",
    "thermal",
]
