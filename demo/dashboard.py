"""A dashboard for a site, out of Home Assistant's own cards."""

from __future__ import annotations

from typing import Any

from homeassistant.util import slugify

from tidewatt.site import Charger, Phase, Site

COLUMNS = 3
"""Sections beside each other on a wide screen; on a phone they stand below each other."""

HALF = 6
FULL = 12
"""Widths in the twelve columns of a section."""

HOURS_SHOWN = 0.1


def site_dashboard(site: Site) -> dict[str, Any]:
    """Return a page with the connection and its graphs first and a section for each charger below."""
    sections = [_connection(site), _graphs(site), *(_charger(charger) for charger in site.chargers)]
    return {"views": [{"title": site.name, "type": "sections", "max_columns": COLUMNS, "sections": sections}]}


def _connection(site: Site) -> dict[str, Any]:
    slug = slugify(site.name)
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
            "grid_options": {"columns": FULL // site.phases},
        }
        for phase, current in _grid_currents(site)
    ]
    return _section(
        site.name,
        "mdi:transmission-tower",
        [
            *gauges,
            _tile(f"sensor.{slug}_grid_power", "Grid power"),
            _tile(f"binary_sensor.{slug}_overload", "Overload"),
            _tile(f"sensor.{slug}_controller_health", "Controller health", columns=FULL),
        ],
    )


def _graphs(site: Site) -> dict[str, Any]:
    currents = [(current, phase.name) for phase, current in _grid_currents(site)]
    limits = [(f"sensor.{slugify(charger.name)}_limit", charger.name) for charger in site.chargers]
    cards = [_history("Current on each phase", currents), _history("Limit of each charger", limits)]
    return _section("The last minutes", "mdi:chart-line", cards) | {"column_span": COLUMNS - 1}


def _charger(charger: Charger) -> dict[str, Any]:
    slug = slugify(charger.name)
    discharge = [
        _tile(f"binary_sensor.{slug}_discharge_possible", "Discharge", state_content=["state", "forbidden_by"]),
        _tile(f"sensor.{slug}_energy_discharged", "Energy discharged"),
    ]
    return _section(
        charger.name,
        "mdi:ev-station",
        [
            _tile(f"select.{slug}_mode", "Mode", columns=FULL, features=[{"type": "select-options"}]),
            _tile(f"sensor.{slug}_limited_by", "Limited by", columns=FULL, state_content=["state", "circuit", "phase"]),
            _tile(f"sensor.{slug}_limit", "Limit"),
            _tile(f"sensor.{slug}_power", "Power"),
            _tile(f"sensor.{slug}_status", "Status"),
            _tile(f"sensor.{slug}_session_energy", "Session energy"),
            _tile(f"number.{slug}_weight", "Weight"),
            _tile(f"sensor.{slug}_fault", "Fault"),
            *(discharge if charger.discharge_maximum_a > 0 else ()),
        ],
    )


def _grid_currents(site: Site) -> list[tuple[Phase, str]]:
    slug = slugify(site.name)
    return [(phase, f"sensor.{slug}_grid_current_{phase.name.lower()}") for phase in list(Phase)[: site.phases]]


def _section(title: str, icon: str, cards: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "grid", "cards": [{"type": "heading", "heading": title, "icon": icon}, *cards]}


def _tile(entity_id: str, name: str, columns: int = HALF, **options: object) -> dict[str, Any]:
    return {"type": "tile", "entity": entity_id, "name": name, "grid_options": {"columns": columns}, **options}


def _history(title: str, named: list[tuple[str, str]]) -> dict[str, Any]:
    return {
        "type": "history-graph",
        "title": title,
        "hours_to_show": HOURS_SHOWN,
        "entities": [{"entity": entity_id, "name": name} for entity_id, name in named],
        "grid_options": {"columns": FULL},
    }
