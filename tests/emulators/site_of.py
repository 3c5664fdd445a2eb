"""Small sites and emulations for the tests of the emulators."""

from __future__ import annotations

from typing import Any

from tidewatt.emulators import Emulation, load_emulation
from tidewatt.site.schema import load_site


def document(**emulation: Any) -> dict[str, Any]:
    """Return a site of two circuits, two metered, with three chargers: 3-phase, rotated, and one-phase in a garage."""
    return {
        "site": {"name": "Quay 3", "main_fuse_a": 25},
        "circuits": [{"id": "garage", "name": "Garage", "parent": "main", "limit_a": 20}],
        "meters": [
            {"id": "grid", "circuit": "main", "modbus": {"host": "127.0.0.1", "unit": 1}},
            {"id": "sub", "circuit": "garage", "modbus": {"host": "127.0.0.1", "unit": 2, "map": "sunspec"}},
        ],
        "chargers": [
            {"id": "left", "circuit": "main", "ocpp": {"station": "S201"}},
            {
                "id": "right",
                "circuit": "main",
                "phases": ["L2", "L3", "L1"],
                "ocpp": {"station": "S16", "password": "secret"},
            },
            {"id": "yard", "circuit": "garage", "phases": ["L3"], "ocpp": {"station": "S16", "evse": 2}},
        ],
        "emulation": {
            "control": {"port": 0},
            "meters": [{"meter": "grid", "port": 0}, {"meter": "sub", "port": 0}],
            "house_load_a": [4, 3, 5],
        }
        | emulation,
    }


def emulation_of(site_document: dict[str, Any]) -> Emulation:
    """Return the emulation that a document describes."""
    site = load_site(site_document)
    return Emulation(site, load_emulation(site_document, site))
