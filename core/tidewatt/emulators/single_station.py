"""A station on its own: the document of a site that is nothing but the station and its vehicles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

BEYOND_ANY_LIMIT_A = 10_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleStation:
    """A station that calls `url`, with vehicles alike at all its EVSEs.

    `options` and `vehicle` are keys of the sections `emulation.stations` and `emulation.vehicles` of a site file.
    """

    url: str
    station_id: str
    version: str
    evses: int = 1
    maximum_a: float = 16.0
    password: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    vehicle: Mapping[str, Any] = field(default_factory=dict)
    control_port: int = 0

    def document(self) -> dict[str, Any]:
        """Return the site document. Its EVSEs are the chargers `evse1`, `evse2` ..."""
        numbers = range(1, self.evses + 1)
        station = {"station": self.station_id, "version": self.version, "url": self.url, **self.options}
        if self.password is not None:
            station["password"] = self.password
        return {
            "site": {"name": self.station_id, "main_fuse_a": BEYOND_ANY_LIMIT_A},
            "chargers": [
                {
                    "id": f"evse{number}",
                    "circuit": "main",
                    "maximum_a": self.maximum_a,
                    "ocpp": {"station": self.station_id, "evse": number},
                }
                for number in numbers
            ],
            "emulation": {
                "control": {"port": self.control_port},
                "stations": [station],
                "vehicles": [
                    {"charger": f"evse{number}", "plug_in_after_s": None, **self.vehicle} for number in numbers
                ],
            },
        }
