"""The bands of the standards: what a device must carry, and what must open it."""

import math
from types import ModuleType

import pytest

from tests.kernels.protection_cases import BREAKERS, FUSES
from tidewatt.kernels.protection import BreakerType, breaker, fuse_gg, no_overload
from tidewatt.kernels.protection.curves import GATES_GG

HOUR_S = 3600.0


@pytest.mark.parametrize(
    ("rated_a", "hours"),
    [(16, 1), (25, 1), (63, 1), (80, 2), (100, 2), (160, 2), (200, 3), (250, 3), (400, 3), (500, 4), (630, 4)],
)
def test_a_fuse_carries_a_quarter_more_for_its_conventional_time_and_melts_at_six_tenths_more(
    kernels: ModuleType, rated_a: float, hours: int
) -> None:
    """IEC 60269-1, conventional times and currents for gG fuse-links."""
    fuse = kernels.protection.Protection(fuse_gg(rated_a))
    assert fuse.earliest_s(current_a=1.25 * rated_a) == hours * HOUR_S
    assert fuse.latest_s(current_a=1.6 * rated_a) == hours * HOUR_S
    assert fuse.latest_s(current_a=1.59 * rated_a) == math.inf
    assert fuse.earliest_s(current_a=rated_a) == math.inf


@pytest.mark.parametrize("rated_a", FUSES)
def test_a_fuse_passes_its_gates(kernels: ModuleType, rated_a: float) -> None:
    """IEC 60269-1, gates for specified pre-arcing times."""
    ten_s_a, five_s_a, least_a, most_a = GATES_GG[rated_a]
    fuse = kernels.protection.Protection(fuse_gg(rated_a))
    assert fuse.earliest_s(current_a=ten_s_a) == pytest.approx(10)
    assert fuse.latest_s(current_a=five_s_a) == 5
    assert fuse.earliest_s(current_a=least_a) == pytest.approx(0.1)
    assert fuse.latest_s(current_a=most_a) == 0.1
    assert fuse.earliest_s(current_a=least_a * 1.001) == 0


def test_fuses_two_ratings_apart_are_selective() -> None:
    """1 : 1.6 by construction of the standard's table, which guards the numbers against a slip of the pen."""
    for smaller, larger in zip(FUSES, FUSES[2:], strict=False):
        assert GATES_GG[smaller][3] == GATES_GG[larger][2]
        assert 1.5 <= larger / smaller <= 1.6


@pytest.mark.parametrize("rated_a", BREAKERS)
@pytest.mark.parametrize("kind", BreakerType)
def test_a_breaker_keeps_to_the_standard(kernels: ModuleType, kind: BreakerType, rated_a: float) -> None:
    """IEC 60898-1, time-current operating characteristics, tests a to e."""
    device = kernels.protection.Protection(breaker(kind, rated_a))
    conventional_s = HOUR_S if rated_a <= 63 else 2 * HOUR_S
    lowest, highest = {"B": (3, 5), "C": (5, 10), "D": (10, 20)}[kind.name]
    assert device.earliest_s(current_a=1.13 * rated_a) >= conventional_s
    assert device.latest_s(current_a=1.45 * rated_a) == conventional_s
    assert device.earliest_s(current_a=2.55 * rated_a) >= 1
    assert device.latest_s(current_a=2.55 * rated_a) == (60 if rated_a <= 32 else 120)
    assert device.earliest_s(current_a=lowest * rated_a) == pytest.approx(0.1)
    assert device.earliest_s(current_a=1.001 * lowest * rated_a) == 0
    assert device.latest_s(current_a=highest * rated_a) == 0.1


def test_an_unknown_device_allows_no_overload(kernels: ModuleType) -> None:
    device = kernels.protection.Protection(no_overload(25.0))
    assert device.earliest_s(current_a=25.0) == math.inf
    assert device.earliest_s(current_a=25.001) == 0
    assert device.headroom_a(0.0, duration_s=1.0) == 25
    assert device.step(0.0, current_a=25.0, duration_s=1e6) == 0
    assert device.step(0.0, current_a=26.0, duration_s=0.001) == 1


def test_a_warm_place_shifts_the_whole_band(kernels: ModuleType) -> None:
    plain = kernels.protection.Protection(breaker(BreakerType.B, 32.0))
    derated = kernels.protection.Protection(breaker(BreakerType.B, 32.0).derated(0.8))
    assert derated.headroom_a(0.0, duration_s=HOUR_S) == pytest.approx(0.8 * plain.headroom_a(0.0, duration_s=HOUR_S))
    assert derated.earliest_s(current_a=0.8 * 40) == pytest.approx(plain.earliest_s(current_a=40.0))


def test_what_flows_back_heats_as_much(kernels: ModuleType) -> None:
    device = kernels.protection.Protection(fuse_gg(25))
    assert device.earliest_s(current_a=-30.0) == device.earliest_s(current_a=30.0)
    assert device.latest_s(current_a=-60.0) == device.latest_s(current_a=60.0)
    assert device.step(0.5, current_a=-30.0, duration_s=60.0) == device.step(0.5, current_a=30.0, duration_s=60.0)


def test_an_evening_behind_a_house_fuse(kernels: ModuleType) -> None:
    """25 A gG, warm from hours at 20 A: 30 A are safe for a good half hour, not for an hour; then it has to cool."""
    fuse = kernels.protection.Protection(fuse_gg(25))
    warm = fuse.step(0.0, current_a=20.0, duration_s=1.0)
    assert warm == pytest.approx((20 / 31.25) ** 2)
    assert 1800 < fuse.lasting_s(warm, current_a=30.0) < 3600
    after = fuse.step(warm, current_a=30.0, duration_s=1800.0)
    assert fuse.headroom_a(after, duration_s=1800.0) < 30
    cooled = fuse.step(after, current_a=10.0, duration_s=6 * 3600.0)
    assert fuse.headroom_a(cooled, duration_s=1800.0) > 30
