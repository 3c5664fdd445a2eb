"""`tidewatt emulate`: the stations, vehicles and meters of a site file, on the real wire protocols."""

from __future__ import annotations

import argparse

from tidewatt.emulators import EmulationAddresses, run_emulation
from tidewatt.site.yaml_text import parse_yaml

from .arguments import Subparsers, add_site_argument, read_text
from .failure import CommandFailedError
from .serving import serve


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("emulate", help="emulate the hardware of a site file")
    add_site_argument(parser)
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    document = parse_yaml(read_text(arguments.site))
    try:
        serve(run_emulation(document, ready=_announce))
    except OSError as error:
        remedy = f"Stop what uses the address, or change it in {arguments.site}."
        raise CommandFailedError(f"The emulated hardware cannot listen: {error.strerror or error}. {remedy}") from error
    return 0


def _announce(addresses: EmulationAddresses) -> None:
    for meter_id, (host, port) in addresses.meters.items():
        print(f"Meter {meter_id} answers on Modbus TCP at {host}:{port}")
    host, port = addresses.control
    print(
        f"Stations are calling. The world is at http://{host}:{port}/world; change it with `tidewatt inject`",
        flush=True,
    )
