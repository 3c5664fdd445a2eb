"""What a contender is: whoever tells the chargers of a plant their currents."""

from __future__ import annotations

from typing import Final, Protocol

from tidewatt.simulation.plant import Plant

FOR_GOOD: Final = 10**9
"""Seconds: until something changes."""


class Contender(Protocol):
    """A way of sharing. One object lives for one run."""

    @property
    def name(self) -> str:
        """What the table calls it."""
        ...

    def act(self, plant: Plant, *, jumping: bool) -> int:
        """Tell the plant its currents; return the seconds this holds while nothing changes by itself.

        Called whenever something changed and when that time is over. When not `jumping` it is called every second,
        and what it returns does not matter.
        """
        ...
