"""Phases of a connection and quantities that exist once per phase."""

from __future__ import annotations

from enum import IntEnum

PHASE_COUNT = 3
"""Every per-phase tuple in Tidewatt has this length; a one-phase site leaves L2 and L3 at zero."""

type PerPhase = tuple[float, float, float]
"""One number for each of L1, L2, L3."""


class Phase(IntEnum):
    """A line conductor of the site, numbered as an index into a `PerPhase`."""

    L1 = 0
    L2 = 1
    L3 = 2


def per_phase(value: float, phases: int = PHASE_COUNT) -> PerPhase:
    """Return `value` on the first `phases` phases and zero on the rest."""
    l1, l2, l3 = (value if phase < phases else 0.0 for phase in Phase)
    return (l1, l2, l3)
