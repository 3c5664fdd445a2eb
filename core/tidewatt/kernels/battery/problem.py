"""What a battery is: how much power it takes and gives when, what that loses, and what it wears.

Shares are parts of the battery's own highest power, state of charge and depth are in percent of usable capacity, and
positive power goes into the battery.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Flags = npt.NDArray[np.bool_]


def points(*pairs: tuple[float, float]) -> tuple[Floats, Floats]:
    """Return the columns of a table."""
    return np.array([at for at, _ in pairs], np.float64), np.array([value for _, value in pairs], np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Straight lines between points; level before the first and after the last.

    Attributes:
        at: float64[B], ascending, at least one.
        value: float64[B].
    """

    at: Floats
    value: Floats

    @classmethod
    def through(cls, *pairs: tuple[float, float]) -> Curve:
        """Return the curve through points given one by one."""
        at, value = points(*pairs)
        return cls(at=at, value=value)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chemistry:
    """How much of its highest power a battery takes and gives; each curve's values are 0 to 1.

    Attributes:
        charge_by_soc: over the state of charge in percent. Charging at constant voltage is its falling end: the more
            slowly a battery is charged for its size, the nearer to full it begins.
        discharge_by_soc: the same for discharging.
        charge_by_temperature: over the temperature in deg C.
        discharge_by_temperature: the same for discharging.
    """

    charge_by_soc: Curve
    discharge_by_soc: Curve
    charge_by_temperature: Curve
    discharge_by_temperature: Curve


LFP = Chemistry(
    charge_by_soc=Curve.through((0, 0.8), (10, 1), (70, 1), (85, 0.6), (95, 0.3), (100, 0.03)),
    discharge_by_soc=Curve.through((0, 0), (5, 0.4), (12, 1)),
    charge_by_temperature=Curve.through((0, 0), (5, 0.2), (15, 0.7), (25, 1), (45, 1), (55, 0)),
    discharge_by_temperature=Curve.through((-30, 0), (-20, 0.1), (0, 0.7), (15, 1), (45, 1), (60, 0)),
)
"""Lithium iron phosphate: no charging at 0 deg C and below, where lithium plates. Cautious values of the usual shape;
a maker's own go before them."""

NMC = Chemistry(
    charge_by_soc=Curve.through((0, 0.7), (10, 1), (50, 1), (80, 0.5), (90, 0.25), (100, 0.03)),
    discharge_by_soc=Curve.through((0, 0), (5, 0.3), (15, 1)),
    charge_by_temperature=Curve.through((-10, 0), (0, 0.1), (10, 0.4), (25, 1), (45, 1), (55, 0)),
    discharge_by_temperature=Curve.through((-30, 0), (-20, 0.3), (0, 0.8), (15, 1), (45, 1), (60, 0)),
)
"""Lithium nickel manganese cobalt oxide: a little below 0 deg C, none from -10 deg C down. Cautious like `LFP`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossModel:
    """What is lost on the way between the terminals and the store, in either direction.

    loss = fixed + proportional x |power| + quadratic x power^2, in kW, and nothing at rest: electronics and pumps that
    run whenever power flows, switching, and the resistance of cables and cells. The fixed part is what makes charging
    with little power inefficient. The values given fit measured onboard chargers within a few points: three quarters
    arrive at 6 A on one phase, nine tenths at 16 A on three.
    """

    fixed_kw: float = 0.25
    proportional: float = 0.065
    quadratic_per_kw: float = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WearModel:
    """What cycles cost: each uses the part 1 / cycles(depth) of the battery's life (Palmgren and Miner's rule).

    Attributes:
        price: of the battery, less what it is worth at the end of its life.
        usable_kwh: what is between 0 and 100 %.
        depth_pct: float64[B], ascending, above 0 to 100.
        cycles: float64[B], full cycles of that depth until the end of life; falling. Between the points and below the
            first the curve is straight on logarithmic axes.
    """

    price: float
    usable_kwh: float
    depth_pct: Floats = field(default_factory=lambda: np.array([10.0, 25.0, 50.0, 80.0, 100.0]))
    cycles: Floats = field(default_factory=lambda: np.array([20000.0, 7000.0, 3000.0, 1500.0, 1000.0]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PowerLimits:
    """Magnitudes, float64[N]; NaN where the state of charge or the temperature is not known.

    Attributes:
        charge_kw: the most that goes into each battery.
        discharge_kw: the most that comes out.
    """

    charge_kw: Floats
    discharge_kw: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cycles:
    """Cycles in the order they end; those that never do are half ones and come last.

    Attributes:
        range: float64[C], highest less lowest value, above 0.
        mean: float64[C], the middle between them.
        count: float64[C], 1 or 0.5.
    """

    range: Floats
    mean: Floats
    count: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SocEstimate:
    """State of charge in percent, float64[N] each; NaN where it is not known.

    Attributes:
        soc_pct: 0 to 100.
        deviation_pct: standard deviation of that.
    """

    soc_pct: Floats
    deviation_pct: Floats
