"""The contenders of a simulation: Tidewatt and the rules it is compared with."""

from collections.abc import Callable
from typing import Final

from .baselines import CheapestSlots, EarliestDeadline, FirstCome, RoundRobin, Unmanaged
from .contender import Contender
from .planned import TidewattPlan
from .tidewatt import TidewattFair

CONTENDERS: Final[tuple[Callable[[], Contender], ...]] = (
    Unmanaged,
    FirstCome,
    RoundRobin,
    EarliestDeadline,
    CheapestSlots,
    TidewattFair,
    TidewattPlan,
)
"""All contenders in the order of the table; each call makes one for one run."""

__all__ = ["CONTENDERS", "Contender"]
