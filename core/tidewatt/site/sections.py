"""The sections of a site file as tables: which key fills which field, how it is checked and how it is written.

Reading and writing follow the same tables, so they cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import difflib
from typing import Any

import voluptuous as vol

from .checks import Check, flag, integer, limit, listed, modbus_map, mode, number, phases, text, texts
from .endpoints import (
    EntityMeterEndpoint,
    EntitySocEndpoint,
    ModbusEndpoint,
    OcppEndpoint,
    OcppListener,
    TlsListener,
)
from .phases import PHASE_COUNT, Phase


def _plain(value: Any) -> Any:
    """Return a value as people write it: 16 for 16.0, a list for a tuple."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a section. `missing` is the remedy when a key that must be there is not; None makes it optional."""

    field: str
    check: Check
    missing: str | None = None
    write: Callable[[Any], Any] = _plain


class Section:
    """A mapping of known keys. Called with a raw mapping it returns the checked one, or raises `vol.Invalid`."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self.keys = keys
        self._schema = vol.Schema(
            {
                vol.Required(name, msg=key.missing) if key.missing else vol.Optional(name): key.check
                for name, key in keys.items()
            }
        )

    def __call__(self, raw: Any) -> dict[str, Any]:
        """Check a raw mapping."""
        checked: dict[str, Any] = self._schema(self._known(raw))
        return checked

    def fields(self, checked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the checked values of this section's keys by the fields they fill."""
        return {key.field: checked[name] for name, key in self.keys.items() if name in checked}

    def write(self, item: object) -> dict[str, Any]:
        """Return the mapping that describes an object of the vocabulary; what is None is left out."""
        written = {name: key.write(getattr(item, key.field)) for name, key in self.keys.items()}
        return {name: value for name, value in written.items() if value is not None}

    def _known(self, raw: Any) -> dict[str, Any]:
        if not isinstance(raw, Mapping):
            raise vol.Invalid(f"Give keys with values here; the keys are: {', '.join(self.keys)}.")
        for name in raw:
            if name not in self.keys:
                near = difflib.get_close_matches(str(name), self.keys, n=1)
                hint = f"Did you mean {near[0]}?" if near else f"The keys here are: {', '.join(self.keys)}."
                raise vol.Invalid(f"There is no such key. {hint}", path=[str(name)])
        return dict(raw)


def _if_false(value: bool) -> bool | None:
    return None if value else False


def _made(section: Section, make: Callable[..., object]) -> Check:
    return lambda raw: make(**section.fields(section(raw)))


def _written_if(kind: type, section: Section) -> Callable[[Any], dict[str, Any] | None]:
    return lambda item: section.write(item) if isinstance(item, kind) else None


def _each(section: Section) -> Check:
    return vol.All(listed, [section])


_FUSE_A = limit("Give the rating of the fuse in A: one number of zero or more, or one for each of L1, L2, L3.")
_EXPORT_A = limit("Give the export limit in A: one number of zero or more, or one for each of L1, L2, L3.")
_TOTAL_W = number("Give a power in W of zero or more, or leave it out.", least=0)
_PORT = integer("Give a port number from 1 to 65535.", least=1, most=65535)
_ID = "Give it an id of its own."
_CIRCUIT_ID = Key("circuit_id", text, "Name the circuit it is on: main, or the id of one under 'circuits'.")
_NAME = Key("name", text)

HEAD = Section(
    {
        "name": Key("name", text, "Give the site a name."),
        "phases": Key("phases", integer("Give 1 or 3.", least=1, most=3)),
        "voltage_v": Key("voltage_v", number("Give the voltage between a phase and neutral in V, for example 230.")),
    }
)
"""What of the section `site` describes the site itself."""

ROOT = Section(
    {
        "main_fuse_a": Key("import_limit_a", _FUSE_A, "Give the rating of the main fuse in A; it is never assumed."),
        "main_fuse_name": _NAME,
        "export_limit_a": Key("export_limit_a", _EXPORT_A),
        "total_limit_w": Key("total_import_limit_w", _TOTAL_W),
    }
)
"""What of the section `site` describes its root circuit."""

CIRCUIT = Section(
    {
        "id": Key("circuit_id", text, _ID),
        "name": _NAME,
        "parent": Key("parent_id", text, "Name the circuit that feeds it, main for the main fuse."),
        "limit_a": Key("import_limit_a", _FUSE_A, "Give the rating of its fuse in A; it is never assumed."),
        "export_limit_a": Key("export_limit_a", _EXPORT_A),
        "total_limit_w": Key("total_import_limit_w", _TOTAL_W),
    }
)

_MODBUS = Section(
    {
        "host": Key("host", text, "Give the host name or address of the meter or its gateway."),
        "port": Key("port", _PORT),
        "unit": Key("unit_id", integer("Give the Modbus unit from 0 to 255.", least=0, most=255)),
        "map": Key("map", modbus_map, write=str),
        "interval_s": Key("interval_s", number("Give the seconds between two readings, at most 60.", above=0, most=60)),
    }
)
_ENTITY_METER = Section({"power": Key("power_entity_ids", texts), "current": Key("current_entity_ids", texts)})


def _entity_meter(raw: Any) -> EntityMeterEndpoint:
    endpoint = EntityMeterEndpoint(**_ENTITY_METER.fields(_ENTITY_METER(raw)))
    counts = sorted((len(endpoint.power_entity_ids), len(endpoint.current_entity_ids)))
    if counts not in ([0, 1], [0, PHASE_COUNT]):
        raise vol.Invalid("Give either power or current, as one entity or one for each of L1, L2, L3.")
    return endpoint


METER = Section(
    {
        "id": Key("meter_id", text, _ID),
        "name": _NAME,
        "circuit": _CIRCUIT_ID,
        "tolerance_s": Key("tolerance_s", number("Give the age in seconds after which it counts as lost.", above=0)),
        "modbus": Key("endpoint", _made(_MODBUS, ModbusEndpoint), write=_written_if(ModbusEndpoint, _MODBUS)),
        "entity": Key("endpoint", _entity_meter, write=_written_if(EntityMeterEndpoint, _ENTITY_METER)),
    }
)

_OCPP = Section(
    {
        "station": Key("station_id", text, "Give the id with which the station connects."),
        "evse": Key("evse_id", integer("Give the number of the connector, 1 for the first.", least=1, most=1000)),
        "password": Key("password", text),
        "id_tags": Key("id_tags", texts),
        "security_profile": Key(
            "security_profile", integer("Give 1 (password), 2 (with TLS) or 3 (certificate).", least=1, most=3)
        ),
        "strict_certificates": Key("strict_certificates", flag, write=_if_false),
        "addresses": Key("addresses", texts),
    }
)

_CURRENT_A = number("Give a current in A of zero or more.", least=0)
_CAPACITY_KWH = number("Give the usable capacity of the battery in kWh.", above=0)

CHARGER = Section(
    {
        "id": Key("charger_id", text, _ID),
        "name": _NAME,
        "circuit": _CIRCUIT_ID,
        "phases": Key("phases", phases, write=lambda wired: [Phase(phase).name for phase in wired]),
        "minimum_a": Key("minimum_a", _CURRENT_A),
        "maximum_a": Key("maximum_a", _CURRENT_A),
        "step_a": Key("step_a", _CURRENT_A),
        "safe_a": Key("safe_a", _CURRENT_A),
        "discharge_maximum_a": Key("discharge_maximum_a", _CURRENT_A),
        "weight": Key("weight", number("Give a share greater than zero.", above=0)),
        "mode": Key("mode", mode, write=str),
        "ocpp": Key(
            "endpoint",
            _made(_OCPP, OcppEndpoint),
            "Say which OCPP station it is, for example {station: CP-1, evse: 1}.",
            write=_written_if(OcppEndpoint, _OCPP),
        ),
    }
)

VEHICLE = Section(
    {
        "id": Key("vehicle_id", text, _ID),
        "name": _NAME,
        "charger": Key("charger_id", text, "Name the charger it is plugged into."),
        "phases": Key("phases", integer("Give how many phases it charges on: 1, 2 or 3.", least=1, most=3)),
        "maximum_a": Key("maximum_a", number("Give the most it draws in A on a phase.", above=0)),
        "battery_kwh": Key(
            "battery_capacity_wh",
            lambda raw: round(_CAPACITY_KWH(raw) * 1000, 3),
            write=lambda wh: None if wh is None else _plain(wh / 1000),
        ),
        "minimum_soc_pct": Key(
            "minimum_soc_pct", number("Give the state of charge in % that discharging must leave.", least=0, most=100)
        ),
        "soc_entity": Key(
            "endpoint",
            lambda raw: EntitySocEndpoint(soc_entity_id=text(raw)),
            write=lambda endpoint: None if endpoint is None else endpoint.soc_entity_id,
        ),
    }
)

_TLS = Section(
    {
        "port": Key("port", integer("Give a port from 1 to 65535, or 0 for any free one.", least=0, most=65535)),
        "names": Key("names", texts, write=lambda names: _plain(names) or None),
        "certificate": Key("certificate", text),
        "key": Key("key", text),
        "trusted": Key("trusted", text),
        "operator": Key("operator", text),
    }
)

LISTENER = Section(
    {
        "host": Key("host", text),
        "port": Key("port", integer("Give a port from 1 to 65535, or 0 for any free one.", least=0, most=65535)),
        "plain": Key("plain", flag, write=_if_false),
        "tls": Key("tls", _made(_TLS, TlsListener), write=_written_if(TlsListener, _TLS)),
    }
)

DOCUMENT = Section(
    {
        "site": Key(
            "site", Section({**HEAD.keys, **ROOT.keys}), "Describe the connection: name and main_fuse_a at least."
        ),
        "circuits": Key("circuits", _each(CIRCUIT)),
        "meters": Key("meters", _each(METER)),
        "chargers": Key("chargers", _each(CHARGER)),
        "vehicles": Key("vehicles", _each(VEHICLE)),
        "ocpp": Key("ocpp", _made(LISTENER, OcppListener)),
        "emulation": Key("emulation", lambda raw: raw),
    }
)
"""The whole file. What it returns is keyed as the file is; the sections' `fields` make the objects."""
