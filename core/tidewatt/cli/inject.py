"""`tidewatt inject`: change the emulated world, or break something in it."""

from __future__ import annotations

import argparse
import asyncio
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from tidewatt.emulators import load_emulation
from tidewatt.site.schema import load_site
from tidewatt.site.yaml_text import parse_yaml

from .arguments import Subparsers, read_text
from .failure import CommandFailedError
from .injections import add_injections, injected

DEFAULT_URL = "http://127.0.0.1:9180"
_TIMEOUT = aiohttp.ClientTimeout(total=10)


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("inject", help="change a running emulation, or break something in it")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--site", metavar="SITE.yaml", type=Path, help="the site file of the emulation")
    where.add_argument("--url", help=f"the emulation's address (default {DEFAULT_URL})")
    add_injections(parser)
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    print(asyncio.run(_send(_url(arguments), injected(arguments))))
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
