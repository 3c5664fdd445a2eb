"""`tidewatt run`: a site without Home Assistant."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
import os
from pathlib import Path

from tidewatt.control import TraceWriter
from tidewatt.drivers.modbus import TcpUnits
from tidewatt.drivers.ocpp import DiscoveredStation
from tidewatt.ledger import JsonFileStore
from tidewatt.runtime import SiteRuntime
from tidewatt.site import Mode, Site, SiteError

from .arguments import Subparsers, add_site_argument, read_site
from .securing import ACTIONS, Wanted, keep_root, secure, wanted
from .serving import serve
from .status import status_line


def add_parser(commands: Subparsers) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="run a site until Ctrl-C")
    add_site_argument(parser)
    parser.add_argument("--state", metavar="DIR", type=Path, help="where wishes and sessions are kept over restarts")
    parser.add_argument("--trace", metavar="FILE", type=Path, help="record every cycle for `tidewatt replay`")
    parser.add_argument(
        "--status-every", metavar="S", type=_seconds, default=5.0, help="seconds between status lines (default 5)"
    )
    parser.add_argument(
        "--mode",
        metavar="CHARGER=MODE",
        type=_mode,
        action="append",
        default=[],
        help=f"set a charger's mode: {', '.join(Mode)}; may be repeated",
    )
    parser.add_argument(
        "--secure",
        metavar="CHARGER=ACTION",
        type=wanted,
        action="append",
        default=[],
        help=f"do this to a charger's station once it is connected: {', '.join(ACTIONS)}; may be repeated",
    )
    parser.set_defaults(execute=_execute)


def _execute(arguments: argparse.Namespace) -> int:
    site = read_site(arguments.site)
    _check_chargers(site, "--mode", arguments.mode)
    _check_chargers(site, "--secure", arguments.secure)
    if arguments.trace is not None:
        # What cannot be written is better known now than when it is wanted.
        arguments.trace.touch()
    state = arguments.state or _default_state(arguments.site)
    serve(_run(site, state, arguments.trace, arguments.status_every, arguments.mode, actions=arguments.secure))
    return 0


async def _run(
    site: Site,
    state: Path,
    trace_path: Path | None,
    status_every_s: float,
    modes: Sequence[tuple[str, Mode]],
    *,
    actions: Sequence[Wanted],
) -> None:
    async with AsyncExitStack() as stack:
        units = TcpUnits()
        stack.push_async_callback(units.close)
        runtime = SiteRuntime(
            site,
            store=JsonFileStore(state),
            open_unit=units.open,
            trace=_open_trace(trace_path, stack),
            on_discovered=_tell_discovered,
        )
        await runtime.start()
        stack.push_async_callback(runtime.stop)
        for charger_id, mode in modes:
            runtime.set_wish(charger_id, replace(runtime.wish(charger_id), mode=mode))
        print(f"Running {site.name}: stations connect to {_addresses(runtime)}", flush=True)
        if site.ocpp.tls is not None and (root := await keep_root(runtime, state)) is not None:
            print(f"Stations know this central system by the root certificate {root}", flush=True)
        securing = asyncio.create_task(secure(runtime, actions))
        stack.callback(securing.cancel)
        while True:
            await asyncio.sleep(status_every_s)
            if runtime.cycle is not None:
                print(status_line(*runtime.cycle), flush=True)


def _open_trace(path: Path | None, stack: AsyncExitStack) -> TraceWriter | None:
    if path is None:
        return None
    trace = TraceWriter(path)
    stack.push_async_callback(asyncio.to_thread, trace.close)
    return trace


def _addresses(runtime: SiteRuntime) -> str:
    listener = runtime.site.ocpp
    plain = [f"ws://{listener.host}:{runtime.ocpp_port}"] if listener.plain else []
    encrypted = [runtime.ocpp.security.url(encrypted=True)] if listener.tls is not None else []
    return " or ".join([*plain, *encrypted])


def _tell_discovered(station: DiscoveredStation) -> None:
    print(f"Station {station.station_id} called from {station.remote} and is not in the site file", flush=True)


def _default_state(site_file: Path) -> Path:
    # https://specifications.freedesktop.org/basedir-spec/latest/
    base = os.environ.get("XDG_STATE_HOME")
    folder = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state"
    return folder / "tidewatt" / site_file.stem


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is not usable. Give seconds from 0.1 to 86400.")
    return seconds


def _mode(text: str) -> tuple[str, Mode]:
    charger_id, _, name = text.partition("=")
    if not charger_id or name not in list(Mode):
        raise argparse.ArgumentTypeError(f"{text!r} is not usable. Give CHARGER=MODE with one of: {', '.join(Mode)}.")
    return charger_id, Mode(name)


def _check_chargers(site: Site, option: str, wishes: Sequence[tuple[str, object]]) -> None:
    known = [charger.charger_id for charger in site.chargers]
    for charger_id, _ in wishes:
        if charger_id not in known:
            raise SiteError(option, charger_id, f"Use one of: {', '.join(known)}.")
