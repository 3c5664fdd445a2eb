"""How much load of a circuit a discharge may cover: stage four for what is given back.

It is the same uncontrolled current that the estimate is about, seen from the other side. For charging it is dangerous
to take it for less than it is, for discharging to take it for more. So the same interval is read with the opposite
care: what falls is believed at once and what rises by and by, and where more is fed back than may be, the benefit of
the doubt ends.
"""

from __future__ import annotations

from typing import Final

from tidewatt.site import Circuit, PerPhase

from .memory import CircuitMemory

EXPORT_MARGIN_A: Final = 0.5
"""So much less than the estimated load is covered: meters are read late and vehicles give a little more than asked."""

RECOVERY_S: Final = 5.0
RECOVERY_A_PER_S: Final = 0.05
"""What turns to the better is believed by and by: within about `RECOVERY_S`, and never slower than this rate."""

_EXCESS_A: Final = 0.05
"""A current counts as over an export limit when it exceeds it by more than a meter's last digit."""


def recovered(held_a: float, estimated_a: float, elapsed_s: float) -> float:
    """Follow a rising estimate at once and a falling one slowly."""
    if estimated_a >= held_a:
        return estimated_a
    gap_a = held_a - estimated_a
    return max(estimated_a, held_a - elapsed_s * max(RECOVERY_A_PER_S, gap_a / RECOVERY_S))


def covered_a(
    least_a: float, most_a: float, sinking_a: float, given_a: float, last_a: float | None, *, excess: bool, late: bool
) -> float:
    """Return the load on one phase that a discharge may cover, of the interval from `least_a` to `most_a`.

    `sinking_a` is the part of the interval that a discharge on its way explains, `given_a` that which one explains that
    nobody measures. With an `excess` the first is taken not to have begun, and if that is `late`, nothing is given.
    """
    load_a = least_a if last_a is None else min(max(last_a, least_a), most_a)
    doubt_a = given_a
    if excess:
        doubt_a = most_a - least_a if late else given_a + sinking_a
    return min(load_a, max(least_a, most_a - doubt_a))


def exceeds(circuit: Circuit, phase: int, current_a: float, low_a: float) -> bool:
    """Say whether a phase feeds back more than it may while chargers, which draw at least `low_a`, may be giving."""
    return low_a < 0 and current_a < -circuit.export_limit_a[phase] - _EXCESS_A


def held_cover_a(before: CircuitMemory, phase: int, load_a: float, elapsed_s: float) -> float:
    """Follow the load down at once and up slowly."""
    held_a = load_a if before.cover_a is None else before.cover_a[phase]
    return -recovered(-held_a, -load_a, elapsed_s)


def without_margin(cover_a: PerPhase) -> PerPhase:
    """Return what of a load may be covered."""
    return (cover_a[0] - EXPORT_MARGIN_A, cover_a[1] - EXPORT_MARGIN_A, cover_a[2] - EXPORT_MARGIN_A)
