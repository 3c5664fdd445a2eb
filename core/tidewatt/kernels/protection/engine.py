"""What a protective device still allows."""

from __future__ import annotations

import math

import numpy as np

from tidewatt.kernels.validation import check_number, check_values, refuse

from ._tripping import Tripping
from .curves import LARGEST_A, Floats, TripCurve

CURRENT_REMEDY = "Give a current in A, to +-1e6; where it is unknown, the largest that may be."
FRACTION_REMEDY = "Give the fraction of the step before, 0 to 1; where it is unknown, `warm`."
DURATION_REMEDY = "Give seconds, 0 to 1e9."
LONGEST_S = 1e9


class Protection:
    """One device, prepared once: how close it may be to opening, and what may flow without opening it.

    The state is one number, `fraction`: 0 for a cold device, 1 for one that may open now. It survives restarts. Above
    the rating it rises by the time at a current over the time the early edge allows there. At or below the rating it
    falls, with the time constant of cooling, to what that current keeps up for ever: the square of the current over
    the conventional non-tripping current. Currents count by magnitude, in both directions alike.

    Attributes:
        warm: the fraction of a device that has carried its rated current for ever: the start where nothing is known.
    """

    def __init__(self, curve: TripCurve) -> None:
        """Prepare.

        Args:
            curve: the band of the device, derated where it is warm.
        """
        self._curve = curve
        gates = np.array(curve.earliest, dtype=np.float64).reshape(-1, 2).T.copy()
        self.warm = (curve.rated_a / curve.earliest[0][0]) ** 2 if curve.earliest else 0.0
        self._tripping = Tripping(
            rated_a=curve.rated_a, warm=self.warm, cooling_s=curve.cooling_s, gate_a=gates[0], gate_s=gates[1]
        )

    def earliest_s(self, *, current_a: float) -> float:
        """Return for how many seconds a cold device carries a current at least; infinite up to its rating.

        Raises:
            ValueError: the current is not usable.
        """
        check_number("current_a", current_a, -LARGEST_A, LARGEST_A, CURRENT_REMEDY)
        return float(self._tripping.earliest_s(current_a))

    def latest_s(self, *, current_a: float) -> float:
        """Return within how many seconds a current opens the device; infinite where no gate says.

        Raises:
            ValueError: the current is not usable.
        """
        check_number("current_a", current_a, -LARGEST_A, LARGEST_A, CURRENT_REMEDY)
        return min((time_s for gate_a, time_s in self._curve.latest if abs(current_a) >= gate_a), default=math.inf)

    def step(self, fraction: float, *, current_a: float, duration_s: float) -> float:
        """Return the fraction after a while of constant current.

        Raises:
            ValueError: a number is not usable.
        """
        check_number("fraction", fraction, 0, 1, FRACTION_REMEDY)
        check_number("current_a", current_a, -LARGEST_A, LARGEST_A, CURRENT_REMEDY)
        check_number("duration_s", duration_s, 0, LONGEST_S, DURATION_REMEDY)
        return float(self._tripping.step(fraction, current_a, duration_s))

    def run(self, fraction: float, current_a: Floats, *, step_s: float) -> Floats:
        """Return the fractions at the ends of steps.

        Args:
            fraction: at the start.
            current_a: float64[T], constant within each step, A.
            step_s: length of a step, s.

        Returns:
            float64[T].

        Raises:
            ValueError: the array or a number is not usable.
        """
        check_number("fraction", fraction, 0, 1, FRACTION_REMEDY)
        check_number("step_s", step_s, 0, LONGEST_S, DURATION_REMEDY)
        check_values("current_a", current_a, np.float64, (np.size(current_a),))
        fractions = np.empty(current_a.size)
        if not self._tripping.run(fraction, current_a, step_s, fractions):
            refuse("current_a", current_a, ~(np.abs(current_a) <= LARGEST_A), CURRENT_REMEDY)
        return fractions

    def lasting_s(self, fraction: float, *, current_a: float) -> float:
        """Return for how many more seconds a current is sure not to open the device; infinite up to its rating.

        Raises:
            ValueError: a number is not usable.
        """
        check_number("fraction", fraction, 0, 1, FRACTION_REMEDY)
        earliest_s = self.earliest_s(current_a=current_a)
        return earliest_s if math.isinf(earliest_s) else (1.0 - fraction) * earliest_s

    def headroom_a(self, fraction: float, *, duration_s: float) -> float:
        """Return the largest current that is sure not to open the device for a time; its rating at least.

        Raises:
            ValueError: a number is not usable.
        """
        check_number("fraction", fraction, 0, 1, FRACTION_REMEDY)
        check_number("duration_s", duration_s, 0, LONGEST_S, DURATION_REMEDY)
        if fraction >= 1.0:
            return self._curve.rated_a
        return float(self._tripping.largest_a(duration_s / (1.0 - fraction)))
