"""A dashboard for a site, out of Home Assistant's own cards."""

from __future__ import annotations

from typing import Any

from homeassistant.util import slugify

from tidewatt.site import Charger, Phase, Site


def site_dashboard(site: Site) -> dict[str, Any]:
    """Return a page with the connection first and a section for each charger."""
    sections = [_connection(site), *(_charger(charger) for charger in site.chargers)]
    return {"views": [{"title": site.name, "type": "sections", "max_columns": 4, "sections": sections}]}


def _connection(site: Site) -> dict[str, Any]:
    slug = slugify(site.name)
    currents = [f"sensor.{slug}_grid_current_{phase.name.lower()}" for phase in list(Phase)[: site.phases]]
    fuse_a = site.circuits[0].import_limit_a
    gauges = [
        {
            "type": "gauge",
            "entity": current,
            "name": phase.name,
            "min": 0,
            "max": fuse_a[phase] * 1.2,
            "needle": True,
            "severity": {"green": 0, "yellow": fuse_a[phase] * 0.92, "red": fuse_a[phase] + 0.1},
            "grid_options": {"columns": 4},
        }
        for phase, current in zip(Phase, currents, strict=False)
    ]
    return _section(
        site.name,
        "mdi:transmission-tower",
        [
            *gauges,
            _tile(f"sensor.{slug}_grid_power"),
            _tile(f"sensor.{slug}_controller_health"),
            _history("Current on each phase", currents),
            _history("Limit of each bay", [f"sensor.{slugify(charger.name)}_limit" for charger in site.chargers]),
        ],
    )


def _charger(charger: Charger) -> dict[str, Any]:
    slug = slugify(charger.name)
    return _section(
        charger.name,
        "mdi:ev-station",
        [
            _tile(f"select.{slug}_mode", features=[{"type": "select-options"}], columns=12),
            _tile(f"sensor.{slug}_limited_by", columns=12, state_content=["state", "circuit", "phase"]),
            _tile(f"sensor.{slug}_limit"),
            _tile(f"sensor.{slug}_power"),
            _tile(f"sensor.{slug}_status"),
            _tile(f"sensor.{slug}_session_energy"),
            _tile(f"number.{slug}_weight"),
            _tile(f"sensor.{slug}_fault"),
            _history(
                "Current drawn", [f"sensor.{slug}_current_l{terminal + 1}" for terminal in range(len(charger.phases))]
            ),
        ],
    )


def _section(title: str, icon: str, cards: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "grid", "cards": [{"type": "heading", "heading": title, "icon": icon}, *cards]}


def _tile(entity_id: str, columns: int = 6, **options: object) -> dict[str, Any]:
    return {"type": "tile", "entity": entity_id, "grid_options": {"columns": columns}, **options}


def _history(title: str, entity_ids: list[str]) -> dict[str, Any]:
    return {"type": "history-graph", "title": title, "hours_to_show": 0.25, "entities": entity_ids}
