"""`tidewatt inject`: change the emulated world, or break something in it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from tidewatt.emulators import load_emulation
from tidewatt.site.schema import load_site
from tidewatt.site.yaml_text import parse_yaml

from .arguments import Subparsers, read_text
from .failure import CommandFailedError

DEFAULT_URL = "http://127.0.0.1:9180"
_TIMEOUT = aiohttp.ClientTimeout(total=10)


@dataclass(frozen=True, slots=True)
class _Argument:
    """A positional argument, and the field of the command that it fills."""

    field: str
    help: str
    parse: Callable[[str], Any] = str
    count: str | None = None
    choices: Sequence[str] | None = None


def _fault_value(text: str) -> float | bool:
    return text == "on" if text in ("on", "off") else float(text)


_METER = _Argument("meter", "id of the meter")
_STATION = _Argument("station", "id of the station")
_CHARGER = _Argument("charger", "id of the charger")

_INJECTIONS: dict[str, tuple[str, tuple[_Argument, ...]]] = {
    "house-load": (
        "set what the house draws",
        (_Argument("current_a", "current in A, one for all phases or one for each", float, count="+"),),
    ),
    "pv": ("set what the PV feeds in", (_Argument("power_w", "power in W", float),)),
    "meter-silent": ("let a meter stop answering", (_METER,)),
    "meter-resume": ("let a meter answer again", (_METER,)),
    "station-offline": ("cut a station off", (_STATION,)),
    "station-online": ("let a station connect again", (_STATION,)),
    "reboot": ("cut a station's power for a moment", (_STATION,)),
    "fault": (
        "give a station a fault",
        (
            _STATION,
            _Argument("fault", "name of the fault, such as drop or half_open"),
            _Argument("value", "share, seconds, on or off", _fault_value),
        ),
    ),
    "heal": ("take all faults of a station away", (_STATION,)),
    "vehicle-ignores-limit": (
        "let a vehicle draw what it likes",
        (_CHARGER, _Argument("on", "on or off", choices=("on", "off"))),
    ),
    "plug": ("plug the vehicle in", (_CHARGER,)),
    "unplug": ("unplug the vehicle", (_CHARGER,)),
    "rfid": ("hold a card to the reader", (_CHARGER, _Argument("id_tag", "the card's tag"))),
}


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("inject", help="change a running emulation, or break something in it")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--site", metavar="SITE.yaml", type=Path, help="the site file of the emulation")
    where.add_argument("--url", help=f"the emulation's address (default {DEFAULT_URL})")
    injections = parser.add_subparsers(title="what to inject", metavar="WHAT", dest="injection", required=True)
    for name, (text, arguments) in _INJECTIONS.items():
        injection = injections.add_parser(name, help=text)
        for each in arguments:
            injection.add_argument(each.field, help=each.help, type=each.parse, nargs=each.count, choices=each.choices)
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    _, fields = _INJECTIONS[arguments.injection]
    values = {each.field: getattr(arguments, each.field) for each in fields}
    if len(values.get("current_a", ())) == 1:
        values["current_a"] = values["current_a"][0]
    if "on" in values:
        values["on"] = values["on"] == "on"
    command = {"command": arguments.injection.replace("-", "_"), **values}
    print(asyncio.run(_send(_url(arguments), command)))
    return 0


def _url(arguments: argparse.Namespace) -> str:
    if arguments.site is None:
        return arguments.url or DEFAULT_URL
    document = parse_yaml(read_text(arguments.site))
    control = load_emulation(document, load_site(document)).control
    return f"http://{control.host}:{control.port}"


async def _send(url: str, command: dict[str, Any]) -> str:
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(f"{url.rstrip('/')}/commands", json=command) as response,
        ):
            answer = await response.json(content_type=None)
            refused = response.status != HTTPStatus.OK
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        remedy = "Start it with `tidewatt emulate`, or name another with --site or --url."
        raise CommandFailedError(f"No emulation answers at {url} ({error or 'timeout'}). {remedy}") from error
    if refused:
        raise CommandFailedError(answer["error"]["message"])
    done: str = answer["done"]
    return done
