"""Ten thousand units with delays, losses, ramps and noise follow a setpoint: hardly over it, and soon."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tests.kernels.dispatch_simulation import Field, follow, ordinary

UNITS = 10_000
SETTLED = 60
"""Periods before the step: the loop begins at a fleet at rest."""


def assert_follows(totals: npt.NDArray[np.float64], before: float, after: float, periods: int = 5) -> None:
    """Overshoot at most 2 % of the step, within 2 % of it after some periods and from then on."""
    progress = (totals[SETTLED:] - before) / (after - before)
    assert progress.max() <= 1.02
    assert np.abs(progress[periods:] - 1).max() <= 0.02, np.round(progress[:12], 3)


def stepped(field: Field, before: float, after: float) -> npt.NDArray[np.float64]:
    """Follow a setpoint of one part of the capacity, then of another."""
    capacity_kw = field.capacity_kw
    return (
        follow(field, lambda period: capacity_kw * (before if period < SETTLED else after), SETTLED + 40) / capacity_kw
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    ("before", "after"), [(0.1, 0.6), (0.0, 0.5), (0.25, -0.25), (-0.25, 0.25), (-0.1, -0.6), (0.6, 0.1)], ids=str
)
def test_a_step_of_half_the_fleet(seed: int, before: float, after: float) -> None:
    field = Field(fleet=ordinary(UNITS, seed), seed=seed)
    assert_follows(stepped(field, before, after), before, after)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("high", [1.0, 1.5, 5.0])
def test_out_of_saturation(seed: int, high: float) -> None:
    """A setpoint far above what the fleet can do for a long time leaves nothing behind."""
    field = Field(fleet=ordinary(UNITS, seed), seed=seed)
    assert_follows(stepped(field, high, 0.5), 1.0, 0.5)


@pytest.mark.parametrize(("lost", "noise"), [(0.0, 0.0), (0.1, 0.001), (0.03, 0.003)])
def test_with_more_losses_or_noise(lost: float, noise: float) -> None:
    field = Field(fleet=ordinary(UNITS), lost=lost, noise=noise)
    assert_follows(stepped(field, 0.1, 0.6), 0.1, 0.6)


def test_units_that_leave_are_made_up_for() -> None:
    field = Field(fleet=ordinary(UNITS))
    capacity_kw = field.capacity_kw

    def unplug(period: int, plant: Field) -> None:
        if period == SETTLED:
            plant.leave(0.05)

    totals = follow(field, lambda _: capacity_kw / 2, SETTLED + 40, event=unplug) / capacity_kw
    assert totals[SETTLED] < 0.48
    assert totals[SETTLED:].max() <= 0.5 * 1.03
    assert np.abs(totals[SETTLED + 8 :] - 0.5).max() <= 0.01


def test_nothing_is_left_over_when_the_meter_reads_too_much() -> None:
    """The loop works off what the meter shows, here 3 % of the capacity that is none of the fleet's doing."""
    field = Field(fleet=ordinary(UNITS), noise=0.0)
    capacity_kw = field.capacity_kw
    metered: Callable[[], float] = field.metered_kw
    field.metered_kw = lambda: metered() + 0.03 * capacity_kw  # type: ignore[method-assign]
    totals = follow(field, lambda _: capacity_kw / 2, 80) / capacity_kw
    assert totals[-1] == pytest.approx(0.47, abs=0.001)


def test_the_simulation_is_the_same_every_time() -> None:
    once, again = (stepped(Field(fleet=ordinary(500)), 0.1, 0.6) for _ in range(2))
    np.testing.assert_array_equal(once, again)
