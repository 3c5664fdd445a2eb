"""Typing to a running emulation: the words of `tidewatt inject`, and `show` for what there is to see."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import AsyncIterator
import json
import shlex
import sys
from typing import NoReturn

from tidewatt.emulators import Emulation, carry_out, value_at, world_view
from tidewatt.site import SiteError

from .injections import add_injections, injected

HELP = "Type plug, unplug, rfid, fault, heal, reboot ... as after `tidewatt inject`; show [PATH]; quit."


class _NotUnderstoodError(Exception):
    """What was typed is no command; the message says why."""


class _Parser(argparse.ArgumentParser):
    """A parser that explains instead of leaving."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong."""
        raise _NotUnderstoodError(message)


async def converse(emulation: Emulation) -> None:
    """Do what is typed on standard input until it ends or says quit."""
    print(HELP, flush=True)
    parser = _Parser(prog="", add_help=False)
    add_injections(parser)
    async for line in _lines():
        words = shlex.split(line, comments=True)
        if words == ["quit"]:
            return
        if words:
            print(await _answer(emulation, parser, words), flush=True)


async def _answer(emulation: Emulation, parser: _Parser, words: list[str]) -> str:
    if words[0] == "show":
        return json.dumps(value_at(world_view(emulation), words[1] if len(words) > 1 else ""), indent=2)
    try:
        return await carry_out(emulation, injected(parser.parse_args(words)))
    except (_NotUnderstoodError, SiteError) as error:
        return f"{error} {HELP}" if isinstance(error, _NotUnderstoodError) else str(error)


async def _lines() -> AsyncIterator[str]:
    """Yield what is typed, line by line."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        while line := await reader.readline():
            yield line.decode(errors="replace")
    finally:
        transport.close()
