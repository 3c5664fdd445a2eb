"""What can be done to vehicles that can give, to the grid they feed and to those who steer them from outside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import voluptuous as vol

from tidewatt.site import SiteError
from tidewatt.site.checks import Check, flag, number, text
from tidewatt.site.sections import Key, Section

from .emulation import Emulation
from .iso15118 import VehicleSession
from .physics import BidirectionalVehicle, TwoWayPoint
from .station import Outlet, Station, StationV2
from .station.v2x import V2x

type Fields = dict[str, Any]
type Action = Callable[[Emulation, Fields], Awaitable[str]]

_SHUTDOWNS = {"grid_sync_lost": "ERR_GRID_SYNC_LOST", "phase_mismatch": "E_INVERTER_PHASE_MISMATCH"}
_FAULTS = ("bms_timeout", "contactor", "isolation", *_SHUTDOWNS)
_ACTIONS = ("pause", "wake", "leave")


async def _fault(emulation: Emulation, fields: Fields) -> str:
    """Break something at a cable, or mend it."""
    session, point, fault, on = _session(emulation, fields), _point(emulation, fields), fields["fault"], fields["on"]
    if fault == "bms_timeout":
        point.battery_vehicle.bms_answers = not on
        if not on:
            session.wake(emulation.time.now_s)
    elif fault in _SHUTDOWNS:
        session.secc.faults.shutdown = _SHUTDOWNS[fault] if on else None
    else:
        setattr(session.secc.faults, fault, on)
    return f"The cable at {fields['charger']} {'has' if on else 'no longer has'} the fault {fault}."


async def _session_action(emulation: Emulation, fields: Fields) -> str:
    session = _session(emulation, fields)
    match fields["action"]:
        case "pause":
            session.pause()
        case "leave":
            session.leave()
        case _:
            session.wake(emulation.time.now_s)
    return f"The vehicle at {fields['charger']} is to {fields['action']}."


async def _soc(emulation: Emulation, fields: Fields) -> str:
    vehicle = _battery(emulation, fields)
    vehicle.stored_wh = vehicle.spec.battery_wh * fields["soc_pct"] / 100
    return f"The vehicle at {fields['charger']} is charged to {fields['soc_pct']:g} %."


async def _temperature(emulation: Emulation, fields: Fields) -> str:
    _battery(emulation, fields).temperature_c = fields["temperature_c"]
    return f"The battery at {fields['charger']} has {fields['temperature_c']:g} degrees Celsius."


async def _frequency(emulation: Emulation, fields: Fields) -> str:
    emulation.world.frequency_hz = fields["frequency_hz"]
    return f"The grid has {fields['frequency_hz']:g} Hz from now on."


async def _priority(emulation: Emulation, fields: Fields) -> str:
    v2x, outlet = _v2x(emulation, fields)
    v2x.prioritise(outlet, active=fields["on"])
    return f"Priority charging at {fields['charger']} is {'on' if fields['on'] else 'off'}."


async def _alarm(emulation: Emulation, fields: Fields) -> str:
    v2x, _ = _v2x(emulation, fields)
    v2x.der.alarm(fields["control_type"], fields.get("grid_event"), ended=fields.get("ended", False))
    return f"The station of {fields['charger']} reports an alarm of {fields['control_type']}."


async def _external(emulation: Emulation, fields: Fields) -> str:
    v2x, outlet = _v2x(emulation, fields)
    powers = {name: fields[name] for name in ("limit_w", "discharge_limit_w", "setpoint_w") if name in fields}
    reason = v2x.steer_from_outside(outlet, **powers)
    if reason is not None:
        raise SiteError("command", "external_control", f"The station refuses it: {reason}.")
    return f"{fields['charger']} is steered from outside with {powers or 'nothing'}."


def _point(emulation: Emulation, fields: Fields) -> TwoWayPoint:
    charger_id = fields["charger"]
    point = emulation.world.points.get(charger_id)
    if not isinstance(point, TwoWayPoint):
        able = [each for each, known in emulation.world.points.items() if isinstance(known, TwoWayPoint)]
        raise SiteError("charger", charger_id, f"Use one whose vehicle can give: {', '.join(able) or 'there is none'}.")
    return point


def _battery(emulation: Emulation, fields: Fields) -> BidirectionalVehicle:
    return _point(emulation, fields).battery_vehicle


def _session(emulation: Emulation, fields: Fields) -> VehicleSession:
    link = _point(emulation, fields).link
    if not isinstance(link, VehicleSession):
        raise SiteError("charger", fields["charger"], "Use one whose station and vehicle speak ISO 15118-20.")
    return link


def _v2x(emulation: Emulation, fields: Fields) -> tuple[V2x, Outlet]:
    found: tuple[Station, Outlet] | None = emulation.outlet_of(fields["charger"])
    if found is None or not isinstance(found[0], StationV2) or not found[0].v2x.negotiations:
        raise SiteError("charger", fields["charger"], "Use one whose station and vehicle speak ISO 15118-20.")
    return found[0].v2x, found[1]


def _one_of(words: tuple[str, ...]) -> Check:
    return vol.In(words, msg=f"Use one of: {', '.join(words)}.")


def _needed(**checks: Check) -> dict[str, Key]:
    return {name: Key(name, check, f"Give {name} as well.") for name, check in checks.items()}


_MAGNITUDE = number("Give a power in W, zero or more.", least=0)

VEHICLE_COMMANDS: Mapping[str, tuple[Section, Action]] = {
    "vehicle_fault": (Section(_needed(charger=text, fault=_one_of(_FAULTS), on=flag)), _fault),
    "vehicle_session": (Section(_needed(charger=text, action=_one_of(_ACTIONS))), _session_action),
    "vehicle_soc": (
        Section(_needed(charger=text, soc_pct=number("Give 0 to 100 %.", least=0, most=100))),
        _soc,
    ),
    "vehicle_temperature": (
        Section(_needed(charger=text, temperature_c=number("Give degrees Celsius, -40 to 80.", least=-40, most=80))),
        _temperature,
    ),
    "grid_frequency": (
        Section(_needed(frequency_hz=number("Give Hz, 40 to 70.", least=40, most=70))),
        _frequency,
    ),
    "priority_charging": (Section(_needed(charger=text, on=flag)), _priority),
    "der_alarm": (
        Section(
            _needed(charger=text, control_type=text)
            | {"grid_event": Key("grid_event", text), "ended": Key("ended", flag)}
        ),
        _alarm,
    ),
    "external_control": (
        Section(
            _needed(charger=text)
            | {
                "limit_w": Key("limit_w", _MAGNITUDE),
                "discharge_limit_w": Key("discharge_limit_w", _MAGNITUDE),
                "setpoint_w": Key("setpoint_w", number("Give a power in W, negative to discharge.")),
            }
        ),
        _external,
    ),
}
