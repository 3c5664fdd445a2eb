"""The section `emulation` of a site file: which emulated hardware stands behind the site's addresses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import voluptuous as vol

from tidewatt.ocpp.session import OcppVersion
from tidewatt.site import MAIN_CIRCUIT_ID, PHASE_COUNT, Charger, OcppEndpoint, PerPhase, Site, SiteError
from tidewatt.site.checks import Check, flag, integer, listed, number, phases, text
from tidewatt.site.schema import site_error
from tidewatt.site.sections import Key, Section

from .meters.sunspec import FLOAT_MODEL, INTEGER_MODEL
from .physics import LoadStep, VehicleSpec
from .station import SecuritySettings
from .vehicle_section import Iso15118Settings, iso15118_settings

_VERSIONS = {"1.6": OcppVersion.V16, "2.0.1": OcppVersion.V201, "2.1": OcppVersion.V21}


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlAddress:
    """Where the emulation listens for commands. Loopback unless told otherwise; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 9180


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSettings:
    """One emulated station.

    `url` and `password` default to the site's; `rfid` is the card that every vehicle here is tapped with. `connectors`
    are outlets that the site does not know, of a station that is to be discovered. With `negative_limit` it lets
    vehicles discharge on limits below zero, as vendors did before OCPP 2.1. `security` is how it connects at first.
    """

    station_id: str
    version: OcppVersion
    reaction_s: float = 0.3
    url: str | None = None
    password: str | None = None
    rfid: str | None = None
    open_to_all: bool = False
    boot_s: float = 3.0
    rated_a: float | None = None
    negative_limit: bool = False
    security: SecuritySettings = field(default_factory=SecuritySettings)
    connectors_per_evse: int = 1
    connectors: tuple[Charger, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleSettings:
    """One emulated vehicle; `plug_in_after_s` None leaves it unplugged until somebody says otherwise.

    `iso15118` is what makes it able to give, and to speak with stations of OCPP 2.1; None for a plain one.
    """

    charger_id: str
    spec: VehicleSpec
    iso15118: Iso15118Settings | None = None
    plug_in_after_s: float | None = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings:
    """How a meter of the site is emulated; `port` None is the one in the site."""

    meter_id: str
    port: int | None = None
    sunspec_model: int = INTEGER_MODEL


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulationSettings:
    """The whole section, checked against the site."""

    control: ControlAddress = field(default_factory=ControlAddress)
    house_load_a: Mapping[str, PerPhase] = field(default_factory=dict)
    house_load_profile: tuple[LoadStep, ...] = ()
    pv_w: float = 0.0
    meters: tuple[MeterSettings, ...] = ()
    stations: tuple[StationSettings, ...] = ()
    vehicles: tuple[VehicleSettings, ...] = ()

    def meter(self, meter_id: str) -> MeterSettings:
        """Return how a meter of the site is emulated; the defaults for one that is not mentioned."""
        named = (each for each in self.meters if each.meter_id == meter_id)
        return next(named, MeterSettings(meter_id=meter_id))


def load_emulation(document: Mapping[str, Any], site: Site) -> EmulationSettings:
    """Return the checked section `emulation` of a site document.

    Raises SiteError naming the field, its value and the remedy.
    """
    try:
        checked = _DOCUMENT(dict(document))
    except vol.Invalid as error:
        raise site_error(error, document) from None
    settings = EmulationSettings(**_EMULATION.fields(checked["emulation"]))
    _check_against(site, settings)
    return settings


def per_phase_current(raw: Any) -> PerPhase:
    """Accept one signed current in A for all phases, or one for each of L1, L2, L3."""
    values = raw if isinstance(raw, list | tuple) else [raw] * PHASE_COUNT
    if len(values) != PHASE_COUNT:
        raise vol.Invalid("Give one current in A for all phases, or one for each of L1, L2, L3.")
    l1, l2, l3 = (_CURRENT(value) for value in values)
    return (l1, l2, l3)


def _check_against(site: Site, settings: EmulationSettings) -> None:
    """Refuse references to what neither the site nor the emulation has."""
    chargers = [*site.chargers, *(extra for station in settings.stations for extra in station.connectors)]
    charger_ids = [charger.charger_id for charger in chargers]
    circuit_ids = [circuit.circuit_id for circuit in site.circuits]
    for charger in chargers:
        _known("emulation.stations.connectors.circuit", charger.circuit_id, circuit_ids)
    for circuit_id in settings.house_load_a:
        _known("emulation.house_load_a", circuit_id, circuit_ids)
    for vehicle in settings.vehicles:
        _known("emulation.vehicles.charger", vehicle.charger_id, charger_ids)
    for meter in settings.meters:
        _known("emulation.meters.meter", meter.meter_id, [each.meter_id for each in site.meters])
    _unique("emulation.vehicles.charger", [vehicle.charger_id for vehicle in settings.vehicles])
    _unique("emulation.stations.station", [station.station_id for station in settings.stations])
    _unique("emulation.stations.connectors.charger", charger_ids)


def _known(field_name: str, value: str, known: list[str]) -> None:
    if value not in known:
        raise SiteError(field_name, value, f"Use one of: {', '.join(known)}.")


def _unique(field_name: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise SiteError(field_name, value, "Use every id once.")


def _house_loads(raw: Any) -> dict[str, PerPhase]:
    if not isinstance(raw, Mapping):
        return {MAIN_CIRCUIT_ID: per_phase_current(raw)}
    return {str(circuit_id): per_phase_current(value) for circuit_id, value in raw.items()}


def _version(raw: Any) -> OcppVersion:
    if str(raw) not in _VERSIONS:
        raise vol.Invalid(f"Use one of: {', '.join(_VERSIONS)}. Put it in quotes.")
    return _VERSIONS[str(raw)]


def _sunspec_model(raw: Any) -> int:
    if raw not in (INTEGER_MODEL, FLOAT_MODEL):
        raise vol.Invalid("Give 203 (integers) or 213 (floats).")
    return int(raw)


def _vehicle(raw: Any) -> VehicleSettings:
    fields = _VEHICLE.fields(_VEHICLE(raw))
    own = {name: fields.pop(name) for name in ("charger_id", "plug_in_after_s", "iso15118") if name in fields}
    if fields.get("minimum_a", 0.0) > fields.get("maximum_a", float("inf")):
        raise vol.Invalid("Give a minimum_a that is not above maximum_a.", path=["minimum_a"])
    return VehicleSettings(spec=VehicleSpec(**fields), **own)


def _station(raw: Any) -> StationSettings:
    fields = _STATION.fields(_STATION(raw))
    connectors = [
        _connector(fields["station_id"], fields.get("password"), item) for item in fields.pop("connectors", ())
    ]
    return StationSettings(connectors=tuple(connectors), **fields)


def _connector(station_id: str, password: str | None, item: Mapping[str, Any]) -> Charger:
    fields = _CONNECTOR.fields(item)
    endpoint = OcppEndpoint(station_id=station_id, evse_id=fields.pop("evse_id", 1), password=password)
    return Charger(name=fields["charger_id"], endpoint=endpoint, **fields)


def _each(checks: list[Check]) -> Check:
    return vol.All(listed, checks, vol.Coerce(tuple))


def _optional_seconds(raw: Any) -> float | None:
    return None if raw is None else _SECONDS(raw)


_SECONDS = number("Give seconds, zero or more.", least=0)
_CURRENT = number("Give currents in A.")
_POSITIVE_A = number("Give a current in A, greater than zero.", above=0)
_RAMP = number("Give A per second, greater than zero.", above=0)
_PORT = integer("Give a port from 1 to 65535, or 0 for any free one.", least=0, most=65535)
_CHARGER = "Name the charger by its id in the site."

_CONTROL = Section({"host": Key("host", text), "port": Key("port", _PORT)})

_LOAD_STEP = Section(
    {
        "after_s": Key(
            "after_s", number("Give the seconds since the step before, greater than zero.", above=0), "Say when."
        ),
        "current_a": Key("current_a", per_phase_current, "Give the load in A from then on."),
    }
)

_METER = Section(
    {
        "meter": Key("meter_id", text, "Name the meter by its id in the site."),
        "port": Key("port", _PORT),
        "sunspec_model": Key("sunspec_model", _sunspec_model),
    }
)

_CONNECTOR = Section(
    {
        "evse": Key("evse_id", integer("Give the number of the connector, 1 for the first.", least=1, most=1000)),
        "charger": Key("charger_id", text, "Give the outlet an id, so that a vehicle can be put there."),
        "circuit": Key("circuit_id", text, "Name the circuit it is on, main for the main fuse."),
        "phases": Key("phases", phases),
        "maximum_a": Key("maximum_a", _POSITIVE_A),
    }
)

_SECURITY = Section(
    {
        "profile": Key("profile", integer("Give the security profile, 0 to 3.", least=0, most=3)),
        "tls_url": Key("tls_url", text),
        "ca": Key("ca", text),
        "certificate": Key("certificate", text),
        "key": Key("key", text),
        "operator": Key("operator", text),
    }
)

_STATION = Section(
    {
        "station": Key("station_id", text, "Give the id with which the station connects."),
        "version": Key("version", _version, "Give the OCPP version: '1.6', '2.0.1' or '2.1'."),
        "reaction_s": Key("reaction_s", _SECONDS),
        "url": Key("url", text),
        "password": Key("password", text),
        "rfid": Key("rfid", text),
        "open_to_all": Key("open_to_all", flag),
        "boot_s": Key("boot_s", _SECONDS),
        "rated_a": Key("rated_a", _POSITIVE_A),
        "negative_limit": Key("negative_limit", flag),
        "connectors_per_evse": Key("connectors_per_evse", integer("Give 1 to 10.", least=1, most=10)),
        "security": Key("security", lambda raw: SecuritySettings(**_SECURITY.fields(_SECURITY(raw)))),
        "connectors": Key("connectors", _each([_CONNECTOR])),
    }
)

_VEHICLE = Section(
    {
        "charger": Key("charger_id", text, _CHARGER),
        "battery_kwh": Key(
            "battery_wh",
            vol.All(number("Give the usable capacity of the battery in kWh.", above=0), lambda kwh: kwh * 1000),
            "Give the usable capacity of the battery in kWh.",
        ),
        "soc_pct": Key("soc_pct", number("Give 0 to 100 %.", least=0, most=100), "Give its state of charge in %."),
        "phases": Key("phases", integer("Give 1, 2 or 3.", least=1, most=3)),
        "minimum_a": Key("minimum_a", _POSITIVE_A),
        "maximum_a": Key("maximum_a", _POSITIVE_A),
        "efficiency": Key("efficiency", number("Give a share above 0, at most 1.", above=0, most=1)),
        "taper_from_pct": Key("taper_from_pct", number("Give 0 to 100 %.", least=0, most=100)),
        "reaction_s": Key("reaction_s", _SECONDS),
        "rise_a_per_s": Key("rise_a_per_s", _RAMP),
        "fall_a_per_s": Key("fall_a_per_s", _RAMP),
        "plug_in_after_s": Key("plug_in_after_s", _optional_seconds),
        "iso15118": Key("iso15118", iso15118_settings),
    }
)

_EMULATION = Section(
    {
        "control": Key("control", lambda raw: ControlAddress(**_CONTROL.fields(_CONTROL(raw)))),
        "house_load_a": Key("house_load_a", _house_loads),
        "house_load_profile": Key(
            "house_load_profile",
            vol.All(listed, [lambda raw: LoadStep(**_LOAD_STEP.fields(_LOAD_STEP(raw)))]),
        ),
        "pv_w": Key("pv_w", number("Give the power of the PV in W, zero or more.", least=0)),
        "meters": Key("meters", _each([lambda raw: MeterSettings(**_METER.fields(_METER(raw)))])),
        "stations": Key("stations", _each([_station])),
        "vehicles": Key("vehicles", _each([_vehicle])),
    }
)

_DOCUMENT = vol.Schema(
    {vol.Required("emulation", msg="Describe the emulated hardware under 'emulation'."): _EMULATION},
    extra=vol.ALLOW_EXTRA,
)
