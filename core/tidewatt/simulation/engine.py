"""Runs a contender over a scenario, from change to change."""

from __future__ import annotations

from collections.abc import Callable

from .contenders.contender import Contender
from .plant import Ledger, Plant
from .scenario import Scenario

_DAY_SLOTS = 96

type Progress = Callable[[float], None]
"""Told now and then which part of the time is over, 0 to 1."""


def run(scenario: Scenario, contender: Contender, *, jumping: bool = True, progress: Progress | None = None) -> Ledger:
    """Return what happens on a scenario's plant when a contender tells its chargers.

    When not `jumping`, the contender is asked every second, as in life: slow, and the judge of the jumps.
    """
    plant = Plant(scenario)
    day = -1
    plant.turn()
    while not plant.over:
        hold_s = contender.act(plant, jumping=jumping)
        plant.advance(min(hold_s, plant.seconds_alike()) if jumping else 1)
        plant.turn()
        if progress is not None and plant.slot // _DAY_SLOTS != day:
            day = plant.slot // _DAY_SLOTS
            progress(plant.slot / scenario.slots)
    return plant.ledger
