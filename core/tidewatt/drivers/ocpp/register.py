"""An energy count that only grows, kept from a meter register that may repeat itself, reset or glitch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

_NOISE_WH = 100.0
"""A smaller step back is rounding: stations report the same register in Wh here and in kWh there."""

_CONFIRMATIONS = 3
"""A register is believed to have been reset once it was seen low this many times in a row."""


@dataclass(slots=True)
class EnergyCount:
    """`total_wh` follows the growth of a meter register whose last reading was `raw_wh`.

    A register that really starts anew (meter replaced, one that counts per session) is followed from its low value
    once that is confirmed; a single low reading is a glitch. Readings older than the last one never count as low.
    """

    total_wh: float
    raw_wh: float
    read_at_utc: datetime | None = None
    low_raw_wh: float = 0.0
    low_count: int = 0

    def take(self, raw_wh: float, at_utc: datetime | None) -> None:
        """Take a reading of the register in Wh, measured at a time of the station's clock."""
        if raw_wh >= self.raw_wh:
            self._follow(raw_wh)
        elif not self._is_older(at_utc) and raw_wh < max(self.raw_wh - _NOISE_WH, 1.0):
            self._take_low(raw_wh)
        if not self._is_older(at_utc):
            self.read_at_utc = at_utc or self.read_at_utc

    def _follow(self, raw_wh: float) -> None:
        self.total_wh += raw_wh - self.raw_wh
        self.raw_wh = raw_wh
        self.low_count = 0

    def _take_low(self, raw_wh: float) -> None:
        if self.low_count == 0 or raw_wh < self.low_raw_wh:
            self.low_raw_wh, self.low_count = raw_wh, 0
        self.low_count += 1
        if self.low_count >= _CONFIRMATIONS:
            self.raw_wh = self.low_raw_wh
            self._follow(raw_wh)

    def _is_older(self, at_utc: datetime | None) -> bool:
        return at_utc is not None and self.read_at_utc is not None and at_utc < self.read_at_utc
