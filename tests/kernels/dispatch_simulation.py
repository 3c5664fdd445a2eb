"""A fleet in the field: commands come late or not at all, units leave, meters are noisy. Everything is seeded."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tests.kernels.dispatch_fleets import PERIOD_S, fleet
from tidewatt.kernels.dispatch import (
    ControlSettings,
    ControlState,
    Dispatcher,
    DispatchSettings,
    Fleet,
    begin,
    step,
)

LOOP = ControlSettings(shortest_delay_s=0.0, longest_delay_s=2 * PERIOD_S, integral_s=5 * PERIOD_S)


@dataclass(kw_only=True)
class Field:
    """Units that obey after one or two periods, if the command gets through, as fast as their ramps allow."""

    fleet: Fleet
    lost: float = 0.03
    noise: float = 0.001
    seed: int = 7

    def __post_init__(self) -> None:
        units = self.fleet.soc_pct.size
        self.random = np.random.default_rng(self.seed)
        self.late = self.random.random(units) < 0.5
        self.power_kw = np.zeros(units)
        self.target_kw = np.zeros(units)
        self.under_way_kw = np.zeros(units)
        self.here = np.ones(units, np.bool_)
        self.known_here = [self.here, self.here]
        self.capacity_kw = float(self.fleet.charge_limit_kw.sum())

    def leave(self, share: float) -> None:
        """Some units are unplugged; it is two periods until anybody knows."""
        self.here = self.here & (self.random.random(self.here.size) >= share)

    def command(self, power_kw: npt.NDArray[np.float64]) -> None:
        """One period goes by with new commands on their way."""
        received = self.random.random(power_kw.size) >= self.lost
        arrived_kw = np.where(self.late, self.under_way_kw, power_kw)
        self.under_way_kw = power_kw.copy()
        self.target_kw = np.where(received, arrived_kw, self.target_kw)
        reach_kw = self.fleet.ramp_kw_per_s * PERIOD_S
        moved_kw = self.power_kw + np.clip(self.target_kw - self.power_kw, -reach_kw, reach_kw)
        self.power_kw = np.where(self.here, moved_kw, 0.0)
        self.known_here = [self.here, self.known_here[0]]
        soc_pct = self.fleet.soc_pct + 100.0 * self.power_kw * PERIOD_S / 3600.0 / self.fleet.capacity_kwh
        self.fleet = replace(
            self.fleet,
            soc_pct=np.clip(soc_pct, 0.0, 100.0).astype(np.float32),
            previous_kw=power_kw.copy(),
            reachable=self.known_here[1],
        )

    @property
    def total_kw(self) -> float:
        """What all units really draw."""
        return float(self.power_kw.sum())

    def metered_kw(self) -> float:
        """What the meter shows of it."""
        return self.total_kw + self.noise * self.capacity_kw * float(self.random.standard_normal())


def ordinary(units: int, seed: int = 3) -> Fleet:
    """A bidirectional fleet that gets from nothing to full power within two periods."""
    random = np.random.default_rng(seed)
    limit_kw = random.choice([7.4, 11.0, 22.0], units)
    return fleet(
        units,
        soc_pct=random.uniform(30, 80, units),
        capacity_kwh=random.choice([40, 58, 77, 100], units),
        charge_limit_kw=limit_kw,
        discharge_limit_kw=limit_kw,
        ramp_kw_per_s=limit_kw * random.choice([0.05, 0.1, 0.5], units),
        cycles=random.uniform(0, 2000, units),
        departure_h=random.uniform(2, 20, units),
    )


def follow(
    field: Field,
    setpoint_kw: Callable[[int], float],
    periods: int,
    *,
    loop: ControlSettings = LOOP,
    event: Callable[[int, Field], None] = lambda _period, _field: None,
) -> npt.NDArray[np.float64]:
    """Let the loop follow setpoints for a number of periods; return what the fleet really drew after each."""
    dispatcher = Dispatcher(field.fleet.soc_pct.size, DispatchSettings(period_s=PERIOD_S))
    state: ControlState = begin(loop, field.metered_kw())
    totals = np.zeros(periods)
    for period in range(periods):
        event(period, field)
        wish_kw, state = step(
            state,
            loop,
            setpoint_kw=setpoint_kw(period),
            measured_kw=field.metered_kw(),
            reach=dispatcher.reach(field.fleet),
            dt_s=PERIOD_S,
        )
        field.command(dispatcher.dispatch(field.fleet, wish_kw).power_kw)
        totals[period] = field.total_kw
    return totals
