"""What cannot be meant is refused with its place and the remedy; whatever is thrown, nothing else happens."""

from dataclasses import fields, replace
import math
import re
from types import ModuleType
from typing import Any

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.battery_series import session
from tidewatt.kernels.battery import (
    LFP,
    CapacityReading,
    CapacitySettings,
    CapacityState,
    Curve,
    CycleCounter,
    LossModel,
    WearModel,
    learn_capacity,
)

ONES = np.ones(2)
POWER: dict[str, Any] = {"charge_kw": ONES, "discharge_kw": ONES, "soc_pct": ONES, "temperature_c": ONES}
WEAR = WearModel(price=1.0, usable_kwh=1.0)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("power_limits", POWER | {"soc_pct": np.array([1.0, 101.0])}, "soc_pct[1]: 101.0"),
        ("power_limits", POWER | {"charge_kw": np.array([1.0, -1.0])}, "charge_kw[1]: -1.0"),
        ("power_limits", POWER | {"discharge_kw": np.ones(3)}, "discharge_kw: float64[3]"),
        ("power_limits", POWER | {"temperature_c": np.array([1.0, math.inf])}, "temperature_c[1]: inf"),
        ("power_limits", POWER | {"soc_pct": np.ones(2, np.float32)}, "soc_pct: float32[2]"),
        ("power_limits", POWER | {"soc_pct": 50.0}, "soc_pct: float"),
        (
            "power_limits",
            POWER | {"chemistry": replace(LFP, charge_by_soc=Curve.through((0, 1), (0, 0)))},
            "charge_by_soc.at[1]: 0.0",
        ),
        (
            "power_limits",
            POWER | {"chemistry": replace(LFP, discharge_by_soc=Curve.through((0, 1.1)))},
            "discharge_by_soc.value[0]: 1.1",
        ),
        ("stored_kw", {"losses": LossModel(fixed_kw=-1.0), "power_kw": ONES}, "fixed_kw: -1.0"),
        ("stored_kw", {"losses": LossModel(), "power_kw": np.array([1e9])}, "power_kw[0]: 1000000000.0"),
        ("stored_kw", {"losses": LossModel(), "power_kw": ONES, "out": np.ones(1)}, "out: ndarray"),
        ("rainflow", {"values": np.array([0.0, math.nan])}, "values[1]: nan"),
        ("rainflow", {"values": np.array([0.0, math.inf])}, "values[1]: inf"),
        ("wear_per_kwh", {"wear": WEAR, "depth_pct": np.array([0.0])}, "depth_pct[0]: 0.0"),
        ("wear_per_kwh", {"wear": replace(WEAR, usable_kwh=0.0), "depth_pct": ONES}, "usable_kwh: 0.0"),
        (
            "wear_per_kwh",
            {"wear": replace(WEAR, depth_pct=np.array([50.0, 20.0]), cycles=ONES), "depth_pct": ONES},
            "depth_pct[1]: 20.0",
        ),
        (
            "wear_per_kwh",
            {"wear": replace(WEAR, depth_pct=np.array([5.0, 20.0]), cycles=np.array([1.0, 2.0])), "depth_pct": ONES},
            "cycles[1]: 2.0",
        ),
        ("life_used", {"wear": WEAR, "depth_pct": ONES, "count": np.array([1.0, -1.0])}, "count[1]: -1.0"),
        ("may_discharge", {"soh_pct": np.array([-1.0]), "gate_pct": 70.0}, "soh_pct[0]: -1.0"),
        ("may_discharge", {"soh_pct": ONES, "gate_pct": math.nan}, "gate_pct: nan"),
        ("CycleCounter", {"series": 0}, "series: 0"),
        ("CycleCounter", {"series": 1, "step": 0.0}, "step: 0.0"),
        ("learn_curve", {"curve": LFP.charge_by_soc, "at": 50.0, "value": 1.5}, "value: 1.5"),
    ],
)
def test_a_value_that_cannot_be_is_named(
    kernels: ModuleType, function: str, arguments: dict[str, Any], message: str
) -> None:
    if function == "power_limits":
        arguments = {"chemistry": LFP} | arguments
    with pytest.raises(ValueError, match=re.escape(f"{message} is not usable. Give ")):
        getattr(kernels.battery, function)(**arguments)


def test_values_off_the_grid_and_broken_states_of_a_counter_are_refused(kernels: ModuleType) -> None:
    counter = kernels.battery.CycleCounter(series=2)
    for values in (np.array([[0.0, 100.6]]), np.array([0.0, 1.0]), np.zeros((1, 3)), None):
        with pytest.raises(ValueError, match=r"^values.* is not usable. Give "):
            counter.add(values)
    counter.add(np.array([[0.0, 5.0], [90.0, 5.0], [50.0, 60.0]]))
    good = counter.state()
    for field, index, value in (
        ("depth", 0, 200),
        ("stack", (0, 1), 101),
        ("stack", (0, 2), 95),
        ("counts", (0, 0), -1),
    ):
        bad = replace(good, **{field: getattr(good, field).copy()})
        getattr(bad, field)[index] = value
        with pytest.raises(ValueError, match=rf"^{field}\[.* is not usable. Give "):
            kernels.battery.CycleCounter(series=2, state=bad)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"settings": CapacitySettings(nominal_kwh=0.0)}, "nominal_kwh: 0.0"),
        ({"settings": CapacitySettings(nominal_kwh=60.0, least_span_pct=0.0)}, "least_span_pct: 0.0"),
        ({"reading": CapacityReading(session=1, energy_kwh=math.nan, soc_pct=1.0)}, "energy_kwh: nan"),
        ({"reading": CapacityReading(session=1, energy_kwh=1.0, soc_pct=101.0)}, "soc_pct: 101.0"),
        ({"state": CapacityState(capacity_kwh=-1.0)}, "capacity_kwh: -1.0"),
        ({"state": CapacityState(spans=2)}, "information: 0.0"),
    ],
    ids=str,
)
def test_a_reading_that_cannot_be_is_named(changed: dict[str, Any], message: str) -> None:
    told: dict[str, Any] = {
        "reading": CapacityReading(session=1, energy_kwh=1.0, soc_pct=50.0),
        "settings": CapacitySettings(nominal_kwh=60.0),
        "state": CapacityState(),
    }
    with pytest.raises(ValueError, match=re.escape(f"{message} is not usable. Give ")):
        learn_capacity(**(told | changed))


ARRAYS = st.builds(
    lambda raw, dtype, columns: np.frombuffer(raw[: len(raw) // 24 * 24], dtype).reshape(*columns, -1),
    st.binary(max_size=96),
    st.sampled_from([np.float64, np.float64, np.float64, np.int32, np.bool_]),
    st.sampled_from([(), (), (1,)]),
)
FUNCTIONS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("rainflow", ("values",), {}),
    ("power_limits", ("charge_kw", "discharge_kw", "soc_pct", "temperature_c"), {"chemistry": LFP}),
    ("stored_kw", ("power_kw",), {"losses": LossModel()}),
    ("efficiency", ("power_kw",), {"losses": LossModel()}),
    ("cycles_to_end", ("depth_pct",), {"wear": WEAR}),
    ("life_used", ("depth_pct", "count"), {"wear": WEAR}),
    ("wear_per_kwh", ("depth_pct",), {"wear": WEAR}),
    ("may_discharge", ("soh_pct",), {"gate_pct": 70.0}),
)


@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_whatever_bytes_are_thrown_at_it_it_answers_or_refuses(kernels: ModuleType, data: st.DataObject) -> None:
    name, fields, rest = data.draw(st.sampled_from(FUNCTIONS))
    one = data.draw(ARRAYS)
    arrays = {field: data.draw(ARRAYS) if data.draw(st.booleans()) else one for field in fields}
    try:
        getattr(kernels.battery, name)(**arrays, **rest)
        wear = replace(WEAR, depth_pct=data.draw(ARRAYS), cycles=data.draw(ARRAYS))
        kernels.battery.wear_per_kwh(wear, np.array([1e-6, 50.0]))
    except ValueError:
        return


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_whatever_state_is_thrown_at_a_counter_it_goes_on_or_refuses(kernels: ModuleType, data: st.DataObject) -> None:
    state = CycleCounter(series=1, steps=4).state()
    state.stack[0] = data.draw(st.lists(st.integers(-1, 5), min_size=7, max_size=7))
    state.depth[0] = data.draw(st.integers(-1, 8))
    try:
        counter = kernels.battery.CycleCounter(series=1, steps=4, state=state)
    except ValueError:
        return
    counter.add(
        np.array([[float(value)] for value in data.draw(st.lists(st.integers(0, 4), max_size=12))]).reshape(-1, 1)
    )
    assert (counter.counts() >= 0.0).all()


ANYTHING = st.one_of(st.none(), st.integers(0, 3), st.floats(), st.floats(0, 100), st.just(60.0))


@given(data=st.data())
def test_whatever_numbers_are_thrown_at_the_learning_it_answers_or_refuses(data: st.DataObject) -> None:
    def any_of(example: Any) -> Any:
        return replace(
            example, **{field.name: data.draw(ANYTHING) for field in fields(example) if data.draw(st.booleans())}
        )

    state = CapacityState()
    for reading in session(1, from_pct=20.0, to_pct=60.0, capacity_kwh=54.0, step_kwh=1.0):
        try:
            answer, state = learn_capacity(
                any_of(reading),
                any_of(CapacitySettings(nominal_kwh=60.0)),
                data.draw(st.sampled_from([state, any_of(state)])),
            )
        except ValueError:
            continue
        assert math.isnan(answer.capacity_kwh) or answer.capacity_kwh >= 0.0


def test_sessions_of_nonsense_end_in_unknown() -> None:
    state = CapacityState()
    for reading in session(1, from_pct=0.0, to_pct=100.0, capacity_kwh=60.0)[::-3]:
        answer, state = learn_capacity(
            replace(reading, energy_kwh=-reading.energy_kwh), CapacitySettings(nominal_kwh=60.0), state
        )
    assert math.isnan(answer.capacity_kwh)
