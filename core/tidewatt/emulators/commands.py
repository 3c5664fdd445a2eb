"""What can be done to an emulated site while it runs: loads, cables, cards and faults."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
import logging
from typing import Any

import voluptuous as vol

from tidewatt.site import MAIN_CIRCUIT_ID, SiteError
from tidewatt.site.checks import Check, flag, integer, number, text
from tidewatt.site.schema import site_error
from tidewatt.site.sections import Key, Section

from .emulation import Emulation
from .physics import ChargingPoint, Vehicle
from .schema import per_phase_current
from .station import EndCause, FaultKind, Outlet, Station
from .vehicle_commands import VEHICLE_COMMANDS

_LOGGER = logging.getLogger(__name__)

type Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """A command's fields, and what carries it out and says what was done."""

    section: Section
    action: Callable[[Emulation, Fields], Awaitable[str]]


async def carry_out(emulation: Emulation, document: Any) -> str:
    """Carry out `{"command": NAME, FIELD: VALUE, ...}` and return a sentence about it.

    Raises SiteError naming the field, its value and the remedy for anything unknown or out of range.
    """
    if not isinstance(document, Mapping):
        raise SiteError("body", document, 'Send an object such as {"command": "house_load", "current_a": 5}.')
    name = document.get("command")
    command = _COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise SiteError("command", name, f"Use one of: {', '.join(sorted(_COMMANDS))}.")
    given = {key: value for key, value in document.items() if key != "command"}
    try:
        fields = command.section.fields(command.section(given))
    except vol.Invalid as error:
        raise site_error(error, given) from None
    done = await command.action(emulation, fields)
    _LOGGER.info("Commanded: %s", done)
    return done


async def _house_load(emulation: Emulation, fields: Fields) -> str:
    circuit_id = fields.get("circuit", MAIN_CIRCUIT_ID)
    _known("circuit", circuit_id, [circuit.circuit_id for circuit in emulation.site.circuits])
    emulation.world.house.set_load(circuit_id, fields["current_a"])
    return f"The house load at {circuit_id} is {fields['current_a']} A from now on."


async def _pv(emulation: Emulation, fields: Fields) -> str:
    emulation.world.house.pv_w = fields["power_w"]
    return f"The PV feeds in {fields['power_w']:g} W from now on."


def _meter_silence(silent: bool) -> Callable[[Emulation, Fields], Awaitable[str]]:
    async def action(emulation: Emulation, fields: Fields) -> str:
        meter_id = fields["meter"]
        _known("meter", meter_id, list(emulation.meters))
        emulation.meters[meter_id].silent = silent
        return f"Meter {meter_id} {'no longer answers' if silent else 'answers again'}."

    return action


async def _station_offline(emulation: Emulation, fields: Fields) -> str:
    station = _station(emulation, fields)
    await station.link.block("fault")
    return f"Station {station.station_id} is offline; its outlets go on by themselves."


async def _station_online(emulation: Emulation, fields: Fields) -> str:
    station = _station(emulation, fields)
    station.link.unblock("fault")
    return f"Station {station.station_id} connects again."


async def _reboot(emulation: Emulation, fields: Fields) -> str:
    station = _station(emulation, fields)
    station.reboot(EndCause.POWER_LOSS)
    return f"Station {station.station_id} lost power and boots."


async def _fault(emulation: Emulation, fields: Fields) -> str:
    station = _station(emulation, fields)
    _known("fault", fields["fault"], [kind.value for kind in FaultKind])
    kind = FaultKind(fields["fault"])
    try:
        station.faults.set(kind, fields["value"])
    except ValueError as error:
        raise SiteError("value", fields["value"], str(error)) from None
    return f"Station {station.station_id} has {kind} at {fields['value']} from now on."


async def _heal(emulation: Emulation, fields: Fields) -> str:
    station = _station(emulation, fields)
    station.faults.heal()
    return f"Station {station.station_id} has no fault any more."


async def _ignores_limit(emulation: Emulation, fields: Fields) -> str:
    vehicle = _vehicle(emulation, fields)
    vehicle.ignores_limit = fields["on"]
    return f"The vehicle at {fields['charger']} {'ignores' if fields['on'] else 'obeys'} the limit from now on."


async def _plug(emulation: Emulation, fields: Fields) -> str:
    _vehicle(emulation, fields)
    if "connector" in fields:
        _, outlet = _outlet(emulation, fields)
        _known("connector", str(fields["connector"]), [str(each) for each in outlet.connector_ids])
        outlet.connector_id = fields["connector"]
    _point(emulation, fields).plug()
    return f"The vehicle at {fields['charger']} is plugged in."


async def _unplug(emulation: Emulation, fields: Fields) -> str:
    _point(emulation, fields).unplug()
    return f"The vehicle at {fields['charger']} is unplugged."


async def _rfid(emulation: Emulation, fields: Fields) -> str:
    station, outlet = _outlet(emulation, fields)
    station.tap(outlet, fields["id_tag"])
    return f"Card {fields['id_tag']} was held to the reader at {fields['charger']}."


def _station(emulation: Emulation, fields: Fields) -> Station:
    _known("station", fields["station"], list(emulation.stations))
    return emulation.stations[fields["station"]]


def _point(emulation: Emulation, fields: Fields) -> ChargingPoint:
    _known("charger", fields["charger"], list(emulation.world.points))
    return emulation.world.points[fields["charger"]]


def _vehicle(emulation: Emulation, fields: Fields) -> Vehicle:
    vehicle = _point(emulation, fields).vehicle
    if vehicle is None:
        raise SiteError("charger", fields["charger"], "Put a vehicle there first, under emulation.vehicles.")
    return vehicle


def _outlet(emulation: Emulation, fields: Fields) -> tuple[Station, Outlet]:
    _point(emulation, fields)
    found = emulation.outlet_of(fields["charger"])
    if found is None:
        raise SiteError("charger", fields["charger"], "Emulate its station first, under emulation.stations.")
    return found


def _known(field_name: str, value: str, known: list[str]) -> None:
    if value not in known:
        raise SiteError(field_name, value, f"Use one of: {', '.join(known)}.")


def _number_or_flag(raw: Any) -> float | bool:
    return raw if isinstance(raw, bool) else float(_NUMBER(raw))


def _fields(**checks: Check) -> Section:
    """Return a section of keys that must be there and fill fields of their own names."""
    return Section({name: Key(name, check, f"Give {name} as well.") for name, check in checks.items()})


_NUMBER = number("Give a number, or true or false.")
_STATION = _fields(station=text)
_CHARGER = _fields(charger=text)
_METER = _fields(meter=text)

_COMMANDS: Mapping[str, Command] = {
    **{name: Command(section, action) for name, (section, action) in VEHICLE_COMMANDS.items()},
    "house_load": Command(
        Section(
            {
                "current_a": Key("current_a", per_phase_current, "Give one current in A, or one for each phase."),
                "circuit": Key("circuit", text),
            }
        ),
        _house_load,
    ),
    "pv": Command(_fields(power_w=number("Give the power of the PV in W, zero or more.", least=0)), _pv),
    "meter_silent": Command(_METER, _meter_silence(True)),
    "meter_resume": Command(_METER, _meter_silence(False)),
    "station_offline": Command(_STATION, _station_offline),
    "station_online": Command(_STATION, _station_online),
    "reboot": Command(_STATION, _reboot),
    "fault": Command(_fields(station=text, fault=text, value=_number_or_flag), _fault),
    "heal": Command(_STATION, _heal),
    "vehicle_ignores_limit": Command(_fields(charger=text, on=flag), _ignores_limit),
    "plug": Command(
        Section(
            {
                "charger": Key("charger", text, "Give charger as well."),
                "connector": Key("connector", integer("Give the number of a connector.", least=1, most=10)),
            }
        ),
        _plug,
    ),
    "unplug": Command(_CHARGER, _unplug),
    "rfid": Command(_fields(charger=text, id_tag=text), _rfid),
}
