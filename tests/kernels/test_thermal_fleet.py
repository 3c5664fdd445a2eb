"""Many transformers at once are as many single ones; the same numbers compiled, uncompiled and again."""

from dataclasses import asdict
import json
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np

from tests.kernels.thermal_cases import AMBIENT_C, CLASSES, DISTRIBUTION, EVENING_LOAD, ambients, days, transformers
from tidewatt import kernels as installed
from tidewatt.kernels import thermal
from tidewatt.kernels.thermal import NORMAL_CYCLIC, ThermalState, Transformer
from tidewatt.kernels.thermal.problem import Floats


def test_the_package_says_whether_it_is_compiled(uncompiled: ModuleType) -> None:
    modules = (thermal._fleet, thermal._limits, thermal._windings)
    assert all(not str(module.__file__).endswith(".py") for module in modules) == thermal.COMPILED
    assert thermal.COMPILED or not installed.COMPILED
    assert uncompiled.thermal.COMPILED is False


@settings(deadline=None)
@given(transformer=transformers(), load=days(), ambient_c=ambients())
def test_compiled_and_uncompiled_give_the_same_numbers(
    uncompiled: ModuleType, transformer: Transformer, load: Floats, ambient_c: Floats
) -> None:
    answers = []
    for kernel in (thermal, uncompiled.thermal):
        window = kernel.ThermalWindow(transformer, steps=24, step_s=900.0)
        state = window.steady_state(load_factor=0.7, ambient_c=20.0)
        ends = window.run(state, load, ambient_c)
        headroom = window.headroom(state, ambient_c, NORMAL_CYCLIC)
        lasting_s = window.lasting_s(state, ambient_c, NORMAL_CYCLIC, load_factor=float(load[0]))
        advanced = window.advance(state, load_factor=1.3, ambient_c=20.0, duration_s=77.0)
        answers.append(
            (ends.top_oil_c.tolist(), ends.hot_spot_c.tolist(), asdict(headroom), lasting_s, asdict(advanced))
        )
    assert answers[0] == answers[1]


@settings(deadline=None, max_examples=30)
@given(fleet=st.lists(transformers(), min_size=1, max_size=5), data=st.data())
def test_a_fleet_is_many_single_transformers(
    kernels: ModuleType, fleet: list[Transformer], data: st.DataObject
) -> None:
    kernel = kernels.thermal
    windows = [kernel.ThermalWindow(each, steps=3, step_s=600.0) for each in fleet]
    states = [window.steady_state(load_factor=0.5, ambient_c=10.0) for window in windows]
    loads = np.array(data.draw(st.lists(days(3), min_size=len(fleet), max_size=len(fleet))))
    warmth = np.array(data.draw(st.lists(ambients(3), min_size=len(fleet), max_size=len(fleet))))
    together = kernel.ThermalFleet(fleet, states, step_s=600.0)
    for step in range(3):
        together.step(np.ascontiguousarray(loads[:, step]), np.ascontiguousarray(warmth[:, step]))
    for index, (window, state) in enumerate(zip(windows, states, strict=True)):
        ends = window.run(state, loads[index].copy(), warmth[index].copy())
        np.testing.assert_allclose(together.top_oil_c[index], ends.top_oil_c[-1], rtol=0, atol=1e-9)
        np.testing.assert_allclose(together.hot_spot_c[index], ends.hot_spot_c[-1], rtol=0, atol=1e-9)


def test_a_fleet_is_the_same_compiled_and_uncompiled(uncompiled: ModuleType) -> None:
    ends = []
    for kernel in (thermal, uncompiled.thermal):
        fleet = kernel.ThermalFleet(
            list(CLASSES.values()), [ThermalState(top_oil_c=40.0, quick_k=3.0, slow_k=1.0)] * 3, step_s=900.0
        )
        for load, ambient_c in zip(EVENING_LOAD, AMBIENT_C, strict=True):
            fleet.step(np.full(3, load), np.full(3, ambient_c))
        ends.append((fleet.top_oil_c.tolist(), fleet.hot_spot_c.tolist()))
    assert ends[0] == ends[1]


def test_no_transformers_are_a_fleet_too(kernels: ModuleType) -> None:
    fleet = kernels.thermal.ThermalFleet([], [], step_s=60.0)
    fleet.step(np.zeros(0), np.zeros(0))
    assert fleet.hot_spot_c.shape == (0,)


def test_a_state_survives_a_restart(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    start = window.steady_state(ambient_c=20.0)
    whole = window.run(start, EVENING_LOAD, AMBIENT_C).hot_spot_c.copy()
    half = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=48, step_s=900.0)
    noon = half.run(start, EVENING_LOAD[:48], AMBIENT_C[:48]).state(-1)
    restored = kernels.thermal.ThermalState(**json.loads(json.dumps(asdict(noon))))
    assert restored == noon
    np.testing.assert_array_equal(half.run(restored, EVENING_LOAD[48:], AMBIENT_C[48:]).hot_spot_c, whole[48:])


def test_asking_again_gives_the_same_and_changes_no_input(kernels: ModuleType) -> None:
    window = kernels.thermal.ThermalWindow(DISTRIBUTION, steps=96, step_s=900.0)
    load, ambient_c = EVENING_LOAD.copy(), AMBIENT_C.copy()
    load.flags.writeable = ambient_c.flags.writeable = False
    start = window.steady_state(ambient_c=20.0)
    first = window.run(start, load, ambient_c).hot_spot_c.copy()
    headroom = window.headroom(start, ambient_c, NORMAL_CYCLIC)
    np.testing.assert_array_equal(window.run(start, load, ambient_c).hot_spot_c, first)
    assert window.headroom(start, ambient_c, NORMAL_CYCLIC) == headroom


@settings(deadline=None, max_examples=30)
@given(load=days(), more=st.floats(0, 0.5), ambient_c=ambients())
def test_more_load_is_never_cooler(kernels: ModuleType, load: Floats, more: float, ambient_c: Floats) -> None:
    for transformer in CLASSES.values():
        window = kernels.thermal.ThermalWindow(transformer, steps=24, step_s=300.0)
        start = window.steady_state(load_factor=0.5, ambient_c=20.0)
        constant = np.full(24, float(load[0]))
        cool = window.run(start, constant, ambient_c).hot_spot_c.copy()
        assert (window.run(start, constant + more, ambient_c).hot_spot_c >= cool - 1e-9).all()
