"""What cannot be meant is refused with its name, its place, its value and a remedy; nothing crashes or hangs."""

from contextlib import suppress
from dataclasses import asdict
import math
import re
from types import ModuleType
from typing import Any

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.thermal_cases import DISTRIBUTION
from tidewatt.kernels.thermal import NORMAL_CYCLIC, LoadingLimits, ThermalState

STATE = ThermalState(top_oil_c=40.0, quick_k=5.0, slow_k=0.0)


def four(**changes: float) -> Any:
    """Return four steps with some changed, named by their place."""
    values = np.full(4, 0.5)
    for place, value in changes.items():
        values[int(place.removeprefix("at"))] = value
    return values


def window(kernels: ModuleType) -> Any:
    return kernels.thermal.ThermalWindow(DISTRIBUTION, steps=4, step_s=900.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 10.1])
def test_a_load_that_cannot_be_is_named_with_its_place(kernels: ModuleType, value: float) -> None:
    with pytest.raises(ValueError, match=re.escape(f"load_factor[2]: {value} is not usable. Give ")):
        window(kernels).run(STATE, four(at2=value), four())


@pytest.mark.parametrize("value", [math.nan, math.inf, -273.0, 101.0])
def test_an_ambient_that_is_unknown_is_refused(kernels: ModuleType, value: float) -> None:
    prepared = window(kernels)
    ambient_c, refused = four(at1=value), re.escape(f"ambient_c[1]: {value} is not usable. Give ")
    with pytest.raises(ValueError, match=refused):
        prepared.run(STATE, four(), ambient_c)
    with pytest.raises(ValueError, match=refused):
        prepared.headroom(STATE, ambient_c, NORMAL_CYCLIC)
    with pytest.raises(ValueError, match=refused):
        prepared.lasting_s(STATE, ambient_c, NORMAL_CYCLIC, load_factor=1.2)
    with pytest.raises(ValueError, match=re.escape(f"ambient_c: {value} is not usable. Give ")):
        prepared.steady_state(ambient_c=value)


@pytest.mark.parametrize(
    ("values", "got"),
    [
        (np.zeros(3), "float64[3]"),
        (np.zeros((4, 1)), "float64[4, 1]"),
        (np.zeros(4, np.float32), "float32[4]"),
        (np.zeros(4, ">f8"), ">f8[4]"),
        ([0.0] * 4, "list"),
        (None, "NoneType"),
        (np.zeros(8)[::2], "an array with strides (16,)"),
    ],
)
@pytest.mark.parametrize("field", ["load_factor", "ambient_c"])
def test_an_array_of_the_wrong_shape_or_type_is_named(kernels: ModuleType, field: str, values: Any, got: str) -> None:
    arguments = {"load_factor": four(), "ambient_c": four()} | {field: values}
    with pytest.raises(ValueError, match=rf"{field}: .*is not usable. Give") as caught:
        window(kernels).run(STATE, **arguments)
    assert got in str(caught.value)


@pytest.mark.parametrize(("field", "value"), [("top_oil_c", -101.0), ("quick_k", -0.1), ("slow_k", -0.1)])
def test_a_state_colder_than_any_transformer_is_refused(kernels: ModuleType, field: str, value: float) -> None:
    """It would leave room for any load."""
    with pytest.raises(ValueError, match=rf"^{field}: {value} is not usable. Give deg C or K"):
        kernels.thermal.ThermalState(**asdict(STATE) | {field: value})


@pytest.mark.parametrize("field", ["top_oil_c", "quick_k", "slow_k"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -501.0, 1e8, None])
def test_a_state_that_cannot_be_is_named(kernels: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: {value} is not usable. Give "):
        kernels.thermal.ThermalState(**asdict(STATE) | {field: value})


@pytest.mark.parametrize("field", asdict(DISTRIBUTION))
@pytest.mark.parametrize("value", [math.nan, -1.0, 1e9, True, "1"])
def test_constants_out_of_range_are_named(kernels: ModuleType, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: {value!r} is not usable. Give a number from "):
        kernels.thermal.Transformer(**asdict(DISTRIBUTION) | {field: value})


def test_a_transformer_that_more_load_would_cool_is_refused(kernels: ModuleType) -> None:
    constants = asdict(DISTRIBUTION) | {"k21": 2.0, "winding_time_s": 2701.0}
    with pytest.raises(ValueError, match=re.escape("winding_time_s: 2701.0 is not usable. Give at most oil_time_s")):
        kernels.thermal.Transformer(**constants)


def test_the_longest_winding_time_that_a_refusal_names_is_taken(kernels: ModuleType) -> None:
    constants = asdict(DISTRIBUTION) | {"k21": 2.0, "k22": 3.0, "oil_time_s": 22375.0}
    with pytest.raises(ValueError, match=r"oil_time_s / k22\^2, ") as refusal:
        kernels.thermal.Transformer(**constants | {"winding_time_s": 3000.0})
    (named_s,) = re.findall(r"k22\^2, ([\d.]+):", str(refusal.value))
    assert kernels.thermal.Transformer(**constants | {"winding_time_s": float(named_s)}).winding_time_s == 22375.0 / 9.0


@pytest.mark.parametrize(
    ("field", "value"),
    [("load_factor", -0.1), ("load_factor", math.nan), ("hot_spot_c", math.inf), ("top_oil_c", 600.0)],
)
def test_limits_out_of_range_are_named(kernels: ModuleType, field: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: {value} is not usable. Give "):
        kernels.thermal.LoadingLimits(**asdict(LoadingLimits()) | {field: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps: 0"),
        ({"steps": 10**9}, "steps: 1000000000"),
        ({"steps": 4.0}, "steps: 4.0"),
        ({"step_s": 0.0}, "step_s: 0.0"),
        ({"step_s": math.inf}, "step_s: inf"),
        ({"step_s": math.nan}, "step_s: nan"),
    ],
)
def test_windows_that_cannot_be_are_named(kernels: ModuleType, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{message} is not usable. Give ")):
        kernels.thermal.ThermalWindow(DISTRIBUTION, **{"steps": 4, "step_s": 900.0} | changes)


def test_a_fleet_refuses_before_it_moves(kernels: ModuleType) -> None:
    fleet = kernels.thermal.ThermalFleet([DISTRIBUTION] * 4, [STATE] * 4, step_s=60.0)
    for load, ambient_c, message in (
        (four(at3=math.nan), four(), "load_factor[3]: nan"),
        (four(), four(at3=math.nan), "ambient_c[3]: nan"),
        (four()[:3].copy(), four(), "load_factor: float64[3]"),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            fleet.step(load, ambient_c)
    assert fleet.top_oil_c.tolist() == [40.0] * 4
    with pytest.raises(ValueError, match=r"states: 1 are not usable\. Give one for each of 2\."):
        kernels.thermal.ThermalFleet([DISTRIBUTION] * 2, [STATE], step_s=60.0)


def test_ageing_refuses_temperatures_that_cannot_be(kernels: ModuleType) -> None:
    with pytest.raises(ValueError, match=re.escape("hot_spot_c[0]: nan is not usable")):
        kernels.thermal.ageing_rate(np.array([math.nan]))
    with pytest.raises(ValueError, match="hot_spot_c: list is not usable"):
        kernels.thermal.ageing_rate([98.0])
    with pytest.raises(ValueError, match="step_s: nan is not usable"):
        kernels.thermal.loss_of_life_s(np.array([98.0]), math.nan)


@settings(deadline=None, max_examples=60)
@given(
    content=st.binary(min_size=0, max_size=80),
    dtype=st.sampled_from(["f8", "f4", ">f8", "i8", "u1"]),
    steps=st.integers(1, 4),
    numbers=st.lists(st.floats(), min_size=3, max_size=3),
)
def test_random_bytes_are_answered_or_refused(
    kernels: ModuleType, content: bytes, dtype: str, steps: int, numbers: list[float]
) -> None:
    size = np.dtype(dtype).itemsize
    values: Any = np.frombuffer(content[: len(content) // size * size], dtype=dtype)
    prepared = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=steps, step_s=900.0)
    for ask in (
        lambda: prepared.run(STATE, values, values),
        lambda: prepared.headroom(STATE, values, NORMAL_CYCLIC),
        lambda: prepared.lasting_s(STATE, four()[:steps].copy(), NORMAL_CYCLIC, load_factor=numbers[0]),
        lambda: prepared.advance(STATE, load_factor=numbers[0], ambient_c=numbers[1], duration_s=numbers[2]),
        lambda: ThermalState(top_oil_c=numbers[0], quick_k=numbers[1], slow_k=numbers[2]),
        lambda: kernels.thermal.ageing_rate(values),
    ):
        with suppress(ValueError):
            ask()
