"""An energy count that only grows, kept from a meter register that may repeat itself, reset or glitch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_NOISE_WH = 100.0
"""A smaller step back is rounding: stations report the same register in Wh here and in kWh there."""

_LARGEST_STEP_WH = 1e7
"""A larger step forward is a slip of the unit, not energy: 10 MWh is 45 hours at 220 kW."""

_CONFIRMATIONS = 3
"""A register that jumped is believed once that many readings in a row agree with each other."""


@dataclass(slots=True)
class EnergyCount:
    """`total_wh` follows the growth of a meter register whose last reading was `raw_wh`.

    A register that goes on from somewhere else (meter replaced, one that counts per session) is followed from there
    once that is confirmed; a single odd reading is a glitch. Readings older than the last one never count as odd.
    """

    total_wh: float
    raw_wh: float
    read_at_utc: datetime | None = None
    odd_raw_wh: float = 0.0
    odd_count: int = 0
    first_wh: float | None = None
    first_at_utc: datetime | None = None

    def reach_back(self, raw_wh: float, at_utc: datetime | None) -> None:
        """Have the count begin earlier, when this reading is older than the one it began with and lower."""
        if at_utc is None or self.first_wh is None or self.first_at_utc is None or at_utc >= self.first_at_utc:
            return
        if _goes_on(raw_wh, self.first_wh):
            self.total_wh += self.first_wh - raw_wh
            self.first_wh, self.first_at_utc = raw_wh, at_utc

    def take(self, raw_wh: float, at_utc: datetime | None) -> None:
        """Take a reading of the register in Wh, measured at a time of the station's clock."""
        older = at_utc is not None and self.read_at_utc is not None and at_utc < self.read_at_utc
        if _goes_on(self.raw_wh, raw_wh):
            self._follow(raw_wh)
        elif not older and not self._is_rounding(raw_wh):
            self._take_odd(raw_wh)
        if not older:
            self.read_at_utc = at_utc or self.read_at_utc

    def _follow(self, raw_wh: float) -> None:
        self.total_wh += raw_wh - self.raw_wh
        self.raw_wh = raw_wh
        self.odd_count = 0

    def _is_rounding(self, raw_wh: float) -> bool:
        return max(self.raw_wh - _NOISE_WH, 1.0) <= raw_wh < self.raw_wh

    def _take_odd(self, raw_wh: float) -> None:
        if self.odd_count == 0 or not _goes_on(self.odd_raw_wh, raw_wh):
            self.odd_raw_wh, self.odd_count = raw_wh, 0
        self.odd_count += 1
        if self.odd_count >= _CONFIRMATIONS:
            self.raw_wh = self.odd_raw_wh
            self._follow(raw_wh)


def counted_from_zero(count: EnergyCount | None, raw_wh: float | None, at_utc: datetime | None) -> EnergyCount | None:
    """Return the count of what flowed since the first reading of all, wherever in the order of messages that comes.

    `raw_wh` None leaves the count as it is.
    """
    if raw_wh is None:
        return count
    if count is None:
        return EnergyCount(0.0, raw_wh, at_utc, first_wh=raw_wh, first_at_utc=at_utc)
    count.reach_back(raw_wh, at_utc)
    count.take(raw_wh, at_utc)
    return count


def counted_from_register(
    count: EnergyCount | None, raw_wh: float | None, at_utc: datetime | None
) -> EnergyCount | None:
    """Return the count that goes on from the register as it was first read; `raw_wh` None leaves it as it is."""
    if raw_wh is None:
        return count
    count = count or EnergyCount(raw_wh, raw_wh, at_utc)
    count.take(raw_wh, at_utc)
    return count


def _goes_on(before_wh: float, after_wh: float) -> bool:
    return before_wh <= after_wh <= before_wh + _LARGEST_STEP_WH
