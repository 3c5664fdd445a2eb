"""What holds for every device, every current and every past."""

import json
import math
from types import ModuleType

from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

from tests.kernels.protection_cases import curves, overloads
from tidewatt.kernels import protection as installed
from tidewatt.kernels.protection import TripCurve, fuse_gg

FRACTIONS = st.floats(0, 1)
TIMES_S = st.floats(0.001, 1e5)


def test_the_package_says_whether_it_is_compiled(uncompiled: ModuleType) -> None:
    assert str(installed._tripping.__file__).endswith(".py") != installed.COMPILED
    assert uncompiled.protection.COMPILED is False


@settings(deadline=None)
@given(curve=curves(), start=FRACTIONS, multiples=st.lists(overloads(), max_size=30), step_s=TIMES_S)
def test_compiled_and_uncompiled_give_the_same_numbers(
    uncompiled: ModuleType, curve: TripCurve, start: float, multiples: list[float], step_s: float
) -> None:
    current_a = np.array(multiples) * curve.rated_a
    devices = [package.Protection(curve) for package in (installed, uncompiled.protection)]
    runs = [device.run(start, current_a, step_s=step_s).tolist() for device in devices]
    assert runs[0] == runs[1]
    currents = [device.headroom_a(start, duration_s=step_s) for device in devices]
    assert currents[0] == currents[1]
    for current in current_a.tolist():
        assert devices[0].earliest_s(current_a=current) == devices[1].earliest_s(current_a=current)


@settings(deadline=None)
@given(curve=curves(), one=overloads(), other=overloads())
def test_more_current_is_never_carried_longer(kernels: ModuleType, curve: TripCurve, one: float, other: float) -> None:
    device = kernels.protection.Protection(curve)
    less, more = sorted((one * curve.rated_a, other * curve.rated_a))
    assert device.earliest_s(current_a=less) >= device.earliest_s(current_a=more)
    assert device.latest_s(current_a=less) >= device.latest_s(current_a=more)
    assert device.earliest_s(current_a=more) <= device.latest_s(current_a=more) * (1 + 1e-12)


@settings(deadline=None)
@given(curve=curves(), one=st.floats(1.001, 12), other=st.floats(1.001, 12))
def test_the_energy_that_opens_a_device_never_rises_with_the_current(
    kernels: ModuleType, curve: TripCurve, one: float, other: float
) -> None:
    device = kernels.protection.Protection(curve)
    less, more = sorted((one * curve.rated_a, other * curve.rated_a))
    least = device.earliest_s(current_a=more) * more**2
    assert device.earliest_s(current_a=less) * less**2 >= least * (1 - 1e-9)


@settings(deadline=None)
@given(curve=curves(), start=FRACTIONS, duration_s=TIMES_S)
def test_the_headroom_lasts_and_more_would_not(
    kernels: ModuleType, curve: TripCurve, start: float, duration_s: float
) -> None:
    device = kernels.protection.Protection(curve)
    current_a = device.headroom_a(start, duration_s=duration_s)
    assert current_a >= curve.rated_a
    assert device.lasting_s(start, current_a=current_a) >= duration_s * (1 - 1e-9)
    assert device.lasting_s(start, current_a=1.0001 * current_a) < duration_s


@settings(deadline=None)
@given(curve=curves(), start=FRACTIONS, multiple=overloads())
def test_an_overload_opens_it_at_the_end_of_its_time_and_not_before(
    kernels: ModuleType, curve: TripCurve, start: float, multiple: float
) -> None:
    device = kernels.protection.Protection(curve)
    current_a = multiple * curve.rated_a
    lasting_s = device.lasting_s(start, current_a=current_a)
    if 1e-6 < lasting_s < math.inf:
        assert device.step(start, current_a=current_a, duration_s=0.99 * lasting_s) < 1
        assert device.step(start, current_a=current_a, duration_s=1.01 * lasting_s) == 1


@settings(deadline=None)
@given(curve=curves(), start=FRACTIONS, multiples=st.lists(overloads(), min_size=1, max_size=30), step_s=TIMES_S)
def test_a_series_is_its_steps_and_stays_a_fraction(
    kernels: ModuleType, curve: TripCurve, start: float, multiples: list[float], step_s: float
) -> None:
    device = kernels.protection.Protection(curve)
    current_a = np.array(multiples) * curve.rated_a
    fraction, walked = start, []
    for current in current_a.tolist():
        fraction = device.step(fraction, current_a=current, duration_s=step_s)
        walked.append(fraction)
    assert device.run(start, current_a, step_s=step_s).tolist() == walked
    assert all(0 <= each <= 1 for each in walked)


@settings(deadline=None)
@given(curve=curves(), start=FRACTIONS, multiple=overloads(), parts_s=st.lists(TIMES_S, min_size=1, max_size=5))
def test_a_while_may_be_cut_anywhere(
    kernels: ModuleType, curve: TripCurve, start: float, multiple: float, parts_s: list[float]
) -> None:
    device = kernels.protection.Protection(curve)
    current_a = multiple * curve.rated_a
    fraction = start
    for part_s in parts_s:
        fraction = device.step(fraction, current_a=current_a, duration_s=part_s)
    whole = device.step(start, current_a=current_a, duration_s=sum(parts_s))
    assert fraction == pytest.approx(whole, abs=1e-9)


@settings(deadline=None)
@given(curve=curves(), past=FRACTIONS, multiples=st.tuples(overloads(), overloads()), duration_s=TIMES_S)
def test_a_warm_device_is_the_closer_to_opening_the_more_flows(
    kernels: ModuleType, curve: TripCurve, past: float, multiples: tuple[float, float], duration_s: float
) -> None:
    device = kernels.protection.Protection(curve)
    start = max(past, device.warm)
    less, more = sorted(multiple * curve.rated_a for multiple in multiples)
    cooler = device.step(start, current_a=less, duration_s=duration_s)
    assert cooler <= device.step(start, current_a=more, duration_s=duration_s) + 1e-12


@settings(deadline=None)
@given(curve=curves(), multiples=st.lists(st.floats(0, 1), min_size=1, max_size=30), step_s=TIMES_S)
def test_up_to_its_rating_nothing_ever_opens(
    kernels: ModuleType, curve: TripCurve, multiples: list[float], step_s: float
) -> None:
    device = kernels.protection.Protection(curve)
    current_a = np.minimum(np.array(multiples) * curve.rated_a, curve.rated_a)
    assert (device.run(device.warm, current_a, step_s=step_s) <= device.warm).all()
    assert device.warm < 1


def test_it_forgets_slowly_and_not_below_what_its_load_keeps_up(kernels: ModuleType) -> None:
    fuse = kernels.protection.Protection(fuse_gg(63))
    hot = 0.95
    fractions = fuse.run(hot, np.full(24, 31.5), step_s=3600.0)
    assert (np.diff(fractions) < 0).all()
    assert fractions[0] == pytest.approx(0.16 + (hot - 0.16) * math.exp(-1))
    assert fractions[-1] == pytest.approx(0.16, abs=1e-6)


def test_the_state_survives_a_restart(kernels: ModuleType) -> None:
    fuse = kernels.protection.Protection(fuse_gg(63))
    fraction = fuse.step(fuse.warm, current_a=78.0, duration_s=123.4)
    assert json.loads(json.dumps(fraction)) == fraction
    assert kernels.protection.Protection(fuse_gg(63)).step(fraction, current_a=70.0, duration_s=9.0) == fuse.step(
        fraction, current_a=70.0, duration_s=9.0
    )
