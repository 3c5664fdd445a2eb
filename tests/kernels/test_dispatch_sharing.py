"""A setpoint is met by units within their own bounds, in the order of merit, in whole steps."""

from types import ModuleType
from typing import Any

from hypothesis import given, settings, strategies as st
import numpy as np
import numpy.typing as npt
import pytest

from tests.kernels import dispatch_judge as judge
from tests.kernels.dispatch_fleets import PERIOD_S, STEP_KW, fleet, fleets, seeded, taken
from tidewatt.kernels.dispatch import Dispatch, Fleet

type Doubles = npt.NDArray[np.float64]

SETPOINTS = st.one_of(st.floats(-300, 300), st.sampled_from([0.0, 1000.0, -1000.0]))
LAWS = ["PROPORTIONAL", "STRICT"]


def dispatched(
    kernels: ModuleType, some: Fleet, setpoint_kw: float, law: str = "PROPORTIONAL", **more: Any
) -> Dispatch:
    """Dispatch with a dispatcher that knows nothing yet."""
    return _dispatcher(kernels, some, law, **more).dispatch(some, setpoint_kw)  # type: ignore[no-any-return]


def _dispatcher(kernels: ModuleType, some: Fleet, law: str = "PROPORTIONAL") -> Any:
    part = kernels.dispatch
    return part.Dispatcher(
        some.soc_pct.size, part.DispatchSettings(period_s=PERIOD_S, step_kw=STEP_KW, law=part.Law[law])
    )


def steps(power_kw: Doubles) -> npt.NDArray[np.int64]:
    """Return powers as the whole numbers of steps that they are."""
    whole = np.rint(power_kw / STEP_KW)
    np.testing.assert_allclose(power_kw, whole * STEP_KW, rtol=1e-12, atol=1e-12)
    return whole.astype(np.int64)


@pytest.mark.parametrize("law", LAWS)
@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoint_kw=SETPOINTS)
def test_everybody_is_within_bounds_and_the_sum_is_as_near_as_can_be(
    kernels: ModuleType, law: str, some: Fleet, setpoint_kw: float
) -> None:
    dispatcher = _dispatcher(kernels, some, law)
    answer = dispatcher.dispatch(some, setpoint_kw)
    ranges = [judge.unit_range(some, unit, dispatcher._settings) for unit in range(some.soc_pct.size)]
    given_steps = steps(answer.power_kw)
    for unit, (one, its) in enumerate(zip(ranges, given_steps, strict=True)):
        assert one.low <= its <= one.high, f"unit {unit}: {its} steps, {one}"
    low, high = sum(one.low for one in ranges), sum(one.high for one in ranges)
    nearest = min(max(setpoint_kw / STEP_KW, low), high)
    assert abs(given_steps.sum() - nearest) <= 0.5 + 1e-9
    assert answer.total_kw == pytest.approx(answer.power_kw.sum())
    assert answer.reach.lowest_kw == pytest.approx(low * STEP_KW)
    assert answer.reach.highest_kw == pytest.approx(high * STEP_KW)


@pytest.mark.parametrize("law", LAWS)
@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoint_kw=SETPOINTS)
def test_nobody_moves_against_the_others(kernels: ModuleType, law: str, some: Fleet, setpoint_kw: float) -> None:
    dispatcher = _dispatcher(kernels, some, law)
    moved = steps(dispatcher.dispatch(some, setpoint_kw).power_kw)
    moved -= judge.rests([judge.unit_range(some, unit, dispatcher._settings) for unit in range(moved.size)])
    assert (moved >= 0).all() or (moved <= 0).all()


@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoint_kw=SETPOINTS)
def test_shares_are_within_one_step_of_the_common_level(kernels: ModuleType, some: Fleet, setpoint_kw: float) -> None:
    dispatcher = _dispatcher(kernels, some)
    ranges = [judge.unit_range(some, unit, dispatcher._settings) for unit in range(some.soc_pct.size)]
    rest = np.array(judge.rests(ranges))
    moved = steps(dispatcher.dispatch(some, setpoint_kw).power_kw) - rest
    charge = bool(moved.sum() > 0)
    ends = np.array([one.high if charge else one.low for one in ranges])
    fair = judge.proportional(
        some, dispatcher._settings, np.abs(ends - rest).astype(np.float64), abs(moved.sum()), charge=charge
    )
    assert np.abs(np.abs(moved) - fair).max() < 1 + 1e-3


@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoint_kw=SETPOINTS)
def test_the_strict_law_serves_as_sorting_would(kernels: ModuleType, some: Fleet, setpoint_kw: float) -> None:
    dispatcher = _dispatcher(kernels, some, "STRICT")
    ranges = [judge.unit_range(some, unit, dispatcher._settings) for unit in range(some.soc_pct.size)]
    rest = np.array(judge.rests(ranges))
    moved = steps(dispatcher.dispatch(some, setpoint_kw).power_kw) - rest
    charge = bool(moved.sum() > 0)
    ends = np.array([one.high if charge else one.low for one in ranges])
    order = judge.strict(
        some, dispatcher._settings, np.abs(ends - rest).astype(np.float64), abs(moved.sum()), charge=charge
    )
    np.testing.assert_array_equal(np.abs(moved), order)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("setpoint_kw", [-1500.0, -312.3, 0.0, 700.0, 2500.0])
def test_a_street_full_of_cars_agrees_with_the_judges(kernels: ModuleType, law: str, setpoint_kw: float) -> None:
    some = seeded(400)
    dispatcher = _dispatcher(kernels, some, law)
    ranges = [judge.unit_range(some, unit, dispatcher._settings) for unit in range(400)]
    rest = np.array(judge.rests(ranges))
    moved = steps(dispatcher.dispatch(some, setpoint_kw).power_kw) - rest
    charge = bool(moved.sum() > 0)
    rooms = np.abs(np.array([one.high if charge else one.low for one in ranges]) - rest).astype(np.float64)
    if law == "STRICT":
        expected = judge.strict(some, dispatcher._settings, rooms, abs(moved.sum()), charge=charge)
        np.testing.assert_array_equal(np.abs(moved), expected)
    else:
        expected = judge.proportional(some, dispatcher._settings, rooms, abs(moved.sum()), charge=charge)
        assert np.abs(np.abs(moved) - expected).max() < 1 + 1e-3


@pytest.mark.parametrize("law", LAWS)
@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoints=st.tuples(SETPOINTS, SETPOINTS))
def test_a_higher_setpoint_lowers_nobody(
    kernels: ModuleType, law: str, some: Fleet, setpoints: tuple[float, float]
) -> None:
    """By the level up to one step, as no rounding that stays within a step of every share can do without."""
    low, high = (steps(dispatched(kernels, some, one, law).power_kw) for one in sorted(setpoints))
    assert (high >= low - (law == "PROPORTIONAL")).all()


@pytest.mark.parametrize("law", LAWS)
@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoint_kw=SETPOINTS)
def test_the_same_setpoint_again_moves_nobody(kernels: ModuleType, law: str, some: Fleet, setpoint_kw: float) -> None:
    """Once no ramp is in the way: until then, those on slow ramps still take over from the others."""
    no_ramps = taken(some, slice(None))
    no_ramps.ramp_kw_per_s[:] = np.inf
    dispatcher = _dispatcher(kernels, no_ramps, law)
    first = dispatcher.dispatch(no_ramps, setpoint_kw).power_kw.copy()
    no_ramps.previous_kw[:] = first
    np.testing.assert_array_equal(dispatcher.dispatch(no_ramps, setpoint_kw).power_kw, first)


def test_slow_ramps_come_to_rest_at_an_unchanged_setpoint(kernels: ModuleType) -> None:
    some = seeded(60)
    dispatcher = _dispatcher(kernels, some)
    for _ in range(40):
        some.previous_kw[:] = dispatcher.dispatch(some, 150.0).power_kw
    np.testing.assert_array_equal(dispatcher.dispatch(some, 150.0).power_kw, some.previous_kw)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("setpoint_kw", [-120.0, 60.0, 222.2])
def test_the_order_of_the_units_does_not_matter(kernels: ModuleType, law: str, setpoint_kw: float) -> None:
    some = seeded(60, weight=np.random.default_rng(4).uniform(0.5, 2, 60))
    order = np.random.default_rng(5).permutation(60)
    straight = dispatched(kernels, some, setpoint_kw, law)
    shuffled = dispatched(kernels, taken(some, order), setpoint_kw, law)
    np.testing.assert_array_equal(shuffled.power_kw, straight.power_kw[order])
    np.testing.assert_array_equal(shuffled.reason, straight.reason[order])


@settings(deadline=None, max_examples=40)
@given(some=fleets(), setpoints=st.lists(SETPOINTS, min_size=2, max_size=5))
def test_what_was_asked_before_does_not_change_the_answer(
    kernels: ModuleType, some: Fleet, setpoints: list[float]
) -> None:
    dispatcher = _dispatcher(kernels, some)
    for setpoint_kw in setpoints:
        answer = dispatcher.dispatch(some, setpoint_kw)
        fresh = dispatched(kernels, some, setpoint_kw)
        np.testing.assert_array_equal(answer.power_kw, fresh.power_kw)
        np.testing.assert_array_equal(answer.reason, fresh.reason)


@pytest.mark.parametrize("setpoint_kw", [-4321.0, -37.7, 37.7, 1234.5, 9999.9])
def test_units_that_are_all_the_same_differ_by_one_step_and_the_first_have_it(
    kernels: ModuleType, setpoint_kw: float
) -> None:
    given_steps = steps(dispatched(kernels, fleet(1000), setpoint_kw).power_kw)
    assert given_steps.sum() == round(setpoint_kw / STEP_KW)
    more, less = np.abs(given_steps).max(), np.abs(given_steps).min()
    assert more - less <= 1
    assert (np.diff(np.abs(given_steps)) <= 0).all()


def test_fleets_larger_than_a_block_are_met_exactly_whatever_was_asked_before(kernels: ModuleType) -> None:
    some = seeded(2500, weight=np.random.default_rng(7).uniform(0.01, 100, 2500))
    dispatcher = _dispatcher(kernels, some)
    for setpoint_kw in (-2000.0, 100.1, 100.2, 3000.0, 0.0, 900.0):
        answer = dispatcher.dispatch(some, setpoint_kw)
        fresh = dispatched(kernels, some, setpoint_kw)
        np.testing.assert_array_equal(answer.power_kw, fresh.power_kw)
        np.testing.assert_array_equal(answer.reason, fresh.reason)
        nearest = min(max(setpoint_kw, answer.reach.lowest_kw), answer.reach.highest_kw)
        assert abs(steps(answer.power_kw).sum() * STEP_KW - nearest) <= 0.05 + 1e-9


def test_the_fullest_least_worn_and_last_to_leave_discharge_most(kernels: ModuleType) -> None:
    some = fleet(soc_pct=[50, 80, 50, 50], cycles=[1000, 1000, 0, 1000], departure_h=[5, 5, 5, 20], weight=[1, 1, 1, 1])
    for law in LAWS:
        power_kw = dispatched(kernels, some, -30.0, law).power_kw
        assert power_kw[0] == power_kw.max()
        assert (power_kw[1:] < power_kw[0]).all()


def test_the_emptiest_and_first_to_leave_charge_most(kernels: ModuleType) -> None:
    some = fleet(soc_pct=[60, 30, 60, 60], cycles=[1000, 1000, 0, 1000], departure_h=[20, 20, 20, 2])
    for law in LAWS:
        power_kw = dispatched(kernels, some, 30.0, law).power_kw
        assert (power_kw[1:] > power_kw[0]).all()


def test_twice_the_weight_is_twice_the_share(kernels: ModuleType) -> None:
    some = fleet(weight=[1, 2, 4])
    assert dispatched(kernels, some, 7.0).power_kw.tolist() == [1.0, 2.0, 4.0]


def test_a_powers_steps_are_decimal_numbers(kernels: ModuleType) -> None:
    assert dispatched(kernels, fleet(3), 0.9).power_kw.tolist() == [0.3, 0.3, 0.3]


def test_an_empty_fleet_cannot_do_anything(kernels: ModuleType) -> None:
    answer = dispatched(kernels, fleet(0), 5.0)
    assert (answer.total_kw, answer.shortfall_kw) == (0.0, 5.0)
    assert answer.shortfall_reason == kernels.dispatch.DispatchReason.POWER_LIMIT
