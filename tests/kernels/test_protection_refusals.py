"""What cannot be meant is refused with its name, its value and a remedy."""

from collections.abc import Callable
from contextlib import suppress
import math
import re
from types import ModuleType
from typing import Any

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tidewatt.kernels.protection import fuse_gg

GATES = ((20.0, 3600.0), (40.0, 10.0))


@pytest.mark.parametrize("rated_a", [10, 12, 15.9, 35, 224, 800, math.nan, math.inf, -25, None, "25", True])
def test_a_fuse_that_no_table_has_is_refused(kernels: ModuleType, rated_a: Any) -> None:
    with pytest.raises(ValueError, match=rf"^rated_a: {re.escape(repr(rated_a))} is not usable. Give "):
        kernels.protection.fuse_gg(rated_a)


@pytest.mark.parametrize("rated_a", [0.1, 126, math.nan, -16, None])
def test_a_breaker_that_the_standard_does_not_cover_is_refused(kernels: ModuleType, rated_a: Any) -> None:
    with pytest.raises(ValueError, match=rf"^rated_a: {rated_a} is not usable. Give "):
        kernels.protection.breaker(kernels.protection.BreakerType.B, rated_a)
    with pytest.raises(ValueError, match=r"^kind: str is not usable. Give BreakerType"):
        kernels.protection.breaker("K", 16)


@pytest.mark.parametrize("factor", [0.0, 1.01, math.nan, -0.5, None])
def test_a_factor_that_cannot_be_is_refused(kernels: ModuleType, factor: Any) -> None:
    with pytest.raises(ValueError, match=rf"^factor: {factor} is not usable. Give the derating factor"):
        kernels.protection.fuse_gg(25).derated(factor)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rated_a": 0.0}, "rated_a: 0.0"),
        ({"rated_a": math.nan}, "rated_a: nan"),
        ({"cooling_s": 0.0}, "cooling_s: 0.0"),
        ({"earliest": [(20.0, 3600.0)]}, "earliest: [(20.0, 3600.0)]"),
        ({"earliest": ((16.0, 3600.0),)}, "earliest[0]: (16.0, 3600.0)"),
        ({"earliest": ((20.0, 3600.0), (20.0, 10.0))}, "earliest[1]: (20.0, 10.0)"),
        ({"earliest": ((20.0, 3600.0), (40.0, 3600.0))}, "earliest[1]: (40.0, 3600.0)"),
        ({"earliest": ((20.0, math.nan),)}, "earliest[0] time: nan"),
        ({"earliest": ((math.inf, 1.0),)}, "earliest[0] current: inf"),
        ({"earliest": ((33.0, 10.0),)}, "earliest[0]: (33.0, 10.0) is not usable. Give the conventional non-tripping"),
        ({"latest": ((20.0, 3600.0), (39.0, 9.0))}, "latest[1]: (39.0, 9.0) is not usable. Give at least the 10.5"),
        ({"latest": (20.0, 3600.0)}, "latest[0]: 20.0"),
        ({"latest": ((20.0, 3600.0, 1.0),)}, "latest[0]: (20.0, 3600.0, 1.0)"),
        ({"latest": tuple((20.0 + place, 100.0 - place) for place in range(33))}, "latest: ((20.0, 100.0)"),
    ],
)
def test_a_curve_that_cannot_be_is_refused(kernels: ModuleType, changes: dict[str, Any], message: str) -> None:
    arguments = {"rated_a": 16.0, "earliest": GATES, "latest": GATES} | changes
    with pytest.raises(ValueError, match=re.escape(message)):
        kernels.protection.TripCurve(**arguments)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2e6, None])
def test_a_current_that_is_unknown_is_refused(kernels: ModuleType, value: Any) -> None:
    device = kernels.protection.Protection(fuse_gg(25))
    message = rf"^current_a: {value} is not usable. Give a current"
    with pytest.raises(ValueError, match=message):
        device.step(0.0, current_a=value, duration_s=1.0)
    with pytest.raises(ValueError, match=message):
        device.lasting_s(0.0, current_a=value)
    with pytest.raises(ValueError, match=message):
        device.latest_s(current_a=value)
    if value is not None:
        with pytest.raises(ValueError, match=rf"^current_a\[1\]: {value} is not usable. Give a current"):
            device.run(0.0, np.array([1.0, value]), step_s=1.0)


@pytest.mark.parametrize(("fraction", "duration_s"), [(-0.1, 1.0), (1.1, 1.0), (math.nan, 1.0), (0.5, -1.0), (0, None)])
def test_a_state_or_a_time_that_cannot_be_is_refused(kernels: ModuleType, fraction: Any, duration_s: Any) -> None:
    device = kernels.protection.Protection(fuse_gg(25))
    with pytest.raises(ValueError, match=r"^(fraction|duration_s): .* is not usable. Give "):
        device.step(fraction, current_a=30.0, duration_s=duration_s)
    with pytest.raises(ValueError, match=r"^(fraction|duration_s): .* is not usable. Give "):
        device.headroom_a(fraction, duration_s=duration_s)
    with pytest.raises(ValueError, match=r"^(fraction|step_s): .* is not usable. Give "):
        device.run(fraction, np.ones(2), step_s=duration_s)


@pytest.mark.parametrize("values", [np.ones((2, 2)), np.ones(3, np.float32), [1.0], None, np.ones(6)[::2]])
def test_a_series_that_is_no_array_of_currents_is_refused(kernels: ModuleType, values: Any) -> None:
    device = kernels.protection.Protection(fuse_gg(25))
    with pytest.raises(ValueError, match=r"^current_a: .* is not usable. Give an array float64"):
        device.run(0.0, values, step_s=1.0)


@settings(deadline=None, max_examples=60)
@given(content=st.binary(max_size=80), dtype=st.sampled_from(["f8", "f4", ">f8", "u1"]), number=st.floats())
def test_random_bytes_are_answered_or_refused(kernels: ModuleType, content: bytes, dtype: str, number: float) -> None:
    size = np.dtype(dtype).itemsize
    values: Any = np.frombuffer(content[: len(content) // size * size], dtype=dtype)
    device = kernels.protection.Protection(fuse_gg(25))
    asks: list[Callable[[], object]] = [
        lambda: device.run(0.5, values, step_s=number),
        lambda: device.step(number, current_a=number, duration_s=number),
        lambda: device.headroom_a(0.0, duration_s=number),
        lambda: device.lasting_s(0.0, current_a=number),
    ]
    for ask in asks:
        with suppress(ValueError):
            ask()
