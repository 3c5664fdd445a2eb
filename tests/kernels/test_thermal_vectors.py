"""Published and independently computed temperatures."""

import json
import math
import os
from pathlib import Path
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.thermal_cases import (
    AMBIENT_C,
    CLASSES,
    DISTRIBUTION,
    EVENING_LOAD,
    POWER_ONAF,
    ambients,
    days,
    integrated,
    transformers,
)
from tidewatt.kernels.thermal import ThermalState, Transformer
from tidewatt.kernels.thermal.problem import Floats

ANNEX_MINUTES = (0, 190, 365, 500, 705, 730, 745)
ANNEX_LOAD = (1.0, 0.6, 1.5, 0.3, 2.1, 0.0)
ANNEX_ENDS = {190: (61.9, 83.8), 365: (44.4, 54.0), 500: (89.2, 127.0), 705: (35.0, 37.54), 730: (67.9, 138.6)}
ANNEX_ENDS |= {745: (60.3, 75.3)}
"""IEC 60076-7, annex with the worked example of a 250 MVA ONAF transformer: top oil and hot spot by minute.

The numbers as quoted in the tests of alliander-opensource/transformer-thermal-model. Those at 500 minutes come from
the standard's own coarse steps and differ by about a kelvin from the equations it states.
"""

EVENING_ENDS = {
    11: (32.930173663297715, 39.346450136681995),
    23: (33.42061395518055, 41.43383549406539),
    35: (41.3739550596262, 53.49854440111568),
    47: (42.493348770462326, 49.09474563091161),
    59: (43.36997159290611, 50.445164948077505),
    71: (52.873424904154945, 75.06984646018142),
    78: (69.62702471208404, 104.54294710041128),
    83: (75.85072017244521, 104.01807140474797),
    95: (58.21349785099762, 66.11269682939664),
}
"""Top oil and hot spot at the ends of some quarter hours of the evening load, computed apart from this kernel and
checked against the package named above (to 1e-14 K in the oil)."""

DATA = pytest.mark.skipif("TIDEWATT_DATA" not in os.environ, reason="TIDEWATT_DATA names no folder of recorded data")


def recorded(name: str) -> dict[str, object]:
    """Read one of the vectors in the data folder."""
    document: dict[str, object] = json.loads((Path(os.environ["TIDEWATT_DATA"]) / "thermal" / name).read_text())
    return document


def annex(kernels: ModuleType, minutes: int) -> dict[int, tuple[float, float]]:
    """Run the worked example in steps of some minutes."""
    load = np.concatenate(
        [
            np.full((after - before) // minutes, factor)
            for before, after, factor in zip(ANNEX_MINUTES[:-1], ANNEX_MINUTES[1:], ANNEX_LOAD, strict=True)
        ]
    )
    window = kernels.thermal.ThermalWindow(POWER_ONAF, steps=load.size, step_s=60.0 * minutes)
    start = ThermalState(top_oil_c=25.6 + 12.7, quick_k=0.0, slow_k=0.0)
    ends = window.run(start, load, np.full(load.size, 25.6))
    return {
        minute: (ends.top_oil_c[minute // minutes - 1], ends.hot_spot_c[minute // minutes - 1])
        for minute in ANNEX_MINUTES[1:]
    }


@pytest.mark.parametrize("minute", ANNEX_MINUTES[1:])
@pytest.mark.parametrize("step", [1, 5])
def test_the_worked_example_of_the_standard(kernels: ModuleType, minute: int, step: int) -> None:
    tolerance_k = 1.2 if minute == 500 else 0.1
    assert annex(kernels, step)[minute] == pytest.approx(ANNEX_ENDS[minute], abs=tolerance_k)


def test_the_length_of_the_steps_makes_no_difference(kernels: ModuleType) -> None:
    coarse, fine = annex(kernels, 5), annex(kernels, 1)
    for minute, ends in coarse.items():
        assert ends == pytest.approx(fine[minute], abs=1e-9)


def evening_start(kernels: ModuleType) -> ThermalState:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    state: ThermalState = window.steady_state(load_factor=EVENING_LOAD[0], ambient_c=AMBIENT_C[0])
    return state


def test_an_evening_of_charging_to_nine_digits(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    ends = window.run(evening_start(kernels), EVENING_LOAD, AMBIENT_C)
    for step, (top_oil_c, hot_spot_c) in EVENING_ENDS.items():
        assert ends.top_oil_c[step] == pytest.approx(top_oil_c, abs=1e-9)
        assert ends.hot_spot_c[step] == pytest.approx(hot_spot_c, abs=1e-9)
    assert ends.hot_spot_c.max() == pytest.approx(107.22040415478511, abs=1e-9)
    thermal = kernels.thermal
    day_s = 86400.0
    assert thermal.loss_of_life_s(ends.hot_spot_c, 900.0) == pytest.approx(0.24851679934324525 * day_s, rel=1e-12)
    upgraded_s = thermal.loss_of_life_s(ends.hot_spot_c, 900.0, thermal.Paper.UPGRADED)
    assert upgraded_s == pytest.approx(0.06667758905381459 * day_s, rel=1e-12)


@DATA
def test_the_recorded_evening_to_nine_digits(kernels: ModuleType) -> None:
    vector: dict[str, list[float]] = recorded("distribution_onan_24h.json")  # type: ignore[assignment] # of the keys used
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    ends = window.run(evening_start(kernels), np.array(vector["K"]), np.array(vector["ambient_C"]))
    np.testing.assert_allclose(ends.top_oil_c, vector["top_oil"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ends.hot_spot_c, vector["hot_spot"], rtol=0, atol=1e-9)


@DATA
def test_the_recorded_worked_example(kernels: ModuleType) -> None:
    computed: list[dict[str, float]] = recorded("iec60076_7_annex_onaf.json")["computed_1min"]  # type: ignore[assignment] # its list
    ends = annex(kernels, 1)
    for point in computed:
        assert ends[int(point["min"])] == pytest.approx((point["top_oil"], point["hot_spot"]), abs=1e-9)


@settings(deadline=None, max_examples=25)
@given(transformer=transformers(), load=days(12), ambient_c=ambients(12))
def test_the_equations_are_solved(
    kernels: ModuleType, transformer: Transformer, load: Floats, ambient_c: Floats
) -> None:
    window = kernels.thermal.ThermalWindow(transformer, steps=12, step_s=900.0)
    start = window.steady_state(ambient_c=20.0)
    ends = window.run(start, load, ambient_c)
    pieces = max(60, int(900 / (0.1 * transformer.k22 * transformer.winding_time_s)))
    top_oil_c, hot_spot_c = integrated(transformer, start, load, ambient_c, step_s=900.0, pieces=pieces)
    np.testing.assert_allclose(ends.top_oil_c, top_oil_c[pieces - 1 :: pieces], rtol=0, atol=1e-4)
    np.testing.assert_allclose(ends.hot_spot_c, hot_spot_c[pieces - 1 :: pieces], rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", CLASSES)
def test_at_rated_load_in_the_end_the_rises_are_those_of_the_rating_plate(kernels: ModuleType, name: str) -> None:
    transformer = CLASSES[name]
    window = kernels.thermal.ThermalWindow(transformer, steps=1, step_s=60.0)
    settled = window.steady_state(ambient_c=20.0)
    assert settled.top_oil_c == pytest.approx(20 + transformer.top_oil_rise_k)
    assert settled.hot_spot_c == pytest.approx(20 + transformer.top_oil_rise_k + transformer.hot_spot_gradient_k)
    cold = ThermalState(top_oil_c=20.0, quick_k=0.0, slow_k=0.0)
    late = window.advance(cold, load_factor=1.0, ambient_c=20.0, duration_s=1e7)
    assert late.hot_spot_c == pytest.approx(settled.hot_spot_c)


@settings(deadline=None)
@given(
    transformer=transformers(),
    load=st.floats(0, 2),
    ambient_c=st.floats(-25, 40),
    parts_s=st.lists(st.floats(0, 7200), min_size=1, max_size=5),
)
def test_a_while_may_be_cut_anywhere(
    kernels: ModuleType, transformer: Transformer, load: float, ambient_c: float, parts_s: list[float]
) -> None:
    window = kernels.thermal.ThermalWindow(transformer, steps=1, step_s=60.0)
    state = start = window.steady_state(ambient_c=10.0)
    for part_s in parts_s:
        state = window.advance(state, load_factor=load, ambient_c=ambient_c, duration_s=part_s)
    whole = window.advance(start, load_factor=load, ambient_c=ambient_c, duration_s=sum(parts_s))
    assert state.top_oil_c == pytest.approx(whole.top_oil_c, abs=1e-9)
    assert state.hot_spot_c == pytest.approx(whole.hot_spot_c, abs=1e-9)


def test_the_hot_spot_of_a_power_transformer_overshoots(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(CLASSES["power ONAN"], steps=600, step_s=60.0)
    cold = ThermalState(top_oil_c=20.0, quick_k=0.0, slow_k=0.0)
    ends = window.run(cold, np.ones(600), np.full(600, 20.0))
    gradient_k = ends.hot_spot_c - ends.top_oil_c
    assert gradient_k.max() > 1.2 * 26
    assert gradient_k[-1] == pytest.approx(26, rel=0.02)


def test_the_equations_of_ieee_c57_91_are_a_case_of_these(kernels: ModuleType) -> None:
    """A step of the load by its clause 7, with n = 0.8 and m = 0.8, entered as x = n and y = 2 m."""
    transformer = Transformer(
        oil_exponent=0.8,
        winding_exponent=1.6,
        loss_ratio=3.2,
        k11=1.0,
        k21=1.0,
        k22=1.0,
        oil_time_s=3.5 * 3600,
        winding_time_s=300.0,
        top_oil_rise_k=45.0,
        hot_spot_gradient_k=35.0,
    )
    window = kernels.thermal.ThermalWindow(transformer, steps=1, step_s=60.0)
    before, after, time_s = 0.6, 1.4, 1800.0
    state = window.advance(
        window.steady_state(load_factor=before, ambient_c=30.0), load_factor=after, ambient_c=30.0, duration_s=time_s
    )

    def moved(ends: list[float], time_constant_s: float) -> float:
        start, end = ends
        return start + (end - start) * (1 - math.exp(-time_s / time_constant_s))

    oil_k = moved([45.0 * ((load**2 * 3.2 + 1) / 4.2) ** 0.8 for load in (before, after)], 3.5 * 3600)
    gradient_k = moved([35.0 * load ** (2 * 0.8) for load in (before, after)], 300.0)
    assert state.top_oil_c == pytest.approx(30 + oil_k)
    assert state.hot_spot_c == pytest.approx(30 + oil_k + gradient_k)


def test_paper_ages_at_its_design_rate_at_its_design_temperature(kernels: ModuleType) -> None:
    thermal = kernels.thermal
    temperatures_c = np.array([92.0, 98.0, 104.0, 110.0])
    np.testing.assert_allclose(thermal.ageing_rate(temperatures_c), [0.5, 1.0, 2.0, 4.0])
    assert thermal.ageing_rate(temperatures_c, thermal.Paper.UPGRADED)[3] == pytest.approx(1.0)
    assert thermal.ageing_rate(np.array([120.0]), thermal.Paper.UPGRADED)[0] == pytest.approx(2.71, abs=0.01)
