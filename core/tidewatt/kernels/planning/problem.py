"""What a plan is asked and what it answers: arrays over the slots, circuits and storage units of one site.

Storage units are vehicles while they are plugged in, and stationary batteries: both take and give energy within limits.
Power is in kW and energy in kWh, because prices are per kWh. A positive power is drawn from the grid or into a unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int32]
type Signs = npt.NDArray[np.int8]


class PlanReason(IntEnum):
    """Why a unit has the power it has in a slot."""

    ABSENT = 0
    """It is not there."""
    PRICE = 1
    """The slot's price, wear included, makes just this worth while: a little more or less would cost more."""
    UNIT_LIMIT = 2
    """Its own highest power binds: more would pay."""
    CIRCUIT_LIMIT = 3
    """The limit of a circuit on the way to the root binds: more would pay. `binding_circuit` names it."""
    PEAK = 4
    """More would raise the peak that is charged for by more than it saves."""
    FULL = 5
    """Its energy is, or will have to be, at the ceiling: more charging has no room."""
    FLOOR = 6
    """Its energy is, or will have to be, at the floor: more discharging is not allowed."""
    TARGET = 7
    """It charges though the slot is not cheap, or keeps its energy though selling pays: the target needs it."""
    MINIMUM_POWER = 8
    """What the prices alone would say cannot be: a power below the minimum, or charging and discharging at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanProblem:
    """T slots of equal length, V circuits in a tree (every parent before its children), N units on them, P peaks.

    The arrays are read, never written. Limits are magnitudes, zero or more, infinite for none.

    Attributes:
        slot_h: length of a slot in hours, for example 0.25.
        import_price_per_kwh: float64[T], what energy from the grid costs; may be negative.
        export_price_per_kwh: float64[T], what energy to the grid earns; may be negative.
        co2_kg_per_kwh: float64[T], emissions of energy from the grid.
        co2_price_per_kg: what a kilogram counts in the objective.
        peak: int32[T], the billing period whose peak import a slot counts in, 0 to P - 1, or -1 for none.
        peak_price_per_kw: float64[P], what each kW of the highest slot import of a period costs.
        peak_so_far_kw: float64[P], the highest import the period has seen already.
        parent: int32[V], index of the parent circuit, -1 for the root at index 0, which is the grid connection;
            at most 64 levels.
        import_limit_kw: float64[V, T], highest power drawn through a circuit.
        export_limit_kw: float64[V, T], highest power fed back through a circuit.
        base_kw: float64[V, T], forecast of load less generation through the circuit that is not of the listed units,
            all circuits below included.
        circuit: int32[N], the circuit a unit hangs on.
        arrival_slot: int32[N], the first slot a unit is there.
        departure_slot: int32[N], the first slot it is gone again, after arrival_slot, at most T.
        charge_limit_kw: float64[N], highest power into the unit, at its terminals on the circuit.
        discharge_limit_kw: float64[N], highest power out of it there; 0 for a unit that cannot.
        minimum_kw: float64[N], lowest power other than zero, in either direction; 0 for any.
        charge_efficiency: float64[N], energy stored per energy drawn, above 0 to 1.
        discharge_efficiency: float64[N], energy given per energy taken from store, above 0 to 1.
        wear_per_kwh: float64[N], cost of each kWh given at the terminals.
        energy_kwh: float64[N], stored at arrival.
        floor_kwh: float64[N], not to be discharged below; a unit that arrives below it is charged up to it first.
        ceiling_kwh: float64[N], not to be charged above; at least floor_kwh.
        target_kwh: float64[N], wanted at departure, at most ceiling_kwh; for a battery what it should hold at the end.
        unmet_price_per_kwh: float64[N], what each kWh short of the target counts; above every price of energy for a
            target that is to be met whenever possible.
        end_value_per_kwh: float64[N], what each kWh above the target is worth at departure.
    """

    slot_h: float
    import_price_per_kwh: Floats
    export_price_per_kwh: Floats
    co2_kg_per_kwh: Floats
    co2_price_per_kg: float
    peak: Integers
    peak_price_per_kw: Floats
    peak_so_far_kw: Floats
    parent: Integers
    import_limit_kw: Floats
    export_limit_kw: Floats
    base_kw: Floats
    circuit: Integers
    arrival_slot: Integers
    departure_slot: Integers
    charge_limit_kw: Floats
    discharge_limit_kw: Floats
    minimum_kw: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    wear_per_kwh: Floats
    energy_kwh: Floats
    floor_kwh: Floats
    ceiling_kwh: Floats
    target_kwh: Floats
    unmet_price_per_kwh: Floats
    end_value_per_kwh: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InteriorState:
    """What a later plan of the same circuits and units starts from: the prices of this one.

    Attributes:
        price_per_kwh: float64[V, T], what one more kWh at each circuit costs.
        energy_price_per_kwh: float64[N, T], what one more kWh stored during a slot is worth; 0 where absent.
        import_price_per_kwh: float64[T], the prices they belong to, by which a horizon that has moved on is recognised.
    """

    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    import_price_per_kwh: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The answer. It always exists: what cannot be kept is kept as far as possible, priced and named.

    Breaches are ranked: a circuit's limit gives way last, before it a unit's floor, before that a target.

    Attributes:
        power_kw: float64[N, T], positive into the unit; 0 where it is absent.
        energy_kwh: float64[N, T + 1], stored at the start of each slot and at the end; constant while absent.
        import_kw: float64[T], drawn from the grid.
        export_kw: float64[T], fed into it; never both in one slot.
        peak_kw: float64[P], highest slot import of each period, at least what it has seen already.
        unmet_kwh: float64[N], short of the target at departure.
        floor_breach_kwh: float64[N], the most that a unit is below its floor after its first slots of charging at full
            power could have lifted it there; 0 in a sound plan.
        limit_breach_kw: float64[V, T], over a circuit's limit, in either direction; 0 unless the base alone breaks it.
        reason: int8[N, T], a `PlanReason`.
        binding_circuit: int32[N, T], the circuit that a reason is about, -1 where it is about none.
        price_per_kwh: float64[V, T], what one more kWh at each circuit would cost: the grid's price plus those of the
            binding limits on the way, and of the peak.
        energy_price_per_kwh: float64[N, T], what one more kWh stored during a slot would be worth; 0 while absent.
        cost: what the plan costs: energy, CO2, wear, peaks above what they are already, less end values. No penalties.
        objective: cost plus penalties, computed from the powers above and nothing else.
        bound: no plan of this problem has a lower objective.
        gap: (objective - bound) / (1 + |objective|).
        iterations: interior point steps, 0 for the direct solution of one unit.
        state: what makes the plan of a little later faster; None where nothing does.
    """

    power_kw: Floats
    energy_kwh: Floats
    import_kw: Floats
    export_kw: Floats
    peak_kw: Floats
    unmet_kwh: Floats
    floor_breach_kwh: Floats
    limit_breach_kw: Floats
    reason: Signs
    binding_circuit: Integers
    price_per_kwh: Floats
    energy_price_per_kwh: Floats
    cost: float
    objective: float
    bound: float
    gap: float
    iterations: int
    state: InteriorState | None
