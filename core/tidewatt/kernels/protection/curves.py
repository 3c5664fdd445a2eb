"""The bands within which fuses and miniature circuit breakers open, as their standards bound them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tidewatt.kernels.validation import check_kind, check_number

type Floats = npt.NDArray[np.float64]
type Gates = tuple[tuple[float, float], ...]

LARGEST_A = 1e6
LONGEST_S = 1e6
MOST_GATES = 32
"""Far beyond anything that is built, and near enough that no quotient overflows."""

LARGEST_NON_TRIPPING = 2.0
"""Over the rating; standards have 1.05 to 1.5. From it follows how warm rated load makes a device: a gate of seconds in
its place would make that next to nothing."""

ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TripCurve:
    """The band of one device, from its cold state; as narrow as its standard makes it, or its maker's data sheet.

    Attributes:
        rated_a: carried for ever, A.
        earliest: (current in A, time in s): at this current the device stays closed for at least this long. Currents
            rise and times fall. The first pair is that of the conventional non-tripping current, at most twice the
            rating. Without any, no overload is allowed.
        latest: (current in A, time in s): at this current the device opens within this time, which is none that
            `earliest` has it carried for. Currents rise and times fall.
        cooling_s: time constant with which it forgets an overload, s.
    """

    rated_a: float
    earliest: Gates = ()
    latest: Gates = ()
    cooling_s: float = 3600.0

    def __post_init__(self) -> None:
        """Refuse a curve that cannot be.

        Raises:
            ValueError: names the field, the value and the remedy.
        """
        check_number("rated_a", self.rated_a, 1e-3, LARGEST_A, "Give the rated current in A, 0.001 to 1e6.")
        check_number("cooling_s", self.cooling_s, 1e-3, LONGEST_S, "Give seconds, 0.001 to 1e6.")
        _check_gates("earliest", self.earliest)
        _check_gates("latest", self.latest)
        for field in ("earliest", "latest"):
            gates: Gates = getattr(self, field)
            if gates and gates[0][0] <= self.rated_a:
                raise ValueError(f"{field}[0]: {gates[0]!r} is not usable. Give a current above rated_a.")
        if self.earliest and self.earliest[0][0] > LARGEST_NON_TRIPPING * self.rated_a:
            remedy = f"Give the conventional non-tripping current first, at most {LARGEST_NON_TRIPPING:g} x rated_a."
            raise ValueError(f"earliest[0]: {self.earliest[0]!r} is not usable. {remedy}")
        for place, (current_a, time_s) in enumerate(self.latest):
            carried_s = max(
                (gate_s * (gate_a / current_a) ** 2 for gate_a, gate_s in self.earliest if current_a <= gate_a),
                default=0.0,
            )
            if carried_s > time_s * (1 + ROUNDING):
                remedy = f"Give at least the {carried_s:g} s that `earliest` has it carried for."
                raise ValueError(f"latest[{place}]: {(current_a, time_s)!r} is not usable. {remedy}")

    def derated(self, factor: float) -> TripCurve:
        """Return the curve of the device where it is warm or close to others.

        Args:
            factor: from the maker's table for the temperature and the number of neighbours, above 0 to 1. A cold
                place makes no device better here.

        Raises:
            ValueError: the factor is out of its range.
        """
        check_number("factor", factor, 1e-3, 1, "Give the derating factor, 0.001 to 1.")
        return replace(
            self,
            rated_a=self.rated_a * factor,
            earliest=tuple((current_a * factor, time_s) for current_a, time_s in self.earliest),
            latest=tuple((current_a * factor, time_s) for current_a, time_s in self.latest),
        )


def no_overload(rated_a: float) -> TripCurve:
    """Return the curve of a device of which nothing is known but its rating: any overload may open it at once."""
    return TripCurve(rated_a=rated_a)


GATES_GG: dict[float, tuple[float, float, float, float]] = {
    16: (33, 65, 85, 150),
    20: (42, 85, 110, 200),
    25: (52, 110, 150, 260),
    32: (75, 150, 200, 350),
    40: (95, 190, 260, 450),
    50: (125, 250, 350, 610),
    63: (160, 320, 450, 820),
    80: (215, 425, 610, 1100),
    100: (290, 580, 820, 1450),
    125: (355, 715, 1100, 1910),
    160: (460, 950, 1450, 2590),
    200: (610, 1250, 1910, 3420),
    250: (750, 1650, 2590, 4500),
    315: (1050, 2200, 3420, 6000),
    400: (1420, 2840, 4500, 8060),
    500: (1780, 3800, 6000, 10600),
    630: (2200, 5100, 8060, 14140),
}
"""Currents in A by rating: carried for 10 s, melting within 5 s, carried for 0.1 s, melting within 0.1 s.

IEC 60269-1, gates for specified pre-arcing times of gG and gM fuse-links. The largest current of a rating at 0.1 s is
the smallest of the rating two steps above: that is the selectivity 1 : 1.6.
"""

CONVENTIONAL_TIME_S = ((63.0, 3600.0), (160.0, 7200.0), (400.0, 10800.0), (1250.0, 14400.0))
"""IEC 60269-1, conventional times of gG fuse-links: up to which rating in A, time in s."""


def fuse_gg(rated_a: float) -> TripCurve:
    """Return the band of a gG or gM fuse-link by IEC 60269-1: 1.25 times its rating is carried, 1.6 times melts it.

    Ratings below 16 A are not here: their conventional currents and gates depend on the fuse system.

    Args:
        rated_a: one of the standard ratings from 16 to 630 A.

    Raises:
        ValueError: it is none of them.
    """
    check_number("rated_a", rated_a, 16, 630, "Give a standard rating, 16 to 630 A.")
    if rated_a not in GATES_GG:
        ratings = ", ".join(f"{rating:g}" for rating in GATES_GG)
        raise ValueError(f"rated_a: {rated_a!r} is not usable. Give one of {ratings} A, or `no_overload`.")
    ten_s_a, five_s_a, least_a, most_a = GATES_GG[rated_a]
    time_s = next(time_s for up_to_a, time_s in CONVENTIONAL_TIME_S if rated_a <= up_to_a)
    return TripCurve(
        rated_a=float(rated_a),
        earliest=((1.25 * rated_a, time_s), (ten_s_a, 10.0), (least_a, 0.1)),
        latest=((1.6 * rated_a, time_s), (five_s_a, 5.0), (most_a, 0.1)),
        cooling_s=time_s,
    )


class BreakerType(Enum):
    """The range of instantaneous tripping of a miniature circuit breaker, in multiples of its rating."""

    B = (3.0, 5.0)
    C = (5.0, 10.0)
    D = (10.0, 20.0)


def breaker(kind: BreakerType, rated_a: float) -> TripCurve:
    """Return the band of a miniature circuit breaker by IEC 60898-1, time-current operating characteristics.

    From its cold state at 30 deg C: 1.13 times its rating is carried for an hour (two above 63 A) and 1.45 times trips
    it within that; 2.55 times trips it in 1 to 60 s (120 s above 32 A); the lower end of its instantaneous range is
    carried for 0.1 s, the upper end trips it within that.

    Args:
        kind: B, C or D.
        rated_a: rated current, up to 125 A.

    Raises:
        ValueError: the rating is out of range or the kind is none.
    """
    check_kind("kind", kind, BreakerType)
    check_number("rated_a", rated_a, 0.5, 125, "Give the rated current in A, 0.5 to 125.")
    time_s = 3600.0 if rated_a <= 63 else 7200.0
    lowest, highest = kind.value
    return TripCurve(
        rated_a=float(rated_a),
        earliest=((1.13 * rated_a, time_s), (2.55 * rated_a, 1.0), (lowest * rated_a, 0.1)),
        latest=(
            (1.45 * rated_a, time_s),
            (2.55 * rated_a, 60.0 if rated_a <= 32 else 120.0),
            (highest * rated_a, 0.1),
        ),
        cooling_s=time_s,
    )


def _check_gates(field: str, gates: Gates) -> None:
    if not isinstance(gates, tuple) or len(gates) > MOST_GATES:
        raise ValueError(f"{field}: {gates!r} is not usable. Give a tuple of at most {MOST_GATES} pairs.")
    for place, gate in enumerate(gates):
        if not isinstance(gate, tuple) or len(gate) != 2:
            raise ValueError(f"{field}[{place}]: {gate!r} is not usable. Give a pair of a current and a time.")
        check_number(f"{field}[{place}] current", gate[0], 1e-3, 100 * LARGEST_A, "Give A, 0.001 to 1e8.")
        check_number(f"{field}[{place}] time", gate[1], 1e-6, LONGEST_S, "Give seconds, 1e-6 to 1e6.")
    for place, (before, after) in enumerate(pairwise(gates), start=1):
        if after[0] <= before[0] or after[1] >= before[1]:
            raise ValueError(f"{field}[{place}]: {after!r} is not usable. Give more current for less time.")
