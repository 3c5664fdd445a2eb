"""What a station says it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StationIdentity:
    """What a station said of itself when it last started; None where it said nothing."""

    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware: str | None
