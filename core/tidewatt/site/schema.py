"""The site file: one YAML document that describes a `Site`, read by the command line, Home Assistant and traces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import voluptuous as vol

from .errors import SiteError
from .model import MAIN_CIRCUIT_ID, Charger, Circuit, Meter, Site, Vehicle
from .phases import PHASE_COUNT, per_phase
from .sections import CHARGER, CIRCUIT, DOCUMENT, HEAD, LISTENER, METER, ROOT, VEHICLE
from .yaml_text import parse_yaml

_KEY_OF_FIELD = {"circuit_id": "circuit", "parent_id": "parent", "charger_id": "charger"}
_LIMIT_KEYS = ("main_fuse_a", "limit_a", "export_limit_a")
_LIMIT_FIELDS = ("import_limit_a", "export_limit_a")


def load_site(document: str | Mapping[str, Any]) -> Site:
    """Return the site that a YAML text, or the document parsed from one, describes.

    The section `emulation` is for the emulators and not looked at. Raises SiteError naming the field, its value and
    the remedy for anything that is missing, unknown, out of range or does not fit together.
    """
    parsed = parse_yaml(document) if isinstance(document, str) else document
    try:
        checked = DOCUMENT(parsed)
    except vol.Invalid as error:
        raise site_error(error, parsed) from None
    try:
        return _build(checked)
    except SiteError as error:
        raise SiteError(_in_words_of_the_file(error.field), error.value, error.remedy) from None


def dump_site(site: Site) -> dict[str, Any]:
    """Return the document that `load_site` turns into an equal site. It holds the passwords of the stations.

    Battery capacities are written in kWh to a thousandth of a Wh.
    """
    root, *circuits = site.circuits
    return {
        "site": HEAD.write(site) | _write_limits(ROOT.write(root), site.phases),
        "circuits": [_write_limits(CIRCUIT.write(circuit), site.phases) for circuit in circuits],
        "meters": [METER.write(meter) for meter in site.meters],
        "chargers": [CHARGER.write(charger) for charger in site.chargers],
        "vehicles": [VEHICLE.write(vehicle) for vehicle in site.vehicles],
        "ocpp": LISTENER.write(site.ocpp),
    }


def _build(checked: dict[str, Any]) -> Site:
    head = HEAD.fields(checked["site"])
    phases = head.get("phases", PHASE_COUNT)
    root = {"circuit_id": MAIN_CIRCUIT_ID, "name": "Main fuse", "parent_id": None} | ROOT.fields(checked["site"])
    circuits = [root, *(_named(CIRCUIT.fields(item), "circuit_id") for item in checked.get("circuits", ()))]
    listener = {"ocpp": checked["ocpp"]} if "ocpp" in checked else {}
    return Site(
        **head,
        **listener,
        circuits=tuple(Circuit(**_expand_limits(circuit, phases)) for circuit in circuits),
        meters=tuple(Meter(**_meter(item)) for item in checked.get("meters", ())),
        chargers=tuple(Charger(**_named(CHARGER.fields(item), "charger_id")) for item in checked.get("chargers", ())),
        vehicles=tuple(Vehicle(**_named(VEHICLE.fields(item), "vehicle_id")) for item in checked.get("vehicles", ())),
    )


def _named(fields: dict[str, Any], id_field: str) -> dict[str, Any]:
    return {"name": fields[id_field]} | fields


def _meter(item: dict[str, Any]) -> dict[str, Any]:
    if ("modbus" in item) == ("entity" in item):
        raise SiteError(f"meters.{item['id']}", sorted(item), "Say how it is read: either modbus or entity.")
    return _named(METER.fields(item), "meter_id")


def _expand_limits(fields: dict[str, Any], phases: int) -> dict[str, Any]:
    return {
        name: per_phase(value, phases) if name in _LIMIT_FIELDS and isinstance(value, float) else value
        for name, value in fields.items()
    }


def _write_limits(written: dict[str, Any], phases: int) -> dict[str, Any]:
    return {key: _one_limit(value, phases) if key in _LIMIT_KEYS else value for key, value in written.items()}


def _one_limit(limit_a: list[float], phases: int) -> float | list[float]:
    return limit_a[0] if limit_a == list(per_phase(limit_a[0], phases)) else limit_a


def site_error(error: vol.Invalid, document: Any) -> SiteError:
    """Turn what the checks say of `document` into a field as people find it there, its value and the remedy."""
    names: list[str] = []
    value = document
    for step in error.path:
        value = _step_into(value, step)
        if isinstance(step, int):
            names.append(str(_step_into(value, "id") or step + 1))
        else:
            names.append(str(step))
    # A section as a whole may hold a password as well.
    secret = isinstance(value, Mapping) or names[-1:] == ["password"] or _holds_sections(value)
    return SiteError(".".join(names) or "site file", "..." if secret else value, error.error_message)


def _holds_sections(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value)


def _step_into(value: Any, step: Any) -> Any:
    if isinstance(value, Mapping):
        return next((item for key, item in value.items() if str(key) == str(step)), None)
    return value[step] if isinstance(value, list | tuple) and isinstance(step, int) else None


def _in_words_of_the_file(field: str) -> str:
    *parents, last = field.split(".")
    return ".".join((*parents, _KEY_OF_FIELD.get(last, last)))
