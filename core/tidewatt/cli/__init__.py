"""The command line: `tidewatt run | emulate | inject | replay | simulate | check`.

Exit status 0 is success, 1 a command that was understood and failed, 2 something to correct: an argument or the site
file. Errors are one line on standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
import logging
import sys

from tidewatt import __version__
from tidewatt.site import SiteError

from . import check, emulate, inject, replay, run, simulate
from .failure import CommandFailedError

_COMMANDS = (run, emulate, inject, replay, simulate, check)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status."""
    arguments = _parser().parse_args(argv)
    logging.basicConfig(
        level=logging.INFO if arguments.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        status: int = arguments.execute(arguments)
    except SiteError as error:
        return _failed(str(error), 2)
    except CommandFailedError as error:
        return _failed(str(error), 1)
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error), 1)
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tidewatt", description="Shares a grid connection among charging vehicles.")
    parser.add_argument("--version", action="version", version=f"tidewatt {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what happens, not only what goes wrong")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _failed(message: str, status: int) -> int:
    print(f"tidewatt: {message}", file=sys.stderr)
    return status
