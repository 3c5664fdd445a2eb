"""What a dispatch is asked and what it answers: columns over the units of a fleet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

type Singles = npt.NDArray[np.float32]
type Doubles = npt.NDArray[np.float64]
type Flags = npt.NDArray[np.bool_]
type Codes = npt.NDArray[np.uint8]


class Law(IntEnum):
    """How the power is shared among the units."""

    PROPORTIONAL = 0
    """All by one level: who comes earlier in the order of merit has more, nobody has all. The default."""
    STRICT = 1
    """One after the other in the order of merit, each to its bound before the next one moves."""


class DispatchReason(IntEnum):
    """Why a unit has the power it has and not more in the direction of the setpoint; also what a shortfall is from."""

    NONE = 0
    """There is no shortfall. No unit has this reason."""
    SHARE = 1
    """It has its share, between its bounds."""
    NOT_CALLED = 2
    """It stands by: others come before it in the order of merit."""
    POWER_LIMIT = 3
    """Its own limit of charge or discharge; of a shortfall: the fleet is too small."""
    NOT_BIDIRECTIONAL = 4
    """It cannot discharge at all."""
    RAMP = 5
    """Its power may not change faster."""
    SOC_CEILING = 6
    """It is full, or would be within the control period."""
    SOC_FLOOR = 7
    """It is at the floor of its state of charge, or would be within the control period."""
    MUST_CHARGE = 8
    """It has to charge now, or it would leave below its target."""
    UNREACHABLE = 9
    """Excluded: nobody can tell it anything. From here on the reasons are exclusions."""
    UNKNOWN_STATE = 10
    """Excluded: its state of charge, state of health or temperature is not known."""
    OVER_TEMPERATURE = 11
    """Excluded: it is too hot."""
    LOW_HEALTH = 12
    """Excluded: its battery's state of health is below the threshold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Fleet:
    """N units at the beginning of a control period. The arrays are read, never written.

    Attributes:
        soc_pct: float32[N], state of charge, 0 to 100; NaN where unknown, which excludes the unit.
        soc_floor_pct: float32[N], 0 to 100: the unit is not discharged below.
        soc_ceiling_pct: float32[N], from the floor to 100: the unit is not charged above.
        target_soc_pct: float32[N], 0 to 100, wanted at the departure; 0 for nothing wanted.
        departure_h: float32[N], hours until the departure, zero or more; infinite for none planned.
        capacity_kwh: float32[N], 0.1 to 100,000.
        charge_limit_kw: float32[N], 0 to 10,000.
        discharge_limit_kw: float32[N], magnitude, 0 to 10,000; 0 where the unit cannot discharge.
        ramp_kw_per_s: float32[N], how fast its power may change, zero or more; infinite for at once.
        previous_kw: float64[N], signed power of the period before, magnitude up to 1,000,000: `Dispatch.power_kw`
            may be given back as it is.
        cycles: float32[N], equivalent full cycles of the battery, 0 to 1,000,000.
        soh_pct: float32[N], state of health, 0 to 200; NaN where unknown, which excludes the unit.
        temperature_c: float32[N], of the battery, -100 to 300; NaN where unknown, which excludes the unit.
        weight: float32[N], priority, 0.001 to 1,000: with twice the weight a unit takes twice the share.
        reachable: bool[N], whether commands get to it.
    """

    soc_pct: Singles
    soc_floor_pct: Singles
    soc_ceiling_pct: Singles
    target_soc_pct: Singles
    departure_h: Singles
    capacity_kwh: Singles
    charge_limit_kw: Singles
    discharge_limit_kw: Singles
    ramp_kw_per_s: Singles
    previous_kw: Doubles
    cycles: Singles
    soh_pct: Singles
    temperature_c: Singles
    weight: Singles
    reachable: Flags


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSettings:
    """What is the same for all units.

    Attributes:
        period_s: length of a control period, 0.01 to 86,400.
        step_kw: every power is a whole multiple of this, 0.01 to 100.
        law: how the power is shared.
        soc_share: what the state of charge counts for in the order of merit, relative to the two others, 0 to 1,000.
        cycle_share: what the cycles count for.
        departure_share: what the departure counts for.
        rated_cycles: cycles that make a battery old, 1 to 1,000,000; more count the same.
        horizon_h: departures farther away than this, and none planned, count the same, 0.01 to 8,760.
        lowest_soh_pct: units below are excluded, 0 to 200.
        highest_temperature_c: units above are excluded, -100 to 300.
    """

    period_s: float
    step_kw: float = 0.1
    law: Law = Law.PROPORTIONAL
    soc_share: float = 0.6
    cycle_share: float = 0.2
    departure_share: float = 0.2
    rated_cycles: float = 3000.0
    horizon_h: float = 24.0
    lowest_soh_pct: float = 70.0
    highest_temperature_c: float = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a fleet can be asked for in this control period: whole steps, in kW."""

    lowest_kw: float
    highest_kw: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dispatch:
    """The answer. The arrays belong to the dispatcher and hold until its next call.

    Attributes:
        power_kw: float64[N], signed power of each unit, the double that is nearest to its whole number of steps.
        reason: uint8[N], the `DispatchReason` of each unit.
        total_kw: sum of the powers.
        reach: the lowest and the highest sum that were possible.
        shortfall_kw: setpoint less total where the setpoint is out of reach, else 0.
        shortfall_reason: what keeps most of the shortfall, NONE without one.
    """

    power_kw: Doubles
    reason: Codes
    total_kw: float
    reach: Reach
    shortfall_kw: float
    shortfall_reason: DispatchReason
