"""Security events of stations, for those who listen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityEvent:
    """Something that a station reports of its own security, for those who listen."""

    station_id: str
    charger_ids: tuple[str, ...]
    kind: str
    detail: str | None
    at_utc: datetime
    is_critical: bool
