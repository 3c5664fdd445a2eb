"""What is asked about a site with line-to-line chargers, and what is answered.

Lines are L1, L2, L3 and the neutral, in this order. A current phasor is a complex number in A, its angle against the
same reference as that of the voltages. A line's current is positive from the grid; the neutral's is the sum of the
three.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Phasors = npt.NDArray[np.complex128]
type Integers = npt.NDArray[np.int32]
type Bytes = npt.NDArray[np.uint8]
type Signs = npt.NDArray[np.int8]

L1, L2, L3 = 1, 2, 4
L1_L2, L2_L3, L3_L1 = 3, 6, 5
THREE_PHASE = 7


class LineBinding(IntEnum):
    """What kept a charger from more."""

    MAXIMUM = 1
    """Its own maximum (or its step grid has no point between minimum and maximum)."""
    LINE = 2
    """The limit of a circuit's line."""
    BELOW_MINIMUM = 3
    """It is paused: beside the minima of heavier chargers a circuit's line has less left than its own minimum."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineSite:
    """How N chargers are wired to V circuits in a tree, every parent before its children.

    The arrays are read, never written.

    Attributes:
        voltage_v: complex128[3], voltages of L1 to L3 to neutral at the root, as phasors; 0 for a line that does not
            exist. 120 V and -120 V are the two legs of a split phase.
        parent: int32[V], index of the parent circuit, -1 for the root at index 0; at most 64 levels.
        turns_ratio: float64[V], 0 where a circuit hangs on its parent by wire; else it hangs on a transformer, delta
            towards the parent and wye towards the circuit, and this is the parent's voltage between two lines over
            the circuit's voltage to neutral: 4 for 480 V to 120/208 V.
        circuit: int32[N], the circuit a charger hangs on.
        lines: uint8[N], what it is connected to: 1, 2, 4 for L1, L2, L3 and neutral; 3, 6, 5 for L1-L2, L2-L3, L3-L1;
            7 for all three with equal currents.
        lag_deg: float64[N], how far its current lags its voltage; 0 for unity power factor, negative where it leads,
            from -90 to 90. At most 32 different directions may meet in one line.
    """

    voltage_v: Phasors
    parent: Integers
    turns_ratio: Floats
    circuit: Integers
    lines: Bytes
    lag_deg: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineRequest:
    """What the circuits can carry and what the chargers can take at one moment.

    Attributes:
        limit_a: float64[V, 4], highest current of L1, L2, L3 and neutral; infinite for none.
        base_a: complex128[V, 3], current phasors of everything that is not of the listed chargers, all circuits below
            included; for resistive loads to neutral in the direction of the line's voltage.
        base_unsure_a: float64[V, 3], the same where only the magnitude is known; it is added to whatever else there is
            in the worst direction.
        minimum_a: float64[N], lowest current other than zero.
        maximum_a: float64[N], highest current, at least the minimum, at most 2,000.
        step_a: float64[N], the charger takes whole multiples of this; 0 for any current. Else at least 0.01.
        weight: float64[N], share relative to others, from 1e-9 to 1e9.
    """

    limit_a: Floats
    base_a: Phasors
    base_unsure_a: Floats
    minimum_a: Floats
    maximum_a: Floats
    step_a: Floats
    weight: Floats


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineCurrents:
    """What flows in every line.

    Attributes:
        line_a: complex128[V, 4], the current phasors, without what is only known by magnitude.
        worst_a: float64[V, 4], the highest magnitude that can come about when any chargers take less than they are
            given, with the unsure base added to it.
        violated_circuit: the first circuit with a line whose worst magnitude is above its limit, -1 for none.
        violated_line: that line, 0 for L1 to 3 for neutral, -1 for none.
    """

    line_a: Phasors
    worst_a: Floats
    violated_circuit: int
    violated_line: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineShare:
    """Currents of the chargers and what bound them.

    Attributes:
        current_a: float64[N], 0 for a pause.
        binding: int8[N], a `LineBinding`.
        binding_circuit: int32[N], the circuit of the binding line, -1 for the charger's own maximum.
        binding_line: int8[N], that line, 0 for L1 to 3 for neutral, -1 where there is none.
    """

    current_a: Floats
    binding: Signs
    binding_circuit: Integers
    binding_line: Signs
