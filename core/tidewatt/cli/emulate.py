"""`tidewatt emulate`: the hardware of a site file, or one station for any central system."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from tidewatt.emulators import (
    Emulation,
    EmulationAddresses,
    ScenarioFailedError,
    SingleStation,
    Step,
    load_scenario,
    play,
    run_emulation,
)
from tidewatt.site import SiteError
from tidewatt.site.yaml_text import parse_yaml

from .arguments import Subparsers, add_site_argument, read_text
from .console import converse
from .failure import CommandFailedError
from .serving import serve

type Attend = Callable[[Emulation], Coroutine[Any, Any, None]]


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("emulate", help="emulate the hardware of a site, or a single charging station")
    kinds = parser.add_subparsers(title="what to emulate", metavar="WHAT", required=True)
    site = kinds.add_parser("site", help="the stations, vehicles and meters of a site file")
    add_site_argument(site)
    _add_ways_to_attend(site)
    site.set_defaults(execute=_emulate_site)
    station = kinds.add_parser("station", help="one station with its vehicles, calling any OCPP central system")
    _add_station_arguments(station)
    _add_ways_to_attend(station)
    station.set_defaults(execute=_emulate_station)


def _add_ways_to_attend(parser: argparse.ArgumentParser) -> None:
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--scenario", metavar="FILE.yaml", type=Path, help="do what it says, then end")
    ways.add_argument("--interactive", action="store_true", help="take commands from standard input")


def _add_station_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", help="the central system, such as ws://127.0.0.1:9000")
    parser.add_argument("--id", default="TIDEWATT-1", help="the station's id (default %(default)s)")
    parser.add_argument("--ocpp", default="2.1", help="OCPP version: 1.6, 2.0.1 or 2.1 (default %(default)s)")
    parser.add_argument("--evses", type=int, default=1, metavar="N", help="number of EVSEs, called evse1, evse2 ...")
    parser.add_argument("--maximum-a", type=float, default=16.0, metavar="A", help="current per phase (default 16)")
    parser.add_argument("--password", metavar="FILE", type=Path, help="a file that holds the password, and only that")
    parser.add_argument("--battery-kwh", type=float, default=60.0, metavar="KWH", help="of each vehicle (default 60)")
    parser.add_argument("--soc-pct", type=float, default=50.0, metavar="PCT", help="of each vehicle (default 50)")
    parser.add_argument(
        "--control-port", type=int, default=0, metavar="PORT", help="for tidewatt inject (default: any)"
    )
    parser.add_argument(
        "--options", metavar="FILE.yaml", type=Path, help="more keys of emulation.stations and emulation.vehicles"
    )


def _emulate_site(arguments: argparse.Namespace) -> int:
    document = parse_yaml(read_text(arguments.site))
    return _run(document, arguments, f"change it in {arguments.site}")


def _emulate_station(arguments: argparse.Namespace) -> int:
    options = _options(arguments.options)
    station = SingleStation(
        url=arguments.url,
        station_id=arguments.id,
        version=arguments.ocpp,
        evses=arguments.evses,
        maximum_a=arguments.maximum_a,
        password=None if arguments.password is None else read_text(arguments.password).strip(),
        options=options.get("station", {}),
        vehicle={
            "battery_kwh": arguments.battery_kwh,
            "soc_pct": arguments.soc_pct,
            **options.get("vehicle", {}),
        },
        control_port=arguments.control_port,
    )
    return _run(station.document(), arguments, "give another --control-port")


def _options(path: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """Return the sections `station` and `vehicle` of an options file."""
    options = {} if path is None else parse_yaml(read_text(path))
    for name, section in options.items():
        if name not in ("station", "vehicle") or not isinstance(section, Mapping):
            raise SiteError(f"{path}: {name}", section, "Give the sections station and vehicle, each with its keys.")
    return options


def _run(document: Mapping[str, Any], arguments: argparse.Namespace, remedy: str) -> int:
    try:
        serve(run_emulation(document, ready=_announce, attend=_attend(arguments)))
    except ScenarioFailedError as error:
        raise CommandFailedError(f"The scenario failed at {error}") from error
    except OSError as error:
        cause = error.strerror or error
        raise CommandFailedError(
            f"The emulated hardware cannot listen: {cause}. Stop what uses the address, or {remedy}."
        ) from error
    return 0


def _attend(arguments: argparse.Namespace) -> Attend | None:
    """Return what happens beside the emulation, and ends it."""
    if arguments.interactive:
        return converse
    if arguments.scenario is None:
        return None
    return _player(load_scenario(parse_yaml(read_text(arguments.scenario))))


def _player(steps: tuple[Step, ...]) -> Attend:
    async def attend(emulation: Emulation) -> None:
        await play(emulation, steps, lambda line: print(line, flush=True))

    return attend


def _announce(addresses: EmulationAddresses) -> None:
    for meter_id, (host, port) in addresses.meters.items():
        print(f"Meter {meter_id} answers on Modbus TCP at {host}:{port}")
    host, port = addresses.control
    print(
        f"Stations are calling. The world is at http://{host}:{port}/world; change it with `tidewatt inject`",
        flush=True,
    )
