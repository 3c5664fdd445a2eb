"""Devices of every kind, as facts and at random."""

from hypothesis import strategies as st

from tidewatt.kernels.protection import BreakerType, TripCurve, breaker, fuse_gg, no_overload
from tidewatt.kernels.protection.curves import GATES_GG

FUSES = sorted(GATES_GG)
BREAKERS = [6.0, 10.0, 13.0, 16.0, 20.0, 25.0, 32.0, 40.0, 50.0, 63.0, 80.0, 100.0, 125.0]


def curves() -> st.SearchStrategy[TripCurve]:
    """Any device, derated or not."""
    devices = st.one_of(
        st.sampled_from(FUSES).map(fuse_gg),
        st.builds(breaker, st.sampled_from(BreakerType), st.sampled_from(BREAKERS)),
        st.floats(1, 500).map(no_overload),
    )
    return st.builds(lambda curve, factor: curve.derated(factor), devices, st.floats(0.5, 1))


def overloads() -> st.SearchStrategy[float]:
    """Multiples of the rating."""
    return st.floats(0, 12)
