"""What an allocation is asked and what it answers: arrays over the circuits and chargers of one site."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int32]
type Bytes = npt.NDArray[np.uint8]
type Signs = npt.NDArray[np.int8]
type Flags = npt.NDArray[np.bool_]


class BindingCode(IntEnum):
    """The kind of constraint that kept a charger from more."""

    NONE = 0
    """Nothing: the charger is not part of an answer yet. No charger of a finished allocation has it."""
    MAXIMUM = 1
    """Its own maximum (or its step grid has no point between minimum and maximum)."""
    CIRCUIT_CURRENT = 2
    """The current limit of a circuit on a phase: import for charging, export for discharging."""
    CIRCUIT_POWER = 3
    """The total power limit of a circuit."""
    IMBALANCE = 4
    """The imbalance limit of a circuit; the phase is the one whose load, relative to another, would be too high."""
    BELOW_MINIMUM = 5
    """It is paused: beside the others' minima, the named circuit and phase have less left than its own minimum."""
    OUTWEIGHED = 6
    """It is paused: its minimum would fit, but others make more of that current (with `Objective.UTILITY` only)."""


class Objective(IntEnum):
    """What decides who is on where not everybody can have all that is wanted."""

    SERVED = 0
    """Serve as much weight as possible: nobody whose minimum fits is paused so that others get more."""
    UTILITY = 1
    """Raise the sum of weight x ln(1 + current / 6 A): a light charger is paused where heavier ones gain more.

    The fair shares are then of the geometric mean of a charger's current and the sum of it over its phases: a
    three-phase charger, which loads three phases, has 1 / sqrt(3) of the current of a single-phase one.
    """


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AllocationProblem:
    """V circuits in a tree, every parent before its children, and N chargers on them.

    A positive current is drawn from the grid. Limits are magnitudes, zero or more, infinite for none. The arrays are
    read, never written.

    Attributes:
        parent: int32[V], index of the parent circuit, -1 for the root at index 0; at most 64 levels.
        import_limit_a: float64[V, 3], highest current per phase drawn through the circuit.
        export_limit_a: float64[V, 3], highest current per phase fed back through the circuit.
        base_a: float64[V, 3], signed current through the circuit that is not of the listed chargers, all circuits
            below included; 0 where there is no meter.
        total_import_limit_w: float64[V], highest power over all phases drawn through the circuit.
        total_export_limit_w: float64[V], highest power over all phases fed back through the circuit.
        imbalance_limit_a: float64[V], highest difference between the currents of two phases.
        voltage_v: float64[3], phase to neutral, 1 to 100,000 V, or zero for a phase that does not exist.
        circuit: int32[N], the circuit a charger hangs on.
        phases: uint8[N], phases a charger uses: bit 0 for L1, bit 1 for L2, bit 2 for L3.
        minimum_a: float64[N], lowest magnitude other than zero, per phase.
        maximum_a: float64[N], highest magnitude per phase, at least the minimum, at most 10,000.
        direction: int8[N], +1 to charge, -1 to discharge.
        step_a: float64[N], the charger takes whole multiples of this; 0 for any current. Else at least 0.001.
        weight: float64[N], share relative to others, from 1e-9 to 1e9.
        locked_on: bool[N], admitted before all that are not (a minimum on-time is running).
        incumbent: bool[N], is on now: its weight counts a quarter more, so that a swap needs a real gain.
        deficit: float64[N], added to the weight when it is decided who is on, from 0 to 1e12: what a charger has
            earned by waiting. One that waits long enough outgrows every weight.
        tier: uint8[N], 0 before 1 and so on: a tier is admitted and filled before the next gets anything but the minima
            of its chargers that are locked on.
        relied_a: float64[N], the discharge that a meter sees now. So much of what the charger is given is counted on
            as room for charging; 0 where there is no meter, and without meaning for a charger that charges.
    """

    parent: Integers
    import_limit_a: Floats
    export_limit_a: Floats
    base_a: Floats
    total_import_limit_w: Floats
    total_export_limit_w: Floats
    imbalance_limit_a: Floats
    voltage_v: Floats
    circuit: Integers
    phases: Bytes
    minimum_a: Floats
    maximum_a: Floats
    direction: Signs
    step_a: Floats
    weight: Floats
    locked_on: Flags
    incumbent: Flags
    deficit: Floats
    tier: Bytes
    relied_a: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allocation:
    """The answer, in the order of the problem's chargers and circuits.

    Attributes:
        current_a: float64[N], signed current on each phase the charger uses; 0 for a pause.
        binding: int8[N], the `BindingCode` of the constraint that kept the charger from more.
        binding_circuit: int32[N], the circuit of that constraint, -1 for the charger's own maximum.
        binding_phase: int8[N], the phase of that constraint, 0 for L1, -1 where it has none.
        headroom_a: float64[V, 3], import limit less base less charging, with every discharge counted as zero but for
            what is relied on; infinite without a limit, negative where the base alone is above it.
    """

    current_a: Floats
    binding: Signs
    binding_circuit: Integers
    binding_phase: Signs
    headroom_a: Floats
