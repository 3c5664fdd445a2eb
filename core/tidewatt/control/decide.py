"""The decision of one cycle, as a pure function of what is seen and what is remembered."""

from __future__ import annotations

from .bound import bound
from .cycle import Cycle
from .estimate import estimate
from .explain import explain
from .give import give
from .memory import Memory
from .model import Decision, Snapshot
from .permit import permit
from .remember import remember
from .sense import sense_chargers
from .share import share
from .smooth import smooth
from .solar import shine
from .vehicle import learn


def decide(snapshot: Snapshot, memory: Memory) -> tuple[Decision, Memory]:
    """Return what every charger may draw, why, and what the next cycle must remember.

    The same arguments give the same result, bit by bit; nothing else is read and nothing is changed. Whatever the
    readings hold, missing, stale or absurd, the result respects every limit that is known.
    """
    cycle = Cycle.of(snapshot, memory)
    points = sense_chargers(cycle)
    for point in points:
        learn(point, snapshot)
        bound(point, snapshot)
        permit(point, cycle)
    estimates = estimate(cycle, points)
    shine(cycle, points, estimates[0])
    room = share(cycle, points, estimates)
    smooth(cycle, points, estimates, room)
    give(cycle, points, estimates)
    after = remember(cycle, points, estimates)
    return explain(cycle, points, estimates, room, after), after
