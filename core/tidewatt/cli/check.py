"""`tidewatt check`: is a site file right, and what does it say?"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tidewatt.site import (
    Charger,
    Circuit,
    EntityMeterEndpoint,
    Meter,
    ModbusEndpoint,
    OcppListener,
    PerPhase,
    Site,
    Vehicle,
)
from tidewatt.site.security import server_names

from .arguments import Subparsers, add_site_argument, read_site


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="check a site file and show its tree")
    add_site_argument(parser)
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    site = read_site(arguments.site)
    print("\n".join(_describe(site)))
    return 0


def _describe(site: Site) -> Iterator[str]:
    yield f"{site.name}: {site.phases} phase{'s' if site.phases > 1 else ''} of {site.voltage_v:g} V"
    yield from _describe_circuit(site, site.circuits[0], "")
    yield from _describe_listener(site.ocpp)


def _describe_listener(listener: OcppListener) -> Iterator[str]:
    if listener.plain:
        yield f"stations connect to ws://{listener.host}:{listener.port}"
    if listener.tls is not None:
        yield f"stations connect to wss://{server_names(listener, listener.tls)[0]}:{listener.tls.port}"


def _describe_circuit(site: Site, circuit: Circuit, indent: str) -> Iterator[str]:
    power = "" if circuit.total_import_limit_w is None else f", at most {circuit.total_import_limit_w:g} W"
    exported = f", export {_amperes(circuit.export_limit_a, site.phases)}" if any(circuit.export_limit_a) else ""
    limit = _amperes(circuit.import_limit_a, site.phases)
    yield f"{indent}{circuit.circuit_id} ({circuit.name}): {limit}{exported}{power}"
    inner = f"{indent}  "
    if meter := site.meter_of(circuit.circuit_id):
        yield f"{inner}meter {_describe_meter(meter)}"
    for charger in site.chargers:
        if charger.circuit_id == circuit.circuit_id:
            yield f"{inner}charger {_describe_charger(charger, site.vehicle_at(charger.charger_id))}"
    for child in site.circuits:
        if child.parent_id == circuit.circuit_id:
            yield from _describe_circuit(site, child, inner)


def _describe_meter(meter: Meter) -> str:
    match meter.endpoint:
        case ModbusEndpoint() as modbus:
            where = f"{modbus.map} at {modbus.host}:{modbus.port} unit {modbus.unit_id} every {modbus.interval_s:g} s"
        case EntityMeterEndpoint() as entities:
            where = ", ".join((*entities.power_entity_ids, *entities.current_entity_ids))
    return f"{meter.meter_id} ({meter.name}): {where}, lost after {meter.tolerance_s:g} s"


def _describe_charger(charger: Charger, vehicle: Vehicle | None) -> str:
    phases = ", ".join(phase.name for phase in charger.phases)
    station = f"{charger.endpoint.station_id} connector {charger.endpoint.evse_id}"
    gives = f", gives back up to {charger.discharge_maximum_a:g} A" if charger.discharge_maximum_a > 0 else ""
    guest = "" if vehicle is None else f", for {vehicle.name}"
    return (
        f"{charger.charger_id} ({charger.name}): {station}, {phases}, "
        f"{charger.minimum_a:g} to {charger.maximum_a:g} A, safe {charger.safe_a:g} A{gives}, "
        f"weight {charger.weight:g}, {charger.mode}{guest}"
    )


def _amperes(limit_a: PerPhase, phases: int) -> str:
    shown = limit_a[:phases]
    if len(set(shown)) == 1:
        return f"{shown[0]:g} A"
    return f"{' / '.join(f'{each:g}' for each in shown)} A"
