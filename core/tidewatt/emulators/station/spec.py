"""What an emulated station is."""

from __future__ import annotations

from dataclasses import dataclass, field

from .access import LinkAddress, SecuritySettings


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSpec:
    """What a station is. `open_to_all` starts a session for whoever plugs in; `boot_s` is how long a reboot takes.

    With `negative_limit` it takes limits below zero as an order to discharge.
    """

    address: LinkAddress
    open_to_all: bool = False
    boot_s: float = 3.0
    negative_limit: bool = False
    security: SecuritySettings = field(default_factory=SecuritySettings)

    @property
    def model(self) -> str:
        """How the station calls itself: central systems know what it does otherwise by its model."""
        return "Negative limits" if self.negative_limit else "Emulated station"
